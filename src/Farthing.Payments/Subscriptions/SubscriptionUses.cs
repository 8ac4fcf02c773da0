using Farthing.Ledger;
using Farthing.Payments.Calendars;
using Farthing.Payments.Desk;
using Farthing.Payments.Mandates;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Payments.Settings;
using Farthing.Protocol;

namespace Farthing.Payments.Subscriptions;

/// <summary>Units of a subscription that were used. Immutable; safe to share between threads.</summary>
/// <param name="Subscription">Which one.</param>
/// <param name="Quantity">How many units.</param>
/// <param name="Included">How many of them the period includes.</param>
/// <param name="Extra">The payment of the others, or null.</param>
public sealed record SubscriptionUse(Id<SubscriptionKind> Subscription, uint Quantity, uint Included, Payment? Extra);

/// <summary>A use that goes beyond what is included; its owner is the subscription. Times are Unix milliseconds.</summary>
public sealed record SubscriptionUseRow(UInt128 Id, UInt128 Owner, UInt128 Offer, long At, long PeriodStart, long PeriodEnd, long PartStart, int Quantity, RowState State, int Version = 1) : IOwnedRow;

/// <summary>Counts what a subscription includes and what extras may cost: each in an account that ends with the period, so that no race overruns either.</summary>
/// <remarks>
/// Thread-safe. What is included is one transfer under the request's key. What goes beyond is claimed first, then takes the units that are left, then room under the cap,
/// then is paid; whatever is taken for a payment that is refused is given back. A crash in between is finished at the next start.
/// </remarks>
internal sealed class SubscriptionUses(ISettingsStore settings, Ledger.Ledger ledger, ChartOfAccounts chart, PaymentMaker maker, OfferDirectory offers, TimeProvider time)
{
    private static readonly Asset Units = new("allowance:units", 0);
    private static readonly Refusal UsedUp = new(RefusalCodes.SubscriptionUsedUp, "Fewer units were left when this key was first used. Nothing was counted. Use a new key.");

    // What a key's first request was refused is known before it has decided to go on with extras.
    private readonly Turns turns = new(256);

    public async ValueTask<Answer<SubscriptionUse>> UseAsync(Caller caller, IdempotencyKey key, SubscriptionRow row, uint quantity)
    {
        var scope = $"subscription-use:{caller.Kind}:{caller.Account:x32}";
        var id = key.DeriveId("subscription-use", caller);
        var digest = Digest(row.Id, quantity);
        using var turn = await turns.EnterAsync(id);
        // What the key did before stands, whatever became of the subscription since.
        if (await ledger.FindAsync(id) is { } known)
        {
            if (known.Command.Digest != digest) return PayeeDirectory.Conflict;
            if (known.Outcome == Outcome.Done) return new SubscriptionUse(new(row.Id), quantity, quantity, null);
            return await settings.FindClaimAsync(scope, key.ToHash()) is { } claim ? await FinishAsync(await settings.GetAsync<SubscriptionUseRow>(claim.Row))
                : UsedUp;
        }

        var now = ledger.NowUnixMilliseconds(time);
        if (!IsPaid(row)) return NotUsable(row);
        // The renewal is on its way.
        if (now >= row.PeriodEnd) return LedgerCalls.NotReady;
        var pricing = await SubscriptionRenewals.PricingOfAsync(offers, row.Offer);
        if (pricing.Included is not { } included)
        {
            // Nothing is counted; the key is bound all the same.
            if (await ledger.TrySubmitAsync(Command.Claim(id, digest, row.Id)) is not { } claimed) return LedgerCalls.NotReady;
            return claimed[0].Outcome == Outcome.Done ? new SubscriptionUse(new(row.Id), quantity, quantity, null) : PayeeDirectory.Conflict;
        }

        var units = UnitsAccount(row.Id, row.PartStart, row.PeriodStart, row.PeriodEnd, included);
        if (!await TryOpenAsync(units)) return LedgerCalls.NotReady;
        if (await ledger.TrySubmitAsync(Command.Transfer(id, digest, units.Account, units.Issuer, new Amount(Units, quantity), TransferCode.Allowance)) is not { } results) return LedgerCalls.NotReady;
        switch (results[0].Outcome)
        {
            case Outcome.Done: return new SubscriptionUse(new(row.Id), quantity, quantity, null);
            case Outcome.AccountEnded: return LedgerCalls.NotReady;
            // The period was over long before this reached the ledger.
            case Outcome.DebitAccountNotFound: return UsedUp;
            case Outcome.IdAlreadyUsed: return PayeeDirectory.Conflict;
            case Outcome.InsufficientFunds: break;
            default: return Refusals.OfPayment(results[0].Outcome);
        }

        if (pricing.Extra is null) return new Refusal(RefusalCodes.SubscriptionUsedUp, $"The period includes {included} units, and fewer than {quantity} are left. It ends at {DateTimeOffset.FromUnixTimeMilliseconds(row.PeriodEnd):u}.");
        var use = new SubscriptionUseRow(Id<EventKind>.New(time).Value, row.Id, row.Offer, now, row.PeriodStart, row.PeriodEnd, row.PartStart, (int)quantity, RowState.Creating);
        return await settings.ClaimNewAsync(scope, key.ToHash(), digest, use) is { } standing ? await FinishAsync(standing) : PayeeDirectory.Conflict;
    }

    /// <summary>How many units are left of what the period includes, and how much room under the cap of extras; null for no such number.</summary>
    public async ValueTask<(UInt128? Units, Amount? Extra)> ReadLeftAsync(SubscriptionRow row)
    {
        if (!IsPaid(row) || ledger.NowUnixMilliseconds(time) >= row.PeriodEnd) return (null, null);
        var pricing = await SubscriptionRenewals.PricingOfAsync(offers, row.Offer);
        if (pricing.Included is not { } included) return (null, null);
        var units = UnitsAccount(row.Id, row.PartStart, row.PeriodStart, row.PeriodEnd, included);
        var left = await ledger.ReadAccountAsync(units.Account) is { } account ? account.Balances.Available : units.Limit.Units;
        if (pricing.Extra is null) return (left, null);
        var cap = ExtrasAccount(row.Id, row.PeriodStart, row.PeriodEnd, pricing);
        return (left, new Amount(pricing.Price.Asset, await ledger.ReadAccountAsync(cap.Account) is { } room ? room.Balances.Available : cap.Limit.Units));
    }

    /// <summary>
    /// Sees to it, before an upgrade holds, that what was used ahead of time is taken off what the new offer includes for the rest of the period, and that the cap of extras stays
    /// as it is: else each upgrade would give all of it again. Nothing is used of the old offer any more. Does nothing that was done before.
    /// </summary>
    /// <param name="row">The subscription as it is.</param>
    /// <param name="pricing">The new offer's.</param>
    /// <param name="at">When the upgrade was asked for.</param>
    /// <returns>False if the ledger takes no work.</returns>
    public async ValueTask<bool> TryCarryOverAsync(SubscriptionRow row, PerPeriod pricing, long at)
    {
        var old = await SubscriptionRenewals.PricingOfAsync(offers, row.Offer);
        if (old.Extra is not null && !await TryOpenAsync(ExtrasAccount(row.Id, row.PeriodStart, row.PeriodEnd, old))) return false;
        if (old.Included is not { } before || pricing.Included is not { } after) return true;
        var units = UnitsAccount(row.Id, row.PartStart, row.PeriodStart, row.PeriodEnd, before);
        if (!await TryOpenAsync(units)) return false;
        var rest = UnitsAccount(row.Id, at, row.PeriodStart, row.PeriodEnd, after);
        var id = LegIds.LeftBefore(rest.Account);
        if (await ledger.TrySubmitAsync(Command.Transfer(id, id, units.Account, units.Issuer, units.Limit, TransferCode.Allowance, balancing: Balancing.Debit)) is null) return false;
        // If the period is over, there is no rest of it.
        if (await ledger.FindAsync(id) is not { Outcome: Outcome.Done } left) return true;
        var notYetDue = UnitsOf(before, at, row.PeriodStart, row.PeriodEnd);
        var ahead = notYetDue > left.Command.Units ? notYetDue - left.Command.Units : UInt128.Zero;
        return await TryOpenAsync(UnitsAccount(row.Id, at, row.PeriodEnd, rest.Limit.Units > ahead ? rest.Limit.Units - ahead : UInt128.Zero));
    }

    /// <summary>Carries a claimed use on: units, room, payment. Does nothing that was done before.</summary>
    public async ValueTask<Answer<SubscriptionUse>> FinishAsync(SubscriptionUseRow use)
    {
        var row = await settings.GetAsync<SubscriptionRow>(use.Owner);
        var pricing = await SubscriptionRenewals.PricingOfAsync(offers, use.Offer);
        var (takeUnits, takeRoom) = (IdOf(use, "units"), IdOf(use, "room"));
        var units = UnitsAccount(row.Id, use.PartStart, use.PeriodStart, use.PeriodEnd, pricing.Included!.Value);
        var room = ExtrasAccount(row.Id, use.PeriodStart, use.PeriodEnd, pricing);
        if (!await TryOpenAsync(room)) return LedgerCalls.NotReady;

        // 1. What is left of what is included, be it nothing.
        if (await ledger.TrySubmitAsync(Command.Transfer(takeUnits, takeUnits, units.Account, units.Issuer, new Amount(Units, (uint)use.Quantity), TransferCode.Allowance, use.PeriodEnd, balancing: Balancing.Debit)) is null) return LedgerCalls.NotReady;
        var included = await ledger.FindAsync(takeUnits) is { Outcome: Outcome.Done } taken ? taken.Command.Units : UInt128.Zero;
        var beyond = (uint)use.Quantity - (uint)included;
        if (beyond == 0) return await EndAsync(use, new SubscriptionUse(new(row.Id), (uint)use.Quantity, (uint)included, null));

        // 2. Room under the cap for the rest.
        var price = pricing.Extra!.Price * beyond;
        var inCap = new Amount(room.Limit.Asset, price.Units);
        if (await ledger.TrySubmitAsync(Command.Transfer(takeRoom, takeRoom, room.Account, room.Issuer, inCap, TransferCode.Allowance, use.PeriodEnd)) is not { } roomTaken) return LedgerCalls.NotReady;
        if (await ledger.FindAsync(takeRoom) is not { Outcome: Outcome.Done } roomRecord)
        {
            var headroom = new Amount(price.Asset, await ledger.FindAsync(takeRoom) is { } refused ? refused.DebitAfter.Available : UInt128.Zero);
            return await GiveBackAsync(use, roomTaken[0].Outcome != Outcome.InsufficientFunds ? NotUsable(row) : Exceeded(pricing.Extra.Cap, price, headroom));
        }

        // 3. The payment.
        var paid = await maker.PayAsync(SubscriptionPeriods.RequestFor(row, use.Offer, use.Id, use.At, price));
        if (paid.IsGiven) return await EndAsync(use, new SubscriptionUse(new(row.Id), (uint)use.Quantity, (uint)included, paid.Value));
        return paid.Refusal.Code == RefusalCodes.NotReady ? paid.Refusal : await GiveBackAsync(use, paid.Refusal, roomRecord);
    }

    private async ValueTask<Answer<SubscriptionUse>> EndAsync(SubscriptionUseRow use, SubscriptionUse answer)
    {
        if (use.State == RowState.Creating) await settings.WriteAsync(use with { State = RowState.Active, Version = use.Version + 1 });
        return answer;
    }

    /// <summary>Gives units and room back for a use that is refused; where the period is over meanwhile there is nothing to give them back to.</summary>
    private async ValueTask<Answer<SubscriptionUse>> GiveBackAsync(SubscriptionUseRow use, Refusal refusal, JournalRecord? room = null)
    {
        foreach (var (taken, purpose) in new[] { (await ledger.FindAsync(IdOf(use, "units")), "units back"), (room, "room back") })
        {
            if (taken is not { Outcome: Outcome.Done } record || record.Command.Units == UInt128.Zero) continue;
            var back = IdOf(use, purpose);
            if (await ledger.TrySubmitAsync(Command.Refund(back, back, record.Command.Id, record.Command.Units, TransferCode.Allowance, balancing: true)) is null) return LedgerCalls.NotReady;
        }

        if (use.State == RowState.Creating) await settings.WriteAsync(use with { State = RowState.Refused, Version = use.Version + 1 });
        return refusal;
    }

    /// <summary>Sees to it that an account of this period is open and filled; one that has ended stays ended.</summary>
    /// <returns>False if the ledger takes no work.</returns>
    private async ValueTask<bool> TryOpenAsync(Allowance allowance)
    {
        if (await ledger.ReadAccountAsync(allowance.Account) is not null) return true;
        if (!await chart.TryOpenAsync(allowance.Issuer, allowance.Limit.Asset)) return false;
        // Of nothing, nothing is issued.
        if (allowance.Limit.IsZero) return await ledger.TrySubmitAsync(allowance.Reopening()) is not null;
        var opening = new Command[Allowance.OpeningLength];
        allowance.WriteOpening(opening);
        return await ledger.TrySubmitManyAsync(opening) is not null;
    }

    private static Allowance UnitsAccount(UInt128 subscription, long partStart, long periodStart, long periodEnd, int included) =>
        UnitsAccount(subscription, partStart, periodEnd, UnitsOf(included, partStart, periodStart, periodEnd));

    private static Allowance UnitsAccount(UInt128 subscription, long partStart, long periodEnd, UInt128 limit) => AccountOf("subscription-units", subscription, partStart, periodEnd, new Amount(Units, limit));

    /// <summary>What an offer includes for the rest of a period: in proportion to it, rounded up.</summary>
    private static UInt128 UnitsOf(int included, long partStart, long periodStart, long periodEnd)
    {
        var whole = (UInt128)(ulong)(periodEnd - periodStart);
        return (((UInt128)(uint)included * (ulong)(periodEnd - partStart)) + whole - 1) / whole;
    }

    private static bool IsPaid(SubscriptionRow row) => row.Status is SubscriptionStatus.Active or SubscriptionStatus.Pausing or SubscriptionStatus.Cancelled;

    private static Allowance ExtrasAccount(UInt128 subscription, long periodStart, long periodEnd, PerPeriod pricing)
    {
        var cap = pricing.Extra!.Cap;
        return AccountOf("subscription-extras", subscription, periodStart, periodEnd, new Amount(ChartOfAccounts.AllowanceOf(cap.Asset), cap.Units));
    }

    private static Allowance AccountOf(string purpose, UInt128 subscription, long start, long end, Amount limit)
    {
        var bytes = new CanonicalBytes(stackalloc byte[128]);
        bytes.Add(purpose);
        bytes.Add(subscription);
        bytes.Add((UInt128)(ulong)start);
        return new() { Number = 0, Account = bytes.ToLegId(start), Issuer = ChartOfAccounts.AllowanceIssuer(limit.Asset), Limit = limit, Window = new CalendarWindow(start, end) };
    }

    private static UInt128 IdOf(SubscriptionUseRow use, string purpose)
    {
        var bytes = new CanonicalBytes(stackalloc byte[128]);
        bytes.Add("subscription-use");
        bytes.Add(use.Id);
        bytes.Add(purpose);
        return bytes.ToLegId(use.At);
    }

    private static UInt128 Digest(UInt128 subscription, uint quantity)
    {
        var bytes = new CanonicalBytes(stackalloc byte[128]);
        bytes.Add("subscription-use");
        bytes.Add(subscription);
        bytes.Add((UInt128)quantity);
        return bytes.ToDigest();
    }

    private static Refusal NotUsable(SubscriptionRow row) => new(RefusalCodes.SubscriptionStatusForbids, $"No period of the subscription {new Id<SubscriptionKind>(row.Id)} is paid that could be used now.");

    private static Refusal Exceeded(Amount cap, Amount price, Amount headroom) => new(RefusalCodes.CapExceeded,
        $"The cap subscription.extra is {cap} for a period, {headroom} of it is left, and {price} is needed.",
        new Dictionary<string, object> { ["cap"] = "subscription.extra", ["capAmount"] = AmountJson.From(cap), ["headroom"] = AmountJson.From(headroom) });
}
