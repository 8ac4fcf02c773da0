using Farthing.Ledger;
using Farthing.Payments.Desk;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Protocol;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

public class TermsTests
{
    [Fact]
    public async Task Terms_are_refused_in_the_order_of_their_checks()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var keyless = Given(await test.Domain.Payees.CreateAsync(test.NewKey(), new NewPayee("Keyless", Asset.Usd))).Payee;
        using var stranger = SigningKey.Create();
        var good = test.TermsOf(payee);
        (RefusalCode Code, string Token)[] cases =
        [
            (RefusalCodes.TermsInvalid, "x"),
            (RefusalCodes.TermsInvalid, test.TermsOf(payee, key: stranger)),
            (RefusalCodes.TermsInvalid, string.Concat(test.TermsOf(payee, "0.01").AsSpan(0, good.IndexOf('.') - 4), good.AsSpan(good.IndexOf('.') - 4))),
            (RefusalCodes.PayeeNotFound, test.TermsOf(payee with { Id = Id<PayeeKind>.New(test.Time) })),
            (RefusalCodes.PayeeHasNoSigningKey, test.TermsOf(keyless)),
            (RefusalCodes.TermsForAnotherSite, test.TermsOf(payee, returnUrl: "https://evil.example/articles/rain")),
            (RefusalCodes.TermsForAnotherSite, test.TermsOf(payee, returnUrl: "http://news.example/articles/rain")),
            (RefusalCodes.TermsForAnotherSite, test.TermsOf(payee, returnUrl: "https://news.example.evil.example/")),
            (RefusalCodes.TermsForAnotherSite, test.TermsOf(payee, returnUrl: "https://news.example:8443/")),
            (RefusalCodes.TermsExpired, test.TermsOf(payee, lifetimeSeconds: -1)),
            (RefusalCodes.TermsExpired, test.TermsOf(payee, lifetimeSeconds: 0)),
        ];

        foreach (var (code, token) in cases)
        {
            Refused(code, await test.Desk.ExamineTermsAsync(token, wallet.Id));
            Refused(code, await test.Desk.PayOnceAsync(wallet.Id, token));
            Refused(code, await test.Desk.RenewEntitlementAsync(wallet.Id, token));
            Refused(code, await test.Desk.PayAsync(new() { Wallet = wallet.Id, Key = test.NewKey(), Terms = token }));
        }

        Refused(RefusalCodes.TermsInvalid, await test.Desk.PayOnceAsync(wallet.Id, test.TermsOf(payee, once: false)));
        Assert.Equal(11, cases.Length);
        Assert.Equal("1 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task Terms_of_an_offer_take_its_price_and_window_and_end_with_it()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var other = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var offer = await test.NewOfferAsync(payee, "0.25", refundWindowSeconds: 120);
        var token = test.TermsOf(payee, offer: offer, resource: "/a");

        var asked = Given(await test.Desk.ExamineTermsAsync(token, wallet.Id));
        Assert.Equal((Usd("0.25"), Usd("0.0025"), 120, null), (asked.Price, asked.Fee, asked.RefundWindowSeconds, asked.Paid));
        var paid = Given(await test.Desk.PayOnceAsync(wallet.Id, token));
        Assert.Equal(Start.AddSeconds(120), paid.RefundableUntil);
        Assert.Equal(offer.Id, paid.Offer);
        Assert.Equal("/a", paid.Resource);
        Assert.Equal(paid.Id, Given(await test.Desk.ExamineTermsAsync(token, wallet.Id)).Paid!.Id);

        Refused(RefusalCodes.TermsInvalid, await test.Desk.ExamineTermsAsync(test.TermsOf(other, offer: offer), null));
        Given(await test.Domain.Offers.CloseAsync(payee.Id, offer.Id));
        Refused(RefusalCodes.OfferClosed, await test.Desk.ExamineTermsAsync(token, wallet.Id));
    }

    [Fact]
    public async Task A_paused_wallet_opens_its_running_meter_to_no_browser_until_it_is_resumed()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var offer = Given(await test.Domain.Offers.CreateAsync(payee.Id, test.NewKey(), new NewOffer("Words", null, new Metered(Usd("0.01"), MeteredBy.Unit, 1, Usd("0.5"), 600))));
        var token = test.TermsOf(payee, offer: offer, resource: $"meter:{offer.Id}");
        var meter = Given(await test.Domain.Meters.StartOnceAsync(wallet.Id, token));
        Given(await test.Domain.WalletCaps.PauseAsync(wallet.Id, test.NewKey()));
        Refused(RefusalCodes.WalletFrozen, await test.Domain.Meters.StartOnceAsync(wallet.Id, token));
        Refused(RefusalCodes.WalletFrozen, await test.Desk.RenewEntitlementAsync(wallet.Id, token));
        Assert.Equal("0.5 held 0.5", await test.BalanceAsync(wallet));
        Given(await test.Domain.WalletCaps.ResumeAsync(wallet.Id, test.NewKey()));
        Assert.Equal(meter.Id, Given(await test.Domain.Meters.StartOnceAsync(wallet.Id, token)).Id);
        Assert.NotNull(Given(await test.Desk.RenewEntitlementAsync(wallet.Id, token)));
    }

    [Fact]
    public async Task Many_tabs_and_keys_at_once_pay_once()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var tabs = Enumerable.Range(0, 10).Select(i => test.Desk.PayOnceAsync(wallet.Id, test.TermsOf(payee, nonce: $"nonce-nonce-nonce-{i}")).AsTask());
        var keyed = Enumerable.Range(0, 10).Select(i => test.Desk.PayAsync(new() { Wallet = wallet.Id, Key = test.NewKey(), Terms = test.TermsOf(payee) }).AsTask());

        var answers = await Task.WhenAll(tabs.Concat(keyed).ToList());

        Assert.Single(answers.Select(answer => Given(answer).Id).Distinct());
        Assert.All(answers, answer => Assert.NotNull(Given(answer).Entitlement));
        Assert.Equal("0.98 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_key_follows_its_purchase_and_knows_its_request()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var first = new PaymentRequest { Wallet = wallet.Id, Key = test.NewKey(), Terms = test.TermsOf(payee) };
        var second = new PaymentRequest { Wallet = wallet.Id, Key = test.NewKey(), Terms = test.TermsOf(payee, nonce: "another-another-another") };

        var paid = Given(await test.Desk.PayAsync(first));
        Assert.Equal(paid.Id, Given(await test.Desk.PayAsync(second)).Id);
        Assert.Equal(paid.Id, Given(await test.Desk.PayAsync(second)).Id);
        Refused(RefusalCodes.IdempotencyConflict, await test.Desk.PayAsync(second with { Terms = first.Terms }));
        test.Time.Advance(TimeSpan.FromHours(1));
        // The terms have expired, but the key was answered before.
        Assert.Equal(paid.Id, Given(await test.Desk.PayAsync(first)).Id);
        Refused(RefusalCodes.TermsExpired, await test.Desk.PayAsync(first with { Key = test.NewKey() }));
        Assert.Equal("0.98 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_key_that_found_a_purchase_always_answers_what_the_purchase_was_then()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var bought = new PaymentRequest { Wallet = wallet.Id, Key = test.NewKey(), Terms = test.TermsOf(payee) };
        var found = bought with { Key = test.NewKey() };

        var first = Given(await test.Desk.PayAsync(bought));
        Given(await test.Desk.RefundAsync(As(payee), first.Id, test.NewKey(), Usd("0.005")));
        var standing = Given(await test.Desk.PayAsync(found));
        Assert.Equal((first.Id, Usd("0.005")), (standing.Id, standing.Refunded));
        Assert.Equal(standing, Given(await test.Desk.PayAsync(found)));
        Given(await test.Desk.RefundAsync(As(payee), first.Id, test.NewKey(), Usd("0.005")));
        await test.RestartAsync();

        Assert.Equal(standing, Given(await test.Desk.PayAsync(found)));
        Assert.Equal(first, Given(await test.Desk.PayAsync(bought)));
        Assert.Equal("0.99 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_held_purchase_is_found_and_repeated_as_it_was_before_its_post()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var bought = new PaymentRequest { Wallet = wallet.Id, Key = test.NewKey(), Terms = test.TermsOf(payee), Hold = true };
        var (before, after) = (bought with { Key = test.NewKey() }, bought with { Key = test.NewKey() });

        var held = Given(await test.Desk.PayAsync(bought));
        Assert.Equal(held, Given(await test.Desk.PayAsync(before)));
        Given(await test.Desk.PostAsync(As(payee), held.Id, test.NewKey(), Usd("0.01")));
        var posted = Given(await test.Desk.PayAsync(after));
        Assert.Equal((PaymentStatus.Posted, Usd("0.01")), (posted.Status, posted.Amount));

        Assert.Equal(posted, Given(await test.Desk.PayAsync(after)));
        Assert.Equal(held with { Entitlement = posted.Entitlement }, Given(await test.Desk.PayAsync(before)));
    }

    [Fact]
    public async Task A_purchase_is_that_of_its_own_wallet_whatever_id_another_payment_has()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var (wallet, other) = (await test.NewWalletAsync("1"), await test.NewWalletAsync("1"));
        var secrets = new LabelledSecrets(test.Secrets.IssuingSecret);
        var id = OncePurchases.IdOf(secrets, wallet.Id.Value, payee.Id.Value, "/articles/rain", 0);
        Assert.NotEqual(id, OncePurchases.IdOf(new LabelledSecrets(new byte[32]), wallet.Id.Value, payee.Id.Value, "/articles/rain", 0));
        var forged = Command.Transfer(id, id, other.Id.Value, payee.Id.Value, Usd("0.5"), TransferCode.Payment, 0, default, new PaymentTag(0, 0, 0).Pack());
        Assert.Equal(Outcome.Done, Assert.Single(await test.Ledger.SubmitAsync([forged])).Outcome);

        var paid = Given(await test.Desk.PayOnceAsync(wallet.Id, test.TermsOf(payee)));

        Assert.NotEqual(id, paid.Id.Value);
        Assert.Equal(wallet.Id, paid.Wallet);
        Assert.Equal("0.98 held 0", await test.BalanceAsync(wallet));
        Assert.Equal(paid.Id, Given(await test.Desk.ExamineTermsAsync(test.TermsOf(payee), wallet.Id)).Paid!.Id);
    }

    [Fact]
    public async Task After_a_whole_refund_a_void_or_a_refusal_the_resource_can_be_bought_again()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync(refundsPerMonth: 100);
        var wallet = await test.NewWalletAsync();
        var ids = new HashSet<Id<PaymentKind>>();
        Refused(RefusalCodes.InsufficientFunds, await test.Desk.PayOnceAsync(wallet.Id, test.TermsOf(payee)));
        Given(await test.Domain.TopUps.TopUpAsync(wallet.Id, test.NewKey(), Usd("1"), "sandbox", null));

        for (var round = 0; round < 9; round++)
        {
            var paid = Given(await test.Desk.PayOnceAsync(wallet.Id, test.TermsOf(payee)));
            Assert.True(ids.Add(paid.Id));
            Assert.Equal(paid.Id, Given(await test.Desk.PayOnceAsync(wallet.Id, test.TermsOf(payee))).Id);
            Given(await test.Desk.RefundAsync(As(payee), paid.Id, test.NewKey(), Usd("0.005")));
            Assert.Equal(paid.Id, Given(await test.Desk.PayOnceAsync(wallet.Id, test.TermsOf(payee))).Id);
            Given(await test.Desk.RefundAsync(As(wallet), paid.Id, test.NewKey(), null));
            Assert.Null(Given(await test.Desk.RenewEntitlementAsync(wallet.Id, test.TermsOf(payee))));
        }

        var held = Given(await test.Desk.PayAsync(new() { Wallet = wallet.Id, Key = test.NewKey(), Terms = test.TermsOf(payee), Hold = true }));
        Assert.Null(held.Entitlement);
        Assert.Null(Given(await test.Desk.RenewEntitlementAsync(wallet.Id, test.TermsOf(payee))));
        Given(await test.Desk.VoidAsync(As(payee), held.Id, test.NewKey()));
        Assert.True(ids.Add(Given(await test.Desk.PayOnceAsync(wallet.Id, test.TermsOf(payee))).Id));
        Assert.Equal("0.98 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_wallet_that_takes_back_all_but_one_unit_has_not_bought_and_a_payee_that_gives_as_much_back_has_sold()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var terms = test.TermsOf(payee, resource: "/sold");
        var sold = Given(await test.Desk.PayOnceAsync(wallet.Id, terms));
        Given(await test.Desk.RefundAsync(As(payee), sold.Id, test.NewKey(), Usd("0.019999")));
        Assert.NotNull(Given(await test.Desk.RenewEntitlementAsync(wallet.Id, terms)));
        Assert.Equal(sold.Id, Given(await test.Desk.ExamineTermsAsync(terms, wallet.Id)).Paid!.Id);

        terms = test.TermsOf(payee, resource: "/returned");
        var request = new PaymentRequest { Wallet = wallet.Id, Key = test.NewKey(), Terms = terms };
        var returned = Given(await test.Desk.PayAsync(request));
        Given(await test.Desk.RefundAsync(As(wallet), returned.Id, test.NewKey(), Usd("0.000001")));
        await test.RestartAsync();
        Assert.Null(Given(await test.Desk.RenewEntitlementAsync(wallet.Id, terms)));
        Assert.Null(Given(await test.Desk.ExamineTermsAsync(terms, wallet.Id)).Paid);
        Assert.Null(Given(await test.Desk.PayAsync(request)).Entitlement);
        var again = Given(await test.Desk.PayOnceAsync(wallet.Id, terms));
        Assert.NotEqual(returned.Id, again.Id);
        Assert.NotNull(again.Entitlement);
        Assert.Equal("0.96 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task An_entitlement_is_short_while_the_money_can_come_back_and_long_afterwards()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var paid = Given(await test.Desk.PayOnceAsync(wallet.Id, test.TermsOf(payee, nonce: "nonce-of-this-browser")));

        Assert.True(Entitlement.TryVerify(paid.Entitlement, test.Domain.EntitlementVerifier, out var entitlement));
        Assert.Equal((payee.Id, paid.Id, "/articles/rain", "nonce-of-this-browser"), (entitlement.Payee, entitlement.Payment, entitlement.Resource, entitlement.Nonce));
        Assert.Equal((Start, Start.AddSeconds(60), paid.RefundableUntil), (entitlement.Issued, entitlement.Expires, entitlement.RefundableUntil));

        test.Time.Advance(TimeSpan.FromMinutes(16));
        var renewed = Given(await test.Desk.RenewEntitlementAsync(wallet.Id, test.TermsOf(payee)));
        Assert.True(Entitlement.TryVerify(renewed, test.Domain.EntitlementVerifier, out entitlement));
        Assert.Equal(TimeSpan.FromDays(30), entitlement.Expires - entitlement.Issued);
        Assert.Null(Given(await test.Desk.RenewEntitlementAsync(wallet.Id, test.TermsOf(payee, resource: "/other"))));
    }

    [Theory]
    [InlineData(100, 500)]
    [InlineData(255, 512)]
    public async Task A_resource_is_answered_only_if_it_is_remembered(int referenceLength, int resourceLength)
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var token = test.TermsOf(payee, resource: "/" + new string('雨', resourceLength - 1), once: false);
        var request = new PaymentRequest { Wallet = wallet.Id, Key = test.NewKey(), Terms = token, Reference = new string('雪', referenceLength) };

        var first = Given(await test.Desk.PayAsync(request));

        Assert.Equal(first, Given(await test.Desk.PayAsync(request)));
        Assert.Equal(request.Reference, first.Reference);
    }

    [Fact]
    public async Task Terms_for_each_use_are_paid_each_time()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var token = test.TermsOf(payee, once: false);

        var first = Given(await test.Desk.PayAsync(new() { Wallet = wallet.Id, Key = test.NewKey(), Terms = token }));
        var second = Given(await test.Desk.PayAsync(new() { Wallet = wallet.Id, Key = test.NewKey(), Terms = token }));

        Assert.NotEqual(first.Id, second.Id);
        Assert.NotNull(second.Entitlement);
        Assert.Equal("0.96 held 0", await test.BalanceAsync(wallet));
    }
}
