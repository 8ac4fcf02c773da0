using System.Diagnostics;
using Farthing.Server.Tests;

namespace Farthing.Browser.Tests;

/// <summary>A server of the tests' own with the sample site beside it, each a process on a free port.</summary>
public sealed class SampleNewsroom : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly ReservedPort port = new();
    private readonly string state = Directory.CreateTempSubdirectory("farthing-newsroom-").FullName;
    private Process? site;

    private SampleNewsroom() => Site = new Uri($"http://localhost:{port.Number}");

    /// <summary>The payment server.</summary>
    public ServerProcess Server { get; private set; } = null!;

    /// <summary>Where the sample site is.</summary>
    public Uri Site { get; }

    /// <summary>Starts both and waits until both answer.</summary>
    public static async Task<SampleNewsroom> StartAsync()
    {
        var newsroom = new SampleNewsroom();
        try
        {
            await newsroom.LaunchAsync();
            return newsroom;
        }
        catch
        {
            await newsroom.DisposeAsync();
            throw;
        }
    }

    /// <summary>The program of a project that was built beside the tests: artifacts/bin/PROJECT/CONFIGURATION/.</summary>
    public static string ProgramOf(string project, string assembly)
    {
        var here = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/'));
        return Path.Combine(here.Parent!.Parent!.FullName, project, here.Name, $"{assembly}.dll");
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (site is not null)
            {
                site.Kill();
                await site.WaitForExitAsync();
                site.Dispose();
            }

            if (Server is not null) await Server.DisposeAsync();
        }
        finally
        {
            port.Dispose();
            Directory.Delete(state, recursive: true);
        }
    }

    private async Task LaunchAsync()
    {
        Server = await ServerProcess.StartAsync(null, "--wallets-per-minute", "100000", "--sample-site", Site.GetLeftPart(UriPartial.Authority), "--sample-state", state);
        site = Process.Start(new ProcessStartInfo("dotnet", [ProgramOf("Newsroom", "Newsroom"), "--site", Path.Combine(state, "site.json"), "--port", $"{Site.Port}"]))!;

        using var http = new HttpClient { BaseAddress = Site };
        using var deadline = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (await timer.WaitForNextTickAsync(deadline.Token))
        {
            try
            {
                using var response = await http.GetAsync("/", deadline.Token);
                if (response.IsSuccessStatusCode) return;
            }
            catch (HttpRequestException) when (!site.HasExited)
            {
                // Not listening yet.
            }
        }
    }
}
