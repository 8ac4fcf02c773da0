namespace Farthing.Server.Tests.Gate;

/// <summary>The tests of the gate: they share one nginx and one Caddy.</summary>
[CollectionDefinition]
public sealed class Gated : ICollectionFixture<GatedSites>;

/// <summary>The same files behind Debian's nginx and behind Debian's Caddy, each configured by nothing but its guide.</summary>
public sealed class GatedSites(SharedServer server) : IAsyncLifetime
{
    private GatedSite? nginx;
    private GatedSite? caddy;

    public GatedSite this[string name] => name == "nginx" ? nginx! : caddy!;

    public async ValueTask InitializeAsync()
    {
        var starting = new[] { GatedSite.StartAsync(server.Api, server.Process.Address, "nginx"), GatedSite.StartAsync(server.Api, server.Process.Address, "caddy") };
        try
        {
            await Task.WhenAll(starting);
        }
        catch
        {
            // One of them may run already, and nobody else would end it.
            foreach (var started in starting.Where(site => site.IsCompletedSuccessfully)) await (await started).DisposeAsync();
            throw;
        }

        (nginx, caddy) = (await starting[0], await starting[1]);
    }

    public async ValueTask DisposeAsync()
    {
        if (nginx is not null) await nginx.DisposeAsync();
        if (caddy is not null) await caddy.DisposeAsync();
    }
}
