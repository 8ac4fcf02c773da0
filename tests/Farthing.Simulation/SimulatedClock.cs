namespace Farthing.Simulation;

/// <summary>Two clocks: one that only goes forward, and one that is set.</summary>
internal sealed class SimulatedClock : TimeProvider
{
    private const long Beginning = 1_700_000_000_000;

    private long elapsedMilliseconds;

    /// <summary>How far the clock is off from the monotonic one.</summary>
    public long OffsetMilliseconds { get; set; }

    public override long TimestampFrequency => 1000;

    public override long GetTimestamp() => elapsedMilliseconds;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(Beginning + elapsedMilliseconds + OffsetMilliseconds);

    public void Pass(long milliseconds) => elapsedMilliseconds += milliseconds;
}
