using System.Diagnostics;

namespace Farthing.Bench.Ledger;

/// <summary>Measures a stretch after a warm-up. Begins when it is made. Thread-safe.</summary>
internal sealed class Clock(TimeSpan warmUp, TimeSpan measured)
{
    private readonly Latencies latencies = new();
    private readonly long from = Stopwatch.GetTimestamp() + ToTicks(warmUp);
    private readonly long to = Stopwatch.GetTimestamp() + ToTicks(warmUp + measured);
    private long done;
    private long processorFrom;
    private long processorTo;

    /// <summary>Notes that something which began at a time stamp has just ended.</summary>
    /// <returns>False once the time is over.</returns>
    public bool Note(long began, int count)
    {
        var now = Stopwatch.GetTimestamp();
        if (now < from) return true;
        if (processorFrom == 0) NoteProcessor(ref processorFrom);
        if (now >= to)
        {
            if (processorTo == 0) NoteProcessor(ref processorTo);
            return false;
        }
        latencies.Add(began);
        Interlocked.Add(ref done, count);
        return true;
    }

    public Stretch ToStretch() => done > 0
        ? new(done, measured, latencies) { ProcessorTime = TimeSpan.FromTicks(processorTo - processorFrom) }
        : throw new BenchFailedException($"Nothing was answered within {measured.TotalSeconds} seconds.");

    // Once at the beginning and once at the end: asking the system costs as much as a transfer.
    private static void NoteProcessor(ref long ticks) => Interlocked.CompareExchange(ref ticks, Environment.CpuUsage.TotalTime.Ticks, 0);

    private static long ToTicks(TimeSpan time) => time.Ticks * Stopwatch.Frequency / TimeSpan.TicksPerSecond;
}
