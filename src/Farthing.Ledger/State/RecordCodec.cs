using System.Buffers.Binary;
using System.Text;
using Farthing.Protocol;

namespace Farthing.Ledger.State;

/// <summary>The bytes of a record, little-endian and variable-length; <c>docs/spec/journal-records.md</c> describes each one.</summary>
/// <remarks>One record has one form: whatever <see cref="TryView"/> accepts, <see cref="Append"/> writes again byte for byte. Thread-safe.</remarks>
internal static partial class RecordCodec
{
    /// <summary>No record is longer: 4 + 16 + 1 bytes of head, all members at their longest, a full memo, both sides.</summary>
    public const int MaxLength = 1536;

    /// <summary>The most commands of a chain, which is what five bits count.</summary>
    public const int MaxChainLength = 32;

    // Kind, chain, members and id.
    private const int HeadLength = 20;

    private const byte LinkedBit = 1 << 5;
    private const byte RefusedBit = 1 << 6;
    private const byte UnitsWereZeroBit = 1 << 7;

    /// <summary>Which members follow the head, in the order of the bits. An absent member has its default value.</summary>
    [Flags]
    private enum Members : ushort
    {
        None = 0,
        Digest = 1 << 0,
        Debit = 1 << 1,
        Credit = 1 << 2,
        Asset = 1 << 3,
        Units = 1 << 4,
        Code = 1 << 5,
        Cited = 1 << 6,
        Deadline = 1 << 7,
        Reference1 = 1 << 8,
        Reference2 = 1 << 9,
        Flags = 1 << 10,
        Memo = 1 << 11,
        DebitSide = 1 << 12,
        CreditSide = 1 << 13,
        PreviousCitation = 1 << 14,
        Balancing = 1 << 15,
    }

    /// <summary>Appends a record to a batch.</summary>
    public static void Append(BatchBuffer buffer, in JournalRecord record)
    {
        var destination = buffer.Reserve(MaxLength);
        ref readonly var command = ref record.CommandInPlace;
        var members = MembersOf(command, record);

        destination[0] = (byte)command.Kind;
        destination[1] = (byte)(record.ChainIndex
            | (command.Linked ? LinkedBit : 0)
            | (record.Outcome != Outcome.Done ? RefusedBit : 0)
            | (record.UnitsWereZero ? UnitsWereZeroBit : 0));
        BinaryPrimitives.WriteUInt16LittleEndian(destination[2..], (ushort)members);
        BinaryPrimitives.WriteUInt128LittleEndian(destination[4..], command.Id);
        var at = HeadLength;
        if (record.Outcome != Outcome.Done) destination[at++] = (byte)record.Outcome;

        if (Has(members, Members.Digest)) at += WriteWide(destination[at..], command.Digest);
        if (Has(members, Members.Debit)) at += WriteWide(destination[at..], command.Debit);
        if (Has(members, Members.Credit)) at += WriteWide(destination[at..], command.Credit);
        if (Has(members, Members.Asset)) at += WriteAsset(destination[at..], command.Asset);
        if (Has(members, Members.Units)) at += Varint.Write(destination[at..], command.Units);
        if (Has(members, Members.Code)) at += Varint.Write(destination[at..], (ulong)command.Code);
        if (Has(members, Members.Cited)) at += WriteWide(destination[at..], command.Cited);
        if (Has(members, Members.Deadline)) at += Varint.Write(destination[at..], unchecked((ulong)command.DeadlineUnixMilliseconds));
        if (Has(members, Members.Reference1)) at += WriteWide(destination[at..], command.Reference1);
        if (Has(members, Members.Reference2)) at += WriteWide(destination[at..], command.Reference2);
        if (Has(members, Members.Flags)) destination[at++] = (byte)command.Flags;
        if (Has(members, Members.Memo)) at += WriteMemo(destination[at..], command.Memo.Span);
        if (Has(members, Members.DebitSide)) at += WriteSide(destination[at..], record.Position, record.PreviousOfDebit, record.DebitAfter);
        if (Has(members, Members.CreditSide)) at += WriteSide(destination[at..], record.Position, record.PreviousOfCredit, record.CreditAfter);
        if (Has(members, Members.PreviousCitation)) at += WriteDistance(destination[at..], record.Position, record.PreviousCitation);
        if (Has(members, Members.Balancing))
        {
            destination[at++] = (byte)command.Balancing;
            at += Varint.Write(destination[at..], record.UnitsAsked);
        }

        buffer.Advance(at);
    }

    private static bool Has(Members members, Members member) => (members & member) != 0;

    private static Members MembersOf(in Command command, in JournalRecord record) =>
        (command.Digest != UInt128.Zero ? Members.Digest : 0)
        | (command.Debit != UInt128.Zero ? Members.Debit : 0)
        | (command.Credit != UInt128.Zero ? Members.Credit : 0)
        | (command.Asset.Code is not null ? Members.Asset : 0)
        | (command.Units != UInt128.Zero ? Members.Units : 0)
        | (command.Code != TransferCode.None ? Members.Code : 0)
        | (command.Cited != UInt128.Zero ? Members.Cited : 0)
        | (command.DeadlineUnixMilliseconds != 0 ? Members.Deadline : 0)
        | (command.Reference1 != UInt128.Zero ? Members.Reference1 : 0)
        | (command.Reference2 != UInt128.Zero ? Members.Reference2 : 0)
        | (command.Flags != AccountFlags.None ? Members.Flags : 0)
        | (!command.Memo.IsEmpty ? Members.Memo : 0)
        | (HasSide(record.PreviousOfDebit, record.DebitAfter) ? Members.DebitSide : 0)
        | (HasSide(record.PreviousOfCredit, record.CreditAfter) ? Members.CreditSide : 0)
        | (record.PreviousCitation >= 0 ? Members.PreviousCitation : 0)
        | (command.Balancing != Balancing.None ? Members.Balancing : 0);

    private static bool HasSide(long previous, in Balances after) =>
        previous >= 0 || (after.DebitsPosted | after.CreditsPosted | after.DebitsHeld | after.CreditsHeld) != UInt128.Zero;

    private static int WriteWide(Span<byte> destination, UInt128 value)
    {
        BinaryPrimitives.WriteUInt128LittleEndian(destination, value);
        return 16;
    }

    private static int WriteAsset(Span<byte> destination, Asset asset)
    {
        destination[0] = asset.Scale;
        destination[1] = (byte)asset.Code.Length;
        return 2 + Encoding.ASCII.GetBytes(asset.Code, destination[2..]);
    }

    private static int WriteMemo(Span<byte> destination, ReadOnlySpan<byte> memo)
    {
        var head = Varint.Write(destination, (ulong)memo.Length);
        memo.CopyTo(destination[head..]);
        return head + memo.Length;
    }

    private static int WriteSide(Span<byte> destination, long position, long previous, in Balances after)
    {
        var at = WriteDistance(destination, position, previous);
        at += Varint.Write(destination[at..], after.DebitsPosted);
        at += Varint.Write(destination[at..], after.DebitsHeld);
        at += Varint.Write(destination[at..], after.CreditsPosted);
        return at + Varint.Write(destination[at..], after.CreditsHeld);
    }

    // An earlier position is written as the distance back to it, zero for none.
    private static int WriteDistance(Span<byte> destination, long position, long previous) =>
        Varint.Write(destination, previous < 0 ? 0 : (ulong)(position - previous));
}
