namespace Farthing.Client.Tests;

/// <summary>The system's clock, except that pauses of up to a second are over at once: a test does not sleep through them.</summary>
internal sealed class ImpatientTime : TimeProvider
{
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        base.CreateTimer(callback, state, dueTime > TimeSpan.Zero && dueTime <= TimeSpan.FromSeconds(1) ? TimeSpan.Zero : dueTime, period);
}
