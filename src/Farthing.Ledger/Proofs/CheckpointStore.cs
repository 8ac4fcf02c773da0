using System.Text;
using Farthing.Ledger.Journal;
using Farthing.Protocol;

namespace Farthing.Ledger.Proofs;

/// <summary>Signs checkpoints of durable sizes, and stores each one before it is given out.</summary>
/// <remarks>What was signed can never be taken back: recovery refuses to open a journal that is shorter than its checkpoint. Thread-safe.</remarks>
internal sealed class CheckpointStore(string directory, string origin, SigningKey key, HashTree tree, TreeFollower follower, Disk disk) : IDisposable
{
    private readonly string path = System.IO.Path.Combine(directory, FileName);
    private readonly SemaphoreSlim signing = new(1);

    // Written under the semaphore; read anywhere.
    private volatile SignedCheckpoint? newest;

    public const string FileName = "checkpoint";

    /// <summary>How many records the newest one signs; 0 if there is none.</summary>
    public long Size => newest?.Checkpoint.Size ?? 0;

    public CheckpointKey VerifierKey { get; } = new(origin, key.Verifier);

    /// <summary>Reads the stored checkpoint and holds the journal against it.</summary>
    /// <param name="size">How many records the journal has; they must be on their way into the tree.</param>
    /// <exception cref="LedgerDamagedException">The checkpoint is not ours, or the journal does not contain what it signs.</exception>
    public void Load(long size)
    {
        if (!disk.Exists(path)) return;
        var note = Encoding.UTF8.GetString(disk.ReadStart(path, Checkpoint.MaxNoteLength + 1));
        if (!Checkpoint.TryVerify(note, VerifierKey, out var checkpoint))
            throw new LedgerDamagedException($"{path} is not a checkpoint of {VerifierKey}. Start with the origin and key that the ledger was made with, or restore the directory from a backup.");
        if (checkpoint.Size > size)
            throw new LedgerDamagedException($"The journal ends after {size} records, but {path} signs {checkpoint.Size}: {checkpoint.Size - size} acknowledged records are missing at its end. Nothing was changed. Restore the directory from a backup.");

        follower.WaitAsync(checkpoint.Size).AsTask().GetAwaiter().GetResult();
        if (!tree.Root(checkpoint.Size).AsSpan().SequenceEqual(checkpoint.Root))
            throw new LedgerDamagedException($"The first {checkpoint.Size} records of the journal are not those that {path} signs. Nothing was changed. Restore the directory from a backup.");
        // Its name may be newer than the last flush of the directory, and it is given out again without another.
        disk.FlushDirectory(directory);
        newest = new(checkpoint, note);
    }

    /// <summary>The newest checkpoint if it covers enough, else a new one over all that is in the tree by then.</summary>
    /// <exception cref="LedgerUnreadyException">It could not be stored; or the ledger closes, and there is no room for the tree.</exception>
    public async ValueTask<SignedCheckpoint> GetAsync(long minimumSize)
    {
        if (newest is { } known && known.Checkpoint.Size >= minimumSize) return known;
        await follower.WaitAsync(minimumSize);
        await signing.WaitAsync();
        try
        {
            // Whoever waited here while another one signed finds that it covers enough.
            if (newest is { } made && made.Checkpoint.Size >= minimumSize) return made;
            // From memory: what is signed rests on no tile that a disk may have changed.
            var edge = tree.Stored;
            var checkpoint = new Checkpoint(origin, edge.Size, edge.Root());
            var signed = new SignedCheckpoint(checkpoint, checkpoint.Sign(key));
            DurableFiles.Replace(path, Encoding.UTF8.GetBytes(signed.Note), null, disk);
            newest = signed;
            return signed;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Whoever asked is shown the message, and need not know where our files are.
            throw new LedgerUnreadyException("The checkpoint could not be stored: there is no room, or no access.", error);
        }
        finally
        {
            signing.Release();
        }
    }

    public void Dispose() => signing.Dispose();
}
