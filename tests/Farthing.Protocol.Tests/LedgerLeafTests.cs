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
            var leaf = Example with { Kind = kind, Outcome = kind, Code = (TransferCode)code, UnixMilliseconds = time, Id = id, Cited = units, Amount = new Amount(asset, units) };
            var bytes = ReceiptStory.Bytes(leaf);
            return LedgerLeaf.TryRead(bytes, out var read) && ReceiptStory.Bytes(read).AsSpan().SequenceEqual(bytes)
                && read.Amount == leaf.Amount && read.Id == leaf.Id && read.Code == leaf.Code && read.UnixMilliseconds == time;
        }, iter: 20_000);

    [Fact]
    public void Longest_leaf_fits_the_stated_length() =>
        Assert.Equal(LedgerLeaf.MaxLength, ReceiptStory.Bytes(Example with { Amount = new Amount(new Asset(new string('a', 64), 36), 1) }).Length);

    [Fact]
    public void Bytes_that_are_not_exactly_one_leaf_are_refused()
    {
        var bytes = ReceiptStory.Bytes(Example);
        Assert.True(LedgerLeaf.TryRead(bytes, out _));
        for (var length = 0; length < bytes.Length; length++) Assert.False(LedgerLeaf.TryRead(bytes.AsSpan(0, length), out _));
        Assert.False(LedgerLeaf.TryRead([.. bytes, 65], out _));
        foreach (var (at, value) in new (int, byte)[] { (0, 2), (3, 37), (6, 0x80), (7, 0xFF), (142, 2), (142, 4), (143, (byte)' '), (143, 0x80) })
        {
            var changed = bytes.ToArray();
            changed[at] = value;
            Assert.False(LedgerLeaf.TryRead(changed, out _), $"byte {at}");
        }
    }

    [Fact]
    public void Salt_of_another_length_is_refused() =>
        Assert.Throws<ArgumentException>(() => LedgerLeaf.CommitToPayer(new byte[15], 1, new byte[32]));
}
