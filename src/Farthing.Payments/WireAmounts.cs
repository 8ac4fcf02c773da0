using Farthing.Protocol;

namespace Farthing.Payments;

/// <summary>Amounts as they come in: a decimal string and a currency, positive and exact.</summary>
public static class WireAmounts
{
    /// <summary>Reads a currency.</summary>
    /// <returns>Why it is none, or null.</returns>
    public static Refusal? ReadCurrency(string code, out Asset asset) =>
        Asset.TryGetCurrency(code, out asset) ? null : new Refusal(RefusalCodes.UnknownCurrency, "The currencies here are USD, EUR, GBP and BTC.");

    /// <summary>Reads an amount.</summary>
    /// <param name="sent">What was sent.</param>
    /// <param name="field">Where it stands in the body.</param>
    /// <param name="amount">The amount, if null is returned.</param>
    public static Refusal? Read(AmountJson? sent, string field, out Amount amount)
    {
        amount = default;
        // Only a list may have a hole.
        if (sent is null) return new Refusal(RefusalCodes.InvalidField, $"{field} must not be null.");
        if (ReadCurrency(sent.Currency, out var asset) is { } refusal) return refusal;
        return Amount.TryParse(sent.Amount, asset, out amount) switch
        {
            AmountError.None when amount.IsZero => new Refusal(RefusalCodes.AmountMustNotBeZero, $"{field} is zero."),
            AmountError.None => null,
            AmountError.AmountMustNotBeNegative => new Refusal(RefusalCodes.AmountMustNotBeNegative, $"{field} is negative."),
            AmountError.TooManyDecimals => new Refusal(RefusalCodes.TooManyDecimals, $"{field} has more than the {asset.Scale} decimals of {asset.Code}."),
            AmountError.AmountTooLarge => new Refusal(RefusalCodes.AmountTooLarge, $"{field} is longer than {Amount.MaxTextLength} characters, or more than can be paid."),
            _ => new Refusal(RefusalCodes.InvalidAmount, $"{field} must be digits, or digits, a point and digits, such as \"0.02\"."),
        };
    }
}
