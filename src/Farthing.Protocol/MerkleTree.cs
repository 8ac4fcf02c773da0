namespace Farthing.Protocol;

/// <summary>The hashes of RFC 6962 section 2.1 and the verification of inclusion proofs (RFC 9162 section 2.1.3.2).</summary>
/// <remarks>Thread-safe. Proofs are the sibling hashes from the leaf upward, 32 bytes each, concatenated.</remarks>
public static class MerkleTree
{
    /// <summary>Bytes of a hash.</summary>
    public const int HashLength = 32;

    /// <summary>The hash of a leaf: SHA-256(0x00 ‖ leaf).</summary>
    public static void HashLeaf(ReadOnlySpan<byte> leaf, Span<byte> destination) => throw new NotImplementedException();

    /// <summary>The hash of an inner node: SHA-256(0x01 ‖ left ‖ right). The destination may overlap either side.</summary>
    public static void HashNode(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, Span<byte> destination) => throw new NotImplementedException();

    /// <summary>True if a leaf with this hash stands at <paramref name="index"/> in the tree of <paramref name="size"/> leaves and this root. Never throws.</summary>
    public static bool VerifyInclusion(ReadOnlySpan<byte> leafHash, long index, long size, ReadOnlySpan<byte> proof, ReadOnlySpan<byte> root) => throw new NotImplementedException();
}
