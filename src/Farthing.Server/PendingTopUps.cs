using Farthing.Payments;

namespace Farthing.Server;

/// <summary>Asks the rails each second about top-ups that are under way, and settles what wallets owe that have got something.</summary>
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
                await TryAsync(system.Debts.SettleNoticedAsync);
                await TryAsync(system.TopUps.AskPendingAsync);
                await TryAsync(system.WalletPayouts.AskPendingAsync);
                await TryAsync(system.AutomaticTopUps.LookAsync);
            }
        }
        catch (OperationCanceledException)
        {
            // The server is stopping; what is pending is asked for again at the next start.
        }
    }

    // What fails of one must end neither the asking nor the others: the hold waits, and the next second asks again.
    private async Task TryAsync(Func<ValueTask> look)
    {
        try
        {
            await look();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            log.LogWarning(e, "Asking the rails about pending top-ups failed; asking again in a second.");
        }
    }
}
