using System.Numerics;

namespace Farthing.Protocol;

/// <summary>The growing right edge of an RFC 6962 tree: one hash for each bit of the size, enough to add leaves and to know the root.</summary>
/// <remarks>Not thread-safe.</remarks>
public sealed class TreeEdge
{
    /// <summary>A tree whose size fits <see cref="long"/> has at most so many levels of complete subtrees.</summary>
    public const int MaxLevels = 64;

    // The subtree of 2^level leaves is at level; present if that bit of the size is set.
    private readonly byte[] complete = new byte[MaxLevels * MerkleTree.HashLength];

    /// <summary>How many leaves.</summary>
    public long Size { get; private set; }

    /// <summary>The edge of a tree that is there already.</summary>
    /// <param name="size">How many leaves it has.</param>
    /// <param name="readSubtree">Asked for the hash of each complete subtree at the edge: that of 2^level leaves with this index.</param>
    public static TreeEdge Restore(long size, Func<int, long, byte[]> readSubtree)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        ArgumentNullException.ThrowIfNull(readSubtree);
        var edge = new TreeEdge { Size = size };
        for (var level = 0; size >> level != 0; level++)
        {
            if ((size >> level & 1) == 1) readSubtree(level, (size >> level) - 1).CopyTo(edge.At(level));
        }
        return edge;
    }

    /// <summary>Adds a leaf, and writes its hash and those of the subtrees it completes, upward.</summary>
    /// <param name="leafHash">32 bytes.</param>
    /// <param name="completed">Room for <see cref="MaxLevels"/> hashes.</param>
    /// <returns>How many hashes were written.</returns>
    public int Add(ReadOnlySpan<byte> leafHash, Span<byte> completed)
    {
        leafHash.CopyTo(completed);
        var level = 0;
        for (; (Size >> level & 1) == 1; level++)
            MerkleTree.HashNode(At(level), completed.Slice(level * MerkleTree.HashLength, MerkleTree.HashLength), completed[((level + 1) * MerkleTree.HashLength)..]);
        completed.Slice(level * MerkleTree.HashLength, MerkleTree.HashLength).CopyTo(At(level));
        Size++;
        return level + 1;
    }

    /// <summary>The root over the leaves added so far, 32 bytes.</summary>
    public byte[] Root()
    {
        var root = new byte[MerkleTree.HashLength];
        if (Size == 0)
        {
            Sha256.Hash([], root);
            return root;
        }
        var level = BitOperations.TrailingZeroCount(Size);
        At(level).CopyTo(root);
        for (level++; Size >> level != 0; level++)
        {
            if ((Size >> level & 1) == 1) MerkleTree.HashNode(At(level), root, root);
        }
        return root;
    }

    /// <summary>The hash of the complete subtree of 2^<paramref name="level"/> leaves at the edge, which is there if that bit of the size is set.</summary>
    public ReadOnlySpan<byte> Subtree(int level) => At(level);

    /// <summary>The edge as it is now; leaves that are added here do not change it.</summary>
    public TreeEdge Copy()
    {
        var copy = new TreeEdge { Size = Size };
        complete.CopyTo(copy.complete, 0);
        return copy;
    }

    private Span<byte> At(int level) => complete.AsSpan(level * MerkleTree.HashLength, MerkleTree.HashLength);
}
