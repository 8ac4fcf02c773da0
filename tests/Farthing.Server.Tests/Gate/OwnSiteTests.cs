using System.Text.RegularExpressions;
using Farthing.Server.Tests.Rest;

namespace Farthing.Server.Tests.Gate;

/// <summary><c>--own-site</c>: the operator is the only payee, and is not signed up.</summary>
public sealed class OwnSiteTests
{
    private const string Page = "/articles/rain.html";

    [Fact]
    public async Task One_option_makes_the_payee_and_the_lines_that_sell_its_pages()
    {
        ServerProcess? server = null;
        try
        {
            await using var site = await GatedSite.StartOwnAsync(async origin =>
            {
                server = await ServerProcess.StartAsync(null, "--own-site", origin, "--own-site-name", "The Gazette", "--own-site-currency", "EUR", "--own-site-refunds", "0");
                return Path.Combine(server.Data, "own-site");
            });
            using var api = new Api(server!);
            var origin = site.Address.GetLeftPart(UriPartial.Authority);
            var lines = Path.Combine(server!.Data, "own-site");

            // What it printed is what it wrote, and only the owner can read it.
            foreach (var name in new[] { "farthing-gate.conf", "farthing.caddy", "farthing.env" })
            {
                var text = await File.ReadAllTextAsync(Path.Combine(lines, name), TestContext.Current.CancellationToken);
                await server.UntilPrintedAsync(text.TrimEnd());
                Assert.DoesNotContain('…', text);
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(lines, name)));
            }

            var environment = (await File.ReadAllLinesAsync(Path.Combine(lines, "farthing.env"), TestContext.Current.CancellationToken))
                .Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
            Assert.Equal(["Farthing__EntitlementKey", "Farthing__Payee", "Farthing__PlayMoney", "Farthing__Server", "Farthing__SigningKey", "Farthing__Website"], environment.Keys.Order(StringComparer.Ordinal));
            Assert.Equal((origin, server.Address.GetLeftPart(UriPartial.Authority)), (environment["Farthing__Website"], environment["Farthing__Server"]));
            Assert.Equal((await api.GetAsync("/v1/entitlement-key")).Text, environment["Farthing__EntitlementKey"]);

            // Somebody buys a page. The guide's price is in dollars, and the site is paid in euros: that is said, and nothing is served.
            using var visitor = await Visitor.NewAsync(api, site.Address, "EUR");
            Assert.Equal(500, (await visitor.VisitAsync(Page)).Status);
            await site.ChangePriceAsync("0.02 USD", "0.02 EUR");
            await visitor.BuyAsync(Page);
            var (status, body, _) = await visitor.VisitAsync(Page);
            Assert.Equal((200, 100), (status, Regex.Count(body, GatedSite.PaidText)));

            // The money is the site's, and there is no other payee.
            var key = Regex.Match(server.Output, "fk_pye_\\S+").Value;
            var account = new Account(environment["Farthing__Payee"], key);
            Assert.Equal(("0.0198", "0"), await api.BalanceAsync(account));
            var payee = await api.GetAsync($"/v1/payees/{account.Id}", key);
            Assert.Equal(("The Gazette", "EUR", "0"), (payee["name"], payee["currency"], payee["refundsPerWalletPerMonth"]));
            Expect.Problem(await api.PostAsync("/v1/payees", ServerProcess.OperatorKey, """{"name":"Shop","currency":"EUR"}"""), 403, "own_site");

            // The next start is of the same payee, and shows no key again.
            await server.KillAsync();
            await server.StartAgainAsync();
            await server.UntilPrintedAsync($"{origin} is paid as {account.Id}");
            Assert.DoesNotContain("fk_pye_", server.Output, StringComparison.Ordinal);
            Assert.DoesNotContain("X-Farthing-Key", server.Output, StringComparison.Ordinal);
            Assert.Contains($"Farthing__Server={server.Address.GetLeftPart(UriPartial.Authority)}\n", await File.ReadAllTextAsync(Path.Combine(lines, "farthing.env"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
            Assert.Equal(("0.0198", "0"), await api.BalanceAsync(account));

            // Its name and currency stay.
            Assert.Equal(0, await server.TerminateAsync());
            var (exitCode, output) = await ServerProcess.RunToItsEndAsync(server.Data, "--own-site", origin, "--own-site-name", "Another");
            Assert.Equal(1, exitCode);
            Assert.Contains("--own-site-name", output, StringComparison.Ordinal);
        }
        finally
        {
            if (server is not null) await server.DisposeAsync();
        }
    }
}
