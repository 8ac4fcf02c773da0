using Farthing.Ledger;
using Farthing.Payments.Payees;
using Farthing.Payments.RoundUps;
using Farthing.Payments.Wallets;
using Farthing.Protocol;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

/// <summary>Months of round-ups as the schedule gives them, and what a wallet cannot ask for.</summary>
public class RoundUpRunTests
{
    [Fact]
    public async Task A_month_that_is_run_again_after_a_crash_gives_the_same_once_whatever_was_refunded_since()
    {
        await using var test = await StartAsync();
        var (shop, charity, wallet) = (await test.NewPayeeAsync(), await test.NewPayeeAsync(), await test.NewWalletAsync("10"));
        var made = await NewAsync(test, wallet, charity, "0.1");
        var due = made.NextAt!.Value;
        test.Time.SetUtcNow(due.AddMinutes(-1));
        var paid = Given(await test.Desk.PayAsync(test.Pay(wallet, shop, "0.02")));
        test.Time.SetUtcNow(due);

        // It is given, and that is not written down.
        var isCut = false;
        test.Settings.FailsToWrite = rows => isCut |= rows.Any(row => row is RoundUpRow);
        Assert.NotEmpty(await test.RunScheduleAsync(() => Task.FromResult(isCut)));
        Given(await test.Desk.RefundAsync(As(shop), paid.Id, test.NewKey(), null));
        await test.RestartAsync();
        Assert.Equal(("0.0792 held 0", 0), (await test.BalanceAsync(charity), (await ReadAsync(test, wallet, made)).Paid));
        await test.RunDueAsync();

        var read = await ReadAsync(test, wallet, made);
        Assert.Equal((1, 0, Time("2027-01-23T12:00:00Z")), (read.Paid, read.Missed, read.NextAt));
        Assert.Equal(("0.0792 held 0", "9.92 held 0"), (await test.BalanceAsync(charity), await test.BalanceAsync(wallet)));
        Assert.Equal(Usd("0.08"), Given(await test.Desk.ReadAsync(As(wallet), read.LastPayment!.Value)).Amount);
    }

    [Fact]
    public async Task A_month_that_finds_the_wallets_caps_being_changed_is_given_once_a_second_later_also_after_a_crash()
    {
        await using var test = await StartAsync();
        var (shop, charity, wallet) = (await test.NewPayeeAsync(), await test.NewPayeeAsync(), await test.NewWalletAsync("10"));
        var made = await NewAsync(test, wallet, charity, "0.1");
        Given(await test.Desk.PayAsync(test.Pay(wallet, shop, "0.02")));
        var due = made.NextAt!.Value;
        test.Time.SetUtcNow(due);
        await test.ShutCapsAsync(wallet);
        await test.RunDueAsync();
        var put = await ReadAsync(test, wallet, made);
        Assert.Equal((0, 0, null, "0 held 0"), (put.Paid, put.Missed, put.LastRefusal, await test.BalanceAsync(charity)));

        // Given under the second key, which is not written down.
        test.Time.SetUtcNow(due.AddSeconds(1));
        var isCut = false;
        test.Settings.FailsToWrite = rows => isCut |= rows.Any(row => row is RoundUpRow);
        Assert.NotEmpty(await test.RunScheduleAsync(() => Task.FromResult(isCut)));
        await test.RestartAsync();
        await test.RunDueAsync();
        var read = await ReadAsync(test, wallet, made);
        Assert.Equal((1, 0, null), (read.Paid, read.Missed, read.LastRefusal));
        Assert.Equal(("0.0792 held 0", "9.9 held 0"), (await test.BalanceAsync(charity), await test.BalanceAsync(wallet)));
    }

    [Fact]
    public async Task A_repeat_on_an_erased_wallet_tells_nothing_of_its_round_up()
    {
        await using var test = await StartAsync();
        var (charity, wallet, key) = (await test.NewPayeeAsync(), await test.NewWalletAsync(), test.NewKey());
        var asked = new NewRoundUp(charity.Id, null, Usd("0.1"), null, "Europe/Paris");
        Given(await test.Domain.RoundUps.CreateAsync(wallet.Id, key, asked));
        Given(await test.Domain.Wallets.EraseAsync(wallet.Id));
        Refused(RefusalCodes.WalletErased, await test.Domain.RoundUps.CreateAsync(wallet.Id, key, asked));
        Refused(RefusalCodes.WalletErased, await test.Domain.RoundUps.CreateAsync(wallet.Id, key, asked with { TimeZone = null }));
    }

    [Fact]
    public async Task A_wallet_makes_at_most_twenty_round_ups_in_eight_weeks_cancelled_ones_included()
    {
        await using var test = await StartAsync();
        var (charity, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync());
        var (key, asked) = (test.NewKey(), new NewRoundUp(charity.Id, null, Usd("0.1"), null, null));
        var first = Given(await test.Domain.RoundUps.CreateAsync(wallet.Id, key, asked));
        Given(await test.Domain.RoundUps.CancelAsync(wallet.Id, first.Id));
        test.Time.Advance(TimeSpan.FromDays(1));
        for (var i = 1; i < RoundUpDesk.MaxInEightWeeks; i++)
        {
            var made = await NewAsync(test, wallet, charity, "0.1");
            Given(await test.Domain.RoundUps.CancelAsync(wallet.Id, made.Id));
        }

        var over = test.NewKey();
        Refused(RefusalCodes.TooManyRoundUps, await test.Domain.RoundUps.CreateAsync(wallet.Id, over, asked));
        Assert.Equal(first.Id, Given(await test.Domain.RoundUps.CreateAsync(wallet.Id, key, asked)).Id);
        test.Time.Advance(TimeSpan.FromDays(55) - TimeSpan.FromMilliseconds(1));
        Refused(RefusalCodes.TooManyRoundUps, await test.Domain.RoundUps.CreateAsync(wallet.Id, over, asked));
        test.Time.Advance(TimeSpan.FromMilliseconds(1));
        var last = Given(await test.Domain.RoundUps.CreateAsync(wallet.Id, over, asked));
        Refused(RefusalCodes.RoundUpExists, await test.Domain.RoundUps.CreateAsync(wallet.Id, test.NewKey(), asked));
        Given(await test.Domain.RoundUps.CancelAsync(wallet.Id, last.Id));
        Refused(RefusalCodes.TooManyRoundUps, await test.Domain.RoundUps.CreateAsync(wallet.Id, test.NewKey(), asked));
    }

    [Fact]
    public async Task A_unit_that_every_amount_is_a_multiple_of_is_refused()
    {
        await using var test = await StartAsync();
        var (charity, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync());
        Refused(RefusalCodes.InvalidField, await test.Domain.RoundUps.CreateAsync(wallet.Id, test.NewKey(), new NewRoundUp(charity.Id, null, Usd("0.000001"), null, null)));
        await NewAsync(test, wallet, charity, "0.000002");
    }

    [Fact]
    public async Task Only_the_newest_ten_thousand_payments_of_a_month_are_counted()
    {
        await using var test = await StartAsync();
        var (shop, charity, wallet) = (await test.NewPayeeAsync(), await test.NewPayeeAsync(), await test.NewWalletAsync("10"));
        var made = await NewAsync(test, wallet, charity, "0.000002");
        await PayManyAsync(test, wallet, shop, "0.000001", 1);
        await PayManyAsync(test, wallet, shop, "0.000002", 9_999);
        Assert.Equal(Usd("0.000001"), (await ReadAsync(test, wallet, made)).SoFar);
        await PayManyAsync(test, wallet, shop, "0.000002", 1);
        Assert.Equal(Usd("0"), (await ReadAsync(test, wallet, made)).SoFar);
    }

    /// <summary>Payments as the ledger has them, without fees.</summary>
    private static async Task PayManyAsync(TestSystem test, Wallet wallet, Payee payee, string amount, int count)
    {
        for (var left = count; left > 0; left -= 1_000)
        {
            var ids = Enumerable.Range(0, Math.Min(left, 1_000)).Select(_ => Id<PaymentKind>.New(test.Time).Value);
            var results = await test.Ledger.SubmitAsync([.. ids.Select(id => Command.Transfer(id, id, wallet.Id.Value, payee.Id.Value, Usd(amount), TransferCode.Payment))]);
            Assert.All(results, result => Assert.Equal(Outcome.Done, result.Outcome));
        }
    }

    private static async Task<RoundUp> NewAsync(TestSystem test, Wallet wallet, Payee charity, string unit) =>
        Given(await test.Domain.RoundUps.CreateAsync(wallet.Id, test.NewKey(), new NewRoundUp(charity.Id, null, Usd(unit), null, null)));

    private static async Task<RoundUp> ReadAsync(TestSystem test, Wallet wallet, RoundUp roundUp) => Given(await test.Domain.RoundUps.ReadAsync(wallet.Id, roundUp.Id));

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
