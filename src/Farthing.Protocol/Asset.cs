using System.Buffers;
using System.Text;

namespace Farthing.Protocol;

/// <summary>What is counted: a currency, a token, or an allowance, and how many decimals it has.</summary>
/// <param name="Code">1 to 64 ASCII characters out of <c>A-Z a-z 0-9 : / . _ -</c>, such as <c>USD</c> or <c>allowance:USD</c>.</param>
/// <param name="Scale">Decimals of the smallest unit, 0 to 36: 6 for USD, so one unit is a millionth of a dollar.</param>
/// <remarks>The default value is no asset. Immutable; safe to share between threads.</remarks>
public readonly record struct Asset(string Code, byte Scale)
{
    /// <summary>The longest code.</summary>
    public const int MaxCodeLength = 64;

    /// <summary>US dollars, counted in millionths.</summary>
    public static Asset Usd { get; } = new("USD", 6);

    /// <summary>Euros, counted in millionths.</summary>
    public static Asset Eur { get; } = new("EUR", 6);

    /// <summary>Pounds sterling, counted in millionths.</summary>
    public static Asset Gbp { get; } = new("GBP", 6);

    /// <summary>Bitcoin, counted in millisatoshi.</summary>
    public static Asset Btc { get; } = new("BTC", 11);

    /// <summary>The most decimals.</summary>
    public const byte MaxScale = 36;

    private static readonly Asset[] Known = [Usd, Eur, Gbp, Btc];

    private static readonly SearchValues<byte> CodeBytes = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:/._-"u8);

    /// <summary>Finds a currency that the wire format names by its code alone.</summary>
    /// <returns>False if the code is not one of <see cref="Usd"/>, <see cref="Eur"/>, <see cref="Gbp"/>, <see cref="Btc"/>. Codes are case-sensitive.</returns>
    public static bool TryGetCurrency(ReadOnlySpan<char> code, out Asset asset)
    {
        foreach (var known in Known)
        {
            if (code.SequenceEqual(known.Code))
            {
                asset = known;
                return true;
            }
        }

        asset = default;
        return false;
    }

    /// <summary>Reads an asset from bytes: the ASCII of its code, and its scale; an empty code with scale zero is no asset.</summary>
    /// <returns>False if the code is too long or has another character, or the scale is above <see cref="MaxScale"/>. Never throws.</returns>
    public static bool TryRead(ReadOnlySpan<byte> code, byte scale, out Asset asset)
    {
        asset = default;
        if (code.IsEmpty) return scale == 0;
        if (code.Length > MaxCodeLength || scale > MaxScale || code.ContainsAnyExcept(CodeBytes)) return false;
        foreach (var known in Known)
        {
            if (scale == known.Scale && Ascii.Equals(code, known.Code))
            {
                asset = known;
                return true;
            }
        }

        asset = new Asset(Encoding.ASCII.GetString(code), scale);
        return true;
    }

    /// <summary>The code, or an empty string for no asset.</summary>
    public override string ToString() => Code ?? "";
}
