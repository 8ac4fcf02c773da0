using System.Numerics;
using Farthing.Ledger.Journal;
using Farthing.Protocol;

namespace Farthing.Ledger.Proofs;

/// <summary>The hashes of all complete subtrees in a flat file, in the order in which they become complete.</summary>
/// <remarks>Derived from the journal and made anew at each start, so it is never flushed. One thread appends; any reads what was appended before.</remarks>
internal sealed class HashStore(string path) : IDisposable
{
    private readonly DurableFile file = DurableFile.Create(path);

    /// <summary>
    /// Where the hash of a subtree stands, counted in hashes: that of the <paramref name="index"/>-th subtree of 2^<paramref name="level"/> leaves.
    /// Its last leaf is leaf i = (index + 1) * 2^level - 1; before that leaf stand i leaves and the i - popcount(i) subtrees they complete; behind it the levels upward.
    /// </summary>
    public static long Place(int level, long index)
    {
        var lastLeaf = ((index + 1) << level) - 1;
        return CountFor(lastLeaf) + level;
    }

    /// <summary>How many hashes stand in the file for a number of leaves.</summary>
    public static long CountFor(long leaves) => 2 * leaves - BitOperations.PopCount((ulong)leaves);

    public void Write(long place, ReadOnlySpan<byte> hashes) => file.Write(hashes, place * MerkleTree.HashLength);

    public void Read(int level, long index, Span<byte> destination)
    {
        if (file.Read(destination[..MerkleTree.HashLength], Place(level, index) * MerkleTree.HashLength) < MerkleTree.HashLength)
            throw new InvalidOperationException($"{file.Path} ends before subtree {index} of level {level}.");
    }

    public void Dispose() => file.Dispose();
}
