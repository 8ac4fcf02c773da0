using Farthing.Ledger.Proofs;
using Farthing.Protocol;

namespace Farthing.Ledger.Tests.Proofs;

public class HashTreeTests
{
    private const int Largest = 70;

    private static readonly byte[][] Leaves = [.. Enumerable.Range(0, Largest).Select(i => new byte[] { (byte)i, 7, (byte)(i * 3) })];

    [Fact]
    public void Roots_and_proofs_of_every_size_are_those_of_rfc_6962()
    {
        using var directory = new TemporaryDirectory();
        using var store = new HashStore(Path.Combine(directory.Path, "tree.bin"));
        var tree = new HashTree(store);
        var proofs = 0;
        for (var size = 0; size <= Largest; size++)
        {
            if (size > 0) tree.Add(NaiveTree.HashLeaf(Leaves[size - 1]));
            tree.Store();
            var root = NaiveTree.Root(Leaves.AsSpan(0, size));
            Assert.Equal(root, tree.Root(size));
            for (var index = 0; index < size; index++)
            {
                var path = tree.Path(index, size);
                Assert.Equal(NaiveTree.Path(index, Leaves.AsSpan(0, size)), path);
                Assert.True(MerkleTree.VerifyInclusion(NaiveTree.HashLeaf(Leaves[index]), index, size, path, root));
                proofs++;
            }
        }
        Assert.Equal(Largest * (Largest + 1) / 2, proofs);
    }

    [Fact]
    public void A_grown_tree_still_proves_towards_its_earlier_sizes()
    {
        using var directory = new TemporaryDirectory();
        using var store = new HashStore(Path.Combine(directory.Path, "tree.bin"));
        var tree = new HashTree(store);
        foreach (var leaf in Leaves) tree.Add(NaiveTree.HashLeaf(leaf));
        tree.Store();
        for (var size = 1; size <= Largest; size++)
        {
            Assert.Equal(NaiveTree.Root(Leaves.AsSpan(0, size)), tree.Root(size));
            for (var index = 0; index < size; index++) Assert.Equal(NaiveTree.Path(index, Leaves.AsSpan(0, size)), tree.Path(index, size));
        }
    }

    [Fact]
    public void Every_size_is_shown_to_begin_with_every_smaller_one()
    {
        using var directory = new TemporaryDirectory();
        using var store = new HashStore(Path.Combine(directory.Path, "tree.bin"));
        var tree = new HashTree(store);
        foreach (var leaf in Leaves) tree.Add(NaiveTree.HashLeaf(leaf));
        tree.Store();
        var proofs = 0;
        for (var newSize = 1; newSize <= Largest; newSize++)
        {
            Assert.Empty(tree.Consistency(0, newSize));
            for (var oldSize = 1; oldSize <= newSize; oldSize++)
            {
                var proof = tree.Consistency(oldSize, newSize);
                Assert.Equal(NaiveTree.Consistency(oldSize, Leaves.AsSpan(0, newSize)), proof);
                Assert.True(MerkleTree.VerifyConsistency(oldSize, tree.Root(oldSize), newSize, tree.Root(newSize), proof));
                proofs++;
            }
        }
        Assert.Equal(Largest * (Largest + 1) / 2, proofs);
    }

    [Fact]
    public void The_edge_alone_knows_every_root()
    {
        var edge = new TreeEdge();
        var completed = new byte[64 * MerkleTree.HashLength];
        long hashes = 0;
        for (var size = 0; size < Largest; size++)
        {
            Assert.Equal(NaiveTree.Root(Leaves.AsSpan(0, size)), edge.Root());
            hashes += edge.Add(NaiveTree.HashLeaf(Leaves[size]), completed);
            Assert.Equal(HashStore.CountFor(size + 1), hashes);
        }
    }
}
