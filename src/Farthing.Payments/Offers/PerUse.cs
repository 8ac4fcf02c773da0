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

    /// <inheritdoc/>
    public override PricingJson ToJson() => new PerUseJson(AmountJson.From(Price)) { OwnedForSeconds = OwnedForSeconds };

    private protected override IEnumerable<Amount> Amounts => [Price];

    private protected override string? FindFault() =>
        OwnedForSeconds is < MinOwnedForSeconds or > MaxOwnedForSeconds ? $"ownedForSeconds must be {MinOwnedForSeconds} to {MaxOwnedForSeconds}, or left out." : null;

    internal override Refusal? PriceOf(uint quantity, Amount? chosen, out Amount price)
    {
        price = Price * quantity;
        return chosen is null ? null : new(RefusalCodes.InvalidField, "The offer has a fixed price: leave the amount out.");
    }
}
