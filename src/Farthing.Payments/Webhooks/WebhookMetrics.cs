using System.Diagnostics.Metrics;

namespace Farthing.Payments.Webhooks;

/// <summary>What is measured of webhooks; <c>docs/guides/metrics.md</c> lists it. Thread-safe.</summary>
internal sealed class WebhookMetrics : IDisposable
{
    private readonly Meter meter = new(PaymentSystem.MeterName);
    private readonly Counter<long> attempts;

    /// <param name="runners">Those that are there when somebody asks.</param>
    public WebhookMetrics(IEnumerable<WebhookRunner> runners)
    {
        attempts = meter.CreateCounter<long>("farthing.webhook.attempts", "{attempt}", "Events that were sent to webhooks.");
        meter.CreateObservableGauge("farthing.webhook.count", () => runners.Count(), "{webhook}", "Webhooks that are not closed.");
        meter.CreateObservableGauge("farthing.webhook.waiting", () => runners.Sum(runner => runner.Waiting), "{event}", "Events that webhooks did not take yet, and that are tried again.");
    }

    /// <summary>An event was sent.</summary>
    public void Attempted(bool isTaken) => attempts.Add(1, new KeyValuePair<string, object?>("outcome", isTaken ? "taken" : "failed"));

    public void Dispose() => meter.Dispose();
}
