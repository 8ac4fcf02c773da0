using Farthing.Protocol;

namespace Farthing.Ledger.Proofs;

/// <summary>Writes the hashes of the leaves from a position on, made from the journal.</summary>
internal delegate void LeafHasher(long position, Span<byte> hashes);

/// <summary>Makes a full tile right that does not fit the level above: one of the two has rotted on disk, and the journal tells which.</summary>
/// <remarks>Thread-safe. Never makes a tree that differs from the one that was there: if the journal fits neither, it throws.</remarks>
internal sealed class TileMender(TileFiles files, LeafHasher hashLeaves)
{
    private readonly Lock gate = new();

    // Written under the gate; read anywhere.
    private int mended;

    /// <summary>How many tiles were written again since the start.</summary>
    public int Mended => Volatile.Read(ref mended);

    /// <returns>The tile as it is now on disk.</returns>
    /// <param name="level">The tile's level.</param>
    /// <param name="index">Its index; it is full.</param>
    /// <exception cref="LedgerDamagedException">Neither the tile nor the level above is what the journal gives.</exception>
    public byte[] Mend(int level, long index)
    {
        lock (gate) return MendLocked(level, index);
    }

    private byte[] MendLocked(int level, long index)
    {
        var tile = new byte[TileName.FullWidth * MerkleTree.HashLength];
        files.Read(level, index << TileName.Height, tile);
        var rootAbove = new byte[MerkleTree.HashLength];
        files.Read(level + 1, index, rootAbove);
        // Somebody else may have mended it meanwhile.
        if (RootOf(tile).AsSpan().SequenceEqual(rootAbove)) return tile;

        var made = MakeAgain(level, index);
        var root = RootOf(made);
        if (root.AsSpan().SequenceEqual(rootAbove)) files.Write(level, index << TileName.Height, made);
        else if (made.AsSpan().SequenceEqual(tile)) files.Write(level + 1, index, root);
        else throw new LedgerDamagedException($"Tile {new TileName(level, index, TileName.FullWidth)} and the level above it are damaged. Check the disk; then stop the server, delete the tree's directory and start again: the tree is made from the journal, and held against the checkpoint.");
        mended++;
        return made;
    }

    private byte[] MakeAgain(int level, long index)
    {
        var made = new byte[TileName.FullWidth * MerkleTree.HashLength];
        var first = index << TileName.Height;
        if (level == 0)
        {
            hashLeaves(first, made);
            return made;
        }
        for (var i = 0; i < TileName.FullWidth; i++)
            RootOf(MendLocked(level - 1, first + i)).CopyTo(made, i * MerkleTree.HashLength);
        return made;
    }

    private static byte[] RootOf(byte[] tile)
    {
        var root = new byte[MerkleTree.HashLength];
        MerkleTree.HashSubtree(tile, root);
        return root;
    }
}
