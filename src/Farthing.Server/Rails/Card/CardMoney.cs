using Farthing.Payments;
using Farthing.Protocol;

namespace Farthing.Server.Rails.Card;

/// <summary>Amounts as Stripe counts them: in cents of a currency with a lower-case code.</summary>
internal static class CardMoney
{
    // Of the currencies here Stripe takes these, and counts all of them with two decimals.
    private static readonly Asset[] Taken = [Asset.Usd, Asset.Eur, Asset.Gbp];

    private static readonly UInt128 UnitsOfACent = 10_000;

    public static Refusal? Check(Amount amount)
    {
        if (!Taken.Contains(amount.Asset)) return new(RefusalCodes.RailNotAvailable, $"Cards are not charged in {amount.Asset} here.");
        return amount.Units % UnitsOfACent == UInt128.Zero ? null : new(RefusalCodes.TooManyDecimals, "A card is charged whole cents: at most two decimals.");
    }

    public static string CodeOf(Asset asset) => asset.Code.ToLowerInvariant();

    public static long ToCents(Amount amount) => (long)(amount.Units / UnitsOfACent);

    public static Amount RoundDown(Amount amount) => new(amount.Asset, amount.Units - (amount.Units % UnitsOfACent));

    /// <exception cref="InvalidOperationException">Stripe speaks of a currency that was never collected.</exception>
    public static Amount FromCents(long cents, string currency) => Asset.TryGetCurrency(currency.ToUpperInvariant(), out var asset) && Taken.Contains(asset)
        ? new Amount(asset, (UInt128)cents * UnitsOfACent)
        : throw new InvalidOperationException($"Stripe names the currency '{currency}', in which nothing was collected.");
}
