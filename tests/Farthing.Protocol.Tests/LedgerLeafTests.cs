using CsCheck;

namespace Farthing.Protocol.Tests;

public class LedgerLeafTests
{
    internal static LedgerLeaf Example { get; } = new()
    {
        Kind = 6,
        Outcome = 0,
        Code = TransferCode.FeeRefund,
        UnixMilliseconds = 1_795_392_000_123,
        Id = Keys.IdOf(0x5501),
        Payee = Keys.IdOf(0x9900),
        Cited = Keys.IdOf(0x4201),
        Amount = Amount.Parse("0.0005 USD"),
        PayerCommitment = Enumerable.Range(0, 32).Select(i => (byte)i).ToArray(),
        MemoCommitment = Enumerable.Range(100, 32).Select(i => (byte)i).ToArray(),
    };

    [Fact]
    public void Every_leaf_reads_back_from_its_bytes() =>
        Gen.Select(Gen.Byte, Gen.UShort, Gen.Long[0, 253_402_300_799_999], Gen.UInt128, Gen.UInt128, Gen.Char['A', 'Z'].Array[0, 64]).Sample((kind, code, time, id, units, letters) =>
        {
            var asset = letters.Length == 0 ? default : new Asset(new string(letters), 6);
            var leaf = Example with { Kind = kind, Outcome = kind, MemoCommitment = kind % 3 == 0 ? default : Example.MemoCommitment, Code = (TransferCode)code, UnixMilliseconds = time, Id = id, Cited = units, Amount = new Amount(asset, units) };
            var bytes = ReceiptStory.Bytes(leaf);
            return LedgerLeaf.TryRead(bytes, out var read) && ReceiptStory.Bytes(read).AsSpan().SequenceEqual(bytes)
                && read.Amount == leaf.Amount && read.Id == leaf.Id && read.Code == leaf.Code && read.UnixMilliseconds == time;
        }, iter: 20_000);

    [Fact]
    public void Longest_leaf_fits_the_stated_length() =>
        Assert.Equal(LedgerLeaf.MaxLength, ReceiptStory.Bytes(Example with { Outcome = 20, Amount = new Amount(new Asset(new string('a', 64), 36), UInt128.MaxValue) }).Length);

    // SHA-256 works in blocks of 64 bytes, of which nine go to padding and one to the byte before a leaf.
    [Fact]
    public void A_payment_with_a_memo_and_a_refund_without_one_are_hashed_in_two_blocks()
    {
        const int TwoBlocks = 2 * 64 - 9 - 1;
        var dear = new Amount(Asset.Usd, uint.MaxValue);
        Assert.InRange(ReceiptStory.Bytes(Example with { Cited = 0, Amount = dear }).Length, 65, TwoBlocks);
        Assert.InRange(ReceiptStory.Bytes(Example with { MemoCommitment = default, Amount = dear with { Units = UInt128.MaxValue } }).Length, 65, TwoBlocks);
    }

    [Fact]
    public void Bytes_that_are_not_exactly_one_leaf_are_refused()
    {
        // Of these bytes: the head of 77, the memo's commitment, the cited id at 109, the asset at 125 and the units 01 F4 at 130.
        var bytes = ReceiptStory.Bytes(Example);
        Assert.Equal(132, bytes.Length);
        Assert.True(LedgerLeaf.TryRead(bytes, out _));
        for (var length = 0; length < 130; length++) Assert.False(LedgerLeaf.TryRead(bytes.AsSpan(0, length), out _), $"{length} bytes");
        Assert.False(LedgerLeaf.TryRead([.. bytes, .. new byte[15]], out _));
        foreach (var (at, value) in new (int, byte)[] { (0, 1), (0, 3), (2, 8), (2, 0xFF), (5, 0x80), (6, 0xFF), (125, 37), (126, 64), (127, (byte)' '), (127, 0x80), (130, 0) })
        {
            var changed = bytes.ToArray();
            changed[at] = value;
            Assert.False(LedgerLeaf.TryRead(changed, out _), $"byte {at}");
        }
    }

    [Fact]
    public void A_member_that_says_nothing_is_refused()
    {
        var bytes = ReceiptStory.Bytes(Example with { MemoCommitment = default, Outcome = 20 });
        Assert.True(LedgerLeaf.TryRead(bytes, out _));
        byte[] citesNothing = [.. bytes[..77], .. new byte[16], .. bytes[93..]];
        byte[] refusedForNothing = [.. bytes[..93], 0, .. bytes[94..]];
        Assert.False(LedgerLeaf.TryRead(citesNothing, out _));
        Assert.False(LedgerLeaf.TryRead(refusedForNothing, out _));
    }

    [Fact]
    public void Whatever_bytes_are_read_as_a_leaf_are_written_again_as_they_were()
    {
        var random = new Random(2);
        var read = 0;
        byte[][] seeds = [.. new[] { Example, Example with { MemoCommitment = default }, Example with { Cited = 0, Outcome = 21 }, Example with { Amount = default } }.Select(ReceiptStory.Bytes)];
        for (var round = 0; round < 200_000; round++)
        {
            var bytes = seeds[round % seeds.Length].ToArray();
            for (var changes = random.Next(1, 4); changes > 0; changes--) bytes[random.Next(bytes.Length)] = (byte)(random.Next(3) == 0 ? random.Next(256) : random.Next(9));
            if (random.Next(4) == 0) bytes = bytes[..random.Next(bytes.Length)];
            if (!LedgerLeaf.TryRead(bytes, out var leaf)) continue;
            read++;
            Assert.Equal(bytes, ReceiptStory.Bytes(leaf));
        }
        Assert.InRange(read, 10_000, 200_000);
    }

    [Fact]
    public void Salt_of_another_length_is_refused() =>
        Assert.Throws<ArgumentException>(() => LedgerLeaf.CommitToPayer(new byte[15], 1, new byte[32]));
}
