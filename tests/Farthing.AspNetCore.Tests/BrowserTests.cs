using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Farthing.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Farthing.AspNetCore.Tests;

public class BrowserTests
{
    private const string Path = "/articles/rain";

    [Fact]
    public async Task Unpaid_page_shows_the_first_paragraph_the_price_and_one_link()
    {
        await using var site = await PaidSite.StartAsync(configure: options => options.Preview = _ => ValueTask.FromResult<PaymentPreview?>(new("Rain & <b>shine</b>", "It was <i>wet</i>.")));
        var browser = new Browser(site);
        var visit = await browser.VisitAsync($"{Path}?edition=2");

        Assert.Equal(HttpStatusCode.PaymentRequired, visit.Status);
        Assert.Equal("no-store", visit.Headers["Cache-Control"]);
        Assert.Equal("no-referrer", visit.Headers["Referrer-Policy"]);
        Assert.Contains("default-src 'none'", visit.Headers["Content-Security-Policy"], StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", visit.Headers["Content-Security-Policy"], StringComparison.Ordinal);
        Assert.Contains("Rain &amp; &lt;b&gt;shine&lt;/b&gt;", visit.Body, StringComparison.Ordinal);
        Assert.Contains("It was &lt;i&gt;wet&lt;/i&gt;.", visit.Body, StringComparison.Ordinal);
        Assert.Contains("0.02 USD", visit.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", visit.Body, StringComparison.OrdinalIgnoreCase);

        var terms = visit.PayLinkTerms();
        Assert.Equal(PaidSite.Payee, terms.Payee);
        Assert.Equal(Amount.Parse("0.02 USD"), terms.Amount);
        Assert.Equal(Path, terms.Resource);
        Assert.Equal("Rain & <b>shine</b>", terms.Title);
        Assert.Equal($"{site.Http.BaseAddress!.GetLeftPart(UriPartial.Authority)}{Path}?edition=2", terms.ReturnUrl);
        Assert.True(terms.Once);
        Assert.Equal(site.Time.GetUtcNow() + TimeSpan.FromMinutes(10), terms.Expires);
        var secret = browser.Cookies["farthing_browser"].Value;
        Assert.Equal(43, secret.Length);
        Assert.Equal(Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(secret))), terms.Nonce);
        Assert.Single(PaymentChallenge.ReadAll(visit.Headers["WWW-Authenticate"]));
        Assert.Equal(0, site.Served);
    }

    [Theory]
    [InlineData("/front?a=1&farthing-for=x", "/front?a=1&farthing-for=x")]
    [InlineData("//elsewhere.example/", "//elsewhere.example/")] // a path of this site, after its origin
    [InlineData("https://elsewhere.example/", null)]
    [InlineData("@elsewhere.example/", null)]
    [InlineData(":80/", null)]
    [InlineData(".elsewhere.example/", null)]
    [InlineData("\\\\elsewhere.example", null)]
    public async Task Script_is_given_the_wallets_address_and_may_come_back_to_its_own_page_of_this_site_only(string asked, string? path)
    {
        await using var site = await PaidSite.StartAsync();
        using var response = await site.SendAsync(Path, null, ("Accept", Browser.Html), ("Farthing-Return", asked));
        Assert.Equal(HttpStatusCode.PaymentRequired, response.StatusCode);
        var link = Assert.Single(response.Headers.GetValues("Link"));
        Assert.EndsWith(">; rel=\"payment\"", link, StringComparison.Ordinal);
        var token = link[(link.IndexOf("terms=", StringComparison.Ordinal) + "terms=".Length)..link.IndexOf('>', StringComparison.Ordinal)];
        Assert.True(Terms.TryParse(token, out var terms));
        Assert.Equal(site.Http.BaseAddress!.GetLeftPart(UriPartial.Authority) + (path ?? Path), terms.ReturnUrl);
    }

    [Fact]
    public async Task Browser_cookie_is_kept_from_scripts_and_the_same_for_all_pages()
    {
        await using var site = await PaidSite.StartAsync();
        using var response = await site.SendAsync(Path, null, ("Accept", Browser.Html));
        var cookie = Assert.Single(response.Headers.GetValues("Set-Cookie"));
        Assert.Contains("path=/;", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=lax", cookie, StringComparison.OrdinalIgnoreCase);

        var browser = new Browser(site);
        var first = await browser.AskAsync("/articles/rain");
        var second = await browser.AskAsync("/articles/snow");
        Assert.Equal(first.Nonce, second.Nonce);
        Assert.NotEqual(first.Resource, second.Resource);
    }

    [Fact]
    public async Task Paid_page_opens_in_this_browser_and_stays_open()
    {
        await using var site = await PaidSite.StartAsync();
        var browser = new Browser(site);
        var terms = await browser.AskAsync($"{Path}?edition=2");
        var entitlement = site.EntitlementFor(Path, terms.Nonce);

        var back = await browser.VisitAsync($"{Path}?edition=2&farthing={entitlement.Sign(PaidSite.Operator)}");
        Assert.Equal(HttpStatusCode.SeeOther, back.Status);
        Assert.Equal(terms.ReturnUrl, back.Location);
        Assert.Equal("no-store", back.Headers["Cache-Control"]);
        Assert.Equal(0, site.Served);
        Assert.Contains(browser.Cookies, cookie => cookie.Key.StartsWith("farthing_paid_", StringComparison.Ordinal) && cookie.Value.Path == Path);

        for (var i = 1; i <= 3; i++)
        {
            var page = await browser.VisitAsync(Path);
            Assert.Equal(HttpStatusCode.OK, page.Status);
            Assert.Equal($"{PaidSite.PaidText} {entitlement.Payment}", page.Body);
            Assert.Contains("private", page.Headers["Cache-Control"], StringComparison.Ordinal);
            Assert.Contains("Cookie", page.Headers["Vary"], StringComparison.Ordinal);
            Assert.Equal(i, site.Served);
        }
    }

    [Fact]
    public async Task Browser_that_keeps_no_cookies_is_told_why_a_paid_page_stays_closed()
    {
        const string Advice = "Allow cookies for this site";
        await using var site = await PaidSite.StartAsync();
        var terms = await new Browser(site).AskAsync(Path);
        var token = site.EntitlementFor(Path, terms.Nonce).Sign(PaidSite.Operator);

        // A browser of its own for each visit: what the site sets is gone at the next.
        var back = await new Browser(site).VisitAsync($"{Path}?farthing={token}");
        Assert.Equal(HttpStatusCode.PaymentRequired, back.Status);
        Assert.Contains(Advice, back.Body, StringComparison.Ordinal);
        Assert.Contains("nothing more is charged", back.Body, StringComparison.Ordinal);
        Assert.Equal(Path, back.PayLinkTerms().Resource);

        foreach (var query in new[] { "", "?farthing=unpaid", $"?farthing={site.EntitlementFor("/articles/snow", terms.Nonce).Sign(PaidSite.Operator)}" })
        {
            var visit = await new Browser(site).VisitAsync(Path + query);
            Assert.Equal(HttpStatusCode.PaymentRequired, visit.Status);
            Assert.DoesNotContain(Advice, visit.Body, StringComparison.Ordinal);
        }

        Assert.Equal(0, site.Served);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Page_says_that_money_is_play_money_where_it_is(bool playMoney)
    {
        await using var site = await PaidSite.StartAsync(configure: options => options.PlayMoney = playMoney);
        var visit = await new Browser(site).VisitAsync(Path);
        Assert.Equal(playMoney, visit.Body.Contains("This is play money.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Handler_sees_the_payment_that_opened_it()
    {
        RequestPayment? seen = null;
        await using var site = await PaidSite.StartAsync((_, app) => app.MapGet("/articles/{slug}", (HttpContext context) =>
        {
            seen = context.GetPayment();
            context.Response.Headers.CacheControl = "public, max-age=3600";
            return "page";
        }).RequirePayment("0.02 USD"));
        var browser = new Browser(site);
        await browser.PayAsync(Path);
        var page = await browser.VisitAsync(Path);

        Assert.NotNull(seen);
        Assert.Equal(Amount.Parse("0.02 USD"), seen.Price);
        Assert.Equal($"http://127.0.0.1:5080/payments/{seen.Id}", seen.Page.AbsoluteUri);
        Assert.Equal(site.Time.GetUtcNow() + TimeSpan.FromMinutes(15), seen.RefundableUntil);
        Assert.DoesNotContain("public", page.Headers["Cache-Control"], StringComparison.Ordinal);
    }

    public static TheoryData<string> FalseEntitlements => ["foreign", "edited", "payee", "resource", "nonce", "expired", "terms", "unpaid", "empty", "garbage", "twice", "long"];

    [Theory]
    [MemberData(nameof(FalseEntitlements))]
    public async Task False_entitlement_opens_nothing(string fault)
    {
        await using var site = await PaidSite.StartAsync();
        var browser = new Browser(site);
        var terms = await browser.AskAsync(Path);
        var good = site.EntitlementFor(Path, terms.Nonce);
        var token = good.Sign(PaidSite.Operator);
        using var stranger = SigningKey.Create();
        var query = fault switch
        {
            "foreign" => good.Sign(stranger),
            "edited" => (token[0] == 'e' ? "f" : "e") + token[1..],
            "payee" => (good with { Payee = Id<PayeeKind>.New(TimeProvider.System) }).Sign(PaidSite.Operator),
            "resource" => (good with { Resource = "/articles/snow" }).Sign(PaidSite.Operator),
            "nonce" => (good with { Nonce = Base64Url.EncodeToString(new byte[32]) }).Sign(PaidSite.Operator),
            "expired" => (good with { Issued = good.Issued.AddMinutes(-2), Expires = site.Time.GetUtcNow() }).Sign(PaidSite.Operator),
            "terms" => (terms with { ReturnUrl = null }).Sign(PaidSite.Operator),
            "unpaid" => "unpaid",
            "empty" => "",
            "garbage" => "%00%ff..",
            "twice" => $"{token}&farthing={token}",
            _ => new string('a', 6000),
        };
        var asked = await browser.VisitAsync($"{Path}?farthing={query}");
        Assert.Equal(HttpStatusCode.PaymentRequired, asked.Status);
        Assert.DoesNotContain("farthing=", asked.PayLinkTerms().ReturnUrl, StringComparison.Ordinal);
        Assert.DoesNotContain(browser.Cookies.Keys, name => name.StartsWith("farthing_paid_", StringComparison.Ordinal));

        // The same token, put into the cookie by hand.
        var other = new Browser(site);
        await other.PayAsync(Path);
        var cookie = other.Cookies.Keys.Single(name => name.StartsWith("farthing_paid_", StringComparison.Ordinal));
        browser.Plant(cookie, query.Split('&')[0].Replace("%", "", StringComparison.Ordinal));
        if (fault is not ("twice" or "expired"))
            Assert.Equal(HttpStatusCode.PaymentRequired, (await browser.VisitAsync(Path)).Status);
        Assert.Equal(0, site.Served);
    }

    [Fact]
    public async Task Entitlement_of_another_browser_opens_nothing()
    {
        await using var site = await PaidSite.StartAsync();
        var payer = new Browser(site);
        await payer.PayAsync(Path);
        var paid = payer.Cookies.Single(cookie => cookie.Key.StartsWith("farthing_paid_", StringComparison.Ordinal));

        var thief = new Browser(site);
        thief.Plant(paid.Key, paid.Value.Value);
        Assert.Equal(HttpStatusCode.PaymentRequired, (await thief.VisitAsync(Path)).Status);
        thief.Plant("farthing_browser", "short");
        Assert.Equal(HttpStatusCode.PaymentRequired, (await thief.VisitAsync(Path)).Status);
        Assert.Equal(HttpStatusCode.PaymentRequired, (await thief.VisitAsync($"{Path}?farthing={paid.Value.Value}")).Status);
        Assert.Equal(0, site.Served);
    }

    [Fact]
    public async Task Payment_for_one_page_does_not_open_another()
    {
        await using var site = await PaidSite.StartAsync();
        var browser = new Browser(site);
        await browser.PayAsync(Path);
        var paid = browser.Cookies.Single(cookie => cookie.Key.StartsWith("farthing_paid_", StringComparison.Ordinal));
        browser.Plant(paid.Key, paid.Value.Value);
        Assert.Equal(HttpStatusCode.PaymentRequired, (await browser.VisitAsync("/articles/snow")).Status);
        Assert.Equal(HttpStatusCode.PaymentRequired, (await browser.VisitAsync("/articles/rainy")).Status);
        Assert.Equal(0, site.Served);
    }

    [Fact]
    public async Task Expired_entitlement_is_renewed_by_way_of_the_wallet()
    {
        await using var site = await PaidSite.StartAsync();
        var browser = new Browser(site);
        await browser.PayAsync(Path);
        site.Time.Advance(TimeSpan.FromSeconds(60));

        var sent = await browser.VisitAsync($"{Path}?edition=2");
        Assert.Equal(HttpStatusCode.Found, sent.Status);
        Assert.StartsWith("http://127.0.0.1:5080/renew?terms=", sent.Location, StringComparison.Ordinal);
        var terms = Visit.ReadTerms(sent.Location!);
        Assert.Equal(Path, terms.Resource);
        Assert.EndsWith($"{Path}?edition=2", terms.ReturnUrl, StringComparison.Ordinal);

        var back = await browser.VisitAsync($"{Path}?farthing={site.EntitlementFor(Path, terms.Nonce).Sign(PaidSite.Operator)}");
        Assert.Equal(HttpStatusCode.SeeOther, back.Status);
        Assert.Equal(HttpStatusCode.OK, (await browser.VisitAsync(Path)).Status);
        Assert.Equal(1, site.Served);
    }

    [Fact]
    public async Task Refunded_page_closes_and_nobody_is_sent_in_circles()
    {
        await using var site = await PaidSite.StartAsync();
        var browser = new Browser(site);
        await browser.PayAsync(Path);
        site.Time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(HttpStatusCode.Found, (await browser.VisitAsync(Path)).Status);

        var unpaid = await browser.VisitAsync($"{Path}?farthing=unpaid");
        Assert.Equal(HttpStatusCode.PaymentRequired, unpaid.Status);
        Assert.DoesNotContain(browser.Cookies.Keys, name => name.StartsWith("farthing_paid_", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.PaymentRequired, (await browser.VisitAsync(Path)).Status);
        Assert.Equal(0, site.Served);
    }

    [Fact]
    public async Task Only_a_visit_is_sent_to_renew()
    {
        await using var site = await PaidSite.StartAsync();
        var browser = new Browser(site);
        await browser.PayAsync(Path);
        site.Time.Advance(TimeSpan.FromSeconds(60));
        Visit[] others =
        [
            await browser.VisitAsync(Path, null, ("Accept", "application/json")),
            await browser.VisitAsync(Path, HttpMethod.Head),
            await browser.VisitAsync(Path, null, ("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty")),
            await browser.VisitAsync(Path, null, ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe")),
        ];
        Assert.All(others, other => Assert.Equal(HttpStatusCode.PaymentRequired, other.Status));
        Assert.Equal(HttpStatusCode.Found, (await browser.VisitAsync(Path, null, ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document"))).Status);
        Assert.Equal(0, site.Served);
    }

    [Fact]
    public async Task Address_without_anything_for_sale_is_not_found()
    {
        await using var site = await PaidSite.StartAsync(configure: options => options.Preview = context =>
            ValueTask.FromResult(context.Request.RouteValues["slug"] is "rain" ? new PaymentPreview("Rain") : null));
        Assert.Equal(HttpStatusCode.NotFound, (await new Browser(site).VisitAsync("/articles/nothing")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await new Browser(site).VisitAsync("/articles/nothing", null, ("Accept", "*/*"))).Status);
        Assert.Equal(HttpStatusCode.PaymentRequired, (await new Browser(site).VisitAsync(Path)).Status);
        Assert.Equal(0, site.Served);
    }

    [Fact]
    public async Task Way_back_never_leads_to_another_host()
    {
        await using var site = await PaidSite.StartAsync((site, app) => app.MapGet("/{**any}", site.Serve).RequirePayment("0.02 USD"));
        var browser = new Browser(site);
        var authority = site.Http.BaseAddress!.Authority;
        var terms = await browser.AskAsync("/x");
        var token = site.EntitlementFor("//evil.example/x", terms.Nonce).Sign(PaidSite.Operator);
        var answer = await site.SendRawAsync(
            $"GET //evil.example/x?farthing={token} HTTP/1.1\r\nHost: {authority}\r\nAccept: text/html\r\nCookie: farthing_browser={browser.Cookies["farthing_browser"].Value}\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 303", answer, StringComparison.Ordinal);
        Assert.Contains($"Location: http://{authority}//evil.example/x\r\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Configured_origin_stands_whatever_host_is_claimed()
    {
        await using var site = await PaidSite.StartAsync(configure: options => options.Website = "https://news.example");
        var visit = await new Browser(site).VisitAsync(Path, null, ("Host", "evil.example"));
        Assert.Equal($"https://news.example{Path}", visit.PayLinkTerms().ReturnUrl);
    }

    [Fact]
    public async Task Output_cache_does_not_serve_to_all_what_one_paid_for()
    {
        await using var site = await PaidSite.StartAsync(
            (site, app) =>
            {
                app.UseOutputCache();
                app.MapGet("/articles/{slug}", site.Serve).RequirePayment("0.02 USD").CacheOutput(policy => policy.Expire(TimeSpan.FromHours(1)));
            },
            services: services => services.AddOutputCache());
        var browser = new Browser(site);
        await browser.PayAsync(Path);
        Assert.Equal(HttpStatusCode.OK, (await browser.VisitAsync(Path)).Status);
        Assert.Equal(HttpStatusCode.OK, (await browser.VisitAsync(Path)).Status);
        Assert.Equal(2, site.Served);
        Assert.Equal(HttpStatusCode.PaymentRequired, (await new Browser(site).VisitAsync(Path)).Status);
    }
}
