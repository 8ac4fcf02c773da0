using System.Buffers.Binary;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;

namespace Farthing.Payments.Tests.Golden;

/// <summary>A reader of journals written from <c>docs/spec</c> alone: it knows no type of ours, and a test holds it to that. Whatever it cannot do, the specification does not say.</summary>
/// <remarks>It reads every segment, holds each hash, number, count and distance against what it adds up itself, and throws <see cref="InvalidDataException"/> with the place if one differs.</remarks>
internal sealed class SpecReader
{
    private const int Block = 4096;

    private readonly Dictionary<UInt128, SpecHold> holds = [];
    private readonly List<SpecRefundable> refundables = [];
    private readonly Dictionary<UInt128, long> citations = [];

    // Of the frame that is being read.
    private long time;
    private UInt128 lastHash;
    private long sequence;

    public List<SpecRecord> Records { get; } = [];

    public List<byte[]> Leaves { get; } = [];

    public Dictionary<UInt128, SpecAccount> Accounts { get; } = [];

    public int Segments { get; private set; }

    public int Frames => (int)sequence;

    public UInt128 Digest { get; private set; }

    public byte[] Root => TreeHash(Leaves.ToArray());

    public static SpecReader Read(string journal)
    {
        var reader = new SpecReader();
        UInt128? number = null;
        for (; File.Exists(Path.Combine(journal, $"{reader.Segments:D8}.segment")); reader.Segments++)
        {
            var bytes = File.ReadAllBytes(Path.Combine(journal, $"{reader.Segments:D8}.segment"));
            Check(bytes.AsSpan(0, 8).SequenceEqual("FARTHSEG"u8) && Int32(bytes, 8) == 2 && Int32(bytes, 12) == reader.Segments && Int64(bytes, 16) == bytes.Length, "the head of a segment");
            Check(Wide(bytes, 48) == Hash(bytes.AsSpan(0, 48)) && !bytes.AsSpan(64, Block - 64).ContainsAnyExcept((byte)0) && Int64(bytes, 40) == 0, "the hash of a head");
            number ??= Wide(bytes, 24);
            Check(Wide(bytes, 24) == number, "the number of the journal");
            var at = Block;
            while (at < bytes.Length && bytes.AsSpan(at, Block).ContainsAnyExcept((byte)0)) at += reader.ReadFrame(bytes, at);
            Check(!bytes.AsSpan(at).ContainsAnyExcept((byte)0), "the rest of a segment");
        }

        return reader;
    }

    private int ReadFrame(byte[] bytes, int at)
    {
        var (count, recordBytes) = (Int32(bytes, at + 56), Int32(bytes, at + 60));
        var length = (128 + recordBytes + (4 * count) + Block - 1) / Block * Block;
        var frame = bytes.AsSpan(at, length);
        Check(frame[16..24].SequenceEqual("FARTHBAT"u8) && Wide(frame, 0) == Hash(frame[16..]), "the hash of a frame");
        Check(Int32(frame, 24) == Segments && Int32(frame, 28) == at / Block && Int64(frame, 32) == sequence && Int64(frame, 40) == Records.Count, "the place of a frame");
        Check(Wide(frame, 80) == lastHash && Int64(frame, 48) >= time && count >= 1, "the frame before");
        (time, lastHash, sequence) = (Int64(frame, 48), Wide(frame, 0), sequence + 1);
        var from = 0;
        for (var i = 0; i < count; i++)
        {
            Check(Int32(frame, 128 + recordBytes + (4 * i)) == from, "where a record begins");
            var record = ReadRecord(frame.Slice(128, recordBytes), ref from, Records.Count);
            Apply(record);
            Leaves.Add(LeafHash(record, frame.Slice(96, 32), i));
            Records.Add(record);
            Forget();
        }

        Check(from == recordBytes && !frame[(128 + recordBytes + (4 * count))..].ContainsAnyExcept((byte)0), "the end of a frame");
        Digest = DigestOfAll();
        Check(Wide(frame, 64) == Digest, "the digest of the state");
        return length;
    }

    private static SpecRecord ReadRecord(ReadOnlySpan<byte> bytes, ref int at, long position)
    {
        var members = BinaryPrimitives.ReadUInt16LittleEndian(bytes[(at + 2)..]);
        var record = new SpecRecord { Position = position, Kind = bytes[at], Chain = bytes[at + 1], Members = members, Id = Wide(bytes, at + 4) };
        Check(record.Kind is >= 1 and <= 12, "a kind");
        at += 20;
        if ((record.Chain & 64) != 0) record.Outcome = bytes[at++];
        Check((record.Chain & 64) == 0 || record.Outcome >= 20, "an outcome");
        if (Has(0)) record.Digest = Wide16(bytes, ref at);
        if (Has(1)) record.Debit = Wide16(bytes, ref at);
        if (Has(2)) record.Credit = Wide16(bytes, ref at);
        if (Has(3))
        {
            (record.Scale, var length) = (bytes[at], bytes[at + 1]);
            record.Asset = Encoding.ASCII.GetString(bytes.Slice(at + 2, length));
            at += 2 + length;
        }

        if (Has(4)) record.Units = NotZero(Number(bytes, ref at));
        if (Has(5)) record.Code = (ushort)NotZero(Number(bytes, ref at));
        if (Has(6)) record.Cited = Wide16(bytes, ref at);
        if (Has(7)) record.Deadline = unchecked((long)(ulong)NotZero(Number(bytes, ref at)));
        if (Has(8)) record.Reference1 = Wide16(bytes, ref at);
        if (Has(9)) record.Reference2 = Wide16(bytes, ref at);
        if (Has(10)) record.Flags = (byte)NotZero(bytes[at++]);
        if (Has(11))
        {
            var length = (int)NotZero(Number(bytes, ref at));
            Check(length <= 1024, "a memo");
            record.Memo = bytes.Slice(at, length).ToArray();
            at += length;
        }

        if (Has(12)) record.DebitSide = Side(bytes, ref at, position);
        if (Has(13)) record.CreditSide = Side(bytes, ref at, position);
        if (Has(14)) record.PreviousCitation = position - (long)NotZero(Number(bytes, ref at));
        if (Has(15)) (record.Balancing, record.Asked) = (bytes[at++], Number(bytes, ref at));
        return record;

        bool Has(int bit) => (members >> bit & 1) != 0;
    }

    private void Apply(SpecRecord record)
    {
        var cites = record.Outcome == 0 && record.Kind is 4 or 5 or 6 or 11 && record.Debit != 0;
        Check(record.PreviousCitation == (cites && record.Kind == 6 ? citations.GetValueOrDefault(record.Cited, -1) : -1), "an earlier citation");
        if (record.Outcome != 0)
        {
            // What it says of the debit account is how that stood.
            if (record.DebitSide is { } stood) Check(stood == (Accounts[record.Debit].Side with { Before = -1 }), "the counts beside a refusal");
            Check(record.CreditSide is null, "the counts beside a refusal");
            return;
        }

        if (cites) citations[record.Cited] = record.Position;
        if (record.Kind == 1) Accounts.Add(record.Id, new(record.Id, record.Scale, record.Asset, record.Deadline, record.Cited) { Flags = (byte)(record.Flags + (record.Deadline == 0 ? 0 : 16)) });
        var debit = record.Debit == 0 ? null : Accounts[record.Debit];
        var credit = record.Credit == 0 ? null : Accounts[record.Credit];
        var expected = (debit?.Last, credit?.Last);
        switch (record.Kind)
        {
            case 2 or 12:
                Move(record.Units);
                break;
            case 3:
                holds.Add(record.Id, new(record.Id, record.Debit, record.Credit, record.Units, record.Deadline, record.Code));
                debit!.DebitsHeld += record.Units;
                credit!.CreditsHeld += record.Units;
                break;
            case 4 or 5 or 11:
                Check(holds.Remove(record.Cited, out var hold), "a hold");
                debit!.DebitsHeld -= hold!.Units;
                credit!.CreditsHeld -= hold.Units;
                if (record.Kind == 4) Move(record.Units);
                break;
            case 6 when debit is not null:
                Move(record.Units);
                refundables.Single(refundable => refundable.Id == record.Cited).Units -= record.Units;
                break;
            case 8 or 9 or 10:
                debit!.Flags = (byte)(record.Kind switch { 8 => debit.Flags | 4, 9 => debit.Flags & ~4, _ => debit.Flags | 8 });
                break;
        }

        if (record.Kind is 2 or 4 && record.Deadline != 0) refundables.Add(new(record.Id, record.Deadline, record.Position) { Units = record.Units });
        if (debit is not null) CheckSide(record.DebitSide, debit, expected.Item1!.Value);
        if (credit is not null) CheckSide(record.CreditSide, credit, expected.Item2!.Value);
        if (record.Kind == 12) Accounts.Remove(record.Id);

        void Move(UInt128 units)
        {
            debit!.DebitsPosted += units;
            credit!.CreditsPosted += units;
        }

        void CheckSide(SpecSide? side, SpecAccount account, long before)
        {
            Check((side ?? new(-1, 0, 0, 0, 0)) == (account.Side with { Before = before }), "the counts of an account");
            account.Last = record.Position;
        }
    }

    private void Forget()
    {
        foreach (var over in refundables.Where(refundable => refundable.Deadline < time).OrderBy(refundable => refundable.Deadline).ThenBy(refundable => refundable.Position).Take(2).ToArray())
            refundables.Remove(over);
    }

    private UInt128 DigestOfAll()
    {
        var sum = UInt128.Zero;
        foreach (var account in Accounts.Values)
        {
            byte[] end = account.End == 0 ? [] : [.. Bytes(account.End), .. Bytes(account.Heir)];
            Add([1, account.Flags, account.Scale, .. Bytes(account.Id), .. Bytes(account.DebitsPosted), .. Bytes(account.DebitsHeld), .. Bytes(account.CreditsPosted), .. Bytes(account.CreditsHeld),
                .. Bytes(account.Last), .. Encoding.ASCII.GetBytes(account.Asset), .. end]);
        }

        foreach (var hold in holds.Values) Add([2, .. Bytes(hold.Id), .. Bytes(hold.Debit), .. Bytes(hold.Credit), .. Bytes(hold.Units), .. Bytes(hold.Deadline), (byte)(hold.Code & 255), (byte)(hold.Code >> 8)]);
        foreach (var refundable in refundables) Add([3, .. Bytes(refundable.Id), .. Bytes(refundable.Units), .. Bytes(refundable.Deadline)]);
        return sum;

        void Add(byte[] bytes) => sum = unchecked(sum + Hash(bytes));
    }

    private byte[] LeafHash(SpecRecord record, ReadOnlySpan<byte> seed, int indexInBatch)
    {
        var salts = SHA256.HashData([.. seed, .. Big((UInt128)indexInBatch, 4)]);
        var (payee, payer) = record.Kind == 6 ? (record.Debit, record.Credit) : (record.Credit, record.Debit);
        var bits = (record.Memo.Length > 0 ? 1 : 0) + (record.Cited != 0 ? 2 : 0) + (record.Outcome != 0 ? 4 : 0);
        byte[] memo = record.Memo.Length == 0 ? [] : SHA256.HashData([.. salts[16..], .. record.Memo]);
        byte[] cited = record.Cited == 0 ? [] : Big(record.Cited, 16);
        byte[] outcome = record.Outcome == 0 ? [] : [record.Outcome];
        byte[] units = [.. Big(record.Units, 16).SkipWhile(value => value == 0)];
        return SHA256.HashData([0, 2, record.Kind, (byte)bits, .. Big(record.Code, 2), .. Big((UInt128)time, 8), .. Big(record.Id, 16), .. Big(payee, 16),
            .. SHA256.HashData([.. salts[..16], .. Big(payer, 16)]), .. memo, .. cited, .. outcome, record.Scale, (byte)record.Asset.Length, .. Encoding.ASCII.GetBytes(record.Asset), .. units]);
    }

    // RFC 6962, section 2.1.
    private static byte[] TreeHash(ReadOnlySpan<byte[]> leaves)
    {
        if (leaves.Length < 2) return leaves.Length == 0 ? SHA256.HashData([]) : leaves[0];
        var left = (int)BitOperationsOf(leaves.Length);
        return SHA256.HashData([1, .. TreeHash(leaves[..left]), .. TreeHash(leaves[left..])]);

        // The greatest power of two that is smaller.
        static uint BitOperationsOf(int length) => System.Numerics.BitOperations.RoundUpToPowerOf2((uint)length) / 2;
    }

    private static SpecSide Side(ReadOnlySpan<byte> bytes, ref int at, long position)
    {
        var distance = Number(bytes, ref at);
        return new(distance == 0 ? -1 : position - (long)distance, Number(bytes, ref at), Number(bytes, ref at), Number(bytes, ref at), Number(bytes, ref at));
    }

    private static UInt128 Number(ReadOnlySpan<byte> bytes, ref int at)
    {
        var value = UInt128.Zero;
        for (var shift = 0; ; shift += 7)
        {
            var next = bytes[at++];
            value |= (UInt128)(next & 127) << shift;
            if (next < 128)
            {
                Check(next != 0 || shift == 0, "a number longer than need be");
                return value;
            }
        }
    }

    private static UInt128 Wide16(ReadOnlySpan<byte> bytes, ref int at) => NotZero(Wide(bytes, (at += 16) - 16));

    private static UInt128 NotZero(UInt128 value) => value != 0 ? value : throw new InvalidDataException("A member says what it would say by being absent.");

    private static UInt128 Hash(ReadOnlySpan<byte> bytes) => XxHash128.HashToUInt128(bytes);

    private static int Int32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt32LittleEndian(bytes[at..]);

    private static long Int64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes[at..]);

    private static UInt128 Wide(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt128LittleEndian(bytes[at..]);

    private static byte[] Bytes(long value) => Bytes((UInt128)value)[..8];

    private static byte[] Bytes(UInt128 value) => [.. Big(value, 16).Reverse()];

    private static byte[] Big(UInt128 value, int length)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, value);
        return bytes[(16 - length)..];
    }

    private static void Check(bool holds, string what)
    {
        if (!holds) throw new InvalidDataException($"Not as the specification says: {what}.");
    }
}

/// <summary>The record before that touched an account, and the account's counts.</summary>
internal sealed record SpecSide(long Before, UInt128 DebitsPosted, UInt128 DebitsHeld, UInt128 CreditsPosted, UInt128 CreditsHeld);

internal sealed record SpecHold(UInt128 Id, UInt128 Debit, UInt128 Credit, UInt128 Units, long Deadline, ushort Code);

internal sealed record SpecRefundable(UInt128 Id, long Deadline, long Position)
{
    public UInt128 Units { get; set; }
}

internal sealed record SpecAccount(UInt128 Id, byte Scale, string Asset, long End, UInt128 Heir)
{
    public byte Flags { get; set; }

    public UInt128 DebitsPosted { get; set; }

    public UInt128 DebitsHeld { get; set; }

    public UInt128 CreditsPosted { get; set; }

    public UInt128 CreditsHeld { get; set; }

    public long Last { get; set; } = -1;

    public SpecSide Side => new(Last, DebitsPosted, DebitsHeld, CreditsPosted, CreditsHeld);
}

internal sealed record SpecRecord
{
    public required long Position { get; init; }
    public required byte Kind { get; init; }
    public required byte Chain { get; init; }
    public required ushort Members { get; init; }
    public required UInt128 Id { get; init; }
    public byte Outcome { get; set; }
    public UInt128 Digest { get; set; }
    public UInt128 Debit { get; set; }
    public UInt128 Credit { get; set; }
    public byte Scale { get; set; }
    public string Asset { get; set; } = "";
    public UInt128 Units { get; set; }
    public ushort Code { get; set; }
    public UInt128 Cited { get; set; }
    public long Deadline { get; set; }
    public UInt128 Reference1 { get; set; }
    public UInt128 Reference2 { get; set; }
    public byte Flags { get; set; }
    public byte[] Memo { get; set; } = [];
    public SpecSide? DebitSide { get; set; }
    public SpecSide? CreditSide { get; set; }
    public long PreviousCitation { get; set; } = -1;
    public byte Balancing { get; set; }
    public UInt128 Asked { get; set; }
}
