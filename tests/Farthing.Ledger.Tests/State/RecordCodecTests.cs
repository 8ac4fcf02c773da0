using CsCheck;
using Farthing.Ledger.State;
using Farthing.Protocol;

namespace Farthing.Ledger.Tests.State;

public class RecordCodecTests
{
    private const long Time = 1_700_000_000_000;

    private static readonly Gen<UInt128> GenId = Gen.Select(Gen.ULong, Gen.ULong, Gen.Bool, (upper, lower, isSmall) => isSmall ? (UInt128)(lower & 0xFF) : new UInt128(upper, lower));

    private static readonly Gen<Balances> GenBalances = Gen.Select(GenId, GenId, GenId, GenId, (a, b, c, d) => new Balances(a, b, c, d));

    private static readonly string[] Codes = ["USD", "EUR", "allowance:USD", new string('x', Asset.MaxCodeLength)];

    private static readonly Gen<Asset> GenAsset = Gen.Select(Gen.Int[0, Codes.Length], Gen.Byte[0, 36],
        (code, scale) => code == Codes.Length ? default : new Asset(Codes[code], scale));

    internal static readonly Gen<JournalRecord> GenRecord =
        from kind in Gen.Byte[1, 12]
        from ids in GenId.Array[7]
        from asset in GenAsset
        from code in Gen.UShort
        from deadline in Gen.OneOf(Gen.Const(0L), Gen.Long)
        from flags in Gen.Byte[0, 3]
        from memo in Gen.OneOf(Gen.Const(Array.Empty<byte>()), Gen.Byte.Array[0, Command.MaxMemoLength])
        from linked in Gen.Bool
        from balancing in Gen.OneOf(Gen.Const((byte)0), Gen.Byte[1, 7])
        from outcome in Gen.OneOf(Gen.Const((byte)0), Gen.Byte[20, 43])
        from chainIndex in Gen.Byte[0, 31]
        from wereZero in Gen.Bool
        from position in Gen.OneOf(Gen.Const(0L), Gen.Long[0, long.MaxValue])
        from back in Gen.Long[0, long.MaxValue].Array[3]
        from debit in Gen.OneOf(Gen.Const(default(Balances)), GenBalances)
        from credit in Gen.OneOf(Gen.Const(default(Balances)), GenBalances)
        select new JournalRecord
        {
            Command = Command.FromRecord((RecordKind)kind, ids[0], ids[1], ids[2], ids[3], asset, ids[4], (TransferCode)code, ids[5], deadline,
                ids[6], ids[0] ^ ids[1], (AccountFlags)flags, memo, linked, (Balancing)balancing),
            UnitsWereZero = wereZero,
            UnitsAsked = balancing == 0 ? 0 : ids[4],
            Outcome = (Outcome)outcome,
            Position = position,
            UnixMilliseconds = Time,
            ChainIndex = chainIndex,
            PreviousOfDebit = Before(position, back[0]),
            PreviousOfCredit = Before(position, back[1]),
            PreviousCitation = Before(position, back[2]),
            DebitAfter = debit,
            CreditAfter = credit,
        };

    [Fact]
    public void A_record_reads_back_as_it_was_written() => GenRecord.Sample(record =>
    {
        var bytes = Write(record);
        Assert.InRange(bytes.Length, 20, RecordCodec.MaxLength);
        Assert.True(RecordCodec.TryRead(bytes, record.Position, record.UnixMilliseconds, out var read, out var length));
        Assert.Equal(bytes.Length, length);
        AssertSame(record, read);
    }, iter: Effort.Of(20_000));

    [Fact]
    public void What_was_commanded_and_the_accounts_can_be_seen_without_the_rest() => GenRecord.Sample(record =>
    {
        var bytes = Write(record);
        Assert.True(RecordCodec.TryViewCommand(bytes, out var view));
        Assert.InRange(view.Length, 20, bytes.Length);
        var command = record.Command;
        Assert.Equal((command.Kind, record.Outcome, command.Id, command.Debit, command.Credit, command.Cited), (view.Kind, view.Outcome, view.Id, view.Debit, view.Credit, view.Cited));
        Assert.Equal((command.Debit, command.Credit), RecordCodec.PeekAccounts(bytes));
        for (var shorter = 0; shorter < bytes.Length; shorter++)
        {
            Assert.Equal(shorter >= view.Length, RecordCodec.TryViewCommand(bytes.AsSpan(0, shorter), out _));
            RecordCodec.PeekAccounts(bytes.AsSpan(0, shorter));
        }
    }, iter: Effort.Of(2_000));

    [Fact]
    public void What_follows_a_record_is_not_read() => GenRecord.Sample(record =>
    {
        var bytes = Write(record);
        Assert.True(RecordCodec.TryRead([.. bytes, 0xFF, 0x01], record.Position, record.UnixMilliseconds, out _, out var length));
        Assert.Equal(bytes.Length, length);
        for (var shorter = 0; shorter < bytes.Length; shorter += 1 + (bytes.Length / 50))
            Assert.False(RecordCodec.TryRead(bytes.AsSpan(0, shorter), record.Position, record.UnixMilliseconds, out _, out _));
    }, iter: Effort.Of(2_000));

    // One record has one form: what is read from any bytes is written again as those bytes.
    [Fact]
    public void Mutated_bytes_are_refused_or_are_another_record()
    {
        var (read, refused) = (0, 0);
        Gen.Select(GenRecord, Gen.Int[0, 2_000], Gen.Byte[1, 255], Gen.Int[0, 200]).Sample((record, at, mask, position) =>
        {
            var bytes = Write(record);
            bytes[at % bytes.Length] ^= mask;
            Check(bytes, Math.Max(record.Position, position), ref read, ref refused);
        }, iter: Effort.Of(50_000), threads: 1);
        Assert.True(read > Effort.Of(1_000), $"Only {read} were read.");
        Assert.True(refused > Effort.Of(1_000), $"Only {refused} were refused.");
    }

    [Fact]
    public void Arbitrary_bytes_never_throw()
    {
        var (read, refused) = (0, 0);
        Gen.Select(Gen.Byte.Array[0, 200], Gen.Byte[0, 13], Gen.Byte[0, 255]).Sample((bytes, kind, members) =>
        {
            if (bytes.Length > 3) (bytes[0], bytes[2], bytes[3]) = (kind, members, (byte)(members & 0x83));
            Check(bytes, 1_000_000, ref read, ref refused);
        }, iter: Effort.Of(50_000), threads: 1);
        Assert.True(read > Effort.Of(100), $"Only {read} were read.");
        Assert.True(refused > Effort.Of(1_000), $"Only {refused} were refused.");
    }

    [Fact]
    public void The_journals_first_record_can_be_the_one_before_and_one_count_alone_is_a_side()
    {
        Balances[] sides = [default, new(1, 0, 0, 0), new(0, 1, 0, 0), new(0, 0, 1, 0), new(0, 0, 0, 1)];
        foreach (var previous in new[] { -1L, 0 })
        {
            foreach (var side in sides)
            {
                var record = new JournalRecord
                {
                    Command = Command.Claim(5, 1, 6),
                    Position = 1,
                    UnixMilliseconds = Time,
                    PreviousOfDebit = previous,
                    PreviousOfCredit = previous,
                    PreviousCitation = previous,
                    DebitAfter = side,
                    CreditAfter = side,
                };
                var bytes = Write(record);
                Assert.True(RecordCodec.TryRead(bytes, 1, Time, out var read, out _));
                AssertSame(record, read);
                // A member that says nothing is not there: kind, chain, members, id, digest and what is cited; then two sides and a citation.
                Assert.Equal(52 + (previous < 0 && side == default ? 0 : 10) + (previous < 0 ? 0 : 1), bytes.Length);
            }
        }
    }

    [Fact]
    public void A_refund_that_gave_nothing_back_is_no_citation()
    {
        foreach (var (units, kind, outcome) in new[] { (0UL, RecordKind.Refund, Outcome.Done), (1UL, RecordKind.Refund, Outcome.Done), (0UL, RecordKind.Void, Outcome.Done), (1UL, RecordKind.Refund, Outcome.InsufficientFunds), (1UL, RecordKind.Claim, Outcome.Done) })
        {
            var view = new RecordView { Kind = kind, Units = units, Outcome = outcome };
            Assert.Equal(kind == RecordKind.Refund && units == 0, view.IsEmptyRefund);
            Assert.Equal(kind != RecordKind.Claim && outcome == Outcome.Done && !view.IsEmptyRefund, view.IsCitation);
        }
    }

    [Fact]
    public void A_plain_transfer_takes_at_most_130_bytes()
    {
        var after = new Balances(123_456_789_000, 20_000, 223_456_789_000, 0);
        var record = new JournalRecord
        {
            Command = Command.Transfer(UInt128.MaxValue, UInt128.MaxValue, UInt128.MaxValue, UInt128.MaxValue, new Amount(Asset.Usd, 20_000), TransferCode.Payment, Time),
            Position = 1L << 40,
            PreviousOfDebit = 5,
            PreviousOfCredit = (1L << 40) - 1_000,
            PreviousCitation = -1,
            DebitAfter = after,
            CreditAfter = after,
        };
        Assert.InRange(Write(record).Length, 100, 130);
    }

    [Fact]
    public void Records_have_the_bytes_of_the_published_vectors()
    {
        var made = RecordVectors.Make();
        // To change the journal's format on purpose: FARTHING_WRITE_VECTORS=1, and say so in the commit.
        if (Environment.GetEnvironmentVariable("FARTHING_WRITE_VECTORS") == "1") File.WriteAllText(RecordVectors.FilePath(), RecordVectors.ToJson(made));
        Assert.Equal(File.ReadAllText(RecordVectors.FilePath()), RecordVectors.ToJson(made));
        Assert.Equal(Enum.GetValues<RecordKind>().Length - 1, made.Select(vector => vector.Kind).Distinct().Count());
    }

    [Fact]
    public void The_published_vectors_read_as_they_say()
    {
        foreach (var vector in RecordVectors.Load())
        {
            var bytes = Convert.FromHexString(vector.Bytes);
            Assert.True(RecordCodec.TryRead(bytes, vector.Position, vector.UnixMilliseconds, out var record, out var length), vector.Name);
            Assert.Equal(bytes.Length, length);
            Assert.Equal(vector, RecordVectors.Describe(vector.Name, record, bytes));
        }
    }

    internal static byte[] Write(in JournalRecord record)
    {
        var buffer = new BatchBuffer();
        RecordCodec.Append(buffer, record);
        return buffer.Bytes.AsSpan(0, buffer.Length).ToArray();
    }

    private static void Check(byte[] bytes, long position, ref int read, ref int refused)
    {
        if (RecordCodec.TryRead(bytes, position, Time, out var record, out var length))
        {
            read++;
            Assert.Equal(bytes.AsSpan(0, length).ToArray(), Write(record));
        }
        else
        {
            refused++;
        }
    }

    private static long Before(long position, long back) => back > position ? -1 : position - back - 1;

    private static void AssertSame(in JournalRecord expected, in JournalRecord actual)
    {
        Assert.True(expected.Command.Memo.Span.SequenceEqual(actual.Command.Memo.Span));
        // Memos are equal by content, not by reference, which is what a record struct would compare.
        Assert.Equal(WithoutMemo(expected), WithoutMemo(actual));
    }

    private static JournalRecord WithoutMemo(in JournalRecord record)
    {
        var c = record.Command;
        return record with
        {
            Command = Command.FromRecord(c.Kind, c.Id, c.Digest, c.Debit, c.Credit, c.Asset, c.Units, c.Code, c.Cited, c.DeadlineUnixMilliseconds,
                c.Reference1, c.Reference2, c.Flags, default, c.Linked, c.Balancing),
        };
    }
}
