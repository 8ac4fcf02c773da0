namespace Farthing.Ledger.Sequencing;

/// <summary>The one slot between the writer and the flusher.</summary>
/// <remarks>
/// While a flush goes on, the writer takes the ready batch back and adds to it, so a batch is whatever arrived during the last flush.
/// Once the flusher waits, the batch is promised to it: otherwise a busy writer could take it back for ever.
/// </remarks>
internal sealed class Handover
{
    private readonly object gate = new();

    // Guarded by the gate.
    private Batch? ready;
    private bool promised;
    private bool flusherWaits;
    private bool closed;

    /// <summary>By the writer: the ready batch, if there is room in it, it is of this second, and the flusher has no claim to it.</summary>
    /// <remarks>
    /// Days, weeks and months end with a second. What was counted in a new one must not be journaled under a time in the old one, as it would be in a batch that was
    /// begun before.
    /// </remarks>
    public Batch? TakeBack(long unixMilliseconds)
    {
        lock (gate)
        {
            if (ready is null || promised || ready.IsFull || ready.UnixMilliseconds / 1000 != unixMilliseconds / 1000) return null;
            var batch = ready;
            ready = null;
            return batch;
        }
    }

    /// <summary>By the writer: true if nothing is ready or being flushed. It stays so until the writer makes something ready.</summary>
    public bool IsIdle
    {
        get
        {
            lock (gate) return flusherWaits && ready is null;
        }
    }

    /// <summary>By the writer: makes a batch ready; waits while another one is.</summary>
    public void Put(Batch batch)
    {
        lock (gate)
        {
            while (ready is not null) Monitor.Wait(gate);
            ready = batch;
            promised = flusherWaits;
            Monitor.PulseAll(gate);
        }
    }

    /// <summary>By the flusher: waits for a batch; null when closed and empty.</summary>
    public Batch? Take()
    {
        lock (gate)
        {
            flusherWaits = true;
            while (ready is null && !closed) Monitor.Wait(gate);
            flusherWaits = false;
            var batch = ready;
            ready = null;
            promised = false;
            Monitor.PulseAll(gate);
            return batch;
        }
    }

    /// <summary>By the writer, after its last batch.</summary>
    public void Close()
    {
        lock (gate)
        {
            closed = true;
            Monitor.PulseAll(gate);
        }
    }
}
