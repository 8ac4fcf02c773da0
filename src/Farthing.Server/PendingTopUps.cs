using Farthing.Payments;

namespace Farthing.Server;

/// <summary>Asks the rails each second about top-ups that are under way.</summary>
internal sealed class PendingTopUps(PaymentSystem system, TimeProvider time, ILogger<PendingTopUps> log) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await system.TopUps.AskPendingAsync();
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    // A rail that is down must not end the asking: the hold waits, and the next second asks again.
                    log.LogWarning(e, "Asking the rails about pending top-ups failed; asking again in a second.");
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The server is stopping; what is pending is asked for again at the next start.
        }
    }
}
