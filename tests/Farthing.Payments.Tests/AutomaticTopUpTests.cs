using Farthing.Ledger;
using Farthing.Payments.Mandates;
using Farthing.Payments.TopUps;
using Farthing.Payments.Wallets;
using Farthing.Protocol;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

/// <summary>Wallets that are topped up by themselves when they fall below a floor.</summary>
public class AutomaticTopUpTests
{
    [Fact]
    public async Task Racing_payments_cause_no_more_top_ups_than_allowed_on_a_day_also_across_restarts()
    {
        await using var test = await StartAsync();
        var wallet = await test.NewWalletAsync("3");
        var payee = await test.NewPayeeAsync();
        // Off by default.
        Refused(RefusalCodes.AutomaticTopUpNotSet, await test.Domain.AutomaticTopUps.ReadAsync(wallet.Id));
        await PayAsync(1);
        await test.Domain.AutomaticTopUps.LookAsync();
        Assert.Equal("2 held 0", await test.BalanceAsync(wallet));

        Given(await SetAsync(test, wallet, mostPerDay: 3));
        var paid = 1;
        for (var round = 0; round < 6; round++)
        {
            // 64 payments at once, some of which find nothing left.
            paid += await PayAsync(64);
            await Task.WhenAll(test.Domain.AutomaticTopUps.LookAsync().AsTask(), PayAsync(0));
            if (round == 2) await test.RestartAsync();
        }

        Assert.Equal(3 + (3 * 10), paid);
        Assert.Equal("0 held 0", await test.BalanceAsync(wallet));
        Assert.Equal(4, await CountAsync(test, wallet));
        // The next day it may be topped up again.
        test.Time.Advance(TimeSpan.FromDays(1));
        for (var i = 0; i < 3; i++) await test.Domain.AutomaticTopUps.LookAsync();
        Assert.Equal("10 held 0", await test.BalanceAsync(wallet));
        Assert.Equal(5, await CountAsync(test, wallet));

        async Task<int> PayAsync(int count) =>
            (await Task.WhenAll(Enumerable.Range(0, count).Select(async _ => await test.Desk.PayAsync(test.Pay(wallet, payee, "1"))))).Count(answer => answer.IsGiven);
    }

    [Fact]
    public async Task It_waits_for_one_that_is_under_way_and_stops_after_failures_in_a_row()
    {
        await using var test = await StartAsync();
        var automatic = test.Domain.AutomaticTopUps;
        var (slow, failing) = (await test.NewWalletAsync(), await test.NewWalletAsync());
        Given(await SetAsync(test, slow, mostPerDay: 10, instruction: "delay:60"));
        Given(await SetAsync(test, failing, mostPerDay: 10, instruction: "fail"));
        for (var i = 0; i < 10; i++) await automatic.LookAsync();
        Assert.Equal("0 held 0", await test.BalanceAsync(slow));
        var stopped = Given(await automatic.ReadAsync(failing.Id));
        Assert.Equal((false, AutomaticTopUpFaults.Failed), (stopped.IsOn, stopped.Fault));
        await test.RestartAsync();
        automatic = test.Domain.AutomaticTopUps;
        test.Time.Advance(TimeSpan.FromSeconds(61));
        await test.Domain.TopUps.AskPendingAsync();
        for (var i = 0; i < 10; i++) await automatic.LookAsync();
        Assert.Equal("10 held 0", await test.BalanceAsync(slow));
        Assert.False(Given(await automatic.ReadAsync(failing.Id)).IsOn);
        Assert.Equal("0 held 0", await test.BalanceAsync(failing));
        // Set again, it begins anew.
        Given(await SetAsync(test, failing, mostPerDay: 10));
        await automatic.LookAsync();
        Assert.Equal("10 held 0", await test.BalanceAsync(failing));
    }

    [Fact]
    public async Task What_comes_in_while_a_wallet_is_looked_at_is_not_collected_again()
    {
        SeenRail? rail = null;
        await using var test = await StartAsync(wrapRail: inner => rail = new SeenRail(inner));
        var wallet = await test.NewWalletAsync();
        Given(await SetAsync(test, wallet, mostPerDay: 10, instruction: "delay:60"));
        await test.Domain.AutomaticTopUps.LookAsync();
        test.Time.Advance(TimeSpan.FromSeconds(61));
        rail!.WhenLookedFor = () => test.Domain.TopUps.AskPendingAsync().AsTask().Wait(TestContext.Current.CancellationToken);
        await test.Domain.AutomaticTopUps.LookAsync();
        Assert.Null(rail.WhenLookedFor);
        await test.Domain.AutomaticTopUps.LookAsync();
        test.Time.Advance(TimeSpan.FromSeconds(61));
        await test.Domain.TopUps.AskPendingAsync();
        Assert.Equal("10 held 0", await test.BalanceAsync(wallet));
        Assert.Equal(1, await CountAsync(test, wallet));
    }

    [Fact]
    public async Task It_keeps_to_caps_pause_erasure_and_stop()
    {
        await using var test = await StartAsync();
        var automatic = test.Domain.AutomaticTopUps;
        var (capped, paused, erased, stopped) = (await test.NewWalletAsync("1"), await test.NewWalletAsync("1"), await test.NewWalletAsync("1"), await test.NewWalletAsync("1"));
        foreach (var wallet in new[] { capped, paused, erased, stopped }) Given(await SetAsync(test, wallet));
        Given(await test.Domain.WalletCaps.SetAsync(capped.Id, test.NewKey(), new Caps(null, null, Usd("10.99")), null));
        Given(await test.Domain.WalletCaps.PauseAsync(paused.Id, test.NewKey()));
        Given(await test.Domain.Wallets.EraseAsync(erased.Id));
        var stop = test.NewKey();
        Given(await automatic.StopAsync(stopped.Id, stop));
        await automatic.LookAsync();
        await test.RestartAsync();
        automatic = test.Domain.AutomaticTopUps;
        await automatic.LookAsync();
        Assert.Equal(("1 held 0", "1 held 0", "1 held 0"), (await test.BalanceAsync(capped), await test.BalanceAsync(paused), await test.BalanceAsync(stopped)));

        Given(await test.Domain.WalletCaps.SetAsync(capped.Id, test.NewKey(), new Caps(null, null, Usd("11")), null));
        Given(await test.Domain.WalletCaps.ResumeAsync(paused.Id, test.NewKey()));
        var again = test.NewKey();
        Given(await SetAsync(test, stopped, key: again));
        await automatic.LookAsync();
        Assert.Equal(("11 held 0", "11 held 0", "11 held 0"), (await test.BalanceAsync(capped), await test.BalanceAsync(paused), await test.BalanceAsync(stopped)));
        // A late repeat of the stop, or of the setting, changes nothing.
        Assert.True(Given(await automatic.StopAsync(stopped.Id, stop)).IsOn);
        Given(await automatic.StopAsync(stopped.Id, test.NewKey()));
        Assert.False(Given(await SetAsync(test, stopped, key: again)).IsOn);
        Refused(RefusalCodes.IdempotencyConflict, await SetAsync(test, stopped, key: again, mostPerDay: 2));
    }

    [Fact]
    public async Task What_was_stopped_while_it_was_looked_at_stays_stopped()
    {
        await using var test = await StartAsync();
        var automatic = test.Domain.AutomaticTopUps;
        var wallet = await test.NewWalletAsync();
        Given(await automatic.SetAsync(wallet.Id, test.NewKey(), Usd("2"), Usd("10"), 10, "sandbox", "fail"));
        await automatic.LookAsync();
        var isStopped = false;
        // The look has written down what failed, and has not gone on yet.
        test.Settings.AfterWriting = async rows =>
        {
            if (isStopped || !rows.Any(row => row is AutomaticTopUpRow)) return;
            isStopped = true;
            Assert.False(Given(await automatic.StopAsync(wallet.Id, test.NewKey())).IsOn);
        };
        await automatic.LookAsync();
        Assert.True(isStopped);
        for (var day = 0; day < 2; day++)
        {
            for (var i = 0; i < 3; i++) await automatic.LookAsync();
            test.Time.Advance(TimeSpan.FromDays(1));
        }

        Assert.Equal(1, test.Ledger.ReadFrom(0).Count(record => record.Command is { Code: TransferCode.TopUp, Kind: RecordKind.Hold }));
    }

    [Fact]
    public async Task One_that_is_under_way_since_before_midnight_is_waited_for()
    {
        await using var test = await StartAsync();
        var automatic = test.Domain.AutomaticTopUps;
        var wallet = await test.NewWalletAsync();
        Given(await automatic.SetAsync(wallet.Id, test.NewKey(), Usd("2"), Usd("10"), 10, "sandbox", "delay:90000"));
        await automatic.LookAsync();
        test.Time.Advance(TimeSpan.FromDays(1));
        await automatic.LookAsync();
        Assert.Equal("0 held 0", await test.BalanceAsync(wallet));
        Assert.Equal(1, test.Ledger.ReadFrom(0).Count(record => record.Command is { Code: TransferCode.TopUp, Kind: RecordKind.Hold }));
    }

    [Fact]
    public async Task Each_wish_that_cannot_be_meant_has_its_refusal()
    {
        await using var test = await StartAsync();
        var wallet = await test.NewWalletAsync();
        var automatic = test.Domain.AutomaticTopUps;
        foreach (var most in new[] { 0, -1, AutomaticTopUps.MaxPerDay + 1 }) Refused(RefusalCodes.InvalidField, await SetAsync(test, wallet, mostPerDay: most));
        Refused(RefusalCodes.RailNotAvailable, await automatic.SetAsync(wallet.Id, test.NewKey(), Usd("2"), Usd("10"), 1, "card", null));
        Refused(RefusalCodes.AmountMustNotBeZero, await automatic.SetAsync(wallet.Id, test.NewKey(), Usd("0"), Usd("10"), 1, "sandbox", null));
        Refused(RefusalCodes.AmountTooLarge, await automatic.SetAsync(wallet.Id, test.NewKey(), Usd("2"), Usd("1001"), 1, "sandbox", null));
        Refused(RefusalCodes.CurrencyMismatch, await automatic.SetAsync(wallet.Id, test.NewKey(), Usd("2"), new(Asset.Eur, 1), 1, "sandbox", null));
        Refused(RefusalCodes.AutomaticTopUpNotSet, await automatic.StopAsync(wallet.Id, test.NewKey()));
    }

    private static ValueTask<Answer<AutomaticTopUp>> SetAsync(TestSystem test, Wallet wallet, int mostPerDay = 1, string? instruction = null, IdempotencyKey? key = null) =>
        test.Domain.AutomaticTopUps.SetAsync(wallet.Id, key ?? test.NewKey(), Usd("2"), Usd("10"), mostPerDay, "sandbox", instruction);

    private static async Task<int> CountAsync(TestSystem test, Wallet wallet)
    {
        var count = 0;
        for (string? cursor = null; ;)
        {
            var page = Given(await test.Domain.Statements.ReadAsync(As(wallet), cursor, 100));
            count += page.Lines.Count(line => line.Kind == "top_up");
            if ((cursor = page.Next) is null) return count;
        }
    }

    /// <summary>A rail that lets something happen once when it is looked for by its name.</summary>
    private sealed class SeenRail(IRail rail) : IRail
    {
        public Action? WhenLookedFor { get; set; }

        public string Name
        {
            get
            {
                var happens = WhenLookedFor;
                WhenLookedFor = null;
                happens?.Invoke();
                return rail.Name;
            }
        }

        public bool CollectsUnasked => rail.CollectsUnasked;

        public Refusal? Check(Amount amount, string? instruction) => rail.Check(amount, instruction);

        public ValueTask<RailAnswer> CollectAsync(Id<TopUpKind> reference, Amount amount, string? instruction) => rail.CollectAsync(reference, amount, instruction);

        public ValueTask<RailAnswer> AskAsync(Id<TopUpKind> reference) => rail.AskAsync(reference);
    }
}
