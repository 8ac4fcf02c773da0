using Farthing.Protocol;

namespace Farthing.Payments.Offers;

/// <summary>A fixed price for each use.</summary>
/// <param name="Price">The price of one use, more than zero.</param>
public sealed record PerUse(Amount Price) : Pricing
{
    /// <inheritdoc/>
    public override PricingJson ToJson() => new PerUseJson(AmountJson.From(Price));

    private protected override IEnumerable<Amount> Amounts => [Price];

    private protected override string? FindFault() => null;

    internal override Refusal? PriceOf(uint quantity, Amount? chosen, out Amount price)
    {
        price = Price * quantity;
        return chosen is null ? null : new(RefusalCodes.InvalidField, "The offer has a fixed price: leave the amount out.");
    }
}
