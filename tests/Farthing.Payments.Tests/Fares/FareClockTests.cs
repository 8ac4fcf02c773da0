using Farthing.Payments.Fares;
using static Farthing.Payments.Tests.Fares.Rider;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests.Fares;

/// <summary>The server's clock leaps ahead and comes back; or the wallet's caps change at the very moment of a charge.</summary>
public sealed class FareClockTests
{
    private static readonly TimeSpan Leap = TimeSpan.FromDays(10);

    [Fact]
    public async Task A_clock_that_leapt_ahead_and_came_back_makes_no_ride_free()
    {
        await using var rider = await Rider.StartAsync(Flat);
        var right = rider.Test.Time.GetUtcNow();
        await rider.Test.RestartAtAsync(right + Leap);
        await rider.TapAsync();
        await rider.Test.RestartAtAsync(right.AddMinutes(1));
        await rider.TapAsync();
        await rider.TapAsync();
        await rider.MoveToAsync("2026-12-01T04:30:00Z");
        Assert.Equal(("3.5", "0", "3.5"), await rider.DayAsync(Monday));
        Assert.Equal(Usd("0"), (await rider.ReadDayAsync(Monday)).Priced.Forgiven);
        Assert.Equal("96.5 held 0", await rider.BalanceAsync());
    }

    [Fact]
    public async Task Taps_that_are_heard_of_within_a_millisecond_or_a_small_step_back_keep_their_order()
    {
        await using var rider = await Rider.StartAsync(Flat);
        await rider.TapAsync();
        await rider.Test.RestartAtAsync(rider.Test.Time.GetUtcNow().AddMinutes(-4));
        await rider.TapAsync();
        await rider.TapAsync();
        var heard = (await rider.ReadDayAsync()).Priced.Journeys.Select(journey => journey.First.ArrivedUnixMilliseconds).Order().ToList();
        Assert.Equal([heard[0], heard[0] + 1, heard[0] + 2], heard);
    }

    [Fact]
    public async Task A_day_that_a_leapt_clock_began_to_charge_is_charged_in_full_once_it_is_over()
    {
        await using var rider = await Rider.StartAsync(Flat);
        var right = rider.Test.Time.GetUtcNow();
        await rider.TapAsync();
        await BeginChargeAsync(rider, right + Leap);
        await rider.Test.RestartAtAsync(right.AddMinutes(1));
        await rider.TapAsync();
        await rider.MoveToAsync("2026-12-01T04:30:00Z");
        Assert.Equal(["payment -1.75", "payment -1.75"], await rider.LinesAsync());
        Assert.Equal(("3.5", "0", "3.5"), await rider.DayAsync(Monday));
    }

    [Fact]
    public async Task Naming_a_mandate_asks_at_once_also_for_what_a_leapt_clock_put_off()
    {
        await using var rider = await Rider.StartAsync(Flat);
        await rider.TapAsync();
        var right = Time("2026-12-01T05:00:00Z");
        await BeginChargeAsync(rider, right + Leap);
        await rider.Test.RestartAtAsync(right);
        await rider.RunDueAsync();
        Assert.Equal("0", (await rider.ReadDayAsync(Monday)).Paid.ToDecimalString());
        await rider.AskAgainAsync();
        Assert.Equal("1.75", (await rider.ReadDayAsync(Monday)).Paid.ToDecimalString());
        Assert.Equal(["payment -1.75"], await rider.LinesAsync());
        Assert.Null((await rider.ReadDayAsync(Monday)).NextAt);
    }

    [Fact]
    public async Task A_day_that_a_leapt_clock_could_not_charge_keeps_the_card_out_only_once_that_fails_again()
    {
        await using var rider = await Rider.StartAsync(Flat);
        var right = rider.Test.Time.GetUtcNow();
        await rider.TapAsync();
        Given(await rider.Test.Domain.Mandates.RevokeAsync(rider.Wallet.Id, rider.Card.Mandate));
        await rider.Test.RestartAtAsync(right + Leap);
        await rider.RunDueAsync();
        Assert.Equal("mandate_revoked", (await rider.ReadDayAsync(Monday)).Fault);
        await rider.Test.RestartAtAsync(right.AddMinutes(1));
        await rider.TapAsync();
        await rider.MoveToAsync("2026-12-01T06:00:00Z");
        Refused(RefusalCodes.FareUnpaid, await rider.TryTapAsync());
        await rider.TapAsync("2026-12-01T04:29:00Z");
    }

    [Fact]
    public async Task A_charge_that_finds_the_wallets_caps_being_changed_is_made_a_second_later_and_the_card_stays_good()
    {
        await using var rider = await Rider.StartAsync(Flat);
        await rider.TapAsync();
        rider.Test.Time.SetUtcNow(Time("2026-12-01T04:30:00Z"));
        await rider.Test.ShutCapsAsync(rider.Wallet);
        await rider.RunDueAsync();
        var day = await rider.ReadDayAsync(Monday);
        Assert.Equal(("0", null, Time("2026-12-01T04:30:01Z")), (day.Paid.ToDecimalString(), day.Fault, day.NextAt));
        await rider.TapAsync();
        await rider.Test.RestartAsync();
        await rider.MoveToAsync("2026-12-01T04:30:01Z");
        Assert.Equal(("1.75", "0", "1.75"), await rider.DayAsync(Monday));
        Assert.Equal(["payment -1.75"], await rider.LinesAsync());
    }

    /// <summary>Lets a leapt clock begin a charge that does not reach the ledger, so that it is put off by a second.</summary>
    private static async Task BeginChargeAsync(Rider rider, DateTimeOffset time)
    {
        await rider.Test.RestartAtAsync(time);
        rider.Test.Settings.AfterWriting = rows => rows is [FareDayRow { NextUnits: not null }] ? throw new IOException("The ledger is thought to take no work.") : Task.CompletedTask;
        Assert.NotEmpty(await rider.RunScheduleAsync(async () => (await rider.Test.Domain.Schedule.ReadBacklogAsync()).Due == 0));
        Assert.Empty(await rider.LinesAsync());
    }
}
