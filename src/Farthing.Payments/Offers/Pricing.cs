using Farthing.Protocol;

namespace Farthing.Payments.Offers;

/// <summary>How an offer is priced; each model is a case of its own.</summary>
/// <remarks>
/// A new model is a case here, which checks and prices itself, and one of <see cref="PricingJson"/>, which is how it travels and how it is stored.
/// Immutable; safe to share between threads.
/// </remarks>
public abstract record Pricing
{
    private protected Pricing()
    {
    }

    /// <summary>As it travels, and as it is stored.</summary>
    public abstract PricingJson ToJson();

    /// <summary>Amounts that a payer is shown to choose from, the least first; empty where the price is the payee's word.</summary>
    internal virtual IReadOnlyList<Amount> Choices => [];

    /// <summary>Every amount in it: each must be more than zero and in the payee's currency.</summary>
    private protected abstract IEnumerable<Amount> Amounts { get; }

    /// <summary>What makes no sense in it, as a sentence; or null. All its amounts are of one currency.</summary>
    private protected abstract string? FindFault();

    /// <summary>The price of a purchase.</summary>
    /// <param name="quantity">How many are bought: 1 to <see cref="Desk.PaymentRequest.MaxQuantity"/>.</param>
    /// <param name="chosen">The amount that the payer named, or null.</param>
    /// <param name="price">The price, if null is returned.</param>
    internal abstract Refusal? PriceOf(uint quantity, Amount? chosen, out Amount price);

    /// <summary>Why a payee cannot sell at this pricing, or null.</summary>
    internal Refusal? Check(Asset currency)
    {
        foreach (var amount in Amounts)
        {
            if (amount.IsZero) return new(RefusalCodes.AmountMustNotBeZero, "A price must be more than zero.");
            if (amount.Units > Amount.MaxUnits) return new(RefusalCodes.AmountTooLarge, "The price is too large.");
            if (amount.Asset != currency) return new(RefusalCodes.CurrencyMismatch, $"The price is in {amount.Asset}, but the payee is paid in {currency}.");
        }

        return FindFault() is { } fault ? new(RefusalCodes.InvalidPricing, fault) : null;
    }
}
