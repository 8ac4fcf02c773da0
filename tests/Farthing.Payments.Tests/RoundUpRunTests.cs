using Farthing.Payments.RoundUps;
using Farthing.Payments.Schedules;
using Farthing.Protocol;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

public class RoundUpRunTests
{
    [Fact]
    public async Task A_month_that_is_run_again_after_a_crash_gives_the_same_once_whatever_was_refunded_since()
    {
        await using var test = await StartAsync();
        var (shop, charity, wallet) = (await test.NewPayeeAsync(), await test.NewPayeeAsync(), await test.NewWalletAsync("10"));
        var made = Given(await test.Domain.RoundUps.CreateAsync(wallet.Id, test.NewKey(), new NewRoundUp(charity.Id, null, Usd("0.1"), null, "Europe/Paris")));
        var due = made.NextAt!.Value;
        test.Time.Advance(due - test.Time.GetUtcNow() - TimeSpan.FromMinutes(1));
        var paid = Given(await test.Desk.PayAsync(test.Pay(wallet, shop, "0.02")));
        test.Time.Advance(TimeSpan.FromMinutes(1));

        // What the first run gives back is lost with it.
        var first = Row(await RunAsync(test, made, due));
        Given(await test.Desk.RefundAsync(As(shop), paid.Id, test.NewKey(), null));
        await test.RestartAsync();
        var second = Row(await RunAsync(test, made, due));

        Assert.Equal((first.LastPayment, 1, due), (second.LastPayment, second.Paid, second.CountedUntil));
        Assert.Equal("0.0792 held 0", await test.BalanceAsync(charity));
        Assert.Equal("9.92 held 0", await test.BalanceAsync(wallet));
        Assert.Equal(Usd("0.08"), Given(await test.Desk.ReadAsync(As(wallet), new(second.LastPayment))).Amount);
    }

    private static ValueTask<DueResult> RunAsync(TestSystem test, RoundUp roundUp, DateTimeOffset due) => ((IDue)test.Domain.RoundUps).RunAsync(roundUp.Id.Value, due.ToUnixTimeMilliseconds());

    private static RoundUpRow Row(DueResult result) => Assert.IsType<RoundUpRow>(Assert.Single(result.Rows));
}
