using Farthing.Protocol;
using Microsoft.Extensions.Time.Testing;

namespace Farthing.Ledger.Tests.Sequencing;

public class DurabilityTests
{
    // More than the writer flushes itself.
    private const int Many = 300;

    [Fact]
    public async Task Nothing_is_answered_before_what_it_saw_is_durable()
    {
        using var directory = new TemporaryDirectory();
        HeldUpJournal journal = null!;
        await using var ledger = TestLedger.Open(directory, inner => journal = new(inner), (message, _) => Assert.Fail(message));
        await TestLedger.FundAsync(ledger);
        await journal.FlushBeganAsync();

        var busy = await HoldUpManyAsync(ledger, journal);
        var paid = ledger.SubmitAsync([TestLedger.Transfer(100, 5)]).AsTask();
        var duplicate = ledger.SubmitAsync([TestLedger.Transfer(100, 5)]).AsTask();
        var malformed = ledger.SubmitAsync([TestLedger.Transfer(101, 0)]).AsTask();
        var refused = ledger.SubmitAsync([TestLedger.Transfer(102, 5_000_000)]).AsTask();
        // Found in memory means that the writer is past the commands before it; the answer still waits for the disk.
        Task<JournalRecord?> found = null!;
        await TestLedger.UntilAsync(() => new(!(found = ledger.FindAsync(102).AsTask()).IsCompleted));
        var account = ledger.ReadAccountAsync(TestLedger.Alice).AsTask();
        var holds = ledger.ReadOpenHoldsAsync(TransferCode.Payment).AsTask();
        var statement = ledger.ReadStatementAsync(TestLedger.Shop, null, 10).AsTask();
        var checkpoint = ledger.GetCheckpointAsync(5).AsTask();

        Task[] answers = [busy, paid, duplicate, malformed, refused, found, account, holds, statement, checkpoint];
        Assert.All(answers, answer => Assert.False(answer.IsCompleted));
        Assert.Equal(4, ledger.DurableSize);
        // What is not touched by what waits is read at once.
        Assert.True(ledger.ReadAccountAsync(TestLedger.Clearing).AsTask().IsCompleted);
        Assert.True(ledger.FindAsync(10).AsTask().IsCompleted);

        journal.LetGo();
        await Task.WhenAll(answers).InTimeAsync();
        Assert.Equal(4 + Many, (await paid)[0].Position);
        Assert.Equal((Outcome.Done, 4L + Many, true), ((await duplicate)[0].Outcome, (await duplicate)[0].Position, (await duplicate)[0].IsDuplicate));
        Assert.Equal((Outcome.AmountMustNotBeZero, -1L), ((await malformed)[0].Outcome, (await malformed)[0].Position));
        Assert.Equal((Outcome.InsufficientFunds, 5L + Many), ((await refused)[0].Outcome, (await refused)[0].Position));
        Assert.Equal(999_995u - Many, (await account)!.Value.Balances.Available);
        Assert.Equal(10, (await statement).Count);
    }

    [Fact]
    public async Task What_arrives_during_a_flush_goes_to_disk_together()
    {
        using var directory = new TemporaryDirectory();
        HeldUpJournal journal = null!;
        await using var ledger = TestLedger.Open(directory, inner => journal = new(inner), (message, _) => Assert.Fail(message));
        await TestLedger.FundAsync(ledger);
        await journal.FlushBeganAsync();
        var busy = await HoldUpManyAsync(ledger, journal);
        var answers = new List<Task<CommandResult[]>>();
        for (var i = 0; i <= 500; i++) answers.Add(ledger.SubmitAsync([TestLedger.Transfer(100 + (UInt128)i, 1)]).AsTask());
        await TestLedger.UntilAsync(() => new(!ledger.FindAsync(600).AsTask().IsCompleted));
        journal.LetGo();
        var results = await Task.WhenAll(answers).InTimeAsync();
        await busy;
        Assert.Equal(Enumerable.Range(4 + Many, 501).Select(i => (long)i), results.Select(result => result[0].Position));
        Assert.Equal(3, journal.Appended);
    }

    [Fact]
    public async Task What_arrives_in_a_new_second_is_not_journaled_under_a_time_in_the_old_one()
    {
        using var directory = new TemporaryDirectory();
        HeldUpJournal journal = null!;
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 23, 23, 59, 59, 990, TimeSpan.Zero));
        await using var ledger = TestLedger.Open(directory, inner => journal = new(inner), (message, _) => Assert.Fail(message), time);
        await TestLedger.FundAsync(ledger);
        await journal.FlushBeganAsync();
        var busy = await HoldUpManyAsync(ledger, journal);
        var before = ledger.SubmitAsync([TestLedger.Transfer(100, 1)]).AsTask();
        await TestLedger.UntilAsync(() => new(!ledger.FindAsync(100).AsTask().IsCompleted));

        // The batch of the transfer above waits for the disk.
        time.Advance(TimeSpan.FromMilliseconds(9));
        var same = ledger.SubmitAsync([TestLedger.Transfer(101, 1)]).AsTask();
        await TestLedger.UntilAsync(() => new(!ledger.FindAsync(101).AsTask().IsCompleted));
        time.Advance(TimeSpan.FromMilliseconds(1));
        var next = ledger.SubmitAsync([TestLedger.Transfer(102, 1)]).AsTask();
        await TestLedger.UntilAsync(() => new(!ledger.FindAsync(102).AsTask().IsCompleted));
        journal.LetGo();

        var midnight = new DateTimeOffset(2026, 11, 24, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
        Assert.Equal([midnight - 10, midnight - 10, midnight], (await Task.WhenAll(before, same, next).InTimeAsync()).Select(results => results[0].UnixMilliseconds));
        await busy;
    }

    [Fact]
    public async Task A_batch_without_a_record_writes_no_frame()
    {
        using var directory = new TemporaryDirectory();
        HeldUpJournal journal = null!;
        await using var ledger = TestLedger.Open(directory, inner => journal = new(inner), (message, _) => Assert.Fail(message));
        await TestLedger.FundAsync(ledger);
        for (var i = 0; i < 10; i++) Assert.True((await ledger.SubmitAsync([Command.OpenAccount(TestLedger.Alice, Asset.Usd, AccountFlags.DebitsMustNotExceedCredits)]))[0].IsDuplicate);
        Assert.Equal(1, journal.Appended);
    }

    [Fact]
    public async Task A_failed_flush_ends_the_process_and_answers_nobody()
    {
        using var directory = new TemporaryDirectory();
        HeldUpJournal journal = null!;
        var ended = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        // Not disposed: in a process that has ended nothing is.
        var ledger = TestLedger.Open(directory, inner => journal = new(inner), (message, error) => ended.TrySetResult($"{message} {error.Message}"));
        await TestLedger.FundAsync(ledger);
        journal.FailWith(new IOException("fdatasync of the segment failed: Input/output error (errno 5)."));
        var answer = ledger.SubmitAsync([TestLedger.Transfer(100, 5)]).AsTask();
        Assert.Contains("Input/output error", await ended.Task.InTimeAsync());
        Assert.False(answer.IsCompleted);
        Assert.Equal(4, ledger.DurableSize);
        journal.Dispose();
    }

    [Fact]
    public async Task A_full_disk_refuses_new_work_and_recovers()
    {
        using var directory = new TemporaryDirectory();
        HeldUpJournal journal = null!;
        await using var ledger = TestLedger.Open(directory, inner => journal = new(inner), (message, _) => Assert.Fail(message));
        await TestLedger.FundAsync(ledger);
        journal.NotReadyReason = "no room";
        Assert.Equal("no room", ledger.NotReadyReason);
        await Assert.ThrowsAsync<LedgerUnreadyException>(async () => await ledger.SubmitAsync([TestLedger.Transfer(100, 5)]));
        Assert.Null(await ledger.FindAsync(100));
        journal.NotReadyReason = null;
        Assert.Equal(Outcome.Done, (await ledger.SubmitAsync([TestLedger.Transfer(100, 5)]))[0].Outcome);
    }

    [Fact]
    public async Task Submissions_larger_than_a_batch_are_split_between_chains_only()
    {
        using var directory = new TemporaryDirectory();
        var options = TestLedger.Options(directory) with { MaxBatchCommands = 10 };
        await using (var ledger = Ledger.Open(options, TimeProvider.System))
        {
            await TestLedger.FundAsync(ledger);
            var commands = Enumerable.Range(0, 300).Select(i => TestLedger.Transfer(100 + (UInt128)i, 1) with { Linked = i % 3 != 2 }).ToArray();
            var results = await ledger.SubmitAsync(commands);
            Assert.Equal(Enumerable.Range(4, 300).Select(i => (long)i), results.Select(result => result.Position));
        }
        var frames = Journal.RawJournal.Recover(directory).Frames;
        // 4 opening commands, then 33 batches of 9 and one of 3.
        Assert.Equal(35, frames.Count);
        Assert.All(frames.Skip(1), frame => Assert.True(frame.Header.RecordCount <= 9 && frame.Header.RecordCount % 3 == 0));
    }

    [Fact]
    public async Task Batches_with_long_memos_fit_their_frames()
    {
        using var directory = new TemporaryDirectory();
        var memo = Enumerable.Range(0, Command.MaxMemoLength).Select(i => (byte)(i % 256)).ToArray();
        await using (var ledger = TestLedger.Open(directory))
        {
            await TestLedger.FundAsync(ledger);
            var commands = Enumerable.Range(0, 3000).Select(i => Command.Transfer(100 + (UInt128)i, 7, TestLedger.Alice, TestLedger.Shop, TestLedger.Usd(1), TransferCode.Payment, memo: memo)).ToArray();
            Assert.All(await ledger.SubmitAsync(commands), result => Assert.Equal(Outcome.Done, result.Outcome));
        }
        await using var reopened = TestLedger.Open(directory);
        Assert.Equal(3004, reopened.DurableSize);
        Assert.Equal(memo, reopened.Read(3003).Command.Memo.ToArray());
    }

    // The flusher is held up with these, and the writer goes on.
    private static async Task<Task> HoldUpManyAsync(Ledger ledger, HeldUpJournal journal)
    {
        journal.HoldUp();
        var many = ledger.SubmitAsync([.. Enumerable.Range(0, Many).Select(i => TestLedger.Transfer(10_000 + (UInt128)i, 1))]).AsTask();
        await journal.FlushBeganAsync();
        return many;
    }
}
