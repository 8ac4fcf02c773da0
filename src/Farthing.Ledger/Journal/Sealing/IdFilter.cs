using System.Buffers.Binary;
using System.IO.Hashing;

namespace Farthing.Ledger.Journal.Sealing;

/// <summary>Says of most ids that are not in a set that they are not, from one cache line: a Bloom filter in blocks of 64 bytes.</summary>
/// <remarks>With ten bits an id, about one in seventy that is not in the set is let through.</remarks>
internal static class IdFilter
{
    public const int BlockBytes = 64;

    private const int BitsPerId = 10;
    private const int ProbesPerId = 7;
    private const int BlockBits = BlockBytes * 8;

    /// <summary>How long the filter of so many ids is; nothing for none.</summary>
    public static long BytesFor(int ids) => ((long)ids * BitsPerId + BlockBits - 1) / BlockBits * BlockBytes;

    /// <summary>What an id is filtered by, in all segments of a journal.</summary>
    /// <param name="id">The id.</param>
    /// <param name="journal">The journal's number, so that nobody can choose ids that fill the same bits.</param>
    public static UInt128 HashOf(UInt128 id, UInt128 journal)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128LittleEndian(bytes, id);
        return XxHash128.HashToUInt128(bytes, unchecked((long)journal));
    }

    public static void Add(Span<byte> filter, UInt128 hash)
    {
        var block = filter.Slice(BlockOf(filter.Length, hash), BlockBytes);
        var bits = unchecked((ulong)hash);
        for (var probe = 0; probe < ProbesPerId; probe++, bits >>= 9) block[(int)((bits >> 3) & (BlockBytes - 1))] |= (byte)(1 << (int)(bits & 7));
    }

    public static bool MayHold(ReadOnlySpan<byte> filter, UInt128 hash)
    {
        if (filter.IsEmpty) return false;
        var block = filter.Slice(BlockOf(filter.Length, hash), BlockBytes);
        var bits = unchecked((ulong)hash);
        for (var probe = 0; probe < ProbesPerId; probe++, bits >>= 9)
        {
            if ((block[(int)((bits >> 3) & (BlockBytes - 1))] & (1 << (int)(bits & 7))) == 0) return false;
        }
        return true;
    }

    // The upper half of the hash chooses the block, 9 bits of the lower half each bit in it.
    private static int BlockOf(int length, UInt128 hash) => (int)Math.BigMul((ulong)(hash >> 64), (ulong)(length / BlockBytes), out _) * BlockBytes;
}
