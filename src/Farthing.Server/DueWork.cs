using Farthing.Payments;

namespace Farthing.Server;

/// <summary>Runs the schedule from start to stop.</summary>
internal sealed class DueWork(PaymentSystem system, ILogger<DueWork> log) : BackgroundService
{
    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => system.Schedule.RunAsync((fault, error) => log.LogWarning(error, "{Fault}", fault), stoppingToken);
}
