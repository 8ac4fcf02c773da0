using Farthing.Ledger.Journal;
using Farthing.Ledger.Journal.Sealing;
using Farthing.Ledger.Proofs;
using Farthing.Ledger.Sequencing;
using Farthing.Ledger.Snapshots;
using Farthing.Ledger.State;
using Farthing.Protocol;

namespace Farthing.Ledger;

/// <summary>Settings of a ledger.</summary>
public sealed record LedgerOptions
{
    /// <summary>The directory that holds the journal, its checkpoint and its lock.</summary>
    public required string Directory { get; init; }

    /// <summary>The log's unique name in checkpoints, such as <c>farthing.example/ledger</c>.</summary>
    public required string Origin { get; init; }

    /// <summary>Signs checkpoints and receipts.</summary>
    public required SigningKey CheckpointKey { get; init; }

    /// <summary>The size of a segment file of a new journal in bytes, a multiple of 4 KiB, at least 1 MiB and at most 1 GiB. Default 64 MiB.</summary>
    public long SegmentBytes { get; init; } = 64 << 20;

    /// <summary>The most commands in a batch. Default 8,192.</summary>
    public int MaxBatchCommands { get; init; } = 8192;

    /// <summary>
    /// Told once of each fault of the disk that keeps a part of the ledger waiting, when it begins: what cannot be done, and the exception, which may name files. For a log.
    /// Called by threads of the ledger. Default: nobody is told.
    /// </summary>
    public Action<string, Exception>? ReportFault { get; init; }
}

/// <summary>The only place where money moves: accounts, transfers, holds and refunds over a durable journal.</summary>
/// <remarks>
/// Thread-safe. One writer applies batches; every answer, be it a success, a refusal, a duplicate or a read, comes only once what it saw is on disk.
/// An error of the disk ends the process.
/// </remarks>
public sealed partial class Ledger : IAsyncDisposable
{
    /// <summary>The name of the meter (<see cref="System.Diagnostics.Metrics.Meter"/>) that a ledger measures itself with.</summary>
    public const string MeterName = "Farthing.Ledger";

    private readonly DirectoryLock directoryLock;
    private readonly IJournal journal;
    private readonly Sealer sealer;
    private readonly FrameIndex frames;
    private readonly SealedIds sealedIds;
    private readonly RecordReader records;
    private readonly History history;
    private readonly ClockGuard clock;
    private readonly Watermark durable;
    private readonly Sequencer sequencer;
    private readonly Flusher flusher;
    private readonly LedgerProofs proofs;
    private readonly SnapshotFollower snapshots;
    private readonly LedgerMetrics metrics;
    private int disposed;

    private Ledger(LedgerOptions options, TimeProvider time, DirectoryLock directoryLock, IJournal journal, Action<string, Exception> endProcess)
    {
        this.directoryLock = directoryLock;
        this.journal = journal;
        var files = new IndexFiles(journal, FileJournal.DirectoryIn(options.Directory));
        var segments = new SealedSegments(files, journal.Number);
        sealer = new(files, segments, endProcess, options.ReportFault);
        frames = new(segments);
        records = new(journal, frames);
        history = new(records, frames, segments);
        sealedIds = new(segments, records);
        metrics = new(time);
        proofs = new(options, journal, records, endProcess);
        var snapshotDirectory = new SnapshotDirectory(options.Directory, journal);
        snapshots = new(journal, snapshotDirectory, options.ReportFault);
        LedgerState state;
        proofs.Start();
        try
        {
            var opening = new Opening(journal, snapshotDirectory, sealer, sealedIds, new(proofs.ResumedAt, frame =>
            {
                frames.Add(frame.Header);
                proofs.Follow(frame.Header, frame.Records, done: null);
                snapshots.Follow(frame.Header);
            }));
            state = opening.Run();
            // Before anything is cut: a torn frame that a checkpoint covers is a loss, not the rest of an unfinished write.
            proofs.LoadCheckpoint(state.NextPosition);
            RecoveryNotes = journal.Recover() is { } note ? [.. opening.Notes, note] : opening.Notes;
            snapshots.Start(opening.Restored);
        }
        catch
        {
            proofs.Dispose();
            throw;
        }

        durable = new(state.NextPosition);
        clock = new(time, state.UnixMilliseconds);
        var handover = new Handover();
        var pool = new BatchPool();
        flusher = new(handover, journal, frames, new(durable, Follow, metrics, endProcess));
        sequencer = new(state, sealedIds, new(options.MaxBatchCommands, journal.MaxBatchBytes), clock, time, handover, flusher, pool, () => NoRoomReason, endProcess);
        sealer.Start();
        flusher.Start();
        sequencer.Start();
        metrics.Observe(this);

        void Follow(FrameHeader header, Batch batch)
        {
            metrics.Answered(batch.Commands);
            if (batch.Records.Length == 0) pool.Return(batch);
            else FollowRecords(header, batch);
        }

        void FollowRecords(in FrameHeader header, Batch batch)
        {
            snapshots.Follow(header);
            sealer.Follow(header);
            proofs.Follow(header, batch.Records.Bytes.AsMemory(0, batch.Records.Length), () => pool.Return(batch));
        }
    }

    /// <summary>What recovery cut or repaired on opening, and which snapshots it could not use, in words; empty if nothing.</summary>
    public IReadOnlyList<string> RecoveryNotes { get; }

    /// <summary>Null if new work is accepted; else why not, in words for anybody (a clock that leapt, a full disk).</summary>
    public string? NotReadyReason => clock.NotReadyReason ?? NoRoomReason;

    /// <summary>How many records are on disk.</summary>
    public long DurableSize => durable.Size;

    private string? NoRoomReason => journal.NotReadyReason ?? sealer.NotReadyReason ?? proofs.NotReadyReason;

    /// <summary>How many commands wait for the writer.</summary>
    internal int QueuedCommands => sequencer.QueuedCommands;

    /// <summary>How many segments wait to be sealed.</summary>
    internal int UnsealedSegments => sealer.Waiting;

    /// <summary>How many records the newest snapshot covers; the next opening replays those behind it.</summary>
    public long SnapshotSize => snapshots.Covered;

    /// <summary>Why there is no newer snapshot though there should be one, in words; null if all is well. Payments go on; the next start takes longer.</summary>
    public string? SnapshotProblem => snapshots.Problem;

    /// <summary>The ledger's time in Unix milliseconds: no earlier than the last batch, and the earliest that the next one can have.</summary>
    /// <remarks>
    /// It may be up to five minutes ahead of the clock, after the clock was set back. A deadline is far enough away only if it is so from the
    /// later of the two. Reading it takes no lock.
    /// </remarks>
    public long LastBatchUnixMilliseconds => clock.Newest;

    /// <summary>The name and key that checkpoints are verified with.</summary>
    public CheckpointKey VerifierKey => proofs.VerifierKey;

    /// <summary>Opens the ledger in a directory, creating it if it is empty, and replays the journal from its newest sound snapshot on.</summary>
    /// <exception cref="LedgerDamagedException">The journal is damaged somewhere else than in a torn last frame, or was written by a newer version.</exception>
    /// <exception cref="LedgerInUseException">Another process has it open.</exception>
    /// <exception cref="LedgerUnreadyException">There is no room for the tree over the journal.</exception>
    public static Ledger Open(LedgerOptions options, TimeProvider time) => Open(options, time, directory => FileJournal.Open(directory, options.SegmentBytes, report: options.ReportFault), EndProcess);

    internal static Ledger Open(LedgerOptions options, TimeProvider time, Func<string, IJournal> openJournal, Action<string, Exception> endProcess)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.SegmentBytes, Segment.MinBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.SegmentBytes, Segment.MaxBytes);
        ArgumentOutOfRangeException.ThrowIfNotEqual(options.SegmentBytes % Frame.BlockBytes, 0);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxBatchCommands, 1);
        DurableFiles.CreateDirectory(options.Directory);
        var directoryLock = DirectoryLock.Take(options.Directory);
        IJournal? journal = null;
        try
        {
            journal = openJournal(FileJournal.DirectoryIn(options.Directory));
            return new(options, time, directoryLock, journal, endProcess);
        }
        catch
        {
            journal?.Dispose();
            directoryLock.Dispose();
            throw;
        }
    }

    /// <summary>Carries out commands in order; chains (<see cref="Command.Linked"/>) as a whole, and no chain affects the next.</summary>
    /// <param name="commands">One or more commands; not copied, and must not change until the answer.</param>
    /// <param name="resumesBriefly">
    /// True if whoever awaits the answer then does something short that never blocks, neither on the ledger nor on anything else. It may go on on the thread that flushed,
    /// which saves waking another; while it runs nobody else is served. By default, and with every exception, it goes on in the thread pool.
    /// </param>
    /// <returns>One answer per command, once all of them are durable.</returns>
    /// <exception cref="LedgerUnreadyException">See <see cref="NotReadyReason"/>; or too much is waiting, or the ledger is closing. Nothing was done.</exception>
    /// <exception cref="LedgerDamagedException">An old record of one of the ids is damaged on disk. Chains before the one with that id were carried out, none from it on.</exception>
    public ValueTask<CommandResult[]> SubmitAsync(Command[] commands, bool resumesBriefly = false)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentOutOfRangeException.ThrowIfZero(commands.Length, nameof(commands));
        if (NotReadyReason is { } reason) throw new LedgerUnreadyException(reason);
        return sequencer.SubmitAsync(commands, resumesBriefly);
    }

    /// <summary>An account, or null. What it shows is durable.</summary>
    public async ValueTask<AccountSnapshot?> ReadAccountAsync(UInt128 account)
    {
        // Whatever an account shows is the work of the last record that touched it: nothing later need be waited for.
        var seen = sequencer.Look(account, static (state, id) => state.TryGetAccount(id, out var found) ? found : (AccountSnapshot?)null);
        if (seen is { } snapshot) await durable.WaitAsync(snapshot.LastPosition + 1);
        return seen;
    }

    /// <summary>The record bound to an id, refused ones included, or null. What it shows is durable.</summary>
    public async ValueTask<JournalRecord?> FindAsync(UInt128 id)
    {
        var position = sequencer.Look(id, static (state, id) => state.TryGetPosition(id, out var found) ? found : -1);
        if (position < 0) return sealedIds.TryFind(id, out var record) ? record : null;
        await durable.WaitAsync(position + 1);
        return records.Read(position);
    }

    /// <summary>The durable record at a position below <see cref="DurableSize"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is none.</exception>
    public JournalRecord Read(long position) => records.Read(position);

    /// <summary>All durable records that cite an id (posts, voids, expiry, refunds), oldest first.</summary>
    public async ValueTask<IReadOnlyList<JournalRecord>> ReadCitationsAsync(UInt128 id)
    {
        var (isBound, position) = sequencer.Look(id, static (state, id) => (state.TryGetPosition(id, out _), state.LastCitation(id)));
        // What cites a record comes after it: sealed segments know of it only if they hold the record too.
        if (position < 0 && !isBound) position = sealedIds.LastCitation(id);
        await durable.WaitAsync(position + 1);
        return history.ReadCitations(position);
    }

    /// <summary>Ids of the holds with a code that are neither posted, voided nor expired, oldest first.</summary>
    public async ValueTask<IReadOnlyList<UInt128>> ReadOpenHoldsAsync(TransferCode code)
    {
        var (holds, size) = sequencer.Look(code, static (state, code) => (state.OpenHolds(code), state.NextPosition));
        await durable.WaitAsync(size);
        return holds;
    }

    /// <summary>All durable records from a position on, for those who keep a projection; ends at <see cref="DurableSize"/>.</summary>
    public IEnumerable<JournalRecord> ReadFrom(long position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        return Enumerate();

        IEnumerable<JournalRecord> Enumerate()
        {
            while (position < durable.Size)
            {
                foreach (var record in records.ReadFrameFrom(position))
                {
                    position++;
                    yield return record;
                }
            }
        }
    }

    /// <summary>A signed and stored checkpoint that covers at least <paramref name="minimumSize"/> records. At most one is made per commit; an older one that covers enough is reused.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many records.</exception>
    /// <exception cref="LedgerUnreadyException">It could not be stored; or the ledger closes, and there is no room for the tree.</exception>
    public ValueTask<SignedCheckpoint> GetCheckpointAsync(long minimumSize = 0)
    {
        if (minimumSize > durable.Size)
            ArgumentOutOfRangeException.ThrowIfGreaterThan(minimumSize, sequencer.Look(0, static (state, _) => state.NextPosition));
        return proofs.GetCheckpointAsync(minimumSize);
    }

    /// <summary>The leaf at a position and its proof towards a checkpoint of <paramref name="size"/> records.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The position is not below the size, or the tree is not so large yet.</exception>
    public LeafProof Prove(long position, long size) => proofs.Prove(position, size);

    /// <summary>How many records the newest signed checkpoint covers; 0 before the first one.</summary>
    public long SignedSize => proofs.SignedSize;

    /// <summary>How many records are in the tree. It follows <see cref="DurableSize"/>.</summary>
    public long TreeSize => proofs.CoveredSize;

    /// <summary>How many tiles of the tree were found damaged and made again from the journal since the ledger was opened. More than none: look at the disk.</summary>
    public int MendedTiles => proofs.MendedTiles;

    /// <summary>A tile of the tree: 32 bytes for each hash; or null, if the newest signed checkpoint does not cover it.</summary>
    /// <exception cref="LedgerDamagedException">It is damaged, and so are the records that it is made from.</exception>
    public byte[]? ReadTile(TileName tile) => proofs.ReadTile(tile);

    /// <summary>What shows that the first <paramref name="newSize"/> records begin with the first <paramref name="oldSize"/>: at most 64 hashes, concatenated, for <see cref="MerkleTree.VerifyConsistency"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The old size is negative or above the new one, or the tree is not so large yet.</exception>
    public byte[] ProveConsistency(long oldSize, long newSize) => proofs.ProveConsistency(oldSize, newSize);

    /// <summary>Finishes what is queued, stores a last checkpoint and the tree, and releases the directory.</summary>
    /// <exception cref="LedgerUnreadyException">There is no room for the tree, or the last checkpoint could not be stored; the directory is released all the same.</exception>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0) return;
        // Whatever fails, these are released at the end, the last one first.
        using var lastly = directoryLock;
        using var writtenJournal = journal;
        using var stoppedSnapshots = snapshots;
        using var stoppedProofs = proofs;
        await closing.CancelAsync();
        metrics.Dispose();
        // First these two, as whoever appends may be waiting for them: what they leave is made again when the ledger is opened.
        sealer.Dispose();
        proofs.BeginClose();
        sequencer.Close();
        flusher.Join();
        await proofs.CloseAsync(durable.Size);
    }

    internal static void EndProcess(string message, Exception error) => Environment.FailFast($"{message} {error.Message}", error);
}

/// <summary>A checkpoint and its signed note.</summary>
public sealed record SignedCheckpoint(Checkpoint Checkpoint, string Note);

/// <summary>A leaf, where it stands, the sibling hashes from the leaf upward (32 bytes each, concatenated), and the salt that opens its payer commitment.</summary>
public sealed record LeafProof(byte[] Leaf, long Index, byte[] Proof, byte[] PayerSalt);

/// <summary>The journal is damaged; the message names the place and what to do.</summary>
public sealed class LedgerDamagedException(string message) : Exception(message);

/// <summary>Another process has the directory open.</summary>
public sealed class LedgerInUseException(string message) : Exception(message);

/// <summary>The ledger takes no work now; nothing was done.</summary>
/// <param name="message">Why, for anybody to read.</param>
/// <param name="cause">What failed, for the log; may name files.</param>
public sealed class LedgerUnreadyException(string message, Exception? cause = null) : Exception(message, cause);
