using Farthing.Payments.Desk;
using Farthing.Payments.Settings;
using Farthing.Protocol;

namespace Farthing.Payments.Tips;

/// <summary>What is asked for a tip.</summary>
/// <param name="Payee">Who is tipped; null if <see cref="Offer"/> says so.</param>
/// <param name="Amount">How much, each time.</param>
/// <param name="Reference">The payer's own words for a tip that is given once; null for none.</param>
/// <param name="TimeZone">The IANA name of the zone whose months count, for a monthly tip; null for one that is given once.</param>
public sealed record NewTip(Id<PayeeKind>? Payee, Amount Amount, string? Reference, string? TimeZone)
{
    /// <summary>An offer whose amount the payer names, and whose payees share the tip as it says; null, the default, if one payee is tipped.</summary>
    public Id<OfferKind>? Offer { get; init; }
}

/// <summary>A tip that was given, and what comes of it each month, if it is monthly.</summary>
public sealed record Tip(Payment Payment, MonthlyTip? Monthly);

/// <summary>What a monthly tip is.</summary>
public enum MonthlyTipStatus : byte
{
    /// <summary>It is given again when its date comes.</summary>
    Active,

    /// <summary>Its payer ended it.</summary>
    Cancelled,

    /// <summary>It can never be given again: wallet or payee are gone, or the offer is closed.</summary>
    Ended,
}

/// <summary>A tip that is given every month. Immutable; safe to share between threads.</summary>
/// <param name="Id">Its id, which is also the reference of each of its payments.</param>
/// <param name="Status">What it is.</param>
/// <param name="Payee">Who is tipped; the payee of <paramref name="Offer"/>, if there is one.</param>
/// <param name="Offer">The offer that says who shares it, or null.</param>
/// <param name="Amount">How much, each month.</param>
/// <param name="TimeZone">The IANA name of the zone whose months count.</param>
/// <param name="NextAt">When it is next given, or null.</param>
/// <param name="Paid">How many months were paid, the first included.</param>
/// <param name="Missed">How many months could not be paid; they are not made up.</param>
/// <param name="LastPayment">The newest payment.</param>
/// <param name="LastRefusal">Why the newest month was not paid: a code of <c>docs/errors.md</c>; null if it was.</param>
/// <param name="CreatedAt">When the first tip was given, from which the months are counted.</param>
public sealed record MonthlyTip(
    Id<TipKind> Id, MonthlyTipStatus Status, Id<PayeeKind> Payee, Id<OfferKind>? Offer, Amount Amount, string TimeZone, DateTimeOffset? NextAt, int Paid, int Missed, Id<PaymentKind>? LastPayment, string? LastRefusal, DateTimeOffset CreatedAt);

/// <summary>A monthly tip's settings; its owner is the wallet. It is shown once the first tip was paid.</summary>
public sealed record TipRow(
    UInt128 Id, UInt128 Owner, UInt128 Payee, UInt128? Offer, string Units, string Currency, string TimeZone, int Paid, int Missed, UInt128 LastPayment, string? LastRefusal, bool IsCancelled, RowState State, DateTimeOffset CreatedAt, int Version = 1)
    : IOwnedRow;
