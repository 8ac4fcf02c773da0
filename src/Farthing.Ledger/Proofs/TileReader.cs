using Farthing.Protocol;

namespace Farthing.Ledger.Proofs;

/// <summary>Reads tiles for one answer, each at most once. A full tile is believed only if its root is the one in the level above, one that still grows only if it fits the edge. Not thread-safe.</summary>
/// <param name="files">The tiles.</param>
/// <param name="mender">Makes a tile again that is not.</param>
/// <param name="edge">That of the leaves on disk.</param>
internal sealed class TileReader(TileFiles files, TileMender mender, TreeEdge edge)
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
        var tile = files.ReadTile(level, index, edge);
        if (!files.IsRight(level, index, tile, edge)) tile = mender.Mend(level, index, edge);
        tiles.Add((level, index), tile);
        return tile;
    }
}
