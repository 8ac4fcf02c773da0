namespace Farthing.Ledger.Journal;

/// <summary>Zeroes the next segment on a thread of its own, so that no payment waits for it.</summary>
/// <remarks>
/// Without room it says why, and tries again every second: new work is refused meanwhile, and nothing is lost. Any other failure ends the process.
/// Without a thread of its own, preparing happens when it is begun, its failures are the caller's, and each beginning tries again.
/// </remarks>
internal sealed class SegmentPreparer(string directory, SegmentHeader header, Disk disk, Action<string, Exception> endProcess, bool hasThread = true, Action<string, Exception>? report = null) : IDisposable
{
    private static readonly TimeSpan RetryEvery = TimeSpan.FromSeconds(1);

    private readonly Lock begin = new();
    private readonly object gate = new();
    private readonly DiskFault fault = new(report);
    private Thread? thread;
    private Segment? prepared;
    private bool closing;

    /// <summary>Why there is no next segment; null while there is one, or none was needed yet. Read anywhere.</summary>
    public string? NotReadyReason => fault.Reason;

    /// <summary>Starts preparing, once.</summary>
    public void Begin()
    {
        lock (begin)
        {
            if (thread is not null) return;
            if (!hasThread)
            {
                if (prepared is null) TryPrepare();
                return;
            }
            thread = new Thread(Run) { IsBackground = true, Name = "farthing segment" };
            thread.Start();
        }
    }

    /// <summary>The prepared segment, which is the caller's from now on. Waits for it as long as it takes.</summary>
    public Segment Take()
    {
        Begin();
        lock (gate)
        {
            if (prepared is null && !hasThread) throw new IOException(NotReadyReason);
            while (prepared is null) Monitor.Wait(gate);
            var segment = prepared;
            prepared = null;
            return segment;
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            closing = true;
            Monitor.PulseAll(gate);
        }
        thread?.Join();
        prepared?.Dispose();
    }

    private void Run()
    {
        try
        {
            while (!TryPrepare())
            {
                lock (gate)
                {
                    if (!closing) Monitor.Wait(gate, RetryEvery);
                    if (closing) return;
                }
            }
        }
        catch (Exception error)
        {
            // A second flush may say that all is well when it is not, and a segment that has its name cannot be made again.
            endProcess("The next part of the journal could not be prepared. Everything acknowledged is on disk; look at the disk first.", error);
        }
    }

    // False without room.
    private bool TryPrepare()
    {
        if (!TryWriteZeroes()) return false;
        var segment = Segment.GiveName(directory, header, disk);
        fault.Clear();
        lock (gate)
        {
            prepared = segment;
            Monitor.PulseAll(gate);
        }
        return true;
    }

    private bool TryWriteZeroes()
    {
        try
        {
            Segment.WriteZeroes(directory, header, disk);
            return true;
        }
        catch (Exception error) when (error is IOException and not FlushException or UnauthorizedAccessException)
        {
            fault.Set("There is no room for the next part of the journal", error, "Make room; work goes on by itself.");
            return false;
        }
    }
}
