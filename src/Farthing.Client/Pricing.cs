using System.Text.Json.Serialization;
using Farthing.Protocol;

namespace Farthing.Client;

/// <summary>How an offer is priced: one of the records derived from this. One that this version does not know is read as this alone.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "model", IgnoreUnrecognizedTypeDiscriminators = true)]
[JsonDerivedType(typeof(PerUse), "per-use")]
[JsonDerivedType(typeof(PayWhatYouWant), "pay-what-you-want")]
[JsonDerivedType(typeof(OnTab), "tab")]
[JsonDerivedType(typeof(Metered), "metered")]
[JsonDerivedType(typeof(PerPeriod), "subscription")]
[JsonDerivedType(typeof(FareTable), "fares")]
public record Pricing
{
    [JsonConstructor]
    internal Pricing()
    {
    }
}

/// <summary>A price for each use.</summary>
public sealed record PerUse : Pricing
{
    /// <summary>The price of one use.</summary>
    public required Amount Price { get; init; }

    /// <summary>How long what is bought only once is the wallet's; for ever if null.</summary>
    public int? OwnedForSeconds { get; init; }

    /// <summary>The most that a wallet pays in a calendar day, or null.</summary>
    public Amount? DayCap { get; init; }

    /// <summary>Whose days: a name of the IANA database; UTC if null.</summary>
    public string? TimeZone { get; init; }
}

/// <summary>The payer names the amount.</summary>
public sealed record PayWhatYouWant : Pricing
{
    /// <summary>The least that is taken.</summary>
    public required Amount Minimum { get; init; }

    /// <summary>What the payer may be shown to choose from, or null.</summary>
    public IReadOnlyList<Amount>? Suggested { get; init; }
}

/// <summary>Reads add up on a tab, which is paid when it is full.</summary>
public sealed record OnTab : Pricing
{
    /// <summary>The price of one read.</summary>
    public required Amount Price { get; init; }

    /// <summary>At most how much a tab owes; the server's default if null.</summary>
    public Amount? PayAt { get; init; }

    /// <summary>How long a read may stay unpaid; thirty days if null.</summary>
    public int? DueAfterSeconds { get; init; }
}

/// <summary>A price for units or time, up to a ceiling.</summary>
public sealed record Metered : Pricing
{
    /// <summary>The price of <see cref="Count"/> of them.</summary>
    public required Amount Price { get; init; }

    /// <summary>What is counted: <c>unit</c>, <c>second</c>, <c>minute</c> or <c>hour</c>.</summary>
    public required string Per { get; init; }

    /// <summary>What is held: at most so much is paid.</summary>
    public required Amount Ceiling { get; init; }

    /// <summary>A meter of which nothing is reported for so long is stopped.</summary>
    public required int SilentAfterSeconds { get; init; }

    /// <summary>How many of them the price is for; one if null.</summary>
    public uint? Count { get; init; }
}

/// <summary>A price for each week or month.</summary>
public sealed record PerPeriod : Pricing
{
    /// <summary>The price of a period.</summary>
    public required Amount Price { get; init; }

    /// <summary><c>week</c> or <c>month</c>.</summary>
    public required string Every { get; init; }

    /// <summary>How many units a period includes; as many as are wanted if null.</summary>
    public int? Included { get; init; }

    /// <summary>What a unit costs beyond those, or null.</summary>
    public Extra? Extra { get; init; }
}

/// <summary>Units beyond those that a period includes.</summary>
public sealed record Extra
{
    /// <summary>The price of one unit.</summary>
    public required Amount Price { get; init; }

    /// <summary>At most how much in a period.</summary>
    public required Amount Cap { get; init; }
}

/// <summary>Capped fares, with exactly one of <see cref="Flat"/> and <see cref="Zones"/>.</summary>
public sealed record FareTable : Pricing
{
    /// <summary>The most that a card pays for a fare day.</summary>
    public required Amount PerDay { get; init; }

    /// <summary>The most that a card pays for a fare week.</summary>
    public required Amount PerWeek { get; init; }

    /// <summary>What every journey costs.</summary>
    public Amount? Flat { get; init; }

    /// <summary>What journeys between zones cost.</summary>
    public ZoneFares? Zones { get; init; }

    /// <summary>Whose days and weeks: a name of the IANA database; UTC if null.</summary>
    public string? TimeZone { get; init; }
}

/// <summary>What journeys between zones cost.</summary>
public sealed record ZoneFares
{
    /// <summary>A fare for each pair of zones, and for each zone with itself.</summary>
    public required IReadOnlyList<ZoneFare> Pairs { get; init; }

    /// <summary>What a tap without its other one costs in the end.</summary>
    public required Amount Incomplete { get; init; }

    /// <summary>The longest that a journey can last; three hours if null.</summary>
    public int? CompleteWithinSeconds { get; init; }

    /// <summary>How long a fare day with an incomplete journey waits before it is charged; two days if null.</summary>
    public int? WaitSeconds { get; init; }
}

/// <summary>What a journey between two zones costs, in either direction.</summary>
public sealed record ZoneFare
{
    /// <summary>One zone.</summary>
    public required string From { get; init; }

    /// <summary>The other, or the same.</summary>
    public required string To { get; init; }

    /// <summary>The fare.</summary>
    public required Amount Fare { get; init; }
}
