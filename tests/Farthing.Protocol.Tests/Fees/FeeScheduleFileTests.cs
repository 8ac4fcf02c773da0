using System.Text;
using Farthing.Protocol.Fees;

namespace Farthing.Protocol.Tests.Fees;

public class FeeScheduleFileTests
{
    private const string Own = """
        {
          "schedules": [
            {
              "rail": "bank-transfer", "currency": "EUR", "from": "2026-01-01", "moves": ["out"], "minorUnit": "0.01", "rounding": "up", "minimum": "1",
              "steps": [{ "from": "0", "basisPoints": 0, "fixed": "0.10" }, { "from": "1000", "basisPoints": 1, "fixed": "0" }],
              "source": "our bank", "readOn": "2026-11-23"
            }
          ]
        }
        """;

    [Fact]
    public void An_operators_own_prices_replace_the_published_ones_of_a_rail_and_currency()
    {
        Assert.True(FeeSchedules.TryParse(Encoding.UTF8.GetBytes(Own), out var own, out var fault), fault);
        var schedules = FeeSchedules.Published.With(own);
        var day = new DateOnly(2026, 11, 23);

        Assert.Equal("0.1", schedules.Find("bank-transfer", Asset.Eur, day)!.CostOf(Amount.Parse("50 EUR")).ToDecimalString());
        Assert.Equal("0.11", schedules.Find("bank-transfer", Asset.Eur, day)!.CostOf(Amount.Parse("1005 EUR")).ToDecimalString());
        Assert.False(schedules.Find("bank-transfer", Asset.Eur, day)!.MovesIn);
        Assert.Equal("0.25", schedules.Find("bank-transfer", Asset.Usd, day)!.CostOf(Amount.Parse("50 USD")).ToDecimalString());
        // What was published for older days is not the operator's price either.
        Assert.Null(schedules.Find("bank-transfer", Asset.Eur, new DateOnly(2025, 12, 31)));
    }

    [Theory]
    [InlineData("\"0.10\"", "\"0,10\"", "Schedule 1 (bank-transfer), step 1: 'fixed' must be a decimal such as \"0.30\", not \"0,10\" (InvalidAmount).")]
    [InlineData("\"0.10\"", "\"-1\"", "not \"-1\" (AmountMustNotBeNegative)")]
    [InlineData("\"0.10\"", "\"0.1000001\"", "(TooManyDecimals)")]
    [InlineData("\"0.10\"", "0.10", "step 1: 'fixed' must be a text")]
    [InlineData("\"EUR\"", "\"XYZ\"", "Schedule 1 (bank-transfer): 'currency' is USD, EUR, GBP or BTC.")]
    [InlineData("\"up\"", "\"down\"", "'rounding' is \"up\" or \"nearest\".")]
    [InlineData("2026-01-01", "2026-02-30", "'from' must be a day")]
    [InlineData("[\"out\"]", "[]", "'moves' is")]
    [InlineData("[\"out\"]", "[\"out\", \"out\"]", "'moves' is")]
    [InlineData("[\"out\"]", "[1]", "'moves' is")]
    [InlineData("\"basisPoints\": 1,", "\"basisPoints\": 10000,", "step 2: 'basisPoints' must be a whole number from 0 to 9999.")]
    [InlineData("\"basisPoints\": 1,", "\"basisPoints\": -1,", "step 2: 'basisPoints' must be a whole number from 0 to 9999.")]
    [InlineData("\"from\": \"0\"", "\"from\": \"1\"", "step 1: the first step is from \"0\"")]
    [InlineData("\"from\": \"1000\"", "\"from\": \"0\"", "step 2: the first step is from \"0\", and each later one from more")]
    [InlineData("\"from\": \"1000\"", "\"from\": \"1000.001\"", "step 2: 'from' must be a multiple of 'minorUnit'.")]
    [InlineData("\"minimum\"", "\"minimun\"", "'minimum' must be a text")]
    [InlineData("\"source\": \"our bank\"", "\"source\": \"our bank\", \"max\": \"5\"", "Schedule 1 (bank-transfer): 'max' is not known here.")]
    [InlineData("\"source\": \"our bank\"", "\"source\": \"our bank\", \"source\": \"x\"", "is not well-formed JSON")]
    [InlineData("\"our bank\",", "\"our bank\"", "Line 6 is not well-formed JSON.")]
    [InlineData("\"minorUnit\": \"0.01\"", "\"minorUnit\": \"0\"", "'minorUnit' is zero")]
    [InlineData("\"bank-transfer\"", "\"Bank Transfer\"", "Schedule 1: 'rail' is")]
    [InlineData("\"our bank\"", "\"\\ud800\"", "is not well-formed JSON")]
    public void A_faulty_file_is_refused_with_the_place(string good, string bad, string fault)
    {
        Assert.Contains(good, Own, StringComparison.Ordinal);
        Assert.False(FeeSchedules.TryParse(Encoding.UTF8.GetBytes(Own.Replace(good, bad, StringComparison.Ordinal)), out var none, out var said));
        Assert.Contains(fault, said, StringComparison.Ordinal);
        Assert.Empty(none.All);
    }

    [Fact]
    public void A_version_stands_once()
    {
        var one = Own[Own.IndexOf("    {\n      \"rail\"", StringComparison.Ordinal)..Own.LastIndexOf("\n  ]", StringComparison.Ordinal)];
        var twice = Own.Replace(one, $"{one},\n{one}", StringComparison.Ordinal);
        Assert.False(FeeSchedules.TryParse(Encoding.UTF8.GetBytes(twice), out _, out var fault));
        Assert.Equal("Schedule 2: bank-transfer/EUR/2026-01-01 stands twice.", fault);
    }

    [Fact]
    public void No_bytes_make_the_reader_throw()
    {
        var random = new Random(20261123);
        var bytes = Encoding.UTF8.GetBytes(Own);
        var refused = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var mutated = bytes.AsSpan(0, random.Next(4) == 0 ? random.Next(bytes.Length) : bytes.Length).ToArray();
            for (var changes = random.Next(4); changes > 0 && mutated.Length > 0; changes--) mutated[random.Next(mutated.Length)] = (byte)random.Next(256);
            if (!FeeSchedules.TryParse(mutated, out _, out var fault))
            {
                Assert.NotEqual("", fault);
                refused++;
            }
        }

        Assert.InRange(refused, 10_000, 19_999);
    }
}
