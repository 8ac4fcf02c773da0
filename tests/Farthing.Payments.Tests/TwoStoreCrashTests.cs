using System.Diagnostics;

namespace Farthing.Payments.Tests;

/// <summary>A process is killed between two steps of making something, and another goes on. <see cref="TwoStoreCutTests"/> has all moments of it, without the processes.</summary>
public class TwoStoreCrashTests
{
    // 128 and the number of SIGKILL.
    private const int Killed = 137;

    private static bool IsLong => Environment.GetEnvironmentVariable("FARTHING_LONG") == "1";

    [Theory]
    [MemberData(nameof(TwoStoreCutTests.Kinds), MemberType = typeof(TwoStoreCutTests))]
    public async Task Killed_between_two_steps_a_repeat_finishes_what_was_begun_and_answers_the_same(string kind, int moments, string[] expected)
    {
        // By default in the middle, after a step; of a payee, which has the issued key, after each.
        int[] chosen = IsLong ? [.. Enumerable.Range(1, moments)] : kind == "payee" ? [2, 4, 6, 8] : [moments / 4 * 2];
        foreach (var moment in chosen)
        {
            var directory = Directory.CreateTempSubdirectory("farthing-crash-").FullName;
            try
            {
                var crashed = await RunAsync(directory, kind, moment);
                Assert.True(crashed.ExitCode == Killed, $"{kind} at moment {moment} ended with {crashed.ExitCode}: {crashed.Output}");
                var repeated = await RunAsync(directory, kind, 0);
                Assert.True(repeated.ExitCode == 0, repeated.Output);
                Assert.All(expected, line => Assert.Contains(line, repeated.Output.Split('\n')));
            }
            finally
            {
                Directory.Delete(directory, recursive: true);
            }
        }
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(string directory, string kind, int moment)
    {
        // Built beside this test, in a directory of its own name.
        var here = new DirectoryInfo(AppContext.BaseDirectory);
        var program = Path.Combine(here.Parent!.Parent!.FullName, "Farthing.CrashHost", here.Name, "Farthing.CrashHost.dll");
        using var process = Process.Start(new ProcessStartInfo("dotnet", [program, directory, kind, moment.ToString()]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var errors = process.StandardError.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        return (process.ExitCode, await output + await errors);
    }
}
