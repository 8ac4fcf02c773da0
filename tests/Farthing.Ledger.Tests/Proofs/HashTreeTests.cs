using Farthing.Ledger.Proofs;
using Farthing.Protocol;

namespace Farthing.Ledger.Tests.Proofs;

public class HashTreeTests
{
    private const int Largest = 70;

    private static readonly byte[][] Leaves = [.. Enumerable.Range(0, Largest).Select(Leaf)];

    [Fact]
    public void Roots_and_proofs_of_every_size_are_those_of_rfc_6962()
    {
        using var tiles = new TestTiles();
        var proofs = 0;
        for (var size = 0; size <= Largest; size++)
        {
            if (size > 0) tiles.Tree.Add(NaiveTree.HashLeaf(Leaves[size - 1]));
            tiles.Tree.Store();
            var root = NaiveTree.Root(Leaves.AsSpan(0, size));
            Assert.Equal(root, tiles.Tree.Root());
            Assert.Equal(root, tiles.Tree.Root(size));
            for (var index = 0; index < size; index++)
            {
                var path = tiles.Tree.Path(index, size);
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
        using var tiles = new TestTiles(Largest);
        for (var size = 1; size <= Largest; size++)
        {
            Assert.Equal(NaiveTree.Root(Leaves.AsSpan(0, size)), tiles.Tree.Root(size));
            for (var index = 0; index < size; index++) Assert.Equal(NaiveTree.Path(index, Leaves.AsSpan(0, size)), tiles.Tree.Path(index, size));
        }
    }

    [Fact]
    public void Every_size_is_shown_to_begin_with_every_smaller_one()
    {
        using var tiles = new TestTiles(Largest);
        var proofs = 0;
        for (var newSize = 1; newSize <= Largest; newSize++)
        {
            Assert.Empty(tiles.Tree.Consistency(0, newSize));
            for (var oldSize = 1; oldSize <= newSize; oldSize++)
            {
                var proof = tiles.Tree.Consistency(oldSize, newSize);
                Assert.Equal(NaiveTree.Consistency(oldSize, Leaves.AsSpan(0, newSize)), proof);
                Assert.True(MerkleTree.VerifyConsistency(oldSize, tiles.Tree.Root(oldSize), newSize, tiles.Tree.Root(newSize), proof));
                proofs++;
            }
        }
        Assert.Equal(Largest * (Largest + 1) / 2, proofs);
    }

    // A size within a tile, at its end, and behind it, on three levels of tiles.
    [Theory]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(511)]
    [InlineData(1_000)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(65_537)]
    [InlineData(70_000)]
    public void Proofs_go_through_several_levels_of_tiles(int size)
    {
        using var tiles = new TestTiles(size + 300);
        var edge = new TreeEdge();
        var completed = new byte[TreeEdge.MaxLevels * MerkleTree.HashLength];
        var random = new Random(size);
        var oldSizes = Enumerable.Range(0, 40).Select(_ => random.Next(1, size)).Append(size).Append(size & -2).Order().ToList();
        var proven = 0;
        for (var leaf = 0; leaf <= size; leaf++)
        {
            foreach (var oldSize in oldSizes.Where(oldSize => oldSize == leaf))
            {
                Assert.Equal(edge.Root(), tiles.Tree.Root(oldSize));
                Assert.True(MerkleTree.VerifyConsistency(oldSize, edge.Root(), size, tiles.Tree.Root(size), tiles.Tree.Consistency(oldSize, size)));
                Assert.True(MerkleTree.VerifyInclusion(NaiveTree.HashLeaf(Leaf(oldSize - 1)), oldSize - 1, size, tiles.Tree.Path(oldSize - 1, size), tiles.Tree.Root(size)));
                proven++;
            }
            edge.Add(NaiveTree.HashLeaf(Leaf(leaf)), completed);
        }
        Assert.Equal(oldSizes.Count, proven);
        Assert.Equal(0, tiles.Mender.Mended);
    }

    [Fact]
    public void Tiles_are_those_that_the_specification_names()
    {
        // Its own example: 273 full tiles and one of 112, one full and one of 17, one of 1.
        const int Size = 70_000;
        using var tiles = new TestTiles(Size);
        (int Level, int Full, int Partial)[] levels = [(0, 273, 112), (1, 1, 17), (2, 0, 1)];
        var edge = new TreeEdge();
        foreach (var (level, full, partial) in levels)
        {
            for (var index = 0; index < full; index++)
            {
                var tile = tiles.Tree.ReadTile(new(level, index, TileName.FullWidth), Size)!;
                Assert.Equal(8192, tile.Length);
                var root = new byte[32];
                MerkleTree.HashSubtree(tile, root);
                var above = tiles.Tree.ReadTile(new(level + 1, index / 256, TileName.WidthIn(Size, level + 1, index / 256)), Size)!;
                Assert.Equal(root, above[(index % 256 * 32)..][..32]);
            }
            Assert.Equal(partial * 32, tiles.Tree.ReadTile(new(level, full, partial), Size)!.Length);
            Assert.Null(tiles.Tree.ReadTile(new(level, full, partial + 1), Size));
            Assert.Null(tiles.Tree.ReadTile(new(level, full, TileName.FullWidth), Size));
            Assert.Null(tiles.Tree.ReadTile(new(level, full + 1, 1), Size));
        }
        Assert.Null(tiles.Tree.ReadTile(new(3, 0, 1), Size));
        // A tile that grew shows a smaller tree what it had.
        Assert.Equal(tiles.Tree.ReadTile(new(0, 0, 7), 7), tiles.Tree.ReadTile(new(0, 0, TileName.FullWidth), Size)![..(7 * 32)]);
        Assert.Null(tiles.Tree.ReadTile(new(0, 0, 8), 7));
        Assert.Equal(Size * 32 + 273 * 32 + 32, tiles.BytesOnDisk);
    }

    [Fact]
    public void A_damaged_hash_is_noticed_and_made_again_before_it_is_shown()
    {
        const int Size = 66_000;
        using var tiles = new TestTiles(Size);
        var root = tiles.Tree.Root(Size);
        var random = new Random(66);
        for (var round = 1; round <= 40; round++)
        {
            // Leaves' hashes, and the roots above them, of full tiles.
            var (level, hash) = round % 4 == 0 ? (1, random.Next(256)) : (0, random.Next(65_536));
            tiles.Flip(level, hash);
            var leaf = level == 0 ? hash ^ 1 : hash << 8;
            Assert.True(MerkleTree.VerifyInclusion(NaiveTree.HashLeaf(Leaf(leaf)), leaf, Size, tiles.Tree.Path(leaf, Size), root));
            Assert.InRange(tiles.Mender.Mended, round, 3 * round);
            tiles.AssertSound();
        }
    }

    [Fact]
    public void A_tile_that_still_grows_is_held_against_the_edge()
    {
        const int Size = 66_000;
        using var tiles = new TestTiles(Size);
        var root = tiles.Tree.Root();
        var expected = tiles.AllBytes();
        // Its hashes, the root of a full tile, and that of a full tile of full tiles.
        (int Level, long Hash)[] places = [(0, Size - 1), (0, 65_792), (1, 256), (2, 0)];
        for (var round = 0; round < places.Length; round++)
        {
            tiles.Flip(places[round].Level, places[round].Hash);
            Assert.Equal(root, tiles.Tree.Root(Size));
            for (var index = 0; index < Size; index += 97)
                Assert.True(MerkleTree.VerifyInclusion(NaiveTree.HashLeaf(Leaf(index)), index, Size, tiles.Tree.Path(index, Size), root));
            Assert.InRange(tiles.Mender.Mended, round + 1, 3 * (round + 1));
            Assert.Equal(expected, tiles.AllBytes());
        }
    }

    [Theory]
    [InlineData(1_000)]
    [InlineData(66_000)]
    public void Damage_in_a_tile_and_in_the_level_above_is_mended_as_the_edge_bears_witness(int size)
    {
        using var tiles = new TestTiles(size);
        var expected = tiles.AllBytes();
        tiles.Flip(0, 300);
        tiles.Flip(1, 1);
        Assert.True(MerkleTree.VerifyInclusion(NaiveTree.HashLeaf(Leaf(257)), 257, size, tiles.Tree.Path(257, size), tiles.Tree.Root()));
        Assert.Equal(expected, tiles.AllBytes());
        Assert.InRange(tiles.Mender.Mended, 1, 3);
    }

    [Fact]
    public void What_the_journal_no_longer_gives_is_refused_and_not_made_worse()
    {
        using var tiles = new TestTiles(1_000) { Forgotten = 301 };
        tiles.Flip(0, 300);
        var before = tiles.Bytes(0);
        Assert.Contains("tile/0/001", Assert.Throws<LedgerDamagedException>(() => tiles.Tree.Path(257, 1_000)).Message);
        Assert.Equal(before, tiles.Bytes(0));
        // What does not need them is proven as before.
        Assert.NotEmpty(tiles.Tree.Path(5, 200));
    }

    [Fact]
    public void The_edge_alone_knows_every_root_and_can_be_restored()
    {
        using var tiles = new TestTiles(Largest);
        var edge = new TreeEdge();
        var completed = new byte[TreeEdge.MaxLevels * MerkleTree.HashLength];
        for (var size = 0; size < Largest; size++)
        {
            Assert.Equal(NaiveTree.Root(Leaves.AsSpan(0, size)), edge.Root());
            var restored = TreeEdge.Restore(size, (level, index) => NaiveTree.Root(Leaves.AsSpan((int)index << level, 1 << level)));
            Assert.Equal(size, restored.Size);
            Assert.Equal(edge.Root(), restored.Root());
            var count = edge.Add(NaiveTree.HashLeaf(Leaves[size]), completed);
            Assert.Equal(1 + int.TrailingZeroCount(size + 1), count);
        }
    }

    internal static byte[] Leaf(int index) => BitConverter.GetBytes(index);
}
