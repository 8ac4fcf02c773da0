namespace Farthing.Ledger.Journal.Sealing;

/// <summary>Follows the journal, and makes the index of each segment that it has gone on from, on a thread of its own.</summary>
/// <remarks>
/// Without room it says why, and tries again every second: new work is refused meanwhile. Any other failure ends the process.
/// What was not done when the process ends is done when the journal is opened again.
/// </remarks>
internal sealed class Sealer : IDisposable
{
    /// <summary>So many segments may wait to be sealed; then whoever appends waits too, as their ids are in memory.</summary>
    public const int MostWaiting = 4;

    private static readonly TimeSpan RetryEvery = TimeSpan.FromSeconds(1);

    private readonly IndexFiles files;
    private readonly SealedSegments segments;
    private readonly Action<string, Exception> endProcess;
    private readonly Thread thread;
    private readonly object gate = new();
    private readonly DiskFault fault;

    // Guarded by the gate: the first segment that is not sealed, and the one that is written now.
    private int next;
    private int open;
    private bool closing;

    public Sealer(IndexFiles files, SealedSegments segments, Action<string, Exception> endProcess, Action<string, Exception>? report = null)
    {
        fault = new(report);
        this.files = files;
        this.segments = segments;
        this.endProcess = endProcess;
        thread = new Thread(Run) { IsBackground = true, Name = "farthing sealer" };
    }

    /// <summary>Why a segment could not be sealed; null if all were. Read anywhere.</summary>
    public string? NotReadyReason => fault.Reason;

    /// <summary>How many segments the journal has gone on from that are not sealed yet. Read anywhere.</summary>
    public int Waiting
    {
        get
        {
            lock (gate) return open - next;
        }
    }

    /// <summary>True if the frame before a mark is the last one of a sealed segment.</summary>
    public bool HasSealed(in JournalMark mark) => segments.Ends(mark.Place.Segment, mark.Position);

    /// <summary>While the journal is opened: reading it begins again from the first frame.</summary>
    public void BeginAgain()
    {
        segments.Clear();
        open = next = 0;
    }

    /// <summary>While the journal is opened: seals every segment before the one of a frame.</summary>
    /// <param name="frame">Frames come in their order; the first one stands at the head of its segment.</param>
    /// <exception cref="LedgerDamagedException">A segment cannot be read.</exception>
    public void Pass(in FrameHeader frame)
    {
        if (frame.Place.Segment == open) return;
        var found = new Stack<SegmentIndex>();
        var (hash, position) = (frame.PreviousHash, frame.FirstPosition);
        for (var segment = frame.Place.Segment - 1; segment >= open; segment--)
        {
            var index = files.OpenOrMake(segment, hash, position);
            found.Push(index);
            (hash, position) = (index.Header.PreviousHash, index.Header.FirstPosition);
        }
        foreach (var index in found) segments.Add(index);
        open = next = frame.Place.Segment;
    }

    public void Start() => thread.Start();

    /// <summary>Learns of each frame that was appended.</summary>
    public void Follow(in FrameHeader frame)
    {
        // Written only here, once started.
        if (frame.Place.Segment == open) return;
        lock (gate)
        {
            open = frame.Place.Segment;
            Monitor.PulseAll(gate);
            while (open - next > MostWaiting && !closing) Monitor.Wait(gate);
        }
    }

    /// <summary>Ends after the segment that is being sealed.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            closing = true;
            Monitor.PulseAll(gate);
        }
        if (thread.IsAlive) thread.Join();
    }

    /// <summary>Seals the next segment, if there is one and room. What the thread does again and again; a simulation, which has none, too.</summary>
    public void Step()
    {
        lock (gate)
        {
            if (next == open) return;
        }
        if (!TrySeal(next)) return;
        lock (gate)
        {
            next++;
            Monitor.PulseAll(gate);
        }
    }

    private void Run()
    {
        try
        {
            while (WaitForNext()) Step();
        }
        catch (Exception error)
        {
            endProcess("A segment of the journal could not be sealed. Everything acknowledged is on disk; look at the disk first.", error);
        }
    }

    private bool WaitForNext()
    {
        lock (gate)
        {
            if (NotReadyReason is not null && !closing) Monitor.Wait(gate, RetryEvery);
            while (next == open && !closing) Monitor.Wait(gate);
            return !closing;
        }
    }

    private bool TrySeal(int segment)
    {
        try
        {
            segments.Add(files.Make(segment));
            fault.Clear();
            return true;
        }
        catch (Exception error) when (error is IOException and not FlushException or UnauthorizedAccessException)
        {
            fault.Set($"There is no room for the index of {Segment.FileName(segment)}", error, "Make room; work goes on by itself.");
            return false;
        }
    }
}
