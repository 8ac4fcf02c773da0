using Farthing.Ledger.State;
using Farthing.Protocol;

namespace Farthing.Ledger.Tests.State;

public class LedgerStateTests
{
    private const long Start = 1_700_000_000_000;
    private const ulong Rail = 1, Alice = 2, Shop = 3;

    private readonly RecordedLedger ledger = new();
    private ulong lastId = 1_000;

    public LedgerStateTests() => ledger.Apply(Start,
        [Command.OpenAccount(Rail, Asset.Usd, AccountFlags.None)],
        [Command.OpenAccount(Alice, Asset.Usd, AccountFlags.DebitsMustNotExceedCredits)],
        [Command.OpenAccount(Shop, Asset.Usd, AccountFlags.DebitsMustNotExceedCredits)],
        [Transfer(Rail, Alice, 1_000_000)]);

    [Fact]
    public void Expiries_of_a_batch_are_capped_but_finish_their_chain()
    {
        var singles = Enumerable.Range(0, LedgerState.MaxExpiriesPerBatch - 1).Select(_ => new[] { Hold(10) }).ToArray();
        Command[] chain = [Hold(10) with { Linked = true }, Hold(10) with { Linked = true }, Hold(10)];
        Command[][] late = [[Hold(10)], [Hold(10)]];
        ledger.Apply(Start, [.. singles, chain, .. late]);
        var before = ledger.State.NextPosition;

        ledger.Apply(Start + 10_000);
        Assert.Equal(before + LedgerState.MaxExpiriesPerBatch + 2, ledger.State.NextPosition);
        Assert.Equal(late.Select(hold => hold[0].Id), ledger.State.OpenHolds(TransferCode.Payment));

        ledger.Apply(Start + 10_000);
        Assert.Empty(ledger.State.OpenHolds(TransferCode.Payment));
        Assert.Equal(long.MaxValue, ledger.State.NextDeadline);
        ledger.AssertReplayGivesTheSame();
    }

    [Fact]
    public void A_hold_that_is_due_cannot_be_posted_or_voided_while_it_waits_to_expire()
    {
        ledger.Apply(Start, [.. Enumerable.Range(0, LedgerState.MaxExpiriesPerBatch).Select(_ => new[] { Hold(10) })]);
        var (first, second) = (Hold(10), Hold(10));
        ledger.Apply(Start, [first], [second]);
        var answers = ledger.Apply(Start + 10_000, [Command.Post(NextId(), 1, first.Id, 0)], [Command.Void(NextId(), 1, second.Id)]);
        Assert.All(answers, answer => Assert.Equal(Outcome.HoldExpired, answer[0].Outcome));
        ledger.AssertReplayGivesTheSame();
    }

    [Fact]
    public void Next_deadline_is_that_of_the_first_open_hold()
    {
        Assert.Equal(long.MaxValue, ledger.State.NextDeadline);
        var (sooner, later) = (Hold(10), Hold(20));
        ledger.Apply(Start, [later], [sooner]);
        Assert.Equal(Start + 10_000, ledger.State.NextDeadline);
        ledger.Apply(Start, [Command.Void(NextId(), 1, sooner.Id)]);
        Assert.Equal(Start + 20_000, ledger.State.NextDeadline);
    }

    [Fact]
    public void Open_holds_are_listed_by_code_oldest_first()
    {
        var topUp = Command.Hold(NextId(), 1, Rail, Alice, new Amount(Asset.Usd, 5), TransferCode.TopUp, Start + 1);
        Command[][] holds = [[Hold(30)], [topUp], [Hold(20)], [Hold(10)]];
        ledger.Apply(Start, holds);
        Assert.Equal([holds[0][0].Id, holds[2][0].Id, holds[3][0].Id], ledger.State.OpenHolds(TransferCode.Payment));
        Assert.Equal([topUp.Id], ledger.State.OpenHolds(TransferCode.TopUp));
    }

    [Fact]
    public void Citations_are_a_chain_from_the_newest_back()
    {
        var paid = Transfer(Alice, Shop, 100, Start + 10_000);
        ledger.Apply(Start, [paid], [Command.Refund(NextId(), 1, paid.Id, 10, TransferCode.Refund)], [Command.Claim(NextId(), 1, paid.Id)],
            [Command.Refund(NextId(), 1, paid.Id, 1_000, TransferCode.Refund)], [Command.Refund(NextId(), 1, paid.Id, 0, TransferCode.Refund)]);

        var records = ledger.Records.ToArray();
        var newest = records[ledger.State.LastCitation(paid.Id)];
        Assert.Equal((UInt128)90, newest.Command.Units);
        Assert.True(newest.UnitsWereZero);
        Assert.Equal((UInt128)10, records[newest.PreviousCitation].Command.Units);
        Assert.Equal(-1, records[newest.PreviousCitation].PreviousCitation);
        Assert.Equal(-1, ledger.State.LastCitation(NextId()));
    }

    [Fact]
    public void A_position_is_found_by_every_bound_id()
    {
        var refused = Transfer(Shop, Alice, 1);
        var answer = ledger.Apply(Start, [refused])[0][0];
        Assert.True(ledger.State.TryGetPosition(refused.Id, out var position));
        Assert.Equal(answer.Position, position);
        Assert.True(ledger.State.TryGetPosition(Alice, out position));
        Assert.Equal(1, position);
        Assert.False(ledger.State.TryGetPosition(NextId(), out _));
    }

    [Fact]
    public void A_refused_chain_leaves_the_digest_as_it_was()
    {
        var held = Hold(10);
        var paid = Transfer(Alice, Shop, 100, Start + 10_000);
        ledger.Apply(Start, [held], [paid]);
        var digest = ledger.State.Digest;
        var answers = ledger.Apply(Start, [
            Hold(10) with { Linked = true },
            Command.Post(NextId(), 1, held.Id, 1, Start + 5_000) with { Linked = true },
            Command.Refund(NextId(), 1, paid.Id, 1, TransferCode.Refund) with { Linked = true },
            Command.OpenAccount(77, Asset.Usd, AccountFlags.None) with { Linked = true },
            Command.ChangeAccount(RecordKind.FreezeAccount, NextId(), Alice) with { Linked = true },
            Transfer(Shop, Rail, 1_000_000)])[0];
        Assert.Equal(Outcome.InsufficientFunds, answers[^1].Outcome);
        Assert.Equal(digest, ledger.State.Digest);
        Assert.False(ledger.State.TryGetAccount(77, out _));

        ledger.Apply(Start, [Command.Post(NextId(), 1, held.Id, 0)]);
        Assert.NotEqual(digest, ledger.State.Digest);
        ledger.AssertReplayGivesTheSame();
    }

    [Fact]
    public void A_chain_has_at_most_32_commands()
    {
        var chain = Enumerable.Range(0, LedgerState.MaxChainLength + 1).Select(_ => Transfer(Alice, Shop, 1) with { Linked = true }).ToArray();
        chain[^1] = chain[^1] with { Linked = false };
        Assert.All(ledger.Apply(Start, chain)[0], answer => Assert.Equal(new CommandResult(Outcome.ChainTooLong, -1, false), answer));

        Assert.All(ledger.Apply(Start, chain[1..])[0], answer => Assert.Equal(Outcome.Done, answer.Outcome));
        Assert.Equal(Enumerable.Range(0, LedgerState.MaxChainLength), ledger.Records.TakeLast(LedgerState.MaxChainLength).Select(record => (int)record.ChainIndex));
        ledger.AssertReplayGivesTheSame();
    }

    [Fact]
    public void Time_does_not_go_back() => Assert.Throws<ArgumentOutOfRangeException>(() => ledger.Apply(Start - 1));

    [Fact]
    public void An_account_is_not_opened_frozen_or_closed()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Command.OpenAccount(9, Asset.Usd, AccountFlags.Frozen));
        Assert.Throws<ArgumentOutOfRangeException>(() => Command.OpenAccount(9, Asset.Usd, AccountFlags.Closed | AccountFlags.DebitsMustNotExceedCredits));
    }

    [Fact]
    public void A_batch_without_records_changes_nothing_that_replay_would_miss()
    {
        ledger.Apply(Start, [.. Enumerable.Range(0, 50).Select(i => new[] { Transfer(Alice, Shop, 1, Start + 1 + i) })]);
        var digest = ledger.State.Digest;
        ledger.Apply(Start + 5_000);
        ledger.Apply(Start + 6_000);
        Assert.Equal(digest, ledger.State.Digest);
        ledger.Apply(Start + 7_000, [Transfer(Alice, Shop, 1)]);
        ledger.AssertReplayGivesTheSame();
    }

    [Fact]
    public void What_can_no_longer_be_refunded_is_forgotten()
    {
        var paid = Enumerable.Range(0, 50).Select(i => new[] { Transfer(Alice, Shop, 1, Start + 1 + i) }).ToArray();
        ledger.Apply(Start, paid);
        ledger.Apply(Start + 5_000, [.. Enumerable.Range(0, 25).Select(_ => new[] { Transfer(Alice, Shop, 1) })]);

        // With all 50 forgotten, the digest is that of the accounts alone.
        var accounts = new AccountTable();
        foreach (var id in new UInt128[] { Rail, Alice, Shop })
        {
            Assert.True(ledger.State.TryGetAccount(id, out var snapshot));
            ref var account = ref accounts.Open(id, snapshot.Asset, snapshot.Flags, position: 0);
            account.DebitsPosted = snapshot.Balances.DebitsPosted;
            account.CreditsPosted = snapshot.Balances.CreditsPosted;
            account.LastPosition = snapshot.LastPosition;
        }

        accounts.Commit();
        Assert.Equal(accounts.Digest, ledger.State.Digest);
        Assert.All(ledger.Apply(Start + 5_000, [.. paid.Select(chain => new[] { Command.Refund(NextId(), 1, chain[0].Id, 0, TransferCode.Refund) })]),
            answer => Assert.Equal(Outcome.RefundWindowOver, answer[0].Outcome));
    }

    [Fact]
    public void Making_money_is_a_bug_and_throws()
    {
        var accounts = new AccountTable();
        ref var rail = ref accounts.Open(Rail, Asset.Usd, AccountFlags.None, position: 0);
        ref var alice = ref accounts.Open(Alice, Asset.Usd, AccountFlags.DebitsMustNotExceedCredits, position: 1);
        accounts.Commit();

        accounts.Touch(ref rail);
        accounts.Touch(ref alice);
        rail.DebitsPosted = 10;
        alice.CreditsPosted = 11;
        Assert.Throws<InvalidOperationException>(accounts.Commit);

        alice.CreditsPosted = 10;
        accounts.Commit();
        accounts.Touch(ref rail);
        accounts.Touch(ref alice);
        alice.DebitsPosted = 11;
        rail.CreditsPosted = 11;
        Assert.Throws<InvalidOperationException>(accounts.Commit);
    }

    [Fact]
    public void Ends_of_accounts_of_a_batch_are_capped()
    {
        var windows = Enumerable.Range(0, LedgerState.MaxEndsPerBatch + 1).Select(_ => Window(10)).ToArray();
        ledger.Apply(Start, [.. windows.Select(window => new[] { window })]);
        Assert.Equal(Start + 10_000 + LedgerState.ForgetAfterMilliseconds, ledger.State.NextDeadline);
        var (count, position) = (ledger.State.AccountCount, ledger.State.NextPosition);

        ledger.Apply(ledger.State.NextDeadline);
        Assert.Equal(position + LedgerState.MaxEndsPerBatch, ledger.State.NextPosition);
        Assert.True(ledger.State.TryGetAccount(windows[^1].Id, out _));
        Assert.Equal(ledger.State.UnixMilliseconds, ledger.State.NextDeadline);

        ledger.Apply(ledger.State.NextDeadline);
        Assert.Equal(count - windows.Length, ledger.State.AccountCount);
        Assert.Equal(long.MaxValue, ledger.State.NextDeadline);
        ledger.AssertReplayGivesTheSame();
    }

    [Fact]
    public void An_account_with_holds_is_forgotten_with_the_next_batch_after_the_last_one_is_resolved()
    {
        var window = Window(10);
        var (first, second) = (HoldOn(window.Id, Start + 900_000), HoldOn(window.Id, Start + 900_000));
        ledger.Apply(Start, [window], [Transfer(Rail, window.Id, 10)], [first], [second]);
        ledger.Apply(Start + 400_000);
        Assert.Equal(Start + 900_000, ledger.State.NextDeadline);
        ledger.Apply(Start + 400_000, [Command.Void(NextId(), 1, first.Id)]);
        Assert.Equal(Start + 900_000, ledger.State.NextDeadline);

        // A chain that is refused has resolved nothing.
        Command[] refused = [Command.Void(NextId(), 1, second.Id) with { Linked = true }, Transfer(Shop, Rail, 1_000_000)];
        Assert.Equal(Outcome.InsufficientFunds, ledger.Apply(Start + 400_000, refused)[0][1].Outcome);
        ledger.Apply(Start + 400_000);
        Assert.True(ledger.State.TryGetAccount(window.Id, out _));

        ledger.Apply(Start + 400_000, [Command.Post(NextId(), 1, second.Id, 0)]);
        Assert.True(ledger.State.TryGetAccount(window.Id, out _));
        Assert.True(ledger.State.NextDeadline <= ledger.State.UnixMilliseconds);
        ledger.Apply(Start + 400_000);
        Assert.False(ledger.State.TryGetAccount(window.Id, out _));
        ledger.AssertReplayGivesTheSame();
    }

    [Fact]
    public void An_account_whose_heir_has_no_room_is_kept()
    {
        var full = new RecordedLedger(1_000);
        full.Apply(Start, [Command.OpenAccount(Rail, Asset.Usd, AccountFlags.None)], [Command.OpenAccount(Shop, Asset.Usd, AccountFlags.None)],
            [Command.OpenAccount(77, Asset.Usd, AccountFlags.None, Start + 1, Rail)], [Command.OpenAccount(78, Asset.Usd, AccountFlags.None, Start + 2, Rail)],
            [Transfer(Shop, Rail, 995)], [Transfer(Shop, 77, 5)], [Transfer(78, Shop, 10)]);
        Assert.All(full.Apply(Start, [Transfer(Rail, 77, 5)])[0], answer => Assert.Equal(Outcome.Done, answer.Outcome));
        full.Apply(Start + 2 + LedgerState.ForgetAfterMilliseconds);
        Assert.True(full.State.TryGetAccount(77, out _));
        Assert.False(full.State.TryGetAccount(78, out _));
        Assert.Equal(long.MaxValue, full.State.NextDeadline);
        Assert.All(full.State.Totals().Values, total => Assert.Equal(total.Debits, total.Credits));
        full.AssertReplayGivesTheSame();
    }

    [Fact]
    public void An_account_may_end_at_the_end_of_time()
    {
        ledger.Apply(Start, [Command.OpenAccount(77, Asset.Usd, AccountFlags.None, long.MaxValue, Rail)]);
        Assert.Equal(long.MaxValue, ledger.State.NextDeadline);
        ledger.Apply(Start + 1, [Transfer(Rail, 77, 1)]);
        ledger.AssertReplayGivesTheSame();
    }

    [Fact]
    public void An_heir_and_an_end_go_together()
    {
        Assert.Throws<ArgumentException>(() => Command.OpenAccount(9, Asset.Usd, AccountFlags.None, Start));
        Assert.Throws<ArgumentException>(() => Command.OpenAccount(9, Asset.Usd, AccountFlags.None, 0, Rail));
        Assert.Throws<ArgumentOutOfRangeException>(() => Command.OpenAccount(9, Asset.Usd, AccountFlags.Ends, Start, Rail));
        // Malformed ones are refused by the ledger, as ever.
        Assert.Equal(Outcome.AssetInvalid, ledger.Apply(Start, [Command.OpenAccount(9, default, AccountFlags.None, Start + 1, Rail)])[0][0].Outcome);
        Assert.Equal(Outcome.AccountEnded, ledger.Apply(Start, [Command.OpenAccount(9, Asset.Usd, AccountFlags.None, -1, Rail)])[0][0].Outcome);
    }

    // wallets with a cap a day, for a hundred days: a hundred thousand windows, and in ./test --long a million.
    [Fact]
    public void However_many_windows_there_were_they_take_the_memory_of_two_days()
    {
        var wallets = Environment.GetEnvironmentVariable("FARTHING_LONG") == "1" ? 10_000 : Effort.Of(1_000);
        const int Days = 100;
        const long Day = 24 * 60 * 60 * 1000;
        var state = new LedgerState();
        var buffer = new BatchBuffer();
        var results = new CommandResult[3];
        state.BeginBatch(Start, buffer);
        state.ApplyChain([Command.OpenAccount(Rail, Asset.Usd, AccountFlags.None)], results, buffer);
        for (var day = 0; day < Days; day++)
        {
            var midnight = Start + (day + 1) * Day;
            for (var wallet = 0; wallet < wallets; wallet++)
            {
                if (wallet % 1_000 == 0) Begin(midnight - Day + wallet);
                var id = new UInt128((ulong)(midnight - Day) << 16, (ulong)(wallet + 1) << 8);
                var chain = new[]
                {
                    Command.OpenAccount(id, Asset.Usd, AccountFlags.DebitsMustNotExceedCredits, midnight, Rail) with { Linked = true },
                    Command.Transfer(id + 1, 1, Rail, id, new Amount(Asset.Usd, 1_000), TransferCode.Allowance) with { Linked = true },
                    Command.Transfer(id + 2, 1, id, Rail, new Amount(Asset.Usd, (ulong)wallet % 1_000 + 1), TransferCode.Allowance, midnight + Day),
                };
                state.ApplyChain(chain, results, buffer);
                Assert.Equal(Outcome.Done, results[2].Outcome);
            }
            // Ids are left to sealed segments, here to none.
            state.ForgetIds(state.NextPosition, default);
        }

        Begin(Start + Days * Day + LedgerState.ForgetAfterMilliseconds);
        while (state.NextDeadline <= state.UnixMilliseconds) Begin(state.UnixMilliseconds);
        Assert.Equal(1, state.AccountCount);
        Assert.InRange(state.AccountRoom, wallets, 2 * wallets + 1);
        Assert.Equal(4L * wallets * Days + 1, state.NextPosition);
        Assert.True(state.TryGetAccount(Rail, out var rail));
        Assert.Equal(rail.Balances.CreditsPosted, rail.Balances.DebitsPosted);

        void Begin(long time)
        {
            buffer.Clear();
            state.BeginBatch(time, buffer);
        }
    }

    private Command Window(int seconds) => Command.OpenAccount(NextId(), Asset.Usd, AccountFlags.DebitsMustNotExceedCredits, Start + (seconds * 1_000L), Rail);

    private Command HoldOn(UInt128 account, long until) => Command.Hold(NextId(), 1, account, Rail, new Amount(Asset.Usd, 1), TransferCode.Allowance, until);

    private UInt128 NextId() => new((ulong)Start << 16, ++lastId);

    private Command Transfer(UInt128 debit, UInt128 credit, ulong units, long refundableUntil = 0) =>
        Command.Transfer(NextId(), 1, debit, credit, new Amount(Asset.Usd, units), TransferCode.Payment, refundableUntil);

    private Command Hold(int seconds) =>
        Command.Hold(NextId(), 1, Alice, Shop, new Amount(Asset.Usd, 1), TransferCode.Payment, Start + (seconds * 1_000L));
}
