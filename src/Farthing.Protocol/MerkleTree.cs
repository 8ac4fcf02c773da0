using System.Numerics;
using System.Runtime.CompilerServices;

namespace Farthing.Protocol;

/// <summary>The hashes of RFC 6962 section 2.1, and the verification of inclusion and consistency proofs (RFC 9162 sections 2.1.3.2 and 2.1.4.2).</summary>
/// <remarks>Thread-safe. Proofs are hashes of 32 bytes in the RFC's order, from the leaves upward, concatenated.</remarks>
public static class MerkleTree
{
    /// <summary>Bytes of a hash.</summary>
    public const int HashLength = 32;

    /// <summary>A tree whose size fits <see cref="long"/> is at most so many levels deep.</summary>
    private const int MaxProofHashes = 63;

    /// <summary>A consistency proof begins with one hash more.</summary>
    private const int MaxConsistencyHashes = MaxProofHashes + 1;

    private const int NodeLength = 1 + HashLength + HashLength;

    /// <summary>The hash of a leaf: SHA-256(0x00 ‖ leaf), into the first 32 bytes of <paramref name="destination"/>.</summary>
    public static void HashLeaf(ReadOnlySpan<byte> leaf, Span<byte> destination) => Sha256.Hash([0], leaf, destination);

    /// <summary>The hash of an inner node: SHA-256(0x01 ‖ left ‖ right). The destination may overlap either side.</summary>
    /// <param name="left">32 bytes.</param>
    /// <param name="right">32 bytes.</param>
    /// <param name="destination">At least 32 bytes.</param>
    [SkipLocalsInit]
    public static void HashNode(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, Span<byte> destination)
    {
        Span<byte> node = stackalloc byte[NodeLength];
        node[0] = 1;
        left[..HashLength].CopyTo(node[1..]);
        right[..HashLength].CopyTo(node[(1 + HashLength)..]);
        Sha256.Hash(node, destination);
    }

    /// <summary>The root of a complete subtree: of a power of two of hashes of one level. The destination may overlap them.</summary>
    /// <param name="hashes">32 bytes each, at most those of a full tile.</param>
    /// <param name="destination">At least 32 bytes.</param>
    /// <exception cref="ArgumentException">It is no power of two of hashes, or more than a tile.</exception>
    public static void HashSubtree(ReadOnlySpan<byte> hashes, Span<byte> destination)
    {
        var count = hashes.Length / HashLength;
        if (hashes.Length % HashLength != 0 || !BitOperations.IsPow2(count) || count > TileName.FullWidth) throw new ArgumentException("A complete subtree has a power of two of hashes, at most 256.", nameof(hashes));
        Span<byte> level = stackalloc byte[hashes.Length];
        hashes.CopyTo(level);
        for (; count > 1; count /= 2)
        {
            for (var node = 0; node < count / 2; node++)
            {
                var pair = level.Slice(node * 2 * HashLength, 2 * HashLength);
                HashNode(pair[..HashLength], pair[HashLength..], level[(node * HashLength)..]);
            }
        }
        level[..HashLength].CopyTo(destination);
    }

    /// <summary>True if a leaf with this hash stands at <paramref name="index"/> in the tree of <paramref name="size"/> leaves and this root. Never throws.</summary>
    public static bool VerifyInclusion(ReadOnlySpan<byte> leafHash, long index, long size, ReadOnlySpan<byte> proof, ReadOnlySpan<byte> root)
    {
        if (leafHash.Length != HashLength || root.Length != HashLength) return false;
        if (index < 0 || index >= size) return false;
        if (proof.Length % HashLength != 0 || proof.Length / HashLength > MaxProofHashes) return false;

        Span<byte> hash = stackalloc byte[HashLength];
        leafHash.CopyTo(hash);
        var node = index;
        var lastNode = size - 1;
        for (; !proof.IsEmpty; proof = proof[HashLength..])
        {
            if (lastNode == 0) return false;
            var sibling = proof[..HashLength];
            if ((node & 1) == 1 || node == lastNode)
            {
                HashNode(sibling, hash, hash);
                // A last node without a right sibling is carried up unchanged until it is a right child.
                while ((node & 1) == 0 && node != 0)
                {
                    node >>= 1;
                    lastNode >>= 1;
                }
            }
            else
            {
                HashNode(hash, sibling, hash);
            }

            node >>= 1;
            lastNode >>= 1;
        }

        return lastNode == 0 && hash.SequenceEqual(root);
    }

    /// <summary>True if the tree of <paramref name="newSize"/> leaves begins with the leaves of that of <paramref name="oldSize"/>: nothing was changed, taken away or put between. Never throws.</summary>
    /// <remarks>The empty tree is the beginning of every tree, and a tree that of itself; then the proof is empty.</remarks>
    public static bool VerifyConsistency(long oldSize, ReadOnlySpan<byte> oldRoot, long newSize, ReadOnlySpan<byte> newRoot, ReadOnlySpan<byte> proof)
    {
        if (oldRoot.Length != HashLength || newRoot.Length != HashLength) return false;
        if (oldSize < 0 || newSize < oldSize) return false;
        if (proof.Length % HashLength != 0 || proof.Length / HashLength > MaxConsistencyHashes) return false;
        if (oldSize == newSize) return proof.IsEmpty && oldRoot.SequenceEqual(newRoot);

        Span<byte> oldHash = stackalloc byte[HashLength];
        if (oldSize == 0)
        {
            Sha256.Hash([], oldHash);
            return proof.IsEmpty && oldHash.SequenceEqual(oldRoot);
        }
        if (proof.IsEmpty) return false;

        var node = oldSize - 1;
        var lastNode = newSize - 1;
        // Up to the largest complete subtree at the old tree's right edge, with which both trees begin.
        while ((node & 1) == 1)
        {
            node >>= 1;
            lastNode >>= 1;
        }
        // If that subtree is the whole old tree, its hash is known and not sent.
        if (BitOperations.IsPow2(oldSize)) oldRoot.CopyTo(oldHash);
        else
        {
            proof[..HashLength].CopyTo(oldHash);
            proof = proof[HashLength..];
        }
        Span<byte> newHash = stackalloc byte[HashLength];
        oldHash.CopyTo(newHash);
        for (; !proof.IsEmpty; proof = proof[HashLength..])
        {
            if (lastNode == 0) return false;
            var sibling = proof[..HashLength];
            if ((node & 1) == 1 || node == lastNode)
            {
                HashNode(sibling, oldHash, oldHash);
                HashNode(sibling, newHash, newHash);
                while ((node & 1) == 0 && node != 0)
                {
                    node >>= 1;
                    lastNode >>= 1;
                }
            }
            else
            {
                // What stands to the right came later: only the new tree has it.
                HashNode(newHash, sibling, newHash);
            }

            node >>= 1;
            lastNode >>= 1;
        }

        return lastNode == 0 && oldHash.SequenceEqual(oldRoot) && newHash.SequenceEqual(newRoot);
    }
}
