using System.Buffers;
using System.Numerics;
using Farthing.Protocol;

namespace Farthing.Ledger.Proofs;

/// <summary>Roots and proofs of an RFC 6962 tree (section 2.1) over its tiles; each reads O(log n) hashes.</summary>
/// <remarks>One thread adds; any number of threads ask about sizes that were there before.</remarks>
internal sealed class HashTree(TileFiles files, TileMender mender)
{
    // Owned by the adding thread.
    private readonly ArrayBufferWriter<byte>[] pending = [.. Enumerable.Range(0, TileName.MaxLevel + 1).Select(_ => new ArrayBufferWriter<byte>())];
    private readonly byte[] completed = new byte[TreeEdge.MaxLevels * MerkleTree.HashLength];
    private TreeEdge edge = new();

    // Written by the adding thread; read anywhere, and never added to.
    private volatile TreeEdge stored = new();

    /// <summary>How many leaves were added, stored or not. Owned by the adding thread.</summary>
    public long Size => edge.Size;

    /// <summary>The edge over the leaves that were stored last: their root, which no disk can change. Read anywhere; not to be added to.</summary>
    public TreeEdge Stored => stored;

    /// <summary>The root over all leaves added. Owned by the adding thread.</summary>
    public byte[] Root() => edge.Root();

    /// <summary>Goes on from a size whose tiles are on disk, if they have this root; before anything was added.</summary>
    /// <returns>False if they do not: the tree is empty then.</returns>
    public bool TryResume(long size, ReadOnlySpan<byte> root)
    {
        var found = TreeEdge.Restore(size, (level, index) =>
        {
            // They are in tiles that still grow, which nothing but the root vouches for yet.
            var (tileLevel, height) = Math.DivRem(level, TileName.Height);
            var hashes = new byte[MerkleTree.HashLength << height];
            files.Read(tileLevel, index << height, hashes);
            var hash = new byte[MerkleTree.HashLength];
            MerkleTree.HashSubtree(hashes, hash);
            return hash;
        });
        if (!found.Root().AsSpan().SequenceEqual(root)) return false;
        edge = found;
        stored = found.Copy();
        return true;
    }

    /// <summary>Adds a leaf; it can be asked about after <see cref="Store"/>.</summary>
    public void Add(ReadOnlySpan<byte> leafHash)
    {
        var count = edge.Add(leafHash, completed);
        // Every eighth level is kept; those between are made again when they are asked for.
        for (var level = 0; level * TileName.Height < count; level++)
            pending[level].Write(completed.AsSpan(level * TileName.Height * MerkleTree.HashLength, MerkleTree.HashLength));
    }

    /// <summary>Writes what was added. May be repeated if it fails.</summary>
    /// <exception cref="IOException">No room.</exception>
    public void Store()
    {
        for (var level = 0; level < pending.Length; level++)
        {
            if (pending[level].WrittenCount > 0) files.Write(level, TileName.CountAt(level, stored.Size), pending[level].WrittenSpan);
        }
        foreach (var hashes in pending) hashes.ResetWrittenCount();
        stored = edge.Copy();
    }

    /// <summary>A tile, if a tree of <paramref name="size"/> leaves has it.</summary>
    public byte[]? ReadTile(TileName tile, long size) => tile.IsIn(size) ? ReadTiles().Read(tile.Level, tile.Index)[..tile.ByteLength].ToArray() : null;

    public byte[] Root(long size)
    {
        var root = new byte[MerkleTree.HashLength];
        if (size == 0) Sha256.Hash([], root);
        else HashRange(ReadTiles(), 0, size, root);
        return root;
    }

    /// <summary>The sibling hashes from the leaf upward, concatenated.</summary>
    public byte[] Path(long index, long size)
    {
        var siblings = new HashStack();
        Descend(ReadTiles(), siblings, begin: 0, size, index);
        return siblings.TopFirst();
    }

    /// <summary>What shows that the tree of <paramref name="newSize"/> leaves begins with that of <paramref name="oldSize"/>: the hashes in the order of RFC 9162 section 2.1.4.1, concatenated.</summary>
    public byte[] Consistency(long oldSize, long newSize)
    {
        if (oldSize == 0 || oldSize == newSize) return [];
        // The way to the old tree's last leaf, as far as the largest subtree that ends with it and belongs to both trees.
        var tiles = ReadTiles();
        var hashes = new HashStack();
        var (begin, end) = Descend(tiles, hashes, begin: 0, newSize, oldSize - 1, stopBefore: oldSize);
        // Whoever verifies knows it already if it is the whole old tree.
        if (begin > 0) HashRange(tiles, begin, end, hashes.Push());
        return hashes.TopFirst();
    }

    private TileReader ReadTiles() => new(files, mender, stored);

    // Downward from the root towards a leaf: at each split the half without the leaf is a sibling. Ends at the leaf, or at the range that ends at a size.
    private static (long Begin, long End) Descend(TileReader tiles, HashStack siblings, long begin, long end, long leaf, long stopBefore = -1)
    {
        while (end - begin > 1 && end != stopBefore)
        {
            var split = begin + SplitOf(end - begin);
            if (leaf < split)
            {
                HashRange(tiles, split, end, siblings.Push());
                end = split;
            }
            else
            {
                HashRange(tiles, begin, split, siblings.Push());
                begin = split;
            }
        }
        return (begin, end);
    }

    // The hash of leaves [begin, end), where begin is a multiple of the largest power of two that is not more than their number.
    private static void HashRange(TileReader tiles, long begin, long end, Span<byte> destination)
    {
        var level = BitOperations.TrailingZeroCount(end - begin);
        end -= 1L << level;
        tiles.ReadSubtree(level, end >> level, destination);
        Span<byte> left = stackalloc byte[MerkleTree.HashLength];
        while (end > begin)
        {
            level = BitOperations.TrailingZeroCount(end - begin);
            end -= 1L << level;
            tiles.ReadSubtree(level, end >> level, left);
            MerkleTree.HashNode(left, destination, destination);
        }
    }

    // The largest power of two below count.
    private static long SplitOf(long count) => 1L << BitOperations.Log2((ulong)(count - 1));

    /// <summary>Hashes in the order in which they were found, given out the other way round.</summary>
    private sealed class HashStack
    {
        private readonly byte[] bytes = new byte[(TreeEdge.MaxLevels + 1) * MerkleTree.HashLength];
        private int free = (TreeEdge.MaxLevels + 1) * MerkleTree.HashLength;

        public Span<byte> Push() => bytes.AsSpan(free -= MerkleTree.HashLength, MerkleTree.HashLength);

        public byte[] TopFirst() => bytes[free..];
    }
}
