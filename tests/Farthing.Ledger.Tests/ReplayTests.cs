using Farthing.Ledger.Tests.State;
using Farthing.Protocol;
using Microsoft.Extensions.Time.Testing;

namespace Farthing.Ledger.Tests;

/// <summary>The whole ledger on random chains, written at once and read back from disk: the same journal gives the same state.</summary>
public class ReplayTests
{
    private const int Rounds = 60;
    private const int ChainsAtOnce = 40;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_reopened_ledger_is_the_one_that_was_closed(int seed)
    {
        using var directory = new TemporaryDirectory();
        var chains = new RandomChains(seed);
        var time = new FakeTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(chains.Now));
        var outcomes = new Dictionary<Outcome, int>();
        var sent = new List<(Command[] Chain, CommandResult[] Answers)>();
        View before;
        await using (var ledger = TestLedger.Open(directory, time))
        {
            foreach (var chain in chains.Beginning()) await ledger.SubmitAsync(chain);
            for (var round = 0; round < Rounds; round++)
            {
                chains.PassTime();
                time.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(chains.Now));
                var waiting = Enumerable.Range(0, ChainsAtOnce).Select(_ => chains.NextChain()).Select(chain => (chain, ledger.SubmitAsync(chain).AsTask())).ToList();
                foreach (var (chain, answer) in waiting)
                {
                    var answers = await answer;
                    chains.Learn(chain, answers);
                    sent.Add((chain, answers));
                    foreach (var result in answers) outcomes[result.Outcome] = outcomes.GetValueOrDefault(result.Outcome) + 1;
                }
            }
            before = await View.OfAsync(ledger);
        }
        var journaledRefusals = outcomes.Where(outcome => outcome.Key > Outcome.IdAlreadyUsed).Sum(outcome => outcome.Value);
        Assert.True(outcomes[Outcome.Done] > 500 && journaledRefusals > 500, string.Join(' ', outcomes));

        await using var reopened = TestLedger.Open(directory, time);
        Assert.Equivalent(before, await View.OfAsync(reopened), strict: true);
        Assert.Contains(before.Kinds, kind => kind == RecordKind.Expire);
        foreach (var (chain, answers) in sent)
        {
            // What was journaled keeps its answer; what was not may turn out otherwise now.
            if (Array.Exists(answers, answer => answer.Position < 0)) continue;
            var again = await reopened.SubmitAsync(chain);
            Assert.Equal(answers.Select(answer => (answer.Outcome, answer.Position)), again.Select(answer => (answer.Outcome, answer.Position)));
            Assert.All(again, answer => Assert.True(answer.IsDuplicate));
        }
        Assert.Equal(before.Size, reopened.DurableSize);
        Assert.True(LedgerCheck.Run(directory.Path, reopened.VerifierKey).IsSound);
    }

    [Fact]
    public async Task Holds_that_came_due_while_nobody_was_there_expire_at_the_start()
    {
        using var directory = new TemporaryDirectory();
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 6, 1, 12, 0, 0, TimeSpan.Zero));
        await using (var ledger = TestLedger.Open(directory, time))
        {
            await TestLedger.FundAsync(ledger);
            var expires = time.GetUtcNow().AddHours(1).ToUnixTimeMilliseconds();
            await ledger.SubmitAsync([Command.Hold(100, 7, TestLedger.Alice, TestLedger.Shop, TestLedger.Usd(2), TransferCode.Payment, expires)]);
        }
        time.Advance(TimeSpan.FromDays(3));
        await using var reopened = TestLedger.Open(directory, time);
        await TestLedger.UntilAsync(() => new(reopened.DurableSize == 6));
        Assert.Equal(RecordKind.Expire, reopened.Read(5).Command.Kind);
    }

    private sealed record View(long Size, List<AccountSnapshot?> Accounts, List<UInt128> Holds, List<RecordKind> Kinds)
    {
        public static async Task<View> OfAsync(Ledger ledger)
        {
            var accounts = new List<AccountSnapshot?>();
            for (var i = 0; i < 14; i++) accounts.Add(await ledger.ReadAccountAsync((UInt128)i));
            var holds = new List<UInt128>();
            foreach (var code in Enum.GetValues<TransferCode>()) holds.AddRange(await ledger.ReadOpenHoldsAsync(code));
            return new(ledger.DurableSize, accounts, holds, [.. ledger.ReadFrom(0).Select(record => record.Command.Kind)]);
        }
    }
}
