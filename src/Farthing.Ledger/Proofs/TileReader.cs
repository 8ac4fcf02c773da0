using Farthing.Protocol;

namespace Farthing.Ledger.Proofs;

/// <summary>Reads tiles for one answer, each at most once. A full tile is believed only if its root is the one in the level above. Not thread-safe.</summary>
/// <param name="files">The tiles.</param>
/// <param name="mender">Makes a tile again that is not.</param>
/// <param name="size">How many leaves are on disk.</param>
internal sealed class TileReader(TileFiles files, TileMender mender, long size)
{
    private readonly Dictionary<(int Level, long Index), byte[]> tiles = [];

    /// <summary>The hash of a complete subtree: the <paramref name="index"/>-th of 2^<paramref name="level"/> leaves.</summary>
    public void ReadSubtree(int level, long index, Span<byte> destination)
    {
        var (tileLevel, height) = Math.DivRem(level, TileName.Height);
        var first = index << height;
        var tile = Read(tileLevel, first >> TileName.Height);
        var offset = (int)(first & (TileName.FullWidth - 1));
        MerkleTree.HashSubtree(tile.AsSpan(offset * MerkleTree.HashLength, MerkleTree.HashLength << height), destination);
    }

    /// <summary>The tile as far as the tree has it.</summary>
    public byte[] Read(int level, long index)
    {
        if (tiles.TryGetValue((level, index), out var known)) return known;
        var width = TileName.WidthIn(size, level, index);
        var tile = new byte[width * MerkleTree.HashLength];
        files.Read(level, index << TileName.Height, tile);
        // A tile that still grows was written by this process, or belongs to the edge whose root was checked on opening.
        if (width == TileName.FullWidth && !IsRight(level, index, tile)) tile = mender.Mend(level, index);
        tiles.Add((level, index), tile);
        return tile;
    }

    private bool IsRight(int level, long index, ReadOnlySpan<byte> tile)
    {
        Span<byte> hashes = stackalloc byte[2 * MerkleTree.HashLength];
        MerkleTree.HashSubtree(tile, hashes);
        files.Read(level + 1, index, hashes[MerkleTree.HashLength..]);
        return hashes[..MerkleTree.HashLength].SequenceEqual(hashes[MerkleTree.HashLength..]);
    }
}
