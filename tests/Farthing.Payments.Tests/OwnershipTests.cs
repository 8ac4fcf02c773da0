using Farthing.Payments.Desk;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Payments.Wallets;
using Farthing.Protocol;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

/// <summary>What was bought once: for how long, and what else it covers.</summary>
public sealed class OwnershipTests
{
    [Fact]
    public async Task What_is_bought_for_a_day_is_the_wallets_to_its_last_millisecond_and_then_bought_anew()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var offer = await NewOfferAsync(test, payee, new PerUse(Usd("0.1")) { OwnedForSeconds = 86_400 });
        string Terms() => test.TermsOf(payee, offer: offer);

        // Half a second past a full one: the second that was begun counts whole.
        test.Time.Advance(TimeSpan.FromMilliseconds(500));
        var end = Start.AddSeconds(86_401);
        var first = Given(await test.Desk.PayOnceAsync(wallet.Id, Terms()));
        test.Time.SetUtcNow(end.AddHours(-1));
        Assert.Equal(end, ExpiryOf(test, Given(await test.Desk.RenewEntitlementAsync(wallet.Id, Terms()))!));
        test.Time.SetUtcNow(end.AddMilliseconds(-1));
        Assert.Equal(end, ExpiryOf(test, Given(await test.Desk.RenewEntitlementAsync(wallet.Id, Terms()))!));
        Assert.Equal(first.Id, Given(await test.Desk.PayOnceAsync(wallet.Id, Terms())).Id);
        Assert.Equal(first.Id, Given(await test.Desk.ExamineTermsAsync(Terms(), wallet.Id)).Paid!.Id);

        test.Time.SetUtcNow(end);
        Assert.Null(Given(await test.Desk.RenewEntitlementAsync(wallet.Id, Terms())));
        Assert.Null(Given(await test.Desk.ExamineTermsAsync(Terms(), wallet.Id)).Paid);
        var tabs = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => test.Desk.PayOnceAsync(wallet.Id, Terms()).AsTask()));
        var second = Assert.Single(tabs.Select(tab => Given(tab).Id).Distinct());
        Assert.NotEqual(first.Id, second);
        Assert.Equal("0.8 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_key_whose_purchase_is_over_answers_the_same_payment_without_an_entitlement()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var offer = await NewOfferAsync(test, payee, new PerUse(Usd("0.1")) { OwnedForSeconds = 3_600 });
        var request = new PaymentRequest { Wallet = wallet.Id, Key = test.NewKey(), Terms = test.TermsOf(payee, offer: offer) };
        var paid = Given(await test.Desk.PayAsync(request));
        test.Time.Advance(TimeSpan.FromHours(2));
        await test.RestartAsync();

        Assert.Equal(paid with { Entitlement = null }, Given(await test.Desk.PayAsync(request)));
        Assert.Equal("0.9 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_hold_that_is_posted_late_is_owned_from_its_post_on()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var offer = await NewOfferAsync(test, payee, new PerUse(Usd("0.1")) { OwnedForSeconds = 3_600 });
        string Terms() => test.TermsOf(payee, offer: offer);
        var held = Given(await test.Desk.PayAsync(new() { Wallet = wallet.Id, Key = test.NewKey(), Terms = Terms(), Hold = true }));
        test.Time.Advance(TimeSpan.FromHours(2));
        Assert.Equal(held.Id, Given(await test.Desk.PayOnceAsync(wallet.Id, Terms())).Id);
        Given(await test.Desk.PostAsync(As(payee), held.Id, test.NewKey(), null));

        test.Time.Advance(TimeSpan.FromHours(1) - TimeSpan.FromMilliseconds(1));
        Assert.NotNull(Given(await test.Desk.RenewEntitlementAsync(wallet.Id, Terms())));
        test.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Null(Given(await test.Desk.RenewEntitlementAsync(wallet.Id, Terms())));
    }

    [Fact]
    public async Task A_bundle_covers_its_resources_for_its_wallet_alone_also_after_it_was_closed()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var (wallet, other) = (await test.NewWalletAsync("2"), await test.NewWalletAsync("2"));
        var bundle = await NewOfferAsync(test, payee, new PerUse(Usd("1")), "/archive/*", "/extra");
        var bought = Given(await test.Desk.PayAsync(new() { Wallet = wallet.Id, Key = test.NewKey(), Offer = bundle.Id }));
        Given(await test.Domain.Offers.CloseAsync(payee.Id, bundle.Id));
        await test.RestartAsync();

        foreach (var (resource, once) in new[] { ("/archive/1", true), ("/archive/1", false), ("/archive/", true), ("/extra", true) })
        {
            var terms = test.TermsOf(payee, resource: resource, once: once);
            var request = new PaymentRequest { Wallet = wallet.Id, Key = test.NewKey(), Terms = terms };
            var read = Given(await test.Desk.PayAsync(request));
            Assert.Equal(bought.Id, read.Id);
            Assert.Equal(resource, Entitled(test, read.Entitlement!).Resource);
            Assert.Equal(read, Given(await test.Desk.PayAsync(request)));
            Assert.Equal(bought.Id, Given(await test.Desk.ExamineTermsAsync(terms, wallet.Id)).Paid!.Id);
            Assert.NotNull(Given(await test.Desk.RenewEntitlementAsync(wallet.Id, terms)));
            Assert.Null(Given(await test.Desk.RenewEntitlementAsync(other.Id, terms)));
        }

        Assert.Equal("1 held 0", await test.BalanceAsync(wallet));
        foreach (var resource in new[] { "/archive", "/extra/1", "/Archive/1" }) Assert.NotEqual(bought.Id, Given(await test.Desk.PayOnceAsync(wallet.Id, test.TermsOf(payee, resource: resource))).Id);
        Assert.Equal("0.94 held 0", await test.BalanceAsync(wallet));
        Assert.NotEqual(bought.Id, Given(await test.Desk.PayOnceAsync(other.Id, test.TermsOf(payee, resource: "/archive/1"))).Id);
    }

    [Fact]
    public async Task A_bundle_is_bought_once_by_offer_and_terms_together_and_covers_nothing_before_it_is_posted_or_after_its_refund()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("2");
        var bundle = await NewOfferAsync(test, payee, new PerUse(Usd("1")), "/archive/*");
        var article = test.TermsOf(payee, resource: "/archive/1");
        var whole = test.TermsOf(payee, resource: "/bundles/archive", once: false, offer: bundle);

        var held = Given(await test.Desk.PayAsync(new() { Wallet = wallet.Id, Key = test.NewKey(), Offer = bundle.Id, Hold = true }));
        Assert.Equal(held.Id, Given(await test.Desk.PayOnceAsync(wallet.Id, whole)).Id);
        Assert.Null(Given(await test.Desk.RenewEntitlementAsync(wallet.Id, article)));
        Given(await test.Desk.PostAsync(As(payee), held.Id, test.NewKey(), null));
        Assert.NotNull(Given(await test.Desk.RenewEntitlementAsync(wallet.Id, article)));
        Assert.NotNull(Given(await test.Desk.RenewEntitlementAsync(wallet.Id, whole)));

        var many = Enumerable.Range(0, 8).Select(i => i % 2 == 0
            ? test.Desk.PayOnceAsync(wallet.Id, whole).AsTask()
            : test.Desk.PayAsync(new() { Wallet = wallet.Id, Key = test.NewKey(), Offer = bundle.Id }).AsTask());
        Assert.All(await Task.WhenAll(many), answer => Assert.Equal(held.Id, Given(answer).Id));
        Assert.Equal("1 held 0", await test.BalanceAsync(wallet));

        Given(await test.Desk.RefundAsync(As(wallet), held.Id, test.NewKey(), null));
        Assert.Null(Given(await test.Desk.RenewEntitlementAsync(wallet.Id, article)));
        Assert.Equal("2 held 0", await test.BalanceAsync(wallet));
        Refused(RefusalCodes.InvalidField, await test.Desk.PayAsync(new() { Wallet = wallet.Id, Key = test.NewKey(), Offer = bundle.Id, Quantity = 2 }));
        Assert.NotEqual(held.Id, Given(await test.Desk.PayOnceAsync(wallet.Id, whole)).Id);
    }

    [Fact]
    public async Task In_a_batch_what_is_covered_costs_nothing_and_the_rest_is_paid()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("2");
        var bundle = await NewOfferAsync(test, payee, new PerUse(Usd("1")), "/archive/*");
        var bought = Given(await test.Desk.PayAsync(new() { Wallet = wallet.Id, Key = test.NewKey(), Offer = bundle.Id }));

        var answers = await test.Desk.PayManyAsync([.. Enumerable.Range(0, 10).Select(i => new PaymentRequest
        {
            Wallet = wallet.Id, Key = test.NewKey(), Terms = test.TermsOf(payee, resource: i % 2 == 0 ? $"/archive/{i}" : $"/news/{i}"),
        })]);

        Assert.Equal(5, answers.Count(answer => Given(answer).Id == bought.Id));
        Assert.All(answers, answer => Assert.NotNull(Given(answer).Entitlement));
        Assert.Equal("0.9 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_payee_has_at_most_a_hundred_bundles_and_the_last_ones_key_still_answers()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        for (var i = 1; i < Bundle.MaxPerPayee; i++) await NewOfferAsync(test, payee, new PerUse(Usd("1")), $"/{i}/*");
        var last = (Key: test.NewKey(), Request: new NewOffer("The last", null, new PerUse(Usd("1"))) { Resources = ["/last"] });
        var made = Given(await test.Domain.Offers.CreateAsync(payee.Id, last.Key, last.Request));
        Refused(RefusalCodes.TooManyBundles, await test.Domain.Offers.CreateAsync(payee.Id, test.NewKey(), last.Request));
        Assert.Equal(made.Id, Given(await test.Domain.Offers.CreateAsync(payee.Id, last.Key, last.Request)).Id);
        Given(await test.Domain.Offers.CreateAsync(payee.Id, test.NewKey(), last.Request with { Resources = [] }));
    }

    private static async Task<Offer> NewOfferAsync(TestSystem test, Payee payee, Pricing pricing, params string[] resources) =>
        Given(await test.Domain.Offers.CreateAsync(payee.Id, test.NewKey(), new NewOffer("An archive", null, pricing) { Resources = resources }));

    private static DateTimeOffset ExpiryOf(TestSystem test, string entitlement) => Entitled(test, entitlement).Expires;

    private static Entitlement Entitled(TestSystem test, string entitlement) =>
        Entitlement.TryVerify(entitlement, test.Domain.EntitlementVerifier, out var read) ? read : throw new InvalidOperationException("The entitlement is not good.");
}
