using Farthing.Protocol.Fees;

namespace Farthing.Cli.Tests;

public class FeesCommandTests
{
    [Fact]
    public async Task A_cent_by_card_is_shown_directly_and_through_Farthing()
    {
        var result = await Invocation.RunAsync("fees", "--rail", "card-us", "--price", "0.01", "--top-up", "10", "--payout", "50", "--day", "2026-11-23");

        Assert.Equal((ExitCodes.Done, ""), (result.ExitCode, result.Error));
        Assert.StartsWith(
            """
            0.01 USD paid directly by card-us
              the rail takes 0.30 USD: 3,000 %
              nothing reaches the payee, who is 0.29 USD short
              in fact the rail moves nothing below 0.50 USD

            0.01 USD through Farthing: topped up by card-us, paid out by bank-transfer
              a top-up of 10.00 USD costs 0.59 USD        5.90 %
              the operator takes 0.50 % of each payment   0.47 %
              a payout of 50.00 USD costs 0.25 USD        0.47 %
              all fees, of what the payer pays in         6.84 %
              0.009316 USD reaches the payee             93.16 %

            card-us/USD/2023-01-01, read on 2026-11-23: https://stripe.com/pricing
            """, result.Output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Contains("Check before relying on it.", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_rails_are_shown_side_by_side()
    {
        var result = await Invocation.RunAsync("fees", "--price", "0.01", "--day", "2026-11-23");

        Assert.Equal((ExitCodes.Done, ""), (result.ExitCode, result.Error));
        Assert.Contains(
            """
            rail                       fees directly  fees through Farthing  reaches the payee  paid out by
            card-us               USD        3,000 %                 6.84 %            93.16 %  bank-transfer
            card-eea              EUR        2,500 %                 4.96 %            95.04 %  bank-transfer
            paypal                USD        5,000 %                 9.31 %            90.69 %  bank-transfer
            paypal-micropayments  USD        1,000 %                 6.84 %            93.16 %  bank-transfer
            bank-transfer         USD        2,500 %                 3.47 %            96.53 %  bank-transfer
            token                 USD        10.00 %                 0.51 %            99.49 %  token
            """, result.Output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_fee_the_day_and_the_payouts_rail_can_be_chosen()
    {
        var old = await Invocation.RunAsync("fees", "--price", "1", "--rail", "paypal", "--day", "2021-08-01");
        Assert.Contains("the rail takes 0.33 USD: 33.00 %", old.Output, StringComparison.Ordinal);
        var now = await Invocation.RunAsync("fees", "--price", "1", "--rail", "paypal", "--day", "2021-08-02");
        Assert.Contains("the rail takes 0.53 USD: 53.00 %", now.Output, StringComparison.Ordinal);
        var chosen = await Invocation.RunAsync("fees", "--price", "1", "--rail", "card-us", "--payout-rail", "token", "--fee-basis-points", "250");
        Assert.Contains("topped up by card-us, paid out by token", chosen.Output, StringComparison.Ordinal);
        Assert.Contains("the operator takes 2.50 % of each payment", chosen.Output, StringComparison.Ordinal);
        var euros = await Invocation.RunAsync("fees", "--price", "1", "--rail", "token", "--currency", "EUR");
        Assert.StartsWith("1.00 EUR paid directly by token", euros.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_operators_own_schedules_are_used()
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, """
                {"schedules":[{"rail":"bank-transfer","currency":"USD","from":"2026-01-01","moves":["in","out"],"minorUnit":"0.01","rounding":"up","minimum":"1",
                  "steps":[{"from":"0","basisPoints":0,"fixed":"0.02"}],"source":"our bank","readOn":"2026-11-23"}]}
                """, TestContext.Current.CancellationToken);
            var result = await Invocation.RunAsync("fees", "--price", "1", "--rail", "bank-transfer", "--schedules", file, "--payout", "0.5");
            Assert.Contains("the rail takes 0.02 USD: 2.00 %", result.Output, StringComparison.Ordinal);
            Assert.Contains("bank-transfer moves nothing below 1.00 USD: such a payout is not possible.", result.Output, StringComparison.Ordinal);
            await File.WriteAllTextAsync(file, """{"schedules":[{"rail":"bank-transfer"}]}""", TestContext.Current.CancellationToken);
            var faulty = await Invocation.RunAsync("fees", "--price", "1", "--schedules", file);
            Assert.Equal((ExitCodes.NoAnswer, $"{file}: Schedule 1 (bank-transfer): 'currency' must be a text of 1 to 1000 characters.\n"), (faulty.ExitCode, faulty.Error.ReplaceLineEndings("\n")));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("--price 0 --rail card-us", "--price must be more than nothing.")]
    [InlineData("--price 1e3", "--price must be a plain decimal such as 0.01, not '1e3'.")]
    [InlineData("--price 0.0000001", "--price has more decimals than USD, which has 6.")]
    [InlineData("--price 99999999999999999999", "--price is too large.")]
    [InlineData("--price 1 --top-up 0", "--top-up must be more than nothing.")]
    [InlineData("--price 1 --payout x", "--payout must be a plain decimal")]
    [InlineData("--price 1 --rail pigeon", "There is no rail pigeon. Use one of: card-us, card-eea,")]
    [InlineData("--price 1 --payout-rail pigeon", "There is no rail pigeon.")]
    [InlineData("--price 1 --payout-rail card-us", "No such rail is known to take money in and another to pay it out")]
    [InlineData("--price 1 --currency XYZ", "--currency is USD, EUR, GBP or BTC.")]
    [InlineData("--price 1 --fee-basis-points 10001", "--fee-basis-points is a whole number")]
    [InlineData("--price 1 --day tomorrow", "--day is a day such as 2022-06-30.")]
    [InlineData("--price 1 --day 2001-01-01", "No such rail is known")]
    [InlineData("--price 1 --schedules /nowhere/at/all.json", "/nowhere/at/all.json cannot be read")]
    [InlineData("", "--price")]
    public async Task What_cannot_be_answered_is_said(string arguments, string fault)
    {
        var result = await Invocation.RunAsync(["fees", .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        Assert.Equal(ExitCodes.NoAnswer, result.ExitCode);
        Assert.Contains(fault, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_default_fee_is_a_servers_default()
    {
        var result = await Invocation.RunAsync("fees", "--price", "1");
        Assert.Contains($"the operator takes {new FeeShare(OperatorFee.DefaultBasisPoints * 100)} of each payment", result.Output, StringComparison.Ordinal);
    }
}
