using Microsoft.Extensions.Time.Testing;
using Farthing.Ledger.Tests.Sequencing;
using Farthing.Protocol;

namespace Farthing.Ledger.Tests;

/// <summary>Balances at past moments and statements of periods, held against lists that are simply filtered.</summary>
public class PastTests
{
    private const int AccountCount = 8;
    private const int Rounds = 400;

    private static readonly DateTimeOffset Start = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Balances_and_statements_of_any_time_are_what_filtered_lists_say(int seed)
    {
        using var directory = new TemporaryDirectory();
        var time = new FakeTimeProvider(Start);
        var random = new Random(seed);
        await using (var ledger = TestLedger.Open(directory, time))
        {
            await FillAsync(ledger, time, random);
            await CompareAsync(ledger, random);
        }

        await using var reopened = TestLedger.Open(directory, time);
        await CompareAsync(reopened, random);
    }

    // Account 2 has a record in almost every batch, account 9 one in a segment or none, and the last batches are not sealed.
    [Fact]
    public async Task Any_moment_is_found_through_sealed_segments_as_through_those_that_are_not()
    {
        using var directory = new TemporaryDirectory();
        var time = new FakeTimeProvider(Start);
        var random = new Random(7);
        var memo = new byte[Command.MaxMemoLength];
        await using (var ledger = TestLedger.Open(directory, time))
        {
            await ledger.SubmitAsync([.. Enumerable.Range(1, 9).Select(i => Command.OpenAccount((UInt128)i, Asset.Usd, AccountFlags.None))]);
            for (var round = 0; round < 130; round++)
            {
                time.Advance(TimeSpan.FromSeconds(1));
                await ledger.SubmitAsync([.. Enumerable.Range(0, 40).Select(i => Command.Transfer(1_000 + (UInt128)(round * 40 + i), 7,
                    round % 65 == 64 && i == 20 ? 9 : (UInt128)random.Next(2, 5) / 2 * 2, (UInt128)(2 * random.Next(0, 4) + 1), TestLedger.Usd((ulong)random.Next(1, 9)), TransferCode.Payment, memo: i % 2 == 0 ? memo : default))]);
            }
            await TestLedger.UntilAsync(() => new(Directory.GetFiles(Path.Combine(directory.Path, "journal"), "*.index").Length >= 2));
            await CompareAsync(ledger, random, 9);
        }

        await using var reopened = TestLedger.Open(directory, time);
        await CompareAsync(reopened, random, 9);
    }

    [Fact]
    public async Task An_account_had_no_balance_before_it_was_opened()
    {
        using var directory = new TemporaryDirectory();
        var time = new FakeTimeProvider(Start);
        await using var ledger = TestLedger.Open(directory, time);
        Assert.Null(await ledger.ReadBalanceAsync(TestLedger.Alice, long.MaxValue));
        time.Advance(TimeSpan.FromSeconds(1));
        await TestLedger.FundAsync(ledger, 5);
        var opened = time.GetUtcNow().ToUnixTimeMilliseconds();
        Assert.Null(await ledger.ReadBalanceAsync(TestLedger.Alice, opened - 1));
        Assert.Null(await ledger.ReadBalanceAsync(TestLedger.Alice, long.MinValue));
        Assert.Null(await ledger.ReadBalanceAsync(999, long.MaxValue));
        var last = new PastBalances(new Balances(0, 0, 5, 0), 3, opened);
        foreach (var moment in new[] { opened, opened + 1, long.MaxValue }) Assert.Equal(last, await ledger.ReadBalanceAsync(TestLedger.Alice, moment));
    }

    // The server asks on the threads that read its sockets.
    [Fact]
    public async Task What_is_past_is_not_sought_on_the_thread_that_asks()
    {
        using var directory = new TemporaryDirectory();
        var time = new FakeTimeProvider(Start);
        HeldUpJournal journal = null!;
        await using var ledger = TestLedger.Open(directory, opened => journal = new(opened), (_, error) => throw error, time);
        await TestLedger.FundAsync(ledger);
        var funded = time.GetUtcNow().ToUnixTimeMilliseconds();
        time.Advance(TimeSpan.FromSeconds(1));
        await ledger.SubmitAsync([.. Enumerable.Range(100, 2_000).Select(id => TestLedger.Transfer((UInt128)id, 1))]);

        var (reads, onAsking) = (0, 0);
        Task<PastBalances?> balance = null!;
        Task<IReadOnlyList<JournalRecord>> lines = null!;
        var asking = new Thread(() =>
        {
            balance = ledger.ReadBalanceAsync(TestLedger.Alice, funded).AsTask();
            lines = ledger.ReadStatementAsync(TestLedger.Alice, before: 5, count: 5).AsTask();
        });
        journal.OnRead = () =>
        {
            Interlocked.Increment(ref reads);
            if (Thread.CurrentThread == asking) Interlocked.Increment(ref onAsking);
        };
        asking.Start();
        Assert.True(asking.Join(TestLedger.Deadline));
        Assert.Equal(3, (await balance.InTimeAsync())!.Value.Position);
        Assert.Equal([4, 3], (await lines.InTimeAsync()).Select(record => record.Position));
        Assert.True(reads > 4, $"{reads} reads.");
        Assert.Equal(0, onAsking);
    }

    private static async Task FillAsync(Ledger ledger, FakeTimeProvider time, Random random)
    {
        await ledger.SubmitAsync([.. Enumerable.Range(1, AccountCount).Select(i => Command.OpenAccount((UInt128)i, Asset.Usd, i == 1 ? AccountFlags.None : AccountFlags.DebitsMustNotExceedCredits))]);
        for (var round = 0; round < Rounds; round++)
        {
            // Several batches may share a time, and seconds may pass without one.
            if (random.Next(3) != 0) time.Advance(TimeSpan.FromMilliseconds(random.Next(1, 5_000)));
            await ledger.SubmitAsync([.. Enumerable.Range(0, random.Next(1, 6)).Select(i => AnyCommand(1_000 + (UInt128)(round * 10 + i), time, random))]);
        }
    }

    private static Command AnyCommand(UInt128 id, FakeTimeProvider time, Random random)
    {
        var debit = random.Next(1, AccountCount + 1);
        var credit = (debit + random.Next(1, AccountCount) - 1) % AccountCount + 1;
        var amount = TestLedger.Usd((ulong)random.Next(1, 100));
        var soon = time.GetUtcNow().AddMilliseconds(random.Next(1, 20_000)).ToUnixTimeMilliseconds();
        return random.Next(10) switch
        {
            0 => Command.ChangeAccount(random.Next(2) == 0 ? RecordKind.FreezeAccount : RecordKind.UnfreezeAccount, id, (UInt128)debit),
            < 4 => Command.Hold(id, 7, (UInt128)debit, (UInt128)credit, amount, TransferCode.Payment, soon),
            _ => Command.Transfer(id, 7, random.Next(3) == 0 ? 1 : (UInt128)debit, credit == 1 ? 2 : (UInt128)credit, amount, TransferCode.Payment),
        };
    }

    private static async Task CompareAsync(Ledger ledger, Random random, int accounts = AccountCount)
    {
        var records = ledger.ReadFrom(0).ToArray();
        var (first, last) = (records[0].UnixMilliseconds, records[^1].UnixMilliseconds);
        var (found, lines, expiries) = (0, 0, records.Count(record => record.Command.Kind == RecordKind.Expire));
        for (var i = 0; i < 300; i++)
        {
            var account = (UInt128)random.Next(1, accounts + 1);
            var touching = records.Where(record => record.Outcome == Outcome.Done && (record.Command.Debit == account || record.Command.Credit == account)).ToArray();
            // Half of the times are those of a record exactly, where off-by-one would show.
            long AnyTime() => random.Next(2) == 0 ? records[random.Next(records.Length)].UnixMilliseconds : random.NextInt64(first - 1_000, last + 1_000);

            var moment = AnyTime();
            var wanted = touching.Where(record => record.UnixMilliseconds <= moment).Select(record => (PastBalances?)new PastBalances(
                record.Command.Debit == account ? record.DebitAfter : record.CreditAfter, record.Position, record.UnixMilliseconds)).LastOrDefault();
            Assert.Equal(wanted, await ledger.ReadBalanceAsync(account, moment));
            if (wanted is not null) found++;

            var (since, until) = (AnyTime(), AnyTime());
            var count = random.Next(1, 30);
            long? before = random.Next(2) == 0 ? null : random.NextInt64(0, records.Length + 2);
            var period = touching.Where(record => record.UnixMilliseconds >= since && record.UnixMilliseconds < until && record.Position < (before ?? long.MaxValue)
                && record.Command.Kind is not (RecordKind.OpenAccount or RecordKind.FreezeAccount or RecordKind.UnfreezeAccount)).Reverse().Take(count).Select(record => record.Position).ToArray();
            Assert.Equal(period, (await ledger.ReadStatementAsync(account, before, count, since, until)).Select(record => record.Position));
            lines += period.Length;

            var from = random.NextInt64(0, records.Length + 2);
            var onward = touching.Where(record => record.Position >= from && record.Command.Kind is not (RecordKind.OpenAccount or RecordKind.FreezeAccount or RecordKind.UnfreezeAccount)).Select(record => record.Position).ToArray();
            var read = new List<long>();
            for (AccountPage page; i % 10 == 0; from = page.Next)
            {
                page = await ledger.ReadOnAsync(account, from, count);
                Assert.True(page.Records.Count <= count && page.Next >= from);
                read.AddRange(page.Records.Select(record => record.Position));
                if (page.Records.Count > 0) continue;
                Assert.Equal(onward, read);
                break;
            }

            Assert.Equal(records.TakeWhile(record => record.UnixMilliseconds < since).Count(), ledger.SizeBefore(since));
        }
        Assert.True(found > 100 && lines > 300 && (expiries > 20 || accounts != AccountCount), $"{found} balances, {lines} lines, {expiries} expiries.");
    }
}
