using System.Diagnostics;
using System.Text.RegularExpressions;
using System.Web;

namespace Farthing.Server.Tests.Gate;

/// <summary>The sample that sells a Razor page, a file and a subscription, with nothing but the lines that its own server wrote for it.</summary>
public sealed partial class MagazineTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task A_razor_page_a_file_and_a_subscription_are_sold_with_the_lines_that_the_server_wrote()
    {
        using var port = new ReservedPort();
        var site = new Uri($"http://localhost:{port.Number}");
        await using var server = await ServerProcess.StartAsync(null, "--own-site", site.GetLeftPart(UriPartial.Authority));
        using var api = new Api(server);
        await server.UntilPrintedAsync("fk_pye_");
        var lines = (await File.ReadAllLinesAsync(Path.Combine(server.Data, "own-site", "farthing.env"), TestContext.Current.CancellationToken)).Select(line => line.Split('=', 2)).ToList();
        var payee = new Account(lines.Single(line => line[0] == "Farthing__Payee")[1], PayeeKey().Match(server.Output).Value);
        var offer = await api.PostAsync("/v1/offers", payee.Key, """{"name":"The magazine","pricing":{"model":"subscription","price":{"amount":"4","currency":"USD"},"every":"month"}}""");
        Assert.True(offer.Status == 201, offer.Text);

        var metered = await api.PostAsync("/v1/offers", payee.Key, """{"name":"Searches","pricing":{"model":"metered","price":{"amount":"0.001","currency":"USD"},"per":"unit","ceiling":{"amount":"0.5","currency":"USD"},"silentAfterSeconds":300}}""");
        Assert.True(metered.Status == 201, metered.Text);

        string[][] meter = [["Farthing__PayeeKey", payee.Key], ["Farthing__Meters__searches__Offer", metered["id"]!], ["Farthing__Meters__searches__Price", "0.001 USD"], ["Farthing__Meters__searches__Ceiling", "0.50 USD"], ["Farthing__Meters__searches__Unit", "search"]];
        using var magazine = Start(site, [.. lines, .. meter, ["Farthing__Plans__reader__Offer", offer["id"]!], ["Farthing__Plans__reader__Price", "4 USD"]]);
        try
        {
            using var browser = new PlainBrowser();
            await UntilItAnswersAsync(magazine, browser, site);

            foreach (var (path, price, content) in new[] { ("/search?words=sun", "0.001 USD for each search", "but rain"), ("/leader", "0.02 USD", "should cost two cents"), ("/songs/air.txt", "0.10 USD", "a farthing for your song"), ("/archive/2026", "4.00 USD a month", "written in 2026") })
            {
                var asked = await browser.GetAsync(new Uri(site, path));
                Assert.Equal(402, asked.Status);
                Assert.Contains(price, asked.Body, StringComparison.Ordinal);
                Assert.DoesNotContain(content, asked.Body, StringComparison.Ordinal);
                var wallet = await browser.GetAsync(new Uri(HttpUtility.HtmlDecode(WalletLink().Match(asked.Body).Groups[1].Value)));
                var bought = await browser.FollowAsync(await browser.PressAsync(wallet, "/pay"), 200);
                Assert.Equal(new Uri(site, path), bought.Address);
                Assert.Contains(content, bought.Body, StringComparison.Ordinal);
            }

            Assert.Equal(200, (await browser.GetAsync(new Uri(site, "/archive/1999"))).Status);
            Assert.Equal(404, (await browser.GetAsync(new Uri(site, "/songs/nothing.txt"))).Status);
            Assert.Equal("4.0788", (await api.BalanceAsync(payee)).Balance);
        }
        finally
        {
            magazine.Kill();
            await magazine.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }

    private static Process Start(Uri site, IEnumerable<string[]> environment)
    {
        var here = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/'));
        var start = new ProcessStartInfo("dotnet", [Path.Combine(here.Parent!.Parent!.FullName, "Magazine", here.Name, "Magazine.dll"), "--urls", site.GetLeftPart(UriPartial.Authority), "--Logging:LogLevel:Default", "Warning"]);
        foreach (var pair in environment) start.Environment[pair[0]] = pair[1];
        return Process.Start(start)!;
    }

    private static async Task UntilItAnswersAsync(Process process, PlainBrowser browser, Uri site)
    {
        using var deadline = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (await timer.WaitForNextTickAsync(deadline.Token))
        {
            try
            {
                if ((await browser.GetAsync(site)).Status == 200) return;
            }
            catch (HttpRequestException) when (!process.HasExited)
            {
                // Not listening yet.
            }
        }
    }

    [GeneratedRegex("fk_pye_\\S+")]
    private static partial Regex PayeeKey();

    [GeneratedRegex("href=\"([^\"]*/pay\\?terms=[^\"]+)\"")]
    private static partial Regex WalletLink();
}
