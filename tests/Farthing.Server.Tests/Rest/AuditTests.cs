using System.Diagnostics;

namespace Farthing.Server.Tests.Rest;

/// <summary>The auditor's program against the server's.</summary>
public sealed class AuditTests
{
    [Fact]
    public async Task A_server_passes_its_audits_over_restarts_and_fails_them_once_its_history_is_another()
    {
        using var directory = new TemporaryDirectory();
        var since = Path.Combine(directory.Path, "checkpoint");
        await using var server = await ServerProcess.StartAsync();
        using var api = new Api(server);
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("10");
        for (var i = 0; i < 150; i++) await api.PayAsync(wallet, payee, "0.02");
        var key = (await api.GetAsync("/v1/ledger/key")).Text.TrimEnd();

        await AssertSoundAsync("no earlier checkpoint");
        for (var i = 0; i < 20; i++) await api.PayAsync(wallet, payee, "0.02");
        await server.KillAsync();
        await server.StartAgainAsync();
        await AssertSoundAsync("unchanged");
        Assert.Equal(0, await server.TerminateAsync());
        await server.StartAgainAsync();
        await AssertSoundAsync("unchanged");

        // Another server with the same secrets that begins anew: it signs with the right key, and shows a history that never was.
        Assert.Equal(0, await server.TerminateAsync());
        using var forged = new TemporaryDirectory();
        Directory.CreateDirectory(Path.Combine(forged.Path, "keys"));
        foreach (var file in new[] { "farthing.json", "keys/issuing", "keys/entitlement", "keys/ledger" })
            File.Copy(Path.Combine(server.Data, file), Path.Combine(forged.Path, file));
        await using var forger = await ServerProcess.StartAsync(forged.Path);
        var run = await RunAsync(forger.Address, key, since);
        Assert.True(run.ExitCode == 1, run.Text);
        Assert.Contains("NOT sound", run.Text, StringComparison.Ordinal);

        async Task AssertSoundAsync(string before)
        {
            var audit = await RunAsync(server.Address, key, since);
            Assert.True(audit.ExitCode == 0, audit.Text);
            Assert.Contains(before, audit.Text, StringComparison.Ordinal);
        }
    }

    private static async Task<(int ExitCode, string Text)> RunAsync(Uri server, string key, string since)
    {
        var here = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/'));
        var program = Path.Combine(here.Parent!.Parent!.FullName, "Farthing.Cli", here.Name, "farthing.dll");
        using var process = Process.Start(new ProcessStartInfo("dotnet", [program, "ledger", "audit", server.ToString(), "--key", key, "--since", since]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var error = process.StandardError.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        return (process.ExitCode, await output + await error);
    }
}
