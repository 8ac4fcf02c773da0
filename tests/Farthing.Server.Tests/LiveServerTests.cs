using System.Net;
using System.Text;
using Farthing.Server.Tests.Rest;

namespace Farthing.Server.Tests;

/// <summary>The tests that share one live server.</summary>
[CollectionDefinition]
public sealed class Live : ICollectionFixture<LiveServer>;

/// <summary>A server of real money behind a proxy on this machine, for one site. No money comes in here: there is no rail.</summary>
public sealed class LiveServer : IAsyncLifetime
{
    public const string Operator = "Example Payments Ltd";
    public const string Origin = "https://pay.example";

    public ServerProcess Process { get; private set; } = null!;

    public HttpClient Http { get; } = new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false });

    public async ValueTask InitializeAsync() => Process = await ServerProcess.StartAsync(null,
        "--live", "--operator-name", Operator, "--public-url", Origin, "--trusted-proxy", "127.0.0.1", "--wallets-per-minute", "3", "--own-site", "https://news.example",
        // What the framework would do by its own variables.
        "ASPNETCORE_URLS=http://0.0.0.0:0", "ASPNETCORE_ENVIRONMENT=Development", "ASPNETCORE_FORWARDEDHEADERS_ENABLED=true", "Kestrel__Endpoints__All__Url=http://0.0.0.0:0", "ASPNETCORE_Kestrel__Endpoints__More__Url=http://0.0.0.0:0");

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (Process is not null) await Process.DisposeAsync();
    }
}

/// <summary>What a live server says and does, and what it has nothing of.</summary>
[Collection<Live>]
public sealed class LiveServerTests(LiveServer server, SharedServer test)
{
    private static readonly string[] Pages = ["/", "/statement", "/caps", "/fees", "/recover", "/subscriptions", "/docs/errors", "/openapi/v1.json"];

    [Fact]
    public async Task Each_page_says_who_holds_the_money_or_that_it_is_play_money()
    {
        foreach (var page in Pages)
        {
            var (live, play) = (await ReadAsync(server.Process, page), await ReadAsync(test.Process, page));
            Assert.Contains($"The money in wallets here is held by {LiveServer.Operator}.", live, StringComparison.Ordinal);
            Assert.DoesNotContain("This is play money", live, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("This is play money", play, StringComparison.Ordinal);
            Assert.DoesNotContain("is held by", play, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("play money", await ReadAsync(server.Process, "/"), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("play money", await ReadAsync(test.Process, "/reference/"), StringComparison.Ordinal);
        Assert.DoesNotContain("play money", await ReadAsync(server.Process, "/reference/"), StringComparison.Ordinal);
        await server.Process.UntilPrintedAsync($"real money, held by {LiveServer.Operator}");
        await test.Process.UntilPrintedAsync("play money only");
    }

    [Fact]
    public async Task Cookies_go_by_TLS_only_whatever_the_proxy_forgets_to_say()
    {
        var live = await CookiesAsync(server.Process);
        Assert.Equal(["farthing_form", "farthing_wallet"], live.Select(cookie => cookie.Split('=')[0]).Order());
        Assert.All(live, cookie => Assert.Contains("; secure", cookie, StringComparison.OrdinalIgnoreCase));
        Assert.All(await CookiesAsync(test.Process), cookie => Assert.DoesNotContain("; secure", cookie, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task There_is_nothing_of_play_money_and_no_clock_to_move()
    {
        using var api = new Api(server.Process);
        var wallet = await WalletAsync("192.0.2.200");
        var refused = await api.PostAsync($"/v1/wallets/{wallet["id"]}/top-ups", wallet["key"], $$"""{"amount":{{Api.Amount("10")}},"rail":"sandbox"}""");
        Expect.Problem(refused, 400, "rail_not_available");
        Assert.Contains("No rail is configured here", refused["detail"], StringComparison.Ordinal);
        Assert.Equal(404, (await api.PostAsync("/v1/test/clock", ServerProcess.OperatorKey, """{"now":"2030-01-01T00:00:00Z"}""")).Status);
        Assert.Empty(Directory.GetFiles(server.Process.Data, "sandbox*", SearchOption.AllDirectories));
        Assert.Contains("\"mode\": \"live\"", await File.ReadAllTextAsync(Path.Combine(server.Process.Data, "farthing.json"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal("127.0.0.1", server.Process.Address.Host);
        // What is printed may be in a log. The last of it comes with the site's key.
        await server.Process.UntilPrintedAsync("Go on with docs/guides/own-site.md.");
        Assert.DoesNotContain("SigningKey", server.Process.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("X-Farthing-Key", server.Process.Output, StringComparison.Ordinal);
        Assert.Contains("Top-ups:    none", server.Process.Output, StringComparison.Ordinal);
        Assert.StartsWith("pay.example/", (await api.GetAsync("/v1/ledger/checkpoint")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Links_lead_to_the_public_address_whatever_host_is_asked_for()
    {
        foreach (var host in new[] { "pay.example", "evil.example", "127.0.0.1" })
        {
            Assert.Contains($"\"url\": \"{LiveServer.Origin}/\"", await ReadAsync(server.Process, "/openapi/v1.json", ("Host", host), ("X-Forwarded-Host", host), ("X-Forwarded-Proto", "http")), StringComparison.Ordinal);

            var lines = (await File.ReadAllLinesAsync(Path.Combine(server.Process.Data, "own-site", "farthing.env"), TestContext.Current.CancellationToken)).Where(line => line.Length > 0).ToDictionary(line => line.Split('=')[0], line => line[(line.IndexOf('=') + 1)..]);
            Assert.Equal((LiveServer.Origin, "false"), (lines["Farthing__Server"], lines["Farthing__PlayMoney"]));
            var gate = await ReadAsync(server.Process, "/v1/gate", ("Host", host), ("X-Farthing-Payee", lines["Farthing__Payee"]), ("X-Farthing-Key", lines["Farthing__SigningKey"]), ("X-Farthing-Price", "0.02 USD"),
                ("X-Forwarded-Uri", "/articles/rain.html"), ("X-Forwarded-Method", "GET"), ("Accept", "text/html"));
            Assert.Contains($"{LiveServer.Origin}/pay?", gate, StringComparison.Ordinal);
            Assert.DoesNotContain("play money", gate, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("evil.example", gate, StringComparison.Ordinal);
        }

        // The web server beside it asks it where it listens.
        Assert.Contains(server.Process.Address.Authority, await File.ReadAllTextAsync(Path.Combine(server.Process.Data, "own-site", "farthing-gate.conf"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Limits_count_the_addresses_that_trusted_proxies_tell_and_no_others()
    {
        // Three each, and what somebody writes in front of the proxy's own word gives nobody more.
        foreach (var address in new[] { "198.51.100.1", "198.51.100.2", "2001:db8:7::1" })
        {
            for (var i = 0; i < 3; i++) Assert.NotNull((await WalletAsync($"203.0.113.{i}, {address}"))["id"]);
            Assert.Equal("rate_limited", (await WalletAsync($"203.0.113.9, {address}"))["code"]);
        }

        Assert.Equal("rate_limited", (await WalletAsync("2001:db8:7::ffff"))["code"]);
    }

    private async Task<Reply> WalletAsync(string forwardedFor)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server.Process.Address, "/v1/wallets")) { Content = new StringContent("""{"currency":"USD"}""", Encoding.UTF8, "application/json") };
        request.Headers.Add("Idempotency-Key", Api.NewKey());
        request.Headers.Add("X-Forwarded-For", forwardedFor);
        using var response = await server.Http.SendAsync(request, TestContext.Current.CancellationToken);
        return new Reply((int)response.StatusCode, null, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), response.Headers);
    }

    private async Task<string[]> CookiesAsync(ServerProcess process)
    {
        using var response = await server.Http.GetAsync(new Uri(process.Address, "/"), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return [.. response.Headers.GetValues("Set-Cookie")];
    }

    private async Task<string> ReadAsync(ServerProcess process, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(process.Address, path));
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var response = await server.Http.SendAsync(request, TestContext.Current.CancellationToken);
        return $"{response.Headers}{WebUtility.HtmlDecode(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))}";
    }
}
