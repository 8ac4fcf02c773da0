using Farthing.Payments.Desk;
using Farthing.Payments.Mandates;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Payments.Tabs;
using Farthing.Payments.Wallets;
using Farthing.Protocol;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

/// <summary>What no race of reads, refunds and payments may break.</summary>
public sealed class TabTests
{
    [Fact]
    public async Task Sixty_four_racing_reads_open_one_tab_and_never_pass_its_cap()
    {
        await using var test = await StartAsync();
        var (payee, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync());
        var offer = await OfferAsync(test, payee, "0.07", "1");
        var reads = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(async () => await test.Desk.PayAsync(Read(test, wallet, offer)))));
        Assert.Equal(14, reads.Count(read => read.IsGiven));
        Assert.All(reads.Where(read => !read.IsGiven), read => Refused(RefusalCodes.TabUnpaid, read));
        var tab = await SingleAsync(test, wallet);
        Assert.Equal((Usd("0.98"), TabStatus.Full), (tab.Owed, tab.Status));

        // A refused read stays refused, and one that was given is given again, after a restart and a payment too.
        await test.RestartAsync();
        Given(await test.Domain.TopUps.TopUpAsync(wallet.Id, test.NewKey(), Usd("2"), "sandbox", null));
        Assert.True((await SingleAsync(test, wallet)).Owed.IsZero);
        Assert.Equal("1.02 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task Racing_reads_refunds_and_payments_leave_nothing_owed_twice_and_nothing_unpaid()
    {
        await using var test = await StartAsync();
        var (payee, wallet) = (await test.NewPayeeAsync(refundsPerMonth: 0), await test.NewWalletAsync("100"));
        var offer = await OfferAsync(test, payee, "0.01", "50");
        var first = Given(await test.Desk.PayAsync(Read(test, wallet, offer)));
        // In the race itself payments may come before all refunds, or pay nothing that is left: one refund and one payment are sure.
        Given(await test.Desk.RefundAsync(As(payee), Given(await test.Desk.PayAsync(Read(test, wallet, offer))).Id, test.NewKey(), null));
        var (read, refunded, paid) = (2, 1, 0L);
        var work = Enumerable.Range(0, 96).Select(number => Task.Run(async () =>
        {
            if (number % 8 == 7)
            {
                var payment = await test.Domain.Tabs.PayAsync(wallet.Id, first.Tab!.Value, test.NewKey());
                if (payment.IsGiven) Interlocked.Add(ref paid, (long)payment.Value.Amount.Units);
                else Refused(RefusalCodes.NothingOwed, payment);
                return;
            }

            var given = Given(await test.Desk.PayAsync(Read(test, wallet, offer)));
            Interlocked.Increment(ref read);
            if (number % 4 != 1) return;
            var refund = await test.Desk.RefundAsync(As(payee), given.Id, test.NewKey(), null);
            if (refund.IsGiven) Interlocked.Increment(ref refunded);
            else Refused(RefusalCodes.TabSettled, refund);
        }));
        await Task.WhenAll(work);
        Assert.Equal(86, read);
        Assert.True(refunded > 0 && paid > 0, $"{refunded} refunded, {paid} paid.");
        var tab = await SingleAsync(test, wallet);
        Assert.Equal((UInt128)(10_000 * (read - refunded)) - (UInt128)paid, tab.Owed.Units);
        var totals = Given(await test.Domain.Tabs.ReadTotalsAsync(payee.Id));
        Assert.Equal((tab.Owed.Units, (UInt128)paid, UInt128.Zero), (totals.Open.Units, totals.Paid.Units, totals.Lost.Units));
        Assert.Equal(Usd("100").Units - (UInt128)paid, Given(await test.Domain.Wallets.ReadAsync(wallet.Id)).Balance.Units);
    }

    [Fact]
    public async Task A_read_answers_the_same_again_from_the_journal_alone()
    {
        await using var test = await StartAsync();
        var (payee, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync());
        var offer = await OfferAsync(test, payee, "0.6", "1");
        var request = Read(test, wallet, offer) with { Reference = "a" };
        var first = Given(await test.Desk.PayAsync(request));
        var full = Read(test, wallet, offer);
        Refused(RefusalCodes.TabUnpaid, await test.Desk.PayAsync(full));
        await test.RestartAsync();
        Assert.Equal(first, Given(await test.Desk.PayAsync(request)));
        Refused(RefusalCodes.IdempotencyConflict, await test.Desk.PayAsync(request with { Reference = "b" }));
        Assert.Equal(first.Id, Assert.Single(Given(await test.Desk.FindByReferenceAsync(As(payee), "a", null, 10)).Lines).Id);
        Refused(RefusalCodes.TabUnpaid, await test.Desk.PayAsync(full));
        Assert.Equal(Usd("0.6"), (await SingleAsync(test, wallet)).Owed);
    }

    [Fact]
    public async Task What_paid_a_tab_is_given_back_by_the_payee_and_never_by_the_wallet()
    {
        await using var test = await StartAsync();
        var (payee, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync("1"));
        var offer = await OfferAsync(test, payee, "0.04", "1");
        var read = Given(await test.Desk.PayAsync(Read(test, wallet, offer)));
        var paid = Given(await test.Domain.Tabs.PayAsync(wallet.Id, read.Tab!.Value, test.NewKey()));
        foreach (var amount in new Amount?[] { null, Usd("0.01") }) Refused(RefusalCodes.RefundByPayeeOnly, await test.Desk.RefundAsync(As(wallet), paid.Id, test.NewKey(), amount));
        Assert.Equal("0.96 held 0", await test.BalanceAsync(wallet));

        // A read that is owed still comes off the tab.
        var second = Given(await test.Desk.PayAsync(Read(test, wallet, offer)));
        Given(await test.Desk.RefundAsync(As(wallet), second.Id, test.NewKey(), null));
        Assert.True((await SingleAsync(test, wallet)).Owed.IsZero);
        Given(await test.Desk.RefundAsync(As(payee), paid.Id, test.NewKey(), null));
        Assert.Equal("1 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_read_under_a_mandate_pays_no_tab()
    {
        await using var test = await StartAsync();
        var (payee, other, wallet) = (await test.NewPayeeAsync(), await test.NewPayeeAsync(), await test.NewWalletAsync("1"));
        var (offer, another) = (await OfferAsync(test, payee, "0.3", "0.5"), await OfferAsync(test, other, "0.01", "1"));
        Given(await test.Desk.PayAsync(Read(test, wallet, offer)));
        var mandate = Given(await test.Domain.Mandates.CreateAsync(wallet.Id, test.NewKey(), new NewMandate(new(other.Id, null), Usd("0.01"), new(Usd("0.01"), null, null), null, null))).State.Mandate;
        Refused(RefusalCodes.TabUnpaid, await test.Desk.PayAsync(Read(test, wallet, another) with { Mandate = mandate.Id }));
        Assert.Equal(("1 held 0", Usd("0.3")), (await test.BalanceAsync(wallet), (await SingleAsync(test, wallet)).Owed));

        // The wallet's owner pays it by reading.
        Given(await test.Desk.PayAsync(Read(test, wallet, another)));
        Assert.Equal("0.7 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_full_tab_that_a_cap_kept_from_being_paid_is_paid_when_the_day_is_over()
    {
        await using var test = await StartAsync();
        var (payee, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync("1"));
        var offer = await OfferAsync(test, payee, "0.4", "0.5");
        Given(await test.Domain.WalletCaps.SetAsync(wallet.Id, test.NewKey(), new Caps(Usd("0.5"), null, null), null));
        Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.3")));
        Given(await test.Desk.PayAsync(Read(test, wallet, offer)));
        for (var tries = 0; tries < 2; tries++) Refused(RefusalCodes.TabUnpaid, await test.Desk.PayAsync(Read(test, wallet, offer)));
        Assert.Equal("0.7 held 0", await test.BalanceAsync(wallet));

        test.Time.Advance(TimeSpan.FromDays(1));
        Given(await test.Desk.PayAsync(Read(test, wallet, offer)));
        Assert.Equal("0.3 held 0", await test.BalanceAsync(wallet));

        // Higher caps help on the same day too.
        Refused(RefusalCodes.TabUnpaid, await test.Desk.PayAsync(Read(test, wallet, offer)));
        Given(await test.Domain.TopUps.TopUpAsync(wallet.Id, test.NewKey(), Usd("1"), "sandbox", null));
        Refused(RefusalCodes.TabUnpaid, await test.Desk.PayAsync(Read(test, wallet, offer)));
        Given(await test.Domain.WalletCaps.SetAsync(wallet.Id, test.NewKey(), new Caps(Usd("0.9"), null, null), null));
        Given(await test.Desk.PayAsync(Read(test, wallet, offer)));
        Assert.Equal("0.9 held 0", await test.BalanceAsync(wallet));
    }

    private static async Task<Offer> OfferAsync(TestSystem test, Payee payee, string price, string payAt) =>
        Given(await test.Domain.Offers.CreateAsync(payee.Id, test.NewKey(), new NewOffer("A read", null, new OnTab(Usd(price), Usd(payAt), OnTab.DefaultDueAfterSeconds))));

    private static PaymentRequest Read(TestSystem test, Wallet wallet, Offer offer) => new() { Wallet = wallet.Id, Key = test.NewKey(), Offer = offer.Id };

    private static async Task<Tab> SingleAsync(TestSystem test, Wallet wallet) => Assert.Single(Given(await test.Domain.Tabs.ListAsync(As(wallet), null, 10)).Lines);
}
