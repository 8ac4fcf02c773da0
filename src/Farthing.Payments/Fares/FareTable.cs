using Farthing.Payments.Calendars;
using Farthing.Payments.Offers;
using Farthing.Protocol;
using NodaTime;

namespace Farthing.Payments.Fares;

/// <summary>A transit operator's fares: what single journeys cost, and from what sum on the rest of a fare day or fare week costs nothing.</summary>
/// <param name="Singles">What single journeys cost.</param>
/// <param name="PerDay">The most that a card pays for a fare day.</param>
/// <param name="PerWeek">The most that a card pays for a fare week.</param>
/// <param name="TimeZone">Whose days and weeks, by its name in the IANA database.</param>
/// <remarks>It is not bought but ridden on: the price is known when the fare day is over.</remarks>
public sealed record FareTable(SingleFares Singles, Amount PerDay, Amount PerWeek, string TimeZone) : Pricing
{
    /// <summary>The zone that <see cref="TimeZone"/> names.</summary>
    internal DateTimeZone Zone => TimeZones.TryFind(TimeZone, out var zone) ? zone : throw new InvalidOperationException($"The time zone {TimeZone} of a fare table is no longer known.");

    /// <inheritdoc/>
    public override PricingJson ToJson() => new FareTableJson(AmountJson.From(PerDay), AmountJson.From(PerWeek))
    {
        Flat = (Singles as FlatFare)?.ToJson(),
        Zones = (Singles as ZoneFares)?.ToJson(),
        TimeZone = TimeZone,
    };

    private protected override IEnumerable<Amount> Amounts => [.. Singles.Amounts, PerDay, PerWeek];

    private protected override string? FindFault()
    {
        if (!TimeZones.TryFind(TimeZone, out _)) return "timeZone must be a name of the IANA database, such as Europe/Paris.";
        if (Singles.FindFault() is { } fault) return fault;
        if (Singles.Amounts.Any(fare => fare.Units > PerDay.Units)) return $"A fare is above perDay, {PerDay}, so nobody would ever pay it.";
        return PerWeek.Units < PerDay.Units ? $"perWeek is below perDay, {PerDay}, so nobody would ever pay that." : null;
    }

    internal override Refusal? PriceOf(uint quantity, Amount? chosen, out Amount price)
    {
        price = default;
        return new(RefusalCodes.InvalidField, "The offer is a table of fares, which are paid by tapping in and out: register a card with POST /v1/fares/cards.");
    }
}

/// <summary>What single journeys cost; each way is a case of its own. Immutable; safe to share between threads.</summary>
public abstract record SingleFares
{
    private protected SingleFares()
    {
    }

    /// <summary>Every amount in it.</summary>
    internal abstract IEnumerable<Amount> Amounts { get; }

    /// <summary>What makes no sense in it, as a sentence; or null.</summary>
    internal abstract string? FindFault();

    /// <summary>Why a tap cannot be priced, as a sentence; or null.</summary>
    internal abstract string? FindFault(TapDirection? direction, string? zone);

    /// <summary>The journeys that taps make, in the order of their times.</summary>
    /// <param name="taps">In the order of their times. To tell a day's journeys there must also be the taps of <see cref="ReachMilliseconds"/> before and after it.</param>
    internal abstract IEnumerable<Journey> JourneysOf(IReadOnlyList<FareTap> taps);

    /// <summary>How far apart the taps of one journey can be, in milliseconds.</summary>
    internal abstract long ReachMilliseconds { get; }

    /// <summary>How long after its end a fare day with an incomplete journey waits for it to be completed, in milliseconds.</summary>
    internal abstract long WaitMilliseconds { get; }
}

/// <summary>Every tap is a journey, and all cost the same.</summary>
/// <param name="Fare">What one costs.</param>
public sealed record FlatFare(Amount Fare) : SingleFares
{
    internal override IEnumerable<Amount> Amounts => [Fare];

    internal override long ReachMilliseconds => 0;

    internal override long WaitMilliseconds => 0;

    internal override string? FindFault() => null;

    internal override string? FindFault(TapDirection? direction, string? zone) =>
        direction is null && zone is null ? null : "The offer has a flat fare: a tap of it has neither direction nor zone.";

    internal override IEnumerable<Journey> JourneysOf(IReadOnlyList<FareTap> taps) => taps.Select(tap => new Journey(tap, null, Fare, IsComplete: true));

    internal AmountJson ToJson() => AmountJson.From(Fare);
}

/// <summary>What a journey between two zones costs, the same both ways.</summary>
/// <param name="From">One zone.</param>
/// <param name="To">The other one, or the same again for journeys within it.</param>
/// <param name="Fare">What a journey costs.</param>
public sealed record ZoneFare(string From, string To, Amount Fare);

/// <summary>A journey is a tap in and the next one out, and costs what its pair of zones says.</summary>
/// <param name="Pairs">A fare for each pair of the zones that are named, at most <see cref="MaxZones"/> of them.</param>
/// <param name="Incomplete">What a tap in without its tap out costs in the end, or one out without its tap in.</param>
public sealed record ZoneFares(IReadOnlyList<ZoneFare> Pairs, Amount Incomplete) : SingleFares
{
    /// <summary>The most zones.</summary>
    public const int MaxZones = 12;

    /// <summary>The longest name of a zone, in characters.</summary>
    public const int MaxZoneLength = 40;

    /// <summary>Three hours.</summary>
    public const int DefaultCompleteWithinSeconds = 3 * 3600;

    /// <summary>One minute.</summary>
    public const int MinCompleteWithinSeconds = 60;

    /// <summary>Twelve hours, so that a journey is over before the next day is.</summary>
    public const int MaxCompleteWithinSeconds = 12 * 3600;

    /// <summary>Two days.</summary>
    public const int DefaultWaitSeconds = 48 * 3600;

    /// <summary>Three days: as long as a tap can make a day dearer.</summary>
    public const int MaxWaitSeconds = 72 * 3600;

    private readonly Dictionary<(string From, string To), Amount> fares = FaresOf(Pairs);

    /// <summary>The longest that a journey can last, in seconds: a later tap out is no part of it.</summary>
    public int CompleteWithinSeconds { get; init; } = DefaultCompleteWithinSeconds;

    /// <summary>How long after its end a fare day with an incomplete journey waits for the missing tap, in seconds, before it is charged.</summary>
    public int WaitSeconds { get; init; } = DefaultWaitSeconds;

    /// <summary>Two are the same if they say the same.</summary>
    public bool Equals(ZoneFares? other) =>
        other is not null && Incomplete == other.Incomplete && CompleteWithinSeconds == other.CompleteWithinSeconds && WaitSeconds == other.WaitSeconds && Pairs.SequenceEqual(other.Pairs);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Pairs.Count, Incomplete, CompleteWithinSeconds, WaitSeconds);

    internal override IEnumerable<Amount> Amounts => [.. Pairs.Select(pair => pair.Fare), Incomplete];

    internal override long ReachMilliseconds => CompleteWithinSeconds * 1000L;

    internal override long WaitMilliseconds => WaitSeconds * 1000L;

    internal override string? FindFault()
    {
        if (CompleteWithinSeconds is < MinCompleteWithinSeconds or > MaxCompleteWithinSeconds) return $"completeWithinSeconds must be {MinCompleteWithinSeconds} to {MaxCompleteWithinSeconds}.";
        if (WaitSeconds is < 0 or > MaxWaitSeconds) return $"waitSeconds must be 0 to {MaxWaitSeconds}.";
        var zones = Pairs.SelectMany(pair => new[] { pair.From, pair.To }).Distinct(StringComparer.Ordinal).ToList();
        if (zones.Count is 0 or > MaxZones) return $"A table has fares between 1 to {MaxZones} zones.";
        if (zones.FirstOrDefault(zone => !Words.AreShown(zone, MaxZoneLength)) is not null) return $"The name of a zone must be 1 to {MaxZoneLength} characters, not all blank, without control characters.";
        if (fares.Count < Pairs.Count) return "A pair of zones has two fares. A fare is the same both ways.";
        foreach (var from in zones)
        {
            foreach (var to in zones)
            {
                if (!fares.ContainsKey(KeyOf(from, to))) return $"There is no fare between the zones {from} and {to}. Each pair needs one, and each zone one within it.";
            }
        }

        return null;
    }

    internal override string? FindFault(TapDirection? direction, string? zone)
    {
        if (direction is null || zone is null) return "The offer has fares by zone: a tap of it needs a direction and a zone.";
        return fares.ContainsKey(KeyOf(zone, zone)) ? null : $"The offer has no zone {zone}.";
    }

    internal override IEnumerable<Journey> JourneysOf(IReadOnlyList<FareTap> taps)
    {
        for (var i = 0; i < taps.Count; i++)
        {
            // Only the very next tap completes a journey: whoever taps in twice was not seen tapping out between.
            if (taps[i].Direction == TapDirection.In && i + 1 < taps.Count && taps[i + 1].Direction == TapDirection.Out
                && taps[i + 1].UnixMilliseconds - taps[i].UnixMilliseconds <= ReachMilliseconds)
            {
                yield return new(taps[i], taps[i + 1], fares[KeyOf(taps[i].Zone!, taps[i + 1].Zone!)], IsComplete: true);
                i++;
                continue;
            }

            yield return new(taps[i], null, Incomplete, IsComplete: false);
        }
    }

    internal ZoneFaresJson ToJson() => new([.. Pairs.Select(pair => new ZoneFareJson(pair.From, pair.To, AmountJson.From(pair.Fare)))], AmountJson.From(Incomplete))
    {
        CompleteWithinSeconds = CompleteWithinSeconds,
        WaitSeconds = WaitSeconds,
    };

    private static (string From, string To) KeyOf(string from, string to) => string.CompareOrdinal(from, to) <= 0 ? (from, to) : (to, from);

    private static Dictionary<(string From, string To), Amount> FaresOf(IReadOnlyList<ZoneFare> pairs)
    {
        var fares = new Dictionary<(string From, string To), Amount>(pairs.Count);
        foreach (var pair in pairs) fares[KeyOf(pair.From, pair.To)] = pair.Fare;
        return fares;
    }
}
