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

    /// <summary>How many wait.</summary>
    public int Waiting
    {
        get
        {
            lock (gate) return waiting.Count;
        }
    }

    /// <summary>Completes when the size has reached <paramref name="minimum"/>; fails if it never will, or when whoever waits leaves.</summary>
    public ValueTask WaitAsync(long minimum, CancellationToken leaving = default)
    {
        if (Size >= minimum) return ValueTask.CompletedTask;
        TaskCompletionSource waiter;
        lock (gate)
        {
            if (size >= minimum) return ValueTask.CompletedTask;
            if (end is not null) return ValueTask.FromException(end);
            waiter = new(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting.Enqueue(waiter, minimum);
        }
        return leaving.CanBeCanceled ? WaitAsync(waiter, leaving) : new(waiter.Task);
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

    private async ValueTask WaitAsync(TaskCompletionSource waiter, CancellationToken leaving)
    {
        await using var registration = leaving.UnsafeRegister(_ => Leave(waiter, leaving), null);
        await waiter.Task;
    }

    // On a ledger where nothing happens nobody would take it out of the queue for years.
    private void Leave(TaskCompletionSource waiter, CancellationToken leaving)
    {
        lock (gate)
        {
            if (waiting.Remove(waiter, out _, out _)) waiter.SetCanceled(leaving);
        }
    }
}
