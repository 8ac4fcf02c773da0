using Farthing.Protocol;

namespace Farthing.Payments.Offers;

/// <summary>A fixed price for each read, which goes on the wallet's tab with the payee and is paid later, together with others.</summary>
/// <param name="Price">The price of one read, more than zero.</param>
/// <param name="PayAt">At most how much a tab that is opened for this offer may owe.</param>
/// <param name="DueAfterSeconds">How long a read may stay unpaid before what the tab owes is booked as a loss.</param>
public sealed record OnTab(Amount Price, Amount PayAt, int DueAfterSeconds) : Pricing
{
    /// <summary>Thirty days.</summary>
    public const int DefaultDueAfterSeconds = 30 * 24 * 3600;

    /// <summary>One hour.</summary>
    public const int MinDueAfterSeconds = 3600;

    /// <summary>A year of 365 days.</summary>
    public const int MaxDueAfterSeconds = 365 * 24 * 3600;

    /// <summary>What a tab owes at most if its payee does not say: 5 of a currency of everyday money, 0.0001 BTC.</summary>
    public static Amount DefaultPayAt(Asset currency) => new(currency, currency.Code == "BTC" ? 10_000_000u : 5_000_000u);

    /// <inheritdoc/>
    public override PricingJson ToJson() => new OnTabJson(AmountJson.From(Price)) { PayAt = AmountJson.From(PayAt), DueAfterSeconds = DueAfterSeconds };

    private protected override IEnumerable<Amount> Amounts => [Price, PayAt];

    private protected override string? FindFault()
    {
        if (PayAt.Units < Price.Units) return $"payAt is less than the price of one read, {Price}.";
        return DueAfterSeconds is < MinDueAfterSeconds or > MaxDueAfterSeconds ? $"dueAfterSeconds must be {MinDueAfterSeconds} to {MaxDueAfterSeconds}." : null;
    }

    internal override Refusal? PriceOf(uint quantity, Amount? chosen, out Amount price)
    {
        price = Price * quantity;
        return chosen is null ? null : new(RefusalCodes.InvalidField, "The offer has a fixed price: leave the amount out.");
    }
}
