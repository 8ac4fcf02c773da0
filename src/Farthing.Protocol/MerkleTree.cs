using System.Runtime.CompilerServices;

namespace Farthing.Protocol;

/// <summary>The hashes of RFC 6962 section 2.1 and the verification of inclusion proofs (RFC 9162 section 2.1.3.2).</summary>
/// <remarks>Thread-safe. Proofs are the sibling hashes from the leaf upward, 32 bytes each, concatenated.</remarks>
public static class MerkleTree
{
    /// <summary>Bytes of a hash.</summary>
    public const int HashLength = 32;

    /// <summary>A tree whose size fits <see cref="long"/> is at most so many levels deep.</summary>
    private const int MaxProofHashes = 63;

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
}
