namespace Farthing.Server.Rails.Card;

/// <summary>Finds the disputes and refunds that no event told of, at start and then each hour: events that get lost for good must not lose money.</summary>
/// <remarks>
/// What a list of Stripe's says is only a reason to look, as an event is. Each round lists all that was made in as long as a dispute takes, not only what is new: a dispute costs
/// money, or gives it back, long after it was made. What has not changed since the round before is not looked at again. Nothing is stored: the first round after a start looks at everything.
/// One round at a time.
/// </remarks>
internal sealed class CardSweep(CardRail rail, CardEvents events, TimeProvider time, Action<string> report) : BackgroundService
{
    /// <summary>How far back a round goes. A dispute, from the bank's first question to its last word, takes less.</summary>
    public static readonly TimeSpan Reach = TimeSpan.FromDays(180);

    /// <summary>From one round to the next.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromHours(1);

    private Dictionary<string, string> seen = [];

    /// <summary>Looks at all that changed at Stripe since the last round that was completed. What fails is reported, and tried again by the next round.</summary>
    public async Task SweepAsync(CancellationToken stop)
    {
        var now = new Dictionary<string, string>();
        var failures = new List<string>();
        try
        {
            await foreach (var (id, state, about) in rail.ListTakenAsync(time.GetUtcNow() - Reach, stop))
            {
                if (seen.GetValueOrDefault(id) == state || await TryLookAsync(id, about)) now[id] = state;
            }

            // What failed is not among them.
            seen = now;
        }
        catch (Exception e) when (e is not OutOfMemoryException && !stop.IsCancellationRequested)
        {
            failures.Add($"Stripe did not list them ({Describe(e)})");
        }

        if (failures.Count > 0) report($"Disputes and refunds that no event told of could not all be looked for; trying again in an hour: {failures[0]}{(failures.Count > 1 ? $", and {failures.Count - 1} more" : "")}.");

        // One that cannot be carried out does not keep the others from it.
        async ValueTask<bool> TryLookAsync(string id, Stripe.IHasObject about)
        {
            try
            {
                if (await events.LookAsync(about) is not { } refusal) return true;
                failures.Add($"{id} ({refusal.Code})");
            }
            catch (Exception e) when (e is not OutOfMemoryException && !stop.IsCancellationRequested)
            {
                failures.Add($"{id} ({Describe(e)})");
            }

            return false;
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        try
        {
            do await SweepAsync(stoppingToken);
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (Exception) when (stoppingToken.IsCancellationRequested)
        {
            // The server is stopping, and what it needs may be gone already; the next start looks at everything.
        }
    }

    // What Stripe says may repeat what was sent.
    private static string Describe(Exception error) => error is Stripe.StripeException stripe ? $"status {(int)stripe.HttpStatusCode}" : error.Message;
}
