using System.Net;
using System.Net.Sockets;
using Farthing.Protocol;
using Microsoft.Extensions.Options;

namespace Farthing.AspNetCore.Tests;

/// <summary>What cannot be sent to the wallet, such as a player's next part, is continued underneath.</summary>
public sealed class RenewalTests
{
    private const string Path = "/articles/rain";

    private static readonly (string, string)[] Player = [("Accept", "*/*"), ("Sec-Fetch-Dest", "audio"), ("Sec-Fetch-Mode", "no-cors")];

    [Fact]
    public async Task A_player_goes_on_with_a_fresh_entitlement_that_the_browser_keeps()
    {
        await using var site = await PaidSite.StartAsync();
        var browser = new Browser(site);
        var terms = await browser.AskAsync(Path);
        await browser.PayAsync(Path);
        site.Renewals.Answer = _ => new Renewed(site.EntitlementFor(Path, terms.Nonce).Sign(PaidSite.Operator));
        for (var minute = 1; minute <= 3; minute++)
        {
            site.Time.Advance(TimeSpan.FromSeconds(61));
            for (var part = 0; part < 3; part++) Assert.Equal(HttpStatusCode.OK, (await browser.VisitAsync(Path, null, Player)).Status);
            Assert.Equal(minute, site.Renewals.Asked);
        }

        Assert.Equal(9, site.Served);
    }

    [Fact]
    public async Task A_visit_goes_by_way_of_the_wallet_and_asks_nobody()
    {
        await using var site = await PaidSite.StartAsync();
        var browser = new Browser(site);
        await browser.PayAsync(Path);
        site.Time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(HttpStatusCode.Found, (await browser.VisitAsync(Path)).Status);
        Assert.Equal(0, site.Renewals.Asked);
    }

    [Fact]
    public async Task Nothing_is_served_for_an_answer_that_is_not_of_this_browser_and_page()
    {
        await using var site = await PaidSite.StartAsync();
        var browser = new Browser(site);
        var terms = await browser.AskAsync(Path);
        await browser.PayAsync(Path);
        site.Time.Advance(TimeSpan.FromSeconds(61));
        var right = site.EntitlementFor(Path, terms.Nonce);
        string?[] answers =
        [
            null, "", "x.y", right.Sign(PaidSite.PayeeKey), (right with { Resource = "/articles/snow" }).Sign(PaidSite.Operator), (right with { Nonce = new string('n', 43) }).Sign(PaidSite.Operator),
            (right with { Payee = Id<PayeeKind>.New(site.Time) }).Sign(PaidSite.Operator), (right with { Issued = site.Time.GetUtcNow().AddMinutes(-2), Expires = site.Time.GetUtcNow() }).Sign(PaidSite.Operator),
        ];
        foreach (var answer in answers)
        {
            site.Renewals.Answer = _ => new Renewed(answer);
            var visit = await browser.VisitAsync(Path, null, Player);
            Assert.Equal(HttpStatusCode.PaymentRequired, visit.Status);
            Assert.DoesNotContain(PaidSite.PaidText, visit.Body, StringComparison.Ordinal);
        }

        Assert.Equal((answers.Length, 0), (site.Renewals.Asked, site.Served));
    }

    [Fact]
    public async Task A_server_that_is_away_or_talks_nonsense_closes_the_page_for_now_and_says_so()
    {
        await using var site = await PaidSite.StartAsync();
        var browser = new Browser(site);
        await browser.PayAsync(Path);
        site.Time.Advance(TimeSpan.FromSeconds(61));

        // Nothing listens there; something hangs up; something else answers.
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var talking = TalkAsync();
        foreach (var expected in new[] { false, false, false, true })
        {
            using var renewals = new ServerRenewals(Options.Create(new FarthingOptions { Server = $"http://127.0.0.1:{port}" }));
            var renewed = await renewals.ContinueAsync("token", TestContext.Current.CancellationToken);
            Assert.Equal(new Renewed(null, expected), renewed);
            site.Renewals.Answer = _ => renewed;
            var visit = await browser.VisitAsync(Path, null, Player);
            Assert.Equal(expected ? HttpStatusCode.PaymentRequired : HttpStatusCode.ServiceUnavailable, visit.Status);
            Assert.Equal(!expected, visit.Headers.ContainsKey("Retry-After"));
        }

        await talking;
        Assert.Equal(0, site.Served);

        async Task TalkAsync()
        {
            foreach (var answer in new[]
            {
                "", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n[]", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\n\r\n",
            })
            {
                using var client = await listener.AcceptTcpClientAsync();
                await using var stream = client.GetStream();
                // Head and body may come in one piece or two; the answer waits for neither.
                _ = await stream.ReadAsync(new byte[4096]);
                await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(answer));
            }
        }
    }
}
