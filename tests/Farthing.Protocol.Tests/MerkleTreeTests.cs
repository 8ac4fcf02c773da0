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

    [Fact]
    public void Consistency_proofs_of_the_vectors_verify()
    {
        var verified = 0;
        foreach (var proof in Vectors.Read("tree.json").GetProperty("consistency").EnumerateArray())
        {
            var oldSize = proof.GetProperty("from").GetInt32();
            var newSize = proof.GetProperty("to").GetInt32();
            Assert.True(MerkleTree.VerifyConsistency(oldSize, NaiveTree.Root(Rfc6962Leaves.AsSpan(0, oldSize)), newSize, NaiveTree.Root(Rfc6962Leaves.AsSpan(0, newSize)),
                Convert.FromHexString(proof.GetProperty("proof").GetString()!)));
            verified++;
        }

        Assert.Equal(36, verified);
    }

    [Fact]
    public void Consistency_of_the_published_examples_has_the_known_hashes()
    {
        // From the test data that implementations of RFC 6962 share.
        AssertKnown(1, 8, "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4");
        AssertKnown(6, 8, "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7");

        static void AssertKnown(int oldSize, int newSize, params string[] hashes)
        {
            var proof = Convert.FromHexString(string.Concat(hashes));
            Assert.Equal(proof, NaiveTree.Consistency(Rfc6962Leaves.AsSpan(0, newSize), oldSize));
            Assert.True(MerkleTree.VerifyConsistency(oldSize, NaiveTree.Root(Rfc6962Leaves.AsSpan(0, oldSize)), newSize, NaiveTree.Root(Rfc6962Leaves.AsSpan(0, newSize)), proof));
        }
    }

    [Fact]
    public void Every_small_tree_is_shown_to_begin_with_every_smaller_one_and_nothing_else_is()
    {
        const int Largest = 40;
        var leaves = Enumerable.Range(0, Largest).Select(i => new[] { (byte)i, (byte)9 }).ToArray();
        var roots = Enumerable.Range(0, Largest + 1).Select(size => NaiveTree.Root(leaves.AsSpan(0, size))).ToArray();
        var proven = 0;
        var refused = 0;
        for (var newSize = 1; newSize <= Largest; newSize++)
        {
            for (var oldSize = 1; oldSize <= newSize; oldSize++)
            {
                var proof = NaiveTree.Consistency(leaves.AsSpan(0, newSize), oldSize);
                Assert.True(MerkleTree.VerifyConsistency(oldSize, roots[oldSize], newSize, roots[newSize], proof));
                proven++;

                Refuse(oldSize, roots[oldSize], newSize, roots[newSize], [.. proof, .. new byte[32]]);
                Refuse(oldSize, roots[oldSize], newSize, roots[newSize], [.. proof, 0]);
                Refuse(oldSize, roots[oldSize], newSize, roots[newSize - 1], proof);
                Refuse(oldSize, roots[oldSize - 1], newSize, roots[newSize], proof);
                Refuse(-oldSize, roots[oldSize], newSize, roots[newSize], proof);
                Refuse(newSize + 1, roots[oldSize], newSize, roots[newSize], proof);
                Refuse(oldSize, roots[oldSize], long.MaxValue, roots[newSize], proof);
                Refuse(oldSize, roots[oldSize].AsSpan(1).ToArray(), newSize, roots[newSize], proof);
                if (proof.Length > 0) Refuse(oldSize, roots[oldSize], newSize, roots[newSize], proof[32..]);
                for (var at = 0; at < proof.Length; at += 13)
                {
                    var wrong = proof.ToArray();
                    wrong[at] ^= 1;
                    Refuse(oldSize, roots[oldSize], newSize, roots[newSize], wrong);
                }
            }
        }

        Assert.Equal(820, proven);
        Assert.InRange(refused, 10_000, 100_000);

        void Refuse(long oldSize, byte[] oldRoot, long newSize, byte[] newRoot, byte[] proof)
        {
            Assert.False(MerkleTree.VerifyConsistency(oldSize, oldRoot, newSize, newRoot, proof));
            refused++;
        }
    }

    [Fact]
    public void A_changed_history_is_consistent_with_no_proof_of_the_true_one()
    {
        var leaves = Rfc6962Leaves.ToArray();
        var honest = NaiveTree.Root(leaves.AsSpan(0, 5));
        leaves[2] = [1];
        Assert.False(MerkleTree.VerifyConsistency(5, honest, 8, NaiveTree.Root(leaves), NaiveTree.Consistency(leaves, 5)));
        Assert.False(MerkleTree.VerifyConsistency(5, honest, 8, NaiveTree.Root(leaves), NaiveTree.Consistency(Rfc6962Leaves, 5)));
    }

    [Fact]
    public void The_empty_tree_is_the_beginning_of_every_tree()
    {
        var root = NaiveTree.Root(Rfc6962Leaves);
        Assert.True(MerkleTree.VerifyConsistency(0, NaiveTree.Root([]), 8, root, []));
        Assert.True(MerkleTree.VerifyConsistency(0, NaiveTree.Root([]), 0, NaiveTree.Root([]), []));
        Assert.False(MerkleTree.VerifyConsistency(0, root, 8, root, []));
        Assert.False(MerkleTree.VerifyConsistency(0, NaiveTree.Root([]), 8, root, root));
    }
}
