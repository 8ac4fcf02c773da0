using Farthing.Payments.Payees;
using Farthing.Protocol;
using Farthing.Server;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

/// <summary>A server for one site alone.</summary>
public class OwnSiteTests
{
    [Fact]
    public async Task Who_made_a_payee_before_hears_the_same_again_and_nobody_makes_another()
    {
        await using var test = await StartAsync();
        var (key, request) = (test.NewKey(), new NewPayee("The Newsroom", Asset.Usd, null, null, 3));
        var made = Given(await test.Domain.Payees.CreateAsync(key, request));
        test.Domain.Payees.Close();
        Assert.Equal((made.Payee.Id, made.Key), Given(await test.Domain.Payees.CreateAsync(key, request)) is var again ? (again.Payee.Id, again.Key) : default);
        Refused(RefusalCodes.IdempotencyConflict, await test.Domain.Payees.CreateAsync(key, request with { Name = "Another" }));
        Refused(RefusalCodes.OwnSite, await test.Domain.Payees.CreateAsync(test.NewKey(), request));
    }

    [Fact]
    public async Task Each_site_shows_its_key_at_its_own_first_start_only()
    {
        await using var test = await StartAsync();
        var lines = Path.Combine(test.Directory, "own-site");
        var keys = new List<string?>();
        foreach (var site in new[] { "https://a.example", "https://a.example", "https://b.example", "https://b.example" })
        {
            keys.Add((await OwnSite.PrepareAsync(test.Domain, test.Secrets, new OwnSiteOptions(site, null, Asset.Usd, 3), lines, ServerMode.Test, "http://127.0.0.1:5080", "http://127.0.0.1:5080")).Key);
            Assert.Contains($"Farthing__Website={site}", await File.ReadAllTextAsync(Path.Combine(lines, OwnSite.EnvironmentFile), TestContext.Current.CancellationToken), StringComparison.Ordinal);
            await test.RestartAsync();
        }

        Assert.Equal([true, false, true, false], keys.Select(key => key is not null));
        Assert.NotEqual(keys[0], keys[2]);
    }
}
