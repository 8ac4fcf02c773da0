using System.Buffers;
using System.Buffers.Binary;
using Farthing.Protocol;

namespace Farthing.Ledger.State;

internal static partial class RecordCodec
{
    private const AccountFlags FlagsOfOpening = AccountFlags.DebitsMustNotExceedCredits | AccountFlags.CreditsMustNotExceedDebits;
    private const Balancing AllBalancing = Balancing.Debit | Balancing.Credit | Balancing.Cited;

    private const int WideLength = 16;
    private const int Malformed = Varint.Malformed;

    private static readonly SearchValues<byte> CodeBytes =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:/._-"u8);

    /// <summary>Reads the record that begins at the start of <paramref name="bytes"/>. The memo is copied.</summary>
    /// <returns>False for malformed bytes. Never throws.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, long position, long unixMilliseconds, out JournalRecord record, out int length)
    {
        if (!TryView(bytes, position, out var view))
        {
            record = default;
            length = 0;
            return false;
        }
        record = new JournalRecord
        {
            Command = Command.FromRecord(view.Kind, view.Id, view.Digest, view.Debit, view.Credit, view.Asset, view.Units, view.Code, view.Cited,
                view.DeadlineUnixMilliseconds, view.Reference1, view.Reference2, view.Flags, view.Memo.ToArray(), view.Linked, view.Balancing),
            UnitsWereZero = view.UnitsWereZero,
            UnitsAsked = view.UnitsAsked,
            Outcome = view.Outcome,
            Position = position,
            UnixMilliseconds = unixMilliseconds,
            ChainIndex = view.ChainIndex,
            PreviousOfDebit = view.PreviousOfDebit,
            PreviousOfCredit = view.PreviousOfCredit,
            PreviousCitation = view.PreviousCitation,
            DebitAfter = view.DebitAfter,
            CreditAfter = view.CreditAfter,
        };
        length = view.Length;
        return true;
    }

    /// <summary>Reads the record that begins at the start of <paramref name="bytes"/>, and leaves memo and asset where they are.</summary>
    /// <returns>False for malformed bytes: the view means nothing then. Never throws.</returns>
    public static bool TryView(ReadOnlySpan<byte> bytes, long position, out RecordView view)
    {
        if (!TryViewCommand(bytes, out view) || position < 0) return false;
        var members = MembersIn(bytes);
        var at = view.Length;
        if (Has(members, Members.DebitSide)) at = ReadSide(bytes, at, position, out view.PreviousOfDebit, out view.DebitAfter);
        if (Has(members, Members.CreditSide)) at = ReadSide(bytes, at, position, out view.PreviousOfCredit, out view.CreditAfter);
        if (Has(members, Members.PreviousCitation)) at = ReadPreviousCitation(bytes, at, position, out view.PreviousCitation);
        if (Has(members, Members.Balancing)) at = ReadBalancing(bytes, at, out view.Balancing, out view.UnitsAsked);
        view.Length = at;
        return at != Malformed;
    }

    /// <summary>The same, but without what only the record's position makes sense of: sides, citation and balancing, which stand behind all else.</summary>
    public static bool TryViewCommand(ReadOnlySpan<byte> bytes, out RecordView view)
    {
        view = default;
        if (bytes.Length < HeadLength) return false;

        view.Kind = (RecordKind)bytes[0];
        var chain = bytes[1];
        var members = MembersIn(bytes);
        view.Id = BinaryPrimitives.ReadUInt128LittleEndian(bytes[4..]);
        if (view.Kind is < RecordKind.OpenAccount or > RecordKind.EndAccount) return false;
        view.ChainIndex = (byte)(chain & (MaxChainLength - 1));
        view.Linked = (chain & LinkedBit) != 0;
        view.UnitsWereZero = (chain & UnitsWereZeroBit) != 0;
        view.PreviousOfDebit = view.PreviousOfCredit = view.PreviousCitation = -1;

        var at = HeadLength;
        if ((chain & RefusedBit) != 0) at = ReadRefusal(bytes, at, out view.Outcome);
        if (Has(members, Members.Digest)) at = ReadWide(bytes, at, out view.Digest);
        if (Has(members, Members.Debit)) at = ReadWide(bytes, at, out view.Debit);
        if (Has(members, Members.Credit)) at = ReadWide(bytes, at, out view.Credit);
        if (Has(members, Members.Asset)) at = ReadAsset(bytes, at, out view.AssetScale, out view.AssetCode);
        if (Has(members, Members.Units)) at = ReadNumber(bytes, at, out view.Units);
        if (Has(members, Members.Code)) at = ReadCode(bytes, at, out view.Code);
        if (Has(members, Members.Cited)) at = ReadWide(bytes, at, out view.Cited);
        if (Has(members, Members.Deadline)) at = ReadDeadline(bytes, at, out view.DeadlineUnixMilliseconds);
        if (Has(members, Members.Reference1)) at = ReadWide(bytes, at, out view.Reference1);
        if (Has(members, Members.Reference2)) at = ReadWide(bytes, at, out view.Reference2);
        if (Has(members, Members.Flags)) at = ReadFlags(bytes, at, out view.Flags);
        if (Has(members, Members.Memo)) at = ReadMemo(bytes, at, out view.Memo);
        view.Length = at;
        return at != Malformed;
    }

    /// <summary>The accounts of a record that is read soon, for those who ask for their memory in time; zero for none. Of malformed bytes, anything.</summary>
    public static (UInt128 Debit, UInt128 Credit) PeekAccounts(ReadOnlySpan<byte> bytes)
    {
        var (debit, credit) = (UInt128.Zero, UInt128.Zero);
        if (bytes.Length < HeadLength) return (debit, credit);
        var members = MembersIn(bytes);
        var at = HeadLength;
        if ((bytes[1] & RefusedBit) != 0) at++;
        if (Has(members, Members.Digest)) at += WideLength;
        if (Has(members, Members.Debit)) at = ReadWide(bytes, at, out debit);
        if (Has(members, Members.Credit)) ReadWide(bytes, at, out credit);
        return (debit, credit);
    }

    private static Members MembersIn(ReadOnlySpan<byte> bytes) => (Members)BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]);

    // Each of these reads a member that begins at an offset, and gives the offset behind it, or Malformed, from where nothing more can be read.
    // A member that is there says something: else one record would have two forms.

    private static int ReadRefusal(ReadOnlySpan<byte> bytes, int at, out Outcome outcome)
    {
        outcome = Outcome.Done;
        if (at >= bytes.Length) return Malformed;
        outcome = (Outcome)bytes[at];
        return outcome is < Outcome.ChainRefused or > Outcome.BalanceOverflow ? Malformed : at + 1;
    }

    private static int ReadWide(ReadOnlySpan<byte> bytes, int at, out UInt128 value)
    {
        value = UInt128.Zero;
        if (bytes.Length - at < WideLength) return Malformed;
        value = BinaryPrimitives.ReadUInt128LittleEndian(bytes[at..]);
        return value == UInt128.Zero ? Malformed : at + WideLength;
    }

    private static int ReadAsset(ReadOnlySpan<byte> bytes, int at, out byte scale, out ReadOnlySpan<byte> code)
    {
        scale = 0;
        code = default;
        if (bytes.Length - at < 2) return Malformed;
        scale = bytes[at];
        var length = bytes[at + 1];
        at += 2;
        if (scale > AssetRules.MaxScale || length is 0 or > Asset.MaxCodeLength || bytes.Length - at < length) return Malformed;
        code = bytes.Slice(at, length);
        return code.ContainsAnyExcept(CodeBytes) ? Malformed : at + length;
    }

    private static int ReadNumber(ReadOnlySpan<byte> bytes, int at, out UInt128 value)
    {
        at = Varint.Read(bytes, at, out value);
        return value == UInt128.Zero ? Malformed : at;
    }

    private static int ReadCode(ReadOnlySpan<byte> bytes, int at, out TransferCode code)
    {
        at = ReadNumber(bytes, at, out var value);
        code = unchecked((TransferCode)(ushort)value);
        return value > ushort.MaxValue ? Malformed : at;
    }

    private static int ReadDeadline(ReadOnlySpan<byte> bytes, int at, out long unixMilliseconds)
    {
        at = ReadNumber(bytes, at, out var value);
        unixMilliseconds = unchecked((long)(ulong)value);
        return value > ulong.MaxValue ? Malformed : at;
    }

    private static int ReadFlags(ReadOnlySpan<byte> bytes, int at, out AccountFlags flags)
    {
        flags = at < bytes.Length ? (AccountFlags)bytes[at] : AccountFlags.None;
        return flags == AccountFlags.None || (flags & ~FlagsOfOpening) != 0 ? Malformed : at + 1;
    }

    private static int ReadMemo(ReadOnlySpan<byte> bytes, int at, out ReadOnlySpan<byte> memo)
    {
        memo = default;
        at = ReadNumber(bytes, at, out var length);
        if (length > Command.MaxMemoLength || bytes.Length - at < (int)length) return Malformed;
        memo = bytes.Slice(at, (int)length);
        return at + memo.Length;
    }

    private static int ReadSide(ReadOnlySpan<byte> bytes, int at, long position, out long previous, out Balances after)
    {
        at = ReadDistance(bytes, at, position, out previous);
        at = Varint.Read(bytes, at, out var debitsPosted);
        at = Varint.Read(bytes, at, out var debitsHeld);
        at = Varint.Read(bytes, at, out var creditsPosted);
        at = Varint.Read(bytes, at, out var creditsHeld);
        after = new(debitsPosted, debitsHeld, creditsPosted, creditsHeld);
        return HasSide(previous, after) ? at : Malformed;
    }

    private static int ReadPreviousCitation(ReadOnlySpan<byte> bytes, int at, long position, out long previous)
    {
        at = ReadDistance(bytes, at, position, out previous);
        return previous < 0 ? Malformed : at;
    }

    private static int ReadDistance(ReadOnlySpan<byte> bytes, int at, long position, out long previous)
    {
        at = Varint.Read(bytes, at, out var distance);
        previous = distance == UInt128.Zero ? -1 : unchecked(position - (long)(ulong)distance);
        return distance > (ulong)position ? Malformed : at;
    }

    private static int ReadBalancing(ReadOnlySpan<byte> bytes, int at, out Balancing balancing, out UInt128 unitsAsked)
    {
        balancing = at < bytes.Length ? (Balancing)bytes[at] : Balancing.None;
        var isSound = balancing != Balancing.None && (balancing & ~AllBalancing) == 0;
        return Varint.Read(bytes, isSound ? at + 1 : Malformed, out unitsAsked);
    }
}
