using Farthing.Payments.Settings;
using Farthing.Protocol;

namespace Farthing.Payments.RoundUps;

/// <summary>What is asked for a round-up.</summary>
/// <param name="Payee">Who gets what payments are rounded up by; null if <paramref name="Offer"/> says so.</param>
/// <param name="Offer">An offer whose amount the payer names, and whose payees share it as it says; null if it goes to one <paramref name="Payee"/>.</param>
/// <param name="Unit">Each payment is rounded up to a whole number of these.</param>
/// <param name="MostPerMonth">At most how much is given in a month; null for <see cref="RoundUp.DefaultMost"/>.</param>
/// <param name="TimeZone">The IANA name of the zone whose months count; null for UTC.</param>
public sealed record NewRoundUp(Id<PayeeKind>? Payee, Id<OfferKind>? Offer, Amount Unit, Amount? MostPerMonth, string? TimeZone);

/// <summary>What a round-up is.</summary>
public enum RoundUpStatus : byte
{
    /// <summary>It gives each month.</summary>
    Active,

    /// <summary>Its wallet ended it.</summary>
    Cancelled,

    /// <summary>It can never give again: wallet or payee are gone, or the offer is closed.</summary>
    Ended,
}

/// <summary>A wallet's standing wish to round its payments up and give the difference away, once a month. Immutable; safe to share between threads.</summary>
/// <param name="Id">Its id, which is also the reference of each of its payments.</param>
/// <param name="Status">What it is.</param>
/// <param name="Payee">Who gets it; the payee of <paramref name="Offer"/>, if there is one.</param>
/// <param name="Offer">The offer that says who shares it, or null.</param>
/// <param name="Unit">Each payment is rounded up to a whole number of these.</param>
/// <param name="MostPerMonth">At most how much is given in a month.</param>
/// <param name="SoFar">What it comes to since the last month was given; only where one round-up is read.</param>
/// <param name="TimeZone">The IANA name of the zone whose months count.</param>
/// <param name="NextAt">When it next gives, or null.</param>
/// <param name="Paid">How many months were given.</param>
/// <param name="Missed">How many months could not be given; they are not made up.</param>
/// <param name="LastPayment">The newest payment, or null.</param>
/// <param name="LastRefusal">Why the newest month was not given: a code of <c>docs/errors.md</c>; null if it was, or there was nothing to give.</param>
/// <param name="CreatedAt">When it was made, from which the months are counted.</param>
public sealed record RoundUp(
    Id<RoundUpKind> Id, RoundUpStatus Status, Id<PayeeKind> Payee, Id<OfferKind>? Offer, Amount Unit, Amount MostPerMonth, Amount? SoFar, string TimeZone, DateTimeOffset? NextAt, int Paid, int Missed,
    Id<PaymentKind>? LastPayment, string? LastRefusal, DateTimeOffset CreatedAt)
{
    /// <summary>At most how much is given in a month if nothing is said, as nothing is ever unlimited: 5 of a currency of everyday money, 0.0001 BTC.</summary>
    public static Amount DefaultMost(Asset currency) => new(currency, currency.Code == "BTC" ? 10_000_000u : 5_000_000u);
}

/// <summary>A round-up's settings; its owner is the wallet. What was paid from <see cref="CountedUntil"/> on is not given yet.</summary>
public sealed record RoundUpRow(
    UInt128 Id, UInt128 Owner, UInt128 Payee, UInt128? Offer, string UnitUnits, string MostUnits, string Currency, string TimeZone, DateTimeOffset CountedUntil, int Paid, int Missed, UInt128 LastPayment, string? LastRefusal,
    bool IsCancelled, RowState State, DateTimeOffset CreatedAt, int Version = 1)
    : IOwnedRow;
