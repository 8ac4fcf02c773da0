using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Farthing.AspNetCore.Tests;

public class GateTests
{
    private const string Path = "/articles/rain";

    [Theory]
    [InlineData("GET //articles/rain")]
    [InlineData("GET /articles//rain")]
    [InlineData("GET /articles/rain/")]
    [InlineData("GET /ARTICLES/RAIN")]
    [InlineData("GET /articles/%72ain")]
    [InlineData("GET /articles/rain%2F")]
    [InlineData("GET /articles/rain%00")]
    [InlineData("GET /articles/rain%0d%0aX:y")]
    [InlineData("GET /articles/rain;v=1")]
    [InlineData("GET /articles/../articles/rain")]
    [InlineData("GET /x/%2e%2e/articles/rain")]
    [InlineData("GET /articles/rain?")]
    [InlineData("GET /articles/rain?paid=true&farthing")]
    [InlineData("GET /articles/rain#paid")]
    [InlineData("GET http://127.0.0.1/articles/rain")]
    [InlineData("GET http://evil.example/articles/rain")]
    [InlineData("HEAD /articles/rain")]
    [InlineData("POST /articles/rain")]
    [InlineData("PUT /articles/rain")]
    [InlineData("OPTIONS /articles/rain")]
    [InlineData("TRACE /articles/rain")]
    [InlineData("get /articles/rain")]
    public async Task No_spelling_of_an_address_opens_it_unpaid(string line)
    {
        await using var site = await PaidSite.StartAsync((site, app) => app.Map("/articles/{slug}", site.Serve).RequirePayment("0.02 USD"));
        var authority = line.Contains("http://", StringComparison.Ordinal) ? new Uri(line.Split(' ')[1]).Authority : site.Http.BaseAddress!.Authority;
        var answer = await site.SendRawAsync($"{line} HTTP/1.1\r\nHost: {authority}\r\nAccept: text/html\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 4", answer, StringComparison.Ordinal);
        Assert.DoesNotContain(PaidSite.PaidText, answer, StringComparison.Ordinal);
        Assert.Equal(0, site.Served);
    }

    [Theory]
    [InlineData("Authorization", "Bearer abc")]
    [InlineData("Authorization", "Payment")]
    [InlineData("Authorization", "Payment ")]
    [InlineData("Authorization", "payment e30")]
    [InlineData("Authorization", "Payment e30, Payment e30")]
    [InlineData("X-Original-URL", "/")]
    [InlineData("X-Rewrite-URL", "/")]
    [InlineData("X-HTTP-Method-Override", "OPTIONS")]
    [InlineData("X-Forwarded-Prefix", "/free")]
    [InlineData("X-Forwarded-Host", "evil.example")]
    [InlineData("Range", "bytes=0-9")]
    [InlineData("If-None-Match", "*")]
    [InlineData("If-Modified-Since", "Mon, 01 Jan 2035 00:00:00 GMT")]
    [InlineData("Cookie", "farthing_browser=x; farthing_paid=1; paid=true")]
    [InlineData("Payment-Receipt", "e30")]
    [InlineData("Expect", "100-continue")]
    [InlineData("Upgrade", "websocket")]
    public async Task No_header_opens_a_page_unpaid(string name, string value)
    {
        await using var site = await PaidSite.StartAsync();
        foreach (var accept in new[] { Browser.Html, "*/*", "" })
        {
            using var response = await site.SendAsync(Path, null, (name, value), ("Accept", accept));
            Assert.Equal(HttpStatusCode.PaymentRequired, response.StatusCode);
            Assert.DoesNotContain(PaidSite.PaidText, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }

        Assert.Equal(0, site.Served);
    }

    [Fact]
    public async Task Head_is_asked_like_get_and_sends_no_body()
    {
        await using var site = await PaidSite.StartAsync();
        var browser = new Browser(site);
        var unpaid = await browser.VisitAsync(Path, HttpMethod.Head);
        Assert.Equal(HttpStatusCode.PaymentRequired, unpaid.Status);
        Assert.Empty(unpaid.Body);
        Assert.True(unpaid.Headers.ContainsKey("WWW-Authenticate"));

        await browser.PayAsync(Path);
        Assert.Equal(HttpStatusCode.OK, (await browser.VisitAsync(Path, HttpMethod.Head)).Status);
        Assert.Equal(1, site.Served);
    }

    [Fact]
    public async Task Part_of_a_file_costs_what_the_file_costs()
    {
        var content = Enumerable.Repeat((byte)'p', 1000).ToArray();
        await using var site = await PaidSite.StartAsync((_, app) =>
            app.MapGet("/file", () => Results.Bytes(content, "application/octet-stream", enableRangeProcessing: true)).RequirePayment("0.02 USD"));
        var browser = new Browser(site);
        var unpaid = await browser.VisitAsync("/file", null, ("Range", "bytes=0-9"));
        Assert.Equal(HttpStatusCode.PaymentRequired, unpaid.Status);
        Assert.DoesNotContain("pppppppppp", unpaid.Body, StringComparison.Ordinal);

        await browser.PayAsync("/file");
        var part = await browser.VisitAsync("/file", null, ("Range", "bytes=0-9"));
        Assert.Equal(HttpStatusCode.PartialContent, part.Status);
        Assert.Equal("pppppppppp", part.Body);
        Assert.Contains("private", part.Headers["Cache-Control"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Other_methods_are_sold_apart()
    {
        await using var site = await PaidSite.StartAsync((site, app) =>
        {
            app.MapGet("/render", site.Serve).RequirePayment("0.02 USD");
            app.MapPost("/render", site.Serve).RequirePayment("5.00 USD");
        });
        var browser = new Browser(site);
        await browser.PayAsync("/render");
        Assert.Equal(HttpStatusCode.OK, (await browser.VisitAsync("/render")).Status);
        Assert.Equal(HttpStatusCode.PaymentRequired, (await browser.VisitAsync("/render", HttpMethod.Post)).Status);
        Assert.Equal(1, site.Served);
    }

    [Fact]
    public async Task Query_is_not_part_of_what_is_sold()
    {
        await using var site = await PaidSite.StartAsync();
        var browser = new Browser(site);
        await browser.PayAsync(Path);
        Assert.Equal(HttpStatusCode.OK, (await browser.VisitAsync($"{Path}?print=1")).Status);
        Assert.Equal(1, site.Served);
    }

    [Fact]
    public async Task Path_base_is_part_of_what_is_sold()
    {
        await using var site = await PaidSite.StartAsync((site, app) =>
        {
            app.UsePathBase("/blog");
            app.UseRouting();
            app.MapGet("/articles/{slug}", site.Serve).RequirePayment("0.02 USD");
        });
        var browser = new Browser(site);
        Assert.Equal("/blog/articles/rain", (await browser.AskAsync("/blog/articles/rain")).Resource);
        await browser.PayAsync("/blog/articles/rain");
        Assert.Equal(HttpStatusCode.OK, (await browser.VisitAsync("/blog/articles/rain")).Status);
        Assert.Equal(HttpStatusCode.PaymentRequired, (await browser.VisitAsync("/articles/rain")).Status);
    }

    [Fact]
    public async Task Innermost_price_of_a_group_counts_and_is_asked_once()
    {
        await using var site = await PaidSite.StartAsync((site, app) =>
        {
            var group = app.MapGroup("/articles").RequirePayment("0.05 USD");
            group.MapGet("/dear", site.Serve);
            group.MapGet("/cheap", site.Serve).RequirePayment("0.01 USD");
            group.MapGroup("/inner").RequirePayment("0.03 USD").MapGet("/page", site.Serve);
        });
        foreach (var (path, price) in new[] { ("/articles/dear", "0.05"), ("/articles/cheap", "0.01"), ("/articles/inner/page", "0.03") })
        {
            var browser = new Browser(site);
            Assert.Equal(price, (await browser.AskAsync(path)).Amount!.Value.ToDecimalString());
            await browser.PayAsync(path);
            Assert.Equal(HttpStatusCode.OK, (await browser.VisitAsync(path)).Status);
        }

        Assert.Equal(3, site.Served);
    }

    [Fact]
    public async Task Binding_and_filters_are_behind_the_gate()
    {
        var ran = 0;
        await using var site = await PaidSite.StartAsync((site, app) => app.MapGet("/articles/{number:int}", (int number, bool required) => number)
            .AddEndpointFilter((context, next) =>
            {
                Interlocked.Increment(ref ran);
                return next(context);
            })
            .RequirePayment("0.02 USD"));
        var visit = await new Browser(site).VisitAsync("/articles/7?required=maybe");
        Assert.Equal(HttpStatusCode.PaymentRequired, visit.Status);
        Assert.Equal(0, ran);
    }

    [Fact]
    public async Task Address_that_terms_cannot_name_is_refused_without_running_anything()
    {
        await using var site = await PaidSite.StartAsync();
        foreach (var accept in new[] { Browser.Html, "*/*" })
        {
            using var response = await site.SendAsync($"/articles/{new string('a', 600)}", null, ("Accept", accept));
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        }

        Assert.Equal(0, site.Served);
    }

    [Fact]
    public async Task Long_query_is_left_out_of_the_way_back()
    {
        await using var site = await PaidSite.StartAsync();
        var visit = await new Browser(site).VisitAsync($"{Path}?q={new string('a', 2000)}");
        Assert.EndsWith(Path, visit.PayLinkTerms().ReturnUrl, StringComparison.Ordinal);
    }

    public static TheoryData<string, Action<FarthingOptions>> WrongOptions => new()
    {
        { "Payee", options => options.Payee = "wal_00000000000000000000000001" },
        { "SigningKey", options => options.SigningKey = "AAAA" },
        { "Server", options => options.Server = "http://127.0.0.1:5080/" },
        { "Server", options => options.Server = "127.0.0.1:5080" },
        { "EntitlementKey", options => options.EntitlementKey = "" },
        { "Website", options => options.Website = "https://news.example/blog" },
        { "Stylesheet", options => options.Stylesheet = "https://cdn.example/site.css" },
        { "ChallengeSecret", options => options.ChallengeSecret = new byte[16] },
    };

    [Theory]
    [MemberData(nameof(WrongOptions))]
    public async Task Wrong_option_stops_the_start_and_is_named(string name, Action<FarthingOptions> wrong)
    {
        var thrown = await Assert.ThrowsAsync<OptionsValidationException>(() => PaidSite.StartAsync(configure: wrong));
        Assert.Contains($"option {name} must", thrown.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.02")]
    [InlineData("0 USD")]
    [InlineData("-1 USD")]
    [InlineData("0,02 USD")]
    [InlineData("0.0000001 USD")]
    public async Task Wrong_price_stops_the_start(string price) =>
        await Assert.ThrowsAsync<FormatException>(() => PaidSite.StartAsync((site, app) => app.MapGet("/", site.Serve).RequirePayment(price)));
}
