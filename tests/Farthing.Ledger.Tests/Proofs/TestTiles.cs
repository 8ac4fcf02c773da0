using Farthing.Ledger.Proofs;
using Farthing.Protocol;

namespace Farthing.Ledger.Tests.Proofs;

/// <summary>A tree in a directory of its own, over leaves that can be made again.</summary>
internal sealed class TestTiles : IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly TileFiles files;

    public TestTiles(int size = 0)
    {
        files = new(Path.Combine(directory.Path, "tree"));
        Mender = new(files, HashLeaves);
        Tree = new(files, Mender);
        for (var leaf = 0; leaf < size; leaf++)
        {
            Tree.Add(NaiveTree.HashLeaf(HashTreeTests.Leaf(leaf)));
            // In uneven pieces, as frames come.
            if (leaf % 777 == 0) Tree.Store();
        }
        Tree.Store();
    }

    public HashTree Tree { get; }

    public TileMender Mender { get; }

    /// <summary>A leaf that is made otherwise now than when it was added, as from a rotten journal.</summary>
    public long Forgotten { get; set; } = -1;

    public long BytesOnDisk => Directory.GetFiles(Path.Combine(directory.Path, "tree")).Sum(file => new FileInfo(file).Length);

    /// <summary>Changes one bit of a hash on disk.</summary>
    public void Flip(int level, long index)
    {
        var hash = new byte[MerkleTree.HashLength];
        files.Read(level, index, hash);
        hash[index % 32] ^= 1;
        files.Write(level, index, hash);
    }

    public byte[] Bytes(int level) => File.ReadAllBytes(Path.Combine(directory.Path, "tree", TileFiles.FileName(level)));

    /// <summary>Those of all levels that a tree of a few ten thousand leaves has, one behind the other.</summary>
    public byte[] AllBytes() => [.. Enumerable.Range(0, 3).Where(level => File.Exists(Path.Combine(directory.Path, "tree", TileFiles.FileName(level)))).SelectMany(Bytes)];

    /// <summary>Each full tile has the root that stands above it.</summary>
    public void AssertSound()
    {
        for (var level = 0; level < 2; level++)
        {
            var bytes = Bytes(level);
            var above = Bytes(level + 1);
            for (var tile = 0; (tile + 1) * 8192 <= bytes.Length; tile++)
            {
                var root = new byte[MerkleTree.HashLength];
                MerkleTree.HashSubtree(bytes.AsSpan(tile * 8192, 8192), root);
                Assert.Equal(above[(tile * 32)..][..32], root);
            }
        }
    }

    public void Dispose()
    {
        files.Dispose();
        directory.Dispose();
    }

    private void HashLeaves(long position, Span<byte> hashes)
    {
        for (var at = 0; at < hashes.Length; at += MerkleTree.HashLength, position++)
            NaiveTree.HashLeaf(HashTreeTests.Leaf(position == Forgotten ? -1 : (int)position)).CopyTo(hashes[at..]);
    }
}
