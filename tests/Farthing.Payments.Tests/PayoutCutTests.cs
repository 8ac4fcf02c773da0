using Farthing.CrashHost;
using Farthing.Payments.Payees;
using Farthing.Payments.Payouts;
using Farthing.Protocol;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

/// <summary>Everything ends between two steps of a payout, those of the rail included, at each place in turn; opened again, the money has moved once.</summary>
public class PayoutCutTests
{
    /// <summary>What becomes of a payout of 10 out of 100; how many moments there are, one before and one after each step; what it is in the end; and what is left.</summary>
    public static TheoryData<string, int, PayoutState, string> Courses => new()
    {
        // The hold, the rows, that the rail is about to be told, its being told, the post with the cost, and the end.
        { "asked", 12, PayoutState.Done, "90" },
        // The hold, and the rows with the schedule's next instant; the rest as above.
        { "scheduled", 12, PayoutState.Done, "90" },
        // The release, then as above from the rail on.
        { "released", 10, PayoutState.Done, "90" },
        // The decision, the void, the end; and the place in the schedule, which the decision has moved.
        { "refused", 8, PayoutState.Returned, "100" },
        // The hold, the rows, the mark, the telling, the void, the end.
        { "failed", 12, PayoutState.Returned, "100" },
        // What came back is transferred, and the end.
        { "returned", 4, PayoutState.Returned, "99.75" },
        // As that, with the account of what was kept on the way opened for it.
        { "returned short", 4, PayoutState.Returned, "99.25" },
        // The telling was lost, and a minute is over: the mark, the telling, the post, the end.
        { "lost", 8, PayoutState.Done, "90" },
    };

    // What the others have besides is in ./test --long.
    public static TheoryData<string, int, PayoutState, string> RunCourses => Environment.GetEnvironmentVariable("FARTHING_LONG") == "1" ? Courses : [.. Courses.Where(course => course.Data.Item1 is "asked" or "refused" or "returned" or "returned short" or "lost")];

    [Theory]
    [MemberData(nameof(RunCourses))]
    public async Task Cut_off_between_any_two_steps_a_payout_ends_the_same_and_pays_once(string course, int moments, PayoutState end, string left)
    {
        var costs = new Dictionary<string, string> { ["sandbox"] = "bank-transfer" };
        await using var test = await StartAsync(new() { FeeBasisPoints = 0, Payouts = new() { ReviewNewDestinations = course is "released" or "refused", ReviewAboveWholeUnits = null, CostSchedules = costs } });
        var calls = new WatchedPayoutRail();
        test.WrapPayoutRail = rail => calls.Over(new CutRail(rail, test.Moments, course == "returned short" ? Usd("0.5") : null));
        await test.RestartAsync();
        // Opens the accounts that all share.
        await EndAsync(test, await BeginAsync(test, "asked"), "asked");

        var (cuts, paid) = (0, course is "released" or "refused" ? 0 : 1);
        for (var moment = 1; moment <= moments + 1; moment++)
        {
            var story = await BeginAsync(test, course);
            test.Moments.EndAt(moment);
            var acting = ActAsync(test, story, course);
            await Task.WhenAny(acting, test.Moments.Ended).WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
            if (test.Moments.Ended.IsCompleted) cuts++;
            else await acting;
            test.Moments.EndAt(0);
            await test.RestartAsync();
            await EndAsync(test, story, course);

            var payout = Assert.Single(Given(await test.Domain.Payouts.ListAsync(story.Payee.Id, null, 10)).Lines);
            Assert.Equal((moment, end, $"{left} held 0"), (moment, payout.State, await test.BalanceAsync(story.Payee)));
            if (end == PayoutState.Done) paid++;
        }

        Assert.Equal(moments, cuts);
        Assert.Equal((UInt128)paid * Usd("9.75").Units, await PayoutTests.TransitAsync(test));
        // What the rail took: of each that arrived, and what was kept of each that came back short, once.
        var arrived = (UInt128)(paid + (course.StartsWith("returned", StringComparison.Ordinal) ? moments + 1 : 0));
        var kept = course == "returned short" ? (UInt128)(moments + 1) * Usd("0.5").Units : UInt128.Zero;
        Assert.Equal((arrived * Usd("0.25").Units) + kept, (await test.Ledger.ReadAccountAsync(ChartOfAccounts.RailCost("sandbox", Asset.Usd)))?.Balances.Available ?? 0);
    }

    private static async Task<Story> BeginAsync(TestSystem test, string course)
    {
        var payee = await PayoutTests.RichAsync(test, "100");
        var instruction = course switch { "failed" => "fail", "returned" or "returned short" => "return:60", "lost" => "lost", _ => null };
        var isScheduled = course == "scheduled";
        await PayoutTests.SetAsync(test, payee, instruction, rhythm: isScheduled ? PayoutRhythm.Daily : PayoutRhythm.Off, threshold: isScheduled ? "10" : null);
        var story = new Story(payee, test.NewKey());
        if (isScheduled)
        {
            await test.SpendAsync(payee, "90");
            test.Time.Advance(TimeSpan.FromDays(1));
        }

        if (course is "released" or "refused" or "returned" or "returned short" or "lost")
        {
            await AskAsync(test, story);
            await DoWhatIsDueAsync(test);
        }

        if (course is "returned" or "returned short" or "lost") test.Time.Advance(TimeSpan.FromSeconds(61));
        return story;
    }

    private static async Task ActAsync(TestSystem test, Story story, string course)
    {
        switch (course)
        {
            case "released":
                Given(await test.Domain.Payouts.ReleaseAsync(await FirstAsync(test, story)));
                break;
            case "refused":
                Given(await test.Domain.Payouts.RefuseAsync(await FirstAsync(test, story), "No"));
                break;
            case "asked" or "failed":
                await AskAsync(test, story);
                break;
        }

        await DoWhatIsDueAsync(test);
    }

    private static async Task EndAsync(TestSystem test, Story story, string course)
    {
        await ActAsync(test, story, course.StartsWith("returned", StringComparison.Ordinal) ? "lost" : course);
        test.Time.Advance(PayoutDriver.Doubt + TimeSpan.FromSeconds(1));
        await DoWhatIsDueAsync(test);
        // What the schedule left to the payee, for the balances to be alike.
        if (course == "scheduled") Given(await test.Domain.PayoutSettings.SetAsync(story.Payee.Id, test.NewKey(), new("sandbox", new("The Newsroom"))));
        if (course == "scheduled") await PayoutTests.EarnAsync(test, story.Payee, "90");
    }

    private static async Task AskAsync(TestSystem test, Story story) => Given(await test.Domain.Payouts.PayOutAsync(As(story.Payee), story.Payee.Id, story.Key, Usd("10")));

    private static async Task<Id<PayoutKind>> FirstAsync(TestSystem test, Story story) => Given(await test.Domain.Payouts.ListAsync(story.Payee.Id, null, 1)).Lines[0].Id;

    private static async Task DoWhatIsDueAsync(TestSystem test)
    {
        using var stop = new CancellationTokenSource();
        var moments = test.Moments;
        var running = test.Domain.Schedule.RunAsync((_, _) => { }, stop.Token);
        while (!moments.Ended.IsCompleted && (await test.Domain.Schedule.ReadBacklogAsync()).Due > 0) await Task.Delay(1, TestContext.Current.CancellationToken);
        await stop.CancelAsync();
        // What waits for a ledger that was cut off is never answered.
        if (!moments.Ended.IsCompleted) await Task.WhenAny(running, moments.Ended);
    }

    private sealed record Story(Payee Payee, IdempotencyKey Key);

    /// <summary>A rail whose being told is a step, with a moment before it and one after it.</summary>
    private sealed class CutRail(IPayoutRail rail, Moments moments, Amount? kept) : IPayoutRail
    {
        public string Name => rail.Name;

        public int? DecimalsOf(Asset asset) => rail.DecimalsOf(asset);

        public Answer<PayoutDestination> Check(PayoutDestination destination, Asset asset) => rail.Check(destination, asset);

        public async ValueTask<PayoutRailAnswer> PayAsync(OutgoingPayout payout)
        {
            moments.Pass();
            var answer = await rail.PayAsync(payout);
            moments.Pass();
            return answer;
        }

        public async ValueTask<PayoutRailAnswer> AskAsync(Id<PayoutKind> reference)
        {
            var answer = await rail.AskAsync(reference);
            return answer.Status == PayoutRailStatus.Returned && kept is not null ? answer with { CameBack = Usd("9.75") - kept.Value } : answer;
        }
    }
}
