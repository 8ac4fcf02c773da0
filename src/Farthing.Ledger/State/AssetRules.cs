using System.Buffers;
using System.Text;
using Farthing.Protocol;

namespace Farthing.Ledger.State;

/// <summary>What a well-formed asset is.</summary>
internal static class AssetRules
{
    public const byte MaxScale = 36;

    private static readonly SearchValues<char> CodeCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:/._-");

    private static readonly string[] SharedCodes = [Asset.Usd.Code, Asset.Eur.Code, Asset.Gbp.Code, Asset.Btc.Code];

    public static bool IsWellFormed(Asset asset) =>
        asset.Code is { Length: > 0 and <= Asset.MaxCodeLength } && asset.Scale <= MaxScale && !asset.Code.AsSpan().ContainsAnyExcept(CodeCharacters);

    /// <summary>The text of a code's ASCII bytes; the usual currencies share one string, as replaying reads them millions of times.</summary>
    public static string CodeOf(ReadOnlySpan<byte> ascii)
    {
        foreach (var code in SharedCodes)
        {
            if (Ascii.Equals(ascii, code)) return code;
        }

        return Encoding.ASCII.GetString(ascii);
    }
}
