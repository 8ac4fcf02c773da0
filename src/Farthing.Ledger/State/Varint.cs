namespace Farthing.Ledger.State;

/// <summary>Numbers of variable length: seven bits a byte, least first, the top bit set on all but the last. One number has one form.</summary>
internal static class Varint
{
    /// <summary>The longest form of a 128-bit number.</summary>
    public const int MaxLength = 19;

    private const int MaxShortLength = 9;

    public static int Write(Span<byte> destination, UInt128 value)
    {
        var at = 0;
        while (value > ulong.MaxValue)
        {
            destination[at++] = (byte)(((byte)((ulong)(value & 0x7F))) | 0x80);
            value >>= 7;
        }

        return at + Write(destination[at..], (ulong)value);
    }

    public static int Write(Span<byte> destination, ulong value)
    {
        var at = 0;
        while (value >= 0x80)
        {
            destination[at++] = (byte)((value & 0x7F) | 0x80);
            value >>= 7;
        }

        destination[at++] = (byte)value;
        return at;
    }

    /// <summary>Reads a number from the start of <paramref name="bytes"/> and cuts it off.</summary>
    /// <returns>False if it does not end, is longer than need be, or is above 2^128 - 1.</returns>
    public static bool TryRead(ref ReadOnlySpan<byte> bytes, out UInt128 value)
    {
        // Nearly all numbers end within 63 bits, where no wide arithmetic is needed.
        if (TryReadShort(ref bytes, out var small))
        {
            value = small;
            return true;
        }

        value = UInt128.Zero;
        for (var i = 0; i < MaxLength && i < bytes.Length; i++)
        {
            var part = bytes[i];
            if (i == MaxLength - 1 && part > 3) return false;
            value |= (UInt128)(part & 0x7Fu) << (7 * i);
            if (part >= 0x80) continue;
            if (part == 0 && i > 0) return false;
            bytes = bytes[(i + 1)..];
            return true;
        }

        return false;
    }

    /// <summary>Reads a number of at most 64 bits.</summary>
    public static bool TryRead(ref ReadOnlySpan<byte> bytes, out ulong value)
    {
        if (TryReadShort(ref bytes, out value)) return true;
        var isRead = TryRead(ref bytes, out UInt128 wide) && wide <= ulong.MaxValue;
        value = isRead ? (ulong)wide : 0;
        return isRead;
    }

    // False for what is longer than nine bytes and for what is malformed: the slow way tells them apart.
    private static bool TryReadShort(ref ReadOnlySpan<byte> bytes, out ulong value)
    {
        value = 0;
        for (var i = 0; i < MaxShortLength && i < bytes.Length; i++)
        {
            var part = bytes[i];
            value |= (part & 0x7Ful) << (7 * i);
            if (part >= 0x80) continue;
            if (part == 0 && i > 0) return false;
            bytes = bytes[(i + 1)..];
            return true;
        }

        return false;
    }
}
