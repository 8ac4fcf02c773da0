using System.Collections.Concurrent;
using Farthing.Payments.Settings;

namespace Farthing.Payments.Webhooks;

/// <summary>Tells one webhook of what happens, in rounds: take up what is new, send what is due, write down how far it has come.</summary>
/// <remarks>
/// What is sent and not yet written down is sent again after a crash, under the same id: at least once. Events of one subject are sent one after another, each only when those before
/// it were taken or given up; different subjects do not wait for each other.
/// </remarks>
internal sealed class WebhookRunner
{
    // Connections that a webhook's server has to bear.
    private const int AttemptsAtOnce = 4;
    private const int FirstPace = 8;
    private const int FastestPace = 64;

    // Where all goes well, only so often is it written down; what was sent meanwhile is sent again after a crash.
    private static readonly TimeSpan LongestUnwritten = TimeSpan.FromMilliseconds(500);
    private const long RecordsUnwritten = 8_192;

    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan PauseAfterFault = TimeSpan.FromSeconds(5);
    private const long FirstRestMilliseconds = 5_000;
    private const long LongestRestMilliseconds = 300_000;

    private readonly WebhookRounds rounds;
    private readonly WebhookMetrics metrics;
    private readonly Action<string, Exception> report;

    private readonly Lock gate = new();

    // Written under the gate; read anywhere.
    private volatile WebhookRow row;

    // Replaced only by the runner; completed by anybody.
    private TaskCompletionSource noticed = WebhookRounds.NewNotice();

    // The rest is the runner's own.
    private WebhookProgress progress = null!;
    private WebhookProgress written = null!;
    private long writtenAt;
    private int version;
    private int pace = FirstPace;
    private int failedRounds;
    private long restUntil;
    private long rowsRead = -1;
    private bool rowsAreLeft;

    // The journal's position while it waits for more, plus one; zero while it does not. Read by those who might wake it.
    private long idleAt;
    private int waiting;

    public WebhookRunner(WebhookRow row, WebhookRounds rounds, WebhookMetrics metrics, Action<string, Exception> report)
    {
        this.row = row;
        this.rounds = rounds;
        this.metrics = metrics;
        this.report = report;
    }

    public WebhookRow Row => row;

    /// <summary>The journal's position that it has come to, if it waits for more.</summary>
    public long? IsIdleAt => Volatile.Read(ref idleAt) is var position and > 0 ? position - 1 : null;

    /// <summary>How many deliveries wait.</summary>
    public int Waiting => Volatile.Read(ref waiting);

    private TimeProvider Time => rounds.Time;

    /// <summary>The owner has changed something.</summary>
    public void Change(WebhookRow changed)
    {
        lock (gate)
        {
            if (changed.Version > row.Version) row = changed;
        }

        Notice();
    }

    /// <summary>There may be something to do.</summary>
    public void Notice() => Volatile.Read(ref noticed).TrySetResult();

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested && row.State != RowState.Closed)
        {
            // Before anything is read: what is written from here on is noticed below.
            Volatile.Write(ref noticed, WebhookRounds.NewNotice());
            try
            {
                if (progress is null) await LoadAsync();
                if (!await TryRoundAsync(stop)) await WaitAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                report($"What is to be told to the webhook {row.Id:x32} waits; trying again soon.", e);
                await Task.Delay(PauseAfterFault, Time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        rounds.Leave(this);
        try
        {
            if (progress is not null && HasTold) await WriteAsync(always: true);
        }
        catch (Exception e)
        {
            report($"How far the webhook {row.Id:x32} has come could not be written down; it will be told again of some events.", e);
        }
    }

    private bool HasTold => !ReferenceEquals(progress.Done, written.Done) || !ReferenceEquals(progress.Waiting, written.Waiting) || !ReferenceEquals(progress.Replay, written.Replay);

    private async Task LoadAsync()
    {
        var stored = await rounds.Settings.FindAsync<WebhookProgressRow>(row.Id);
        version = stored?.Version ?? 0;
        written = progress = stored is null ? WebhookProgress.Begin(row) : WebhookProgress.Parse(stored.Progress);
        // A journal that was restored from a backup may be shorter than it was: what comes from now on is told.
        if (rounds.LengthOfJournal is var length && progress.Live.Position > length) progress = progress with { Live = progress.Live with { Position = length } };
        writtenAt = Time.GetTimestamp();
    }

    /// <returns>False if there is nothing to do but wait.</returns>
    private async Task<bool> TryRoundAsync(CancellationToken stop)
    {
        var asked = row;
        progress = progress.Adopt(asked, Now());
        if (asked.IsPaused || progress.OffReason is not null)
        {
            await WriteAsync(always: true);
            return false;
        }

        // 1. What is new, if there is room for it.
        var hasMoved = await TakeAsync(asked);
        // 2. What is due.
        var due = progress.FindDue(Now());
        var outcomes = await SendAsync(asked, [.. due.Take(pace)], stop);
        foreach (var (delivery, reply, at) in outcomes) progress = progress.After(delivery, reply, at);
        Volatile.Write(ref waiting, progress.Waiting.Count);
        KeepPace(outcomes);
        // 3. How far it has come: at once what failed, and before a wait all that was told; else now and then.
        var isOver = !hasMoved && outcomes.Count == 0;
        await WriteAsync(always: outcomes.Any(outcome => !outcome.Reply.IsTaken) || (isOver && HasTold));
        return !isOver;
    }

    /// <returns>True if something was taken up or passed by.</returns>
    private async ValueTask<bool> TakeAsync(WebhookRow asked)
    {
        var room = Math.Min(WebhookProgress.MaxWaiting - progress.Waiting.Count, pace);
        if (room <= 0 || (failedRounds > 0 && Now() < restUntil)) return false;
        var before = progress;
        var types = WebhookDirectory.TypesOf(asked);
        bool Wants(string type) => types.Length == 0 || types.Contains(type);

        // What happens now and what is told again have an equal share of the room.
        if (progress.Replay is { } replay)
        {
            var again = await ReadAsync(replay, asked, (room + 1) / 2, readsRows: true, isReplay: true, Wants);
            progress = progress with { Replay = again.IsOver ? null : again };
            room = Math.Max(1, room / 2);
        }

        // Rows are looked for only when some were written: the journal is where most things happen.
        var rows = rounds.EventsWritten;
        var readsRows = rows != rowsRead || rowsAreLeft;
        var live = await ReadAsync(progress.Live, asked, room, readsRows, isReplay: false, Wants);
        if (readsRows)
        {
            rowsRead = rows;
            rowsAreLeft = live.Number != progress.Live.Number;
        }

        progress = progress with { Live = live };
        return progress.Live != before.Live || !ReferenceEquals(progress.Replay, before.Replay);
    }

    private async ValueTask<Stretch> ReadAsync(Stretch stretch, WebhookRow asked, int count, bool readsRows, bool isReplay, Func<string, bool> wants)
    {
        // Rows first, as they are few: a busy journal would always fill the room.
        if (readsRows)
        {
            var rows = await rounds.Events.ReadRowsAsync(asked.Owner, stretch.Number, stretch.NumberEnd, (count + 1) / 2, wants);
            progress = progress.Take(rows.Events, isReplay, Now());
            stretch = stretch with { Number = rows.Next };
            count -= rows.Events.Count;
        }

        if (count <= 0) return stretch;
        var journal = await rounds.Events.ReadJournalAsync(asked.Owner, stretch.Position, stretch.End, count, wants);
        progress = progress.Take(journal.Events, isReplay, Now());
        return stretch with { Position = journal.Next };
    }

    private async Task<IReadOnlyCollection<(DeliveryState Delivery, WebhookReply Reply, long At)>> SendAsync(WebhookRow asked, IReadOnlyList<IReadOnlyList<DeliveryState>> due, CancellationToken stop)
    {
        var outcomes = new ConcurrentQueue<(DeliveryState, WebhookReply, long)>();
        if (due.Count == 0) return outcomes;
        var places = failedRounds > 0 ? rounds.Failing : rounds.Taking;
        await Parallel.ForEachAsync(due, new ParallelOptions { MaxDegreeOfParallelism = AttemptsAtOnce }, async (subject, _) =>
        {
            foreach (var delivery in subject)
            {
                if (await TrySendAsync(asked, delivery, places, stop) is not { } outcome) return;
                outcomes.Enqueue((delivery, outcome.Reply, outcome.At));
                if (!outcome.Reply.IsTaken) return;
            }
        });
        return outcomes;
    }

    /// <returns>Null if all ends.</returns>
    private async ValueTask<(WebhookReply Reply, long At)?> TrySendAsync(WebhookRow asked, DeliveryState delivery, SemaphoreSlim places, CancellationToken stop)
    {
        try
        {
            await places.WaitAsync(stop);
        }
        catch (OperationCanceledException)
        {
            return null;
        }

        var at = Now();
        try
        {
            var told = await rounds.Events.DescribeAsync(delivery.Event);
            at = Now();
            var reply = await rounds.Courier.CarryAsync(new(new Uri(asked.Url), told, DateTimeOffset.FromUnixTimeMilliseconds(at), rounds.Directory.SecretsOf(asked, at)), stop);
            metrics.Attempted(reply.IsTaken);
            return (reply, at);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception e)
        {
            report($"The event {delivery.Event.Id} could not be told to the webhook {asked.Id:x32}; it is tried again later.", e);
            metrics.Attempted(isTaken: false);
            return (new WebhookReply(null, "The event could not be sent; the operator's log says why."), at);
        }
        finally
        {
            places.Release();
        }
    }

    /// <summary>Whoever takes everything is told more at once; whoever takes nothing is left alone for a while, and then asked with one event.</summary>
    private void KeepPace(IReadOnlyCollection<(DeliveryState Delivery, WebhookReply Reply, long At)> outcomes)
    {
        if (outcomes.Count == 0) return;
        var taken = outcomes.Count(outcome => outcome.Reply.IsTaken);
        if (taken > 0) failedRounds = 0;
        if (taken == outcomes.Count)
        {
            pace = Math.Min(FastestPace, pace * 2);
            return;
        }

        pace = taken == 0 ? 1 : Math.Max(1, pace / 2);
        if (taken > 0) return;
        restUntil = Now() + Math.Min(LongestRestMilliseconds, FirstRestMilliseconds << Math.Min(failedRounds, 10));
        failedRounds++;
    }

    private async ValueTask WriteAsync(bool always)
    {
        if (ReferenceEquals(progress, written)) return;
        var hasGrown = Time.GetElapsedTime(writtenAt) >= LongestUnwritten && (progress.Live.Position - written.Live.Position >= RecordsUnwritten || !ReferenceEquals(progress.Done, written.Done));
        if (!always && !hasGrown) return;
        var state = progress;
        if (!await rounds.Settings.WriteAsync(new WebhookProgressRow(row.Id, state.ToString(), RowState.Active, version + 1))) throw new InvalidOperationException($"Somebody else writes the progress of the webhook {row.Id:x32}.");
        version++;
        written = state;
        writtenAt = Time.GetTimestamp();
    }

    private async Task WaitAsync(CancellationToken stop)
    {
        var now = Now();
        var isStopped = row.IsPaused || progress.OffReason is not null;
        var rests = failedRounds > 0 && now < restUntil;
        var until = isStopped ? null : progress.NextAt;
        if (!isStopped && rests) until = Math.Min(until ?? long.MaxValue, restUntil);
        Volatile.Write(ref idleAt, isStopped || rests || progress.Waiting.Count == WebhookProgress.MaxWaiting ? 0 : progress.Live.Position + 1);
        try
        {
            // What came between the look and this would wake nobody.
            if (IsIdleAt is { } position && await rounds.Events.FindEndAsync(row.Owner) > position) return;
            // A leap of the system's clock is noticed after a while, as no timer tells of it.
            var wait = until is { } time ? TimeSpan.FromMilliseconds(Math.Clamp(time - now, 1, (long)LongestWait.TotalMilliseconds)) : Timeout.InfiniteTimeSpan;
            var woken = noticed.Task.WaitAsync(wait, Time, stop);
            // A clock that was moved on before the timer was set would be waited for too long.
            if (until is { } due && Now() >= due) return;
            await ((Task)woken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            Volatile.Write(ref idleAt, 0);
        }
    }

    private long Now() => Time.GetUtcNow().ToUnixTimeMilliseconds();
}
