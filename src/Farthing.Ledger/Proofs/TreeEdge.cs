using System.Numerics;
using System.Security.Cryptography;
using Farthing.Protocol;

namespace Farthing.Ledger.Proofs;

/// <summary>The growing right edge of an RFC 6962 tree: one hash for each bit of the size, enough to add leaves and to know the root.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class TreeEdge
{
    // The subtree of 2^level leaves is at level; present if that bit of the size is set.
    private readonly byte[] complete = new byte[64 * MerkleTree.HashLength];

    public long Size { get; private set; }

    /// <summary>Adds a leaf, and writes its hash and those of the subtrees it completes, upward.</summary>
    /// <param name="leafHash">32 bytes.</param>
    /// <param name="completed">Room for 64 hashes.</param>
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

    public byte[] Root()
    {
        if (Size == 0) return SHA256.HashData([]);
        var level = BitOperations.TrailingZeroCount(Size);
        var root = At(level).ToArray();
        for (level++; Size >> level != 0; level++)
        {
            if ((Size >> level & 1) == 1) MerkleTree.HashNode(At(level), root, root);
        }
        return root;
    }

    private Span<byte> At(int level) => complete.AsSpan(level * MerkleTree.HashLength, MerkleTree.HashLength);
}
