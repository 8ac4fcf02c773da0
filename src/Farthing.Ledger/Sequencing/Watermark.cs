namespace Farthing.Ledger.Sequencing;

/// <summary>A size that only grows, and those who wait for it. Thread-safe.</summary>
internal sealed class Watermark(long size)
{
    private readonly Lock gate = new();
    private readonly PriorityQueue<TaskCompletionSource, long> waiting = new();
    private Exception? end;

    // Written under the gate; read anywhere.
    private long size = size;

    public long Size => Volatile.Read(ref size);

    /// <summary>Completes when the size has reached <paramref name="minimum"/>; fails if it never will.</summary>
    public ValueTask WaitAsync(long minimum)
    {
        if (Size >= minimum) return ValueTask.CompletedTask;
        lock (gate)
        {
            if (size >= minimum) return ValueTask.CompletedTask;
            if (end is not null) return ValueTask.FromException(end);
            var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting.Enqueue(waiter, minimum);
            return new(waiter.Task);
        }
    }

    /// <summary>It grows no more: whoever waits, now or later, is told why.</summary>
    public void End(Exception why)
    {
        lock (gate)
        {
            end = why;
            while (waiting.TryDequeue(out var waiter, out _)) waiter.SetException(why);
        }
    }

    public void Advance(long to)
    {
        lock (gate)
        {
            Volatile.Write(ref size, to);
            while (waiting.TryPeek(out var waiter, out var minimum) && minimum <= to)
            {
                waiting.Dequeue();
                waiter.SetResult();
            }
        }
    }
}
