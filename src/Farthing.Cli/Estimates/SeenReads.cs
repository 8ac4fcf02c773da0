using System.IO.Hashing;

namespace Farthing.Cli.Estimates;

/// <summary>Which reader has had which address, in 32 MiB however many there are: a Bloom filter.</summary>
/// <remarks>
/// It now and then takes a first read for a repeated one, never the other way: what is estimated is rather too little than too much. Not safe to share between threads.
/// </remarks>
internal sealed class SeenReads
{
    /// <summary>Up to so many reads about one in a hundred is missed; beyond, ever more.</summary>
    public const long Comfortable = 25_000_000;

    // Bits of one block of 512: a question goes to one place in memory. 19 bits of the hash name the block, five times nine of the others a bit in it.
    private const int BitsPerRead = 5;
    private const int WordsPerBlock = 8;
    private const int BlockShift = 64 - 19;

    private readonly ulong[] words = new ulong[(1 << (64 - BlockShift)) * WordsPerBlock];

    /// <summary>How many different reads were added.</summary>
    public long Count { get; private set; }

    /// <summary>Adds a read.</summary>
    /// <returns>True if it was not there.</returns>
    public bool Add(ReadOnlySpan<byte> host, ReadOnlySpan<byte> agent, ReadOnlySpan<byte> path)
    {
        var hash = Hash(path, Hash(agent, Hash(host, 0)));
        var block = words.AsSpan((int)(hash >> BlockShift) * WordsPerBlock, WordsPerBlock);
        var isNew = false;
        for (var i = 0; i < BitsPerRead; i++)
        {
            var bit = (int)(hash & 511);
            var mask = 1UL << (bit & 63);
            isNew |= (block[bit >> 6] & mask) == 0;
            block[bit >> 6] |= mask;
            hash >>= 9;
        }

        if (isNew) Count++;
        return isNew;
    }

    private static ulong Hash(ReadOnlySpan<byte> bytes, ulong seed) => XxHash3.HashToUInt64(bytes, unchecked((long)seed));
}
