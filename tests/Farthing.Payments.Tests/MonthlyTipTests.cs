using Farthing.Payments.Tips;
using Farthing.Protocol;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

/// <summary>Monthly tips whose time comes at an awkward moment.</summary>
public class MonthlyTipTests
{
    [Fact]
    public async Task A_month_that_finds_the_wallets_caps_being_changed_is_given_once_a_second_later()
    {
        await using var test = await StartAsync();
        var (payee, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync("10"));
        var made = Given(await test.Domain.Tips.TipAsync(wallet.Id, test.NewKey(), new NewTip(payee.Id, Usd("1"), null, "UTC"))).Monthly!;
        test.Time.SetUtcNow(made.NextAt!.Value);
        await test.ShutCapsAsync(wallet);
        await test.RunDueAsync();
        Assert.Equal("9 held 0", await test.BalanceAsync(wallet));

        test.Time.Advance(TimeSpan.FromSeconds(1));
        await test.RunDueAsync();
        var read = Given(await test.Domain.Tips.ReadAsync(wallet.Id, made.Id));
        Assert.Equal((2, 0, null, "8 held 0"), (read.Paid, read.Missed, read.LastRefusal, await test.BalanceAsync(wallet)));
    }
}
