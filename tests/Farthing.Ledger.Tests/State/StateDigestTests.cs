using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using Farthing.Ledger.State;
using Farthing.Protocol;

namespace Farthing.Ledger.Tests.State;

/// <summary>The digest of the state is what docs/spec/journal-records.md says it is, byte by byte, whatever led there.</summary>
public class StateDigestTests
{
    private const long Start = 1_700_000_000_000;
    private const ulong Rail = 1, Alice = 2, Shop = 3, Window = 4;

    private readonly RecordedLedger ledger = new();
    private ulong lastId = 1_000;

    public StateDigestTests() => ledger.Apply(Start,
        [Command.OpenAccount(Rail, Asset.Usd, AccountFlags.None)],
        [Command.OpenAccount(Alice, Asset.Usd, AccountFlags.DebitsMustNotExceedCredits)],
        [Command.OpenAccount(Shop, Asset.Usd, AccountFlags.DebitsMustNotExceedCredits)],
        [Command.OpenAccount(Window, Asset.Usd, AccountFlags.DebitsMustNotExceedCredits, Start + 60_000, Rail)]);

    [Fact]
    public void It_is_the_sum_of_accounts_holds_and_what_can_be_refunded()
    {
        AssertIs(Accounts());
        var paid = Transfer(Rail, Alice, 100, Start + 10_000);
        ledger.Apply(Start, [paid]);
        AssertIs(Accounts(), Refundable(paid.Id, 100, Start + 10_000));

        var (first, second) = (Hold(Alice, Shop, 7), Hold(Alice, Window, 8));
        ledger.Apply(Start, [first], [second]);
        AssertIs(Accounts(), Refundable(paid.Id, 100, Start + 10_000), Held(first), Held(second));

        // What a refused chain did is undone.
        Command[] refused =
        [
            Command.Void(NextId(), 1, first.Id) with { Linked = true }, Hold(Alice, Shop, 1) with { Linked = true },
            Command.Refund(NextId(), 1, paid.Id, 1, TransferCode.Refund) with { Linked = true }, Transfer(Rail, Alice, 1, Start + 5_000) with { Linked = true },
            Command.OpenAccount(9, Asset.Usd, AccountFlags.None) with { Linked = true }, Transfer(Shop, Rail, 1_000),
        ];
        Assert.Equal(Outcome.InsufficientFunds, ledger.Apply(Start, refused)[0][^1].Outcome);
        AssertIs(Accounts(), Refundable(paid.Id, 100, Start + 10_000), Held(first), Held(second));

        var posted = Command.Post(NextId(), 1, second.Id, 5, Start + 90_000);
        ledger.Apply(Start, [Command.Void(NextId(), 1, first.Id)], [posted], [Command.Refund(NextId(), 1, paid.Id, 30, TransferCode.Refund)]);
        // The post cannot be refunded once its account has ended.
        AssertIs(Accounts(), Refundable(paid.Id, 70, Start + 10_000), Refundable(posted.Id, 5, Start + 59_999));

        ledger.Apply(Start, [Command.ChangeAccount(RecordKind.FreezeAccount, NextId(), Shop)]);
        AssertIs(Accounts(), Refundable(paid.Id, 70, Start + 10_000), Refundable(posted.Id, 5, Start + 59_999));

        // The window is forgotten, and with that record the refundables.
        ledger.Apply(Start + 60_000 + LedgerState.ForgetAfterMilliseconds);
        Assert.False(ledger.State.TryGetAccount(Window, out _));
        AssertIs(Accounts());
        ledger.AssertReplayGivesTheSame();
    }

    [Fact]
    public void With_each_record_of_a_chain_two_refundables_that_are_over_are_forgotten()
    {
        Command[][] paid = [.. Enumerable.Range(1, 9).Select(i => new[] { Transfer(Rail, Alice, 1, Start + i) })];
        ledger.Apply(Start, paid);
        ledger.Apply(Start + 1_000, [Transfer(Rail, Alice, 1) with { Linked = true }, Transfer(Rail, Alice, 1) with { Linked = true }, Transfer(Rail, Alice, 1)]);
        AssertIs([Accounts(), .. Enumerable.Range(7, 3).Select(i => Refundable(paid[i - 1][0].Id, 1, Start + i))]);
    }

    [Fact]
    public void A_restored_state_has_the_digest_of_the_one_that_was_saved_and_goes_on_as_it()
    {
        var (paid, hold) = (Transfer(Rail, Alice, 100, Start + 600_000), Hold(Alice, Window, 8));
        ledger.Apply(Start, [paid], [hold]);
        Assert.Equal(2, ledger.Records.Count(record => record.Position is 4 or 5));
        var restored = Restored(ids: [Rail, Alice, Shop, Window]);
        Assert.True(restored.HasAllHeirs);
        Assert.True(restored.TryRestore(new SavedHold(hold.Id, Alice, Window, 8, TransferCode.Payment, Start + 10_000, 5, 5)));
        var saved = new SavedRefundable(paid.Id, Alice, Rail, 100, Start + 600_000, 4, -1);
        Assert.True(restored.TryRestore(saved, Start));
        // Another one at its position.
        Assert.False(restored.TryRestore(saved, Start));
        restored.StandAt(ledger.State.NextPosition, ledger.State.UnixMilliseconds);
        AssertSame(restored);

        // What is made of it from here on: the hold expires and the window ends, in order, and what was paid can be refunded.
        var buffer = new BatchBuffer();
        var end = Start + 60_000 + LedgerState.ForgetAfterMilliseconds;
        foreach (var time in new[] { Start + 9_999, Start + 10_000, end - 1, end })
        {
            ledger.Apply(time);
            restored.BeginBatch(time, buffer);
            AssertSame(restored);
        }

        Assert.False(restored.TryGetAccount(Window, out _));
        Assert.Equal(8, ledger.State.NextPosition);
    }

    [Fact]
    public void What_belongs_to_accounts_that_are_not_there_is_not_restored()
    {
        foreach (var there in new UInt128[] { Rail, Alice })
        {
            var restored = Restored(ids: [there]);
            Assert.False(restored.TryRestore(new SavedHold(99, Rail, Alice, 1, TransferCode.Payment, Start + 1, 5, 5)));
            Assert.False(restored.TryRestore(new SavedRefundable(99, Rail, Alice, 1, Start, 4, -1), Start));
            Assert.Equal(long.MaxValue, restored.NextDeadline);
            // One that is over waits to be forgotten, whatever became of its accounts.
            Assert.True(restored.TryRestore(new SavedRefundable(99, Rail, Alice, 1, Start - 1, 4, -1), Start));
            Assert.Equal(Sum(Account(there), Refundable(99, 1, Start - 1)), restored.Digest);
        }

        Assert.False(Restored(ids: [Alice, Window]).HasAllHeirs);
    }

    [Fact]
    public void The_opening_of_an_account_that_ends_has_the_digest_of_the_specification()
    {
        var command = Command.OpenAccount(9, new Asset("EUR", 2), AccountFlags.CreditsMustNotExceedDebits, Start, Rail);
        Assert.Equal(Hash([2, 2, .. Bytes(Start), .. Bytes((UInt128)Rail), .. "EUR"u8]), command.Digest);
    }

    private LedgerState Restored(UInt128[] ids)
    {
        var restored = new LedgerState();
        restored.Expect(ids.Length);
        foreach (var id in ids)
        {
            Assert.True(ledger.State.TryGetAccount(id, out var account));
            restored.Restore(new SavedAccount(id, account.Asset, account.Flags, account.Balances, (long)id - 1, account.LastPosition, EndOf(id)));
        }

        Assert.Equal(ids.Length, restored.AccountCount);
        return restored;
    }

    private void AssertSame(LedgerState restored)
    {
        Assert.Equal(ledger.State.Digest, restored.Digest);
        Assert.Equal((ledger.State.NextPosition, ledger.State.UnixMilliseconds, ledger.State.NextDeadline), (restored.NextPosition, restored.UnixMilliseconds, restored.NextDeadline));
        foreach (var id in new UInt128[] { Rail, Alice, Shop, Window })
        {
            Assert.Equal(ledger.State.TryGetAccount(id, out var account), restored.TryGetAccount(id, out var other));
            Assert.Equal(account, other);
            if (account.Balances != default) Assert.Equal(ledger.State.TryGetPosition(id, out var opened), restored.TryGetPosition(id, out var otherOpened) && opened == otherOpened);
        }
    }

    private void AssertIs(params UInt128[] shares) => Assert.Equal(Sum(shares), ledger.State.Digest);

    private static UInt128 Sum(params IEnumerable<UInt128> shares) => shares.Aggregate(UInt128.Zero, (sum, share) => unchecked(sum + share));

    private UInt128 Accounts() => Sum(new UInt128[] { Rail, Alice, Shop, Window, 9 }.Select(Account));

    private UInt128 Account(UInt128 id)
    {
        if (!ledger.State.TryGetAccount(id, out var account)) return 0;
        var b = account.Balances;
        byte[] end = EndOf(id) is { IsNever: false } known ? [.. Bytes(known.UnixMilliseconds), .. Bytes(known.Heir)] : [];
        return Hash([1, (byte)account.Flags, account.Asset.Scale, .. Bytes(id), .. Bytes(b.DebitsPosted), .. Bytes(b.DebitsHeld), .. Bytes(b.CreditsPosted), .. Bytes(b.CreditsHeld),
            .. Bytes(account.LastPosition), .. Encoding.ASCII.GetBytes(account.Asset.Code), .. end]);
    }

    private static UInt128 Held(in Command hold) => Hash([2, .. Bytes(hold.Id), .. Bytes(hold.Debit), .. Bytes(hold.Credit), .. Bytes(hold.Units),
        .. Bytes(hold.DeadlineUnixMilliseconds), (byte)hold.Code, (byte)((ushort)hold.Code >> 8)]);

    private static UInt128 Refundable(UInt128 id, UInt128 unitsLeft, long deadline) => Hash([3, .. Bytes(id), .. Bytes(unitsLeft), .. Bytes(deadline)]);

    private static AccountEnd EndOf(UInt128 id) => id == Window ? new(Start + 60_000, Rail) : default;

    private static UInt128 Hash(byte[] bytes) => XxHash128.HashToUInt128(bytes);

    private static byte[] Bytes(UInt128 value)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128LittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] Bytes(long value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return bytes;
    }

    private UInt128 NextId() => new((ulong)Start << 16, ++lastId);

    private Command Transfer(UInt128 debit, UInt128 credit, ulong units, long refundableUntil = 0) =>
        Command.Transfer(NextId(), 1, debit, credit, new Amount(Asset.Usd, units), TransferCode.Payment, refundableUntil);

    private Command Hold(UInt128 debit, UInt128 credit, ulong units) =>
        Command.Hold(NextId(), 1, debit, credit, new Amount(Asset.Usd, units), TransferCode.Payment, Start + 10_000);
}
