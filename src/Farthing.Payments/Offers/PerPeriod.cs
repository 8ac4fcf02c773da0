using Farthing.Payments.Calendars;
using Farthing.Protocol;

namespace Farthing.Payments.Offers;

/// <summary>A price for each week or month, which includes a number of units or as many as are wanted.</summary>
/// <param name="Price">The price of a period, more than zero.</param>
/// <param name="Every">How long a period is: a week or a month.</param>
public sealed record PerPeriod(Amount Price, CalendarPeriod Every) : Pricing
{
    /// <summary>One billion.</summary>
    public const int MaxIncluded = 1_000_000_000;

    /// <summary>How many units a period includes; null, the default, for as many as are wanted.</summary>
    public int? Included { get; init; }

    /// <summary>What a unit costs beyond those; null, the default, if there are none beyond.</summary>
    public Extra? Extra { get; init; }

    /// <inheritdoc/>
    public override PricingJson ToJson() => new PerPeriodJson(AmountJson.From(Price), Every.ToString().ToLowerInvariant())
    {
        Included = Included,
        Extra = Extra is null ? null : new ExtraJson(AmountJson.From(Extra.Price), AmountJson.From(Extra.Cap)),
    };

    private protected override IEnumerable<Amount> Amounts => Extra is null ? [Price] : [Price, Extra.Price, Extra.Cap];

    private protected override string? FindFault()
    {
        if (Every is not (CalendarPeriod.Week or CalendarPeriod.Month)) return "every must be week or month.";
        if (Included is < 1 or > MaxIncluded) return $"included must be 1 to {MaxIncluded} units, or left out for as many as are wanted.";
        if (Extra is not null && Included is null) return "What includes as much as is wanted has no extra: leave it out, or say how many units are included.";
        return Extra is not null && Extra.Cap.Units < Extra.Price.Units ? "extra.cap is less than one unit costs." : null;
    }

    internal override Refusal? PriceOf(uint quantity, Amount? chosen, out Amount price)
    {
        price = default;
        return new(RefusalCodes.OfferIsASubscription, "This offer is paid for by the period. Subscribe to it at POST /v1/subscriptions.");
    }
}

/// <summary>What units cost beyond those that a period includes.</summary>
/// <param name="Price">The price of one.</param>
/// <param name="Cap">At most how much in a period.</param>
public sealed record Extra(Amount Price, Amount Cap);
