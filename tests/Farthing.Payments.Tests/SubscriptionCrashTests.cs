using Farthing.Payments.Calendars;
using Farthing.Payments.Offers;
using Farthing.Payments.Settings;
using Farthing.Payments.Subscriptions;
using Farthing.Protocol;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

/// <summary>Subscriptions that were cut off between a claim and what follows it: the next start finishes them, and a repeat hears the same.</summary>
public class SubscriptionCrashTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_beginning_that_was_cut_off_is_finished_and_paid_once(bool beforePayment)
    {
        await using var test = await StartAsync();
        var wallet = await test.NewWalletAsync("10");
        var offer = await OfferAsync(test, "4");
        var key = test.NewKey();
        CutOff<SubscriptionRow>(test, beforePayment);
        await Assert.ThrowsAsync<IOException>(async () => await test.Domain.Subscriptions.SubscribeAsync(wallet.Id, key, offer.Id, TimeZones.Utc));
        Assert.Empty(Given(await test.Domain.Subscriptions.ListAsync(wallet.Id, null, 10)).Lines);
        Assert.Equal(beforePayment ? "10 held 0" : "6 held 0", await test.BalanceAsync(wallet));

        await test.RestartAsync();

        var subscription = Assert.Single(Given(await test.Domain.Subscriptions.ListAsync(wallet.Id, null, 10)).Lines);
        Assert.Equal("6 held 0", await test.BalanceAsync(wallet));
        var repeated = Given(await test.Domain.Subscriptions.SubscribeAsync(wallet.Id, key, offer.Id, TimeZones.Utc));
        Assert.Equal(subscription.Id, repeated.Subscription.Id);
        Assert.Equal(SubscriptionEventKind.Started, Assert.Single(Given(await test.Domain.Subscriptions.ListEventsAsync(As(wallet), null, 10)).Lines).Kind);
        Assert.Equal("6 held 0", await test.BalanceAsync(wallet));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_upgrade_that_was_cut_off_is_finished_and_paid_once(bool beforePayment)
    {
        await using var test = await StartAsync();
        var wallet = await test.NewWalletAsync("20");
        var payee = await test.NewPayeeAsync();
        var (small, large) = (await OfferAsync(test, "4", payee), await OfferAsync(test, "8", payee));
        var id = Given(await test.Domain.Subscriptions.SubscribeAsync(wallet.Id, test.NewKey(), small.Id, TimeZones.Utc)).Subscription.Id;
        test.Time.Advance(TimeSpan.FromHours(7 * 12));
        var key = test.NewKey();
        CutOff<SubscriptionEventRow>(test, beforePayment);
        await Assert.ThrowsAsync<IOException>(async () => await test.Domain.Subscriptions.ChangeAsync(As(wallet), key, id, large.Id));

        await test.RestartAsync();

        Assert.Equal(large.Id, Given(await test.Domain.Subscriptions.ReadAsync(As(wallet), id)).Offer);
        Assert.Equal("14 held 0", await test.BalanceAsync(wallet));
        Assert.Equal(SubscriptionEventKind.Changed, Given(await test.Domain.Subscriptions.ChangeAsync(As(wallet), key, id, large.Id)).Kind);
        Assert.Equal("14 held 0", await test.BalanceAsync(wallet));
        Assert.Equal(2, Given(await test.Domain.Subscriptions.ListEventsAsync(As(payee), null, 10)).Lines.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Extras_that_were_cut_off_are_finished_paid_once_and_counted_once(bool beforePayment)
    {
        await using var test = await StartAsync();
        var wallet = await test.NewWalletAsync("20");
        var offer = await OfferAsync(test, "4");
        var id = Given(await test.Domain.Subscriptions.SubscribeAsync(wallet.Id, test.NewKey(), offer.Id, TimeZones.Utc)).Subscription.Id;
        var key = test.NewKey();
        CutOff<SubscriptionUseRow>(test, beforePayment);
        await Assert.ThrowsAsync<IOException>(async () => await test.Domain.Subscriptions.UseAsync(As(wallet), key, id, 5));

        await test.RestartAsync();

        var repeated = Given(await test.Domain.Subscriptions.UseAsync(As(wallet), key, id, 5));
        Assert.Equal((3u, Usd("0.5")), (repeated.Included, repeated.Extra!.Amount));
        Assert.Equal("15.5 held 0", await test.BalanceAsync(wallet));
        var read = Given(await test.Domain.Subscriptions.ReadAsync(As(wallet), id));
        Assert.Equal((UInt128.Zero, Usd("0.5")), (read.UnitsLeft, read.ExtraLeft));
    }

    [Fact]
    public async Task Extras_that_were_refused_but_not_written_down_are_given_back_by_the_next_start()
    {
        await using var test = await StartAsync();
        var wallet = await test.NewWalletAsync("4.1");
        var offer = await OfferAsync(test, "4");
        var id = Given(await test.Domain.Subscriptions.SubscribeAsync(wallet.Id, test.NewKey(), offer.Id, TimeZones.Utc)).Subscription.Id;
        var key = test.NewKey();
        CutOff<SubscriptionUseRow>(test, beforePayment: true);
        await Assert.ThrowsAsync<IOException>(async () => await test.Domain.Subscriptions.UseAsync(As(wallet), key, id, 5));

        await test.RestartAsync();

        Refused(RefusalCodes.InsufficientFunds, await test.Domain.Subscriptions.UseAsync(As(wallet), key, id, 5));
        var read = Given(await test.Domain.Subscriptions.ReadAsync(As(wallet), id));
        Assert.Equal(((UInt128)3, Usd("1")), (read.UnitsLeft, read.ExtraLeft));
        Assert.Equal("0.1 held 0", await test.BalanceAsync(wallet));
    }

    private static void CutOff<TRow>(TestSystem test, bool beforePayment) where TRow : ISettingsRow
    {
        if (beforePayment) test.Settings.FailsAfterClaiming = rows => rows is [TRow];
        else test.Settings.FailsToWrite = rows => rows.Any(row => row is TRow);
    }

    private static async Task<Offer> OfferAsync(TestSystem test, string price, Payees.Payee? payee = null)
    {
        payee ??= await test.NewPayeeAsync();
        var pricing = new PerPeriod(Usd(price), CalendarPeriod.Week) { Included = 3, Extra = new Extra(Usd("0.25"), Usd("1")) };
        return Given(await test.Domain.Offers.CreateAsync(payee.Id, test.NewKey(), new NewOffer("Calls", null, pricing)));
    }
}
