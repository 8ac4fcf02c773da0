using System.Numerics;
using CsCheck;
using Farthing.Protocol;

namespace Farthing.Payments.Tests;

public class SharesTests
{
    // Small, ordinary, and as large as amounts get: the product of two large ones needs more than 128 bits.
    private static readonly Gen<UInt128> Units = Gen.OneOf(
        Gen.ULong[0, 20].Select(small => (UInt128)small),
        Gen.ULong[0, 100_000_000].Select(usual => (UInt128)usual),
        Gen.Select(Gen.ULong, Gen.ULong, (high, low) => new UInt128(high, low) % (Amount.MaxUnits + 1)));

    private static readonly Gen<UInt128[]> Weights = Units.Array[1, 40].Where(weights => weights.Any(weight => weight != 0));

    [Theory]
    [InlineData(10, "1 1 1", "4 3 3")]
    [InlineData(11, "1 1 1", "4 4 3")]
    [InlineData(1, "3333 3333 3334", "0 0 1")]
    [InlineData(19_000, "7000 2000 1000", "13300 3800 1900")]
    [InlineData(19_001, "7000 2000 1000", "13301 3800 1900")]
    [InlineData(7, "0 5 0 5", "0 4 0 3")]
    [InlineData(0, "1 2", "0 0")]
    [InlineData(0, "0 0", "0 0")]
    [InlineData(6, "1 2 3", "1 2 3")]
    [InlineData(5, "1 2 3", "1 2 2")]
    [InlineData(100, "1", "100")]
    public void Units_are_divided_as_an_accountant_would(int units, string weights, string shares) =>
        Assert.Equal(Read(shares), Divide((UInt128)units, Read(weights)));

    [Fact]
    public void Shares_add_up_and_are_less_than_one_unit_from_their_exact_part() =>
        Gen.Select(Units, Weights).Sample((units, weights) =>
        {
            var shares = Divide(units, weights);
            var whole = Sum(weights);
            Assert.Equal(units, Sum(shares));
            for (var i = 0; i < shares.Length; i++)
                Assert.True(BigInteger.Abs(((BigInteger)shares[i] * whole) - ((BigInteger)units * weights[i])) < whole);
        });

    [Fact]
    public void Nobody_gives_back_more_than_it_has() =>
        Gen.Select(Units, Weights).Sample((units, weights) =>
        {
            var whole = Sum(weights);
            var shares = Divide(units % (whole + 1), weights);
            for (var i = 0; i < shares.Length; i++) Assert.True(shares[i] <= weights[i]);
            Assert.Equal(weights, Divide(whole, weights));
        });

    [Fact]
    public void A_larger_weight_never_gets_less_and_an_equal_one_gets_the_unit_if_it_comes_first() =>
        Gen.Select(Units, Weights).Sample((units, weights) =>
        {
            var shares = Divide(units, weights);
            for (var i = 0; i < weights.Length; i++)
            {
                for (var j = i + 1; j < weights.Length; j++)
                {
                    if (weights[i] >= weights[j]) Assert.True(shares[i] >= shares[j]);
                    else Assert.True(shares[i] <= shares[j]);
                }
            }
        });

    [Fact]
    public void The_largest_amount_is_divided_by_the_largest_weights()
    {
        UInt128[] weights = [Amount.MaxUnits, Amount.MaxUnits, Amount.MaxUnits];
        var third = Amount.MaxUnits / 3;
        Assert.Equal([third + 1, third, third], Divide(Amount.MaxUnits, weights));
        Assert.Equal([UInt128.MaxValue], Divide(UInt128.MaxValue, [UInt128.MaxValue]));
    }

    [Fact]
    public void What_cannot_be_divided_is_a_bug_of_the_caller()
    {
        Assert.Throws<ArgumentException>(() => Divide(1, [0, 0]));
        Assert.Throws<ArgumentException>(() => Divide(1, []));
        Assert.Throws<ArgumentException>(() => Shares.Divide(1, [1, 1], new UInt128[1]));
        Assert.Throws<OverflowException>(() => Divide(1, [UInt128.MaxValue, 1]));
    }

    private static UInt128[] Divide(UInt128 units, UInt128[] weights)
    {
        var shares = new UInt128[weights.Length];
        Array.Fill(shares, UInt128.MaxValue);
        Shares.Divide(units, weights, shares);
        return shares;
    }

    private static UInt128 Sum(UInt128[] parts) => parts.Aggregate(UInt128.Zero, (sum, part) => checked(sum + part));

    private static UInt128[] Read(string numbers) => [.. numbers.Split(' ').Select(UInt128.Parse)];
}
