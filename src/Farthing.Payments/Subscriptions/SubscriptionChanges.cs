using System.Text.Json;
using Farthing.Payments.Desk;
using Farthing.Payments.Offers;
using Farthing.Payments.Schedules;
using Farthing.Payments.Settings;
using Farthing.Protocol;

namespace Farthing.Payments.Subscriptions;

/// <summary>Changes of a subscription that are paid for at once: upgrades, and resuming what is paused. Each is claimed, paid, then written down.</summary>
/// <remarks>Thread-safe; by whoever has the subject's turn of the schedule. What was cut off is carried on, or given up, before anything else is done to the subscription: so changes hold in the order in which they were asked for.</remarks>
internal sealed class SubscriptionChanges(ISettingsStore settings, PaymentMaker maker, OfferDirectory offers, SubscriptionUses uses, Schedule schedule, TimeProvider time)
{
    /// <summary>Carries on what was cut off of a subscription.</summary>
    /// <returns>False if the ledger takes no work.</returns>
    public async ValueTask<bool> TryFinishAllAsync(UInt128 subscription)
    {
        foreach (var told in (await settings.ListCreatingAsync<SubscriptionEventRow>()).Where(told => told.Subscription == subscription).OrderBy(told => told.Id))
        {
            if ((await FinishAsync(told)).Refusal?.Code == RefusalCodes.NotReady) return false;
        }

        return true;
    }

    /// <summary>Carries a claimed change on: pays, then changes. Does nothing that was done before.</summary>
    /// <returns>What happened, or why nothing did.</returns>
    public async ValueTask<Answer<SubscriptionEventRow>> FinishAsync(SubscriptionEventRow claimed)
    {
        while (true)
        {
            var told = await settings.GetAsync<SubscriptionEventRow>(claimed.Id);
            if (told.State == RowState.Active) return told;
            var row = await settings.GetAsync<SubscriptionRow>(told.Subscription);
            var pricing = await SubscriptionRenewals.PricingOfAsync(offers, told.Offer);
            var payable = SubscriptionPeriods.RequestFor(row, told.Offer, told.Id, told.At, SubscriptionPeriods.AmountOf(pricing.Price.Asset, told.PayableUnits!));
            var isFree = told.PayableUnits == "0";
            Answer<Payment> paid = default;
            var refusal = (isFree || !await maker.IsKnownAsync(payable)) && FindObstacle(told, row) is { } obstacle ? obstacle : isFree ? null : (paid = await maker.PayAsync(payable)).Refusal;
            if (refusal is not null)
            {
                if (refusal.Code != RefusalCodes.NotReady && told.State == RowState.Creating) await settings.WriteAsync(told with { State = RowState.Refused, Version = told.Version + 1 });
                return refusal;
            }

            var changed = row;
            if (told.Kind == SubscriptionEventKind.Resumed) changed = SubscriptionPeriods.Began(row with { Offer = told.Offer, NextOffer = UInt128.Zero, Anchor = told.At }, pricing, told.At);
            else
            {
                if (!await uses.TryCarryOverAsync(row, pricing, told.At)) return LedgerCalls.NotReady;
                changed = row with { Offer = told.Offer, NextOffer = UInt128.Zero, PartStart = told.At, Version = row.Version + 1 };
            }

            var done = told with
            {
                State = RowState.Active,
                Payment = isFree ? UInt128.Zero : paid.Value!.Id.Value,
                EffectiveAt = told.Kind == SubscriptionEventKind.Resumed ? changed.PeriodEnd : told.At,
                Version = told.Version + 1,
            };
            var due = (await settings.GetAsync<DueRow>(row.Id)).MovedTo(changed.PeriodEnd);
            if (!await settings.WriteAsync(changed, due, done, done with { Id = Id<EventKind>.New(time).Value, Owner = row.Payee, Version = 1 })) continue;
            schedule.Notice();
            return done;
        }
    }

    /// <summary>Why a change that is not paid cannot be paid any more, or null.</summary>
    private Refusal? FindObstacle(SubscriptionEventRow told, SubscriptionRow row)
    {
        if (row.Status != (told.Kind == SubscriptionEventKind.Resumed ? SubscriptionStatus.Paused : SubscriptionStatus.Active)) return NotNow(row, told.Kind);
        var now = time.GetUtcNow();
        var isOver = row.PartStart > told.At || (told.Kind == SubscriptionEventKind.Changed && now.ToUnixTimeMilliseconds() >= row.PeriodEnd);
        return isOver || CutOff.IsGivenUp(told.State, DateTimeOffset.FromUnixTimeMilliseconds(told.At), now) ? CutOff.TooOld : null;
    }

    /// <summary>Refuses what the subscription's status does not allow.</summary>
    public static Refusal NotNow(SubscriptionRow row, SubscriptionEventKind kind) =>
        new(RefusalCodes.SubscriptionStatusForbids, $"The subscription is {NameOf(row.Status)}, so it cannot be {NameOf(kind)}.");

    private static string NameOf<T>(T value) where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());
}
