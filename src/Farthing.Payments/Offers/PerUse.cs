using Farthing.Payments.Calendars;
using Farthing.Protocol;

namespace Farthing.Payments.Offers;

/// <summary>A fixed price for each use, or for owning what is sold for a while.</summary>
/// <param name="Price">The price of one use, more than zero.</param>
public sealed record PerUse(Amount Price) : Pricing
{
    /// <summary>One minute.</summary>
    public const int MinOwnedForSeconds = 60;

    /// <summary>Ten years of 365 days.</summary>
    public const int MaxOwnedForSeconds = 10 * 365 * 24 * 3600;

    /// <summary>How long what is bought only once is the wallet's, in seconds from its posting; null, the default, for ever.</summary>
    public int? OwnedForSeconds { get; init; }

    /// <summary>The most that a wallet pays for the offer in a calendar day, from which on the rest of the day costs nothing; at least the price. Null, the default, for no such cap.</summary>
    public DayCap? DayCap { get; init; }

    /// <inheritdoc/>
    public override PricingJson ToJson() => new PerUseJson(AmountJson.From(Price))
    {
        OwnedForSeconds = OwnedForSeconds,
        DayCap = DayCap is null ? null : AmountJson.From(DayCap.Amount),
        TimeZone = DayCap?.TimeZone,
    };

    private protected override IEnumerable<Amount> Amounts => DayCap is null ? [Price] : [Price, DayCap.Amount];

    private protected override string? FindFault()
    {
        if (OwnedForSeconds is < MinOwnedForSeconds or > MaxOwnedForSeconds) return $"ownedForSeconds must be {MinOwnedForSeconds} to {MaxOwnedForSeconds}, or left out.";
        if (DayCap is null) return null;
        if (DayCap.Amount.Units < Price.Units) return $"The dayCap is below the price of {Price}.";
        return TimeZones.TryFind(DayCap.TimeZone, out _) ? null : "timeZone must be a name of the IANA database, such as Europe/Paris.";
    }

    internal override Refusal? PriceOf(uint quantity, Amount? chosen, out Amount price)
    {
        price = Price * quantity;
        return chosen is null ? null : new(RefusalCodes.InvalidField, "The offer has a fixed price: leave the amount out.");
    }
}

/// <summary>The most that a wallet pays for an offer in a calendar day.</summary>
/// <param name="Amount">How much.</param>
/// <param name="TimeZone">Whose days, by its name in the IANA database.</param>
public sealed record DayCap(Amount Amount, string TimeZone);
