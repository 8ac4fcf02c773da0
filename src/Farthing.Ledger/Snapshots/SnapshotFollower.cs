using Farthing.Ledger.Journal;

namespace Farthing.Ledger.Snapshots;

/// <summary>Makes snapshots on a thread of its own, behind the writer, which never waits for it: out of the one before and the segments since.</summary>
/// <remarks>
/// Whatever goes wrong here is reported and stops no payment: opening only has more to read. What comes out is held against the digest in the journal.
/// </remarks>
internal sealed class SnapshotFollower : IDisposable
{
    /// <summary>How many changes are kept in memory before they are written; a segment's more may come on top.</summary>
    public const int MostChanges = 1 << 20;

    private readonly IJournal journal;
    private readonly SnapshotDirectory snapshots;
    private readonly CancellationTokenSource closing = new();
    private readonly Thread thread;
    private readonly object gate = new();
    private readonly DiskFault fault;

    // Guarded by the gate: the newest segment that the journal has gone on from, and the position behind it.
    private int sealedSegment = -1;
    private long sealedPosition;

    // Guarded by the gate, written only by the follower: the newest snapshot, and the segment through which making one was tried.
    private SnapshotHeader newest;
    private int triedSegment = -1;

    // Written only by the thread that follows frames.
    private int openSegment;

    // Written by the follower; read anywhere.
    private long covered;

    /// <param name="journal">Read while it is appended to.</param>
    /// <param name="snapshots">Where they go.</param>
    /// <param name="report">Told of each problem when it begins.</param>
    public SnapshotFollower(IJournal journal, SnapshotDirectory snapshots, Action<string, Exception>? report = null)
    {
        fault = new(report);
        this.journal = journal;
        this.snapshots = snapshots;
        thread = new Thread(Run) { IsBackground = true, Name = "farthing snapshot" };
    }

    /// <summary>How many records the newest snapshot covers.</summary>
    public long Covered => Volatile.Read(ref covered);

    /// <summary>Why there is no newer snapshot though there should be one; null if all is well. Read anywhere.</summary>
    public string? Problem => fault.Reason;

    /// <param name="openedFrom">What the ledger was opened from; null for none.</param>
    public void Start(SnapshotHeader? openedFrom)
    {
        GoOnFrom(openedFrom);
        thread.Start();
    }

    /// <summary>The same without a thread of its own, for a simulation.</summary>
    public void GoOnFrom(SnapshotHeader? openedFrom)
    {
        if (openedFrom is { } header) Take(header);
    }

    /// <summary>Takes note of a durable frame, in order. Cheap: by one thread at a time.</summary>
    public void Follow(in FrameHeader frame)
    {
        if (frame.Place.Segment == openSegment) return;
        openSegment = frame.Place.Segment;
        lock (gate)
        {
            sealedSegment = frame.Place.Segment - 1;
            sealedPosition = frame.FirstPosition;
            Monitor.PulseAll(gate);
        }
    }

    /// <summary>Drops what is not finished, and ends.</summary>
    public void Dispose()
    {
        closing.Cancel();
        lock (gate) Monitor.PulseAll(gate);
        if (thread.ThreadState.HasFlag(ThreadState.Unstarted)) return;
        thread.Join();
        closing.Dispose();
    }

    /// <summary>Makes a snapshot, if it is worth it. What the thread does again and again; a simulation, which has none, too.</summary>
    public void Step()
    {
        int segment;
        lock (gate)
        {
            if (!IsWorthIt) return;
            segment = sealedSegment;
        }
        Make(segment);
    }

    private void Run()
    {
        try
        {
            snapshots.DeleteUnfinished();
            while (WaitUntilWorthIt()) Step();
        }
        catch (OperationCanceledException)
        {
            // The ledger is closing: the journal has everything.
        }
        catch (Exception error)
        {
            fault.Set("No more snapshots are made until the next start, which may take longer", error, "Payments go on.");
        }
    }

    // Under the gate. Worth it when as many records have gone by as there is to write: so both stay in proportion, and opening replays about as much as it restores.
    private bool IsWorthIt => sealedSegment > triedSegment && sealedPosition - newest.NextPosition >= newest.Saved;

    // False when closing.
    private bool WaitUntilWorthIt()
    {
        lock (gate)
        {
            while (!IsWorthIt && !closing.IsCancellationRequested) Monitor.Wait(gate);
        }
        return !closing.IsCancellationRequested;
    }

    private void Make(int throughSegment)
    {
        try
        {
            MakeFromNewest(throughSegment);
            fault.Clear();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            fault.Set("No snapshot could be written", error, "It is tried again with the next segment; payments go on.");
            lock (gate) triedSegment = throughSegment;
        }
    }

    /// <summary>Makes a snapshot out of the newest one that is sound; those that are not are deleted, and no others: if what comes out is wrong, the reason may lie here.</summary>
    private void MakeFromNewest(int throughSegment)
    {
        foreach (var segment in snapshots.List())
        {
            try
            {
                using var before = snapshots.Open(segment, out var mark);
                // One that the opening could not go on from, or does not know.
                if (segment >= throughSegment) Take(before.Header);
                else Make(before, segment, mark, throughSegment);
                return;
            }
            catch (SnapshotException)
            {
                snapshots.Delete(segment);
            }
        }
        Make(before: null, madeFrom: null, JournalMark.Beginning, throughSegment);
    }

    private void Make(SnapshotReader? before, int? madeFrom, JournalMark mark, int throughSegment)
    {
        var changes = new SnapshotChanges();
        var last = ReadChanges(changes, mark, throughSegment);
        var segment = last.Place.Segment;
        SnapshotHeader header;
        try
        {
            using var writer = snapshots.Create(segment, closing.Token);
            changes.Merge(before, writer);
            header = writer.Complete(SnapshotHeader.Behind(journal.Number, last));
        }
        catch
        {
            snapshots.DeleteUnfinished();
            throw;
        }
        snapshots.Keep(segment, madeFrom);
        Take(header);
    }

    private void Take(in SnapshotHeader header)
    {
        Volatile.Write(ref covered, header.NextPosition);
        lock (gate)
        {
            newest = header;
            triedSegment = header.Place.Segment;
        }
    }

    // To the end of a segment: of the last one, or of an earlier one after which enough is in memory.
    private FrameHeader ReadChanges(SnapshotChanges changes, JournalMark mark, int throughSegment)
    {
        FrameHeader? last = null;
        foreach (var frame in journal.ReadFrames(mark, throughSegment))
        {
            closing.Token.ThrowIfCancellationRequested();
            if (last is { } before && before.Place.Segment != frame.Header.Place.Segment && changes.Count >= MostChanges) break;
            changes.Add(frame);
            last = frame.Header;
        }
        return last ?? throw Damage.At(mark.Place, mark.Sequence, mark.Position, "a frame cannot be read that was there when the journal went on to the next segment");
    }
}
