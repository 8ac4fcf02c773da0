using Farthing.Protocol;

namespace Farthing.Ledger.Tests;

public class LedgerTests
{
    [Fact]
    public async Task A_statement_is_read_newest_first_page_by_page()
    {
        using var directory = new TemporaryDirectory();
        await using var ledger = TestLedger.Open(directory);
        await TestLedger.FundAsync(ledger);
        for (var i = 0; i < 25; i++)
        {
            await ledger.SubmitAsync([TestLedger.Transfer(100 + (UInt128)i, (ulong)i + 1)]);
            await ledger.SubmitAsync([TestLedger.Transfer(200 + (UInt128)i, 5_000_000)]);
        }
        await ledger.SubmitAsync([Command.ChangeAccount(RecordKind.FreezeAccount, 300, TestLedger.Alice)]);

        var lines = new List<JournalRecord>();
        long? before = null;
        while (await ledger.ReadStatementAsync(TestLedger.Alice, before, 10) is { Count: > 0 } page)
        {
            lines.AddRange(page);
            before = page[^1].Position;
        }
        // 25 payments and the top-up; neither the 25 refused ones nor the opening and the freeze.
        Assert.Equal(26, lines.Count);
        Assert.Equal(Enumerable.Range(0, 25).Reverse().Select(i => 100 + (UInt128)i).Append((UInt128)10), lines.Select(line => line.Command.Id));
        Assert.Equal(lines.OrderByDescending(line => line.Position), lines);
        Assert.Equal(1_000_000u - 25 * 26 / 2, lines[0].DebitAfter.Available);
        Assert.Equal(lines[^3..], await ledger.ReadStatementAsync(TestLedger.Alice, lines[^4].Position, 10));
        // From a position of another account too.
        Assert.Equal(lines[^1..], await ledger.ReadStatementAsync(TestLedger.Alice, 4, 10));
        foreach (var nothing in new long[] { 0, -1, long.MinValue }) Assert.Empty(await ledger.ReadStatementAsync(TestLedger.Alice, nothing, 10));
        Assert.Empty(await ledger.ReadStatementAsync(999, null, 10));
    }

    [Fact]
    public async Task What_cites_a_transfer_is_read_oldest_first()
    {
        using var directory = new TemporaryDirectory();
        await using var ledger = TestLedger.Open(directory);
        await TestLedger.FundAsync(ledger);
        var soon = TimeProvider.System.GetUtcNow().AddHours(1).ToUnixTimeMilliseconds();
        await ledger.SubmitAsync([Command.Hold(100, 7, TestLedger.Alice, TestLedger.Shop, TestLedger.Usd(10), TransferCode.Payment, soon)]);
        Assert.Equal([(UInt128)100], await ledger.ReadOpenHoldsAsync(TransferCode.Payment));
        Assert.Empty(await ledger.ReadOpenHoldsAsync(TransferCode.TopUp));
        await ledger.SubmitAsync([Command.Post(101, 7, 100, 8, soon)]);
        for (var i = 0; i < 3; i++) await ledger.SubmitAsync([Command.Refund(110 + (UInt128)i, 7, 101, 2, TransferCode.Refund)]);
        Assert.Empty(await ledger.ReadOpenHoldsAsync(TransferCode.Payment));
        Assert.Equal([(UInt128)101], (await ledger.ReadCitationsAsync(100)).Select(record => record.Command.Id));
        Assert.Equal([110, 111, 112], (await ledger.ReadCitationsAsync(101)).Select(record => (int)record.Command.Id));
        Assert.Empty(await ledger.ReadCitationsAsync(112));
    }

    [Fact]
    public async Task Everything_is_as_it_was_after_a_restart()
    {
        using var directory = new TemporaryDirectory();
        List<JournalRecord> records;
        AccountSnapshot? alice;
        var commands = Enumerable.Range(0, 500).Select(i => TestLedger.Transfer(100 + (UInt128)i, i % 7 == 0 ? 9_000_000u : 3)).ToArray();
        CommandResult[] results;
        await using (var ledger = TestLedger.Open(directory))
        {
            await TestLedger.FundAsync(ledger);
            results = await ledger.SubmitAsync(commands);
            records = [.. ledger.ReadFrom(0)];
            alice = await ledger.ReadAccountAsync(TestLedger.Alice);
        }

        await using var reopened = TestLedger.Open(directory);
        Assert.Empty(reopened.RecoveryNotes);
        Assert.Null(reopened.NotReadyReason);
        Assert.Equal(504, reopened.DurableSize);
        Assert.Equal(alice, await reopened.ReadAccountAsync(TestLedger.Alice));
        var again = await reopened.SubmitAsync(commands);
        Assert.Equal(results.Select(result => (result.Outcome, result.Position)), again.Select(result => (result.Outcome, result.Position)));
        Assert.All(again, result => Assert.True(result.IsDuplicate));
        Assert.Equal(72, again.Count(result => result.Outcome == Outcome.InsufficientFunds));
        Assert.Equal(504, reopened.DurableSize);
        Assert.Equal(records.Select(record => (record.Command.Id, record.Outcome, record.DebitAfter)), reopened.ReadFrom(0).Select(record => (record.Command.Id, record.Outcome, record.DebitAfter)));
        Assert.Equal(records.Skip(300).Select(record => record.Position), reopened.ReadFrom(300).Select(record => record.Position));
        foreach (var record in records)
        {
            Assert.Equal(record.Command.Id, reopened.Read(record.Position).Command.Id);
            Assert.Equal(record.Position, (await reopened.FindAsync(record.Command.Id))!.Value.Position);
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => reopened.Read(504));
    }

    [Fact]
    public async Task Many_callers_at_once_all_get_their_own_answer()
    {
        using var directory = new TemporaryDirectory();
        await using var ledger = TestLedger.Open(directory);
        await TestLedger.FundAsync(ledger);
        await Task.WhenAll(Enumerable.Range(0, 64).Select(caller => Task.Run(async () =>
        {
            for (var i = 0; i < 50; i++)
            {
                var id = (UInt128)(1000 * (caller + 1) + i);
                var result = Assert.Single(await ledger.SubmitAsync([TestLedger.Transfer(id, 1)]));
                Assert.Equal(Outcome.Done, result.Outcome);
                Assert.Equal(id, ledger.Read(result.Position).Command.Id);
            }
        })));
        Assert.Equal(4 + 64 * 50, ledger.DurableSize);
        Assert.Equal(64u * 50, (await ledger.ReadAccountAsync(TestLedger.Shop))!.Value.Balances.Available);
    }

    [Fact]
    public async Task A_closed_ledger_takes_no_work_and_frees_its_directory()
    {
        using var directory = new TemporaryDirectory();
        var ledger = TestLedger.Open(directory);
        await TestLedger.FundAsync(ledger);
        await ledger.DisposeAsync();
        await ledger.DisposeAsync();
        await Assert.ThrowsAsync<LedgerUnreadyException>(async () => await ledger.SubmitAsync([TestLedger.Transfer(100, 1)]));
        await using var next = TestLedger.Open(directory);
        Assert.Equal(4, next.DurableSize);
    }

    [Fact]
    public void Options_that_cannot_work_are_refused()
    {
        using var directory = new TemporaryDirectory();
        var options = TestLedger.Options(directory);
        Assert.Throws<ArgumentOutOfRangeException>(() => Ledger.Open(options with { SegmentBytes = 4096 }, TimeProvider.System));
        Assert.Throws<ArgumentOutOfRangeException>(() => Ledger.Open(options with { SegmentBytes = (1 << 20) + 1 }, TimeProvider.System));
        Assert.Throws<ArgumentOutOfRangeException>(() => Ledger.Open(options with { SegmentBytes = (1 << 30) + 4096L }, TimeProvider.System));
        Assert.Throws<ArgumentOutOfRangeException>(() => Ledger.Open(options with { MaxBatchCommands = 0 }, TimeProvider.System));
    }
}
