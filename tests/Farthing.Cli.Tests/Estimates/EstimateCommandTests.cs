using System.IO.Compression;
using System.Text;

namespace Farthing.Cli.Tests.Estimates;

public sealed class EstimateCommandTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("farthing-estimate-").FullName;

    [Fact]
    public async Task Paths_days_and_rails_are_listed_after_fees()
    {
        var result = await RunAsync(Log(), "--day", "2026-11-23");

        Assert.Equal(ExitCodes.Done, result.ExitCode);
        Assert.Matches("^11 lines in [0-9,]+ ms: [0-9,]+ a second.\n$", result.Error.ReplaceLineEndings("\n"));
        Assert.Equal(
            """
            2026-10-10 to 2026-10-11, 11 lines: 5 payments, 0.064 USD at your prices.
            Not counted: 1 free or without a price; 1 not GET; 1 not answered with what is paid for; 1 by programs, by their own word; 1 read again by who had paid; 1 not of the combined format.
              access.log, line 10: it has no time in brackets.

            by path      payments  paid, USD  reaches you by bank-transfer  reaches you by token
            /articles/a         2       0.04                      0.039601              0.039799
            /articles/b         1       0.02                        0.0198              0.019899
            /api/now            2      0.004                       0.00396              0.003979

            by day      payments  paid, USD  reaches you by bank-transfer  reaches you by token
            2026-10-10         3      0.042                      0.041581              0.041789
            2026-10-11         2      0.022                       0.02178              0.021889

            by rail               payers pay in, USD  reaches you  you keep  paid directly  paid out by
            card-us                         0.068012     0.063361   93.16 %        nothing  bank-transfer
            paypal                          0.069868     0.063361   90.69 %        nothing  bank-transfer
            paypal-micropayments            0.068012     0.063361   93.16 %        nothing  bank-transfer
            bank-transfer                   0.065641     0.063361   96.53 %        nothing  bank-transfer
            token                           0.064006     0.063678   99.49 %          0.059  token

            Top-ups of 10.00 USD, payouts of 50.00 USD, operator's fee 0.50 %; rails' prices of 2026-11-23: check before relying on them.
            An estimate of the most: everybody who read would have paid. Nobody knows how many would.

            """, result.Output.ReplaceLineEndings("\n").Replace($"{directory}/", "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task One_rail_and_another_fee_can_be_asked_for_and_bots_counted()
    {
        var result = await RunAsync(Log(), "--rail", "token", "--fee-basis-points", "0", "--bots", "--top", "1");
        Assert.Contains("6 payments, 0.084 USD at your prices.", result.Output, StringComparison.Ordinal);
        Assert.Contains("2 other paths", result.Output, StringComparison.Ordinal);
        Assert.Contains("1 days before", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("card-us", result.Output, StringComparison.Ordinal);
        Assert.Contains("operator's fee 0.00 %", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_path_and_day_is_a_line_of_csv()
    {
        var result = await RunAsync(Log().Replace("/articles/b", "/articles/\\\"x,\u0007y", StringComparison.Ordinal), "--csv", "--day", "2026-11-23");
        Assert.Equal(
            """
            day,path,price,payments,paid,operatorFees,afterPayoutsBy:bank-transfer,afterPayoutsBy:token
            2026-10-10,"/api/now",0.002,1,0.002,0.00001,0.00198,0.001989
            2026-10-10,"/articles/a",0.02,2,0.04,0.0002,0.039601,0.039799
            2026-10-11,"/api/now",0.002,1,0.002,0.00001,0.00198,0.001989
            2026-10-11,"/articles/\""x,?y",0.02,1,0.02,0.0001,0.0198,0.019899

            """, result.Output.ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task Compressed_logs_are_read_like_others_and_several_together()
    {
        var packed = Path.Combine(directory, "access.log.1.gz");
        await using (var gzip = new GZipStream(File.Create(packed), CompressionLevel.Fastest)) await gzip.WriteAsync(Encoding.UTF8.GetBytes(Log()), TestContext.Current.CancellationToken);
        var plain = Write("access.log", Log().Replace("10.0.0.", "10.0.1.", StringComparison.Ordinal));
        var result = await Invocation.RunAsync("estimate", packed, plain, "--prices", Write("prices.yaml", Prices));
        Assert.Contains("22 lines: 10 payments, 0.128 USD", result.Output, StringComparison.Ordinal);

        await File.WriteAllBytesAsync(packed, (await File.ReadAllBytesAsync(packed, TestContext.Current.CancellationToken))[..60], TestContext.Current.CancellationToken);
        var cut = await Invocation.RunAsync("estimate", packed, "--prices", Write("prices.yaml", Prices));
        Assert.Equal(ExitCodes.NoAnswer, cut.ExitCode);
    }

    [Fact]
    public async Task The_terminal_is_told_nothing_by_whoever_wrote_a_path()
    {
        var result = await RunAsync(Log().Replace("/articles/b", "/articles/\u001b[2Jb", StringComparison.Ordinal));
        Assert.Contains("/articles/?[2Jb", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_first_malformed_lines_are_named_and_the_others_counted()
    {
        var result = await RunAsync(Log() + string.Concat(Enumerable.Repeat("what\n", 1_200)));
        Assert.Contains("1,201 not of the combined format", result.Output, StringComparison.Ordinal);
        Assert.Contains("line 12: it has no address.", result.Output, StringComparison.Ordinal);
        Assert.Contains("  and 1,196 more.", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_in_which_nothing_would_be_paid_says_so()
    {
        var result = await RunAsync(Log().Replace("/articles/", "/elsewhere/", StringComparison.Ordinal).Replace("/api/", "/elsewhere/", StringComparison.Ordinal));
        Assert.Equal(ExitCodes.Done, result.ExitCode);
        Assert.Contains("0 payments, 0.00 USD at your prices.", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("by rail", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "There is no line of the combined log format in access.log.")]
    [InlineData("PK\u0003\u0004 something else\n{}\n", "Line 1 of access.log: it has no time in brackets.")]
    public async Task What_is_no_log_is_refused(string log, string fault)
    {
        var result = await RunAsync(log);
        Assert.Equal((ExitCodes.NoAnswer, ""), (result.ExitCode, result.Output));
        Assert.Contains(fault, result.Error.Replace($"{directory}/", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("currency: USD\nprices:\n  - path: /a\n    price: dear", "prices.yaml, line 4: a price is a plain decimal such as 0.02, or free: 'dear' is neither.")]
    [InlineData("currency: BTC\nprices:\n  - path: /a\n    price: 1", "No such rail is known to take money in and another to pay it out in BTC on")]
    public async Task What_are_no_prices_is_refused(string prices, string fault)
    {
        var result = await Invocation.RunAsync("estimate", Write("access.log", Log()), "--prices", Write("prices.yaml", prices));
        Assert.Equal((ExitCodes.NoAnswer, ""), (result.ExitCode, result.Output));
        Assert.Contains(fault, result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--rail pigeon", "There is no rail pigeon.")]
    [InlineData("--rail card-eea", "No such rail is known to take money in and another to pay it out in USD on")]
    [InlineData("--top 0", "--top is a whole number from 1 to 100000.")]
    [InlineData("--top-up 0", "--top-up must be more than nothing.")]
    [InlineData("--payout x", "--payout must be a plain decimal")]
    public async Task Wrong_options_are_refused(string options, string fault)
    {
        var result = await RunAsync(Log(), options.Split(' '));
        Assert.Equal((ExitCodes.NoAnswer, ""), (result.ExitCode, result.Output));
        Assert.Contains(fault, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_there_is_named()
    {
        var prices = Write("prices.yaml", Prices);
        var none = Path.Combine(directory, "none");
        Assert.Contains($"{none} was not read to its end:", (await Invocation.RunAsync("estimate", none, "--prices", prices)).Error, StringComparison.Ordinal);
        Assert.Contains($"{none} cannot be read:", (await Invocation.RunAsync("estimate", prices, "--prices", none)).Error, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);

    private const string Prices = """
        currency: USD
        prices:
          - path: /articles/*
            price: 0.02
          - path: /api/*
            price: 0.002
            per: request
        """;

    private static string Log() => """
        10.0.0.1 - - [10/Oct/2026:13:55:36 +0000] "GET /articles/a HTTP/1.1" 200 2326 "-" "Firefox"
        10.0.0.1 - - [10/Oct/2026:13:56:36 +0000] "GET /articles/a HTTP/1.1" 200 2326 "-" "Firefox"
        10.0.0.2 - - [10/Oct/2026:13:57:36 +0000] "GET /articles/a HTTP/1.1" 200 2326 "-" "Firefox"
        10.0.0.3 - - [10/Oct/2026:13:57:36 +0000] "GET /articles/a HTTP/1.1" 200 2326 "-" "Googlebot/2.1"
        10.0.0.2 - - [10/Oct/2026:13:57:37 +0000] "GET /favicon.ico HTTP/1.1" 200 300 "-" "Firefox"
        10.0.0.2 - - [10/Oct/2026:13:58:36 +0000] "GET /api/now HTTP/1.1" 200 12 "-" "Firefox"
        10.0.0.2 - - [11/Oct/2026:00:00:01 +0000] "GET /api/now HTTP/1.1" 200 12 "-" "Firefox"
        10.0.0.2 - - [11/Oct/2026:00:00:02 +0000] "GET /articles/c HTTP/1.1" 404 153 "-" "Firefox"
        10.0.0.2 - - [11/Oct/2026:00:00:03 +0000] "HEAD /articles/b HTTP/1.1" 200 0 "-" "Firefox"
        10.0.0.2 - - cut off
        10.0.0.2 - - [11/Oct/2026:00:00:04 +0000] "GET /articles/b HTTP/1.1" 200 2326 "-" "Firefox"

        """.ReplaceLineEndings("\n");

    private Task<Invocation> RunAsync(string log, params string[] options) =>
        Invocation.RunAsync(["estimate", Write("access.log", log), "--prices", Write("prices.yaml", Prices), .. options]);

    private string Write(string name, string text)
    {
        var path = Path.Combine(directory, name);
        File.WriteAllText(path, text);
        return path;
    }
}
