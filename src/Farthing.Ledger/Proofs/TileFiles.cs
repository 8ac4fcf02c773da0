using Farthing.Ledger.Journal;
using Farthing.Protocol;

namespace Farthing.Ledger.Proofs;

/// <summary>The tiles of the tree on disk: one file for each level, its tiles one behind the other, so that hash i stands at byte 32 i.</summary>
/// <remarks>
/// Derived from the journal. One thread appends; any reads what was appended before. Why a level is one file: docs/adr/0010-tiles-in-one-file-per-level.md.
/// </remarks>
internal sealed class TileFiles : IDisposable
{
    private readonly string directory;
    private readonly Disk disk;

    // Each is set once, by the appending thread or on opening, before anybody learns that it has hashes.
    private readonly DurableFile?[] files = new DurableFile?[TileName.MaxLevel + 1];

    public TileFiles(string directory, Disk? disk = null)
    {
        this.directory = directory;
        this.disk = disk ?? Disk.Real;
        if (!this.disk.DirectoryExists(directory))
        {
            this.disk.CreateDirectory(directory);
            this.disk.FlushDirectory(Path.GetDirectoryName(directory)!);
        }
        for (var level = 0; level < files.Length; level++)
        {
            try
            {
                if (this.disk.Exists(PathOf(level))) files[level] = DurableFile.OpenForWriting(PathOf(level), this.disk);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // Not there, as far as reading goes. Whoever writes first is told.
            }
        }
    }

    public static string FileName(int level) => $"level-{level}";

    /// <summary>Writes hashes of a level from an index on.</summary>
    public void Write(int level, long index, ReadOnlySpan<byte> hashes) =>
        (files[level] ??= DurableFile.Create(PathOf(level), disk)).Write(hashes, index * MerkleTree.HashLength);

    /// <summary>Reads hashes of a level from an index on. What is not there, or cannot be read, reads as zeros, which are the hash of nothing.</summary>
    public void Read(int level, long index, Span<byte> hashes)
    {
        var read = 0;
        try
        {
            read = files[level]?.Read(hashes, index * MerkleTree.HashLength) ?? 0;
        }
        catch (IOException)
        {
            // The disk gives none of it: it is made again from the journal.
        }
        hashes[read..].Clear();
    }

    /// <summary>Reads a tile as far as a tree has it, right or not.</summary>
    public byte[] ReadTile(int level, long index, TreeEdge edge)
    {
        var tile = new byte[TileName.WidthIn(edge.Size, level, index) * MerkleTree.HashLength];
        Read(level, index << TileName.Height, tile);
        return tile;
    }

    /// <summary>True if a tile fits what vouches for it: the level above, if it is full; else the edge, which is in memory.</summary>
    public bool IsRight(int level, long index, ReadOnlySpan<byte> tile, TreeEdge edge)
    {
        Span<byte> root = stackalloc byte[MerkleTree.HashLength];
        Span<byte> above = stackalloc byte[MerkleTree.HashLength];
        var width = tile.Length / MerkleTree.HashLength;
        if (width == TileName.FullWidth)
        {
            MerkleTree.HashSubtree(tile, root);
            Read(level + 1, index, above);
            return root.SequenceEqual(above);
        }
        // Its complete subtrees, the largest first, are those of the edge at these levels.
        for (var height = TileName.Height - 1; height >= 0; height--)
        {
            if ((width >> height & 1) == 0) continue;
            var length = MerkleTree.HashLength << height;
            MerkleTree.HashSubtree(tile[..length], root);
            if (!root.SequenceEqual(edge.Subtree(level * TileName.Height + height))) return false;
            tile = tile[length..];
        }
        return true;
    }

    /// <summary>Forces all that was written before to disk.</summary>
    /// <exception cref="FlushException">It may not be there, now or later.</exception>
    public void Flush()
    {
        foreach (var file in files) file?.Flush();
    }

    public void Dispose()
    {
        foreach (var file in files) file?.Dispose();
    }

    private string PathOf(int level) => Path.Combine(directory, FileName(level));
}
