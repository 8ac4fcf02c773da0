using Farthing.Protocol;

namespace Farthing.Payments;

/// <summary>The currencies that wallets and payees can be in.</summary>
internal static class Currency
{
    public static bool IsKnown(Asset asset) => asset.Code is not null && Asset.TryGetCurrency(asset.Code, out var known) && known == asset;

    /// <summary>The currency of a settings row.</summary>
    /// <exception cref="InvalidOperationException">The row names none: it was not written by this program.</exception>
    public static Asset Of(string code) => Asset.TryGetCurrency(code, out var asset) ? asset
        : throw new InvalidOperationException($"The settings name the currency '{code}', which this version does not know.");
}
