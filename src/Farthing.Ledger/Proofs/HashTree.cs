using System.Buffers;
using System.Numerics;
using System.Security.Cryptography;
using Farthing.Protocol;

namespace Farthing.Ledger.Proofs;

/// <summary>Roots and proofs of an RFC 6962 tree (section 2.1) over a <see cref="HashStore"/>; each reads O(log n) hashes.</summary>
/// <remarks>One thread adds; any number of threads ask about sizes that were there before.</remarks>
internal sealed class HashTree(HashStore store)
{
    private readonly TreeEdge edge = new();
    private readonly ArrayBufferWriter<byte> pending = new();
    private long stored;

    /// <summary>Adds a leaf; it can be asked about after <see cref="Store"/>.</summary>
    public void Add(ReadOnlySpan<byte> leafHash) =>
        pending.Advance(edge.Add(leafHash, pending.GetSpan(64 * MerkleTree.HashLength)) * MerkleTree.HashLength);

    /// <summary>Writes what was added. May be repeated if it fails.</summary>
    /// <exception cref="IOException">No room.</exception>
    public void Store()
    {
        store.Write(stored, pending.WrittenSpan);
        stored = HashStore.CountFor(edge.Size);
        pending.ResetWrittenCount();
    }

    public byte[] Root(long size)
    {
        if (size == 0) return SHA256.HashData([]);
        var root = new byte[MerkleTree.HashLength];
        HashRange(0, size, root);
        return root;
    }

    /// <summary>The sibling hashes from the leaf upward, concatenated.</summary>
    public byte[] Path(long index, long size)
    {
        var path = new List<byte[]>();
        // Downward from the root: at each split the half without the leaf is a sibling.
        long begin = 0, end = size;
        while (end - begin > 1)
        {
            var split = begin + SplitOf(end - begin);
            var sibling = new byte[MerkleTree.HashLength];
            if (index < split)
            {
                HashRange(split, end, sibling);
                end = split;
            }
            else
            {
                HashRange(begin, split, sibling);
                begin = split;
            }
            path.Add(sibling);
        }
        path.Reverse();
        return [.. path.SelectMany(hash => hash)];
    }

    /// <summary>What shows that the tree of <paramref name="newSize"/> leaves begins with that of <paramref name="oldSize"/>: the hashes in the order of RFC 9162 section 2.1.4.1, concatenated.</summary>
    public byte[] Consistency(long oldSize, long newSize)
    {
        if (oldSize == 0) return [];
        var proof = new List<byte[]>();
        // Downward to the place where the old tree ends, as a path leads to a leaf.
        long begin = 0, end = newSize;
        while (end > oldSize)
        {
            var split = begin + SplitOf(end - begin);
            var sibling = new byte[MerkleTree.HashLength];
            if (oldSize <= split)
            {
                HashRange(split, end, sibling);
                end = split;
            }
            else
            {
                HashRange(begin, split, sibling);
                begin = split;
            }
            proof.Add(sibling);
        }
        // The old tree's last complete subtree; whoever verifies knows it already if it is the whole.
        if (begin > 0)
        {
            var last = new byte[MerkleTree.HashLength];
            HashRange(begin, end, last);
            proof.Add(last);
        }
        proof.Reverse();
        return [.. proof.SelectMany(hash => hash)];
    }

    // The hash of leaves [begin, end), where begin is a multiple of the largest power of two that is not more than their number.
    private void HashRange(long begin, long end, Span<byte> destination)
    {
        var count = end - begin;
        var level = BitOperations.TrailingZeroCount(count);
        end -= 1L << level;
        store.Read(level, end >> level, destination);
        Span<byte> left = stackalloc byte[MerkleTree.HashLength];
        while (end > begin)
        {
            level = BitOperations.TrailingZeroCount(end - begin);
            end -= 1L << level;
            store.Read(level, end >> level, left);
            MerkleTree.HashNode(left, destination, destination);
        }
    }

    // The largest power of two below count.
    private static long SplitOf(long count) => 1L << BitOperations.Log2((ulong)(count - 1));
}
