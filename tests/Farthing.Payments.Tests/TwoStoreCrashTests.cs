using System.Diagnostics;

namespace Farthing.Payments.Tests;

public class TwoStoreCrashTests
{
    // 128 and the number of SIGKILL.
    private const int Killed = 137;

    private static bool IsLong => Environment.GetEnvironmentVariable("FARTHING_LONG") == "1";

    /// <param name="kind">What is made.</param>
    /// <param name="moments">How many there are: before and after the claim, each submission to the ledger, and the change of state.</param>
    /// <param name="accounts">How many accounts there are in the end.</param>
    /// <param name="rows">How many rows there are in the end.</param>
    [Theory]
    [InlineData("payee", 8, "accounts 4", "rows Payees 2 Offers 0 Wallets 0 Tips 0 creating 0")]
    [InlineData("offer", 4, "accounts 2", "rows Payees 1 Offers 1 Wallets 0 Tips 0 creating 0")]
    [InlineData("wallet", 6, "accounts 3", "rows Payees 1 Offers 0 Wallets 1 Tips 0 creating 0")]
    public Task Killed_between_any_two_steps_a_repeat_makes_one_and_issues_the_same_key(string kind, int moments, string accounts, string rows) =>
        KillAtEachAsync(kind, moments, everyMoment: kind == "payee" || IsLong, accounts, rows);

    [Fact]
    public Task Killed_between_any_two_steps_a_mandate_is_given_once() => KillAtEachAsync("mandate", 8, everyMoment: IsLong, "mandates 1", "accounts 6");

    /// <summary>The claim, the new gate, the old one shut, what was used taken over, and both rows.</summary>
    [Fact]
    public Task Killed_between_any_two_steps_of_a_change_of_caps_the_new_ones_count_what_was_paid_under_the_old() => KillAtEachAsync("caps", 10, everyMoment: IsLong, "left 0.9 USD");

    /// <summary>The claim of the key in the ledger, that of the monthly tip, its first payment, and the row that appears with its place in the schedule.</summary>
    [Fact]
    public Task Killed_between_any_two_steps_a_monthly_tip_is_paid_once_and_comes_into_being_once() => KillAtEachAsync("tip", 8, everyMoment: IsLong, "rows Payees 1 Offers 0 Wallets 1 Tips 1 creating 0");

    /// <summary>The payment, and what is written down of it.</summary>
    [Fact]
    public Task Killed_between_any_two_steps_of_the_schedule_a_month_is_paid_once() => KillAtEachAsync("month", 4, everyMoment: IsLong, "tip paid 2 missed 0 payments 2 balance 8 USD");

    private static async Task KillAtEachAsync(string kind, int moments, bool everyMoment, params string[] expected)
    {
        var killed = 0;
        for (var moment = 1; moment <= moments + 1; moment++)
        {
            // The even ones are those after a step; what a payee shows at all of them, the long run shows of everything.
            if (!everyMoment && moment <= moments && moment % 2 != 0) continue;
            var directory = Directory.CreateTempSubdirectory("farthing-crash-").FullName;
            try
            {
                var crashed = await RunAsync(directory, kind, moment);
                if (moment > moments)
                {
                    // There is no such moment: all are covered.
                    Assert.True(crashed.ExitCode == 0, crashed.Output);
                    break;
                }

                Assert.True(crashed.ExitCode == Killed, $"{kind} at moment {moment} ended with {crashed.ExitCode}: {crashed.Output}");
                killed++;
                var repeated = await RunAsync(directory, kind, 0);
                Assert.True(repeated.ExitCode == 0, repeated.Output);
                foreach (var line in expected) Assert.Contains(line, repeated.Output.Split('\n'));
            }
            finally
            {
                Directory.Delete(directory, recursive: true);
            }
        }

        Assert.Equal(everyMoment ? moments : moments / 2, killed);
    }

    [Fact]
    public async Task Killed_after_any_step_of_a_campaigns_end_the_next_start_finishes_it()
    {
        // Each step has a moment before it and one after it: the ledger's time reaches the deadline, verdict, pledges, payment, and the row is closed. There is no sixth.
        var steps = IsLong ? Enumerable.Range(1, 6) : Enumerable.Range(2, 3);
        var killed = 0;
        foreach (var step in steps)
        {
            var directory = Directory.CreateTempSubdirectory("farthing-crash-").FullName;
            try
            {
                var ended = await RunAsync(directory, "campaign-end", 2 * step);
                if (step <= 5)
                {
                    Assert.True(ended.ExitCode == Killed, $"The end at step {step} ended with {ended.ExitCode}: {ended.Output}");
                    killed++;
                    ended = await RunAsync(directory, "campaign-end", 0);
                }

                // One of six was withdrawn; five are given, less one percent.
                Assert.True(ended.ExitCode == 0, ended.Output);
                Assert.Contains("campaign Succeeded 5 USD pledges 5 payee 4.95 USD open 0", ended.Output.Split('\n'));
            }
            finally
            {
                Directory.Delete(directory, recursive: true);
            }
        }

        Assert.Equal(steps.Count(step => step <= 5), killed);
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
