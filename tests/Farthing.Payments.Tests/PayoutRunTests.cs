using System.Diagnostics;
using Farthing.Ledger;
using Farthing.Payments.Payees;
using Farthing.Payments.Payouts;
using Farthing.Payments.Schedules;
using Farthing.Payments.Settings;
using Farthing.Protocol;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

/// <summary>Payees who are paid out by themselves.</summary>
public class PayoutRunTests
{
    private static readonly PaymentOptions Trusting = new() { FeeBasisPoints = 0, Payouts = new() { ReviewNewDestinations = false } };

    // 10,000 in ./test --long.
    private static readonly int Payees = Environment.GetEnvironmentVariable("FARTHING_LONG") == "1" ? 10_000 : 40;

    [Fact]
    public async Task A_schedule_pays_at_the_payees_midnight_once_the_threshold_is_there()
    {
        await using var test = await StartAsync(Trusting);
        var payee = await PayoutTests.RichAsync(test, "30");
        await PayoutTests.SetAsync(test, payee, rhythm: PayoutRhythm.Weekly, threshold: "20", timeZone: "Europe/Paris");
        // Monday the 23rd of November 2026, noon in London.
        Assert.Equal(new DateTimeOffset(2026, 11, 29, 23, 0, 0, TimeSpan.Zero), (await test.Domain.PayoutSettings.FindAsync(payee.Id))!.NextAt);
        await MoveToAsync(new(2026, 11, 29, 22, 59, 59, TimeSpan.Zero));
        Assert.Equal("30 held 0", await test.BalanceAsync(payee));
        await MoveToAsync(new(2026, 11, 29, 23, 0, 0, TimeSpan.Zero));
        Assert.Equal("0 held 0", await test.BalanceAsync(payee));

        await PayoutTests.EarnAsync(test, payee, "19.99");
        await MoveToAsync(new(2026, 12, 6, 23, 0, 0, TimeSpan.Zero));
        Assert.Equal(("19.99 held 0", "payout_below_threshold"), (await test.BalanceAsync(payee), (await test.Domain.PayoutSettings.FindAsync(payee.Id))!.LastSkip));
        await PayoutTests.EarnAsync(test, payee, "0.01");
        // Three weeks in which the server was off are one.
        await test.RestartAtAsync(new(2026, 12, 27, 23, 30, 0, TimeSpan.Zero));
        await test.RunDueAsync();
        Assert.Equal("0 held 0", await test.BalanceAsync(payee));
        var setting = (await test.Domain.PayoutSettings.FindAsync(payee.Id))!;
        Assert.Equal((null, new DateTimeOffset(2027, 1, 3, 23, 0, 0, TimeSpan.Zero)), (setting.LastSkip, setting.NextAt));
        Assert.Equal([Usd("20"), Usd("30")], Given(await test.Domain.Payouts.ListAsync(payee.Id, null, 10)).Lines.Select(payout => payout.Amount));
        await PayoutTests.SetAsync(test, payee);
        Assert.Null((await test.Domain.PayoutSettings.FindAsync(payee.Id))!.NextAt);

        async Task MoveToAsync(DateTimeOffset time)
        {
            test.Time.SetUtcNow(time);
            await test.RunDueAsync();
        }
    }

    [Fact]
    public async Task A_run_over_many_payees_pays_each_once_and_reconciles_to_the_unit()
    {
        await using var test = await StartAsync(Trusting);
        var payees = new List<Payee>();
        for (var i = 0; i < Payees; i++) payees.Add(await test.NewPayeeAsync());
        var numbers = payees.Select((payee, number) => (payee.Id.Value, number)).ToDictionary();
        var earned = await FundAsync(test, payees);
        test.Time.Advance(TimeSpan.FromHours(1));
        foreach (var payee in payees) await PayoutTests.SetAsync(test, payee, instruction: numbers[payee.Id.Value] % 7 == 3 ? "fail" : null, rhythm: PayoutRhythm.Daily);
        var due = (await test.Domain.PayoutSettings.FindAsync(payees[0].Id))!.NextAt!.Value;

        test.Time.SetUtcNow(due);
        var clock = Stopwatch.StartNew();
        await RunAsync(test);
        TestContext.Current.TestOutputHelper!.WriteLine($"{Payees} payees were paid out in {clock.ElapsedMilliseconds} ms.");

        var (outOf, left, count) = (UInt128.Zero, UInt128.Zero, 0);
        foreach (var payee in payees)
        {
            var payout = Assert.Single(Given(await test.Domain.Payouts.ListAsync(payee.Id, null, 10)).Lines);
            var failed = numbers[payee.Id.Value] % 7 == 3;
            Assert.Equal(failed ? PayoutState.Returned : PayoutState.Done, payout.State);
            var balance = Given(await test.Domain.Payees.ReadAsync(payee.Id)).Balance.Units;
            // Whole cents go, the rest stays.
            Assert.Equal(earned[payee.Id.Value] - (earned[payee.Id.Value] % 10_000), payout.Amount.Units);
            Assert.Equal(failed ? earned[payee.Id.Value] : earned[payee.Id.Value] % 10_000, balance);
            left += balance;
            if (failed) continue;
            outOf += payout.Amount.Units;
            count++;
        }

        var total = earned.Values.Aggregate(UInt128.Zero, (sum, units) => sum + units);
        Assert.Equal(total, outOf + left);
        Assert.Equal(outOf, await PayoutTests.TransitAsync(test));
        Assert.Equal(Payees - ((Payees + 3) / 7), count);
        Assert.Empty(await test.Ledger.ReadOpenHoldsAsync(TransferCode.Payout));

        // The same instant once more, as if what was done had not been written down: nobody is paid again.
        foreach (var payee in payees.Take(50))
        {
            var row = (await test.Settings.FindAsync<DueRow>(payee.Id.Value))!;
            Assert.True(await test.Settings.WriteAsync(row.MovedTo(due.ToUnixTimeMilliseconds())));
        }

        await RunAsync(test);
        Assert.Equal(outOf, await PayoutTests.TransitAsync(test));
        Assert.Equal(Payees, Given(await test.Domain.Payouts.ListAllAsync(null, null, 200)).Lines.Count + Math.Max(0, Payees - 200));
    }

    /// <summary>Does what is due, however long that takes, and looks seldom, so that what is measured is not the looking.</summary>
    private static async Task RunAsync(TestSystem test)
    {
        using var stop = new CancellationTokenSource();
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(15));
        using var looks = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        var running = test.Domain.Schedule.RunAsync((what, error) => Assert.Fail($"{what} {error}"), stop.Token);
        while ((await test.Domain.Schedule.ReadBacklogAsync()).Due > 0) await looks.WaitForNextTickAsync(deadline.Token);
        await stop.CancelAsync();
        await running;
    }

    /// <summary>Gives each payee an odd amount, in one submission.</summary>
    private static async Task<Dictionary<UInt128, UInt128>> FundAsync(TestSystem test, List<Payee> payees)
    {
        var earned = new Dictionary<UInt128, UInt128>();
        var clearing = ChartOfAccounts.RailClearing("sandbox", Asset.Usd);
        await test.Ledger.SubmitAsync([Command.OpenAccount(clearing, Asset.Usd, AccountFlags.None)]);
        var commands = new List<Command>();
        foreach (var payee in payees)
        {
            var units = (UInt128)(1_000_000 + (commands.Count * 7919 % 5_000_000));
            var id = Id<PaymentKind>.New(test.Time).Value;
            earned[payee.Id.Value] = units;
            commands.Add(Command.Transfer(id, id, clearing, payee.Id.Value, new Amount(Asset.Usd, units), TransferCode.Campaign));
        }

        Assert.All(await test.Ledger.SubmitAsync([.. commands]), result => Assert.Equal(Outcome.Done, result.Outcome));
        return earned;
    }
}
