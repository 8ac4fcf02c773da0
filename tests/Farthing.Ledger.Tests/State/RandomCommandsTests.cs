using System.Collections.Concurrent;
using Farthing.Ledger.Tests.Journal.Sealing;
using Farthing.Protocol;

namespace Farthing.Ledger.Tests.State;

public class RandomCommandsTests
{
    // Ten times as many in ./test --long.
    private static readonly int Worlds = Environment.GetEnvironmentVariable("FARTHING_LONG") == "1" ? 10_000 : Effort.Of(1_000);
    private const int CommandsPerWorld = 1_000;
    private const int LeastOfEachOutcome = 100;

    [Fact]
    public void A_million_random_commands_give_what_a_naive_model_says() => Check(Worlds, areIdsSealed: false);

    [Fact]
    public void They_do_so_too_when_ids_are_left_to_sealed_segments() => Check(Worlds / 4, areIdsSealed: true);

    private static void Check(int worlds, bool areIdsSealed)
    {
        var counts = new ConcurrentDictionary<Outcome, int>();
        var (repeated, fromSealed, forgotten, balancing) = (0, 0, 0, new int[3]);
        Parallel.For(0, worlds, seed =>
        {
            using var world = areIdsSealed ? new SealedWorld(segmentBlocks: 9) : null;
            var (outcomes, duplicates, sealedDuplicates, balanced, gone) = Run(seed, world);
            Interlocked.Add(ref forgotten, gone);
            Interlocked.Add(ref fromSealed, sealedDuplicates);
            for (var i = 0; i < balanced.Length; i++) Interlocked.Add(ref balancing[i], balanced[i]);
            foreach (var (outcome, count) in outcomes) counts.AddOrUpdate(outcome, count, (_, sum) => sum + count);
            Interlocked.Add(ref repeated, duplicates);
        });

        Assert.True(counts.Values.Sum() + repeated >= worlds * CommandsPerWorld);
        if (Effort.IsSmall) return;
        Assert.True(repeated > worlds * CommandsPerWorld / 100, $"Only {repeated} repetitions.");
        Assert.True(!areIdsSealed || fromSealed > repeated / 2, $"Only {fromSealed} of {repeated} repetitions were of sealed ids.");
        Assert.True(forgotten > worlds, $"Only {forgotten} accounts were forgotten.");
        Assert.All(balancing, count => Assert.True(count >= worlds / 2, $"Balancing commands that moved all, a part or nothing: {string.Join(", ", balancing)}."));
        foreach (var outcome in Enum.GetValues<Outcome>())
            Assert.True(counts.GetValueOrDefault(outcome) >= LeastOfEachOutcome, $"{outcome} came up only {counts.GetValueOrDefault(outcome)} times.");
    }

    private static (Dictionary<Outcome, int> Outcomes, int Duplicates, int FromSealed, int[] Balanced, int Forgotten) Run(int seed, SealedWorld? world)
    {
        var random = new Random(seed);
        // Where ids are sealed, all that was ever sent is repeated and cited again, not only what is new.
        var chains = world is null ? new RandomChains(seed) : new RandomChains(seed, reach: int.MaxValue);
        // In every other world counts are nearly full from the start.
        var maxCount = seed % 2 == 0 ? UInt128.One << 127 : (UInt128)(ulong)random.Next(2_000, 12_000);
        var ledger = new RecordedLedger(maxCount, world);
        var model = new NaiveLedger(maxCount);
        var outcomes = new Dictionary<Outcome, int>();
        var (commands, duplicates, fromSealed) = (0, 0, 0);

        for (var next = chains.Beginning(); ; next = [.. Enumerable.Range(0, random.Next(0, 7)).Select(_ => chains.NextChain())])
        {
            model.BeginBatch(chains.Now);
            var expected = next.Select(model.Apply).ToArray();
            var answers = ledger.Apply(chains.Now, next);
            for (var i = 0; i < next.Length; i++)
            {
                if (!answers[i].SequenceEqual(expected[i]))
                    Assert.Fail($"World {seed}: {string.Join(" + ", next[i])}\n gave {string.Join(", ", answers[i])}\n not {string.Join(", ", expected[i])}");
                chains.Learn(next[i], answers[i]);
                foreach (var answer in answers[i])
                {
                    commands++;
                    if (answer.IsDuplicate && answer.Position < world?.SealedEnd) fromSealed++;
                    if (answer.IsDuplicate) duplicates++;
                    else outcomes[answer.Outcome] = outcomes.GetValueOrDefault(answer.Outcome) + 1;
                }
            }

            AssertSameAccounts(seed, ledger, model);
            if (commands >= CommandsPerWorld) break;
            chains.PassTime();
        }

        Assert.All(ledger.State.Totals().Values, total => Assert.Equal(total.Debits, total.Credits));
        AssertHistoryAddsUp(ledger);
        ledger.AssertReplayGivesTheSame();
        return (outcomes, duplicates, fromSealed, Balanced(ledger), model.Forgotten.Count());
    }

    // How many balancing commands moved all that was asked, a part of it, or nothing.
    private static int[] Balanced(RecordedLedger ledger)
    {
        var asked = ledger.Records.Where(record => record.UnitsAsked != 0).ToArray();
        Assert.All(asked, record => Assert.True(record.Command.Units <= record.UnitsAsked && record.Command.Balancing != Balancing.None));
        return [asked.Count(r => r.Command.Units == r.UnitsAsked), asked.Count(r => r.Command.Units != 0 && r.Command.Units < r.UnitsAsked), asked.Count(r => r.Command.Units == 0)];
    }

    private static void AssertSameAccounts(int seed, RecordedLedger ledger, NaiveLedger model)
    {
        Assert.Equal(model.NextPosition, ledger.State.NextPosition);
        foreach (var (id, balances, flags) in model.Accounts)
        {
            Assert.True(ledger.State.TryGetAccount(id, out var account));
            if (account.Balances != balances || account.Flags != flags) Assert.Fail($"World {seed}, account {id}: {account}, not {balances} {flags}");
        }

        Assert.Equal(model.Accounts.Count(), ledger.State.AccountCount);
    }

    // Each account's records, walked back by position, end at its opening, and the newest shows its balances.
    private static void AssertHistoryAddsUp(RecordedLedger ledger)
    {
        var records = ledger.Records.ToArray();
        for (UInt128 id = 1; id <= 12; id++)
        {
            if (!ledger.State.TryGetAccount(id, out var account)) continue;
            var newest = records[account.LastPosition];
            Assert.Equal(account.Balances, newest.Command.Debit == id ? newest.DebitAfter : newest.CreditAfter);
            var touching = records.Where(r => r.Outcome == Outcome.Done && (r.Command.Debit == id || r.Command.Credit == id)).Select(r => r.Position).Reverse();
            var walked = new List<long>();
            for (var at = account.LastPosition; at >= 0; at = records[at].Command.Debit == id ? records[at].PreviousOfDebit : records[at].PreviousOfCredit)
                walked.Add(at);
            Assert.Equal(touching, walked);
            Assert.Equal(RecordKind.OpenAccount, records[walked[^1]].Command.Kind);
        }
    }
}
