using System.Diagnostics.Metrics;

namespace Farthing.Payments.Schedules;

/// <summary>What the schedule measures of itself; <c>docs/guides/metrics.md</c> lists it. Thread-safe.</summary>
internal sealed class ScheduleMetrics : IDisposable
{
    private readonly Meter meter = new(PaymentSystem.MeterName);
    private readonly Counter<long> runs;

    // Written only by the schedule's loop; read anywhere. Zero if nothing is due.
    private long lagMilliseconds;

    public ScheduleMetrics()
    {
        runs = meter.CreateCounter<long>("farthing.schedule.runs", "{run}", "What fell due and was done, or failed.");
        meter.CreateObservableGauge("farthing.schedule.lag", () => Volatile.Read(ref lagMilliseconds) / 1000, "s", "For how long the oldest of what is due has been due.");
    }

    /// <summary>The loop has looked what is due.</summary>
    public void Looked(long lagMilliseconds) => Volatile.Write(ref this.lagMilliseconds, lagMilliseconds);

    /// <summary>Something due was tried.</summary>
    public void Ran(DueKind kind, string? fault) =>
        runs.Add(1, new KeyValuePair<string, object?>("kind", kind.ToString().ToLowerInvariant()), new KeyValuePair<string, object?>("fault", fault ?? "none"));

    public void Dispose() => meter.Dispose();
}
