using System.Text;
using CsCheck;

namespace Farthing.Protocol.Tests;

public class IdTests
{
    [Fact]
    public void Every_id_reads_back_from_its_text_and_no_other_kind_reads_it() =>
        Gen.UInt128.Sample(value =>
        {
            var id = new Id<PaymentKind>(value);
            var text = id.ToString();
            Span<byte> utf8 = stackalloc byte[Id<PaymentKind>.TextLength];
            id.FormatUtf8(utf8);
            return text.Length == Id<PaymentKind>.TextLength && Encoding.ASCII.GetString(utf8) == text
                && Id<PaymentKind>.TryParse(text, out var read) && read == id
                && !Id<WalletKind>.TryParse(text, out _);
        }, iter: 20_000);

    [Fact]
    public void Text_sorts_as_the_number_does() =>
        Gen.Select(Gen.UInt128, Gen.UInt128).Sample((a, b) =>
        {
            var (first, second) = (new Id<PaymentKind>(a), new Id<PaymentKind>(b));
            return Math.Sign(string.CompareOrdinal(first.ToString(), second.ToString())) == first.CompareTo(second)
                && first < second == a < b && first >= second == a >= b;
        }, iter: 20_000);

    [Theory]
    [InlineData("pay_00000000000000000000000000", true)]
    [InlineData("pay_7ZZZZZZZZZZZZZZZZZZZZZZZZZ", true)]
    [InlineData("pay_80000000000000000000000000", false)]
    [InlineData("pay_0000000000000000000000000", false)]
    [InlineData("pay_000000000000000000000000000", false)]
    [InlineData("PAY_00000000000000000000000000", false)]
    [InlineData("pay-00000000000000000000000000", false)]
    [InlineData("wal_00000000000000000000000000", false)]
    [InlineData("pay_0000000000000000000000000a", false)]
    [InlineData("pay_0000000000000000000000000O", false)]
    [InlineData("pay_0000000000000000000000000I", false)]
    [InlineData("pay_0000000000000000000000000L", false)]
    [InlineData("pay_0000000000000000000000000U", false)]
    [InlineData("pay_0000000000000000000000000-", false)]
    [InlineData("pay_0000000000000000000000000\u0660", false)]
    [InlineData(" pay_0000000000000000000000000", false)]
    [InlineData("", false)]
    public void Only_the_canonical_text_is_an_id(string text, bool isId)
    {
        Assert.Equal(isId, Id<PaymentKind>.TryParse(text, out _));
        if (!isId) Assert.Throws<FormatException>(() => Id<PaymentKind>.Parse(text));
    }

    [Fact]
    public void New_ids_carry_their_time_and_differ()
    {
        var time = new FixedTime(DateTimeOffset.FromUnixTimeMilliseconds(1_795_392_000_123));
        var ids = Enumerable.Range(0, 1000).Select(_ => Id<WalletKind>.New(time)).ToHashSet();
        Assert.Equal(1000, ids.Count);
        Assert.All(ids, id => Assert.Equal(1_795_392_000_123, IdBytes.TimeOf(id.Value)));
    }

    [Fact]
    public void Time_of_an_id_has_48_bits()
    {
        var most = IdBytes.Compose((1L << 48) - 1, [255, 255, 255, 255, 255, 255, 255, 255, 255, 255]);
        Assert.Equal(UInt128.MaxValue, most);
        Assert.Equal((1L << 48) - 1, IdBytes.TimeOf(most));
        Assert.Throws<ArgumentOutOfRangeException>(() => IdBytes.Compose(1L << 48, new byte[10]));
        Assert.Throws<ArgumentOutOfRangeException>(() => IdBytes.Compose(-1, new byte[10]));
    }

    private sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
