using Farthing.Payments.TopUps;
using Farthing.Payments.Wallets;
using Farthing.Protocol;
using Farthing.Server.Rails.Card;
using Farthing.StripeSimulator;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests.Cards;

/// <summary>Wallets that are topped up by themselves, by a card that the payer left at the card page.</summary>
public class AutomaticCardTests
{
    [Fact]
    public async Task It_is_on_once_the_payer_was_at_the_card_page_and_64_racing_payments_make_one_charge()
    {
        await using var house = await CardHouse.OpenAsync();
        var test = house.Test;
        var wallet = await test.NewWalletAsync();
        var key = test.NewKey();
        var set = Given(await house.SetAsync(wallet, key: key));
        Assert.Equal((AutomaticTopUpStatus.Waiting, null), (set.Status, set.Card));
        Assert.Equal(set, Given(await house.SetAsync(wallet, key: key)));
        for (var i = 0; i < 3; i++) await house.LookAsync();
        Assert.Equal((0, "0 held 0"), (house.Payments, await test.BalanceAsync(wallet)));
        await test.RestartAsync();
        Assert.Equal(set, await house.ReadAsync(wallet));

        house.Stripe.Do(account => account.Pay(CardHouse.SessionOf(set), TestCard.ConfirmedWhenLeft));
        await house.TellAsync();
        await house.LookAsync();
        var on = await house.ReadAsync(wallet);
        Assert.Equal((AutomaticTopUpStatus.On, new SavedCard("visa", "3155", "2030-12"), null, null), (on.Status, on.Card, on.NextAction, on.Fault));
        Assert.Equal((1, "10 held 0"), (house.Payments, await test.BalanceAsync(wallet)));

        var payee = await test.NewPayeeAsync();
        var paid = await PayAsync(64);
        Assert.Equal(10, paid);
        await Task.WhenAll(house.LookAsync(), PayAsync(0));
        await test.RestartAsync();
        for (var i = 0; i < 3; i++) await house.LookAsync();
        Assert.Equal((2, "10 held 0"), (house.Payments, await test.BalanceAsync(wallet)));
        // Once a day is what was agreed.
        Assert.Equal(10, await PayAsync(64));
        for (var i = 0; i < 3; i++) await house.LookAsync();
        Assert.Equal((2, "0 held 0"), (house.Payments, await test.BalanceAsync(wallet)));
        test.Time.Advance(TimeSpan.FromDays(1));
        await house.LookAsync();
        Assert.Equal((3, "10 held 0"), (house.Payments, await test.BalanceAsync(wallet)));
        Assert.Equal(("30", 3000L), (await house.ClearingAsync(), house.Stripe.Do(account => account.Balance)));
        Assert.Single(house.Stripe.Do(account => account.All("checkout.session")));

        async Task<int> PayAsync(int count) =>
            (await Task.WhenAll(Enumerable.Range(0, count).Select(async _ => await test.Desk.PayAsync(test.Pay(wallet, payee, "1"))))).Count(answer => answer.IsGiven);
    }

    [Theory]
    [InlineData(TestCard.ConfirmedAlways, AutomaticTopUpFaults.AuthenticationRequired, "confirm")]
    [InlineData(TestCard.DeclinedAfterwards, AutomaticTopUpFaults.CardDeclined, "declined")]
    [InlineData(TestCard.Lost, AutomaticTopUpFaults.CardDeclined, "declined")]
    [InlineData(TestCard.Poor, AutomaticTopUpFaults.InsufficientFunds, "not enough money")]
    [InlineData(TestCard.Expired, AutomaticTopUpFaults.ExpiredCard, "expired")]
    public async Task A_card_that_is_declined_is_tried_once_and_forgotten_and_its_owner_is_told_why(string card, string fault, string words)
    {
        await using var house = await CardHouse.OpenAsync();
        var wallet = await house.Test.NewWalletAsync();
        await house.AgreeAsync(wallet, mostPerDay: 5);
        house.Stripe.Do(account => account.TurnInto((string)account.All("payment_method")[0]["id"]!, card));
        await house.SpendAsync(wallet, "9");
        for (var i = 0; i < 3; i++) await house.LookAsync();

        var off = await house.ReadAsync(wallet);
        Assert.Equal((AutomaticTopUpStatus.Off, fault, null), (off.Status, off.Fault, off.Card));
        Assert.Contains(words, off.Reason, StringComparison.Ordinal);
        Assert.Equal((1, 0, "1 held 0"), (house.Payments, house.Cards, await house.Test.BalanceAsync(wallet)));
        Assert.Equal(2, house.Stripe.Do(account => account.All("payment_intent")).Count);
        Refused(RefusalCodes.InsufficientFunds, await house.Test.Desk.PayAsync(house.Test.Pay(wallet, await house.Test.NewPayeeAsync(), "2")));
        await house.Test.RestartAsync();
        house.Test.Time.Advance(TimeSpan.FromDays(2));
        await house.TellAsync();
        var calls = house.Stripe.Calls.Count;
        for (var i = 0; i < 3; i++) await house.LookAsync();
        Assert.Equal((calls, off), (house.Stripe.Calls.Count, await house.ReadAsync(wallet)));

        // With another card it begins anew.
        await house.AgreeAsync(wallet);
        Assert.Equal((2, 1, "11 held 0"), (house.Payments, house.Cards, await house.Test.BalanceAsync(wallet)));
    }

    [Theory]
    [InlineData(Fault.ErrorBefore, 0)]
    [InlineData(Fault.ErrorAfter, 0)]
    [InlineData(Fault.TooMany, 0)]
    [InlineData(Fault.ErrorAfter, 30)]
    [InlineData(Fault.HangUpAfter, 0)]
    [InlineData(Fault.HangUpAfter, 24 * 9)]
    public async Task A_charge_that_was_not_answered_is_asked_about_and_never_made_again(Fault fault, int hoursDown)
    {
        await using var house = await CardHouse.OpenAsync();
        var wallet = await house.Test.NewWalletAsync();
        await house.AgreeAsync(wallet, mostPerDay: 5);
        await house.SpendAsync(wallet, "9");
        house.Stripe.FailNext("POST /v1/payment_intents", fault);
        await house.LookAsync();
        Assert.Equal("1 held 0", await house.Test.BalanceAsync(wallet));
        // Longer than Stripe keeps idempotency keys, and at last longer than the hold stands.
        house.Test.Time.Advance(TimeSpan.FromHours(hoursDown));
        await house.Test.RestartAsync();
        for (var i = 0; i < 4; i++)
        {
            await house.LookAsync();
            house.Test.Time.Advance(TimeSpan.FromMinutes(5));
        }

        Assert.Equal((2, "11 held 0"), (house.Payments, await house.Test.BalanceAsync(wallet)));
        Assert.Equal(("20", 2000L), (await house.ClearingAsync(), house.Stripe.Do(account => account.Balance)));
        Assert.True((await house.ReadAsync(wallet)).IsOn);
    }

    [Fact]
    public async Task Cut_off_between_any_two_steps_there_is_one_charge_and_one_credit()
    {
        var cuts = 0;
        for (var moment = 1; ; moment++)
        {
            await using var house = await CardHouse.OpenAsync();
            var test = house.Test;
            var wallet = await test.NewWalletAsync();
            var key = test.NewKey();
            test.Moments.EndAt(moment);
            var isCut = !await RunAsync(test, async () => Given(await house.SetAsync(wallet, key: key)));
            if (isCut) await test.RestartAsync();
            else test.Moments.EndAt(0);
            var set = Given(await house.SetAsync(wallet, key: key));
            house.Stripe.Do(account => account.Pay(CardHouse.SessionOf(set)));

            // The page's payment is credited and the card kept, then one charge is made, by looks that end at any moment.
            test.Moments.EndAt(moment);
            if (!await RunAsync(test, () => house.LookAsync()))
            {
                isCut = true;
                await test.RestartAsync();
            }
            else
            {
                test.Moments.EndAt(0);
            }

            test.Time.Advance(TimeSpan.FromMinutes(5));
            for (var i = 0; i < 2; i++) await house.LookAsync();
            Assert.Equal((1, "10 held 0"), (house.Payments, await test.BalanceAsync(wallet)));
            await house.SpendAsync(wallet, "9");
            test.Moments.EndAt(moment);
            if (!await RunAsync(test, () => house.LookAsync()))
            {
                isCut = true;
                await test.RestartAsync();
            }
            else
            {
                test.Moments.EndAt(0);
            }

            for (var i = 0; i < 3; i++)
            {
                await house.LookAsync();
                test.Time.Advance(TimeSpan.FromMinutes(5));
            }

            Assert.Equal((2, "11 held 0"), (house.Payments, await test.BalanceAsync(wallet)));
            Assert.Equal(("20", 2000L), (await house.ClearingAsync(), house.Stripe.Do(account => account.Balance)));

            // And it is stopped, and the card forgotten, whenever that ends.
            var stop = test.NewKey();
            test.Moments.EndAt(moment);
            if (!await RunAsync(test, async () =>
            {
                Given(await test.Domain.AutomaticTopUps.StopAsync(wallet.Id, stop));
                await house.LookAsync();
            }))
            {
                isCut = true;
                await test.RestartAsync();
            }
            else
            {
                test.Moments.EndAt(0);
            }

            Assert.False(Given(await test.Domain.AutomaticTopUps.StopAsync(wallet.Id, stop)).IsOn);
            await house.LookAsync();
            Assert.Equal((2, 0), (house.Payments, house.Cards));
            if (!isCut) break;
            cuts++;
        }

        Assert.True(cuts >= 6, $"Only {cuts} cuts.");
    }

    [Fact]
    public async Task Stopped_in_the_middle_of_a_charge_what_was_charged_is_credited_and_nothing_more_comes()
    {
        await using var house = await CardHouse.OpenAsync();
        var test = house.Test;
        var (charged, uncharged) = (await test.NewWalletAsync(), await test.NewWalletAsync());
        await house.AgreeAsync(charged, mostPerDay: 5);
        await house.AgreeAsync(uncharged, mostPerDay: 5);
        await house.SpendAsync(charged, "9");
        house.Stripe.FailNext("POST /v1/payment_intents", Fault.HangUpAfter);
        await house.LookAsync();
        await house.SpendAsync(uncharged, "9");
        house.Stripe.FailNext("POST /v1/payment_intents", Fault.ErrorBefore);
        await test.Domain.AutomaticTopUps.LookAsync();
        foreach (var wallet in new[] { charged, uncharged }) Given(await test.Domain.AutomaticTopUps.StopAsync(wallet.Id, test.NewKey()));
        // Stripe is hard to reach just now.
        house.Stripe.FailNext("POST /v1/payment_methods", Fault.ErrorBefore);
        house.Stripe.FailNext("GET /v1/payment_methods", Fault.TooMany);
        for (var i = 0; i < 5; i++)
        {
            await house.LookAsync();
            test.Time.Advance(TimeSpan.FromMinutes(5));
        }

        Assert.Equal(("11 held 0", "1 held 0"), (await test.BalanceAsync(charged), await test.BalanceAsync(uncharged)));
        Assert.Equal((3, 0), (house.Payments, house.Cards));
        Assert.Equal(3, house.Stripe.Do(account => account.All("payment_intent")).Count);
        Assert.Equal("30", await house.ClearingAsync());
        Assert.Empty(await test.Settings.ListActiveAsync<LeftCardRow>());
    }

    [Fact]
    public async Task A_card_left_at_the_page_of_a_setting_that_ended_meanwhile_is_forgotten_and_its_money_credited()
    {
        await using var house = await CardHouse.OpenAsync();
        var test = house.Test;
        var (stopped, replaced) = (await test.NewWalletAsync(), await test.NewWalletAsync());
        var first = new[] { Given(await house.SetAsync(stopped)), Given(await house.SetAsync(replaced)) };
        Given(await test.Domain.AutomaticTopUps.StopAsync(stopped.Id, test.NewKey()));
        var second = Given(await house.SetAsync(replaced, amount: "20"));
        await house.LookAsync();
        await test.RestartAsync();
        foreach (var set in first) house.Stripe.Do(account => account.Pay(CardHouse.SessionOf(set)));
        await house.TellAsync();
        for (var i = 0; i < 2; i++) await house.LookAsync();
        Assert.Equal((0, "10 held 0", "10 held 0"), (house.Cards, await test.BalanceAsync(stopped), await test.BalanceAsync(replaced)));
        Assert.Equal((AutomaticTopUpStatus.Off, AutomaticTopUpStatus.Waiting), ((await house.ReadAsync(stopped)).Status, (await house.ReadAsync(replaced)).Status));

        house.Stripe.Do(account => account.Pay(CardHouse.SessionOf(second)));
        await house.TellAsync();
        await house.LookAsync();
        // And one in force is followed by another, with a card of its own.
        await house.AgreeAsync(replaced);
        for (var i = 0; i < 2; i++) await house.LookAsync();
        Assert.Equal((1, "40 held 0"), (house.Cards, await test.BalanceAsync(replaced)));
        Assert.Equal(4, house.Payments);
    }

    [Fact]
    public async Task Whoever_comes_back_from_the_card_page_finds_it_on_though_no_event_told_of_it()
    {
        await using var house = await CardHouse.OpenAsync();
        var (test, wallet) = (house.Test, await house.Test.NewWalletAsync());
        var set = Given(await house.SetAsync(wallet));
        // The rail is asked more and more seldom.
        for (var i = 0; i < 5; i++)
        {
            test.Time.Advance(TimeSpan.FromSeconds(30));
            await house.LookAsync();
        }

        var calls = house.Stripe.Calls.Count;
        for (var i = 0; i < 3; i++) await test.Domain.AutomaticTopUps.ComeBackAsync(wallet.Id);
        Assert.Equal((AutomaticTopUpStatus.Waiting, calls), ((await house.ReadAsync(wallet)).Status, house.Stripe.Calls.Count));
        house.Stripe.Do(account => account.Pay(CardHouse.SessionOf(set)));
        test.Time.Advance(TimeSpan.FromSeconds(1));
        house.Stripe.FailNext("GET /v1/checkout/sessions", Fault.ErrorBefore);
        for (var i = 0; i < 3; i++) await test.Domain.AutomaticTopUps.ComeBackAsync(wallet.Id);
        Assert.Equal((AutomaticTopUpStatus.Waiting, calls + 1), ((await house.ReadAsync(wallet)).Status, house.Stripe.Calls.Count));
        test.Time.Advance(TimeSpan.FromSeconds(1));
        for (var i = 0; i < 3; i++) await test.Domain.AutomaticTopUps.ComeBackAsync(wallet.Id);
        Assert.Equal((AutomaticTopUpStatus.On, 1, "10 held 0"), ((await house.ReadAsync(wallet)).Status, house.Payments, await test.BalanceAsync(wallet)));
        Assert.Single(await test.Settings.ListActiveAsync<LeftCardRow>());

        // Who has stopped it meanwhile, or set nothing, changes nothing by coming.
        var stopped = await test.NewWalletAsync();
        var other = Given(await house.SetAsync(stopped));
        house.Stripe.Do(account => account.Pay(CardHouse.SessionOf(other)));
        Given(await test.Domain.AutomaticTopUps.StopAsync(stopped.Id, test.NewKey()));
        foreach (var one in new[] { stopped, await test.NewWalletAsync() }) await test.Domain.AutomaticTopUps.ComeBackAsync(one.Id);
        Assert.Equal(AutomaticTopUpStatus.Off, (await house.ReadAsync(stopped)).Status);
    }

    [Fact]
    public async Task A_page_that_expires_and_one_that_keeps_no_card_leave_it_off()
    {
        await using var house = await CardHouse.OpenAsync();
        var (late, unkept) = (await house.Test.NewWalletAsync(), await house.Test.NewWalletAsync());
        var pages = new[] { Given(await house.SetAsync(late)), Given(await house.SetAsync(unkept)) };
        house.Stripe.Do(account => account.Expire(CardHouse.SessionOf(pages[0])));
        house.Stripe.Do(account => account.Pay(CardHouse.SessionOf(pages[1]), keepsCard: false));
        await house.TellAsync();
        for (var i = 0; i < 2; i++) await house.LookAsync();
        Assert.Equal((AutomaticTopUpStatus.Off, AutomaticTopUpFaults.PageExpired), (await house.ReadAsync(late) is var off ? (off.Status, off.Fault) : default));
        Assert.Equal((AutomaticTopUpStatus.Off, AutomaticTopUpFaults.CardNotSaved), (await house.ReadAsync(unkept) is var without ? (without.Status, without.Fault) : default));
        Assert.Equal(("0 held 0", "10 held 0"), (await house.Test.BalanceAsync(late), await house.Test.BalanceAsync(unkept)));
    }

    [Fact]
    public async Task A_recovery_an_erasure_a_dispute_and_a_refund_stop_it_and_a_pause_keeps_it_waiting()
    {
        await using var house = await CardHouse.OpenAsync();
        var test = house.Test;
        var (recovered, erased, disputed, refunded, paused) = (await test.NewWalletAsync(), await test.NewWalletAsync(), await test.NewWalletAsync(), await test.NewWalletAsync(), await test.NewWalletAsync());
        foreach (var wallet in new[] { recovered, erased, disputed, refunded, paused }) await house.AgreeAsync(wallet, mostPerDay: 5);
        var payments = house.Stripe.Do(account => account.All("payment_intent")).Select(intent => (string)intent["id"]!).ToList();
        var code = Given(await test.Domain.RecoveryCodes.CreateAsync(recovered.Id, test.NewKey())).Text;
        Given(await test.Domain.RecoveryCodes.ConfirmAsync(recovered.Id, code));
        foreach (var wallet in new[] { recovered, paused }) await house.SpendAsync(wallet, "9");
        Given(await test.Domain.RecoveryCodes.RecoverAsync(code, test.NewKey()));
        Given(await test.Domain.WalletCaps.PauseAsync(paused.Id, test.NewKey()));
        Given(await test.Domain.Wallets.EraseAsync(erased.Id));
        house.Stripe.Do(account => account.Dispute(payments[2], 1000));
        house.Stripe.Do(account => account.Refund(payments[3], 900));
        await house.TellAsync();
        Assert.Equal((AutomaticTopUpStatus.Off, AutomaticTopUpFaults.WalletRecovered), (await house.ReadAsync(recovered) is var read ? (read.Status, read.Fault) : default));
        for (var i = 0; i < 3; i++) await house.LookAsync();
        await test.RestartAsync();
        for (var i = 0; i < 3; i++) await house.LookAsync();

        Assert.Equal((AutomaticTopUpStatus.Off, AutomaticTopUpFaults.WalletRecovered), (await house.ReadAsync(recovered) is var again ? (again.Status, again.Fault) : default));
        foreach (var wallet in new[] { disputed, refunded })
            Assert.Equal((AutomaticTopUpStatus.Off, AutomaticTopUpFaults.TakenBack), (await house.ReadAsync(wallet) is var taken ? (taken.Status, taken.Fault) : default));
        Assert.Equal((5, 1), (house.Payments, house.Cards));
        Assert.Equal(("1 held 0", "0 owes 0", "1 owes 0"), (await test.BalanceAsync(recovered), await house.StandAsync(disputed), await house.StandAsync(refunded)));
        // Only the paused one goes on, once it may pay again.
        Given(await test.Domain.WalletCaps.ResumeAsync(paused.Id, test.NewKey()));
        for (var i = 0; i < 2; i++) await house.LookAsync();
        Assert.Equal((6, "11 held 0"), (house.Payments, await test.BalanceAsync(paused)));
    }

    [Fact]
    public async Task A_charge_is_disputed_and_given_back_like_any_other()
    {
        await using var house = await CardHouse.OpenAsync();
        var wallet = await house.Test.NewWalletAsync();
        await house.AgreeAsync(wallet);
        await house.SpendAsync(wallet, "9");
        await house.LookAsync();
        Assert.Equal("11 owes 0", await house.StandAsync(wallet));
        var charge = (string)house.Stripe.Do(account => account.All("payment_intent"))[^1]["id"]!;
        // Back to the card it came from, the newest first.
        Given(await house.Test.Domain.WalletPayouts.PayAsync(wallet.Id, house.Test.NewKey(), Usd("3")));
        Assert.Equal(charge, (string?)Assert.Single(house.Stripe.Do(account => account.All("refund")))["payment_intent"]);
        Assert.Equal("8 owes 0", await house.StandAsync(wallet));
        // What the payer takes back is nobody's complaint.
        Assert.True((await house.ReadAsync(wallet)).IsOn);
        house.Stripe.Do(account => account.Decide(account.Dispute(charge, 700), isWon: false));
        await house.TellAsync();
        Assert.Equal(("1 owes 0", "10"), (await house.StandAsync(wallet), await house.ClearingAsync()));
        Assert.False((await house.ReadAsync(wallet)).IsOn);
    }

    [Fact]
    public async Task What_a_card_cannot_do_or_would_cost_too_much_is_refused_when_it_is_set_and_stops_it_when_it_is_charged()
    {
        await using var house = await CardHouse.OpenAsync(fees: true);
        var test = house.Test;
        var wallet = await test.NewWalletAsync();
        Refused(RefusalCodes.RailCostTooHigh, await house.SetAsync(wallet, amount: "4"));
        Refused(RefusalCodes.TooManyDecimals, await house.SetAsync(wallet, amount: "10.005"));
        // An instruction of ours is not a payer's to give.
        foreach (var address in new[] { "saved top_01JD8Y2M6K3T5V7W9XAZBCDEFG", "save https://news.example/", "ftp://news.example/" })
        {
            Refused(RefusalCodes.InvalidField, await house.Desk.TopUpAsync(wallet.Id, test.NewKey(), Usd("10"), "card", address));
            Refused(RefusalCodes.InvalidField, await test.Domain.AutomaticTopUps.SetAsync(wallet.Id, test.NewKey(), Usd("2"), Usd("10"), 1, "card", address));
        }

        Assert.Empty(house.Stripe.Calls);
        var key = test.NewKey();
        house.Stripe.FailNext("POST /v1/checkout/sessions", Fault.ErrorBefore);
        Refused(RefusalCodes.RailUnreachable, await house.SetAsync(wallet, key: key));
        Refused(RefusalCodes.AutomaticTopUpNotSet, await test.Domain.AutomaticTopUps.ReadAsync(wallet.Id));
        Assert.Equal(AutomaticTopUpStatus.Waiting, Given(await house.SetAsync(wallet, key: key)).Status);
        Refused(RefusalCodes.IdempotencyConflict, await house.SetAsync(wallet, mostPerDay: 2, key: key));
        await house.AgreeAsync(wallet);
        await house.SpendAsync(wallet, "9");

        test.Options = test.Options with { TopUps = test.Options.TopUps with { MostCostBasisPoints = 100 } };
        await house.Test.RestartAsync();
        for (var i = 0; i < 2; i++) await house.LookAsync();
        var off = await house.ReadAsync(wallet);
        Assert.Equal((AutomaticTopUpStatus.Off, RefusalCodes.RailCostTooHigh.Code), (off.Status, off.Fault));
        Assert.Equal((1, 0, "0.41 held 0"), (house.Payments, house.Cards, await test.BalanceAsync(wallet)));
    }

    [Fact]
    public async Task Calls_that_hang_hold_up_nobody_else()
    {
        await using var house = await CardHouse.OpenAsync(timeout: TimeSpan.FromMinutes(10));
        var test = house.Test;
        var (hanging, other) = (await test.NewWalletAsync(), await test.NewWalletAsync());
        var stuck = Given(await house.TopUpAsync(hanging, test.NewKey(), "10"));
        test.Time.Advance(TimeSpan.FromSeconds(2));
        house.Stripe.FailNext($"GET /v1/checkout/sessions/{CardHouse.SessionOf(stuck)}", Fault.SilenceAfter);
        var round = house.Desk.AskPendingAsync().AsTask();
        await UntilAsync(() => Task.FromResult(house.Stripe.Calls[^1].StartsWith("GET", StringComparison.Ordinal)));
        // Nobody waits for it longer than two seconds of our clock, and the next round leaves it alone.
        test.Time.Advance(TimeSpan.FromSeconds(2));
        await round.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        var made = Given(await house.TopUpAsync(other, test.NewKey(), "10"));
        house.Stripe.Do(account => account.Pay(CardHouse.SessionOf(made)));
        test.Time.Advance(TimeSpan.FromSeconds(2));
        var next = house.Desk.AskPendingAsync().AsTask();
        await UntilAsync(async () => await test.BalanceAsync(other) == "10 held 0");
        Assert.Equal("0 held 0", await test.BalanceAsync(hanging));
        test.Time.Advance(TimeSpan.FromSeconds(2));
        await next.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        using var looks = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        while (!await isSo()) await looks.WaitForNextTickAsync(deadline.Token);
    }

    /// <returns>False if everything ended before.</returns>
    private static async Task<bool> RunAsync(TestSystem test, Func<Task> act)
    {
        var acting = act();
        await Task.WhenAny(acting, test.Moments.Ended).WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        if (test.Moments.Ended.IsCompleted) return false;
        await acting;
        return true;
    }
}
