using System.Collections.Concurrent;
using Farthing.Payments.Offers;
using Farthing.Payments.Settings;
using Farthing.Protocol;

namespace Farthing.Payments.Schedules;

/// <summary>Does what falls due, such as monthly tips and the deadlines of campaigns. One for all of <see cref="DueKind"/>.</summary>
/// <remarks>
/// Thread-safe. Oldest first; several subjects at once, one subject never twice at once. A subject that was due many times while the server was off is done once for each
/// instant, in order. What was done and when it is due again is one transaction with the subject's own rows; a crash before it repeats the work, whose ids
/// in the ledger are derived from the instant, so that it happens once.
/// </remarks>
public sealed class Schedule
{
    private const int RowsAtOnce = 64;
    private const int SubjectsAtOnce = 8;

    // So late is a leap of the system's clock noticed, which no timer tells of.
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(10);

    private readonly Dictionary<DueKind, IDue> handlers = [];
    private readonly Turns turns = new(256);
    private readonly ISettingsStore settings;
    private readonly Cursor cursor;
    private readonly TimeProvider time;

    // Replaced only by the loop; completed by anybody.
    private TaskCompletionSource noticed = NewNotice();

    internal Schedule(ISettingsStore settings, LabelledSecrets secrets, TimeProvider time)
    {
        this.settings = settings;
        cursor = new Cursor(secrets, "schedule");
        this.time = time;
    }

    /// <summary>Does what is due, now and from now on.</summary>
    /// <param name="report">Told what failed that nobody foresaw, and why.</param>
    /// <param name="stop">Ends it: what is being done is finished, nothing more is begun.</param>
    public async Task RunAsync(Action<string, Exception> report, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(report);
        using var metrics = new ScheduleMetrics();
        await using var timer = time.CreateTimer(_ => Notice(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        var underWay = new ConcurrentDictionary<UInt128, bool>();
        var waiting = new Queue<UInt128>();
        while (!stop.IsCancellationRequested)
        {
            // Before the rows are read: a row that is written from here on is noticed below.
            Volatile.Write(ref noticed, NewNotice());
            if (waiting.Count == 0 && !await TryFillAsync(waiting, underWay, timer, metrics, report)) continue;
            while (underWay.Count < SubjectsAtOnce && waiting.TryDequeue(out var subject))
            {
                underWay[subject] = true;
                _ = Task.Run(() => RunAndLeaveAsync(subject, underWay, metrics, report, stop), CancellationToken.None);
            }

            await noticed.Task.WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        while (true)
        {
            Volatile.Write(ref noticed, NewNotice());
            if (underWay.IsEmpty) return;
            await noticed.Task;
        }
    }

    /// <summary>How much is due, and when more will be.</summary>
    public ValueTask<Backlog> ReadBacklogAsync() => settings.ReadBacklogAsync(Now());

    /// <summary>What failed when it was last tried, newest subject first.</summary>
    public async ValueTask<Answer<Page<DueRow>>> ListFailingAsync(string? cursor, int pageSize)
    {
        if (!this.cursor.TryRead(UInt128.Zero, cursor, out var before)) return Cursor.Invalid;
        pageSize = Cursor.ClampPageSize(pageSize);
        var rows = await settings.ListFailingAsync(before, pageSize + 1);
        var lines = rows.Take(pageSize).ToList();
        return new Page<DueRow>(lines, rows.Count > pageSize ? this.cursor.Write(UInt128.Zero, lines[^1].Id) : null);
    }

    /// <summary>Says who does what is due of a kind. Before <see cref="RunAsync"/>.</summary>
    internal void Handle(DueKind kind, IDue handler) => handlers.Add(kind, handler);

    /// <summary>Waits until nothing is being done for a subject, and keeps anything from being begun until the answer is disposed: for whoever changes or ends it.</summary>
    internal ValueTask<IDisposable> EnterAsync(UInt128 subject) => turns.EnterAsync(subject);

    /// <summary>To be called after a row was written that is due earlier than before.</summary>
    internal void Notice() => Volatile.Read(ref noticed).TrySetResult();

    /// <summary>Reads what is due and not under way, and sets the timer for what is not.</summary>
    /// <returns>False if it must be read again at once.</returns>
    private async Task<bool> TryFillAsync(Queue<UInt128> waiting, ConcurrentDictionary<UInt128, bool> underWay, ITimer timer, ScheduleMetrics metrics, Action<string, Exception> report)
    {
        var now = Now();
        var next = now + (long)LongestWait.TotalMilliseconds;
        try
        {
            var rows = await settings.ListDueAsync(RowsAtOnce);
            metrics.Looked(rows.Count == 0 ? 0 : Math.Max(0, now - rows[0].RunUnixMilliseconds!.Value));
            foreach (var row in rows)
            {
                if (row.RunUnixMilliseconds > now)
                {
                    next = Math.Min(next, row.RunUnixMilliseconds.Value);
                    break;
                }

                if (!underWay.ContainsKey(row.Id)) waiting.Enqueue(row.Id);
            }
        }
        catch (Exception e)
        {
            report("The schedule could not be read; trying again in a second.", e);
            next = now + (long)FirstPause.TotalMilliseconds;
        }

        timer.Change(TimeSpan.FromMilliseconds(next - now), Timeout.InfiniteTimeSpan);
        // A clock that was moved on before the timer was set is waited for too long by as much.
        return Now() < next && Now() - now < (long)FirstPause.TotalMilliseconds;
    }

    private async Task RunAndLeaveAsync(UInt128 subject, ConcurrentDictionary<UInt128, bool> underWay, ScheduleMetrics metrics, Action<string, Exception> report, CancellationToken stop)
    {
        try
        {
            await RunAsync(subject, metrics, report);
        }
        catch (Exception e)
        {
            // It is still due, and would fail again at once.
            report($"What was done for {subject:x32} could not be written down, and is done again in a second.", e);
            await Task.Delay(FirstPause, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        underWay.TryRemove(subject, out _);
        Notice();
    }

    private async Task RunAsync(UInt128 subject, ScheduleMetrics metrics, Action<string, Exception> report)
    {
        using var turn = await EnterAsync(subject);
        // As it is now: whoever had the turn before may have ended it or moved it on.
        if (await settings.FindAsync<DueRow>(subject) is not { DueUnixMilliseconds: { } dueAt, RunUnixMilliseconds: { } runAt } row || runAt > Now()) return;
        DueResult result;
        try
        {
            result = await handlers[row.Kind].RunAsync(subject, dueAt);
        }
        catch (Exception e)
        {
            report($"What was due for {subject:x32} ({row.Kind}) failed, and is tried again later.", e);
            result = DueResult.Undecided(RefusalCodes.InternalError);
        }

        // If another change of the subject came first, the row is still due, and what was done is found done.
        if (await settings.WriteAsync([After(row, result), .. result.Rows])) metrics.Ran(row.Kind, result.Fault?.Code);
    }

    private DueRow After(DueRow row, DueResult result)
    {
        if (result.AgainUnixMilliseconds is { } again) return row with { RunUnixMilliseconds = again, Attempt = 0, Fault = null, Version = row.Version + 1 };
        if (result.Fault is null)
        {
            if (result.NextUnixMilliseconds <= row.DueUnixMilliseconds) throw new InvalidOperationException($"What was due for {row.Id:x32} is due again at no later instant.");
            return row.MovedTo(result.NextUnixMilliseconds);
        }

        var pause = Math.Min((long)LongestPause.TotalMilliseconds, (long)FirstPause.TotalMilliseconds << Math.Min(row.Attempt, 16));
        return row with { RunUnixMilliseconds = Now() + pause, Attempt = row.Attempt + 1, Fault = result.Fault.Code, Version = row.Version + 1 };
    }

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();

    private static TaskCompletionSource NewNotice() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
