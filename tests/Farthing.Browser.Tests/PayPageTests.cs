using System.Net;
using System.Text.RegularExpressions;
using System.Web;
using Farthing.Protocol;
using Farthing.Server.Tests;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Farthing.Browser.Tests;

public class PayPageTests(BrowserHouse house)
{
    private static readonly string[] Pages = ["/", "/pay?terms=x", "/renew?terms=x", "/statement", "/payments/pay_0", "/statement?currency=XXX", "/statement?cursor=%00"];

    public static TheoryData<string, int, string> FalseTerms => new()
    {
        { "edited", 400, "This payment request is damaged" },
        { "cut off", 400, "This payment request is damaged" },
        { "empty", 400, "This payment request is damaged" },
        { "foreign key", 400, "This payment request is damaged" },
        { "for a program", 400, "This payment request is damaged" },
        { "expired", 409, "This payment request is too old" },
        { "another site", 400, "This payment request leads to a stranger" },
        { "look-alike site", 400, "This payment request leads to a stranger" },
        { "unknown payee", 404, "Nobody here asks for this payment" },
    };

    [Theory]
    [MemberData(nameof(FalseTerms))]
    public async Task False_terms_are_refused_in_words_and_offer_nothing_to_pay(string fault, int status, string title)
    {
        await using var reader = await house.NewReaderAsync();
        var page = await reader.NewTabAsync();
        var payee = await house.NewPayeeAsync();
        using var stranger = SigningKey.Create();
        var terms = payee.NewTerms();
        var token = terms.Sign(payee.Key);
        token = fault switch
        {
            "edited" => Edit(token),
            "cut off" => token[..^10],
            "empty" => "",
            "foreign key" => terms.Sign(stranger),
            "for a program" => (terms with { Once = false }).Sign(payee.Key),
            "expired" => (terms with { Expires = TimeProvider.System.GetUtcNow().AddSeconds(-1) }).Sign(payee.Key),
            "another site" => (terms with { ReturnUrl = "https://evil.example/" }).Sign(payee.Key),
            "look-alike site" => (terms with { ReturnUrl = $"http://localhost.evil.example:{house.Site.Port}/" }).Sign(payee.Key),
            _ => (terms with { Payee = Id<PayeeKind>.New(TimeProvider.System) }).Sign(payee.Key),
        };
        foreach (var door in new[] { "pay", "renew" })
        {
            var response = await page.GotoAsync(new Uri(house.Server, $"/{door}?terms={token}").AbsoluteUri);
            Assert.Equal(status, response!.Status);
            await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync(title);
            await Expect(page).ToHaveTitleAsync($"{title} · Farthing");
            await Expect(page.Locator("form")).ToHaveCountAsync(0);
            // Only a request that was genuine once says where to go back to.
            await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Back to the site" })).ToHaveCountAsync(fault == "expired" ? 1 : 0);
        }

        await Reader.TakePictureAsync(page, $"refused-{fault.Replace(' ', '-')}");
        reader.AssertClean();
    }

    [Fact]
    public async Task Looking_at_a_payment_makes_nothing_but_a_cookie()
    {
        await using var reader = await house.NewReaderAsync();
        var page = await reader.NewTabAsync();
        var payee = await house.NewPayeeAsync();
        for (var looks = 0; looks < 3; looks++) await page.GotoAsync(payee.PayAddress(payee.NewTerms()));
        await Expect(page.GetByText("Will be made for this browser")).ToBeVisibleAsync();
        await page.GotoAsync(new Uri(house.Server, "/").AbsoluteUri);
        await Expect(page.GetByText("This browser has no wallet yet")).ToBeVisibleAsync();

        var cookie = (await page.Context.CookiesAsync()).Single(cookie => cookie.Name == "farthing_wallet");
        Assert.True(cookie.HttpOnly);
        Assert.Equal(SameSiteAttribute.Lax, cookie.SameSite);
        Assert.Equal(43, cookie.Value.Length);
    }

    [Fact]
    public async Task Wallet_that_holds_too_little_is_topped_up_on_the_way()
    {
        await using var reader = await house.NewReaderAsync();
        var page = await reader.NewTabAsync();
        var payee = await house.NewPayeeAsync();
        await page.GotoAsync(payee.PayAddress(payee.NewTerms("/dear", "15.00 USD")));
        await page.GetByRole(AriaRole.Button, new() { Name = "Pay 15.00 USD" }).ClickAsync();
        await Expect(page.GetByText("Your wallet lacks 5.00 USD")).ToBeVisibleAsync();
        await Reader.TakePictureAsync(page, "pay-lacking");
        await page.GetByRole(AriaRole.Button, new() { Name = "Top up" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Pay 15.00 USD" }).ClickAsync();
        await Expect(page).ToHaveURLAsync(new Regex("^" + Regex.Escape(house.Site.AbsoluteUri)));

        var lines = await reader.ReadStatementAsync(page);
        Assert.Equal([("−15.00 USD", "5.00 USD"), ("+10.00 USD", "20.00 USD"), ("+10.00 USD", "10.00 USD")], lines.Select(line => (line.Amount, line.Balance)));
        reader.AssertClean();
    }

    [Fact]
    public async Task Site_gets_an_entitlement_for_its_terms_and_nothing_else()
    {
        await using var reader = await house.NewReaderAsync();
        var page = await reader.NewTabAsync();
        var payee = await house.NewPayeeAsync();
        var terms = payee.NewTerms("/page?x=1", "0.02 USD") with { ReturnUrl = new Uri(house.Site, "/?from=wallet").AbsoluteUri };
        await page.GotoAsync(payee.PayAddress(terms));
        await page.GetByRole(AriaRole.Button, new() { Name = "Pay" }).ClickAsync();
        await Expect(page).ToHaveURLAsync(new Regex("^" + Regex.Escape(house.Site.AbsoluteUri)));

        var query = HttpUtility.ParseQueryString(new Uri(page.Url).Query);
        Assert.Equal(["from", "farthing"], query.AllKeys);
        Assert.True(VerifyingKey.TryParse((await house.GetTextAsync("/v1/entitlement-key")).Trim(), out var key));
        Assert.True(Entitlement.TryVerify(query["farthing"], key, out var entitlement));
        Assert.Equal((payee.Id, terms.Resource, terms.Nonce), (entitlement.Payee, entitlement.Resource, entitlement.Nonce));
        Assert.InRange((entitlement.Expires - entitlement.Issued).Ticks, 1, TimeSpan.FromSeconds(60).Ticks);

        // Paid before: the pay page sends the browser straight back, and so does a renewal.
        foreach (var door in new[] { "pay", "renew" })
        {
            await page.GotoAsync(new Uri(house.Server, $"/{door}?terms={terms.Sign(payee.Key)}").AbsoluteUri);
            Assert.StartsWith(house.Site.AbsoluteUri, page.Url, StringComparison.Ordinal);
        }

        await using var other = await house.NewReaderAsync();
        var stranger = await other.NewTabAsync();
        await stranger.GotoAsync(new Uri(house.Server, $"/renew?terms={terms.Sign(payee.Key)}").AbsoluteUri);
        Assert.Equal("unpaid", HttpUtility.ParseQueryString(new Uri(stranger.Url).Query)["farthing"]);
        Assert.Single(await reader.ReadStatementAsync(page), line => line.Amount == "−0.02 USD");
    }

    [Fact]
    public async Task Payment_of_another_browser_is_not_shown()
    {
        await using var payer = await house.NewReaderAsync();
        var page = await payer.NewTabAsync();
        var payee = await house.NewPayeeAsync();
        await page.GotoAsync(payee.PayAddress(payee.NewTerms()));
        await page.GetByRole(AriaRole.Button, new() { Name = "Pay" }).ClickAsync();
        await page.GotoAsync(new Uri(house.Server, "/statement").AbsoluteUri);
        var link = await page.Locator("table.lines a").First.GetAttributeAsync("href");

        await using var other = await house.NewReaderAsync();
        var stranger = await other.NewTabAsync();
        await stranger.GotoAsync(house.Server.AbsoluteUri);
        await stranger.GetByRole(AriaRole.Button, new() { Name = "Make a wallet" }).ClickAsync();
        foreach (var path in new[] { link!, $"{link}?handler=Receipt" })
        {
            var response = await stranger.GotoAsync(new Uri(house.Server, path).AbsoluteUri);
            Assert.Equal(404, response!.Status);
            await Expect(stranger.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("There is no such payment here");
        }
    }

    [Fact]
    public async Task New_wallets_of_browsers_count_against_the_limit_of_their_address()
    {
        await using var server = await ServerProcess.StartAsync(null, "--wallets-per-minute", "1");
        foreach (var title in new[] { "Your wallet", "Too many new wallets" })
        {
            await using var reader = await house.NewReaderAsync();
            var page = await reader.NewTabAsync();
            await page.GotoAsync(server.Address.AbsoluteUri);
            await page.GetByRole(AriaRole.Button, new() { Name = "Make a wallet" }).ClickAsync();
            await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync(title);
        }
    }

    [Fact]
    public async Task Form_without_its_token_does_nothing()
    {
        var payee = await house.NewPayeeAsync();
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false };
        using var http = new HttpClient(handler) { BaseAddress = house.Server };
        foreach (var path in new[] { "/pay", "/pay?handler=TopUp", "/?handler=Open", "/?handler=TopUp", "/payments/pay_0?handler=Refund" })
        {
            using var form = new FormUrlEncodedContent([new("terms", payee.NewTerms().Sign(payee.Key)), new("currency", "USD"), new("key", "k")]);
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = form };
            request.Headers.Add("Cookie", $"farthing_wallet={new string('s', 43)}");
            using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.SeeOther, response.StatusCode);
            Assert.Contains("again=1", response.Headers.Location!.OriginalString, StringComparison.Ordinal);
        }

        using var look = new HttpRequestMessage(HttpMethod.Get, "/");
        look.Headers.Add("Cookie", $"farthing_wallet={new string('s', 43)}");
        using var wallet = await http.SendAsync(look, TestContext.Current.CancellationToken);
        Assert.Contains("This browser has no wallet yet", await wallet.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_page_has_its_headers_and_says_that_this_is_play_money()
    {
        using var http = new HttpClient { BaseAddress = house.Server };
        foreach (var path in Pages)
        {
            using var response = await http.GetAsync(path, TestContext.Current.CancellationToken);
            var policy = response.Headers.GetValues("Content-Security-Policy").Single();
            foreach (var rule in new[] { "default-src 'none'", "style-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'" }) Assert.Contains(rule, policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            Assert.Equal("no-referrer", response.Headers.GetValues("Referrer-Policy").Single());
            Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
            Assert.True(response.Headers.CacheControl!.NoStore);
            var html = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.Contains("This is play money.", html, StringComparison.Ordinal);
            Assert.Contains("<html lang=\"en\">", html, StringComparison.Ordinal);
            Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        }

        var payee = await house.NewPayeeAsync();
        using var pay = await http.GetAsync(payee.PayAddress(payee.NewTerms()), TestContext.Current.CancellationToken);
        Assert.Contains($"form-action 'self' {house.Site.GetLeftPart(UriPartial.Authority)};", pay.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pages_for_programmers_say_that_this_is_play_money_too()
    {
        Assert.Contains("This is play money.", await house.GetTextAsync("/docs/errors"), StringComparison.Ordinal);
        Assert.Contains("play money", await house.GetTextAsync("/reference"), StringComparison.Ordinal);
        Assert.Contains("This is play money", await house.GetTextAsync("/openapi/v1.json"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no boundary", 400, "This form cannot be read")]
    [InlineData("too many fields", 400, "This form cannot be read")]
    [InlineData("large field", 413, "This form is too large")]
    [InlineData("large field without a length", 413, "This form is too large")]
    public async Task Form_that_cannot_be_read_is_refused_in_words(string fault, int status, string title)
    {
        using var http = new HttpClient { BaseAddress = house.Server };
        foreach (var path in new[] { "/pay", "/?handler=Open", "/payments/pay_0?handler=Refund" })
        {
            using HttpContent form = fault switch
            {
                "no boundary" => new StringContent("terms=x"),
                "too many fields" => new StringContent(string.Concat(Enumerable.Range(0, 2000).Select(i => $"a{i}=&"))),
                _ => new StringContent($"terms={new string('x', 5 << 20)}"),
            };
            form.Headers.ContentType = new(fault == "no boundary" ? "multipart/form-data" : "application/x-www-form-urlencoded");
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = form };
            request.Headers.TransferEncodingChunked = fault == "large field without a length";
            using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal(status, (int)response.StatusCode);
            Assert.Contains($"<h1>{title}</h1>", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
            Assert.Contains("default-src 'none'", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        }
    }

    /// <summary>Changes the price in the payload and keeps the signature.</summary>
    private static string Edit(string token)
    {
        var parts = token.Split('.');
        var payload = System.Text.Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(parts[0])).Replace("\"0.02\"", "\"0.01\"", StringComparison.Ordinal);
        return $"{System.Buffers.Text.Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(payload))}.{parts[1]}";
    }
}
