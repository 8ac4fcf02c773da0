using System.Diagnostics.CodeAnalysis;

namespace Farthing.Ledger.State;

/// <summary>Something that ends at a time.</summary>
internal interface IDeadlined
{
    /// <summary>Unix milliseconds.</summary>
    long Deadline { get; }

    /// <summary>Orders those with one deadline.</summary>
    long Position { get; }

    /// <summary>False once it was resolved otherwise.</summary>
    bool IsLive { get; }
}

/// <summary>Things in the order of their deadlines. Those resolved otherwise are left in it until they surface or are swept out.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class DeadlineQueue<T> where T : class, IDeadlined
{
    private const int LeastToSweep = 4096;

    private readonly PriorityQueue<T, (long Deadline, long Position)> queue = new();

    public void Add(T item) => queue.Enqueue(item, (item.Deadline, item.Position));

    /// <summary>The live one whose deadline is next.</summary>
    public bool TryPeek([NotNullWhen(true)] out T? item)
    {
        while (queue.TryPeek(out item, out _))
        {
            if (item.IsLive) return true;
            queue.Dequeue();
        }

        return false;
    }

    /// <summary>Takes out the one that was just peeked at.</summary>
    public void Dequeue() => queue.Dequeue();

    /// <summary>Drops the dead ones when they are the greater part, so that memory follows what is live.</summary>
    public void Sweep(int liveCount)
    {
        if (queue.Count < LeastToSweep || queue.Count < 2 * liveCount) return;
        var live = queue.UnorderedItems.Where(entry => entry.Element.IsLive).ToArray();
        queue.Clear();
        queue.EnqueueRange(live);
    }
}
