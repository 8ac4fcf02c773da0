namespace Farthing.CrashHost;

/// <summary>What a step says that comes after the end.</summary>
internal sealed class CutOffException() : Exception("Everything was cut off.");

/// <summary>Counts the moments between the steps of the stores, and at the one chosen ends everything: no step after it is taken.</summary>
/// <param name="end">Called at that moment. SIGKILL leaves the process no chance to finish anything; for less, nothing need be done here.</param>
/// <remarks>Where steps follow one another, the count is the same in each run, though they are taken by different threads.</remarks>
internal sealed class Moments(Action end)
{
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int endAt;
    private int count;

    /// <summary>Completed once all has ended.</summary>
    public Task Ended => ended.Task;

    /// <summary>Begins to count; 0 never ends anything.</summary>
    public void EndAt(int moment)
    {
        Volatile.Write(ref count, 0);
        Volatile.Write(ref endAt, moment);
    }

    /// <summary>Ends everything now.</summary>
    public void End()
    {
        end();
        ended.TrySetResult();
    }

    /// <summary>One moment has come.</summary>
    public void Come()
    {
        if (Interlocked.Increment(ref count) == Volatile.Read(ref endAt)) End();
    }

    /// <summary>One moment has come, and what follows goes on only if it was not the last.</summary>
    /// <exception cref="CutOffException">All has ended.</exception>
    public void Pass()
    {
        Come();
        ThrowIfEnded();
    }

    /// <exception cref="CutOffException">All has ended.</exception>
    public void ThrowIfEnded()
    {
        if (Ended.IsCompleted) throw new CutOffException();
    }
}
