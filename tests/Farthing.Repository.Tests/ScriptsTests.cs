using System.Diagnostics;

namespace Farthing.Repository.Tests;

public sealed class ScriptsTests
{
    private static readonly string[] Commands = ["run", "test", "farthing", ".ci/run", "bench/run", "bench/ledger", "bench/client", "scripts/public-api"];

    [Fact]
    public void Commands_are_executable()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no executable bit.");
        Assert.All(Commands, command =>
        {
            Assert.StartsWith("#!/usr/bin/env bash\n", WorkingTree.Read(command), StringComparison.Ordinal);
            if (!OperatingSystem.IsWindows()) Assert.True(File.GetUnixFileMode(WorkingTree.Absolute(command)).HasFlag(UnixFileMode.UserExecute), $"chmod +x {command}");
        });
    }

    [Fact]
    public async Task Scripts_are_well_formed()
    {
        foreach (var script in Commands.Append("scripts/build.sh"))
        {
            Assert.Equal((0, ""), await RunAsync("bash", "-n", WorkingTree.Absolute(script)));
        }
    }

    [Fact]
    public void Continuous_integration_calls_test_and_nothing_else()
    {
        var lines = WorkingTree.Read(".ci/run").Split('\n').Where(line => line.Length > 0 && !line.StartsWith('#'));
        Assert.Equal("exec \"$(dirname \"${BASH_SOURCE[0]}\")/../test\"", Assert.Single(lines));
    }

    [Fact]
    public async Task Run_explains_itself_and_refuses_what_it_does_not_know()
    {
        var run = WorkingTree.Absolute("run");
        var (helpStatus, help) = await RunAsync("bash", run, "--help");
        Assert.Equal(0, helpStatus);
        Assert.All(["--port N", "--sample-port N", "--no-sample", "--data DIR", "FARTHING_OPERATOR_KEY"], option => Assert.Contains(option, help, StringComparison.Ordinal));

        foreach (var wrong in new[] { new[] { "--ports", "1" }, ["--port"], ["--port", "0"], ["--port", "70000"], ["--port", "x"], ["--port", "5081"] })
        {
            var (status, text) = await RunAsync("bash", [run, .. wrong]);
            Assert.Equal(64, status);
            Assert.StartsWith("run: ", text, StringComparison.Ordinal);
        }
    }

    private static async Task<(int Status, string Text)> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true })!;
        process.StandardInput.Close();
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var text = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var errors = process.StandardError.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        return (process.ExitCode, await text + await errors);
    }
}
