using Farthing.Payments.Desk;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Payments.Tabs;
using Farthing.Payments.Wallets;
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
        var (read, refunded, paid) = (1, 0, 0L);
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
        Assert.Equal(85, read);
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

    private static async Task<Offer> OfferAsync(TestSystem test, Payee payee, string price, string payAt) =>
        Given(await test.Domain.Offers.CreateAsync(payee.Id, test.NewKey(), new NewOffer("A read", null, new OnTab(Usd(price), Usd(payAt), OnTab.DefaultDueAfterSeconds))));

    private static PaymentRequest Read(TestSystem test, Wallet wallet, Offer offer) => new() { Wallet = wallet.Id, Key = test.NewKey(), Offer = offer.Id };

    private static async Task<Tab> SingleAsync(TestSystem test, Wallet wallet) => Assert.Single(Given(await test.Domain.Tabs.ListAsync(As(wallet), null, 10)).Lines);
}
