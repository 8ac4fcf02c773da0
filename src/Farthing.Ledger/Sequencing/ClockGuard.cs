namespace Farthing.Ledger.Sequencing;

/// <summary>The ledger's sense of time: never backwards, and never on a clock that cannot be trusted.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class ClockGuard
{
    /// <summary>How far the clock may be behind the journal, and how far it may leap against the monotonic clock.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    /// <summary>A clock that leapt (a laptop that slept) is believed again after it has run evenly for so long.</summary>
    public static readonly TimeSpan SettlesAfter = TimeSpan.FromMinutes(5);

    private readonly TimeProvider time;
    private readonly Lock gate = new();

    // Guarded by the gate.
    private Reading trusted;
    private Reading? leapt;

    // Written under the gate; read anywhere.
    private long newest;

    public ClockGuard(TimeProvider time, long newestUnixMilliseconds)
    {
        this.time = time;
        trusted = Now();
        newest = newestUnixMilliseconds;
    }

    private readonly record struct Reading(long UnixMilliseconds, long Timestamp);

    /// <summary>The newest time that was given out; no batch from now on has an earlier one.</summary>
    public long Newest => Volatile.Read(ref newest);

    /// <summary>Null if the clock can be trusted; else why not, in words.</summary>
    public string? NotReadyReason
    {
        get
        {
            lock (gate) return Check(out _);
        }
    }

    /// <summary>The time of a batch that begins now: the clock's, but never before the batch before it. Stands still while the clock cannot be trusted.</summary>
    public long BeginBatch()
    {
        lock (gate)
        {
            if (Check(out var now) is null) Volatile.Write(ref newest, Math.Max(newest, now.UnixMilliseconds));
            return newest;
        }
    }

    private string? Check(out Reading now)
    {
        now = Now();
        if (IsEven(trusted, now) || HasSettled(now))
        {
            trusted = now;
            leapt = null;
        }
        else
        {
            return $"The clock leapt by {Describe(now.UnixMilliseconds - Expected(trusted, now))} against the monotonic clock. Set it right; if it is right, work goes on in {SettlesAfter.TotalMinutes} minutes.";
        }
        return newest - now.UnixMilliseconds > (long)Tolerance.TotalMilliseconds
            ? $"The clock is {Describe(newest - now.UnixMilliseconds)} behind the journal. Set it right; work goes on by itself."
            : null;
    }

    private bool HasSettled(Reading now)
    {
        if (leapt is not { } first || !IsEven(first, now))
        {
            leapt = now;
            return false;
        }
        return time.GetElapsedTime(first.Timestamp, now.Timestamp) >= SettlesAfter;
    }

    private bool IsEven(Reading from, Reading to) => Math.Abs(to.UnixMilliseconds - Expected(from, to)) <= (long)Tolerance.TotalMilliseconds;

    private long Expected(Reading from, Reading to) => from.UnixMilliseconds + (long)time.GetElapsedTime(from.Timestamp, to.Timestamp).TotalMilliseconds;

    // The two clocks are read one after the other. Whoever is held up in between, or sees both moved on, looks again: it would take that for a leap.
    private Reading Now()
    {
        while (true)
        {
            var before = time.GetTimestamp();
            var reading = new Reading(time.GetUtcNow().ToUnixTimeMilliseconds(), time.GetTimestamp());
            if (time.GetElapsedTime(before, reading.Timestamp) < Tolerance) return reading;
        }
    }

    private static string Describe(long milliseconds) => TimeSpan.FromMilliseconds(milliseconds).ToString("c");
}
