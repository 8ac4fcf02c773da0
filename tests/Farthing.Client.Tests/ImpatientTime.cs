using System.Collections.Concurrent;

namespace Farthing.Client.Tests;

/// <summary>The system's clock, perhaps a wrong one, except that pauses of up to ten seconds are over at once: a test does not sleep through them.</summary>
internal sealed class ImpatientTime(TimeSpan ahead = default) : TimeProvider
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    private long ahead = ahead.Ticks;

    /// <summary>How far the clock is ahead of the true time. Counting how much time passes goes on as before.</summary>
    public TimeSpan Ahead
    {
        get => new(Interlocked.Read(ref ahead));
        set => Interlocked.Exchange(ref ahead, value.Ticks);
    }

    /// <summary>The pauses that were over at once.</summary>
    public ConcurrentQueue<TimeSpan> Pauses { get; } = new();

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var isPause = dueTime > TimeSpan.Zero && dueTime <= Longest;
        if (isPause) Pauses.Enqueue(dueTime);
        return base.CreateTimer(callback, state, isPause ? TimeSpan.Zero : dueTime, period);
    }
}
