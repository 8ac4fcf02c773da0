using Farthing.Payments;

namespace Farthing.Server.Webhooks;

/// <summary>Tells webhooks of events from start to stop.</summary>
internal sealed class WebhookWork(PaymentSystem system, ILogger<WebhookWork> log) : BackgroundService
{
    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => system.WebhookRounds.RunAsync((fault, error) => log.LogWarning(error, "{Fault}", fault), stoppingToken);
}
