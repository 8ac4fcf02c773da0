using Farthing.Payments.Calendars;
using Farthing.Protocol;

namespace Farthing.Payments.Offers;

/// <summary><see cref="PerPeriod"/> as it travels.</summary>
/// <param name="Price">The price of a period.</param>
/// <param name="Every"><c>week</c> or <c>month</c>.</param>
public sealed record PerPeriodJson(AmountJson Price, string Every) : PricingJson
{
    /// <summary>How many units a period includes; as many as are wanted by default.</summary>
    public int? Included { get; init; }

    /// <summary>What a unit costs beyond those; none by default.</summary>
    public ExtraJson? Extra { get; init; }

    /// <inheritdoc/>
    public override Answer<Pricing> Read(string field)
    {
        if (WireAmounts.Read(Price, $"{field}.price", out var price) is { } refusal) return refusal;
        if (Every is not ("week" or "month")) return new Refusal(RefusalCodes.InvalidPricing, $"{field}.every must be week or month.");
        Extra? extra = null;
        if (Extra is not null)
        {
            if (WireAmounts.Read(Extra.Price, $"{field}.extra.price", out var each) is { } unread) return unread;
            if (WireAmounts.Read(Extra.Cap, $"{field}.extra.cap", out var cap) is { } uncapped) return uncapped;
            extra = new Extra(each, cap);
        }

        return new PerPeriod(price, Every == "week" ? CalendarPeriod.Week : CalendarPeriod.Month) { Included = Included, Extra = extra };
    }
}

/// <summary><see cref="Extra"/> as it travels.</summary>
/// <param name="Price">The price of one unit.</param>
/// <param name="Cap">At most how much in a period.</param>
public sealed record ExtraJson(AmountJson Price, AmountJson Cap);
