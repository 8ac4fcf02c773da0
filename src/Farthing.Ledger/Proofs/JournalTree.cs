using System.Text;
using Farthing.Ledger.Journal;
using Farthing.Protocol;

namespace Farthing.Ledger.Proofs;

/// <summary>The tree of a journal that is only read: its root, and the root at one earlier size. Keeps no hashes. Not thread-safe.</summary>
/// <param name="mark">The earlier size.</param>
internal sealed class JournalTree(long mark)
{
    private readonly TreeEdge edge = new();
    private readonly LeafBuilder leaves = new();
    private byte[]? rootAtMark;

    public long Size => edge.Size;

    public void Add(Frame frame)
    {
        Span<byte> completed = stackalloc byte[64 * MerkleTree.HashLength];
        var hashes = new byte[frame.Header.RecordCount * MerkleTree.HashLength];
        leaves.HashLeaves(frame.Header, frame.Records.Span, hashes);
        for (var at = 0; at < hashes.Length; at += MerkleTree.HashLength)
        {
            if (edge.Size == mark) rootAtMark = edge.Root();
            edge.Add(hashes.AsSpan(at, MerkleTree.HashLength), completed);
        }
    }

    public byte[] Root() => edge.Root();

    /// <summary>The root at the mark, which must have been reached.</summary>
    public byte[] RootAtMark() => edge.Size == mark ? edge.Root() : rootAtMark ?? throw new InvalidOperationException("The mark was not reached.");
}

/// <summary>The checkpoint in a data directory, as far as it can be read without being believed.</summary>
internal sealed record StoredCheckpoint(long Size, byte[] Root, string? Problem)
{
    /// <returns>Null if there is none.</returns>
    public static StoredCheckpoint? Read(string directory, CheckpointKey? key, Disk? disk = null)
    {
        var path = Path.Combine(directory, CheckpointStore.FileName);
        disk ??= Disk.Real;
        if (!disk.Exists(path)) return null;
        var note = Encoding.UTF8.GetString(disk.ReadStart(path, Checkpoint.MaxNoteLength + 1));
        if (key is not null)
        {
            return Checkpoint.TryVerify(note, key, out var checkpoint)
                ? new(checkpoint.Size, checkpoint.Root, null)
                : new(0, [], $"It is not signed by {key}.");
        }
        var lines = note.Split('\n');
        Span<byte> root = stackalloc byte[MerkleTree.HashLength + 1];
        return lines.Length > 4 && long.TryParse(lines[1], out var size) && size >= 0
            && Convert.TryFromBase64String(lines[2], root, out var length) && length == MerkleTree.HashLength
            ? new(size, root[..length].ToArray(), null)
            : new(0, [], "It is not a checkpoint.");
    }
}
