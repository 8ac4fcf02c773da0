using System.Collections.Concurrent;
using Farthing.Payments.Settings;

namespace Farthing.Payments.Webhooks;

/// <summary>Tells webhooks of what happens, from start to stop: one runner for each, and what they share.</summary>
/// <remarks>
/// Thread-safe. Each webhook goes along the journal by itself, so none waits for another; those that fail share fewer of the places from which events are sent than the others, so that
/// all the dead ones together keep no living one waiting. While there is no webhook, nothing is read.
/// </remarks>
public sealed class WebhookRounds
{
    // Attempts under way at once, of webhooks that took their last event, and of those that did not.
    private const int PlacesOfTaking = 128;
    private const int PlacesOfFailing = 32;

    // After a change of the journal others are waited for: a look at every account costs as much for one record as for a thousand.
    private static readonly TimeSpan PauseBetweenLooks = TimeSpan.FromMilliseconds(20);
    private const int WebhooksPerMillisecond = 100;

    private readonly Lock gate = new();

    // Written under the gate, but for runners that leave.
    private readonly ConcurrentDictionary<UInt128, WebhookRunner> runners = new();
    private readonly ISettingsStore settings;
    private readonly Ledger.Ledger ledger;
    private readonly WebhookDirectory directory;
    private readonly IWebhookCourier? courier;

    // Set while it runs; null before and after.
    private volatile Func<WebhookRow, WebhookRunner>? start;
    private TaskCompletionSource added = NewNotice();

    // How often a row was written that tells of something.
    private long eventsWritten;

    internal WebhookRounds(ISettingsStore settings, Ledger.Ledger ledger, EventReader events, WebhookDirectory directory, IWebhookCourier? courier, TimeProvider time)
    {
        this.settings = settings;
        this.ledger = ledger;
        Events = events;
        this.directory = directory;
        this.courier = courier;
        Time = time;
        settings.EventWritten = NoticeRows;
        directory.Changed = Notice;
    }

    internal EventReader Events { get; }

    internal TimeProvider Time { get; }

    internal ISettingsStore Settings => settings;

    internal WebhookDirectory Directory => directory;

    internal IWebhookCourier Courier => courier!;

    internal SemaphoreSlim Taking { get; } = new(PlacesOfTaking);

    internal SemaphoreSlim Failing { get; } = new(PlacesOfFailing);

    internal long LengthOfJournal => ledger.DurableSize;

    internal long EventsWritten => Volatile.Read(ref eventsWritten);

    /// <summary>Tells webhooks of what happens, now and from now on.</summary>
    /// <param name="report">Told what failed that nobody foresaw, and why.</param>
    /// <param name="stop">Ends it: attempts under way are dropped, and made again after the next start.</param>
    public async Task RunAsync(Action<string, Exception> report, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(report);
        if (courier is null) return;
        using var metrics = new WebhookMetrics(runners.Values);
        var running = new ConcurrentBag<Task>();
        start = row =>
        {
            var runner = new WebhookRunner(row, this, metrics, report);
            running.Add(Task.Run(() => runner.RunAsync(stop), CancellationToken.None));
            return runner;
        };
        await LoadAsync(report, stop);
        await LookAsync(stop);
        start = null;
        await Task.WhenAll(running);
    }

    /// <summary>A webhook that is closed has no runner any more.</summary>
    internal void Leave(WebhookRunner runner) => runners.TryRemove(new(runner.Row.Id, runner));

    private async Task LoadAsync(Action<string, Exception> report, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                foreach (var row in await settings.ListActiveAsync<WebhookRow>()) Notice(row);
                return;
            }
            catch (Exception e)
            {
                report("The webhooks could not be read; trying again in a second.", e);
                await Task.Delay(TimeSpan.FromSeconds(1), Time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Wakes the runners whose owners' accounts have something new.</summary>
    private async Task LookAsync(CancellationToken stop)
    {
        for (var size = ledger.DurableSize; !stop.IsCancellationRequested;)
        {
            Volatile.Write(ref added, NewNotice());
            if (runners.IsEmpty)
            {
                await added.Task.WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                continue;
            }

            if (!await ledger.WaitForMoreAsync(size, stop)) return;
            size = ledger.DurableSize;
            foreach (var runner in runners.Values)
            {
                if (runner.IsIdleAt is { } position && await Events.FindEndAsync(runner.Row.Owner) > position) runner.Notice();
            }

            await Task.Delay(PauseBetweenLooks + TimeSpan.FromMilliseconds(runners.Count / WebhooksPerMillisecond), stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Notice(WebhookRow row)
    {
        if (start is not { } begin || (row.State == RowState.Closed && !runners.ContainsKey(row.Id))) return;
        lock (gate)
        {
            if (!runners.TryGetValue(row.Id, out var runner)) runners[row.Id] = begin(row);
            else runner.Change(row);
        }

        Volatile.Read(ref added).TrySetResult();
    }

    private void NoticeRows()
    {
        Interlocked.Increment(ref eventsWritten);
        foreach (var runner in runners.Values) runner.Notice();
    }

    internal static TaskCompletionSource NewNotice() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
