using System.Security.Cryptography;

namespace Farthing.Ledger.Tests.Proofs;

/// <summary>RFC 6962 section 2.1 word for word: recursive, slow, and sharing nothing with what it checks.</summary>
internal static class NaiveTree
{
    public static byte[] HashLeaf(ReadOnlySpan<byte> leaf) => SHA256.HashData([0, .. leaf]);

    // MTH(D[n])
    public static byte[] Root(ReadOnlySpan<byte[]> leaves)
    {
        if (leaves.IsEmpty) return SHA256.HashData([]);
        if (leaves.Length == 1) return HashLeaf(leaves[0]);
        var k = LargestPowerOfTwoBelow(leaves.Length);
        return SHA256.HashData([1, .. Root(leaves[..k]), .. Root(leaves[k..])]);
    }

    // PATH(m, D[n])
    public static byte[] Path(int m, ReadOnlySpan<byte[]> leaves)
    {
        if (leaves.Length == 1) return [];
        var k = LargestPowerOfTwoBelow(leaves.Length);
        return m < k ? [.. Path(m, leaves[..k]), .. Root(leaves[k..])] : [.. Path(m - k, leaves[k..]), .. Root(leaves[..k])];
    }

    // PROOF(m, D[n])
    public static byte[] Consistency(int m, ReadOnlySpan<byte[]> leaves) => Subproof(m, leaves, isWhole: true);

    // SUBPROOF(m, D[n], b)
    private static byte[] Subproof(int m, ReadOnlySpan<byte[]> leaves, bool isWhole)
    {
        if (m == leaves.Length) return isWhole ? [] : Root(leaves);
        var k = LargestPowerOfTwoBelow(leaves.Length);
        return m <= k ? [.. Subproof(m, leaves[..k], isWhole), .. Root(leaves[k..])] : [.. Subproof(m - k, leaves[k..], isWhole: false), .. Root(leaves[..k])];
    }

    private static int LargestPowerOfTwoBelow(int n)
    {
        var k = 1;
        while (k * 2 < n) k *= 2;
        return k;
    }
}
