using System.Numerics;
using CsCheck;
using Farthing.Protocol.Fees;

namespace Farthing.Protocol.Tests.Fees;

public class FeeComparisonTests
{
    private static readonly DateOnly Today = new(2026, 11, 23);

    [Fact]
    public void A_cent_costs_thirty_times_itself_by_card_and_a_fifteenth_through_a_top_up()
    {
        var comparison = Compare("card-us");
        Assert.Equal("0.3 USD", comparison.DirectCost.ToString());
        Assert.Equal("3,000 %", comparison.DirectShare.ToString());
        Assert.False(comparison.IsMovedDirectly);
        Assert.Equal("bank-transfer", comparison.Out.Rail);
        Assert.Equal(("0.59 USD", "0.00005 USD", "0.25 USD"), (comparison.TopUpCost.ToString(), comparison.Fee.ToString(), comparison.PayoutCost.ToString()));
        // Of what is paid in: 0.59 of 10; half a percent of the 0.941 left; 0.25 of 50, of what is left then.
        Assert.Equal((59_000u, 4_705u, 4_682u), ((uint)comparison.TopUpShare.Millionths, (uint)comparison.OperatorShare.Millionths, (uint)comparison.PayoutShare.Millionths));
        Assert.Equal("6.84 %", comparison.Cost.ToString());
        Assert.True(comparison.Cost.Millionths < 80_000);
        Assert.Equal("0.009316 USD", comparison.KeptOfPrice.ToString());
    }

    [Fact]
    public void A_cent_over_a_token_costs_less_than_one_percent_the_operators_fee_included()
    {
        var comparison = Compare("token");
        Assert.Equal("0.51 %", comparison.Cost.ToString());
        Assert.True(comparison.Cost.Millionths < 10_000);
        Assert.Equal("0.01 %", Compare("token", 0).Cost.ToString());
        // A fee of one percent would have been too much for that.
        Assert.True(Compare("token", 98).Cost.Millionths < 10_000);
        Assert.True(Compare("token", 100).Cost.Millionths > 10_000);
    }

    [Fact]
    public void Shares_add_up_and_are_those_of_exact_fractions()
    {
        var kept = 0;
        var ways = FeeSchedules.Published.Ways(Asset.Usd, Today).ToArray();
        Gen.Select(Gen.Int[0, ways.Length - 1].Select(i => ways[i]), Gen.ULong[1, 20_000_000], Gen.ULong[1, 200_000_000], Gen.ULong[1, 500_000_000], Gen.UInt[0, 10_000]).Sample((way, price, topUp, payout, basisPoints) =>
        {
            var asset = way.In.Asset;
            var comparison = FeeComparison.Of(way.In, way.Out, new(asset, price), new(asset, topUp), new(asset, payout), basisPoints);
            Assert.Equal(FeeShare.Whole, comparison.TopUpShare.Millionths + comparison.OperatorShare.Millionths + comparison.PayoutShare.Millionths + comparison.Kept.Millionths);

            BigInteger Left(Amount whole, Amount cost) => cost.Units >= whole.Units ? 0 : (BigInteger)(whole.Units - cost.Units);
            var above = Left(comparison.TopUp, comparison.TopUpCost) * Left(comparison.Price, comparison.Fee) * Left(comparison.Payout, comparison.PayoutCost);
            var exact = above * FeeShare.Whole / ((BigInteger)topUp * price * payout);
            Assert.InRange((BigInteger)comparison.Kept.Millionths, exact - 1, exact);
            Assert.InRange((BigInteger)comparison.KeptOfPrice.Units, (above / ((BigInteger)topUp * payout)) - 1, above / ((BigInteger)topUp * payout));
            if (comparison.Kept.Millionths > 0) Interlocked.Increment(ref kept);
        }, iter: 5_000);
        Assert.True(kept > 1_000);
    }

    [Fact]
    public void The_largest_amounts_can_be_compared_and_larger_ones_are_refused()
    {
        var (card, bank) = FeeSchedules.Published.Ways(Asset.Usd, Today).First();
        var most = new Amount(Asset.Usd, Amount.MaxUnits);
        Assert.Equal("3.39 %", FeeComparison.Of(card, bank, most, most, most, 50).Cost.ToString());
        Assert.Throws<ArgumentException>(() => FeeComparison.Of(card, bank, new(Asset.Usd, Amount.MaxUnits + 1), most, most, 50));
        Assert.Throws<ArgumentException>(() => FeeComparison.Of(card, bank, new(Asset.Usd, 0), most, most, 50));
        Assert.Throws<ArgumentException>(() => FeeComparison.Of(card, bank, Amount.Parse("1 EUR"), most, most, 50));
    }

    [Fact]
    public void Every_rail_that_takes_money_in_has_one_that_pays_it_out()
    {
        var ways = FeeSchedules.Published.Ways(Asset.Usd, Today).Select(way => (way.In.Rail, way.In.Asset.Code, way.Out.Rail));
        Assert.Equal(
            [
                ("card-us", "USD", "bank-transfer"), ("card-eea", "EUR", "bank-transfer"), ("paypal", "USD", "bank-transfer"),
                ("paypal-micropayments", "USD", "bank-transfer"), ("bank-transfer", "USD", "bank-transfer"), ("token", "USD", "token"),
            ], ways);
        Assert.Equal(["card-eea", "bank-transfer", "token"], FeeSchedules.Published.Ways(Asset.Eur, Today, isOnly: true).Select(way => way.In.Rail));
        Assert.Empty(FeeSchedules.Published.Ways(Asset.Usd, new DateOnly(2010, 1, 1)));
    }

    [Theory]
    [InlineData(0, "0.00 %")]
    [InlineData(1, "0.0001 %")]
    [InlineData(20, "0.0020 %")]
    [InlineData(99, "0.0099 %")]
    [InlineData(100, "0.01 %")]
    [InlineData(149, "0.01 %")]
    [InlineData(150, "0.02 %")]
    [InlineData(68_387, "6.84 %")]
    [InlineData(999_950, "100.00 %")]
    [InlineData(1_000_000, "100 %")]
    [InlineData(30_000_000, "3,000 %")]
    [InlineData(30_005_000, "3,001 %")]
    public void Shares_are_shown_as_percentages(uint millionths, string text) => Assert.Equal(text, new FeeShare(millionths).ToString());

    private static FeeComparison Compare(string rail, uint feeBasisPoints = OperatorFee.DefaultBasisPoints)
    {
        var (moneyIn, moneyOut) = FeeSchedules.Published.Ways(Asset.Usd, Today).Single(way => way.In.Rail == rail);
        return FeeComparison.Of(moneyIn, moneyOut, Amount.Parse("0.01 USD"), Amount.Parse("10 USD"), Amount.Parse("50 USD"), feeBasisPoints);
    }
}
