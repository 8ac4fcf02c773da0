using Farthing.Protocol;

namespace Farthing.Payments;

/// <summary>Texts that people are shown.</summary>
internal static class Words
{
    /// <summary>True if a text has 1 to <paramref name="longest"/> characters, not all blank, none of them a control character or half of a pair.</summary>
    public static bool AreShown(string? text, int longest)
    {
        if (string.IsNullOrWhiteSpace(text) || text.Length > longest) return false;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (char.IsControl(c)) return false;
            if (!char.IsSurrogate(c)) continue;
            if (!char.IsHighSurrogate(c) || i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1])) return false;
            i++;
        }

        return true;
    }
}

/// <summary>The currencies that wallets and payees can be in.</summary>
internal static class Currency
{
    public static bool IsKnown(Asset asset) => asset.Code is not null && Asset.TryGetCurrency(asset.Code, out var known) && known == asset;

    /// <summary>The currency of a settings row.</summary>
    /// <exception cref="InvalidOperationException">The row names none: it was not written by this program.</exception>
    public static Asset Of(string code) => Asset.TryGetCurrency(code, out var asset) ? asset
        : throw new InvalidOperationException($"The settings name the currency '{code}', which this version does not know.");
}

/// <summary>The origins that pay pages return to.</summary>
internal static class Origin
{
    /// <summary>Reads the origin of an address.</summary>
    /// <returns>False if it is not absolute http or https, or names a user.</returns>
    public static bool TryRead(string address, out string? origin)
    {
        origin = null;
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.UserInfo.Length != 0) return false;
        if (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps) return false;
        origin = uri.GetLeftPart(UriPartial.Authority);
        return true;
    }
}
