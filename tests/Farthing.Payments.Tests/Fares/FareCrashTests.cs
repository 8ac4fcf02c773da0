using Farthing.Payments.Fares;
using Farthing.Payments.Schedules;
using static Farthing.Payments.Tests.Fares.Rider;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests.Fares;

/// <summary>What charges a day is cut off after each of its steps, be it a write of the settings or an append to the journal; or a tap comes in between.</summary>
public sealed class FareCrashTests
{
    /// <param name="act">What is cut off: the day's one payment, that of what came late, or refunds out of both.</param>
    /// <param name="steps">How many steps it has at least: what is to be, each chain of the ledger's, what came of it, and the schedule. The ledger may append more often.</param>
    /// <param name="lines">What the wallet paid and got back in the end.</param>
    [Theory]
    [InlineData("charge", 4, "payment -6")]
    [InlineData("adjustment", 4, "payment -6, payment -6")]
    [InlineData("refunds", 5, "payment -6, payment -6, refund 3.2, refund 2.8, refund 0.4")]
    public async Task Cut_off_between_any_two_steps_a_day_is_charged_adjusted_and_given_back_once(string act, int steps, string lines)
    {
        await using var test = await TestSystem.StartAsync();
        var cuts = 0;
        for (var wasCut = true; wasCut;)
        {
            var rider = await JoinAsync(test, Uncapped);
            await RideUpToAsync(rider, act);
            wasCut = await IsCutOffAsync(rider, cuts + 1);
            if (wasCut) cuts++;
            await rider.RunDueAsync();
            Assert.Equal(lines, string.Join(", ", await rider.LinesAsync()));
            await AssertSettledAsync(rider);
        }

        Assert.InRange(cuts, steps, steps + 5);
        await PricingCrashTests.CheckBooksAsync(test);
    }

    [Fact]
    public async Task Another_mandate_after_a_cut_pays_nothing_twice()
    {
        await using var test = await TestSystem.StartAsync();
        var rider = await JoinAsync(test, Uncapped);
        await RideUpToAsync(rider, "charge");
        var isCut = false;
        test.Settings.FailsToWrite = rows => isCut |= rows is [FareDayRow { NextUnits: null }];
        Assert.NotEmpty(await rider.RunScheduleAsync(() => Task.FromResult(isCut)));
        await test.RestartAsync();
        // It is paid, and not written down.
        Assert.Equal(("payment -6", "0"), (Assert.Single(await rider.LinesAsync()), (await rider.ReadDayAsync(Monday.PlusDays(-7))).Paid.ToDecimalString()));
        var another = await MandateAsync(test, rider.Wallet, rider.Operator);
        Given(await test.Domain.FareCards.ChangeMandateAsync(rider.Wallet.Id, test.NewKey(), rider.Card.Id, another));
        Given(await test.Domain.Mandates.RevokeAsync(rider.Wallet.Id, rider.Card.Mandate));
        await rider.RunDueAsync();
        Assert.Equal(["payment -6"], await rider.LinesAsync());
        await AssertSettledAsync(rider);
    }

    [Fact]
    public async Task A_tap_at_any_moment_of_a_charge_is_in_it_or_adjusts_it()
    {
        await using var test = await TestSystem.StartAsync();
        // Before and after each of the three writes.
        for (var moment = 1; moment <= 6; moment++)
        {
            var rider = await JoinAsync(test, Flat);
            var tapped = test.Time.GetUtcNow().ToString("O");
            await rider.TapAsync(tapped);
            test.Time.SetUtcNow((await rider.ReadDayAsync()).NextAt!.Value);
            var (passed, taken) = (0, 0);
            test.Settings.BeforeWriting = test.Settings.AfterWriting = async rows =>
            {
                if (!rows.Any(row => row is FareDayRow or DueRow) || ++passed != moment) return;
                await rider.TapAsync(tapped);
                taken++;
            };
            Assert.Empty(await rider.RunScheduleAsync(async () => taken > 0 && (await test.Domain.Schedule.ReadBacklogAsync()).Due == 0));
            Assert.Equal(1, taken);
            Assert.Equal(["payment -1.75", "payment -1.75"], await rider.LinesAsync());
        }
    }

    [Fact]
    public async Task Taps_that_race_with_charges_are_all_paid_once()
    {
        await using var rider = await Rider.StartAsync(Uncapped with { Singles = new FlatFare(Usd("0.01")) });
        await rider.TapAsync();
        rider.Test.Time.SetUtcNow(Time("2026-12-01T04:30:00Z"));
        // The last ten of each wait for the first charge: something is sure to come behind it.
        var charged = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var racing = Task.WhenAll(Enumerable.Range(0, 3).Select(thread => Task.Run(async () =>
        {
            for (var i = 0; i < 33; i++)
            {
                if (i == 23) await charged.Task;
                await rider.TapAsync($"2026-11-30T{13 + thread}:{i:00}:00Z");
            }
        })));
        var reports = await rider.RunScheduleAsync(async () =>
        {
            if (!charged.Task.IsCompleted && (await rider.LinesAsync()).Count > 0) charged.SetResult();
            return racing.IsCompleted && (await rider.Test.Domain.Schedule.ReadBacklogAsync()).Due == 0;
        });
        await racing;
        Assert.Empty(reports);
        Assert.Equal("99 held 0", await rider.BalanceAsync());
        Assert.Equal(("1", "1"), ((await rider.ReadDayAsync(Monday)).Priced.Owed.ToDecimalString(), (await rider.ReadDayAsync(Monday)).Paid.ToDecimalString()));
        Assert.True((await rider.LinesAsync()).Count > 1, "No charge came between.");
    }

    /// <summary>Brings a rider to where an act is due and nothing of it is done.</summary>
    private static async Task RideUpToAsync(Rider rider, string act)
    {
        var start = rider.Card.CreatedAt;
        await rider.InAsync(start.ToString("O"), "1");
        var charged = (await rider.ReadDayAsync()).Priced.ChargedAt(Uncapped.Singles);
        rider.Test.Time.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(charged));
        if (act == "charge") return;
        await rider.RunDueAsync();
        await rider.InAsync(start.AddMinutes(30).ToString("O"), "1");
        if (act == "adjustment") return;
        await rider.RunDueAsync();
        await rider.OutAsync(start.AddMinutes(40).ToString("O"), "1");
        await rider.RunDueAsync();
        await rider.OutAsync(start.AddMinutes(20).ToString("O"), "1");
    }

    /// <summary>What the day of the first tap owes is paid, and nobody will ask for more.</summary>
    private static async Task AssertSettledAsync(Rider rider)
    {
        var day = await rider.ReadDayAsync(FareDay.Of(Uncapped.Zone, rider.Card.CreatedAt.ToUnixTimeMilliseconds()).Date);
        Assert.Equal((day.Priced.Owed, null, null), (day.Paid, day.Fault, day.NextAt));
    }

    /// <summary>Runs the schedule until it is cut off after a step, or nothing is due, and opens everything again from disk.</summary>
    private static async Task<bool> IsCutOffAsync(Rider rider, int step)
    {
        // The moment after it.
        rider.Test.Moments.EndAt(2 * step);
        var reports = await rider.RunScheduleAsync(async () => rider.Test.Moments.Ended.IsCompleted || (await rider.Test.Domain.Schedule.ReadBacklogAsync()).Due == 0);
        var isOver = rider.Test.Moments.Ended.IsCompleted;
        Assert.True(isOver || reports.Count == 0, string.Join('\n', reports));
        await rider.Test.RestartAsync();
        return isOver;
    }
}
