using Farthing.Payments.TopUps;
using Farthing.Payments.Wallets;
using Farthing.Protocol;
using Farthing.StripeSimulator;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests.Cards;

/// <summary>A payer's unspent money back to where it came from.</summary>
public class WalletPayoutTests
{
    [Fact]
    public async Task Unspent_money_goes_back_to_the_newest_top_ups_and_no_more_than_each_brought_in()
    {
        await using var house = await CardHouse.OpenAsync(fees: true);
        var test = house.Test;
        var wallet = await test.NewWalletAsync();
        var payouts = test.Domain.WalletPayouts;
        Refused(RefusalCodes.NothingToPayOut, await payouts.PayAsync(wallet.Id, test.NewKey(), null));
        // 9.41, 19.12 and 5 come in; 10 are spent, a millionth beside.
        var (first, _) = await house.TopUpAsync(wallet, "10");
        var (second, _) = await house.TopUpAsync(wallet, "20");
        var play = Given(await test.Domain.TopUps.TopUpAsync(wallet.Id, test.NewKey(), Usd("5"), "sandbox", null));
        Given(await test.Desk.PayAsync(test.Pay(wallet, await test.NewPayeeAsync(), "10.000001")));
        Assert.Equal("23.529999 held 0", await test.BalanceAsync(wallet));
        Assert.Equal(Usd("23.52"), Given(await payouts.ReadAvailableAsync(wallet.Id)));

        var key = test.NewKey();
        var back = Given(await payouts.PayAsync(wallet.Id, key, Usd("6")));
        Assert.Equal([(play.Id, Usd("5"), RailStatus.Posted), (second.Id, Usd("1"), RailStatus.Posted)], back.Parts.Select(part => (part.TopUp, part.Amount, part.Status)));
        Assert.Equal("17.529999 held 0", await test.BalanceAsync(wallet));
        await test.RestartAsync();
        payouts = test.Domain.WalletPayouts;
        Assert.Equal(back.Id, Given(await payouts.PayAsync(wallet.Id, key, Usd("6"))).Id);
        Refused(RefusalCodes.IdempotencyConflict, await payouts.PayAsync(wallet.Id, key, Usd("7")));
        Refused(RefusalCodes.PayoutExceedsAvailable, await payouts.PayAsync(wallet.Id, test.NewKey(), Usd("17.53")));
        Refused(RefusalCodes.PayoutExceedsAvailable, await payouts.PayAsync(wallet.Id, test.NewKey(), Usd("1.005")));
        Refused(RefusalCodes.CurrencyMismatch, await payouts.PayAsync(wallet.Id, test.NewKey(), new(Asset.Eur, 10_000)));
        Refused(RefusalCodes.AmountMustNotBeZero, await payouts.PayAsync(wallet.Id, test.NewKey(), Usd("0")));
        Refused(RefusalCodes.PayoutNotFound, await payouts.ReadAsync((await test.NewWalletAsync()).Id, back.Id));
        Refused(RefusalCodes.PayoutNotFound, await payouts.ReadAsync(wallet.Id, new(first.Id.Value)));

        var rest = Given(await payouts.PayAsync(wallet.Id, test.NewKey(), null));
        Assert.Equal([(second.Id, Usd("17.52"))], rest.Parts.Select(part => (part.TopUp, part.Amount)));
        Assert.Equal("0.009999 held 0", await test.BalanceAsync(wallet));
        Refused(RefusalCodes.NothingToPayOut, await payouts.PayAsync(wallet.Id, test.NewKey(), null));
        // 30 collected, 18.52 given back.
        Assert.Equal((1148L, "11.48"), (house.Stripe.Do(account => account.Balance), await house.ClearingAsync()));
        Assert.Equal(2, house.Stripe.Do(account => account.All("refund")).Count);
        Assert.Equal(["payout_post", "payout", "payout_post"], Given(await test.Domain.Statements.ReadAsync(As(wallet), null, 10)).Lines.Where(line => line.Payout is not null).Select(line => line.Kind).Take(3));
    }

    [Fact]
    public async Task Money_of_others_goes_back_only_as_far_as_the_wallet_topped_up_and_not_after_half_a_year()
    {
        await using var test = await StartAsync();
        var (rich, poor) = (await test.NewWalletAsync("50"), await test.NewWalletAsync("3"));
        Given(await test.Domain.People.PayAsync(rich.Id, test.NewKey(), test.Domain.People.HandleOf(poor.Id), Usd("10"), null));
        Assert.Equal(Usd("3"), Given(await test.Domain.WalletPayouts.ReadAvailableAsync(poor.Id)));
        test.Time.Advance(TimeSpan.FromDays(WalletPayoutDesk.WindowDays + 1));
        Assert.True(Given(await test.Domain.WalletPayouts.ReadAvailableAsync(poor.Id)).IsZero);
        Refused(RefusalCodes.NothingToPayOut, await test.Domain.WalletPayouts.PayAsync(poor.Id, test.NewKey(), null));
    }

    [Theory]
    [InlineData(Fault.ErrorBefore)]
    [InlineData(Fault.ErrorAfter)]
    [InlineData(Fault.SilenceAfter)]
    [InlineData(Fault.TooMany)]
    public async Task A_refund_whose_answer_is_lost_is_found_or_made_once(Fault fault)
    {
        await using var house = await CardHouse.OpenAsync(timeout: TimeSpan.FromSeconds(fault == Fault.SilenceAfter ? 3 : 60));
        var test = house.Test;
        var wallet = await test.NewWalletAsync();
        await house.TopUpAsync(wallet, "10");
        house.Stripe.FailNext("POST /v1/refunds", fault);
        var back = Given(await test.Domain.WalletPayouts.PayAsync(wallet.Id, test.NewKey(), Usd("4")));
        Assert.Equal((RailStatus.Pending, "6 held 4"), (back.Status, await test.BalanceAsync(wallet)));
        // A day later the idempotency key is forgotten, and the server was off meanwhile.
        test.Time.Advance(TimeSpan.FromHours(30));
        await test.RestartAsync();
        await test.Domain.WalletPayouts.AskPendingAsync();
        Assert.Equal((RailStatus.Posted, "6 held 0"), (Given(await test.Domain.WalletPayouts.ReadAsync(wallet.Id, back.Id)).Status, await test.BalanceAsync(wallet)));
        Assert.Single(house.Stripe.Do(account => account.All("refund")));
        await house.TellAsync();
        Assert.Equal("6 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task What_stripe_refuses_or_cannot_deliver_is_the_wallets_again()
    {
        await using var house = await CardHouse.OpenAsync();
        var test = house.Test;
        var wallet = await test.NewWalletAsync();
        var (made, payment) = await house.TopUpAsync(wallet, "10");
        // Refunded at the dashboard, and no event of it has come yet.
        house.Stripe.Do(account => account.Refund(payment, 800));
        var refused = Given(await test.Domain.WalletPayouts.PayAsync(wallet.Id, test.NewKey(), Usd("4")));
        Assert.Equal((RailStatus.Failed, Usd("0"), "10 held 0"), (refused.Status, refused.Returned, await test.BalanceAsync(wallet)));
        await house.TellAsync();
        Assert.Equal("2 owes 0", await house.StandAsync(wallet));

        var back = Given(await test.Domain.WalletPayouts.PayAsync(wallet.Id, test.NewKey(), null));
        Assert.Equal((RailStatus.Posted, Usd("2"), "0 held 0"), (back.Status, back.Returned, await test.BalanceAsync(wallet)));
        house.Stripe.Do(account => account.FailRefund(account.All("refund")[^1]["id"]!.GetValue<string>()));
        await house.TellAsync();
        Given(await house.Desk.LookAsync(made.Id));
        Assert.Equal((RailStatus.Failed, "2 held 0"), (Given(await test.Domain.WalletPayouts.ReadAsync(wallet.Id, back.Id)).Status, await test.BalanceAsync(wallet)));
        Assert.Equal(("2", 200L), (await house.ClearingAsync(), house.Stripe.Do(account => account.Balance)));
    }

    [Fact]
    public async Task Many_payouts_and_payments_at_once_move_no_more_than_there_is()
    {
        await using var house = await CardHouse.OpenAsync();
        var test = house.Test;
        var wallet = await test.NewWalletAsync();
        await house.TopUpAsync(wallet, "10");
        var payee = await test.NewPayeeAsync();
        // One payment is sure; of the others the payouts may leave none.
        Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "1")));
        var same = test.NewKey();
        var paid = Enumerable.Range(0, 16).Select(async _ => (await test.Desk.PayAsync(test.Pay(wallet, payee, "1"))).IsGiven ? 1 : 0).ToList();
        var backs = await Task.WhenAll(Enumerable.Range(0, 16).Select(async i => (await test.Domain.WalletPayouts.PayAsync(wallet.Id, i < 8 ? same : test.NewKey(), Usd("2"))).Value));
        var spent = 1 + (await Task.WhenAll(paid)).Sum();
        var returned = backs.OfType<WalletPayout>().DistinctBy(back => back.Id).Sum(back => back.Status == RailStatus.Posted ? 2 : 0);
        Assert.Equal(new Amount(Asset.Usd, (UInt128)(10 - spent - returned) * 1_000_000).ToDecimalString() + " held 0", await test.BalanceAsync(wallet));
        Assert.Equal(1000 - (100 * returned), house.Stripe.Do(account => account.Balance));
        Assert.True(spent + returned is 9 or 10, $"{spent} spent, {returned} returned");
    }

    [Fact]
    public async Task Cut_off_between_any_two_steps_money_goes_back_once()
    {
        var cuts = 0;
        for (var moment = 1; ; moment++)
        {
            await using var house = await CardHouse.OpenAsync();
            var test = house.Test;
            var wallet = await test.NewWalletAsync();
            await house.TopUpAsync(wallet, "10");
            Given(await test.Domain.TopUps.TopUpAsync(wallet.Id, test.NewKey(), Usd("1"), "sandbox", null));
            var key = test.NewKey();
            test.Moments.EndAt(moment);
            var paying = test.Domain.WalletPayouts.PayAsync(wallet.Id, key, Usd("5")).AsTask();
            await Task.WhenAny(paying, test.Moments.Ended).WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
            var isCut = test.Moments.Ended.IsCompleted;
            if (isCut) cuts++;
            await test.RestartAsync();
            await test.Domain.WalletPayouts.AskPendingAsync();
            var back = Given(await test.Domain.WalletPayouts.PayAsync(wallet.Id, key, Usd("5")));
            Assert.Equal((RailStatus.Posted, Usd("5"), "6 held 0"), (back.Status, back.Returned, await test.BalanceAsync(wallet)));
            Assert.Equal((600L, "6"), (house.Stripe.Do(account => account.Balance), await house.ClearingAsync()));
            if (!isCut) break;
        }

        // Two transit accounts, the holds, and two ends: before and after each.
        Assert.Equal(10, cuts);
    }
}
