using System.Net;
using System.Text.RegularExpressions;
using Farthing.Client;
using Farthing.Protocol;

namespace Farthing.Server.Tests.Gate;

/// <summary>Static files behind nginx and Caddy, as their guides configure them: who paid gets them, and nobody else gets a byte.</summary>
[Collection<Gated>]
public sealed partial class GateTests(SharedServer server, GatedSites sites)
{
    private const string Page = "/articles/rain.html";

    private static readonly string[] Programs = ["nginx", "caddy"];

    private static readonly string[] Lines =
    [
        "GET /articles/rain.html HTTP/1.1", "GET /articles/rain.html HTTP/1.0", "GET //articles/rain.html HTTP/1.1", "GET /articles//rain.html HTTP/1.1", "GET ///articles///rain.html HTTP/1.1",
        "GET /./articles/rain.html HTTP/1.1", "GET /articles/./rain.html HTTP/1.1", "GET /x/../articles/rain.html HTTP/1.1", "GET /articles/../articles/rain.html HTTP/1.1",
        "GET /articles/x/../rain.html HTTP/1.1", "GET /articles/2026/../rain.html HTTP/1.1", "GET /articles/2026/..%2frain.html HTTP/1.1", "GET /articles%2frain.html HTTP/1.1",
        "GET %2farticles/rain.html HTTP/1.1", "GET /%2farticles/rain.html HTTP/1.1", "GET /articles/%2e/rain.html HTTP/1.1", "GET /articles/2026/%2e%2e/rain.html HTTP/1.1",
        "GET /x/%2E%2E/articles/rain.html HTTP/1.1", "GET /articles/2026/%252e%252e/rain.html HTTP/1.1", "GET /articles/%72ain.html HTTP/1.1", "GET /%61rticles/rain.html HTTP/1.1",
        "GET /articles/rain%2ehtml HTTP/1.1", "GET /articles/rain.html%00 HTTP/1.1", "GET /articles/rain.html%00.txt HTTP/1.1", "GET /articles/rain.html%20 HTTP/1.1", "GET /articles/rain.html%0d%0aX-Farthing-Price:%200.000001%20USD HTTP/1.1",
        "GET /articles/rain.html;v=1 HTTP/1.1", "GET /articles;v=1/rain.html HTTP/1.1", "GET /articles/rain.html/ HTTP/1.1", "GET /articles/rain.html. HTTP/1.1", "GET /articles/rain.html... HTTP/1.1",
        "GET /articles\\rain.html HTTP/1.1", "GET /articles%5crain.html HTTP/1.1", "GET /ARTICLES/rain.html HTTP/1.1", "GET /Articles/Rain.html HTTP/1.1", "GET /articles/RAIN.HTML HTTP/1.1",
        "GET /articles/rain.html? HTTP/1.1", "GET /articles/rain.html?farthing HTTP/1.1", "GET /articles/rain.html?farthing=paid&paid=true HTTP/1.1", "GET /articles/rain.html#paid HTTP/1.1",
        "GET /articles/rain.html?answer=check HTTP/1.1", "GET http://localhost/articles/rain.html HTTP/1.1", "GET http://evil.example/articles/rain.html HTTP/1.1", "GET articles/rain.html HTTP/1.1",
        "GET /cheap/../articles/rain.html HTTP/1.1", "GET /cheap/%2e%2e/articles/rain.html HTTP/1.1", "GET /cheap/..%2farticles/rain.html HTTP/1.1", "GET /cheap//../articles/rain.html HTTP/1.1",
        "GET /articles HTTP/1.1", "GET /articles/ HTTP/1.1", "GET /articles/. HTTP/1.1", "GET /articles/index.html HTTP/1.1", "GET /articles/2026 HTTP/1.1", "GET /articles/2026/ HTTP/1.1",
        "GET /articles/caf%C3%A9.html HTTP/1.1", "GET /articles/caf%c3%a9.html HTTP/1.1", "GET /articles/café.html HTTP/1.1", "GET /articles/caf%E9.html HTTP/1.1", "GET /articles/rain.html.gz HTTP/1.1",
        "GET /farthing/check HTTP/1.1", "GET /farthing/page HTTP/1.1", "GET /farthing/../articles/rain.html HTTP/1.1",
        "HEAD /articles/rain.html HTTP/1.1", "POST /articles/rain.html HTTP/1.1", "PUT /articles/rain.html HTTP/1.1", "DELETE /articles/rain.html HTTP/1.1", "PATCH /articles/rain.html HTTP/1.1", "OPTIONS /articles/rain.html HTTP/1.1",
        "OPTIONS * HTTP/1.1", "TRACE /articles/rain.html HTTP/1.1", "CONNECT /articles/rain.html HTTP/1.1", "PROPFIND /articles/rain.html HTTP/1.1", "get /articles/rain.html HTTP/1.1", "GET  /articles/rain.html HTTP/1.1", "GET\t/articles/rain.html HTTP/1.1",
        "GETT /articles/rain.html HTTP/1.1", "GET /articles/rain.html HTTP/1.2", "GET /articles/rain.html HTTP/2.0", "GET /articles/rain.html",
    ];

    private static readonly string[] Headers =
    [
        "Range: bytes=0-99", "Range: bytes=-100", "Range: bytes=0-0,5-9,20-99", "Range: bytes=0-99\r\nIf-Range: \"x\"", "Range: bytes=0-99\r\nIf-Range: Mon, 01 Jan 2035 00:00:00 GMT", "If-None-Match: *", "If-None-Match: \"x\"",
        "If-Modified-Since: Mon, 01 Jan 2035 00:00:00 GMT", "If-Unmodified-Since: Mon, 01 Jan 2035 00:00:00 GMT", "If-Match: *", "Cache-Control: only-if-cached", "Pragma: no-cache",
        "Accept-Encoding: gzip", "Accept-Encoding: gzip, identity;q=0", "TE: trailers", "Expect: 100-continue", "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
        "Connection: close, X-Farthing-Key, X-Farthing-Price, X-Forwarded-Uri", "Connection: close, Cookie", "X-Original-URI: /index.html", "X-Original-URL: /index.html", "X-Rewrite-URL: /index.html", "X-Forwarded-Uri: /index.html",
        "X-Forwarded-Uri: /index.html\r\nX-Forwarded-Uri: /index.html", "X-Forwarded-Method: OPTIONS", "X-HTTP-Method-Override: OPTIONS", "X-Forwarded-Host: evil.example", "X-Forwarded-Prefix: /free",
        "X-Farthing-Price: 0.000001 USD", "X-Farthing-Price: 0.000001 USD\r\nX-Farthing-Price: 0 USD", "X_Farthing_Price: 0.000001 USD", "X-Farthing-Payee: pye_00000000000000000000000001", "X-Farthing-Key: AAAA", "X-Accel-Redirect: /articles/rain.html",
        "Authorization: Bearer abc", "Authorization: Payment e30", "Authorization: Payment e30\r\nAuthorization: Payment e30", "Cookie: farthing_browser=x; farthing_paid=1", "Payment-Receipt: e30", "Content-Length: 3", "Transfer-Encoding: chunked",
    ];

    public static TheoryData<string, string> EveryLine => Product(Lines);

    public static TheoryData<string, string> EveryHeader => Product(Headers);

    public static TheoryData<string> EveryProgram => [.. Programs];

    [Theory]
    [MemberData(nameof(EveryLine))]
    public async Task No_spelling_of_a_request_gives_an_unpaid_byte(string program, string line)
    {
        foreach (var accept in new[] { "text/html", "*/*" })
            AssertUnpaid(await sites[program].SendRawAsync($"{line}\r\nHost: {sites[program].Address.Authority}\r\nAccept: {accept}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"), line);
    }

    [Theory]
    [MemberData(nameof(EveryHeader))]
    public async Task No_header_gives_an_unpaid_byte(string program, string header)
    {
        // What follows the header's end is a chunked body's end, where there is one.
        foreach (var accept in new[] { "text/html", "*/*" })
        {
            var answer = await sites[program].SendRawAsync($"GET {Page} HTTP/1.1\r\nHost: {sites[program].Address.Authority}\r\nAccept: {accept}\r\n{header}\r\nConnection: close\r\n\r\n0\r\n\r\n");
            AssertUnpaid(answer, header);
            if (Challenge().Match(answer) is not { Success: true } challenge) continue;
            // What is asked is what the configuration says, whatever the visitor says.
            Assert.True(ChargeRequest.TryRead(Assert.Single(PaymentChallenge.ReadAll(challenge.Value)).Request, out var charge));
            Assert.True(Terms.TryParse(charge.Terms, out var terms));
            Assert.Equal((sites[program].Payee, Amount.Parse("0.02 USD"), Page), (terms.Payee, terms.Amount!.Value, terms.Resource));
        }
    }

    [Theory]
    [MemberData(nameof(EveryProgram))]
    public async Task Requests_in_one_go_are_judged_one_by_one(string program)
    {
        using var visitor = await Visitor.NewAsync(server.Api, sites[program].Address);
        await visitor.BuyAsync(Page);
        var host = $"Host: {sites[program].Address.Authority}\r\nAccept: text/html\r\n";
        var cookie = $"Cookie: {visitor.CookiesFor(Page)}\r\n";
        var answer = await sites[program].SendRawAsync(
            $"GET {Page} HTTP/1.1\r\n{host}\r\nGET {Page} HTTP/1.1\r\n{host}{cookie}\r\nGET {Page} HTTP/1.1\r\n{host}\r\nGET /articles/ HTTP/1.1\r\n{host}{cookie}Connection: close\r\n\r\n");
        Assert.Equal(["402", "200", "402", "402"], StatusLine().Matches(answer).Select(match => match.Groups[1].Value));
        Assert.Equal(100, Occurrences(answer, GatedSite.PaidText));
    }

    [Theory]
    [MemberData(nameof(EveryProgram))]
    public async Task A_visitor_pays_once_and_reads_again(string program)
    {
        using var visitor = await Visitor.NewAsync(server.Api, sites[program].Address);
        foreach (var path in new[] { Page, "/articles/", "/articles/2026/", "/articles/caf%C3%A9.html" })
        {
            await visitor.BuyAsync(path);
            for (var visit = 0; visit < 2; visit++)
            {
                var (status, body, response) = await visitor.VisitAsync(path);
                Assert.Equal((200, 100), (status, Occurrences(body, GatedSite.PaidText)));
                Assert.Equal("no-cache, private", response.Headers.CacheControl!.ToString());
                Assert.Contains("Cookie", string.Join(", ", response.Headers.Vary), StringComparison.Ordinal);
                Assert.False(response.Headers.Contains("Set-Cookie"));
            }
        }

        // What a visitor asks the page is not asked of the gate.
        foreach (var query in new[] { "?answer=page", "?answer=42", "?answer=check&answer=page" }) Assert.Equal((200, 100), await BodyOfAsync(visitor, Page + query));
        var part = await visitor.VisitAsync(Page, null, ("Range", "bytes=3-25"));
        Assert.Equal((206, GatedSite.PaidText), (part.Status, part.Body));
        Assert.Equal((200, ""), ((await visitor.VisitAsync(Page, HttpMethod.Head)).Status, (await visitor.VisitAsync(Page, HttpMethod.Head)).Body));
        var tag = part.Response.Headers.ETag!.ToString();
        Assert.Equal(304, (await visitor.VisitAsync(Page, null, ("If-None-Match", tag))).Status);
        // Somebody else with the tag learns nothing by it.
        using var stranger = await Visitor.NewAsync(server.Api, sites[program].Address);
        Assert.Equal(402, (await stranger.VisitAsync(Page, null, ("If-None-Match", tag))).Status);
    }

    [Theory]
    [MemberData(nameof(EveryProgram))]
    public async Task What_was_bought_opens_nothing_else(string program)
    {
        var site = sites[program];
        using var visitor = await Visitor.NewAsync(server.Api, site.Address);
        var (_, entitlement) = await visitor.PayAsync(await visitor.AskAsync("/cheap/rain.html"));
        Assert.Equal(303, (await visitor.VisitAsync($"/cheap/rain.html?farthing={entitlement}")).Status);
        var cookies = visitor.CookiesFor("/cheap/rain.html");
        var lines = 0;
        foreach (var line in Lines.Where(line => line.Contains("articles", StringComparison.OrdinalIgnoreCase)))
        {
            foreach (var more in new[] { "", "X-Forwarded-Uri: /cheap/rain.html\r\nX-Farthing-Price: 0.000001 USD\r\n" })
            {
                AssertUnpaid(await site.SendRawAsync($"{line}\r\nHost: {site.Address.Authority}\r\nAccept: text/html\r\nCookie: {cookies}\r\n{more}Connection: close\r\n\r\n"), line);
                lines++;
            }
        }

        Assert.True(lines > 100);
        // Its cookie under the name of the other page's, and the wallet's answer at the other page's address.
        Assert.Equal(402, (await visitor.VisitAsync($"{Page}?farthing={entitlement}")).Status);
        Assert.Equal((200, 100), await BodyOfAsync(visitor, "/cheap/rain.html"));
        // Another browser cannot use it, even at the same address.
        using var stranger = await Visitor.NewAsync(server.Api, site.Address);
        await stranger.AskAsync("/cheap/rain.html");
        Assert.Equal(402, (await stranger.VisitAsync($"/cheap/rain.html?farthing={entitlement}")).Status);
    }

    [Theory]
    [MemberData(nameof(EveryProgram))]
    public async Task Other_spellings_lead_to_the_one_that_is_sold(string program)
    {
        using var visitor = await Visitor.NewAsync(server.Api, sites[program].Address);
        foreach (var (asked, plain) in new[] { ("/articles//rain.html", Page), ("/articles/caf%c3%a9.html?x=1", "/articles/caf%C3%A9.html?x=1"), ("/articles/%72ain.html", Page) })
        {
            var answer = await sites[program].SendRawAsync($"GET {asked} HTTP/1.1\r\nHost: {sites[program].Address.Authority}\r\nAccept: text/html\r\nConnection: close\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 308", answer, StringComparison.Ordinal);
            Assert.Contains($"\r\nLocation: {plain}\r\n", answer, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(EveryProgram))]
    public async Task What_is_not_there_is_not_sold(string program)
    {
        using var visitor = await Visitor.NewAsync(server.Api, sites[program].Address);
        foreach (var path in new[] { "/articles/nothing.html", "/articles/2026/nothing/", "/cheap/" }) Assert.Equal(404, (await visitor.VisitAsync(path)).Status);
        Assert.Equal(405, (await visitor.VisitAsync(Page, HttpMethod.Post)).Status);
        Assert.Equal(200, (await visitor.VisitAsync("/")).Status);
    }

    [Theory]
    [MemberData(nameof(EveryProgram))]
    public async Task A_program_pays_each_call_with_the_client_as_it_is(string program)
    {
        var wallet = await server.Api.NewWalletAsync("1");
        using var payer = new FarthingClient(server.Process.Address, wallet.Key);
        var sent = new Recorder();
        using var http = new HttpClient(new PayingHandler(payer, Budget.PerDay("1.00 USD")) { InnerHandler = sent });
        for (var call = 1; call <= 2; call++)
        {
            using var response = await http.GetAsync(new Uri(sites[program].Address, "/calls/rain.html"), TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal(100, Occurrences(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), GatedSite.PaidText));
            Assert.True(PaymentReceiptHeader.TryParse(response.Headers.GetValues("Payment-Receipt").Single(), out var receipt));
            Assert.StartsWith("pay_", receipt.Reference, StringComparison.Ordinal);
            // What opened one call opens no other.
            AssertUnpaid(await sites[program].SendRawAsync($"GET /calls/rain.html HTTP/1.1\r\nHost: {sites[program].Address.Authority}\r\nAuthorization: {sent.Credential}\r\nConnection: close\r\n\r\n"), "a used credential");
        }

        Assert.Equal(("0.996", "0"), await server.Api.BalanceAsync(wallet));
        // A page is bought by the call too.
        Assert.Equal(100, Occurrences(await http.GetStringAsync(new Uri(sites[program].Address, Page), TestContext.Current.CancellationToken), GatedSite.PaidText));
        Assert.Equal(("0.976", "0"), await server.Api.BalanceAsync(wallet));
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("GET")]
    [InlineData("DELETE")]
    public async Task A_program_pays_a_call_of_an_application_behind_nginx_whatever_its_method(string method)
    {
        var wallet = await server.Api.NewWalletAsync("1");
        using var payer = new FarthingClient(server.Process.Address, wallet.Key);
        using var http = payer.CreateHttpClient(Budget.PerDay("1.00 USD"));
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(sites["nginx"].Address, "/app/orders"));
        if (method == "POST") request.Content = new StringContent("two of them");
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.OK, $"{GatedSite.PaidText}, {method}"), (response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
        Assert.Equal(("0.998", "0"), await server.Api.BalanceAsync(wallet));
    }

    /// <summary>Sends on, and keeps the last credential that was sent.</summary>
    private sealed class Recorder() : DelegatingHandler(new SocketsHttpHandler())
    {
        public string Credential { get; private set; } = "";

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken stop)
        {
            Credential = request.Headers.Authorization?.ToString() ?? Credential;
            return base.SendAsync(request, stop);
        }
    }

    private static async Task<(int Status, int Paid)> BodyOfAsync(Visitor visitor, string path)
    {
        var (status, body, _) = await visitor.VisitAsync(path);
        return (status, Occurrences(body, GatedSite.PaidText));
    }

    private static void AssertUnpaid(string answer, string what)
    {
        Assert.False(answer.Contains("ONLY-FOR", StringComparison.Ordinal) || answer.Contains("THOSE-WHO", StringComparison.Ordinal), $"{what} was answered with\n{answer}");
        // Nothing that is compressed either, be it for this answer or on the disk: whatever is answered says in plain text why.
        Assert.DoesNotContain("\u001f\u008b", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("Content-Encoding", answer, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(" 206 ", answer.Split('\r')[0], StringComparison.Ordinal);
    }

    private static int Occurrences(string text, string part) => Regex.Count(text, Regex.Escape(part));

    private static TheoryData<string, string> Product(string[] rows)
    {
        var data = new TheoryData<string, string>();
        foreach (var program in Programs) foreach (var row in rows) data.Add(program, row);
        return data;
    }

    [GeneratedRegex("^HTTP/1.1 ([0-9]{3})", RegexOptions.Multiline)]
    private static partial Regex StatusLine();

    [GeneratedRegex("(?<=^WWW-Authenticate: )Payment .*(?=\r$)", RegexOptions.Multiline | RegexOptions.IgnoreCase)]
    private static partial Regex Challenge();
}
