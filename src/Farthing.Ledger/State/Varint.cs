using System.Buffers.Binary;
using System.Numerics;

namespace Farthing.Ledger.State;

/// <summary>Numbers of variable length: seven bits a byte, least first, the top bit set on all but the last. One number has one form.</summary>
/// <remarks>Each record has a dozen. Numbers of up to 56 bits are packed and unpacked as one word, when there are eight bytes to write or read.</remarks>
internal static class Varint
{
    /// <summary>The longest form of a 128-bit number.</summary>
    public const int MaxLength = 19;

    /// <summary>Behind the end of whatever is read from: no number begins there.</summary>
    public const int Malformed = int.MaxValue;

    private const int WordLength = sizeof(ulong);
    private const ulong TopBits = 0x8080_8080_8080_8080;

    /// <summary>Writes a number; bytes behind it may be overwritten too.</summary>
    /// <returns>Its length.</returns>
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

    /// <summary>Writes a number; bytes behind it may be overwritten too.</summary>
    /// <returns>Its length.</returns>
    public static int Write(Span<byte> destination, ulong value)
    {
        if (value < 0x80)
        {
            destination[0] = (byte)value;
            return 1;
        }

        if (value >> 56 == 0 && destination.Length >= WordLength)
        {
            var length = (BitOperations.Log2(value) / 7) + 1;
            var marks = TopBits & ((1UL << (8 * (length - 1))) - 1);
            BinaryPrimitives.WriteUInt64LittleEndian(destination, Spread(value) | marks);
            return length;
        }

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
    /// <returns>False if it is malformed.</returns>
    public static bool TryRead(ref ReadOnlySpan<byte> bytes, out UInt128 value)
    {
        var length = Read(bytes, 0, out value);
        if (length == Malformed) return false;
        bytes = bytes[length..];
        return true;
    }

    /// <summary>The same for a number of at most 64 bits.</summary>
    public static bool TryRead(ref ReadOnlySpan<byte> bytes, out ulong value)
    {
        var isRead = TryRead(ref bytes, out UInt128 wide) && wide <= ulong.MaxValue;
        value = isRead ? (ulong)wide : 0;
        return isRead;
    }

    /// <summary>Reads the number that begins at an offset.</summary>
    /// <returns>The offset behind it; <see cref="Malformed"/> if it does not end, is longer than need be, is above 2^128 - 1, or if the offset was <see cref="Malformed"/>.</returns>
    public static int Read(ReadOnlySpan<byte> bytes, int at, out UInt128 value)
    {
        // Nearly all numbers are short, and need no wide arithmetic.
        if ((uint)at < (uint)bytes.Length && bytes[at] < 0x80)
        {
            value = bytes[at];
            return at + 1;
        }
        if (bytes.Length - at >= WordLength)
        {
            var word = BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);
            var end = BitOperations.TrailingZeroCount(~word & TopBits);
            // A last byte of zero would be longer than need be.
            if (end < 64 && (word >> (end - 7)) << 56 != 0)
            {
                value = Gather(word & (ulong.MaxValue >> (63 - end)));
                return at + (end / 8) + 1;
            }
        }
        return ReadLong(bytes, at, out value);
    }

    // Byte by byte: what is longer than a word, stands at the end, or is malformed.
    private static int ReadLong(ReadOnlySpan<byte> bytes, int at, out UInt128 value)
    {
        value = UInt128.Zero;
        for (var i = 0; i < MaxLength && i < bytes.Length - at; i++)
        {
            var part = bytes[at + i];
            if (i == MaxLength - 1 && part > 3) return Malformed;
            value |= (UInt128)(part & 0x7Fu) << (7 * i);
            if (part >= 0x80) continue;
            return part == 0 && i > 0 ? Malformed : at + i + 1;
        }
        return Malformed;
    }

    // From seven bits in each byte to 56 in a row: pairs, then fours, then all eight.
    private static ulong Gather(ulong word)
    {
        word = (word & 0x007F_007F_007F_007F) | ((word & 0x7F00_7F00_7F00_7F00) >> 1);
        word = (word & 0x0000_3FFF_0000_3FFF) | ((word & 0x3FFF_0000_3FFF_0000) >> 2);
        return (word & 0x0000_0000_0FFF_FFFF) | ((word & 0x0FFF_FFFF_0000_0000) >> 4);
    }

    private static ulong Spread(ulong value)
    {
        value = (value & 0x0000_0000_0FFF_FFFF) | ((value & 0x00FF_FFFF_F000_0000) << 4);
        value = (value & 0x0000_3FFF_0000_3FFF) | ((value & 0x0FFF_C000_0FFF_C000) << 2);
        return (value & 0x007F_007F_007F_007F) | ((value & 0x3F80_3F80_3F80_3F80) << 1);
    }
}
