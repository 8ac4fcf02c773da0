using System.Diagnostics;
using System.Text.RegularExpressions;
using Farthing.Server.Tests;

namespace Farthing.Browser.Tests;

/// <summary>The way of a program from end to end: the built command line, the built server and the built sample site.</summary>
public partial class ProgramPathTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    [Fact]
    public async Task Program_buys_an_article_and_receipt_and_ledger_prove_it()
    {
        await using var newsroom = await SampleNewsroom.StartAsync();
        using var api = new Api(newsroom.Server);
        var wallet = await api.NewWalletAsync("1");
        var article = new Uri(newsroom.Site, "/articles/the-penny-post").AbsoluteUri;

        // 1. Without a wallet's word the site gives the beginning at most.
        using (var http = new HttpClient())
        using (var unpaid = await http.GetAsync(article, TestContext.Current.CancellationToken))
        {
            Assert.Equal(402, (int)unpaid.StatusCode);
            Assert.DoesNotContain(ReaderTests.PaidText, await unpaid.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }

        // 2. Over its maximum it does not pay; within it it pays the price to the last millionth and gets the whole article.
        string[] pay = ["pay", article, "--wallet-key", wallet.Key, "--server", newsroom.Server.Address.AbsoluteUri];
        Assert.Equal(1, (await FarthingAsync([.. pay, "--max", "0.019999 USD"])).ExitCode);
        Assert.Equal(("1", "0"), await api.BalanceAsync(wallet));
        var paid = await FarthingAsync(pay);
        Assert.True(paid.ExitCode == 0, paid.Error);
        Assert.Contains(ReaderTests.PaidText, paid.Output, StringComparison.Ordinal);
        Assert.Equal(("0.98", "0"), await api.BalanceAsync(wallet));
        Assert.Equal(2, (await api.StatementAsync(wallet)).Count);

        // 3. The receipt proves it offline.
        var payment = PaymentId().Match(paid.Error).Value;
        var receipt = await api.GetAsync($"/v1/payments/{payment}/receipt", wallet.Key);
        Assert.True(receipt.Status == 200, receipt.Text);
        var file = Path.Combine(Path.GetTempPath(), $"{payment}.json");
        try
        {
            await File.WriteAllTextAsync(file, receipt.Text, TestContext.Current.CancellationToken);
            var verdict = await FarthingAsync("verify", file, "--key", (await api.GetAsync("/v1/ledger/key")).Text.Trim());
            Assert.True(verdict.ExitCode == 0, verdict.Output + verdict.Error);
            Assert.Contains("The receipt is valid.", verdict.Output, StringComparison.Ordinal);
            Assert.Contains("0.02 USD", verdict.Output, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }

        // 4. What the server leaves behind adds up.
        Assert.Equal(0, await newsroom.Server.TerminateAsync());
        var check = await FarthingAsync("ledger", "check", newsroom.Server.Data);
        Assert.True(check.ExitCode == 0, check.Output + check.Error);
        Assert.Contains("The ledger is sound.", check.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("NOT EQUAL", check.Output, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Output, string Error)> FarthingAsync(params string[] arguments)
    {
        using var deadline = new CancellationTokenSource(Patience);
        using var process = Process.Start(new ProcessStartInfo("dotnet", [SampleNewsroom.ProgramOf("Farthing.Cli", "farthing"), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
            var error = process.StandardError.ReadToEndAsync(deadline.Token);
            await process.WaitForExitAsync(deadline.Token);
            return (process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
    }

    [GeneratedRegex("pay_[0-9A-Z]{26}")]
    private static partial Regex PaymentId();
}
