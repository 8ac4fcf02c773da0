using Farthing.Payments.Desk;
using Farthing.Payments.Offers;
using Farthing.Payments.Schedules;
using Farthing.Payments.Settings;

namespace Farthing.Payments.Subscriptions;

/// <summary>What is done when a subscription's period is over: it is renewed, paused or ended, and both parties are told.</summary>
/// <remarks>Thread-safe. A renewal has an id of the instant it is due or tried again at, so that it is paid once.</remarks>
internal sealed class SubscriptionRenewals(ISettingsStore settings, PaymentMaker maker, OfferDirectory offers, SubscriptionChanges changes, TimeProvider time) : IDue
{
    // Nothing was decided, or the period is paid by a key that asked for something else, which must never lead to a second payment.
    private static readonly RefusalCode[] Undecided = [RefusalCodes.NotReady, RefusalCodes.IdempotencyConflict];

    public async ValueTask<DueResult> RunAsync(UInt128 subject, long dueUnixMilliseconds)
    {
        // What was asked for before goes first.
        if (!await changes.TryFinishAllAsync(subject)) return DueResult.Undecided(RefusalCodes.NotReady);
        if (await settings.FindAsync<SubscriptionRow>(subject) is not { State: RowState.Active } row) return DueResult.Done();
        return row.Status switch
        {
            SubscriptionStatus.Active or SubscriptionStatus.PastDue => await RenewAsync(row, dueUnixMilliseconds),
            SubscriptionStatus.Pausing => DueResult.Done(row with { Status = SubscriptionStatus.Paused, Version = row.Version + 1 }),
            SubscriptionStatus.Cancelled => End(row, dueUnixMilliseconds, null),
            _ => DueResult.Done(),
        };
    }

    private async ValueTask<DueResult> RenewAsync(SubscriptionRow row, long dueAt)
    {
        var offer = row.NextOffer == UInt128.Zero ? row.Offer : row.NextOffer;
        var pricing = await PricingOfAsync(offers, offer);
        var triedAt = row.Retries == 0 ? dueAt : SubscriptionPeriods.RetryAt(dueAt, row.Retries)!.Value;
        if (await maker.PayDueAsync(SubscriptionPeriods.RequestFor(row, offer, row.Id, triedAt, pricing.Price), row.Id, triedAt) is not { } paid) return DueResult.Undecided(RefusalCodes.CapsChanged);
        if (paid.Refusal is { } undecided && Undecided.Contains(undecided.Code)) return DueResult.Undecided(undecided.Code);
        if (paid.IsGiven)
        {
            var renewed = SubscriptionPeriods.Began(row with { Offer = offer, NextOffer = UInt128.Zero }, pricing, dueAt);
            return DueResult.Next(renewed.PeriodEnd,
                [renewed, .. SubscriptionPeriods.Tell(renewed, SubscriptionEventKind.Renewed, SubscriptionParty.Schedule, triedAt, paid.Value.Id.Value, renewed.PeriodEnd, null, time)]);
        }

        var code = paid.Refusal.Code;
        if (Refusals.IsForGood(code) || SubscriptionPeriods.RetryAt(dueAt, row.Retries + 1) is not { } again) return End(row, triedAt, code.Code);
        // After days off the payer still has time before each retry.
        again = Math.Max(again, time.GetUtcNow().AddHours(SubscriptionPeriods.HoursBetweenTries).ToUnixTimeMilliseconds());
        var pastDue = row with { Status = SubscriptionStatus.PastDue, Retries = row.Retries + 1, LastRefusal = code.Code, Version = row.Version + 1 };
        return DueResult.Again(again, [pastDue, .. SubscriptionPeriods.Tell(row, SubscriptionEventKind.RenewalRefused, SubscriptionParty.Schedule, triedAt, UInt128.Zero, null, code.Code, time)]);
    }

    private DueResult End(SubscriptionRow row, long at, string? refusal) => DueResult.Done(
        [row with { Status = SubscriptionStatus.Ended, LastRefusal = refusal, Version = row.Version + 1 }, .. SubscriptionPeriods.Tell(row, SubscriptionEventKind.Ended, SubscriptionParty.Schedule, at, UInt128.Zero, null, refusal, time)]);

    /// <summary>The pricing of an offer that somebody subscribed to.</summary>
    public static async ValueTask<PerPeriod> PricingOfAsync(OfferDirectory offers, UInt128 offer) =>
        (await offers.FindAsync(new(offer)))?.Pricing as PerPeriod ?? throw new InvalidOperationException($"The offer {offer:x32} of a subscription is lost.");
}
