using Farthing.Ledger;
using Farthing.Payments.People;
using Farthing.Protocol;
using Farthing.Server.Rails.Card;
using Farthing.StripeSimulator;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests.Cards;

/// <summary>Money that a card's bank takes back, and refunds made at Stripe's dashboard: the wallet gives what it has, and owes the rest.</summary>
public class ChargebackTests
{
    [Theory]
    [InlineData("0", "0 owes 0", "10 owes 0")]
    [InlineData("4", "0 owes 4", "6 owes 0")]
    [InlineData("10", "0 owes 10", "0 owes 0")]
    public async Task A_dispute_takes_what_is_there_and_winning_it_gives_that_back(string spent, string taken, string won)
    {
        await using var house = await CardHouse.OpenAsync();
        var wallet = await house.Test.NewWalletAsync();
        var (_, payment) = await house.TopUpAsync(wallet, "10");
        if (spent != "0") Given(await house.Test.Desk.PayAsync(house.Test.Pay(wallet, await house.Test.NewPayeeAsync(), spent)));
        var dispute = house.Stripe.Do(account => account.Dispute(payment, 1000));
        // Each of Stripe's events twice, and the last first.
        await house.TellAsync(backwards: true);
        Assert.Equal(taken, await house.StandAsync(wallet));
        Assert.Equal(("0", 0L), (await house.ClearingAsync(), house.Stripe.Do(account => account.Balance)));
        await house.Test.RestartAsync();
        Assert.Equal(taken, await house.StandAsync(wallet));

        house.Stripe.Do(account => account.Decide(dispute, isWon: true));
        await house.TellAsync(backwards: true);
        Assert.Equal(won, await house.StandAsync(wallet));
        Assert.Equal(("10", 1000L), (await house.ClearingAsync(), house.Stripe.Do(account => account.Balance)));
    }

    [Theory]
    [InlineData(36)]
    [InlineData(38)]
    [InlineData(500)]
    public async Task A_dispute_is_taken_and_given_back_however_late(int days)
    {
        await using var house = await CardHouse.OpenAsync();
        var wallet = await house.Test.NewWalletAsync();
        var (_, payment) = await house.TopUpAsync(wallet, "10");
        house.Test.Time.Advance(TimeSpan.FromDays(days));
        var dispute = house.Stripe.Do(account => account.Dispute(payment, 1000));
        await house.TellAsync();
        Assert.Equal("0 owes 0", await house.StandAsync(wallet));
        house.Stripe.Do(account => account.Decide(dispute, isWon: true));
        await house.TellAsync();
        Assert.Equal("10 owes 0", await house.StandAsync(wallet));
    }

    [Fact]
    public async Task A_chargeback_that_the_ledger_refused_is_taken_at_the_next_look()
    {
        await using var house = await CardHouse.OpenAsync();
        var wallet = await house.Test.NewWalletAsync();
        var (made, payment) = await house.TopUpAsync(wallet, "10");
        var debt = ChartOfAccounts.Debt(wallet.Id.Value, Asset.Usd);
        await house.Test.Ledger.SubmitAsync([Command.OpenAccount(debt, Asset.Usd, AccountFlags.None)]);
        await house.Test.Ledger.SubmitAsync([Command.ChangeAccount(RecordKind.FreezeAccount, house.Test.NewKey().DeriveId("test", default), debt)]);
        house.Stripe.Do(account => account.Dispute(payment, 1000));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await house.Desk.LookAsync(made.Id));
        Assert.Equal("10 owes 0", await house.StandAsync(wallet));
        await house.Test.Ledger.SubmitAsync([Command.ChangeAccount(RecordKind.UnfreezeAccount, house.Test.NewKey().DeriveId("test", default), debt)]);
        for (var i = 0; i < 2; i++) Given(await house.Desk.LookAsync(made.Id));
        Assert.Equal(("0 owes 0", "0"), (await house.StandAsync(wallet), await house.ClearingAsync()));
    }

    [Fact]
    public async Task A_wallet_in_debt_pays_nothing_and_the_next_top_up_pays_the_debt_first()
    {
        await using var house = await CardHouse.OpenAsync();
        var test = house.Test;
        var wallet = await test.NewWalletAsync();
        var other = await test.NewWalletAsync("5");
        var payee = await test.NewPayeeAsync();
        var (_, payment) = await house.TopUpAsync(wallet, "10");
        var early = test.Pay(wallet, payee, "7");
        var first = Given(await test.Desk.PayAsync(early));
        house.Stripe.Do(account => account.Decide(account.Dispute(payment, 1000), isWon: false));
        await house.TellAsync();
        Assert.Equal("0 owes 7", await house.StandAsync(wallet));

        // Money from somebody else comes in, and goes nowhere but to the debt.
        var people = test.Domain.People;
        Given(await people.PayAsync(other.Id, test.NewKey(), people.HandleOf(wallet.Id), Usd("2"), null));
        var late = test.Pay(wallet, payee, "0.01");
        var refused = await test.Desk.PayAsync(late);
        Refused(RefusalCodes.WalletInDebt, refused);
        Assert.Equal(AmountJson.From(Usd("7")), refused.Refusal!.Facts!["owed"]);
        Refused(RefusalCodes.WalletInDebt, await people.PayAsync(wallet.Id, test.NewKey(), people.HandleOf(other.Id), Usd("1"), null));
        var bill = Assert.Single(Given(await test.Domain.Requests.AskAsync(other.Id, test.NewKey(), new NewBill { Amount = Usd("1"), Shares = [new BillShare(people.HandleOf(wallet.Id), null)] })));
        Refused(RefusalCodes.WalletInDebt, await test.Domain.Requests.AcceptAsync(wallet.Id, bill.Id, test.NewKey()));
        // What was paid before stands, and its key is answered as before.
        Assert.Equal(first.Id, Given(await test.Desk.PayAsync(early)).Id);
        await test.Domain.Debts.SettleNoticedAsync();
        Assert.Equal("0 owes 5", await house.StandAsync(wallet));

        await test.RestartAsync();
        Refused(RefusalCodes.WalletInDebt, await test.Desk.PayAsync(late));
        await house.TopUpAsync(wallet, "4");
        Assert.Equal("0 owes 1", await house.StandAsync(wallet));
        Given(await test.Domain.TopUps.TopUpAsync(wallet.Id, test.NewKey(), Usd("3"), "sandbox", null));
        Assert.Equal("2 owes 0", await house.StandAsync(wallet));
        Given(await test.Desk.PayAsync(late));
        Assert.Equal(["top_up", "debt"], Given(await test.Domain.Statements.ReadAsync(As(wallet), null, 10)).Lines.Select(line => line.Kind).Distinct().Except(["payment", "personal_payment"]).OrderDescending());
    }

    [Fact]
    public async Task An_inquiry_takes_nothing_and_refunds_at_the_dashboard_take_what_they_are()
    {
        await using var house = await CardHouse.OpenAsync();
        var wallet = await house.Test.NewWalletAsync();
        var (_, payment) = await house.TopUpAsync(wallet, "10");
        house.Stripe.Do(account => account.Dispute(payment, 1000, isInquiry: true));
        await house.TellAsync();
        Assert.Equal("10 owes 0", await house.StandAsync(wallet));

        var small = house.Stripe.Do(account => account.Refund(payment, 250));
        house.Stripe.Do(account => account.Refund(payment, 100));
        await house.TellAsync();
        await house.TellAsync();
        Assert.Equal("6.5 owes 0", await house.StandAsync(wallet));
        house.Stripe.Do(account => account.FailRefund(small));
        await house.TellAsync();
        Assert.Equal("9 owes 0", await house.StandAsync(wallet));
        Assert.Equal("9", await house.ClearingAsync());
    }

    [Fact]
    public async Task A_paused_wallet_keeps_what_it_has_and_owes_until_it_pays_again()
    {
        await using var house = await CardHouse.OpenAsync();
        var test = house.Test;
        var wallet = await test.NewWalletAsync();
        var (_, payment) = await house.TopUpAsync(wallet, "10");
        Given(await test.Domain.WalletCaps.PauseAsync(wallet.Id, test.NewKey()));
        house.Stripe.Do(account => account.Dispute(payment, 800));
        await house.TellAsync();
        Assert.Equal("10 owes 8", await house.StandAsync(wallet));
        Given(await test.Domain.WalletCaps.ResumeAsync(wallet.Id, test.NewKey()));
        var pay = test.Pay(wallet, await test.NewPayeeAsync(), "2");
        Refused(RefusalCodes.WalletInDebt, await test.Desk.PayAsync(pay));
        await test.Domain.Debts.SettleNoticedAsync();
        Given(await test.Desk.PayAsync(pay));
        Assert.Equal("0 owes 0", await house.StandAsync(wallet));
    }

    [Fact]
    public async Task Cut_off_between_any_two_steps_a_dispute_is_taken_once_and_returned_once()
    {
        var cuts = 0;
        for (var moment = 1; ; moment++)
        {
            await using var house = await CardHouse.OpenAsync();
            var test = house.Test;
            var wallet = await test.NewWalletAsync();
            var (made, payment) = await house.TopUpAsync(wallet, "10");
            Given(await test.Desk.PayAsync(test.Pay(wallet, await test.NewPayeeAsync(), "4")));
            var dispute = house.Stripe.Do(account => account.Dispute(payment, 1000));
            test.Moments.EndAt(moment);
            var isCut = !await RunAsync(test, async () => await house.Desk.LookAsync(made.Id));
            if (isCut) cuts++;
            else test.Moments.EndAt(0);
            await test.RestartAsync();
            // Before anybody looks again, nothing more can be spent than was there.
            Assert.Contains(await house.StandAsync(wallet), new[] { "6 owes 0", "0 owes 4" });
            Given(await house.Desk.LookAsync(made.Id));
            Assert.Equal("0 owes 4", await house.StandAsync(wallet));

            house.Stripe.Do(account => account.Decide(dispute, isWon: true));
            test.Moments.EndAt(moment);
            if (!await RunAsync(test, async () => await house.Desk.LookAsync(made.Id))) cuts++;
            await test.RestartAsync();
            Given(await house.Desk.LookAsync(made.Id));
            Assert.Equal("6 owes 0", await house.StandAsync(wallet));
            Assert.Equal("10", await house.ClearingAsync());
            if (!isCut) break;
        }

        Assert.True(cuts >= 8, $"Only {cuts} cuts.");
    }

    [Fact]
    public async Task A_dispute_that_is_booked_in_another_currency_is_won_although_less_came_back_than_went()
    {
        await using var house = await CardHouse.OpenAsync();
        var wallet = await house.Test.NewWalletAsync();
        var (_, payment) = await house.TopUpAsync(wallet, "10");
        var dispute = house.Stripe.Do(account => account.Dispute(payment, 1000, booked: (921, "eur")));
        await house.TellAsync();
        Assert.Equal("0 owes 0", await house.StandAsync(wallet));
        house.Stripe.Do(account => account.Decide(dispute, isWon: true, booked: (918, "eur")));
        await house.TellAsync();
        Assert.Equal(("10 owes 0", "10"), (await house.StandAsync(wallet), await house.ClearingAsync()));
        var booked = house.Stripe.Do(account => account.All("dispute"))[0]["balance_transactions"]!.AsArray();
        Assert.Equal([(-921L, "eur"), (918L, "eur")], booked.Select(one => ((long)one!["amount"]!, one["currency"]!.GetValue<string>())));
    }

    [Fact]
    public async Task What_no_event_told_of_is_found_by_the_sweep_and_taken_once_when_the_event_comes_after_all()
    {
        await using var house = await CardHouse.OpenAsync();
        var wallet = await house.Test.NewWalletAsync();
        var (_, payment) = await house.TopUpAsync(wallet, "10");
        using var sweep = house.Sweep();
        var inquiry = house.Stripe.Do(account => account.Dispute(payment, 700, isInquiry: true));
        var refund = house.Stripe.Do(account => account.Refund(payment, 300));
        await SweepAsync("7 owes 0");
        // Months after they were made: the bank takes what it asked about, the refund's bank sends it back, and the dispute is won.
        house.Test.Time.Advance(TimeSpan.FromDays(60));
        house.Stripe.Do(account => account.Escalate(inquiry));
        await SweepAsync("0 owes 0");
        house.Test.Time.Advance(TimeSpan.FromDays(60));
        house.Stripe.Do(account => account.FailRefund(refund));
        await SweepAsync("3 owes 0");
        house.Test.Time.Advance(TimeSpan.FromDays(59));
        house.Stripe.Do(account => account.Decide(inquiry, isWon: true));
        await SweepAsync("10 owes 0");

        // What has not changed is listed, not looked at.
        var calls = house.Stripe.Calls.Count;
        await SweepAsync("10 owes 0");
        Assert.Equal(["GET /v1/disputes", "GET /v1/refunds"], house.Stripe.Calls.Skip(calls));
        await house.TellAsync(backwards: true);
        await SweepAsync("10 owes 0");
        Assert.Equal("10", await house.ClearingAsync());

        // And the other way round: the event comes first.
        house.Stripe.Do(account => account.Refund(payment, 100));
        await house.TellAsync();
        await SweepAsync("9 owes 0");

        // However little a start knows, it does not ask for what was over long ago.
        house.Test.Time.Advance(CardSweep.Reach + TimeSpan.FromDays(1));
        calls = house.Stripe.Calls.Count;
        using var later = house.Sweep();
        await later.SweepAsync(TestContext.Current.CancellationToken);
        Assert.Equal(["GET /v1/disputes", "GET /v1/refunds"], house.Stripe.Calls.Skip(calls));
        Assert.Empty(house.Reports);

        async Task SweepAsync(string stand)
        {
            await sweep.SweepAsync(TestContext.Current.CancellationToken);
            Assert.Equal(stand, await house.StandAsync(wallet));
        }
    }

    [Fact]
    public async Task What_came_while_the_server_was_off_is_found_at_its_start_and_a_sweep_that_fails_says_so_and_is_repeated()
    {
        await using var house = await CardHouse.OpenAsync();
        var wallet = await house.Test.NewWalletAsync();
        var (_, payment) = await house.TopUpAsync(wallet, "10");
        house.Stripe.Do(account => account.Dispute(payment, 400));
        house.Test.Time.Advance(TimeSpan.FromDays(30));
        await house.Test.RestartAsync();
        using var sweep = house.Sweep();
        var lists = Lists();
        await sweep.StartAsync(TestContext.Current.CancellationToken);
        // Refunds are listed by the look at the dispute, and at the round's end.
        await UntilAsync(() => Task.FromResult(Lists() == lists + 2));
        Assert.Equal("6 owes 0", await house.StandAsync(wallet));

        house.Stripe.Do(account => account.Refund(payment, 100));
        house.Stripe.FailNext("GET /v1/refunds", Fault.ErrorBefore);
        house.Test.Time.Advance(CardSweep.Period);
        await UntilAsync(() => Task.FromResult(house.Reports.Count > 0));
        Assert.Contains("trying again in an hour: Stripe did not list them (status 500)", Assert.Single(house.Reports), StringComparison.Ordinal);
        Assert.Equal("6 owes 0", await house.StandAsync(wallet));
        house.Test.Time.Advance(CardSweep.Period);
        await UntilAsync(async () => await house.StandAsync(wallet) == "5 owes 0");
        await sweep.StopAsync(TestContext.Current.CancellationToken);
        Assert.Single(house.Reports);
        Assert.Equal("5", await house.ClearingAsync());

        int Lists() => house.Stripe.Calls.Count(call => call == "GET /v1/refunds");

        static async Task UntilAsync(Func<Task<bool>> isOver)
        {
            using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
            using var looks = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
            while (!await isOver()) await looks.WaitForNextTickAsync(deadline.Token);
        }
    }

    [Fact]
    public async Task One_that_cannot_be_carried_out_keeps_no_other_from_it_and_pages_of_strangers_neither()
    {
        await using var house = await CardHouse.OpenAsync();
        var test = house.Test;
        var (wallet, stuck) = (await test.NewWalletAsync(), await test.NewWalletAsync());
        var (_, payment) = await house.TopUpAsync(wallet, "10");
        var (_, stuckPayment) = await house.TopUpAsync(stuck, "10");
        var debt = ChartOfAccounts.Debt(stuck.Id.Value, Asset.Usd);
        await test.Ledger.SubmitAsync([Command.OpenAccount(debt, Asset.Usd, AccountFlags.None)]);
        await test.Ledger.SubmitAsync([Command.ChangeAccount(RecordKind.FreezeAccount, test.NewKey().DeriveId("test", default), debt)]);
        // Stripe lists the newest first, a hundred at once: the refund that is ours is on the second page, behind a dispute that fails. As the specification allows, it has no status.
        house.Stripe.Do(account => account.Refund(payment, 200, status: null));
        house.Stripe.Do(account => account.Dispute(stuckPayment, 1000));
        var strange = house.Stripe.Do(account => account.Sell(1000));
        for (var i = 0; i < 100; i++) house.Stripe.Do(account => account.Refund(strange, 1));
        using var sweep = house.Sweep();
        await sweep.SweepAsync(TestContext.Current.CancellationToken);
        Assert.Equal(("8 owes 0", "10 owes 0"), (await house.StandAsync(wallet), await house.StandAsync(stuck)));
        Assert.Contains("The ledger refused a chargeback", Assert.Single(house.Reports), StringComparison.Ordinal);

        // The payment behind a refund cannot be asked about either; the next round asks again.
        await test.Ledger.SubmitAsync([Command.ChangeAccount(RecordKind.UnfreezeAccount, test.NewKey().DeriveId("test", default), debt)]);
        house.Stripe.FailNext("GET /v1/payment_intents", Fault.TooMany);
        await sweep.SweepAsync(TestContext.Current.CancellationToken);
        Assert.Equal("10 owes 0", await house.StandAsync(stuck));
        Assert.Contains($"({RefusalCodes.RailUnreachable})", house.Reports[^1], StringComparison.Ordinal);
        await sweep.SweepAsync(TestContext.Current.CancellationToken);
        Assert.Equal(("8 owes 0", "0 owes 0", 2), (await house.StandAsync(wallet), await house.StandAsync(stuck), house.Reports.Count));
        Assert.Equal("8", await house.ClearingAsync());
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
