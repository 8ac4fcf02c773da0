using System.Diagnostics.Metrics;

namespace Farthing.Ledger;

/// <summary>What a ledger measures of itself; <c>docs/guides/metrics.md</c> lists it. Thread-safe.</summary>
/// <remarks>Nothing is measured per command: a batch is measured once, and the rest is looked at when somebody asks.</remarks>
/// <param name="time">Times flushes.</param>
internal sealed class LedgerMetrics(TimeProvider time) : IDisposable
{
    // A lone flush on a good disk takes some tenths of a millisecond.
    private static readonly double[] FlushSeconds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

    private readonly Meter meter = new(Ledger.MeterName);
    private Histogram<int>? batches;
    private Histogram<double>? flushes;

    /// <summary>Begins to measure a ledger, once all its parts are there.</summary>
    public void Observe(Ledger ledger)
    {
        batches = meter.CreateHistogram("farthing.ledger.batch.commands", "{command}", "Commands carried out in one batch.",
            advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [.. Enumerable.Range(0, 14).Select(power => 1 << power)] });
        flushes = meter.CreateHistogram("farthing.ledger.flush.duration", "s", "Time to write a batch and force it to disk.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = FlushSeconds });
        meter.CreateObservableCounter("farthing.ledger.records", () => ledger.DurableSize, "{record}", "Records on disk.");
        meter.CreateObservableGauge("farthing.ledger.queue.commands", () => ledger.QueuedCommands, "{command}", "Commands that wait for the writer.");
        meter.CreateObservableGauge("farthing.ledger.ready", () => ledger.NotReadyReason is null ? 1 : 0, null, "1 if new work is taken, else 0.");
        meter.CreateObservableCounter("farthing.ledger.tiles.mended", () => ledger.MendedTiles, "{tile}", "Tiles of the tree that were found damaged and made again.");
        meter.CreateObservableGauge("farthing.ledger.unsealed.segments", () => ledger.UnsealedSegments, "{segment}", "Full segments that wait to be sealed.");
        meter.CreateObservableGauge("farthing.ledger.lag", () => Lags(ledger), "{record}", "Records on disk that a follower has not taken in yet.");
    }

    /// <summary>A moment to measure a flush from.</summary>
    public long Begin() => time.GetTimestamp();

    /// <summary>A flush has ended that began at <paramref name="begun"/>.</summary>
    public void Flushed(long begun) => flushes?.Record(time.GetElapsedTime(begun).TotalSeconds);

    /// <summary>A batch is on disk and answered.</summary>
    public void Answered(int commands) => batches?.Record(commands);

    /// <summary>Ends all measuring.</summary>
    public void Dispose() => meter.Dispose();

    // A follower may be further than the size that was read just before.
    private static Measurement<long>[] Lags(Ledger ledger)
    {
        var size = ledger.DurableSize;
        return [Lag("tree", ledger.TreeSize), Lag("snapshot", ledger.SnapshotSize)];

        Measurement<long> Lag(string follower, long covered) => new(Math.Max(0, size - covered), new KeyValuePair<string, object?>("follower", follower));
    }
}
