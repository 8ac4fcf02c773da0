namespace Farthing.Protocol;

/// <summary>Crockford's base32 of 128-bit numbers: 26 characters, upper case, the first at most <c>7</c>.</summary>
/// <remarks>Source: https://www.crockford.com/base32.html. Only the canonical form is read, so that one id has one text.</remarks>
internal static class Crockford
{
    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    private static readonly sbyte[] Values = BuildValues();

    public static void Encode(UInt128 value, Span<char> destination)
    {
        for (var i = 25; i >= 0; i--)
        {
            destination[i] = Alphabet[(int)((ulong)value & 31)];
            value >>= 5;
        }
    }

    public static bool TryDecode(ReadOnlySpan<char> text, out UInt128 value)
    {
        value = default;
        if (text.Length != 26 || text[0] > '7') return false;
        foreach (var c in text)
        {
            if (c >= Values.Length || Values[c] < 0) return false;
            value = (value << 5) | (uint)Values[c];
        }

        return true;
    }

    private static sbyte[] BuildValues()
    {
        var values = new sbyte[128];
        Array.Fill(values, (sbyte)-1);
        for (var i = 0; i < Alphabet.Length; i++) values[Alphabet[i]] = (sbyte)i;
        return values;
    }
}
