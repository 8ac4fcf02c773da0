using System.Globalization;
using Farthing.Payments.Settings;
using Farthing.Protocol;
using NodaTime;
using NodaTime.Text;

namespace Farthing.Payments.Fares;

/// <summary>A card's settings; its owner is the wallet. Each tap changes it, so that taps of one card are heard of one after another, never two in one millisecond but where the clock was set back by minutes. Erased with its wallet.</summary>
public sealed record FareCardRow(UInt128 Id, UInt128 Owner, UInt128 Offer, UInt128 Mandate, long? ClosedUnixMilliseconds, long HeardUnixMilliseconds, RowState State, DateTimeOffset CreatedAt, int Version = 1) : IOwnedRow;

/// <summary>A tap of a card, which is its owner. Its id begins with the time at which it was made, so that those of a week stand together. Never changed, but blanked with its wallet.</summary>
public sealed record FareTapRow(UInt128 Id, UInt128 Owner, long ArrivedUnixMilliseconds, TapDirection? Direction, string? Zone, string Reader, RowState State, int Version = 1) : IOwnedRow
{
    /// <summary>The row without what tells where the card was.</summary>
    internal FareTapRow Blank() => this with { Zone = null, Reader = "", State = RowState.Erased, Version = Version + 1 };

    internal FareTap ToTap() => new(Id, IdBytes.TimeOf(Id), ArrivedUnixMilliseconds, Direction, Zone);
}

/// <summary>What was asked for a fare day of a card, which is its owner. What is to be asked follows from the taps, and what was paid from the ledger.</summary>
/// <param name="Id">Its id, which begins with the time at which the day does, and is also its subject in the schedule.</param>
/// <param name="Owner">The card.</param>
/// <param name="Date">Its date, as ISO 8601 writes it.</param>
/// <param name="Payments">The payments that were made for it and what its taps left of each, oldest first: id, blank, units; with a comma between them.</param>
/// <param name="NextUnits">What it is being brought to; null if nothing is under way.</param>
/// <param name="NextMandate">What that is paid under: the card may have another mandate by now.</param>
/// <param name="NextUnixMilliseconds">The instant that the ids of what is under way are derived from, or were of what came last.</param>
/// <param name="Failures">How often in a row it could not be brought there.</param>
/// <param name="Fault">Why not: a code of <c>docs/errors.md</c>; null if it could.</param>
/// <param name="FailedUnixMilliseconds">Since when money is missing: taps that were made later are refused. Null if none is.</param>
/// <param name="State">Always active.</param>
/// <param name="Version">As of every row.</param>
public sealed record FareDayRow(
    UInt128 Id, UInt128 Owner, string Date, string Payments, string? NextUnits, UInt128? NextMandate, long NextUnixMilliseconds, int Failures, string? Fault, long? FailedUnixMilliseconds, RowState State, int Version = 1) : IOwnedRow
{
    /// <summary>What was paid for the day, less what its late taps gave back.</summary>
    internal UInt128 Settled => ReadPayments().Aggregate(UInt128.Zero, (sum, payment) => sum + payment.Kept);

    internal static FareDayRow New(UInt128 card, FareDay day) => new(IdOf(card, day), card, LocalDatePattern.Iso.Format(day.Date), "", null, null, 0, 0, null, null, RowState.Active);

    internal static UInt128 IdOf(UInt128 card, FareDay day)
    {
        var bytes = new CanonicalBytes(stackalloc byte[64]);
        bytes.Add("fare-day");
        bytes.Add(card);
        bytes.Add(LocalDatePattern.Iso.Format(day.Date));
        return bytes.ToLegId(day.Window.StartUnixMilliseconds);
    }

    internal LocalDate ReadDate() => LocalDatePattern.Iso.Parse(Date).Value;

    internal List<FarePayment> ReadPayments() => Payments.Length == 0 ? [] : [.. Payments.Split(',').Select(FarePayment.Read)];

    internal FareDayRow With(IEnumerable<FarePayment> payments) => this with { Payments = string.Join(',', payments) };
}

/// <summary>A payment for a fare day, and what its taps left of it.</summary>
internal readonly record struct FarePayment(Id<PaymentKind> Id, UInt128 Kept)
{
    public static FarePayment Read(string text) =>
        text.Split(' ') is [var id, var kept] ? new(Id<PaymentKind>.Parse(id), UInt128.Parse(kept, CultureInfo.InvariantCulture)) : throw new InvalidOperationException($"The settings have a fare day's payment that is none: {text}");

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Id} {Kept}");
}
