using System.Text;
using CsCheck;

namespace Farthing.Protocol.Tests;

public class AmountTests
{
    [Theory]
    [InlineData("-1", AmountError.AmountMustNotBeNegative)]
    [InlineData("-0.5", AmountError.AmountMustNotBeNegative)]
    [InlineData("-", AmountError.InvalidAmount)]
    [InlineData("--1", AmountError.InvalidAmount)]
    [InlineData("+1", AmountError.InvalidAmount)]
    [InlineData("", AmountError.InvalidAmount)]
    [InlineData(" ", AmountError.InvalidAmount)]
    [InlineData(" 1", AmountError.InvalidAmount)]
    [InlineData("1 ", AmountError.InvalidAmount)]
    [InlineData("1\n", AmountError.InvalidAmount)]
    [InlineData("1\0", AmountError.InvalidAmount)]
    [InlineData("NaN", AmountError.InvalidAmount)]
    [InlineData("Infinity", AmountError.InvalidAmount)]
    [InlineData("1e3", AmountError.InvalidAmount)]
    [InlineData("1E3", AmountError.InvalidAmount)]
    [InlineData("0x10", AmountError.InvalidAmount)]
    [InlineData("1,5", AmountError.InvalidAmount)]
    [InlineData("1,000", AmountError.InvalidAmount)]
    [InlineData("1_000", AmountError.InvalidAmount)]
    [InlineData("1.", AmountError.InvalidAmount)]
    [InlineData(".5", AmountError.InvalidAmount)]
    [InlineData(".", AmountError.InvalidAmount)]
    [InlineData("1.2.3", AmountError.InvalidAmount)]
    [InlineData("1.-2", AmountError.InvalidAmount)]
    [InlineData("01", AmountError.InvalidAmount)]
    [InlineData("00.5", AmountError.InvalidAmount)]
    [InlineData("\u0661", AmountError.InvalidAmount)]
    [InlineData("\uff11", AmountError.InvalidAmount)]
    [InlineData("$1", AmountError.InvalidAmount)]
    [InlineData("1 USD", AmountError.InvalidAmount)]
    [InlineData("0.0000001", AmountError.TooManyDecimals)]
    [InlineData("1.0000000", AmountError.TooManyDecimals)]
    [InlineData("1000000000000000001", AmountError.AmountTooLarge)]
    [InlineData("1000000000000000000.000001", AmountError.AmountTooLarge)]
    [InlineData("99999999999999999999999999999999999999999", AmountError.AmountTooLarge)]
    [InlineData("0.00000000000000000000000000000000000000000", AmountError.AmountTooLarge)]
    public void Text_that_is_no_amount_is_refused_by_name(string text, AmountError error)
    {
        Assert.Equal(error, Amount.TryParse(text, Asset.Usd, out var amount));
        Assert.Equal(default, amount);
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("0.0", 0)]
    [InlineData("0.02", 20_000)]
    [InlineData("0.020000", 20_000)]
    [InlineData("0.000001", 1)]
    [InlineData("1", 1_000_000)]
    [InlineData("12345678.9", 12_345_678_900_000)]
    public void Decimal_text_is_counted_in_millionths(string text, long units)
    {
        Assert.Equal(AmountError.None, Amount.TryParse(text, Asset.Usd, out var amount));
        Assert.Equal((UInt128)units, amount.Units);
        Assert.Equal(Asset.Usd, amount.Asset);
    }

    [Fact]
    public void Largest_amount_is_read_and_the_next_is_not()
    {
        Assert.Equal(AmountError.None, Amount.TryParse("1000000000000000000", Asset.Usd, out var amount));
        Assert.Equal(Amount.MaxUnits, amount.Units);
        Assert.Equal(AmountError.AmountTooLarge, Amount.TryParse("1000000000000000000.000001", Asset.Usd, out _));
    }

    [Fact]
    public void Every_amount_reads_back_from_its_shortest_text()
    {
        var assets = new[] { Asset.Usd, Asset.Btc, new Asset("YEN", 0), new Asset("TOKEN", 18) };
        Gen.Select(Gen.UInt128, Gen.Int[0, assets.Length - 1], Gen.Int[0, 24]).Sample((units, asset, shift) =>
        {
            units %= Amount.MaxUnits + 1;
            for (var i = 0; i < shift; i++) units /= 10;
            var amount = new Amount(assets[asset], units);
            var text = amount.ToDecimalString();
            Span<byte> utf8 = stackalloc byte[96];
            return Amount.TryParse(text, amount.Asset, out var read) == AmountError.None && read == amount
                && Encoding.ASCII.GetString(utf8[..amount.FormatUtf8(utf8)]) == text
                && (!text.Contains('.', StringComparison.Ordinal) || (!text.EndsWith('0') && !text.EndsWith('.')));
        }, iter: 20_000);
    }

    [Fact]
    public void Arithmetic_is_exact_and_refuses_to_mix_assets()
    {
        var cent = Amount.Parse("0.01 USD");
        Assert.Equal(Amount.Parse("0.03 USD"), cent + cent + cent);
        Assert.Equal(Amount.Parse("0.07 USD"), cent * 7);
        Assert.Equal(Amount.Parse("0.01 USD"), cent + cent - cent);
        Assert.Throws<InvalidOperationException>(() => cent + Amount.Parse("0.01 EUR"));
        Assert.Throws<InvalidOperationException>(() => cent - new Amount(new Asset("USD", 2), 1));
        Assert.Throws<OverflowException>(() => cent - cent - cent);
        Assert.Throws<OverflowException>(() => new Amount(Asset.Usd, UInt128.MaxValue) + cent);
        Assert.Throws<OverflowException>(() => new Amount(Asset.Usd, UInt128.MaxValue) * 2);
    }

    [Theory]
    [InlineData(20_000, 500, 1_000)]
    [InlineData(19, 500, 0)]
    [InlineData(20, 500, 1)]
    [InlineData(39, 500, 1)]
    [InlineData(1, 10_000, 1)]
    [InlineData(1, 0, 0)]
    public void Share_is_rounded_down(int units, int basisPoints, int share) =>
        Assert.Equal(new Amount(Asset.Usd, (UInt128)share), new Amount(Asset.Usd, (UInt128)units).ShareRoundedDown((uint)basisPoints));

    [Theory]
    [InlineData("0.002")]
    [InlineData("0.002  USD")]
    [InlineData("0.002 usd")]
    [InlineData("0 USD")]
    [InlineData("-1 USD")]
    [InlineData("USD 1")]
    [InlineData("")]
    public void Price_in_source_code_that_is_none_throws(string price) => Assert.Throws<FormatException>(() => Amount.Parse(price));

    [Fact]
    public void Amount_names_its_currency() => Assert.Equal("0.02 USD", Amount.Parse("0.02 USD").ToString());
}
