using Farthing.CrashHost;

namespace Farthing.Payments.Tests;

/// <summary>Everything ends between two steps of making something, at each place in turn, and is opened again in the same process. <see cref="TwoStoreCrashTests"/> kills processes instead.</summary>
public class TwoStoreCutTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>What is made; how many moments there are, one before and one after each step; and what must be said of it in the end.</summary>
    public static TheoryData<string, int, string[]> Kinds => new()
    {
        // Before and after the claim, each submission to the ledger, and the change of state.
        { "payee", 8, ["accounts 4", "rows Payees 2 Offers 0 Wallets 0 Tips 0 creating 0"] },
        { "offer", 4, ["accounts 2", "rows Payees 1 Offers 1 Wallets 0 Tips 0 creating 0"] },
        { "wallet", 6, ["accounts 3", "rows Payees 1 Offers 0 Wallets 1 Tips 0 creating 0"] },
        { "mandate", 8, ["mandates 1", "accounts 6"] },
        // The claim, the new gate, the old one shut, what was used taken over, and both rows.
        { "caps", 10, ["left 0.9 USD"] },
        // The claim of the key in the ledger, that of the monthly tip, its first payment, and the row that appears with its place in the schedule.
        { "tip", 8, ["rows Payees 1 Offers 0 Wallets 1 Tips 1 creating 0"] },
        // The payment, and what is written down of it.
        { "month", 4, ["tip paid 2 missed 0 payments 2 balance 8 USD"] },
        // The ledger's time reaches the deadline, verdict, pledges, payment, and the row is closed. One of six pledges was withdrawn; five are given, less one percent.
        { "campaign-end", 10, ["campaign Succeeded 5 USD pledges 5 payee 4.95 USD open 0"] },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Cut_off_between_any_two_steps_a_repeat_finishes_what_was_begun_and_answers_the_same(string kind, int moments, string[] expected)
    {
        var cuts = 0;
        for (var moment = 1; moment <= moments + 1; moment++)
        {
            var directory = Directory.CreateTempSubdirectory("farthing-cut-").FullName;
            try
            {
                if (await RunAsync(directory, kind, moment) is null) cuts++;
                // There is no such moment: all are covered.
                else Assert.Equal(moments + 1, moment);
                var made = await RunAsync(directory, kind, 0);
                Assert.NotNull(made);
                Assert.All(expected, line => Assert.Contains(line, made));
            }
            finally
            {
                await Leftovers.DeleteAsync(directory);
            }
        }

        Assert.Equal(moments, cuts);
    }

    /// <returns>What was made; null if all ended before.</returns>
    private static async Task<string[]?> RunAsync(string directory, string kind, int endAt)
    {
        var moments = new Moments(() => { });
        await using var story = await CrashStory.OpenAsync(directory, kind, moments);
        // Who waits for the ledger when all ends may wait for ever.
        var making = story.RunAsync(endAt);
        await Task.WhenAny(making, moments.Ended).WaitAsync(Patience, TestContext.Current.CancellationToken);
        return moments.Ended.IsCompleted ? null : await making;
    }
}
