using System.Numerics;
using CsCheck;
using Farthing.Protocol.Fees;

namespace Farthing.Protocol.Tests.Fees;

public class FeeScheduleTests
{
    private static readonly DateOnly Today = new(2026, 11, 23);
    private static readonly Amount Cent = Amount.Parse("0.01 USD");

    [Theory]
    [InlineData("card-us", "0.01 USD", "0.3 USD")]
    [InlineData("card-us", "10 USD", "0.59 USD")]
    [InlineData("card-us", "100 USD", "3.2 USD")]
    [InlineData("card-us", "0.50 USD", "0.31 USD")] // 0.3145, to the nearest cent
    [InlineData("card-us", "0.70 USD", "0.32 USD")] // 0.3203
    [InlineData("card-us", "0.69 USD", "0.32 USD")] // 0.32001
    [InlineData("card-us", "5 USD", "0.45 USD")]    // 0.445: a half goes up
    [InlineData("card-eea", "10 EUR", "0.4 EUR")]
    [InlineData("paypal", "10 USD", "0.84 USD")]    // 0.839, up
    [InlineData("paypal", "100 USD", "3.98 USD")]
    [InlineData("paypal-micropayments", "0.01 USD", "0.1 USD")] // 0.090499, up
    [InlineData("paypal-micropayments", "10 USD", "0.59 USD")]  // 0.589, up
    [InlineData("bank-transfer", "50 EUR", "0.25 EUR")]
    [InlineData("token", "50 USD", "0.001 USD")]
    [InlineData("token", "0.000001 USD", "0.001 USD")]
    public void A_rail_takes_what_it_publishes(string rail, string amount, string cost)
    {
        var moved = Amount.Parse(amount);
        Assert.Equal(Amount.Parse(cost), FeeSchedules.Published.Find(rail, moved.Asset, Today)!.CostOf(moved));
    }

    [Fact]
    public void Nothing_costs_nothing() => Assert.All(FeeSchedules.Published.All, schedule => Assert.True(schedule.CostOf(new Amount(schedule.Asset, 0)).IsZero));

    [Theory]
    [InlineData("card-us", 1000u, "4.2")]   // 4.19 costs 0.42, a little too much
    [InlineData("card-us", 500u, "14.4")]
    [InlineData("card-us", 290u, null)]
    [InlineData("bank-transfer", 1000u, "2.5")]
    [InlineData("bank-transfer", 1u, "2500")]
    [InlineData("bank-transfer", 0u, null)]
    [InlineData("token", 1000u, "0.01")]
    [InlineData("card-us", 10_000u, "0.5")] // the least that the rail moves at all
    public void The_least_amount_within_a_percentage_is_named(string rail, uint basisPoints, string? least)
    {
        var schedule = FeeSchedules.Published.Find(rail, Asset.Usd, Today)!;
        Assert.Equal(least, schedule.LeastWithin(basisPoints)?.ToDecimalString());
    }

    [Fact]
    public void The_schedule_of_the_day_explains_an_old_payment()
    {
        var ten = Amount.Parse("10 EUR");
        FeeSchedule? On(int year, int month, int day) => FeeSchedules.Published.Find("card-eea", Asset.Eur, new DateOnly(year, month, day));

        Assert.Null(On(2015, 12, 8));
        Assert.Equal("card-eea/EUR/2015-12-09", On(2015, 12, 9)!.Version);
        Assert.Equal("card-eea/EUR/2015-12-09", On(2023, 4, 9)!.Version);
        Assert.Equal("card-eea/EUR/2023-04-10", On(2023, 4, 10)!.Version);
        Assert.Equal("0.39", On(2023, 4, 9)!.CostOf(ten).ToDecimalString());
        Assert.Equal("0.4", On(2026, 11, 23)!.CostOf(ten).ToDecimalString());
        Assert.Null(FeeSchedules.Published.Find("card-eea", Asset.Usd, Today));
        Assert.Null(FeeSchedules.Published.Find("pigeon", Asset.Usd, Today));
    }

    [Fact]
    public void Everything_published_has_a_source_a_day_and_a_warning()
    {
        Assert.Equal(["card-us", "card-eea", "paypal", "paypal-micropayments", "bank-transfer", "token"], FeeSchedules.Published.Rails);
        Assert.All(FeeSchedules.Published.All, schedule =>
        {
            Assert.NotEqual("", schedule.Source);
            Assert.True(schedule.ReadOn >= schedule.From);
            Assert.EndsWith("Check before relying on it.", schedule.Note, StringComparison.Ordinal);
            Assert.Same(schedule, FeeSchedules.Published.Find(schedule.Rail, schedule.Asset, schedule.From));
        });
    }

    [Fact]
    public void Amounts_of_another_currency_are_not_priced()
    {
        var schedule = FeeSchedules.Published.Find("card-us", Asset.Usd, Today)!;
        Assert.Throws<ArgumentException>(() => schedule.CostOf(Amount.Parse("1 EUR")));
        Assert.Throws<ArgumentException>(() => schedule.RoundDown(Amount.Parse("1 EUR")));
        Assert.Throws<ArgumentOutOfRangeException>(() => schedule.LeastWithin(10_001));
    }

    [Fact]
    public void What_is_below_the_minor_unit_stays_behind()
    {
        var schedule = FeeSchedules.Published.Find("bank-transfer", Asset.Usd, Today)!;
        Assert.Equal("1.23", schedule.RoundDown(Amount.Parse("1.239999 USD")).ToDecimalString());
        Assert.True(schedule.RoundDown(Amount.Parse("0.009999 USD")).IsZero);
    }

    [Fact]
    public void A_ceiling_is_a_step()
    {
        // 0.8 %, at most 5.00, which is reached at 625.
        var schedule = Schedule(FeeRounding.Up, Cent, (0, 80, 0), (62_500, 0, 500));
        Assert.Equal("4.99", schedule.CostOf(Amount.Parse("623.5 USD")).ToDecimalString());
        Assert.Equal("5", schedule.CostOf(Amount.Parse("625 USD")).ToDecimalString());
        Assert.Equal("5", schedule.CostOf(Amount.Parse("1000000 USD")).ToDecimalString());
        Assert.Equal("1000", schedule.LeastWithin(50)!.Value.ToDecimalString());
        Assert.Equal("0.01", schedule.LeastWithin(10_000)!.Value.ToDecimalString());
    }

    [Fact]
    public void Costs_are_those_of_a_naive_computation()
    {
        var seen = 0;
        Gen.Select(GenSchedule, Gen.ULong[0, 30_000_000]).Sample((schedule, units) =>
        {
            var amount = new Amount(Asset.Usd, units);
            Assert.Equal(NaiveCost(schedule, units), (BigInteger)schedule.CostOf(amount).Units);
            if (units > 0) Interlocked.Increment(ref seen);
        }, iter: 20_000);
        Assert.True(seen > 10_000);
    }

    [Fact]
    public void The_least_amount_within_is_that_of_a_naive_search()
    {
        var (found, none) = (0, 0);
        // Steps of ten basis points and at most nine cents keep every answer below what is searched.
        Gen.Select(GenSchedule, Gen.UInt[0, 30].Select(tens => tens * 10)).Sample((schedule, basisPoints) =>
        {
            // No round number: a percentage without a fixed part comes out even there, and would look within.
            const int Searched = 11_999;
            bool IsWithin(int count)
            {
                var units = (ulong)count * 10_000;
                return units >= schedule.Minimum.Units && NaiveCost(schedule, units) * 10_000 <= (BigInteger)units * basisPoints;
            }

            var outside = Searched;
            while (outside > 0 && IsWithin(outside)) outside--;
            var least = schedule.LeastWithin(basisPoints);
            if (outside == Searched)
            {
                Assert.Null(least);
                Interlocked.Increment(ref none);
                return;
            }

            Assert.Equal((UInt128)(outside + 1) * 10_000, least!.Value.Units);
            Assert.True(schedule.IsWithin(least.Value, basisPoints));
            Interlocked.Increment(ref found);
        }, iter: 300);
        Assert.True(found > 50 && none > 20, $"{found} found, {none} none");
    }

    private static readonly Gen<FeeSchedule> GenSchedule = Gen.Select(
        Gen.Bool,
        Gen.Select(Gen.UInt[0, 20].Select(tens => tens * 10), Gen.Int[0, 9]).Array[1, 4],
        Gen.Int[1, 900].Array[3],
        Gen.Int[0, 60]).Select((isUp, prices, widths, minimum) =>
    {
        var from = 0;
        var steps = new List<(int, uint, int)>();
        for (var i = 0; i < prices.Length; i++)
        {
            steps.Add((from, prices[i].Item1, prices[i].Item2));
            from += widths[Math.Min(i, widths.Length - 1)];
        }

        return Schedule(isUp ? FeeRounding.Up : FeeRounding.Nearest, new Amount(Asset.Usd, (UInt128)minimum * 10_000), [.. steps]);
    });

    /// <summary>A schedule in dollars and cents; steps are cents, basis points and cents.</summary>
    internal static FeeSchedule Schedule(FeeRounding rounding, Amount minimum, params (int From, uint BasisPoints, int Fixed)[] steps) => new()
    {
        Rail = "made-up",
        Asset = Asset.Usd,
        From = new DateOnly(2026, 1, 1),
        MovesIn = true,
        MovesOut = true,
        MinorUnit = Cent,
        Rounding = rounding,
        Minimum = minimum,
        Steps = [.. steps.Select(step => new FeeStep(new Amount(Asset.Usd, (UInt128)step.From * 10_000), step.BasisPoints, new Amount(Asset.Usd, (UInt128)step.Fixed * 10_000)))],
        Source = "a test",
        ReadOn = Today,
        Note = "",
    };

    /// <summary>By fractions: cents are rounded by comparing, not by dividing.</summary>
    private static BigInteger NaiveCost(FeeSchedule schedule, ulong units)
    {
        if (units == 0) return 0;
        var step = schedule.Steps.Last(step => step.From.Units <= units);
        // In ten-thousandths of a millionth.
        var exact = ((BigInteger)units * step.BasisPoints) + ((BigInteger)step.Fixed.Units * 10_000);
        var cent = (BigInteger)10_000 * 10_000;
        var below = exact - (exact % cent);
        var isUp = schedule.Rounding == FeeRounding.Up ? exact > below : (exact - below) * 2 >= cent;
        return (isUp ? below + cent : below) / 10_000;
    }
}
