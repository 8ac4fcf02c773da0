using Farthing.Payments.Calendars;
using Farthing.Payments.Offers;
using Farthing.Protocol;

namespace Farthing.Payments.Fares;

/// <summary><see cref="FareTable"/> as it travels and as it is stored, with exactly one of <see cref="Flat"/> and <see cref="Zones"/>.</summary>
/// <param name="PerDay">The most that a card pays for a fare day.</param>
/// <param name="PerWeek">The most that a card pays for a fare week.</param>
public sealed record FareTableJson(AmountJson PerDay, AmountJson PerWeek) : PricingJson
{
    /// <summary>What every journey costs.</summary>
    public AmountJson? Flat { get; init; }

    /// <summary>What journeys between zones cost.</summary>
    public ZoneFaresJson? Zones { get; init; }

    /// <summary>Whose days and weeks: a name of the IANA database, UTC by default.</summary>
    public string? TimeZone { get; init; }

    /// <inheritdoc/>
    public override Answer<Pricing> Read(string field)
    {
        if (WireAmounts.Read(PerDay, $"{field}.perDay", out var perDay) is { } noDay) return noDay;
        if (WireAmounts.Read(PerWeek, $"{field}.perWeek", out var perWeek) is { } noWeek) return noWeek;
        if ((Flat is null) == (Zones is null)) return new Refusal(RefusalCodes.InvalidPricing, $"{field} needs either flat, the fare of every journey, or zones.");
        var singles = Flat is null ? Zones!.Read($"{field}.zones") : ReadFlat($"{field}.flat");
        return singles.IsGiven ? new FareTable(singles.Value, perDay, perWeek, TimeZone ?? TimeZones.Utc) : singles.Refusal;
    }

    private Answer<SingleFares> ReadFlat(string field) => WireAmounts.Read(Flat, field, out var flat) is { } refusal ? refusal : new FlatFare(flat);
}

/// <summary><see cref="ZoneFares"/> as it travels.</summary>
/// <param name="Pairs">A fare for each pair of zones, and for each zone with itself.</param>
/// <param name="Incomplete">What a tap without its other one costs in the end.</param>
public sealed record ZoneFaresJson(IReadOnlyList<ZoneFareJson> Pairs, AmountJson Incomplete)
{
    /// <summary>The longest that a journey can last; three hours by default.</summary>
    public int? CompleteWithinSeconds { get; init; }

    /// <summary>How long a fare day with an incomplete journey waits before it is charged; two days by default.</summary>
    public int? WaitSeconds { get; init; }

    internal Answer<SingleFares> Read(string field)
    {
        if (WireAmounts.Read(Incomplete, $"{field}.incomplete", out var incomplete) is { } refusal) return refusal;
        var pairs = new List<ZoneFare>(Pairs.Count);
        foreach (var sent in Pairs)
        {
            var place = $"{field}.pairs[{pairs.Count}]";
            // Only a list may have a hole.
            if (sent is null) return new Refusal(RefusalCodes.InvalidField, $"{place} must not be null.");
            if (WireAmounts.Read(sent.Fare, $"{place}.fare", out var fare) is { } unread) return unread;
            pairs.Add(new(sent.From, sent.To, fare));
        }

        return new ZoneFares(pairs, incomplete)
        {
            CompleteWithinSeconds = CompleteWithinSeconds ?? ZoneFares.DefaultCompleteWithinSeconds,
            WaitSeconds = WaitSeconds ?? ZoneFares.DefaultWaitSeconds,
        };
    }
}

/// <summary><see cref="ZoneFare"/> as it travels.</summary>
public sealed record ZoneFareJson(string From, string To, AmountJson Fare);
