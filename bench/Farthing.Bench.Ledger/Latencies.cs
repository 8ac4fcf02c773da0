using System.Diagnostics;
using System.Numerics;

namespace Farthing.Bench.Ledger;

/// <summary>Counts latencies in steps of under two hundredths; the longest is exact. Thread-safe.</summary>
internal sealed class Latencies
{
    private const int StepBits = 6;

    private readonly int[] counts = new int[64 << StepBits];
    private long longest;

    /// <summary>How many.</summary>
    public long Count => counts.Sum(count => (long)count);

    /// <summary>The longest, in nanoseconds.</summary>
    public long Longest => longest;

    /// <summary>Notes what began at a time stamp and ends now.</summary>
    public void Add(long began) => AddTicks(Stopwatch.GetTimestamp() - began);

    /// <summary>The latency that this many hundredths do not pass, in nanoseconds.</summary>
    public long Percentile(int hundredths)
    {
        var rank = (Count * hundredths + 99) / 100;
        for (var i = 0; i < counts.Length; i++)
        {
            rank -= counts[i];
            if (rank <= 0) return Math.Min(UpperEnd(i), longest);
        }
        return longest;
    }

    private void AddTicks(long ticks)
    {
        var nanoseconds = (long)((Int128)ticks * 1_000_000_000 / Stopwatch.Frequency);
        Interlocked.Increment(ref counts[StepOf(nanoseconds)]);
        var seen = Volatile.Read(ref longest);
        while (nanoseconds > seen && Interlocked.CompareExchange(ref longest, nanoseconds, seen) is var now && now != seen) seen = now;
    }

    // Below 64 a step is one nanosecond; above, each doubling has 64 steps.
    private static int StepOf(long nanoseconds)
    {
        var shift = Math.Max(0, BitOperations.Log2((ulong)nanoseconds) - StepBits);
        return (shift << StepBits) + (int)(nanoseconds >> shift);
    }

    private static long UpperEnd(int step)
    {
        var shift = Math.Max(0, (step >> StepBits) - 1);
        return (((long)step - ((long)shift << StepBits) + 1) << shift) - 1;
    }
}

/// <summary>One round of one measure.</summary>
/// <param name="Done">How many transfers, or reads, were answered in the measured time.</param>
/// <param name="Elapsed">The measured time.</param>
/// <param name="Latencies">Of each submission, from handing it over to the answer; the warm-up's are not in it.</param>
internal sealed record Stretch(long Done, TimeSpan Elapsed, Latencies Latencies)
{
    public double PerSecond => Done / Elapsed.TotalSeconds;

    /// <summary>What this process used, those who submit included; null if others did the work.</summary>
    public TimeSpan? ProcessorTime { get; init; }

    /// <summary>Processor time of one, in microseconds; NaN if others did the work.</summary>
    public double ProcessorMicroseconds => ProcessorTime?.TotalMicroseconds / Done ?? double.NaN;
}

/// <summary>The benchmark could not be carried out; the message says why.</summary>
internal sealed class BenchFailedException(string message) : Exception(message);
