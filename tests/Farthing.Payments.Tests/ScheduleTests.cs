using System.Collections.Concurrent;
using Farthing.Payments.Schedules;
using Farthing.Payments.Settings;
using Farthing.Server.Doors.Rest;
using Farthing.Server.Storage;
using Microsoft.Extensions.Time.Testing;

namespace Farthing.Payments.Tests;

public sealed class ScheduleTests : IAsyncLifetime
{
    private const long Day = 24 * 3600 * 1000;
    private const long Start = 1_800_000_000_000;

    private readonly string directory = Directory.CreateTempSubdirectory("farthing-schedule-").FullName;
    private readonly FakeTimeProvider time = new(DateTimeOffset.FromUnixTimeMilliseconds(Start));
    private readonly ConcurrentQueue<(UInt128 Subject, long DueAt)> done = new();
    private readonly ConcurrentQueue<string> reports = new();
    private SqliteSettingsStore store = null!;
    private WatchedSettings settings = null!;
    private Schedule schedule = null!;
    private CancellationTokenSource stop = null!;
    private Task running = null!;

    private Func<UInt128, long, ValueTask<DueResult>> Work { get; set; } = (_, _) => new(DueResult.Done());

    public ValueTask InitializeAsync()
    {
        store = SqliteSettingsStore.Open(Path.Combine(directory, "settings.db"));
        settings = new WatchedSettings(store);
        Run();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        store.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task Subjects_whose_ids_end_alike_do_not_wait_for_each_other()
    {
        // As the ids of tabs do, whose low byte numbers what belongs to them.
        var entered = Enumerable.Range(1, 64).Select(number => schedule.EnterAsync((UInt128)number << 8).AsTask()).ToList();
        Assert.Equal(64, entered.Count(turn => turn.IsCompletedSuccessfully));
        foreach (var turn in entered) (await turn).Dispose();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void What_fails_of_every_kind_is_named(DueKind kind) =>
        Assert.Matches("^[a-z]{3}_[0-9A-Z]{26}$", ScheduleApi.From(DueRow.New(1, kind, Start) with { Fault = "not_ready" }).Subject);

    public static TheoryData<DueKind> Kinds => [.. Enum.GetValues<DueKind>()];

    [Fact]
    public async Task What_is_due_is_done_oldest_first_and_not_before()
    {
        for (var subject = 5; subject >= 1; subject--) await AddAsync((UInt128)subject, Start + (subject * Day));
        await SettleAsync();
        Assert.Empty(done);
        for (var day = 1; day <= 5; day++)
        {
            time.Advance(TimeSpan.FromMilliseconds(Day - 1));
            await SettleAsync();
            Assert.Equal(day - 1, done.Count);
            time.Advance(TimeSpan.FromMilliseconds(1));
            await SettleAsync();
            Assert.Equal(((UInt128)day, Start + (day * Day)), done.ToArray()[^1]);
        }

        Assert.Equal(new Backlog(0, null, null, 0), await schedule.ReadBacklogAsync());
    }

    [Fact]
    public async Task After_months_off_each_instant_is_done_once_in_order()
    {
        const int Subjects = 20, Days = 60;
        Work = (_, dueAt) => new(DueResult.Next(dueAt + Day));
        await StopAsync();
        for (var subject = 1; subject <= Subjects; subject++) await AddAsync((UInt128)subject, Start + subject);
        time.Advance(TimeSpan.FromDays(Days) - TimeSpan.FromMilliseconds(1));
        Run();
        await SettleAsync();
        var ofEach = done.GroupBy(run => run.Subject).ToDictionary(runs => runs.Key, runs => runs.Select(run => run.DueAt).ToList());
        Assert.Equal(Subjects, ofEach.Count);
        foreach (var (subject, instants) in ofEach) Assert.Equal(Enumerable.Range(0, Days).Select(day => Start + (int)subject + (day * Day)), instants);
    }

    [Fact]
    public async Task One_subject_is_never_done_twice_at_once_and_several_subjects_are()
    {
        var (now, most, atOnce) = (new ConcurrentDictionary<UInt128, bool>(), 0, 0);
        var gate = new Lock();
        var together = new TaskCompletionSource();
        Work = async (subject, dueAt) =>
        {
            Assert.True(now.TryAdd(subject, true));
            lock (gate)
            {
                most = Math.Max(most, ++atOnce);
                if (atOnce == 4) together.TrySetResult();
            }

            await together.Task.WaitAsync(TimeSpan.FromMinutes(2));
            lock (gate) atOnce--;
            Assert.True(now.TryRemove(subject, out _));
            return dueAt < Start + (3 * Day) ? DueResult.Next(dueAt + Day) : DueResult.Done();
        };
        for (var subject = 1; subject <= 40; subject++) await AddAsync((UInt128)subject, Start);
        time.Advance(TimeSpan.FromDays(10));
        await SettleAsync();
        Assert.Equal(160, done.Distinct().Count());
        Assert.InRange(most, 4, 8);
        Assert.Empty(reports);
    }

    [Fact]
    public async Task Whoever_has_the_turn_of_a_subject_keeps_it_from_being_done()
    {
        using (await schedule.EnterAsync(7))
        {
            await AddAsync(7, Start);
            await AddAsync(8, Start);
            await UntilAsync(() => Task.FromResult(!done.IsEmpty));
            Assert.Equal((UInt128)8, Assert.Single(done).Subject);
            Assert.True(await settings.WriteAsync((await settings.FindAsync<DueRow>(7))!.MovedTo(null)));
        }

        await SettleAsync();
        Assert.Single(done);
    }

    [Fact]
    public async Task What_fails_is_shown_and_tried_again_at_growing_intervals()
    {
        var fails = true;
        Work = (_, _) => fails ? throw new InvalidOperationException("No.") : new(DueResult.Done());
        await AddAsync(3, Start);
        List<long> pauses = [];
        for (var attempt = 1; attempt <= 14; attempt++)
        {
            await UntilAsync(async () => await settings.FindAsync<DueRow>(3) is { } row && row.Attempt == attempt);
            var failing = Assert.Single((await schedule.ListFailingAsync(null, 10)).Value!.Lines);
            Assert.Equal((DueKind.Tip, Start, "internal_error"), (failing.Kind, failing.DueUnixMilliseconds, failing.Fault));
            pauses.Add((failing.RunUnixMilliseconds!.Value - time.GetUtcNow().ToUnixTimeMilliseconds()) / 1000);
            time.Advance(TimeSpan.FromSeconds(pauses[^1]));
        }

        Assert.Equal([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600, 600], pauses);
        Assert.All(reports, report => Assert.Contains("tried again later", report));
        fails = false;
        time.Advance(TimeSpan.FromMinutes(20));
        await UntilAsync(async () => (await schedule.ReadBacklogAsync()).Failing == 0);
        Assert.Equal(new Backlog(0, null, null, 0), await schedule.ReadBacklogAsync());
    }

    [Fact]
    public async Task What_its_own_rules_put_off_is_no_failure_and_is_tried_again_for_the_same_instant()
    {
        Work = (_, dueAt) => new(time.GetUtcNow().ToUnixTimeMilliseconds() < Start + (2 * Day) ? DueResult.Again(Start + (2 * Day)) : DueResult.Next(dueAt + (9 * Day)));
        await AddAsync(3, Start);
        await SettleAsync();
        Assert.Equal(new Backlog(0, null, Start + (2 * Day), 0), await schedule.ReadBacklogAsync());
        time.Advance(TimeSpan.FromDays(2));
        await SettleAsync();
        Assert.Equal([(3, Start), (3, Start)], done.ToArray());
        Assert.Equal(Start + (9 * Day), (await settings.FindAsync<DueRow>(3))!.DueUnixMilliseconds);
    }

    [Fact]
    public async Task Rows_that_somebody_else_changed_meanwhile_are_not_overwritten_and_the_work_is_done_again()
    {
        Assert.True(await settings.WriteAsync(Payee(1)));
        var changed = false;
        Work = async (_, _) =>
        {
            var row = (await settings.FindAsync<PayeeRow>(1))!;
            if (!changed) Assert.True(changed = await settings.WriteAsync(row with { Name = "Changed", Version = row.Version + 1 }));
            return DueResult.Done(row with { KeyGeneration = 9, Version = row.Version + 1 });
        };
        await AddAsync(3, Start);
        await SettleAsync();
        Assert.Equal(2, done.Count);
        var after = (await settings.FindAsync<PayeeRow>(1))!;
        Assert.Equal(("Changed", 9), (after.Name, after.KeyGeneration));
        Assert.Empty(reports);
    }

    [Fact]
    public async Task While_nothing_is_due_it_waits()
    {
        await AddAsync(3, Start + Day);
        await UntilAsync(() => Task.FromResult(settings.Looks >= 1));
        var before = settings.Looks;
        for (var minute = 0; minute < 10; minute++) time.Advance(TimeSpan.FromMinutes(1));
        await AddAsync(4, Start);
        await SettleAsync();
        Assert.Equal((UInt128)4, Assert.Single(done).Subject);
        Assert.InRange(settings.Looks - before, 1, 15);
    }

    [Fact]
    public async Task A_clock_that_goes_back_does_nothing_again_and_one_that_goes_on_is_followed()
    {
        Work = (_, dueAt) => new(DueResult.Next(dueAt + Day));
        await AddAsync(3, Start);
        await SettleAsync();
        await StopAsync();
        time.AdjustTime(DateTimeOffset.FromUnixTimeMilliseconds(Start - (5 * Day)));
        Run();
        await SettleAsync();
        Assert.Single(done);
        time.Advance(TimeSpan.FromDays(6));
        await SettleAsync();
        Assert.Equal([Start, Start + Day], done.Select(run => run.DueAt));
    }

    [Fact]
    public async Task To_stop_finishes_what_is_being_done_and_begins_nothing_more()
    {
        var (reached, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        Work = async (_, _) =>
        {
            reached.TrySetResult();
            await goOn.Task;
            return DueResult.Done();
        };
        for (var subject = 1; subject <= 100; subject++) await AddAsync((UInt128)subject, Start - 1000);
        await reached.Task.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        var stopping = StopAsync();
        Assert.False(running.IsCompleted);
        goOn.SetResult();
        await stopping;
        Assert.InRange(done.Count, 1, 64);
        Assert.Equal(100 - done.Count, (await schedule.ReadBacklogAsync()).Due);
        Run();
        await SettleAsync();
        Assert.Equal(100, done.Distinct().Count());
        Assert.Equal(100, done.Count);
    }

    private static PayeeRow Payee(UInt128 id) => new(id, "P", "USD", null, null, 1, 5, "", RowState.Active, DateTimeOffset.UnixEpoch);

    private async Task AddAsync(UInt128 subject, long dueAt)
    {
        Assert.True(await settings.WriteAsync(DueRow.New(subject, DueKind.Tip, dueAt)));
        schedule.Notice();
    }

    private void Run()
    {
        stop = new CancellationTokenSource();
        schedule = new Schedule(settings, new LabelledSecrets(new byte[32]), time);
        schedule.Handle(DueKind.Tip, new Recorded(this));
        running = schedule.RunAsync((fault, _) => reports.Enqueue(fault), stop.Token);
    }

    private async Task StopAsync()
    {
        await stop.CancelAsync();
        await running.WaitAsync(TimeSpan.FromMinutes(2));
        stop.Dispose();
    }

    private Task SettleAsync() => UntilAsync(async () => (await schedule.ReadBacklogAsync()).Due == 0);

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!await condition()) await timer.WaitForNextTickAsync(deadline.Token);
    }

    private sealed class Recorded(ScheduleTests test) : IDue
    {
        public async ValueTask<DueResult> RunAsync(UInt128 subject, long dueUnixMilliseconds)
        {
            test.done.Enqueue((subject, dueUnixMilliseconds));
            return await test.Work(subject, dueUnixMilliseconds);
        }
    }
}
