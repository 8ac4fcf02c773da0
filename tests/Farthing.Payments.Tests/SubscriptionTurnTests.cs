using Farthing.Payments.Calendars;
using Farthing.Payments.Offers;
using Farthing.Payments.Settings;
using Farthing.Payments.Subscriptions;
using Farthing.Protocol;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

/// <summary>Subscriptions whose renewals, changes and ends come at awkward moments: nothing is paid twice, late, or for nothing.</summary>
public class SubscriptionTurnTests
{
    [Fact]
    public async Task What_is_resumed_is_the_offer_that_was_chosen_before_the_pause()
    {
        await using var test = await StartAsync();
        var wallet = await test.NewWalletAsync("100");
        var payee = await test.NewPayeeAsync();
        var (small, large) = (await OfferAsync(test, payee, "4"), await OfferAsync(test, payee, "8"));
        var id = await SubscribeAsync(test, wallet, large);
        Given(await test.Domain.Subscriptions.ChangeAsync(As(wallet), test.NewKey(), id, small.Id));
        Given(await test.Domain.Subscriptions.PauseAsync(As(wallet), test.NewKey(), id));
        test.Time.Advance(TimeSpan.FromDays(8));
        await test.RunDueAsync();
        var read = Given(await test.Domain.Subscriptions.ReadAsync(As(wallet), id));
        Given(await test.Domain.Subscriptions.ResumeAsync(As(wallet), test.NewKey(), id));
        Assert.Equal("88 held 0", await test.BalanceAsync(wallet));
    }

    [Theory]
    [InlineData("cancel")]
    [InlineData("change")]
    [InlineData("upgrade")]
    public async Task A_renewal_that_was_paid_and_not_written_down_goes_before_what_is_asked_for_next(string act)
    {
        await using var test = await StartAsync();
        var wallet = await test.NewWalletAsync("100");
        var payee = await test.NewPayeeAsync();
        var (small, large) = (await OfferAsync(test, payee, "4"), await OfferAsync(test, payee, "8"));
        var id = await SubscribeAsync(test, wallet, act == "upgrade" ? small : large);
        test.Time.Advance(TimeSpan.FromDays(7));
        test.Settings.FailsToWrite = rows => rows.Any(row => row is SubscriptionRow);
        var before = await test.BalanceAsync(wallet);
        await test.RunScheduleAsync(async () => await test.BalanceAsync(wallet) != before);
        await test.RestartAsync();
        Refused(RefusalCodes.NotReady, await ActAsync());
        await test.RunDueAsync();
        Assert.Equal(act == "upgrade" ? "92 held 0" : "84 held 0", await test.BalanceAsync(wallet));
        Given(await ActAsync());
        test.Time.Advance(TimeSpan.FromDays(1.1));
        await test.RunDueAsync();
        var read = Given(await test.Domain.Subscriptions.ReadAsync(As(wallet), id));
        Assert.Equal(act == "cancel" ? SubscriptionStatus.Cancelled : SubscriptionStatus.Active, read.Status);
        Assert.Equal(act == "upgrade" ? "88 held 0" : "84 held 0", await test.BalanceAsync(wallet));

        ValueTask<Answer<SubscriptionEvent>> ActAsync() => act == "cancel"
            ? test.Domain.Subscriptions.CancelAsync(As(wallet), test.NewKey(), id)
            : test.Domain.Subscriptions.ChangeAsync(As(wallet), test.NewKey(), id, act == "change" ? small.Id : large.Id);
    }

    [Fact]
    public async Task Who_cancelled_and_comes_back_as_the_period_ends_subscribes_anew_though_the_schedule_is_late()
    {
        await using var test = await StartAsync();
        var wallet = await test.NewWalletAsync("100");
        var offer = await OfferAsync(test, await test.NewPayeeAsync(), "4");
        var id = await SubscribeAsync(test, wallet, offer);
        Given(await test.Domain.Subscriptions.CancelAsync(As(wallet), test.NewKey(), id));
        test.Time.Advance(TimeSpan.FromDays(7) - TimeSpan.FromMilliseconds(1));
        Assert.Null(await test.Domain.Subscriptions.SubscribeOnceAsync(wallet.Id, test.NewKey(), offer.Id, TimeZones.Utc));
        Assert.Equal("96 held 0", await test.BalanceAsync(wallet));
        test.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Null(await test.Domain.Subscriptions.SubscribeOnceAsync(wallet.Id, test.NewKey(), offer.Id, TimeZones.Utc));
        Assert.Equal("92 held 0", await test.BalanceAsync(wallet));
        await test.RunDueAsync();
        Assert.Equal("92 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task An_upgrade_gives_no_units_again_that_were_used_ahead_of_time()
    {
        await using var test = await StartAsync();
        var wallet = await test.NewWalletAsync("100");
        var payee = await test.NewPayeeAsync();
        var (small, large) = (await OfferAsync(test, payee, "4", 1000), await OfferAsync(test, payee, "4.01", 1000));
        var id = await SubscribeAsync(test, wallet, small);
        Given(await test.Domain.Subscriptions.UseAsync(As(wallet), test.NewKey(), id, 1000));
        test.Time.Advance(TimeSpan.FromMinutes(1));
        Given(await test.Domain.Subscriptions.ChangeAsync(As(wallet), test.NewKey(), id, large.Id));
        var read = Given(await test.Domain.Subscriptions.ReadAsync(As(wallet), id));
        Assert.Equal(((UInt128)0, "95.990001 held 0"), (read.UnitsLeft, await test.BalanceAsync(wallet)));
    }

    [Fact]
    public async Task While_a_renewal_is_due_nothing_is_changed()
    {
        await using var test = await StartAsync();
        var wallet = await test.NewWalletAsync("4");
        var payee = await test.NewPayeeAsync();
        var (small, large) = (await OfferAsync(test, payee, "4"), await OfferAsync(test, payee, "8"));
        var id = await SubscribeAsync(test, wallet, small);
        test.Time.Advance(TimeSpan.FromDays(7) + TimeSpan.FromSeconds(1));
        Refused(RefusalCodes.NotReady, await test.Domain.Subscriptions.ChangeAsync(As(wallet), test.NewKey(), id, large.Id));
        await test.RunDueAsync();
        Assert.Equal(SubscriptionStatus.PastDue, Assert.Single(Given(await test.Domain.Subscriptions.ListAsync(wallet.Id, null, 10)).Lines).Status);
    }

    [Fact]
    public async Task An_upgrade_that_was_not_paid_in_its_period_is_given_up()
    {
        await using var test = await StartAsync();
        var wallet = await test.NewWalletAsync("100");
        var payee = await test.NewPayeeAsync();
        var (small, large) = (await OfferAsync(test, payee, "4"), await OfferAsync(test, payee, "80"));
        var id = await SubscribeAsync(test, wallet, small);
        test.Time.Advance(TimeSpan.FromDays(7) - TimeSpan.FromSeconds(1));
        test.Settings.FailsAfterClaiming = rows => rows is [SubscriptionEventRow];
        var key = test.NewKey();
        await Assert.ThrowsAsync<IOException>(async () => await test.Domain.Subscriptions.ChangeAsync(As(wallet), key, id, large.Id));
        test.Settings.FailsAfterClaiming = _ => false;
        test.Time.Advance(TimeSpan.FromSeconds(2));
        await test.RunDueAsync();
        for (var repeats = 0; repeats < 2; repeats++) Refused(RefusalCodes.RequestTooOld, await test.Domain.Subscriptions.ChangeAsync(As(wallet), key, id, large.Id));
        Assert.Equal(small.Id, Given(await test.Domain.Subscriptions.ReadAsync(As(wallet), id)).Offer);
        Assert.Equal("92 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_subscription_that_was_cut_off_weeks_ago_is_not_paid()
    {
        await using var test = await StartAsync();
        var wallet = await test.NewWalletAsync("100");
        var payee = await test.NewPayeeAsync();
        var offer = await OfferAsync(test, payee, "4");
        test.Settings.FailsAfterClaiming = rows => rows is [SubscriptionRow];
        var key = test.NewKey();
        await Assert.ThrowsAsync<IOException>(async () => await test.Domain.Subscriptions.SubscribeAsync(wallet.Id, key, offer.Id, "UTC"));
        test.Time.Advance(TimeSpan.FromDays(70));
        Assert.Empty(Given(await test.Domain.Subscriptions.ListAsync(wallet.Id, null, 10)).Lines);
        await test.RestartAsync();
        await test.RunDueAsync();
        for (var repeats = 0; repeats < 2; repeats++) Refused(RefusalCodes.RequestTooOld, await test.Domain.Subscriptions.SubscribeAsync(wallet.Id, key, offer.Id, "UTC"));
        Assert.Equal("100 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task An_erased_wallet_hears_nothing_of_what_it_subscribed_to()
    {
        await using var test = await StartAsync();
        var wallet = await test.NewWalletAsync("100");
        var payee = await test.NewPayeeAsync();
        var offer = await OfferAsync(test, payee, "4");
        var key = test.NewKey();
        Given(await test.Domain.Subscriptions.SubscribeAsync(wallet.Id, key, offer.Id, "UTC"));
        Given(await test.Domain.Wallets.EraseAsync(wallet.Id));
        Refused(RefusalCodes.WalletErased, await test.Domain.Subscriptions.SubscribeAsync(wallet.Id, key, offer.Id, "UTC"));
    }

    [Fact]
    public async Task Nothing_is_left_of_a_period_that_is_over()
    {
        await using var test = await StartAsync();
        var wallet = await test.NewWalletAsync("4");
        var payee = await test.NewPayeeAsync();
        var id = await SubscribeAsync(test, wallet, await OfferAsync(test, payee, "4"));
        Given(await test.Domain.Subscriptions.UseAsync(As(wallet), test.NewKey(), id, 3));
        Given(await test.Domain.Subscriptions.CancelAsync(As(wallet), test.NewKey(), id));
        test.Time.Advance(TimeSpan.FromDays(8));
        await test.RunDueAsync();
        var read = Given(await test.Domain.Subscriptions.ReadAsync(As(wallet), id));
        Assert.Equal((SubscriptionStatus.Ended, (UInt128?)null), (read.Status, read.UnitsLeft));
    }

    [Fact]
    public async Task A_key_that_was_refused_stays_refused()
    {
        await using var test = await StartAsync();
        var wallet = await test.NewWalletAsync("100");
        var payee = await test.NewPayeeAsync();
        var id = await SubscribeAsync(test, wallet, await OfferAsync(test, payee, "4"));
        var key = test.NewKey();
        Refused(RefusalCodes.SubscriptionUsedUp, await test.Domain.Subscriptions.UseAsync(As(wallet), key, id, 4));
        var pricing = new PerPeriod(Usd("5"), CalendarPeriod.Week) { Included = 3, Extra = new Extra(Usd("0.25"), Usd("1")) };
        var large = Given(await test.Domain.Offers.CreateAsync(payee.Id, test.NewKey(), new NewOffer("Calls", null, pricing)));
        test.Time.Advance(TimeSpan.FromMinutes(1));
        Given(await test.Domain.Subscriptions.ChangeAsync(As(wallet), test.NewKey(), id, large.Id));
        Refused(RefusalCodes.SubscriptionUsedUp, await test.Domain.Subscriptions.UseAsync(As(wallet), key, id, 4));
        Refused(RefusalCodes.IdempotencyConflict, await test.Domain.Subscriptions.UseAsync(As(wallet), key, id, 5));
        Assert.Equal("95.0001 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_resumption_that_was_cut_off_weeks_ago_is_not_paid()
    {
        await using var test = await StartAsync();
        var wallet = await test.NewWalletAsync("100");
        var payee = await test.NewPayeeAsync();
        var id = await SubscribeAsync(test, wallet, await OfferAsync(test, payee, "4"));
        Given(await test.Domain.Subscriptions.PauseAsync(As(wallet), test.NewKey(), id));
        test.Time.Advance(TimeSpan.FromDays(8));
        await test.RunDueAsync();
        test.Settings.FailsAfterClaiming = rows => rows is [SubscriptionEventRow];
        await Assert.ThrowsAsync<IOException>(async () => await test.Domain.Subscriptions.ResumeAsync(As(wallet), test.NewKey(), id));
        test.Time.Advance(TimeSpan.FromDays(35));
        await test.RestartAsync();
        await test.RunDueAsync();
        var read = Given(await test.Domain.Subscriptions.ReadAsync(As(wallet), id));
        Assert.Equal("96 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_renewal_that_finds_the_wallets_caps_being_changed_is_paid_once_they_are()
    {
        await using var test = await StartAsync();
        var (wallet, payee) = (await test.NewWalletAsync("100"), await test.NewPayeeAsync());
        var id = await SubscribeAsync(test, wallet, await OfferAsync(test, payee, "4"));
        test.Time.Advance(TimeSpan.FromDays(7));
        await test.ShutCapsAsync(wallet);
        // Whoever changes them is still at it.
        using (await test.Domain.Wallets.EnterAsync(wallet.Id.Value))
        {
            await test.RunDueAsync();
            test.Time.Advance(TimeSpan.FromSeconds(1));
            await test.RunDueAsync();
            Assert.Equal("96 held 0", await test.BalanceAsync(wallet));
        }

        test.Time.Advance(TimeSpan.FromMinutes(1));
        await test.RunDueAsync();
        test.Time.Advance(TimeSpan.FromMinutes(1));
        await test.RunDueAsync();
        Assert.Equal("92 held 0", await test.BalanceAsync(wallet));
        var read = Given(await test.Domain.Subscriptions.ReadAsync(As(wallet), id));
        Assert.Equal((SubscriptionStatus.Active, null), (read.Status, read.LastRefusal));
    }

    [Fact]
    public async Task Requests_with_one_key_that_come_at_once_all_hear_the_same()
    {
        await using var test = await StartAsync();
        var (wallet, payee) = (await test.NewWalletAsync("100"), await test.NewPayeeAsync());
        var pricing = new PerPeriod(Usd("4"), CalendarPeriod.Week) { Included = 3, Extra = new Extra(Usd("0.01"), Usd("5")) };
        var id = await SubscribeAsync(test, wallet, Given(await test.Domain.Offers.CreateAsync(payee.Id, test.NewKey(), new NewOffer("Calls", null, pricing))));
        Given(await test.Domain.Subscriptions.UseAsync(As(wallet), test.NewKey(), id, 3));
        for (var round = 1; round <= 20; round++)
        {
            var key = test.NewKey();
            var uses = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () => Given(await test.Domain.Subscriptions.UseAsync(As(wallet), key, id, 2)))));
            Assert.Single(uses.Select(use => use.Extra!.Id).Distinct());
        }

        Assert.Equal("95.6 held 0", await test.BalanceAsync(wallet));
    }

    private static async Task<Id<SubscriptionKind>> SubscribeAsync(TestSystem test, Wallets.Wallet wallet, Offer offer) =>
        Given(await test.Domain.Subscriptions.SubscribeAsync(wallet.Id, test.NewKey(), offer.Id, TimeZones.Utc)).Subscription.Id;

    private static async Task<Offer> OfferAsync(TestSystem test, Payees.Payee payee, string price, int included = 3)
    {
        var pricing = new PerPeriod(Usd(price), CalendarPeriod.Week) { Included = included };
        return Given(await test.Domain.Offers.CreateAsync(payee.Id, test.NewKey(), new NewOffer("Calls", null, pricing)));
    }
}
