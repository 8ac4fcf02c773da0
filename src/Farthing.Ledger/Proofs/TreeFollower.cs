using Farthing.Ledger.Journal;
using Farthing.Ledger.Sequencing;
using Farthing.Protocol;

namespace Farthing.Ledger.Proofs;

/// <summary>Hashes durable records into the tree on a thread of its own, behind the writer.</summary>
/// <remarks>
/// Small frames come by the thousand a second, and to wake a thread for each costs more than to hash it. So the follower naps between them, unless somebody
/// waits for the tree or much has come together.
/// </remarks>
internal sealed class TreeFollower : IDisposable
{
    private static readonly TimeSpan RetryEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Nap = TimeSpan.FromMilliseconds(5);
    private const int MaxQueued = BatchPool.Count;
    private const int ManyFrames = BatchPool.Count / 2;
    private const int ManyRecords = 1024;

    private readonly StoredTree stored;
    private readonly Action<string, Exception> endProcess;
    private readonly Thread thread;
    private readonly object gate = new();
    private readonly DiskFault fault;

    // Owned by the follower: what was taken and is not stored yet; and the frame that was stored last.
    private readonly List<Work> works = [];
    private readonly LeafBuilder leaves = new();
    private byte[] hashes = [];
    private FrameHeader last;

    // Guarded by the gate.
    private readonly Queue<Work> queue = new();
    private int queuedRecords;
    private bool sleeps;
    private bool isAwaited;
    private bool closed;
    private Phase phase;
    private string? gaveUp;

    public TreeFollower(StoredTree stored, Action<string, Exception> endProcess, Action<string, Exception>? report = null)
    {
        fault = new(report);
        this.stored = stored;
        this.endProcess = endProcess;
        Covered = new(stored.ResumedAt.Position);
        thread = new Thread(Run) { IsBackground = true, Name = "farthing tree" };
    }

    // Only an open ledger waits for room. While it is opened or closed, nobody would come to make some.
    private enum Phase
    {
        Opening,
        Open,
        Closing,
    }

    private readonly record struct Work(FrameHeader Header, ReadOnlyMemory<byte> Records, Action? Done);

    /// <summary>How many records are in the tree and can be proven.</summary>
    public Watermark Covered { get; }

    /// <summary>Why the tree stands still, or null. Read anywhere.</summary>
    public string? NotReadyReason => fault.Reason;

    public void Start() => thread.Start();

    /// <summary>Completes when so many records are in the tree, without a nap.</summary>
    /// <exception cref="LedgerUnreadyException">They never will be: there was no room for them when the ledger was opened, or closed.</exception>
    public ValueTask WaitAsync(long size)
    {
        if (Covered.Size >= size) return ValueTask.CompletedTask;
        lock (gate)
        {
            isAwaited = true;
            Monitor.PulseAll(gate);
        }
        return Covered.WaitAsync(size);
    }

    /// <summary>Takes durable records in order; waits while too many are queued. Those that the tree has already are passed over.</summary>
    /// <param name="header">Their frame.</param>
    /// <param name="records">Their bytes, which must not change until <paramref name="done"/>.</param>
    /// <param name="done">Called when they are in the tree.</param>
    public void Enqueue(in FrameHeader header, ReadOnlyMemory<byte> records, Action? done)
    {
        if (header.EndPosition <= stored.ResumedAt.Position)
        {
            done?.Invoke();
            return;
        }
        lock (gate)
        {
            while (queue.Count >= MaxQueued && gaveUp is null) Monitor.Wait(gate);
            if (gaveUp is null)
            {
                queue.Enqueue(new(header, records, done));
                queuedRecords += header.RecordCount;
                if (sleeps || IsMuch) Monitor.PulseAll(gate);
                return;
            }
        }
        done?.Invoke();
    }

    /// <summary>The ledger is open: from now on work goes on once there is room.</summary>
    /// <exception cref="LedgerUnreadyException">There was none for what was enqueued.</exception>
    public void BeginOpen()
    {
        lock (gate)
        {
            if (gaveUp is not null) throw new LedgerUnreadyException(gaveUp);
            phase = Phase.Open;
        }
    }

    /// <summary>The ledger closes: from now on nobody waits for room. What does not fit into the tree is made from the journal by the next opening.</summary>
    public void BeginClose()
    {
        lock (gate)
        {
            phase = Phase.Closing;
            Monitor.PulseAll(gate);
        }
    }

    /// <summary>Saves the tree with all that was enqueued, which must be in it by now.</summary>
    public Task SaveAsync() => last.RecordCount > 0 ? stored.SaveAsync(last) : Task.CompletedTask;

    /// <summary>Finishes what is queued, and ends.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            closed = true;
            phase = Phase.Closing;
            Monitor.PulseAll(gate);
        }
        if (thread.IsAlive) thread.Join();
    }

    /// <summary>Takes what is queued into the tree, or tries again what had no room. What the thread does again and again; a simulation, which has none, too.</summary>
    public void Step()
    {
        if (works.Count == 0)
        {
            Take();
            if (works.Count == 0) return;
            // A frame that another one follows was flushed, also where this is an opening that reads what a crash left.
            if (last.RecordCount > 0) stored.SaveIfDue(last);
            foreach (var work in works) Add(work);
        }
        if (TryStore())
        {
            last = works[^1].Header;
            Covered.Advance(last.EndPosition);
        }
        else if (gaveUp is null) return;
        else GiveUp();
        foreach (var work in works) work.Done?.Invoke();
        works.Clear();
    }

    // Under the gate.
    private bool IsMuch => queue.Count >= ManyFrames || queuedRecords >= ManyRecords;

    private void Run()
    {
        try
        {
            while (WaitForWork()) Step();
        }
        catch (Exception error)
        {
            endProcess("The tree over the journal could not be continued. Everything acknowledged is on disk; the next start makes the tree again from where it was saved.", error);
        }
    }

    // False when there will be none: it is closed and nothing is queued, or it gave up.
    private bool WaitForWork()
    {
        lock (gate)
        {
            if (gaveUp is not null) return false;
            if (works.Count > 0)
            {
                if (phase == Phase.Open) Monitor.Wait(gate, RetryEvery);
                return true;
            }
            if (!IsMuch && !isAwaited && !closed) Monitor.Wait(gate, Nap);
            sleeps = true;
            while (queue.Count == 0 && !closed) Monitor.Wait(gate);
            sleeps = false;
            return queue.Count > 0;
        }
    }

    // All that is queued.
    private void Take()
    {
        lock (gate)
        {
            while (queue.TryDequeue(out var work)) works.Add(work);
            queuedRecords = 0;
            isAwaited = false;
            Monitor.PulseAll(gate);
        }
    }

    private void Add(in Work work)
    {
        if (work.Header.FirstPosition != stored.Tree.Size)
            throw new InvalidOperationException($"The tree has {stored.Tree.Size} leaves, and the records that follow begin at {work.Header.FirstPosition}.");
        var length = work.Header.RecordCount * MerkleTree.HashLength;
        if (hashes.Length < length) hashes = new byte[length];
        leaves.HashLeaves(work.Header, work.Records.Span, hashes);
        for (var at = 0; at < length; at += MerkleTree.HashLength) stored.Tree.Add(hashes.AsSpan(at, MerkleTree.HashLength));
    }

    // False if there is no room; gives up if there is nobody to wait for it.
    private bool TryStore()
    {
        try
        {
            stored.Tree.Store();
            fault.Clear();
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            fault.Set("There is no room for the tree over the journal", error, "Make room; work goes on by itself.");
            lock (gate)
            {
                gaveUp = phase switch
                {
                    Phase.Open => null,
                    Phase.Opening => $"There is no room for the tree over the journal: {error.Message} Make room and start again.",
                    _ => "The ledger closes, and there is no room for the tree over the journal.",
                };
            }
            return false;
        }
    }

    // Nothing more is queued, once it gave up.
    private void GiveUp()
    {
        lock (gate)
        {
            while (queue.TryDequeue(out var work)) works.Add(work);
            Monitor.PulseAll(gate);
        }
        Covered.End(new LedgerUnreadyException(gaveUp!));
    }
}
