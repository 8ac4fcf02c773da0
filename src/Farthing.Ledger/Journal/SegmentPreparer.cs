namespace Farthing.Ledger.Journal;

/// <summary>Zeroes the next segment on a thread of its own, so that no payment waits for it.</summary>
/// <remarks>Without room it says why, and tries again every second: new work is refused meanwhile, and nothing is lost.</remarks>
internal sealed class SegmentPreparer(string directory, SegmentHeader header) : IDisposable
{
    private static readonly TimeSpan RetryEvery = TimeSpan.FromSeconds(1);

    private readonly Lock begin = new();
    private readonly object gate = new();
    private Thread? thread;
    private Segment? prepared;
    private bool closing;

    /// <summary>Why there is no next segment; null while there is one, or none was needed yet. Written by the preparing thread; read anywhere.</summary>
    public volatile string? NotReadyReason;

    /// <summary>Starts preparing, once.</summary>
    public void Begin()
    {
        lock (begin)
        {
            if (thread is not null) return;
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
        while (!TryPrepare())
        {
            lock (gate)
            {
                if (!closing) Monitor.Wait(gate, RetryEvery);
                if (closing) return;
            }
        }
    }

    private bool TryPrepare()
    {
        try
        {
            var segment = Segment.Prepare(directory, header);
            NotReadyReason = null;
            lock (gate)
            {
                prepared = segment;
                Monitor.PulseAll(gate);
            }
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            NotReadyReason = $"There is no room for the next part of the journal: {error.Message} Make room; work goes on by itself.";
            return false;
        }
    }
}
