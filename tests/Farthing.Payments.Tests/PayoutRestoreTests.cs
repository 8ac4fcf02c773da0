using Farthing.Payments.Payouts;
using Farthing.Payments.Settings;
using Farthing.Protocol;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

/// <summary>Payouts whose settings are an older copy than the ledger, or could not be written.</summary>
public class PayoutRestoreTests
{
    private static readonly PaymentOptions Trusting = new() { FeeBasisPoints = 0, Payouts = new() { ReviewNewDestinations = false } };

    [Fact]
    public async Task A_backup_whose_settings_are_older_than_its_ledger_starts()
    {
        await using var test = await StartAsync(Trusting);
        var payee = await PayoutTests.RichAsync(test, "100");
        await CopyAsync(test);
        await PayoutTests.SetAsync(test, payee);
        Given(await test.Domain.Payouts.PayOutAsync(As(payee), payee.Id, test.NewKey(), Usd("10")));
        await RestoreAsync(test);
        Assert.Equal("90 held 0", await test.BalanceAsync(payee));
        var reports = new List<string>();
        await test.Domain.Payouts.FinishAllAsync((what, _) => reports.Add(what));
        Assert.Contains("is lost", Assert.Single(reports), StringComparison.Ordinal);

        // The payee sets it again, and it goes on: the rail is asked before it is told.
        await PayoutTests.SetAsync(test, payee);
        test.Time.Advance(TimeSpan.FromMinutes(2));
        await FinishAsync(test);
        Assert.Equal(PayoutState.Sent, Assert.Single(Given(await test.Domain.Payouts.ListAsync(payee.Id, null, 10)).Lines).State);
        test.Time.Advance(TimeSpan.FromMinutes(1));
        await test.RunDueAsync();
        Assert.Equal(PayoutState.Done, Assert.Single(Given(await test.Domain.Payouts.ListAsync(payee.Id, null, 10)).Lines).State);
        Assert.Equal(Usd("10").Units, await PayoutTests.TransitAsync(test));
    }

    [Fact]
    public async Task A_scheduled_payout_that_is_posted_is_not_told_again_after_such_a_restore()
    {
        await using var test = await StartAsync(Trusting);
        var calls = new WatchedPayoutRail();
        test.WrapPayoutRail = rail => calls.Over(rail);
        await test.RestartAsync();
        var payee = await PayoutTests.RichAsync(test, "100");
        await PayoutTests.SetAsync(test, payee, rhythm: PayoutRhythm.Daily);
        await CopyAsync(test);
        test.Time.Advance(TimeSpan.FromHours(12));
        await test.RunDueAsync();
        await test.RunDueAsync();
        Assert.Equal((1, "0 held 0"), (calls.Told, await test.BalanceAsync(payee)));
        await RestoreAsync(test);
        await test.RunDueAsync();
        await test.RunDueAsync();
        Assert.Equal((1, "0 held 0"), (calls.Told, await test.BalanceAsync(payee)));
        Assert.Equal(PayoutState.Done, Assert.Single(Given(await test.Domain.Payouts.ListAsync(payee.Id, null, 10)).Lines).State);
    }

    [Theory]
    [InlineData(null, PayoutState.Done, "90")]
    [InlineData("fail", PayoutState.Returned, "100")]
    public async Task A_payout_that_has_ended_ends_the_same_where_the_settings_still_prepare_it(string? instruction, PayoutState end, string left)
    {
        await using var test = await StartAsync(Trusting);
        var calls = new WatchedPayoutRail();
        test.WrapPayoutRail = rail => calls.Over(rail);
        await test.RestartAsync();
        var payee = await PayoutTests.RichAsync(test, "100");
        await PayoutTests.SetAsync(test, payee, instruction);
        Given(await test.Domain.Payouts.PayOutAsync(As(payee), payee.Id, test.NewKey(), Usd("10")));
        await CopyAsync(test);
        await test.RunDueAsync();
        await RestoreAsync(test);
        await test.RunDueAsync();
        Assert.Equal((1, $"{left} held 0"), (calls.Told, await test.BalanceAsync(payee)));
        Assert.Equal(end, Assert.Single(Given(await test.Domain.Payouts.ListAsync(payee.Id, null, 10)).Lines).State);
    }

    [Fact]
    public async Task The_operator_cannot_give_back_what_was_paid_after_the_settings_were_copied()
    {
        await using var test = await StartAsync(new() { FeeBasisPoints = 0 });
        var payee = await PayoutTests.RichAsync(test, "100");
        await PayoutTests.SetAsync(test, payee);
        var made = Given(await test.Domain.Payouts.PayOutAsync(As(payee), payee.Id, test.NewKey(), Usd("10")));
        await CopyAsync(test);
        Given(await test.Domain.Payouts.ReleaseAsync(made.Id));
        await test.RunDueAsync();
        await RestoreAsync(test);
        Assert.Equal(PayoutState.Done, Given(await test.Domain.Payouts.RefuseAsync(made.Id, "No")).State);
        Assert.Equal(("90 held 0", Usd("10").Units), (await test.BalanceAsync(payee), await PayoutTests.TransitAsync(test)));
    }

    [Fact]
    public async Task The_operator_cannot_refuse_what_the_rail_has_after_the_settings_were_copied()
    {
        await using var test = await StartAsync(new() { FeeBasisPoints = 0 });
        var calls = new WatchedPayoutRail();
        test.WrapPayoutRail = rail => calls.Over(rail);
        await test.RestartAsync();
        var payee = await PayoutTests.RichAsync(test, "100");
        await PayoutTests.SetAsync(test, payee, "delay:3600");
        var made = Given(await test.Domain.Payouts.PayOutAsync(As(payee), payee.Id, test.NewKey(), Usd("10")));
        await CopyAsync(test);
        Given(await test.Domain.Payouts.ReleaseAsync(made.Id));
        await test.RunDueAsync();
        await RestoreAsync(test);

        calls.IsDown = true;
        Refused(RefusalCodes.RailUnreachable, await test.Domain.Payouts.RefuseAsync(made.Id, "No"));
        calls.IsDown = false;
        calls.Remembers = new(PayoutRailStatus.Pending, AskAgainAfter: TimeSpan.FromHours(1));
        Refused(RefusalCodes.PayoutNotInReview, await test.Domain.Payouts.RefuseAsync(made.Id, "No"));
        Assert.Equal(PayoutState.Sent, Given(await test.Domain.Payouts.ReadAsync(As(payee), made.Id)).State);
        calls.Remembers = new(PayoutRailStatus.Paid);
        test.Time.Advance(TimeSpan.FromHours(2));
        await test.RunDueAsync();
        Assert.Equal((PayoutState.Done, 1), (Given(await test.Domain.Payouts.ReadAsync(As(payee), made.Id)).State, calls.Told));
        Assert.Equal(("90 held 0", Usd("10").Units), (await test.BalanceAsync(payee), await PayoutTests.TransitAsync(test)));
    }

    [Fact]
    public async Task What_is_taken_up_late_is_still_looked_at_by_the_operator()
    {
        await using var test = await StartAsync(new() { FeeBasisPoints = 0 });
        var calls = new WatchedPayoutRail();
        test.WrapPayoutRail = rail => calls.Over(rail);
        await test.RestartAsync();
        var payee = await PayoutTests.RichAsync(test, "100");
        await PayoutTests.SetAsync(test, payee);
        test.Settings.FailsToWrite = rows => rows.Any(row => row is PayoutRow);
        await Assert.ThrowsAsync<IOException>(async () => await test.Domain.Payouts.PayOutAsync(As(payee), payee.Id, test.NewKey(), Usd("10")));
        test.Settings.FailsToWrite = _ => false;
        test.Time.Advance(TimeSpan.FromMinutes(2));
        await FinishAsync(test);
        test.Time.Advance(TimeSpan.FromMinutes(1));
        await test.RunDueAsync();
        var payout = Assert.Single(Given(await test.Domain.Payouts.ListAsync(payee.Id, null, 10)).Lines);
        Assert.Equal((PayoutState.Reviewing, 0), (payout.State, calls.Told));
        Given(await test.Domain.Payouts.ReleaseAsync(payout.Id));
        await test.RunDueAsync();
        Assert.Equal((PayoutState.Done, 1), (Given(await test.Domain.Payouts.ReadAsync(As(payee), payout.Id)).State, calls.Told));
    }

    [Fact]
    public async Task A_payout_whose_row_could_not_be_written_goes_on_without_a_restart()
    {
        await using var test = await StartAsync(Trusting);
        var payee = await PayoutTests.RichAsync(test, "100");
        await PayoutTests.SetAsync(test, payee);
        test.Settings.FailsToWrite = rows => rows.Any(row => row is PayoutRow);
        await Assert.ThrowsAsync<IOException>(async () => await test.Domain.Payouts.PayOutAsync(As(payee), payee.Id, test.NewKey(), Usd("10")));
        test.Settings.FailsToWrite = _ => false;
        Assert.Equal("90 held 0", await test.BalanceAsync(payee));
        for (var day = 0; day < 3; day++)
        {
            test.Time.Advance(TimeSpan.FromDays(1));
            await FinishAsync(test);
        }

        Assert.Equal(PayoutState.Done, Assert.Single(Given(await test.Domain.Payouts.ListAllAsync(null, null, 10)).Lines).State);
        Assert.Equal(Usd("10").Units, await PayoutTests.TransitAsync(test));
    }

    private static async Task FinishAsync(TestSystem test)
    {
        await test.Domain.Payouts.FinishAllAsync((what, error) => Assert.Fail($"{what} {error}"));
        await test.RunDueAsync();
    }

    private static async Task CopyAsync(TestSystem test)
    {
        await test.CloseAsync();
        foreach (var file in Files) File.Copy(Path.Combine(test.Directory, file), Path.Combine(test.Directory, file + ".copy"));
        await test.RestartAsync();
    }

    private static async Task RestoreAsync(TestSystem test)
    {
        await test.CloseAsync();
        foreach (var file in Files)
        {
            var path = Path.Combine(test.Directory, file);
            foreach (var beside in new[] { "-wal", "-shm" }) File.Delete(path + beside);
            File.Copy(path + ".copy", path, overwrite: true);
        }

        await test.RestartAsync();
    }

    private static readonly string[] Files = ["settings.db", "sandbox.db"];
}
