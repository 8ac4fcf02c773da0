namespace Farthing.Protocol.Tests;

public class MerkleTreeTests
{
    /// <summary>The inputs that implementations of RFC 6962 share.</summary>
    internal static byte[][] Rfc6962Leaves { get; } =
        [.. new[] { "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f" }.Select(Convert.FromHexString)];

    [Fact]
    public void Rfc_6962_examples_have_their_known_roots()
    {
        string[] roots =
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        for (var size = 1; size <= 8; size++)
            Assert.Equal(roots[size - 1], Convert.ToHexStringLower(NaiveTree.Root(Rfc6962Leaves.AsSpan(0, size))));
    }

    [Fact]
    public void Proofs_of_the_vectors_verify()
    {
        var verified = 0;
        foreach (var tree in Vectors.Read("tree.json").GetProperty("trees").EnumerateArray())
        {
            var root = Convert.FromHexString(tree.GetProperty("root").GetString()!);
            var index = 0;
            foreach (var proof in tree.GetProperty("proofs").EnumerateArray())
            {
                var hash = new byte[32];
                MerkleTree.HashLeaf(Rfc6962Leaves[index], hash);
                Assert.True(MerkleTree.VerifyInclusion(hash, index++, tree.GetProperty("size").GetInt64(), Convert.FromHexString(proof.GetString()!), root));
                verified++;
            }
        }

        Assert.Equal(36, verified);
    }

    [Fact]
    public void Every_leaf_of_every_small_tree_is_proven_and_nothing_else_is()
    {
        var proven = 0;
        var refused = 0;
        for (var size = 1; size <= 40; size++)
        {
            var leaves = Enumerable.Range(0, size).Select(i => new[] { (byte)i, (byte)size }).ToArray();
            var root = NaiveTree.Root(leaves);
            for (var index = 0; index < size; index++)
            {
                var proof = NaiveTree.Proof(leaves, index);
                var hash = new byte[32];
                MerkleTree.HashLeaf(leaves[index], hash);
                Assert.True(MerkleTree.VerifyInclusion(hash, index, size, proof, root));
                proven++;

                foreach (var (i, n) in new (long, long)[] { (index + 1, size), (index - 1, size), (-1, size), (index, 0), (index, -5), (index + size, size), (index, long.MaxValue) })
                {
                    Assert.False(MerkleTree.VerifyInclusion(hash, i, n, proof, root));
                    refused++;
                }

                Assert.False(MerkleTree.VerifyInclusion(hash, index, size, [.. proof, .. new byte[32]], root));
                Assert.False(MerkleTree.VerifyInclusion(hash, index, size, [.. proof, 0], root));
                if (proof.Length > 0) Assert.False(MerkleTree.VerifyInclusion(hash, index, size, proof.AsSpan(32), root));
                for (var bit = 0; bit < proof.Length; bit += 7)
                {
                    var wrong = proof.ToArray();
                    wrong[bit] ^= 1;
                    Assert.False(MerkleTree.VerifyInclusion(hash, index, size, wrong, root));
                    refused++;
                }
            }
        }

        Assert.Equal(820, proven);
        Assert.InRange(refused, 10_000, 100_000);
    }
}
