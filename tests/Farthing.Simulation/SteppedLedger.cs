using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;
using Farthing.Ledger;
using Farthing.Ledger.Journal;
using Farthing.Ledger.Journal.Sealing;
using Farthing.Ledger.Proofs;
using Farthing.Ledger.Sequencing;
using Farthing.Ledger.Snapshots;
using Farthing.Ledger.State;

namespace Farthing.Simulation;

/// <summary>
/// The parts of a ledger, put together and opened as <see cref="Farthing.Ledger.Ledger"/> does it, but without a thread: each part does its next step when it is told to.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A process that is killed disposes of nothing, and nothing in here is held outside memory.")]
internal sealed class SteppedLedger
{
    // So many frames may wait for the tree; one more would wait for a thread that is not there.
    private const int MostUnstored = BatchPool.Count - 1;

    private readonly FileJournal journal;
    private readonly SealedSegments segments;
    private readonly Sealer sealer;
    private readonly FrameIndex frames;
    private readonly SnapshotFollower snapshots;
    private readonly SimulatedScheduler saver = new();
    private readonly FaultCounts counts;
    private int openSegment;
    private int unstored;

    public SteppedLedger(SimulatedDisk disk, LedgerOptions options, FaultCounts counts)
    {
        this.counts = counts;
        var journalDirectory = FileJournal.DirectoryIn(options.Directory);
        journal = FileJournal.Open(journalDirectory, options.SegmentBytes, End, disk, preparesBeside: false);
        var files = new IndexFiles(journal, journalDirectory, disk);
        segments = new(files, journal.Number);
        sealer = new(files, segments, End);
        frames = new(segments);
        Records = new(journal, frames);
        History = new(Records, frames, segments);
        SealedIds = new(segments, Records);
        Proofs = new(options, journal, Records, End, new() { Disk = disk, Saver = saver, SaveEvery = 100 });
        var snapshotDirectory = new SnapshotDirectory(options.Directory, journal, disk);
        snapshots = new(journal, snapshotDirectory);

        // They are followed once the opening is done: it takes whatever goes wrong in it for a fault of the snapshot.
        var read = new List<Frame>();
        var opening = new Opening(journal, snapshotDirectory, sealer, SealedIds, new(Proofs.ResumedAt, read.Add));
        State = opening.Run();
        foreach (var frame in read) Follow(frame.Header, frame.Records);
        while (unstored > 0) StepTree();
        Restored = opening.Restored;
        SnapshotNotes = opening.Notes;
        try
        {
            Proofs.LoadCheckpoint(State.NextPosition);
        }
        catch (LedgerDamagedException)
        {
            counts.Add(Fault.CheckpointContradicted);
            throw;
        }
        if (Restored is not null) counts.Add(Fault.OpenedFromSnapshot);
        if (SnapshotNotes.Count > 0) counts.Add(Fault.SnapshotNotUsed);
        if (Proofs.ResumedAt.Sequence > 0) counts.Add(Fault.TreeResumed);
        snapshotDirectory.DeleteUnfinished();
        snapshots.GoOnFrom(Restored);
    }

    public LedgerState State { get; }

    public LedgerProofs Proofs { get; }

    public SealedIds SealedIds { get; }

    public RecordReader Records { get; }

    public History History { get; }

    /// <summary>The snapshot that the opening went on from; null if it read all.</summary>
    public SnapshotHeader? Restored { get; }

    public IReadOnlyList<string> SnapshotNotes { get; }

    /// <summary>The position behind the sealed segments.</summary>
    public long SealedEnd => segments.EndPosition;

    public string? NotReadyReason => journal.NotReadyReason ?? sealer.NotReadyReason ?? Proofs.NotReadyReason;

    /// <summary>Cuts a torn end, and flushes what was found. Then frames may be appended.</summary>
    public bool Recover() => journal.Recover() is not null;

    public IEnumerable<Frame> ReadFrames() => journal.ReadFrames(JournalMark.Beginning);

    /// <summary>False if followers lag so far behind, as they have no room, that the one who appends waits for them.</summary>
    public bool MayAppend()
    {
        while (openSegment - segments.Count >= Sealer.MostWaiting)
        {
            Seal();
            if (sealer.NotReadyReason is not null) return false;
        }
        if (unstored >= MostUnstored) StepTree();
        return unstored < MostUnstored;
    }

    public FrameHeader Append(in FrameHeader batch, BatchBuffer records)
    {
        var header = journal.Append(batch, records);
        Follow(header, records.Bytes.AsMemory(0, records.Length));
        sealer.Follow(header);
        return header;
    }

    /// <summary>One step of one follower.</summary>
    public void Step(int which)
    {
        switch (which % 4)
        {
            case 0: Seal(); break;
            case 1: Snapshot(); break;
            case 2: StepTree(); break;
            case 3: SaveTree(); break;
        }
    }

    /// <summary>As a ledger that is closed does after its last answer.</summary>
    public void Close(long size)
    {
        while (unstored > 0 && Proofs.NotReadyReason is null) StepTree();
        Proofs.BeginClose();
        if (unstored > 0) return;
        // It waits for the save, which is done here.
        if (Proofs.CloseAsync(size) is { Exception.InnerException: not LedgerUnreadyException and { } error }) ExceptionDispatchInfo.Throw(error);
        while (SaveTree())
        {
        }
    }

    private void Follow(in FrameHeader header, ReadOnlyMemory<byte> records)
    {
        openSegment = header.Place.Segment;
        frames.Add(header);
        snapshots.Follow(header);
        if (unstored >= MostUnstored) StepTree();
        unstored++;
        Proofs.Follow(header, records, () => unstored--);
    }

    private void Seal()
    {
        var before = segments.Count;
        sealer.Step();
        if (segments.Count > before) counts.Add(Fault.SegmentSealed);
    }

    private void Snapshot()
    {
        var before = snapshots.Covered;
        snapshots.Step();
        if (snapshots.Covered > before) counts.Add(Fault.SnapshotMade);
    }

    private void StepTree() => Proofs.Step();

    private bool SaveTree()
    {
        if (!saver.RunNext()) return false;
        counts.Add(Fault.TreeSaved);
        return true;
    }

    private static void End(string message, Exception error) => throw new IOException(message, error);
}
