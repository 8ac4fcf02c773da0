using Farthing.Ledger.State;
using Farthing.Protocol;

namespace Farthing.Ledger.Tests.State;

/// <summary>First positions, last numbers and full batches: where one more or one less would be another answer.</summary>
public class LedgerStateEdgesTests
{
    private const long Start = 1_700_000_000_000;
    private const ulong Rail = 1, Shop = 2;

    private readonly RecordedLedger ledger = new();
    private ulong lastId = 1_000;

    [Fact]
    public void The_first_record_has_a_position_and_a_time_like_any_other()
    {
        var refused = Transfer(1);
        Assert.Equal([new CommandResult(Outcome.DebitAccountNotFound, 0, false, Start)], ledger.Apply(Start, [refused])[0]);
        Assert.True(ledger.State.TryGetPosition(refused.Id, out var position));
        Assert.Equal(0, position);
    }

    [Fact]
    public void Ids_of_two_chains_are_not_one_chain_even_if_the_first_begins_the_journal()
    {
        Command[] one = [Command.Claim(NextId(), 1, 5)];
        Command[] two = [Command.Claim(NextId(), 1, 5) with { Linked = true }, Command.Claim(NextId(), 1, 5)];
        ledger.Apply(Start, one, two);
        Assert.Equal(Outcome.IdAlreadyUsed, ledger.Apply(Start, [one[0] with { Linked = true }, two[1]])[0][0].Outcome);
        Assert.All(ledger.Apply(Start, two)[0], answer => Assert.True(answer.IsDuplicate));
    }

    [Fact]
    public void A_chain_has_a_command() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ledger.State.ApplyChain([], [], new BatchBuffer()));

    [Fact]
    public void The_largest_amount_can_be_moved_and_totals_count_what_all_accounts_have()
    {
        OpenAccounts();
        ledger.Apply(Start, [Command.OpenAccount(3, Asset.Eur, AccountFlags.None)], [Command.OpenAccount(4, Asset.Eur, AccountFlags.None, Start + 1, 3)],
            [Command.Transfer(NextId(), 1, 4, 3, new Amount(Asset.Eur, 7), TransferCode.Payment)]);
        Assert.Equal(Outcome.Done, ledger.Apply(Start, [Command.Transfer(NextId(), 1, Rail, Shop, new Amount(Asset.Usd, Amount.MaxUnits), TransferCode.Payment)])[0][0].Outcome);
        ledger.Apply(Start + 1 + LedgerState.ForgetAfterMilliseconds);
        var totals = ledger.State.Totals();
        Assert.Equal(2, totals.Count);
        Assert.Equal((Amount.MaxUnits, Amount.MaxUnits), totals[Asset.Usd]);
        // What is left of them is what the heir has.
        Assert.Equal(((UInt128)7, (UInt128)7), totals[Asset.Eur]);
    }

    [Fact]
    public void A_batch_has_so_many_expiries_and_not_one_more()
    {
        OpenAccounts();
        ledger.Apply(Start, [.. Enumerable.Range(0, LedgerState.MaxExpiriesPerBatch + 1).Select(_ => new[] { Hold() })]);
        ledger.Apply(Start + 10_000);
        Assert.Single(ledger.State.OpenHolds(TransferCode.Payment));
    }

    [Fact]
    public void A_refused_chain_cites_nothing()
    {
        OpenAccounts();
        var hold = Hold();
        ledger.Apply(Start, [hold]);
        Assert.Equal(Outcome.CitedNotFound, ledger.Apply(Start, [Command.Void(NextId(), 1, hold.Id) with { Linked = true }, Command.Void(NextId(), 1, 99)])[0][1].Outcome);
        Assert.Equal(-1, ledger.State.LastCitation(hold.Id));
    }

    [Fact]
    public void Only_what_the_state_does_not_know_is_sought_in_sealed_segments()
    {
        OpenAccounts();
        var (hold, claim) = (Hold(), Command.Claim(NextId(), 1, NextId()));
        ledger.Apply(Start, [hold]);
        ledger.State.ForgetIds(ledger.State.NextPosition, new IdTimes(Start, Start, 3));
        var (unknown, late) = (NextId(), new UInt128((ulong)(Start + 1) << 16, 1));
        var post = Command.Post(NextId(), 1, hold.Id, 0);
        var refund = Command.Refund(NextId(), 1, unknown, 0, TransferCode.Refund);
        var elsewhere = Command.Void(late, 1, unknown);

        // An open account, and the hold of a post, are known; what a claim stands for is no matter; another time is of no sealed id.
        Assert.Empty(ledger.State.SeekIds([Command.OpenAccount(Rail, Asset.Usd, AccountFlags.None)]));
        Assert.Equal([(UInt128)77], ledger.State.SeekIds([Command.OpenAccount(77, Asset.Usd, AccountFlags.None)]));
        Assert.Equal([claim.Id], ledger.State.SeekIds([claim]));
        Assert.Equal([post.Id], ledger.State.SeekIds([post]));
        Assert.Equal([refund.Id, unknown], ledger.State.SeekIds([refund]));
        Assert.Equal([unknown], ledger.State.SeekIds([elsewhere]));
        Assert.Empty(ledger.State.SeekIds([Command.Void(late, 1, late)]));

        var chain = Enumerable.Range(0, LedgerState.MaxChainLength + 1).Select(_ => Transfer(1)).ToArray();
        Assert.Equal(LedgerState.MaxChainLength, ledger.State.SeekIds(chain.AsSpan(1)).Count);
        Assert.Empty(ledger.State.SeekIds(chain));
    }

    [Fact]
    public void What_was_told_for_one_chain_is_not_known_to_the_next()
    {
        var state = new LedgerState();
        state.BeginBatch(Start, new BatchBuffer());
        state.TellId(new IdEntry(9, 1, 0, RecordKind.Transfer, Outcome.Done, 0, 0, true), null);
        var results = new CommandResult[1];
        state.ApplyChain([Command.Void(NextId(), 1, 9)], results, new BatchBuffer());
        Assert.Equal(Outcome.CitedIsNotAHold, results[0].Outcome);
        state.SeekIds([Transfer(1)]);
        state.ApplyChain([Command.Void(NextId(), 1, 9)], results, new BatchBuffer());
        Assert.Equal(Outcome.CitedNotFound, results[0].Outcome);
    }

    [Fact]
    public void Times_of_two_sets_are_those_of_both()
    {
        var times = new IdTimes(5, 9, 1);
        Assert.Equal(times, default(IdTimes).With(times));
        Assert.Equal(times, times.With(default(IdTimes)));
        Assert.Equal(new IdTimes(3, 9, 3), times.With(new IdTimes(3, 4, 2)));
        Assert.Equal(new IdTimes(5, 12, int.MaxValue), times.With(new IdTimes(11, 12, int.MaxValue)));
        Assert.Equal([false, true, true, true, false], new long[] { 4, 5, 9, 0, 10 }.Select(times.MayHold));
        Assert.False(default(IdTimes).MayHold(0));
    }

    private void OpenAccounts() => ledger.Apply(Start, [Command.OpenAccount(Rail, Asset.Usd, AccountFlags.None)], [Command.OpenAccount(Shop, Asset.Usd, AccountFlags.None)]);

    private UInt128 NextId() => new((ulong)Start << 16, ++lastId);

    private Command Transfer(ulong units) => Command.Transfer(NextId(), 1, Rail, Shop, new Amount(Asset.Usd, units), TransferCode.Payment);

    private Command Hold() => Command.Hold(NextId(), 1, Rail, Shop, new Amount(Asset.Usd, 1), TransferCode.Payment, Start + 10_000);
}
