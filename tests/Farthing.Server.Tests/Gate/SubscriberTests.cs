using System.Net;
using System.Text.RegularExpressions;
using System.Web;

namespace Farthing.Server.Tests.Gate;

/// <summary>A plan behind nginx, subscribed to, renewed and cancelled in the wallet's pages as a browser without scripts does. The clock is moved by hand.</summary>
[Collection(typeof(MovedClock))]
public sealed partial class SubscriberTests(ClockServer server)
{
    [Fact]
    public async Task A_reader_subscribes_once_reads_all_is_renewed_and_cancels()
    {
        await using var site = await GatedSite.StartAsync(server.Api, server.Process.Address, "nginx");
        var offer = await server.Api.PostAsync("/v1/offers", site.Account.Key, """{"name":"The whole paper","pricing":{"model":"subscription","price":{"amount":"4","currency":"USD"},"every":"month"}}""");
        Assert.True(offer.Status == 201, offer.Text);
        await site.ChangePriceAsync("0.02 USD", offer["id"]!);
        using var browser = new PlainBrowser();
        var page = new Uri(site.Address, "/articles/rain.html");

        // 1. The price stands on the page, and the wallet says what it means.
        var asked = await browser.GetAsync(page);
        Assert.Equal(402, asked.Status);
        Assert.Contains("4.00 USD a month", asked.Body, StringComparison.Ordinal);
        var wallet = WalletLink().Match(asked.Body).Groups[1].Value;
        var (first, second) = (await browser.GetAsync(new Uri(HttpUtility.HtmlDecode(wallet))), await browser.GetAsync(new Uri(HttpUtility.HtmlDecode(wallet))));
        Assert.Contains("Subscribe for", first.Body, StringComparison.Ordinal);
        Assert.Contains("until you cancel", first.Body, StringComparison.Ordinal);

        // 2. Pressed in two tabs, it is one subscription; every page of the plan opens.
        var back = await browser.PressAsync(first, "/pay");
        var again = await browser.PressAsync(second, "/pay");
        Assert.Equal((303, 303), (back.Status, again.Status));
        Assert.Equal("3.96", await EarnedAsync(site));
        await browser.FollowAsync(back, 200);
        foreach (var path in new[] { "/articles/rain.html", "/articles/", "/articles/2026/" }) Assert.Equal(200, (await browser.GetAsync(new Uri(site.Address, path))).Status);
        Assert.Equal(402, (await browser.GetAsync(new Uri(site.Address, "/cheap/rain.html"))).Status);

        // 3. It stays open all the month, and is renewed for the next by going through the wallet, unasked.
        await server.AdvanceAsync(TimeSpan.FromDays(20));
        Assert.Equal(200, (await browser.GetAsync(page)).Status);
        await server.AdvanceAsync(TimeSpan.FromDays(12));
        await Rest.Eventually.TrueAsync(async () => (await server.Api.GetAsync("/v1/subscriptions/events", site.Account.Key)).Text.Contains("\"renewed\"", StringComparison.Ordinal));
        Assert.Equal("7.92", await EarnedAsync(site));
        var renewing = await browser.GetAsync(page);
        Assert.Equal(302, renewing.Status);
        await browser.FollowAsync(renewing, 200);

        // 4. Cancelled, it goes on to the end of what is paid, and then is over.
        var list = await browser.GetAsync(new Uri(server.Process.Address, "/subscriptions"));
        Assert.Contains("The whole paper", list.Body, StringComparison.Ordinal);
        Assert.Equal(302, (await browser.PressAsync(list, "/subscriptions")).Status);
        Assert.Contains("Cancelled", (await browser.GetAsync(new Uri(server.Process.Address, "/subscriptions"))).Body, StringComparison.Ordinal);
        Assert.Equal(200, (await browser.GetAsync(page)).Status);
        await server.AdvanceAsync(TimeSpan.FromDays(32));
        var over = await browser.FollowAsync(await browser.GetAsync(page), 402);
        Assert.DoesNotContain(GatedSite.PaidText, over.Body, StringComparison.Ordinal);
        Assert.Equal("7.92", await EarnedAsync(site));

        // 5. Who subscribes again finds too little in the wallet, and is offered a top-up.
        var tooLittle = await browser.GetAsync(new Uri(HttpUtility.HtmlDecode(WalletLink().Match(over.Body).Groups[1].Value)));
        Assert.Contains("Your wallet lacks 2.00 USD", tooLittle.Body, StringComparison.Ordinal);
        var toppedUp = await browser.FollowAsync(await browser.PressAsync(tooLittle, "TopUp"), 200);
        await browser.FollowAsync(await browser.PressAsync(toppedUp, "/pay"), 200);
        Assert.Equal("11.88", await EarnedAsync(site));
    }

    private async Task<string> EarnedAsync(GatedSite site) => (await server.Api.BalanceAsync(site.Account)).Balance;

    [GeneratedRegex("href=\"([^\"]*/pay\\?terms=[^\"]+)\"")]
    private static partial Regex WalletLink();
}

/// <summary>A page that was answered.</summary>
internal sealed record PlainPage(Uri Address, int Status, string Body, Uri? Location);

/// <summary>A browser without scripts: cookies for each host, forms, and redirects when it is told to follow them.</summary>
internal sealed partial class PlainBrowser : IDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler { CookieContainer = new CookieContainer(), AllowAutoRedirect = false });

    public Task<PlainPage> GetAsync(Uri address) => SendAsync(new HttpRequestMessage(HttpMethod.Get, address));

    /// <summary>Sends the form of a page whose action contains a text.</summary>
    public Task<PlainPage> PressAsync(PlainPage page, string action)
    {
        var form = Form().Matches(page.Body).Last(match => match.Groups["action"].Value.Contains(action, StringComparison.OrdinalIgnoreCase));
        var fields = Field().Matches(form.Groups["fields"].Value).Select(match => KeyValuePair.Create(match.Groups["name"].Value, HttpUtility.HtmlDecode(match.Groups["value"].Value)));
        return SendAsync(new HttpRequestMessage(HttpMethod.Post, new Uri(page.Address, HttpUtility.HtmlDecode(form.Groups["action"].Value))) { Content = new FormUrlEncodedContent(fields) });
    }

    /// <summary>Follows redirects to their end, which has a status.</summary>
    public async Task<PlainPage> FollowAsync(PlainPage page, int status)
    {
        for (var hops = 0; page.Location is { } next; hops++)
        {
            Assert.True(hops < 10, $"It goes round in circles by way of {next}.");
            page = await GetAsync(next);
        }

        Assert.Equal(status, page.Status);
        return page;
    }

    public void Dispose() => http.Dispose();

    private async Task<PlainPage> SendAsync(HttpRequestMessage request)
    {
        using (request)
        {
            request.Headers.Add("Accept", "text/html");
            using var response = await http.SendAsync(request);
            var location = response.Headers.Location is { } relative ? new Uri(request.RequestUri!, relative) : null;
            return new PlainPage(request.RequestUri!, (int)response.StatusCode, await response.Content.ReadAsStringAsync(), location);
        }
    }

    [GeneratedRegex("<form[^>]*action=\"(?<action>[^\"]*)\"[^>]*>(?<fields>.*?)</form>", RegexOptions.Singleline)]
    private static partial Regex Form();

    [GeneratedRegex("<input[^>]*name=\"(?<name>[^\"]+)\"[^>]*value=\"(?<value>[^\"]*)\"")]
    private static partial Regex Field();
}
