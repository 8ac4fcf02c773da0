using System.Security.Cryptography;

namespace Farthing.Protocol.Tests;

/// <summary>The tree of RFC 6962 section 2.1 word for word, to compare with.</summary>
internal static class NaiveTree
{
    public static byte[] Root(ReadOnlySpan<byte[]> leaves)
    {
        if (leaves.Length == 0) return SHA256.HashData([]);
        if (leaves.Length == 1) return SHA256.HashData([0, .. leaves[0]]);
        var left = LeftSize(leaves.Length);
        return SHA256.HashData([1, .. Root(leaves[..left]), .. Root(leaves[left..])]);
    }

    public static byte[] Proof(ReadOnlySpan<byte[]> leaves, int index)
    {
        if (leaves.Length == 1) return [];
        var left = LeftSize(leaves.Length);
        return index < left
            ? [.. Proof(leaves[..left], index), .. Root(leaves[left..])]
            : [.. Proof(leaves[left..], index - left), .. Root(leaves[..left])];
    }

    // PROOF(m, D[n]) and SUBPROOF(m, D[n], b)
    public static byte[] Consistency(ReadOnlySpan<byte[]> leaves, int oldSize) => Subproof(leaves, oldSize, isWhole: true);

    private static byte[] Subproof(ReadOnlySpan<byte[]> leaves, int oldSize, bool isWhole)
    {
        if (oldSize == leaves.Length) return isWhole ? [] : Root(leaves);
        var left = LeftSize(leaves.Length);
        return oldSize <= left
            ? [.. Subproof(leaves[..left], oldSize, isWhole), .. Root(leaves[left..])]
            : [.. Subproof(leaves[left..], oldSize - left, isWhole: false), .. Root(leaves[..left])];
    }

    private static int LeftSize(int count)
    {
        var size = 1;
        while (size * 2 < count) size *= 2;
        return size;
    }
}
