using Farthing.Protocol;
using Microsoft.Extensions.Time.Testing;

namespace Farthing.Ledger.Tests;

/// <summary>Accounts that end, through a whole ledger; <c>State/Tables/ends.txt</c> has the rules.</summary>
public class EndsTests
{
    private static readonly DateTimeOffset Noon = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly UInt128 Window = 50;

    [Fact]
    public async Task An_account_is_forgotten_without_any_traffic_and_what_it_was_part_of_stays()
    {
        using var directory = new TemporaryDirectory();
        var time = new FakeTimeProvider(Noon);
        var ends = Noon.AddSeconds(90).ToUnixTimeMilliseconds();
        Command[] chain =
        [
            Command.OpenAccount(Window, Asset.Usd, AccountFlags.DebitsMustNotExceedCredits, ends, TestLedger.Clearing) with { Linked = true },
            TestLedger.Transfer(100, 500, TestLedger.Clearing, Window) with { Linked = true },
            TestLedger.Transfer(101, 20, Window, TestLedger.Clearing),
        ];
        CommandResult[] first;
        await using (var ledger = TestLedger.Open(directory, time))
        {
            await TestLedger.FundAsync(ledger);
            first = await ledger.SubmitAsync(chain);
            Assert.All(first, result => Assert.Equal(Outcome.Done, result.Outcome));
            time.Advance(TimeSpan.FromSeconds(90));
            Assert.Equal(Outcome.AccountEnded, (await ledger.SubmitAsync([TestLedger.Transfer(102, 1, Window, TestLedger.Clearing)]))[0].Outcome);
            time.Advance(TimeSpan.FromSeconds(299));
            Assert.Equal(480u, (await ledger.ReadAccountAsync(Window))!.Value.Balances.Available);
            time.Advance(TimeSpan.FromSeconds(1));
            await TestLedger.UntilAsync(async () => await ledger.ReadAccountAsync(Window) is null);
            await AssertForgottenAsync(ledger);
        }

        await using (var reopened = TestLedger.Open(directory, time))
        {
            await AssertForgottenAsync(reopened);
            var again = await reopened.SubmitAsync(chain);
            Assert.Equal(first.Select(result => (result.Outcome, result.Position)), again.Select(result => (result.Outcome, result.Position)));
            Assert.All(again, result => Assert.True(result.IsDuplicate));
        }
        Assert.True(LedgerCheck.Run(directory.Path).IsSound);
    }

    private static async Task AssertForgottenAsync(Ledger ledger)
    {
        Assert.Empty(await ledger.ReadStatementAsync(Window, null, 10));
        Assert.Null(await ledger.ReadBalanceAsync(Window, Noon.ToUnixTimeMilliseconds()));
        Assert.Equal(RecordKind.OpenAccount, (await ledger.FindAsync(Window))!.Value.Command.Kind);
        Assert.Equal(RecordKind.Transfer, (await ledger.FindAsync(101))!.Value.Command.Kind);

        var newest = (await ledger.ReadStatementAsync(TestLedger.Clearing, null, 1))[0];
        Assert.Equal((RecordKind.EndAccount, Window, Window, TestLedger.Clearing), (newest.Command.Kind, newest.Command.Id, newest.Command.Debit, newest.Command.Credit));
        Assert.Equal(480u, newest.Command.Units);
        Assert.Equal(newest.CreditAfter, (await ledger.ReadAccountAsync(TestLedger.Clearing))!.Value.Balances);
    }
}
