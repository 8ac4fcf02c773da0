using System.Net;
using System.Text.RegularExpressions;
using System.Web;
using Farthing.Client;
using Farthing.Protocol;
using Farthing.Server.Tests.Gate;
using Farthing.Server.Tests.Rest;

namespace Farthing.Server.Tests.Sdk;

/// <summary>A site that meters, the wallet's pages, the paying handler and a server, all of them real.</summary>
public sealed partial class MeteredSiteTests(SharedServer server)
{
    [Fact]
    public async Task A_reader_starts_a_meter_once_reads_and_stops_it_in_the_wallet()
    {
        await using var site = await MeteredSite.OpenAsync(server.Process.Address);
        using var browser = new PlainBrowser();
        var words = new Uri(site.Address, "/words");
        var asked = await browser.GetAsync(words);
        Assert.Equal(402, asked.Status);
        var wallet = await browser.GetAsync(WalletOf(asked));
        Assert.Contains("0.001 USD for each unit", wallet.Body, StringComparison.Ordinal);
        Assert.Contains("Start, and hold 0.01 USD", wallet.Body, StringComparison.Ordinal);
        // Two tabs, one meter.
        var other = await browser.GetAsync(WalletOf(await browser.GetAsync(words)));
        Assert.Contains(MeteredSite.Words, (await browser.FollowAsync(await browser.PressAsync(wallet, "/pay"), 200)).Body, StringComparison.Ordinal);
        Assert.Contains(MeteredSite.Words, (await browser.FollowAsync(await browser.PressAsync(other, "/pay"), 200)).Body, StringComparison.Ordinal);
        Assert.Equal(200, (await browser.GetAsync(words)).Status);
        var (meter, served) = Assert.Single(site.Served);
        Assert.Equal(3, served);
        await UntilReportedAsync(site, meter, 3);

        var page = await browser.GetAsync(new Uri(server.Process.Address, $"/payments/{new Id<PaymentKind>(meter.Value)}"));
        Assert.Contains("0.003 USD so far", page.Body, StringComparison.Ordinal);
        var stopped = await browser.FollowAsync(await browser.PressAsync(page, "handler=Stop"), 200);
        Assert.Contains("0.003 USD", stopped.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("Stop, and take", stopped.Body, StringComparison.Ordinal);
        // The site hears it with its next report, and asks anew.
        await Eventually.TrueAsync(async () => (await browser.GetAsync(words)).Status == 402);
        Assert.Equal("0.00297", (await server.Api.BalanceAsync(site.Payee)).Balance);
        Assert.Equal(("stopped", "3"), (await MeterAsync(site, meter)) is var read ? (read["status"], read["units"]) : default);
    }

    [Fact]
    public async Task Two_processes_of_a_site_count_one_meter_and_lose_nothing_when_one_is_stopped()
    {
        await using var first = await MeteredSite.OpenAsync(server.Process.Address, ceiling: 100);
        await using var second = await first.OpenAnotherAsync(server.Process.Address);
        var account = await server.Api.NewWalletAsync("1");
        using var anyone = new FarthingClient(server.Process.Address);
        using var key = SigningKey.FromSeed(first.Seed);
        var terms = new Terms { Payee = Id<PayeeKind>.TryParse(first.Payee.Id, out var payee) ? payee : default, Offer = first.Offer, Resource = $"meter:{first.Offer}", Nonce = "program-with-a-nonce", Expires = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + 600) }.Sign(key);
        var meter = await anyone.WithKey(account.Key).Meters.StartMeterAsync(new NewMeter { Terms = terms }, Api.NewKey(), TestContext.Current.CancellationToken);
        var request = new MeterRequest(Amount.Parse("0.001 USD"), 1, Amount.Parse("0.1 USD"), payee, server.Process.Address, terms);
        var authorization = new PaymentCredential(PaymentChallenge.Create("0123456789abcdef0123456789abcdef"u8, "site", PaymentChallenge.Farthing, PaymentChallenge.Meter, request.ToRequest(), DateTimeOffset.UnixEpoch), meter.Entitlement!).ToHeader();
        using var http = new HttpClient();
        await Task.WhenAll(Enumerable.Range(0, 40).Select(async number =>
        {
            using var message = new HttpRequestMessage(HttpMethod.Get, new Uri((number % 2 == 0 ? first : second).Address, "/words"));
            message.Headers.TryAddWithoutValidation("Authorization", authorization);
            using var response = await http.SendAsync(message, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }));
        await second.StopAsync();
        await UntilReportedAsync(first, meter.Id, 40);
        var stopped = await anyone.WithKey(account.Key).Meters.StopMeterAsync(meter.Id, TestContext.Current.CancellationToken);
        Assert.Equal((40L, Amount.Parse("0.04 USD")), (stopped.Units, stopped.Cost));
        Assert.Equal(("0.96", "0"), await server.Api.BalanceAsync(account));
    }

    [Fact]
    public async Task A_program_starts_meters_within_its_budget_and_has_the_rest_back()
    {
        await using var site = await MeteredSite.OpenAsync(server.Process.Address);
        using var anyone = new FarthingClient(server.Process.Address);
        var account = await server.Api.NewWalletAsync("1");
        using var budget = Budget.InAll("0.025 USD");
        using var http = anyone.WithKey(account.Key).CreateHttpClient(budget);
        var words = new Uri(site.Address, "/words");
        for (var call = 0; call < 8; call++) Assert.Equal(MeteredSite.Words, await http.GetStringAsync(words, TestContext.Current.CancellationToken));
        Assert.Single(site.Served);
        Assert.Equal(("0.99", "0.01"), await server.Api.BalanceAsync(account));
        // Until it is known what it cost, all that is held counts.
        Assert.Equal(Amount.Parse("0.01 USD"), budget.Spent);

        // Two words are left, and three are wanted: the site says so, and the next call starts another meter.
        using (var tooMany = await http.GetAsync(new Uri(site.Address, "/many/3"), TestContext.Current.CancellationToken)) Assert.Equal(HttpStatusCode.Conflict, tooMany.StatusCode);
        Assert.Equal(MeteredSite.Words, await http.GetStringAsync(words, TestContext.Current.CancellationToken));
        Assert.Equal(2, site.Served.Count);
        Assert.Equal(Amount.Parse("0.018 USD"), budget.Spent);
        Assert.Equal(("0.982", "0.01"), await server.Api.BalanceAsync(account));

        // A third ceiling does not fit beside the first cost and the second ceiling.
        await using var another = await MeteredSite.OpenAsync(server.Process.Address);
        var refused = await Assert.ThrowsAsync<NotPaidException>(() => http.GetStringAsync(new Uri(another.Address, "/words"), TestContext.Current.CancellationToken));
        Assert.Equal(NotPaidReason.OverBudget, refused.Reason);
        // Once the second has stopped, its rest is there again.
        var second = site.Served.Single(meter => meter.Value == 1).Key;
        await UntilReportedAsync(site, second, 1);
        await anyone.WithKey(account.Key).Meters.StopMeterAsync(second, TestContext.Current.CancellationToken);
        Assert.Equal(MeteredSite.Words, await http.GetStringAsync(new Uri(another.Address, "/words"), TestContext.Current.CancellationToken));
        Assert.Equal(Amount.Parse("0.019 USD"), budget.Spent);
        Assert.Equal(("0.981", "0.01"), await server.Api.BalanceAsync(account));
    }

    [Fact]
    public async Task Many_calls_at_once_start_one_meter_and_a_process_that_is_gone_leaves_it_to_the_next()
    {
        await using var site = await MeteredSite.OpenAsync(server.Process.Address, ceiling: 100);
        using var anyone = new FarthingClient(server.Process.Address);
        var account = await server.Api.NewWalletAsync("1");
        using var directory = new TemporaryDirectory();
        var (file, copy) = (Path.Combine(directory.Path, "budget"), Path.Combine(directory.Path, "copy"));
        var words = new Uri(site.Address, "/words");
        using (var budget = Budget.InAll("0.15 USD").KeptIn(file))
        {
            using var http = anyone.WithKey(account.Key).CreateHttpClient(budget);
            await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => http.GetStringAsync(words, TestContext.Current.CancellationToken)));
            // What is on disk when the process is killed.
            File.Copy(file, copy);
        }

        using (var later = Budget.InAll("0.15 USD").KeptIn(copy))
        {
            Assert.Equal(Amount.Parse("0.1 USD"), later.Spent);
            using var http = anyone.WithKey(account.Key).CreateHttpClient(later);
            Assert.Equal(MeteredSite.Words, await http.GetStringAsync(words, TestContext.Current.CancellationToken));
            var (meter, served) = Assert.Single(site.Served);
            Assert.Equal(17, served);
            Assert.Equal(("0.9", "0.1"), await server.Api.BalanceAsync(account));
            await UntilReportedAsync(site, meter, 17);
            await anyone.WithKey(account.Key).Meters.StopMeterAsync(meter, TestContext.Current.CancellationToken);
            // The site hears of it, the program starts another one, and the first counts what it cost.
            await Eventually.TrueAsync(async () => await http.GetStringAsync(words, TestContext.Current.CancellationToken) == MeteredSite.Words && site.Served.Count == 2);
            Assert.Equal(Amount.Parse("0.117 USD"), later.Spent);
        }

        using var last = Budget.InAll("0.15 USD").KeptIn(copy);
        Assert.Equal(Amount.Parse("0.117 USD"), last.Spent);
    }

    private static Uri WalletOf(PlainPage page) => new(HttpUtility.HtmlDecode(WalletLink().Match(page.Body).Groups[1].Value));

    private Task<Reply> MeterAsync(MeteredSite site, Id<MeterKind> meter) => server.Api.GetAsync($"/v1/meters/{meter}", site.Payee.Key);

    private Task UntilReportedAsync(MeteredSite site, Id<MeterKind> meter, long units) => Eventually.TrueAsync(async () => (await MeterAsync(site, meter))["units"] == $"{units}");

    [GeneratedRegex("href=\"([^\"]*/pay\\?terms=[^\"]+)\"")]
    private static partial Regex WalletLink();
}
