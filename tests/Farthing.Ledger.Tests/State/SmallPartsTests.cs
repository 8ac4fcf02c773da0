using System.Runtime.CompilerServices;
using Farthing.Ledger.State;
using Farthing.Protocol;

namespace Farthing.Ledger.Tests.State;

/// <summary>Parts of the state machine whose edges no ledger of a test comes to.</summary>
public class SmallPartsTests
{
    private const ulong Rail = 1, Alice = 2;

    [Fact]
    public void An_asset_has_a_code_of_at_most_the_longest_length_and_a_scale_of_at_most_36()
    {
        Assert.True(AssetRules.IsWellFormed(new Asset(new string('x', Asset.MaxCodeLength), 36)));
        Assert.True(AssetRules.IsWellFormed(new Asset("x", 0)));
        Assert.False(AssetRules.IsWellFormed(new Asset(new string('x', Asset.MaxCodeLength + 1), 36)));
        Assert.False(AssetRules.IsWellFormed(new Asset("x", 37)));
        Assert.False(AssetRules.IsWellFormed(new Asset("", 6)));
        Assert.False(AssetRules.IsWellFormed(default));
    }

    [Fact]
    public void Usual_codes_are_one_string_however_often_they_are_read()
    {
        Assert.All(new[] { Asset.Usd, Asset.Eur, Asset.Gbp, Asset.Btc }, asset => Assert.Same(asset.Code, AssetRules.CodeOf(System.Text.Encoding.ASCII.GetBytes(asset.Code))));
        Assert.Equal("allowance:USD", AssetRules.CodeOf("allowance:USD"u8));
    }

    [Fact]
    public void A_batch_grows_only_when_a_record_would_not_fit_and_keeps_what_it_has()
    {
        var buffer = new BatchBuffer();
        var initial = buffer.Bytes;
        buffer.Reserve(initial.Length - 10).Fill(7);
        buffer.Advance(initial.Length - 10);
        Assert.Equal(10, buffer.Reserve(10).Length);
        Assert.Same(initial, buffer.Bytes);

        // By as much again, so that growing is rare; or by what is needed, if that is more.
        Assert.Equal(11, buffer.Reserve(11).Length);
        Assert.Equal(2 * initial.Length, buffer.Bytes.Length);
        buffer.Reserve(4 * initial.Length);
        Assert.Equal((5 * initial.Length) - 10, buffer.Bytes.Length);
        Assert.Equal(initial.Length - 10, buffer.Bytes.Count(part => part == 7));
        Assert.Equal(initial.Length - 10, buffer.Length);
    }

    [Fact]
    public void Records_are_cut_off_from_the_end_of_a_batch()
    {
        var buffer = new BatchBuffer();
        foreach (var length in new[] { 3, 4, 5 }) buffer.Advance(length);
        buffer.CutTo(3);
        Assert.Equal(12, buffer.Length);
        buffer.CutTo(1);
        Assert.Equal(3, buffer.Length);
        Assert.Equal([0], buffer.Offsets);
        buffer.Clear();
        Assert.Equal((0, 0), (buffer.Length, buffer.Offsets.Count));
    }

    [Theory]
    [InlineData(4_095, 0, false)]
    [InlineData(4_096, 0, true)]
    [InlineData(4_096, 2_048, true)]
    [InlineData(4_096, 2_049, false)]
    [InlineData(6_000, 1, true)]
    public void What_ended_otherwise_is_swept_out_of_a_queue_when_it_is_the_greater_part(int count, int liveCount, bool isSwept)
    {
        var queue = new DeadlineQueue<Item>();
        var items = Enumerable.Range(0, count).Select(i => new Item(count - i, i) { Live = i < liveCount }).ToArray();
        foreach (var item in items) queue.Add(item);
        queue.Sweep(liveCount);

        foreach (var item in items) item.Looks = 0;
        var left = new List<Item>();
        while (queue.TryPeek(out var item))
        {
            left.Add(item);
            queue.Dequeue();
        }

        Assert.Equal(items.Where(item => item.Live).Reverse(), left);
        // A queue that still has the dead looks at them when they surface.
        Assert.Equal(!isSwept, items.Any(item => !item.Live && item.Looks > 0));
    }

    [Fact]
    public void An_account_is_an_heir_as_long_as_one_that_ends_names_it()
    {
        var ends = new EndingAccounts();
        ends.Add(1, new(10, 77), 0);
        ends.Add(2, new(20, 77), 1);
        ends.Add(3, new(30, 78), 2);
        Assert.Equal(new UInt128[] { 77, 78 }, ends.Heirs.Order());
        ends.Remove(1);
        Assert.True(ends.IsHeir(77) && ends.IsHeir(78));
        ends.Remove(2);
        ends.Remove(3);
        Assert.False(ends.IsHeir(77) || ends.IsHeir(78));
        Assert.Empty(ends.Heirs);
    }

    [Fact]
    public void An_account_that_is_held_up_is_out_of_the_order_until_it_goes_on_however_often()
    {
        var ends = new EndingAccounts();
        ends.Add(1, new(10, 77), 0);
        for (var round = 0; round < 3; round++)
        {
            ends.GoOn(1);
            ends.GoOn(1);
            Assert.Equal(10, ends.NextEnd);
            Assert.False(ends.TryPeek(9, out _));
            Assert.True(ends.TryPeek(10, out var account));
            ends.HoldUp(account);
            Assert.Equal(long.MaxValue, ends.NextEnd);
        }
    }

    [Fact]
    public void A_generation_of_ids_is_forgotten_when_all_its_records_are_sealed()
    {
        var index = new IdIndex();
        Bind(index, 5, 0);
        index.Cite(5, 1, RecordKind.Refund);
        index.Commit();
        index.Forget(0, default, nextPosition: 2);
        Bind(index, 6, 2);
        index.Forget(1, default, nextPosition: 3);
        Assert.Equal(1, index.SealedEnd);
        Assert.False(Unsafe.IsNullRef(in index.FindUnsealed(5)));

        index.Forget(2, default, nextPosition: 3);
        Assert.True(Unsafe.IsNullRef(in index.FindUnsealed(5)));
        Assert.False(index.TryFindUnsealedCitation(5, out _));
        Assert.False(Unsafe.IsNullRef(in index.FindUnsealed(6)));
    }

    [Fact]
    public void Only_ids_of_the_sealed_ones_times_that_are_not_known_are_to_be_told()
    {
        var index = new IdIndex();
        var (known, sealedOne, later) = (At(100, 1), At(100, 2), At(101, 1));
        Bind(index, known, 0);
        index.Forget(0, new IdTimes(50, 100, 0), nextPosition: 1);
        Assert.Equal([false, true, false, false], new[] { known, sealedOne, later, (UInt128)7 }.Select(index.IsToBeTold));
    }

    [Fact]
    public void What_was_told_is_found_until_it_is_forgotten()
    {
        var index = new IdIndex();
        for (ulong id = 5; id < 8; id++) index.Tell(Entry(id, (long)id), id == 5 ? null : new Citation(id, (long)id + 10, RecordKind.Void));
        for (ulong id = 5; id < 8; id++)
        {
            Assert.Equal((long)id, index.Find(id).Position);
            Assert.Equal(id > 5, index.TryFindCitation(id, out var citation));
            Assert.Equal(id > 5 ? (long)id + 10 : 0, citation.Position);
            Assert.True(Unsafe.IsNullRef(in index.FindUnsealed(id)));
            Assert.False(index.TryFindUnsealedCitation(id, out _));
        }

        index.ForgetTold();
        Assert.True(Unsafe.IsNullRef(in index.Find(5)));
        Assert.False(index.TryFindCitation(6, out _));
    }

    [Fact]
    public void A_broken_invariant_is_named()
    {
        Assert.Contains("more debits than credits", Fails(AccountFlags.DebitsMustNotExceedCredits, (rail, alice) => (rail with { CreditsPosted = 1 }, alice with { DebitsPosted = 1 })), StringComparison.Ordinal);
        Assert.Contains("more debits than credits", Fails(AccountFlags.DebitsMustNotExceedCredits, (rail, alice) => (rail with { CreditsHeld = 1 }, alice with { DebitsHeld = 1 })), StringComparison.Ordinal);
        Assert.Contains("more credits than debits", Fails(AccountFlags.CreditsMustNotExceedDebits, (rail, alice) => (rail with { DebitsPosted = 1 }, alice with { CreditsPosted = 1 })), StringComparison.Ordinal);
        Assert.Contains("more credits than debits", Fails(AccountFlags.CreditsMustNotExceedDebits, (rail, alice) => (rail with { DebitsHeld = 1 }, alice with { CreditsHeld = 1 })), StringComparison.Ordinal);
        Assert.Contains("debit 2 and credit 3, hold 0 out and 0 in", Fails(AccountFlags.None, (rail, alice) => (rail with { DebitsPosted = 2 }, alice with { CreditsPosted = 3 })), StringComparison.Ordinal);
        Assert.Contains("debit 0 and credit 0, hold 2 out and 3 in", Fails(AccountFlags.None, (rail, alice) => (rail with { DebitsHeld = 2 }, alice with { CreditsHeld = 3 })), StringComparison.Ordinal);

        var accounts = new AccountTable();
        accounts.Open(Rail, Asset.Usd, AccountFlags.None, position: 0);
        Assert.Contains("was open already", Assert.Throws<InvalidOperationException>(() => { accounts.Open(Rail, Asset.Usd, AccountFlags.None, position: 1); }).Message, StringComparison.Ordinal);

        var state = new LedgerState();
        var expiry = Command.FromRecord(RecordKind.Expire, 9, 0, 0, 0, default, 0, TransferCode.None, 0, 0, 0, 0, AccountFlags.None, default, false);
        var error = Assert.Throws<InvalidOperationException>(() => state.ApplyChain([expiry], new CommandResult[1], new BatchBuffer()));
        Assert.Contains("Expire is not a command", error.Message, StringComparison.Ordinal);
        state.TellId(Entry(8, 0), null);
        error = Assert.Throws<InvalidOperationException>(() => state.ApplyChain([Command.Void(9, 1, 8)], new CommandResult[1], new BatchBuffer()));
        Assert.Contains("is not open, and nothing says why", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Account_numbers_and_digests_are_those_of_accounts_that_are_there()
    {
        var accounts = new AccountTable();
        foreach (var id in new UInt128[] { 1, 2, 3 }) accounts.Open(id, Asset.Usd, AccountFlags.None, position: (long)id);
        accounts.Commit();
        var three = accounts.Digest;
        // As when a chain opens an account and is refused, between two that are there.
        accounts.Open(4, Asset.Usd, AccountFlags.None, position: 4);
        accounts.RollBack();
        Assert.Equal((3, three), (accounts.Count, accounts.Digest));
        Assert.True(Unsafe.IsNullRef(ref accounts.Find(4)));

        // One that changed and is forgotten before the digest is asked for.
        ref var second = ref accounts.Find(2);
        accounts.Touch(ref second);
        second.LastPosition = 9;
        accounts.Commit();
        accounts.Forget(ref second);
        var others = new AccountTable();
        foreach (var id in new UInt128[] { 1, 3 }) others.Open(id, Asset.Usd, AccountFlags.None, position: (long)id);
        others.Commit();
        Assert.Equal(others.Digest, accounts.Digest);
    }

    [Fact]
    public void At_most_as_many_refundables_as_asked_for_are_forgotten_and_those_of_a_refused_chain_at_once()
    {
        var table = new RefundableTable();
        for (var i = 0; i < 5; i++) table.Add(Paid(i));
        table.Commit();
        table.Add(Paid(5));
        table.RollBack();
        Assert.False(table.TryFind(5, out _));

        // One whose deadline is the time itself can still be refunded.
        table.Forget(3, 0);
        Assert.Equal([0, 1, 2, 3, 4], Left());
        table.Forget(3, 2);
        Assert.Equal([2, 3, 4], Left());
        table.Forget(3, 9);
        Assert.Equal([3, 4], Left());

        static Refundable Paid(long position) => new() { Id = 9, Giver = 1, Receiver = 2, Deadline = position, Position = position, UnitsLeft = 1, LastCitation = -1 };
        long[] Left() => [.. Enumerable.Range(0, 6).Select(i => (long)i).Where(position => table.TryFind(position, out _))];
    }

    private static string Fails(AccountFlags flags, Func<Balances, Balances, (Balances Rail, Balances Alice)> change)
    {
        var accounts = new AccountTable();
        accounts.Open(Rail, Asset.Usd, AccountFlags.None, position: 0);
        accounts.Open(Alice, Asset.Usd, flags, position: 1);
        accounts.Commit();
        ref var rail = ref accounts.Find(Rail);
        ref var alice = ref accounts.Find(Alice);
        accounts.Touch(ref rail);
        accounts.Touch(ref alice);
        var after = change(rail.Balances, alice.Balances);
        (rail.DebitsPosted, rail.DebitsHeld, rail.CreditsPosted, rail.CreditsHeld) = (after.Rail.DebitsPosted, after.Rail.DebitsHeld, after.Rail.CreditsPosted, after.Rail.CreditsHeld);
        (alice.DebitsPosted, alice.DebitsHeld, alice.CreditsPosted, alice.CreditsHeld) = (after.Alice.DebitsPosted, after.Alice.DebitsHeld, after.Alice.CreditsPosted, after.Alice.CreditsHeld);
        return Assert.Throws<InvalidOperationException>(accounts.Commit).Message;
    }

    private static void Bind(IdIndex index, UInt128 id, long position) => index.Bind(id, 1, RecordKind.Transfer, Outcome.Done, new Place(position, 0, true, 0, true));

    private static IdEntry Entry(UInt128 id, long position) => new(id, 1, position, RecordKind.Hold, Outcome.Done, 0, 0, true);

    private static UInt128 At(long time, ulong number) => new((ulong)time << 16, number);

    private sealed class Item(long deadline, long position) : IDeadlined
    {
        public bool Live { get; init; }

        public int Looks { get; set; }

        public long Deadline => deadline;

        public long Position => position;

        public bool IsLive
        {
            get
            {
                Looks++;
                return Live;
            }
        }
    }
}
