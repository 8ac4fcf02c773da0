using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Farthing.Protocol;

namespace Farthing.Ledger.State;

/// <summary>The bytes of a record, little-endian and variable-length; <c>docs/spec/journal-records.md</c> describes each one.</summary>
/// <remarks>One record has one form: whatever <see cref="TryRead"/> accepts, <see cref="Append"/> writes again byte for byte. Thread-safe.</remarks>
internal static class RecordCodec
{
    /// <summary>No record is longer: 4 + 16 + 1 bytes of head, all members at their longest, a full memo, both sides.</summary>
    public const int MaxLength = 1536;

    /// <summary>The most commands of a chain, which is what five bits count.</summary>
    public const int MaxChainLength = 32;

    private const byte LinkedBit = 1 << 5;
    private const byte RefusedBit = 1 << 6;
    private const byte UnitsWereZeroBit = 1 << 7;

    private const AccountFlags FlagsOfOpening = AccountFlags.DebitsMustNotExceedCredits | AccountFlags.CreditsMustNotExceedDebits;
    private const Balancing BothBalancing = Balancing.Debit | Balancing.Credit;

    private static readonly SearchValues<byte> CodeBytes =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:/._-"u8);

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
        var at = 20;
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

    /// <summary>Reads the record that begins at the start of <paramref name="bytes"/>. The memo is copied.</summary>
    /// <returns>False for malformed bytes. Never throws.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, long position, long unixMilliseconds, out JournalRecord record, out int length)
    {
        record = default;
        length = 0;
        if (bytes.Length < 20 || position < 0) return false;

        var kind = (RecordKind)bytes[0];
        var chain = bytes[1];
        var members = (Members)BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]);
        if (kind is < RecordKind.OpenAccount or > RecordKind.Expire) return false;
        var id = BinaryPrimitives.ReadUInt128LittleEndian(bytes[4..]);
        var rest = bytes[20..];

        var outcome = Outcome.Done;
        if ((chain & RefusedBit) != 0)
        {
            if (rest.IsEmpty || (Outcome)rest[0] is < Outcome.ChainRefused or > Outcome.BalanceOverflow) return false;
            outcome = (Outcome)rest[0];
            rest = rest[1..];
        }

        if (!TryReadWide(ref rest, Has(members, Members.Digest), out var digest)
            || !TryReadWide(ref rest, Has(members, Members.Debit), out var debit)
            || !TryReadWide(ref rest, Has(members, Members.Credit), out var credit)
            || !TryReadAsset(ref rest, Has(members, Members.Asset), out var asset)
            || !TryReadNumber(ref rest, Has(members, Members.Units), UInt128.MaxValue, out var units)
            || !TryReadNumber(ref rest, Has(members, Members.Code), ushort.MaxValue, out var code)
            || !TryReadWide(ref rest, Has(members, Members.Cited), out var cited)
            || !TryReadNumber(ref rest, Has(members, Members.Deadline), ulong.MaxValue, out var deadline)
            || !TryReadWide(ref rest, Has(members, Members.Reference1), out var reference1)
            || !TryReadWide(ref rest, Has(members, Members.Reference2), out var reference2)
            || !TryReadFlags(ref rest, Has(members, Members.Flags), out var flags)
            || !TryReadMemo(ref rest, Has(members, Members.Memo), out var memo)
            || !TryReadSide(ref rest, Has(members, Members.DebitSide), position, out var previousOfDebit, out var debitAfter)
            || !TryReadSide(ref rest, Has(members, Members.CreditSide), position, out var previousOfCredit, out var creditAfter)
            || !TryReadDistance(ref rest, Has(members, Members.PreviousCitation), position, out var previousCitation)
            || !TryReadBalancing(ref rest, Has(members, Members.Balancing), out var balancing, out var unitsAsked))
            return false;
        if (Has(members, Members.PreviousCitation) && previousCitation < 0) return false;

        var linked = (chain & LinkedBit) != 0;
        record = new JournalRecord
        {
            Command = Command.FromRecord(kind, id, digest, debit, credit, asset, units, (TransferCode)(ushort)code, cited,
                unchecked((long)(ulong)deadline), reference1, reference2, flags, memo, linked, balancing),
            UnitsWereZero = (chain & UnitsWereZeroBit) != 0,
            UnitsAsked = unitsAsked,
            Outcome = outcome,
            Position = position,
            UnixMilliseconds = unixMilliseconds,
            ChainIndex = (byte)(chain & (MaxChainLength - 1)),
            PreviousOfDebit = previousOfDebit,
            PreviousOfCredit = previousOfCredit,
            PreviousCitation = previousCitation,
            DebitAfter = debitAfter,
            CreditAfter = creditAfter,
        };
        length = bytes.Length - rest.Length;
        return true;
    }

    /// <summary>Reads the beginning of a record that was found sound before.</summary>
    /// <returns>False for bytes that are none. Never throws.</returns>
    public static bool TryReadHead(ReadOnlySpan<byte> bytes, out RecordHead head)
    {
        head = default;
        if (bytes.Length < 20) return false;
        var kind = (RecordKind)bytes[0];
        var isRefused = (bytes[1] & RefusedBit) != 0;
        var members = (Members)BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]);
        var rest = bytes[20..];
        if (kind is < RecordKind.OpenAccount or > RecordKind.Expire || (isRefused && rest.IsEmpty)) return false;
        if (isRefused) rest = rest[1..];
        if (!TryReadWide(ref rest, Has(members, Members.Digest), out _)
            || !TryReadWide(ref rest, Has(members, Members.Debit), out var debit)
            || !TryReadWide(ref rest, Has(members, Members.Credit), out var credit)
            || !TrySkipAsset(ref rest, Has(members, Members.Asset))
            || !TryReadNumber(ref rest, Has(members, Members.Units), UInt128.MaxValue, out _)
            || !TryReadNumber(ref rest, Has(members, Members.Code), ushort.MaxValue, out _)
            || !TryReadWide(ref rest, Has(members, Members.Cited), out var cited))
            return false;
        head = new(kind, isRefused, BinaryPrimitives.ReadUInt128LittleEndian(bytes[4..]), debit, credit, cited);
        return true;
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

    private static bool TryReadWide(ref ReadOnlySpan<byte> rest, bool isPresent, out UInt128 value)
    {
        value = UInt128.Zero;
        if (!isPresent) return true;
        if (rest.Length < 16) return false;
        value = BinaryPrimitives.ReadUInt128LittleEndian(rest);
        rest = rest[16..];
        return value != UInt128.Zero;
    }

    private static bool TryReadNumber(ref ReadOnlySpan<byte> rest, bool isPresent, UInt128 max, out UInt128 value)
    {
        value = UInt128.Zero;
        return !isPresent || (Varint.TryRead(ref rest, out value) && value != UInt128.Zero && value <= max);
    }

    private static bool TryReadAsset(ref ReadOnlySpan<byte> rest, bool isPresent, out Asset asset)
    {
        asset = default;
        if (!isPresent) return true;
        if (rest.Length < 2 || rest[0] > AssetRules.MaxScale) return false;
        var length = rest[1];
        if (length is 0 or > Asset.MaxCodeLength || rest.Length < 2 + length) return false;
        var code = rest.Slice(2, length);
        if (code.ContainsAnyExcept(CodeBytes)) return false;
        asset = new Asset(AssetRules.CodeOf(code), rest[0]);
        rest = rest[(2 + length)..];
        return true;
    }

    private static bool TrySkipAsset(ref ReadOnlySpan<byte> rest, bool isPresent)
    {
        if (!isPresent) return true;
        if (rest.Length < 2 || rest.Length < 2 + rest[1]) return false;
        rest = rest[(2 + rest[1])..];
        return true;
    }

    private static bool TryReadFlags(ref ReadOnlySpan<byte> rest, bool isPresent, out AccountFlags flags)
    {
        flags = AccountFlags.None;
        if (!isPresent) return true;
        if (rest.IsEmpty) return false;
        flags = (AccountFlags)rest[0];
        rest = rest[1..];
        return flags != AccountFlags.None && (flags & ~FlagsOfOpening) == 0;
    }

    private static bool TryReadBalancing(ref ReadOnlySpan<byte> rest, bool isPresent, out Balancing balancing, out UInt128 unitsAsked)
    {
        (balancing, unitsAsked) = (Balancing.None, UInt128.Zero);
        if (!isPresent) return true;
        if (rest.IsEmpty) return false;
        balancing = (Balancing)rest[0];
        rest = rest[1..];
        return balancing != Balancing.None && (balancing & ~BothBalancing) == 0 && Varint.TryRead(ref rest, out unitsAsked);
    }

    private static bool TryReadMemo(ref ReadOnlySpan<byte> rest, bool isPresent, out ReadOnlyMemory<byte> memo)
    {
        memo = default;
        if (!isPresent) return true;
        if (!Varint.TryRead(ref rest, out ulong length) || length is 0 or > Command.MaxMemoLength || (ulong)rest.Length < length) return false;
        memo = rest[..(int)length].ToArray();
        rest = rest[(int)length..];
        return true;
    }

    private static bool TryReadSide(ref ReadOnlySpan<byte> rest, bool isPresent, long position, out long previous, out Balances after)
    {
        after = default;
        if (!TryReadDistance(ref rest, isPresent, position, out previous)) return false;
        if (!isPresent) return true;
        if (!Varint.TryRead(ref rest, out UInt128 debitsPosted)
            || !Varint.TryRead(ref rest, out UInt128 debitsHeld)
            || !Varint.TryRead(ref rest, out UInt128 creditsPosted)
            || !Varint.TryRead(ref rest, out UInt128 creditsHeld))
            return false;
        after = new Balances(debitsPosted, debitsHeld, creditsPosted, creditsHeld);
        return HasSide(previous, after);
    }

    private static bool TryReadDistance(ref ReadOnlySpan<byte> rest, bool isPresent, long position, out long previous)
    {
        previous = -1;
        if (!isPresent) return true;
        if (!Varint.TryRead(ref rest, out ulong distance) || distance > (ulong)position) return false;
        if (distance > 0) previous = position - (long)distance;
        return true;
    }
}
