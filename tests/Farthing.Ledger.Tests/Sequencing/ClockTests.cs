using Farthing.Ledger.Sequencing;
using Farthing.Protocol;
using Microsoft.Extensions.Time.Testing;

namespace Farthing.Ledger.Tests.Sequencing;

public class ClockTests
{
    private static readonly DateTimeOffset Noon = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Time_never_goes_back()
    {
        var time = new LeapingTime { Now = Noon };
        var clock = new ClockGuard(time, Noon.ToUnixTimeMilliseconds() + 1000);
        Assert.Equal(Noon.ToUnixTimeMilliseconds() + 1000, clock.BeginBatch());
        time.Pass(TimeSpan.FromSeconds(3));
        Assert.Equal(Noon.ToUnixTimeMilliseconds() + 3000, clock.BeginBatch());
        time.Now -= TimeSpan.FromSeconds(2);
        Assert.Equal(Noon.ToUnixTimeMilliseconds() + 3000, clock.BeginBatch());
        Assert.Null(clock.NotReadyReason);
    }

    [Fact]
    public void A_clock_behind_the_journal_is_not_believed_until_it_is_right()
    {
        var time = new LeapingTime { Now = Noon };
        var journal = Noon.AddMinutes(6).ToUnixTimeMilliseconds();
        var clock = new ClockGuard(time, journal);
        Assert.Contains("00:06:00 behind the journal", clock.NotReadyReason);
        Assert.Equal(journal, clock.BeginBatch());
        time.Pass(TimeSpan.FromMinutes(1));
        Assert.Null(clock.NotReadyReason);
    }

    [Theory]
    [InlineData(6)]
    [InlineData(-6)]
    [InlineData(60 * 24 * 365)]
    public void A_clock_that_leaps_is_not_believed_until_it_is_right(int minutes)
    {
        var time = new LeapingTime { Now = Noon };
        var clock = new ClockGuard(time, Noon.AddHours(-1).ToUnixTimeMilliseconds());
        var before = clock.BeginBatch();
        time.Now += TimeSpan.FromMinutes(minutes);
        Assert.Contains("leapt", clock.NotReadyReason);
        Assert.Equal(before, clock.BeginBatch());
        time.Now -= TimeSpan.FromMinutes(minutes);
        time.Pass(TimeSpan.FromSeconds(1));
        Assert.Null(clock.NotReadyReason);
        Assert.Equal(before + 1000, clock.BeginBatch());
    }

    [Fact]
    public void A_clock_that_leapt_forward_and_then_runs_evenly_is_believed_again()
    {
        var time = new LeapingTime { Now = Noon };
        var clock = new ClockGuard(time, 0);
        time.Now += TimeSpan.FromHours(8);
        Assert.NotNull(clock.NotReadyReason);
        time.Pass(ClockGuard.SettlesAfter - TimeSpan.FromSeconds(1));
        Assert.NotNull(clock.NotReadyReason);
        time.Pass(TimeSpan.FromSeconds(1));
        Assert.Null(clock.NotReadyReason);
        Assert.Equal(time.Now.ToUnixTimeMilliseconds(), clock.BeginBatch());
    }

    [Fact]
    public async Task A_ledger_on_a_leapt_clock_refuses_new_work()
    {
        using var directory = new TemporaryDirectory();
        var time = new LeapingTime { Now = Noon };
        await using var ledger = TestLedger.Open(directory, time);
        await TestLedger.FundAsync(ledger);
        time.Now += TimeSpan.FromDays(300);
        Assert.Contains("leapt", ledger.NotReadyReason);
        await Assert.ThrowsAsync<LedgerUnreadyException>(async () => await ledger.SubmitAsync([TestLedger.Transfer(100, 5)]));
        Assert.NotNull(await ledger.ReadAccountAsync(TestLedger.Alice));
        time.Now -= TimeSpan.FromDays(300);
        Assert.Equal(Outcome.Done, (await ledger.SubmitAsync([TestLedger.Transfer(100, 5)]))[0].Outcome);
    }

    [Fact]
    public async Task The_last_batch_says_the_time_when_the_clock_was_set_back()
    {
        using var directory = new TemporaryDirectory();
        var time = new LeapingTime { Now = Noon };
        await using (var ledger = TestLedger.Open(directory, time))
        {
            await TestLedger.FundAsync(ledger);
            Assert.Equal(Noon.ToUnixTimeMilliseconds(), ledger.LastBatchUnixMilliseconds);
            time.Now -= TimeSpan.FromMinutes(4);
            var position = (await ledger.SubmitAsync([TestLedger.Transfer(100, 5)]))[0].Position;
            Assert.Equal(Noon.ToUnixTimeMilliseconds(), ledger.LastBatchUnixMilliseconds);
            Assert.Equal(ledger.LastBatchUnixMilliseconds, ledger.Read(position).UnixMilliseconds);
        }
        await using var reopened = TestLedger.Open(directory, time);
        Assert.Equal(Noon.ToUnixTimeMilliseconds(), reopened.LastBatchUnixMilliseconds);
    }

    [Fact]
    public async Task Holds_expire_without_any_traffic()
    {
        using var directory = new TemporaryDirectory();
        var time = new FakeTimeProvider(Noon);
        await using (var ledger = TestLedger.Open(directory, time))
        {
            await TestLedger.FundAsync(ledger);
            var expires = Noon.AddSeconds(90).ToUnixTimeMilliseconds();
            // More than one round of expiries takes.
            var holds = Enumerable.Range(0, 2500).Select(i => Command.Hold(100 + (UInt128)i, 7, TestLedger.Alice, TestLedger.Shop, TestLedger.Usd(2), TransferCode.Payment, expires)).ToArray();
            Assert.All(await ledger.SubmitAsync(holds), result => Assert.Equal(Outcome.Done, result.Outcome));
            Assert.Equal(2500, (await ledger.ReadOpenHoldsAsync(TransferCode.Payment)).Count);
            time.Advance(TimeSpan.FromSeconds(89));
            Assert.Equal(2504, ledger.DurableSize);
            time.Advance(TimeSpan.FromSeconds(1));
            await TestLedger.UntilAsync(async () => (await ledger.ReadOpenHoldsAsync(TransferCode.Payment)).Count == 0);
            Assert.Equal(5004, ledger.DurableSize);
            Assert.Equal(1_000_000u, (await ledger.ReadAccountAsync(TestLedger.Alice))!.Value.Balances.Available);
            var citations = await ledger.ReadCitationsAsync(100);
            Assert.Equal(RecordKind.Expire, Assert.Single(citations).Command.Kind);
        }
        Assert.True(LedgerCheck.Run(directory.Path).IsSound);
    }

    [Fact]
    public async Task Holds_expire_in_time_though_the_clock_was_moved_while_the_timer_was_being_set()
    {
        using var directory = new TemporaryDirectory();
        var time = new TimeMovedAtTheWorstMoment();
        await using var ledger = TestLedger.Open(directory, time);
        await TestLedger.FundAsync(ledger);
        time.BeforeTheNextTimerIsSet = TimeSpan.FromSeconds(89);
        await ledger.SubmitAsync([Command.Hold(100, 7, TestLedger.Alice, TestLedger.Shop, TestLedger.Usd(2), TransferCode.Payment, Noon.AddSeconds(90).ToUnixTimeMilliseconds())]);
        await time.Moved.WaitAsync(TestLedger.Deadline, TestContext.Current.CancellationToken);
        time.Inner.Advance(TimeSpan.FromSeconds(1));
        await TestLedger.UntilAsync(async () => (await ledger.ReadOpenHoldsAsync(TransferCode.Payment)).Count == 0);
    }

    [Fact]
    public void Clocks_that_move_on_between_two_looks_at_them_did_not_leap()
    {
        var time = new LeapingTime { Now = Noon };
        var clock = new ClockGuard(time, 0);
        Assert.Equal(Noon.ToUnixTimeMilliseconds(), clock.BeginBatch());
        time.AfterReadingNow = () =>
        {
            time.AfterReadingNow = () => { };
            time.Pass(TimeSpan.FromDays(30));
        };
        Assert.Null(clock.NotReadyReason);
        Assert.Equal(Noon.AddDays(30).ToUnixTimeMilliseconds(), clock.BeginBatch());
    }

    /// <summary>A clock that is moved on once, just before a timer is set.</summary>
    private sealed class TimeMovedAtTheWorstMoment : TimeProvider
    {
        private readonly TaskCompletionSource moved = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public FakeTimeProvider Inner { get; } = new(Noon);

        public TimeSpan BeforeTheNextTimerIsSet { get; set; }

        public Task Moved => moved.Task;

        public override long TimestampFrequency => Inner.TimestampFrequency;

        public override long GetTimestamp() => Inner.GetTimestamp();

        public override DateTimeOffset GetUtcNow() => Inner.GetUtcNow();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new Timer(this, Inner.CreateTimer(callback, state, dueTime, period));

        private sealed class Timer(TimeMovedAtTheWorstMoment time, ITimer inner) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                var by = time.BeforeTheNextTimerIsSet;
                time.BeforeTheNextTimerIsSet = TimeSpan.Zero;
                time.Inner.Advance(by);
                var isChanged = inner.Change(dueTime, period);
                if (by > TimeSpan.Zero) time.moved.SetResult();
                return isChanged;
            }

            public void Dispose() => inner.Dispose();

            public ValueTask DisposeAsync() => inner.DisposeAsync();
        }
    }

    /// <summary>A clock whose wall time can be set apart from the time that passes.</summary>
    private sealed class LeapingTime : TimeProvider
    {
        private long passed;

        public DateTimeOffset Now { get; set; }

        public Action AfterReadingNow { get; set; } = () => { };

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Pass(TimeSpan time)
        {
            Now += time;
            passed += time.Ticks;
        }

        public override DateTimeOffset GetUtcNow()
        {
            var now = Now;
            AfterReadingNow();
            return now;
        }

        public override long GetTimestamp() => passed;
    }
}
