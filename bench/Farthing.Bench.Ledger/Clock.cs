using System.Diagnostics;

namespace Farthing.Bench.Ledger;

/// <summary>Measures a stretch after a warm-up. Begins when it is made. Thread-safe.</summary>
internal sealed class Clock(TimeSpan warmUp, TimeSpan measured)
{
    private readonly Latencies latencies = new();
    private readonly long from = Stopwatch.GetTimestamp() + ToTicks(warmUp);
    private readonly long to = Stopwatch.GetTimestamp() + ToTicks(warmUp + measured);
    private long done;

    /// <summary>Notes that something which began at a time stamp has just ended.</summary>
    /// <returns>False once the time is over.</returns>
    public bool Note(long began, int count)
    {
        var now = Stopwatch.GetTimestamp();
        if (now >= to) return false;
        if (now < from) return true;
        latencies.Add(began);
        Interlocked.Add(ref done, count);
        return true;
    }

    public Stretch ToStretch() => done > 0
        ? new(done, measured, latencies)
        : throw new BenchFailedException($"Nothing was answered within {measured.TotalSeconds} seconds.");

    private static long ToTicks(TimeSpan time) => time.Ticks * Stopwatch.Frequency / TimeSpan.TicksPerSecond;
}
