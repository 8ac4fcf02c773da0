using Farthing.Protocol;

namespace Farthing.Ledger.Proofs;

/// <summary>Writes the hashes of the leaves from a position on, made from the journal.</summary>
internal delegate void LeafHasher(long position, Span<byte> hashes);

/// <summary>Makes a tile right that does not fit what vouches for it: something has rotted on disk, and the journal tells what was there.</summary>
/// <remarks>Thread-safe. Never makes a tree that differs from the one that was there: if what the journal gives fits nothing, it throws.</remarks>
internal sealed class TileMender(TileFiles files, LeafHasher hashLeaves)
{
    private readonly Lock gate = new();

    // Written under the gate; read anywhere.
    private int mended;

    /// <summary>How many tiles were written again since the start.</summary>
    public int Mended => Volatile.Read(ref mended);

    /// <returns>The tile as it is now on disk.</returns>
    /// <param name="level">The tile's level.</param>
    /// <param name="index">Its index.</param>
    /// <param name="edge">That of the tree, as far as the tile is asked for.</param>
    /// <exception cref="LedgerDamagedException">What the journal gives fits neither the tile nor what is above it.</exception>
    public byte[] Mend(int level, long index, TreeEdge edge)
    {
        lock (gate) return MendLocked(level, index, edge);
    }

    private byte[] MendLocked(int level, long index, TreeEdge edge)
    {
        var tile = files.ReadTile(level, index, edge);
        // Somebody else may have mended it meanwhile.
        if (files.IsRight(level, index, tile, edge)) return tile;

        var made = MakeAgain(level, index, tile.Length, edge);
        if (!TryPutIfWritable(level, index, made, edge))
            throw new LedgerDamagedException($"Tile {new TileName(level, index, made.Length / MerkleTree.HashLength)} and the level above it are damaged. Check the disk; then stop the server, delete the tree's directory and start again: the tree is made from the journal, and held against the checkpoint.");
        mended++;
        return made;
    }

    private bool TryPutIfWritable(int level, long index, byte[] made, TreeEdge edge)
    {
        try
        {
            return TryPut(level, index, made, edge);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It fits, or would not have been written. That the disk does not take it keeps nobody from being shown it.
            return true;
        }
    }

    // Writes a tile if it fits what is above it; also if that is wrong in this one place, which shows further up, at the latest at the edge.
    private bool TryPut(int level, long index, byte[] made, TreeEdge edge)
    {
        if (!files.IsRight(level, index, made, edge))
        {
            if (made.Length < TileName.FullWidth * MerkleTree.HashLength) return false;
            var root = RootOf(made);
            var above = files.ReadTile(level + 1, index >> TileName.Height, edge);
            root.CopyTo(above, (int)(index & (TileName.FullWidth - 1)) * MerkleTree.HashLength);
            if (!TryPut(level + 1, index >> TileName.Height, above, edge))
            {
                // More is wrong there. But journal and tile agree, and that is enough for this place.
                if (!made.AsSpan().SequenceEqual(files.ReadTile(level, index, edge))) return false;
                files.Write(level + 1, index, root);
            }
        }
        files.Write(level, index << TileName.Height, made);
        return true;
    }

    private byte[] MakeAgain(int level, long index, int length, TreeEdge edge)
    {
        var made = new byte[length];
        var first = index << TileName.Height;
        if (level == 0)
        {
            hashLeaves(first, made);
            return made;
        }
        for (var at = 0; at < length; at += MerkleTree.HashLength)
            RootOf(MendLocked(level - 1, first + at / MerkleTree.HashLength, edge)).CopyTo(made, at);
        return made;
    }

    private static byte[] RootOf(byte[] tile)
    {
        var root = new byte[MerkleTree.HashLength];
        MerkleTree.HashSubtree(tile, root);
        return root;
    }
}
