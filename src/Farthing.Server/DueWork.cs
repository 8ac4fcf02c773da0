using Farthing.Payments;

namespace Farthing.Server;

/// <summary>Runs the schedule from start to stop, and takes up what was never written into it.</summary>
internal sealed class DueWork(PaymentSystem system, TimeProvider time, ILogger<DueWork> log) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(system.Schedule.RunAsync(Report, stoppingToken), FinishPayoutsAsync(stoppingToken));

    private async Task FinishPayoutsAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        try
        {
            do
            {
                try
                {
                    await system.Payouts.FinishAllAsync(Report);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    Report("Payouts without a row could not be looked for; looking again in a minute.", e);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // The server is stopping; the next start looks again.
        }
    }

    private void Report(string fault, Exception? error) => log.LogWarning(error, "{Fault}", fault);
}
