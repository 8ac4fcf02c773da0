using System.Text;

namespace Farthing.Protocol;

/// <summary>Crockford's base32 of 128-bit numbers: 26 characters, upper case, the first at most <c>7</c>.</summary>
/// <remarks>Source: https://www.crockford.com/base32.html. Only the canonical form is read, so that one id has one text.</remarks>
internal static class Crockford
{
    private const int Length = 26;


    private static ReadOnlySpan<byte> Alphabet => "0123456789ABCDEFGHJKMNPQRSTVWXYZ"u8;

    private static readonly sbyte[] Values = BuildValues();

    public static void Encode(UInt128 value, Span<char> destination)
    {
        Span<byte> ascii = stackalloc byte[Length];
        Encode(value, ascii);
        Ascii.ToUtf16(ascii, destination, out _);
    }

    /// <summary>Writes the 26 characters as ASCII.</summary>
    public static void Encode(UInt128 value, Span<byte> destination)
    {
        destination = destination[..Length];
        // In halves: shifting 128 bits 26 times costs three times as much, and ids are written several times per payment.
        var upper = (ulong)(value >> 64);
        var lower = (ulong)(value & ulong.MaxValue);
        for (var i = 25; i >= 14; i--, lower >>= 5) destination[i] = Alphabet[(int)(lower & 31)];
        var middle = (upper << 4) | lower;
        for (var i = 13; i >= 2; i--, middle >>= 5) destination[i] = Alphabet[(int)(middle & 31)];
        var top = (upper >> 60 << 4) | middle;
        destination[1] = Alphabet[(int)(top & 31)];
        destination[0] = Alphabet[(int)(top >> 5)];
    }

    public static bool TryDecode(ReadOnlySpan<char> text, out UInt128 value)
    {
        value = default;
        if (text.Length != Length || text[0] > '7') return false;

        // In parts of 8, 60 and 60 bits, for the same reason.
        if (!TryDecodePart(text[..2], out var top) || !TryDecodePart(text[2..14], out var middle) || !TryDecodePart(text[14..], out var bottom)) return false;
        value = new((top << 56) | (middle >> 4), (middle << 60) | bottom);
        return true;
    }

    private static bool TryDecodePart(ReadOnlySpan<char> text, out ulong value)
    {
        value = 0;
        foreach (var c in text)
        {
            if (c >= Values.Length || Values[c] < 0) return false;
            value = (value << 5) | (byte)Values[c];
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
