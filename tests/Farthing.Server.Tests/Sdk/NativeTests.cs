using System.Diagnostics;
using Farthing.Client;

namespace Farthing.Server.Tests.Sdk;

/// <summary>The client, compiled ahead of time.</summary>
public sealed class NativeTests(SharedServer server)
{
    private static readonly string[] Linkers = ["clang", "gcc"];

    [Fact]
    public async Task Reader_of_forecasts_compiled_ahead_of_time_buys_one()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("FARTHING_LONG") == "1", "Compiling ahead of time takes minutes: --long does it.");
        var linker = Linkers.FirstOrDefault(name => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(path => File.Exists(Path.Combine(path, name))));
        Assert.SkipWhen(linker is null, "Compiling ahead of time needs clang or gcc.");

        using var directory = new TemporaryDirectory();
        var root = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/')).Parent!.Parent!.Parent!.Parent!.FullName;
        // Warnings are errors, those of the trimmer and of the compiler of native code too.
        var (status, output) = await RunAsync("dotnet",
            ["publish", Path.Combine(root, "samples", "ForecastReader"), "-c", "Release", "--use-current-runtime", "-p:PublishAot=true", $"-p:CppCompilerAndLinker={linker}", "--artifacts-path", directory.Path, "-nodeReuse:false"]);
        Assert.True(status == 0, output);
        var program = Assert.Single(Directory.GetFiles(Path.Combine(directory.Path, "publish"), "ForecastReader", SearchOption.AllDirectories));
        Assert.InRange(new FileInfo(program).Length, 1 << 20, 20 << 20);

        using var anyone = new FarthingClient(server.Process.Address);
        await using var site = await SellingSite.OpenAsync(anyone.WithKey(ServerProcess.OperatorKey));
        var wallet = await server.Api.NewWalletAsync("1");
        var budget = Path.Combine(directory.Path, "budget");
        string[][] ways = [[], [budget, "today"], [budget, "tomorrow"]];
        var fastest = TimeSpan.MaxValue;
        foreach (var way in ways)
        {
            var began = Stopwatch.GetTimestamp();
            Assert.Equal((0, SellingSite.Forecast), await RunAsync(program, [server.Process.Address.ToString(), wallet.Key, site.ForecastUrl.ToString(), .. way]));
            var took = Stopwatch.GetElapsedTime(began);
            fastest = took < fastest ? took : fastest;
        }

        Assert.Equal("0.994", (await server.Api.GetAsync($"/v1/wallets/{wallet.Id}", wallet.Key)).Amount("balance"));
        TestContext.Current.SendDiagnosticMessage($"ForecastReader: {new FileInfo(program).Length:N0} bytes; from its start to a paid forecast {fastest.TotalMilliseconds:N0} ms.");
    }

    private static async Task<(int Status, string Output)> RunAsync(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
            var errors = process.StandardError.ReadToEndAsync(deadline.Token);
            await process.WaitForExitAsync(deadline.Token);
            return (process.ExitCode, (await output + await errors).Trim());
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }
}
