using System.Globalization;
using System.Text;

namespace Farthing.Server;

/// <summary>The system's clock plus a lead that a test chooses and that only grows. For <c>test</c> data directories, whose months should pass in an hour.</summary>
/// <remarks>
/// Thread-safe. Timestamps move with the time of day, so nobody sees the clock leap against the monotonic one, and timers that a move makes due ring at once.
/// The lead is in a file of the data directory: after a restart the clock is not behind what was journaled.
/// </remarks>
internal sealed class TestClock : TimeProvider
{
    /// <summary>The longest lead.</summary>
    public static readonly TimeSpan MaxLead = TimeSpan.FromDays(36_525);

    // The system's timers cannot be set for longer than some seven weeks; whoever waits longer looks again.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private readonly TimeProvider system;
    private readonly string file;
    private readonly Lock gate = new();

    // Guarded by the gate.
    private readonly HashSet<Alarm> alarms = [];

    // Written under the gate; read anywhere.
    private long leadTicks;

    private TestClock(string file, TimeProvider system, long leadTicks)
    {
        this.file = file;
        this.system = system;
        this.leadTicks = leadTicks;
    }

    /// <inheritdoc/>
    public override long TimestampFrequency => system.TimestampFrequency;

    /// <summary>Opens the clock where it was left.</summary>
    /// <exception cref="StartRefusedException">The file is no lead.</exception>
    public static TestClock Open(string file, TimeProvider system)
    {
        if (!File.Exists(file)) return new(file, system, 0);
        return long.TryParse(File.ReadAllText(file).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) && ticks <= MaxLead.Ticks
            ? new(file, system, ticks)
            : throw new StartRefusedException($"{file} is damaged: it must say by how many ticks of 100 ns the test clock leads. Restore it from a backup.");
    }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => system.GetUtcNow().AddTicks(Volatile.Read(ref leadTicks));

    /// <inheritdoc/>
    public override long GetTimestamp() => system.GetTimestamp() + (long)((Int128)Volatile.Read(ref leadTicks) * TimestampFrequency / TimeSpan.TicksPerSecond);

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var alarm = new Alarm(this, callback, state);
        lock (gate) alarms.Add(alarm);
        alarm.Change(dueTime, period);
        return alarm;
    }

    /// <summary>Moves the clock on. When this returns, the move outlasts a crash.</summary>
    /// <returns>False if <paramref name="by"/> is negative, or the lead would be more than <see cref="MaxLead"/>: nothing was done.</returns>
    public bool TryAdvance(TimeSpan by)
    {
        lock (gate) return TryLead(by.Ticks);
    }

    /// <summary>Moves the clock on to a time.</summary>
    /// <returns>False if that is in the past or too far in the future.</returns>
    public bool TryMoveTo(DateTimeOffset time)
    {
        lock (gate) return TryLead((time - GetUtcNow()).Ticks);
    }

    private bool TryLead(long byTicks)
    {
        if (byTicks < 0 || byTicks > MaxLead.Ticks - leadTicks) return false;
        var lead = leadTicks + byTicks;
        // Before anybody sees the new time: what is journaled at it must not be ahead of the clock after a crash.
        DataDirectory.WriteWhole(file, Encoding.ASCII.GetBytes(lead.ToString(CultureInfo.InvariantCulture) + "\n"));
        Volatile.Write(ref leadTicks, lead);
        foreach (var alarm in alarms) alarm.Arm();
        return true;
    }

    /// <summary>A timer of the system that is set again whenever the clock is moved.</summary>
    private sealed class Alarm : ITimer
    {
        private readonly TestClock clock;
        private readonly TimerCallback callback;
        private readonly object? state;
        private readonly ITimer timer;

        // Guarded by the clock's gate.
        private long? dueTimestamp;
        private TimeSpan period;

        public Alarm(TestClock clock, TimerCallback callback, object? state)
        {
            this.clock = clock;
            this.callback = callback;
            this.state = state;
            timer = clock.system.CreateTimer(static alarm => ((Alarm)alarm!).Ring(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock.gate)
            {
                this.period = period;
                dueTimestamp = dueTime == Timeout.InfiniteTimeSpan ? null : After(dueTime);
                return Arm();
            }
        }

        /// <summary>Sets the system's timer for what is left to wait. Under the clock's gate.</summary>
        public bool Arm()
        {
            if (dueTimestamp is not { } due) return timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            var left = clock.GetElapsedTime(clock.GetTimestamp(), due);
            return timer.Change(left <= TimeSpan.Zero ? TimeSpan.Zero : left < LongestWait ? left : LongestWait, Timeout.InfiniteTimeSpan);
        }

        public void Dispose()
        {
            lock (clock.gate) clock.alarms.Remove(this);
            timer.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            lock (clock.gate) clock.alarms.Remove(this);
            return timer.DisposeAsync();
        }

        private void Ring()
        {
            lock (clock.gate)
            {
                if (dueTimestamp is not { } due) return;
                var isDue = clock.GetTimestamp() >= due;
                if (isDue) dueTimestamp = period > TimeSpan.Zero ? After(period) : null;
                Arm();
                if (!isDue) return;
            }

            callback(state);
        }

        private long After(TimeSpan wait) => clock.GetTimestamp() + (long)((Int128)wait.Ticks * clock.TimestampFrequency / TimeSpan.TicksPerSecond);
    }
}
