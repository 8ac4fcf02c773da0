using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using Farthing.Protocol;

namespace Farthing.Ledger.State;

/// <summary>What each account, open hold and refundable adds to the digest of the state; <c>docs/spec/journal-records.md</c> gives each byte.</summary>
internal static class StateDigest
{
    private const byte AccountTag = 1;
    private const byte HoldTag = 2;
    private const byte RefundableTag = 3;

    private const int EndLength = 24;

    public static UInt128 Of(in AccountState account, Asset asset, in AccountEnd end) =>
        OfAccount(account.Id, asset, account.Flags, account.Balances, account.LastPosition, end);

    public static UInt128 Of(Refundable refundable) => OfRefundable(refundable.Id, refundable.UnitsLeft, refundable.Deadline);

    public static UInt128 Of(in SavedAccount account) => OfAccount(account.Id, account.Asset, account.Flags, account.Balances, account.LastPosition, account.End);

    public static UInt128 Of(in SavedHold hold) => OfHold(hold.Id, hold.Debit, hold.Credit, hold.Units, hold.Deadline, hold.Code);

    public static UInt128 Of(in SavedRefundable refundable) => OfRefundable(refundable.Id, refundable.UnitsLeft, refundable.Deadline);

    /// <summary>How an account that ends was opened: the digest of that command.</summary>
    public static UInt128 OfOpening(Asset asset, AccountFlags flags, in AccountEnd end)
    {
        Span<byte> bytes = stackalloc byte[2 + EndLength];
        bytes[0] = (byte)flags;
        bytes[1] = asset.Scale;
        WriteEnd(bytes[2..], end);
        var hash = new XxHash128();
        hash.Append(bytes);
        // The code may still turn out to be malformed.
        hash.Append(Encoding.UTF8.GetBytes(asset.Code ?? ""));
        return hash.GetCurrentHashAsUInt128();
    }

    private static UInt128 OfAccount(UInt128 id, Asset asset, AccountFlags flags, in Balances balances, long lastPosition, in AccountEnd end)
    {
        Span<byte> bytes = stackalloc byte[91 + Asset.MaxCodeLength + EndLength];
        bytes[0] = AccountTag;
        bytes[1] = (byte)flags;
        bytes[2] = asset.Scale;
        BinaryPrimitives.WriteUInt128LittleEndian(bytes[3..], id);
        BinaryPrimitives.WriteUInt128LittleEndian(bytes[19..], balances.DebitsPosted);
        BinaryPrimitives.WriteUInt128LittleEndian(bytes[35..], balances.DebitsHeld);
        BinaryPrimitives.WriteUInt128LittleEndian(bytes[51..], balances.CreditsPosted);
        BinaryPrimitives.WriteUInt128LittleEndian(bytes[67..], balances.CreditsHeld);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[83..], lastPosition);
        var length = 91 + Encoding.ASCII.GetBytes(asset.Code, bytes[91..]);
        if (!end.IsNever) length += WriteEnd(bytes[length..], end);
        return XxHash128.HashToUInt128(bytes[..length]);
    }

    private static int WriteEnd(Span<byte> destination, in AccountEnd end)
    {
        BinaryPrimitives.WriteInt64LittleEndian(destination, end.UnixMilliseconds);
        BinaryPrimitives.WriteUInt128LittleEndian(destination[8..], end.Heir);
        return EndLength;
    }

    private static UInt128 OfHold(UInt128 id, UInt128 debit, UInt128 credit, UInt128 units, long deadline, TransferCode code)
    {
        Span<byte> bytes = stackalloc byte[75];
        bytes[0] = HoldTag;
        BinaryPrimitives.WriteUInt128LittleEndian(bytes[1..], id);
        BinaryPrimitives.WriteUInt128LittleEndian(bytes[17..], debit);
        BinaryPrimitives.WriteUInt128LittleEndian(bytes[33..], credit);
        BinaryPrimitives.WriteUInt128LittleEndian(bytes[49..], units);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[65..], deadline);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[73..], (ushort)code);
        return XxHash128.HashToUInt128(bytes);
    }

    private static UInt128 OfRefundable(UInt128 id, UInt128 unitsLeft, long deadline)
    {
        Span<byte> bytes = stackalloc byte[41];
        bytes[0] = RefundableTag;
        BinaryPrimitives.WriteUInt128LittleEndian(bytes[1..], id);
        BinaryPrimitives.WriteUInt128LittleEndian(bytes[17..], unitsLeft);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[33..], deadline);
        return XxHash128.HashToUInt128(bytes);
    }
}
