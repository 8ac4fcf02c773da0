[assembly: AssemblyFixture(typeof(Farthing.Server.Tests.SharedServer))]

namespace Farthing.Server.Tests;

/// <summary>One server for all tests that need nothing special of it; each makes its own payees and wallets.</summary>
public sealed class SharedServer : IAsyncLifetime
{
    public ServerProcess Process { get; private set; } = null!;

    public Api Api { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Process = await ServerProcess.StartAsync(null, "--wallets-per-minute", "1000000", "--private-webhooks");
        Api = new Api(Process);
    }

    public async ValueTask DisposeAsync()
    {
        Api?.Dispose();
        if (Process is not null) await Process.DisposeAsync();
    }
}
