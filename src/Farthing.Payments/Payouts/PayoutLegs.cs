using System.Buffers.Binary;
using System.Globalization;
using Farthing.Ledger;
using Farthing.Protocol;

namespace Farthing.Payments.Payouts;

/// <summary>What a payout is in the ledger: a hold, and what follows it under the hold's id with a number in the low byte.</summary>
internal static class PayoutLegs
{
    private const byte MemoVersion = 1;
    private const int MemoLength = 18;

    // Only the rail decides what becomes of the money: a hold that expired by itself would give back what may have been paid.
    private static readonly long Never = new DateTimeOffset(9999, 12, 31, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

    /// <summary>Sets the money aside. What the row of the payout says can be read from it.</summary>
    public static Command Hold(UInt128 id, UInt128 payee, string rail, Amount amount, Amount cost, UInt128 destination, PayoutTrigger trigger)
    {
        var memo = new byte[MemoLength];
        memo[0] = MemoVersion;
        memo[1] = (byte)trigger;
        BinaryPrimitives.WriteUInt128BigEndian(memo.AsSpan(2), cost.Units);
        return Command.Hold(id, id, payee, ChartOfAccounts.RailTransit(rail, amount.Asset), amount, TransferCode.Payout, Never, destination, memo: memo);
    }

    /// <summary>What the hold says of cost and beginning.</summary>
    public static (UInt128 CostUnits, PayoutTrigger Trigger) Read(ReadOnlyMemory<byte> memo) => memo.Length == MemoLength && memo.Span[0] == MemoVersion
        ? (BinaryPrimitives.ReadUInt128BigEndian(memo.Span[2..]), (PayoutTrigger)memo.Span[1])
        : throw new InvalidOperationException("The hold of a payout has a memo that this version does not know.");

    /// <summary>Takes the money out, and the rail's cost of it.</summary>
    public static Command[] Pay(PayoutRow row, string rail)
    {
        var post = Command.Post(row.Id | 1, row.Id, row.Id, UInt128.Zero);
        if (row.Cost.IsZero) return [post];
        var asset = row.Cost.Asset;
        return [post, Command.Transfer(row.Id | 3, row.Id, ChartOfAccounts.RailTransit(rail, asset), ChartOfAccounts.RailCost(rail, asset), row.Cost, TransferCode.RailCost)];
    }

    /// <summary>Gives the money back that did not leave.</summary>
    public static Command GiveBack(UInt128 id) => Command.Void(id | 2, id, id);

    /// <summary>Gives back what came back; what was kept on the way is a cost of the rail.</summary>
    public static Command[] Return(PayoutRow row, string rail, Amount cameBack)
    {
        var asset = row.Arrives.Asset;
        var back = Command.Transfer(row.Id | 4, row.Id, ChartOfAccounts.RailTransit(rail, asset), row.Owner, cameBack, TransferCode.Payout);
        if (cameBack == row.Arrives) return [back];
        return [back, Command.Transfer(row.Id | 5, row.Id, ChartOfAccounts.RailTransit(rail, asset), ChartOfAccounts.RailCost(rail, asset), row.Arrives - cameBack, TransferCode.RailCost)];
    }

    /// <summary>The row of a payout as the ledger says that it ended; null if its hold is open. The ledger is right where the settings are an older copy.</summary>
    public static async ValueTask<PayoutRow?> FindEndAsync(Ledger.Ledger ledger, PayoutRow row)
    {
        if (await FindAsync(4) is { } back)
            return row.In(PayoutState.Returned, PayoutCause.RailReturned, null, At(back)) with { ReturnedUnits = back.Command.Units.ToString(CultureInfo.InvariantCulture) };
        if (await FindAsync(1) is { } paid) return row.In(PayoutState.Done, PayoutCause.None, null, At(paid));
        // Of a void the ledger does not say whose wish it was.
        return await FindAsync(2) is { } given ? row.In(PayoutState.Returned, row.Cause == PayoutCause.Refused ? row.Cause : PayoutCause.None, row.Note, At(given)) : null;

        async ValueTask<JournalRecord?> FindAsync(byte leg) => await ledger.FindAsync(row.Id | leg) is { Outcome: Outcome.Done } record ? record : null;

        static DateTimeOffset At(JournalRecord record) => DateTimeOffset.FromUnixTimeMilliseconds(record.UnixMilliseconds);
    }

    /// <summary>The id of a payout that was asked for with a key.</summary>
    public static UInt128 IdFor(UInt128 key, long nowUnixMilliseconds)
    {
        var bytes = new CanonicalBytes(stackalloc byte[64]);
        bytes.Add("payout");
        bytes.Add(key);
        return bytes.ToLegId(nowUnixMilliseconds);
    }

    /// <summary>The id of the payout that a payee's schedule makes at an instant.</summary>
    public static UInt128 IdForDue(UInt128 payee, long dueUnixMilliseconds)
    {
        var bytes = new CanonicalBytes(stackalloc byte[64]);
        bytes.Add("payout-due");
        bytes.Add(payee);
        return bytes.ToLegId(dueUnixMilliseconds);
    }
}
