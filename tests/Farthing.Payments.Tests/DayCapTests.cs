using Farthing.Ledger;
using Farthing.Payments.Desk;
using Farthing.Payments.Mandates;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Payments.Wallets;
using Farthing.Protocol;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

/// <summary>Never more than so much in a day: lowered, not refused.</summary>
public sealed class DayCapTests
{
    [Fact]
    public async Task Sixty_four_racing_reads_take_exactly_the_cap_and_all_are_entitled()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var offer = await NewOfferAsync(test, payee, "0.03", "0.5");

        var answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(i => ReadAsync(test, wallet, payee, offer, $"/{i}", once: i % 2 == 0)));

        var payments = answers.DistinctBy(payment => payment.Id).ToList();
        Assert.Equal(17, payments.Count);
        Assert.Equal(16, payments.Count(payment => payment.Amount == Usd("0.03")));
        Assert.Single(payments, payment => payment.Amount == Usd("0.02"));
        Assert.All(answers, answer => Assert.NotNull(answer.Entitlement));
        Assert.Equal("0.5 held 0", await test.BalanceAsync(wallet));
        Assert.Equal(Usd("0.5"), payments.Aggregate(Usd("0"), (sum, payment) => sum + payment.Amount));
    }

    [Fact]
    public async Task Reads_that_race_over_midnight_take_no_more_than_the_cap_of_each_day()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("2");
        var offer = await NewOfferAsync(test, payee, "0.03", "0.5");
        var midnight = new DateTimeOffset(Start.Date.AddDays(1), TimeSpan.Zero);
        test.Time.SetUtcNow(midnight.AddMilliseconds(-1));

        var before = Enumerable.Range(0, 32).Select(i => Task.Run(() => ReadAsync(test, wallet, payee, offer, $"/{i}"))).ToList();
        await before[0];
        test.Time.SetUtcNow(midnight);
        var after = Enumerable.Range(32, 32).Select(i => Task.Run(() => ReadAsync(test, wallet, payee, offer, $"/{i}"))).ToList();
        var payments = (await Task.WhenAll(before.Concat(after))).DistinctBy(payment => payment.Id).ToLookup(payment => payment.CreatedAt < midnight, payment => payment.Amount);

        Assert.InRange(Sum(payments[true]), Usd("0.03").Units, Usd("0.5").Units);
        Assert.Equal(Usd("0.5").Units, Sum(payments[false]));
        Assert.Equal($"{new Amount(Asset.Usd, Usd("2").Units - Sum(payments[true]) - Sum(payments[false])).ToDecimalString()} held 0", await test.BalanceAsync(wallet));

        static UInt128 Sum(IEnumerable<Amount> amounts) => amounts.Aggregate(UInt128.Zero, (sum, amount) => sum + amount.Units);
    }

    [Fact]
    public async Task The_day_is_the_payees_to_the_millisecond_also_when_clocks_change()
    {
        // The day in Paris on which clocks are set forward has 23 hours: from 23:00 to 22:00 UTC.
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var offer = await NewOfferAsync(test, payee, "0.1", "0.1", "Europe/Paris");
        var (start, end) = (new DateTimeOffset(2027, 3, 27, 23, 0, 0, TimeSpan.Zero), new DateTimeOffset(2027, 3, 28, 22, 0, 0, TimeSpan.Zero));
        (DateTimeOffset Time, string Left)[] reads =
        [
            (start.AddMilliseconds(-1), "0.9"), (start, "0.8"), (start.AddHours(12), "0.8"), (end.AddMilliseconds(-1), "0.8"), (end, "0.7"), (end.AddHours(23), "0.7"), (end.AddHours(24), "0.6"),
        ];
        foreach (var (time, left) in reads)
        {
            test.Time.SetUtcNow(time);
            await ReadAsync(test, wallet, payee, offer, $"/{time.Ticks}");
            Assert.Equal($"{left} held 0", await test.BalanceAsync(wallet));
        }
    }

    [Fact]
    public async Task A_free_read_is_entitled_until_the_day_is_over_and_what_was_paid_for_longer()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var offer = await NewOfferAsync(test, payee, "0.1", "0.1");
        var paid = await ReadAsync(test, wallet, payee, offer, "/paid");
        var free = new PaymentRequest { Wallet = wallet.Id, Key = test.NewKey(), Terms = test.TermsOf(payee, resource: "/free", offer: offer, lifetimeSeconds: 100_000) };
        Assert.Equal(paid.Id, Given(await test.Desk.PayAsync(free)).Id);
        var midnight = Start.Date.AddDays(1);

        test.Time.SetUtcNow(new DateTimeOffset(midnight, TimeSpan.Zero).AddSeconds(-30));
        var entitled = Given(await test.Desk.RenewEntitlementAsync(wallet.Id, free.Terms!))!;
        Assert.True(Entitlement.TryVerify(entitled, test.Domain.EntitlementVerifier, out var read));
        Assert.Equal(midnight, read.Expires.UtcDateTime);
        Assert.Equal("/free", read.Resource);
        Assert.Equal(entitled, Given(await test.Desk.PayAsync(free)).Entitlement);
        Assert.Equal(paid.Id, Given(await test.Desk.ExamineTermsAsync(free.Terms!, wallet.Id)).Paid!.Id);

        test.Time.Advance(TimeSpan.FromSeconds(30));
        Assert.Null(Given(await test.Desk.RenewEntitlementAsync(wallet.Id, free.Terms!)));
        Assert.Null(Given(await test.Desk.ExamineTermsAsync(free.Terms!, wallet.Id)).Paid);
        var repeated = Given(await test.Desk.PayAsync(free));
        Assert.Equal((paid.Id, null), (repeated.Id, repeated.Entitlement));
        Assert.NotNull(Given(await test.Desk.RenewEntitlementAsync(wallet.Id, test.TermsOf(payee, resource: "/paid", offer: offer))));
        Assert.Equal("0.9 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task What_is_asked_is_what_is_left_and_a_refund_makes_room_again()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var offer = await NewOfferAsync(test, payee, "0.04", "0.1");
        var first = await ReadAsync(test, wallet, payee, offer, "/1");
        await ReadAsync(test, wallet, payee, offer, "/2");
        var asked = Given(await test.Desk.ExamineTermsAsync(test.TermsOf(payee, resource: "/3", offer: offer), wallet.Id));
        Assert.Equal((Usd("0.02"), Usd("0.0002"), null), (asked.Price, asked.Fee, asked.Paid));
        Assert.Equal(Usd("0.02"), (await ReadAsync(test, wallet, payee, offer, "/3")).Amount);
        Assert.Equal("0.9 held 0", await test.BalanceAsync(wallet));

        Given(await test.Desk.RefundAsync(As(wallet), first.Id, test.NewKey(), null));
        Assert.Equal(Usd("0.04"), (await ReadAsync(test, wallet, payee, offer, "/4")).Amount);
        await ReadAsync(test, wallet, payee, offer, "/5");
        Assert.Equal("0.9 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task Holds_count_until_they_are_voided_and_what_is_posted_of_them_stays()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var offer = await NewOfferAsync(test, payee, "0.06", "0.1");
        var (voided, posted) = (await HoldAsync("/1"), await HoldAsync("/2"));
        Assert.Equal((Usd("0.06"), Usd("0.04")), (voided.Amount, posted.Amount));
        // Used up, but by nothing that is posted: the answer is held, and entitles to nothing.
        var covered = await ReadAsync(test, wallet, payee, offer, "/3");
        Assert.Equal((posted.Id, PaymentStatus.Held, null), (covered.Id, covered.Status, covered.Entitlement));

        Given(await test.Desk.PostAsync(As(payee), posted.Id, test.NewKey(), Usd("0.01")));
        Given(await test.Desk.VoidAsync(As(payee), voided.Id, test.NewKey()));
        Assert.Equal(Usd("0.06"), (await ReadAsync(test, wallet, payee, offer, "/4")).Amount);
        Assert.Equal(Usd("0.03"), (await ReadAsync(test, wallet, payee, offer, "/5")).Amount);
        Assert.Equal("0.9 held 0", await test.BalanceAsync(wallet));

        async Task<Payment> HoldAsync(string resource) =>
            Given(await test.Desk.PayAsync(new() { Wallet = wallet.Id, Key = test.NewKey(), Terms = test.TermsOf(payee, resource: resource, offer: offer), Hold = true }));
    }

    [Fact]
    public async Task Each_key_keeps_its_first_answer_over_a_restart()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var offer = await NewOfferAsync(test, payee, "0.06", "0.1");
        var requests = Enumerable.Range(0, 4).Select(i => new PaymentRequest { Wallet = wallet.Id, Key = test.NewKey(), Offer = offer.Id, Quantity = (uint)(i % 2) + 1 }).ToList();
        var answers = new List<Payment>();
        foreach (var request in requests) answers.Add(Given(await test.Desk.PayAsync(request)));
        Assert.Equal([Usd("0.06"), Usd("0.04"), Usd("0.04"), Usd("0.04")], answers.Select(answer => answer.Amount));
        Assert.Equal(2, answers.DistinctBy(answer => answer.Id).Count());

        await test.RestartAsync();
        test.Time.Advance(TimeSpan.FromDays(1));
        for (var i = 0; i < requests.Count; i++) Assert.Equal(answers[i], Given(await test.Desk.PayAsync(requests[i])));
        Refused(RefusalCodes.IdempotencyConflict, await test.Desk.PayAsync(requests[0] with { Quantity = 2 }));
        Assert.Equal("0.9 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task The_cap_is_of_one_wallet_and_one_offer_and_holds_in_a_batch()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var (wallet, other) = (await test.NewWalletAsync("1"), await test.NewWalletAsync("1"));
        var (offer, another) = (await NewOfferAsync(test, payee, "0.03", "0.1"), await NewOfferAsync(test, payee, "0.03", "0.1"));

        var answers = await test.Desk.PayManyAsync([.. Enumerable.Range(0, 20).Select(i => new PaymentRequest { Wallet = wallet.Id, Key = test.NewKey(), Offer = i % 2 == 0 ? offer.Id : another.Id })]);

        Assert.Equal(8, answers.Select(answer => Given(answer).Id).Distinct().Count());
        Assert.Equal("0.8 held 0", await test.BalanceAsync(wallet));
        await ReadAsync(test, other, payee, offer, "/1");
        Assert.Equal("0.97 held 0", await test.BalanceAsync(other));
    }

    [Fact]
    public async Task A_wallet_that_lacks_what_is_left_is_refused_and_an_empty_one_reads_on()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("0.09");
        var offer = await NewOfferAsync(test, payee, "0.06", "0.1");
        await ReadAsync(test, wallet, payee, offer, "/1");
        Refused(RefusalCodes.InsufficientFunds, await test.Desk.PayAsync(new() { Wallet = wallet.Id, Key = test.NewKey(), Offer = offer.Id }));
        Given(await test.Domain.TopUps.TopUpAsync(wallet.Id, test.NewKey(), Usd("0.01"), "sandbox", null));
        await ReadAsync(test, wallet, payee, offer, "/2");
        Assert.NotNull((await ReadAsync(test, wallet, payee, offer, "/3")).Entitlement);
        Assert.Equal("0 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task What_the_day_lowers_counts_no_more_than_that_against_a_mandate()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var offer = await NewOfferAsync(test, payee, "0.06", "0.1");
        var mandate = Given(await test.Domain.Mandates.CreateAsync(wallet.Id, test.NewKey(), new NewMandate(new(payee.Id, null), Usd("0.1"), new(Usd("0.1"), null, null), null, null))).State.Mandate;
        for (var i = 0; i < 4; i++) Given(await test.Desk.PayAsync(new() { Wallet = wallet.Id, Key = test.NewKey(), Offer = offer.Id, Mandate = mandate.Id }));
        Assert.Equal((Usd("0.1"), Usd("0")), (Given(await test.Domain.Mandates.ReadAsync(wallet.Id, mandate.Id)).Used, Given(await test.Domain.Mandates.ReadAsync(wallet.Id, mandate.Id)).Caps[0].Headroom));
        Assert.Equal("0.9 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_mandate_that_allows_what_is_left_of_the_day_allows_the_read()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var offer = await NewOfferAsync(test, payee, "0.06", "0.1");
        var mandate = Given(await test.Domain.Mandates.CreateAsync(wallet.Id, test.NewKey(), new NewMandate(new(payee.Id, null), Usd("0.05"), new(Usd("0.1"), null, null), null, null))).State.Mandate;
        await IsOverEachAsync();
        await ReadAsync(test, wallet, payee, offer, "/1");
        Assert.Equal(Usd("0.04"), Given(await test.Desk.PayAsync(Mandated())).Amount);
        // Used up: the rest of the day costs nothing.
        Given(await test.Desk.PayAsync(Mandated()));
        test.Time.Advance(TimeSpan.FromDays(1));
        await IsOverEachAsync();
        Assert.Equal("0.9 held 0", await test.BalanceAsync(wallet));

        PaymentRequest Mandated() => new() { Wallet = wallet.Id, Key = test.NewKey(), Offer = offer.Id, Mandate = mandate.Id };

        async Task IsOverEachAsync()
        {
            var answer = await test.Desk.PayAsync(Mandated());
            Refused(RefusalCodes.CapExceeded, answer);
            Assert.Equal("mandate.each", answer.Refusal!.Facts!["cap"]);
        }
    }

    [Fact]
    public async Task A_day_used_up_by_holds_is_looked_through_no_further_than_its_newest()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var offer = await NewOfferAsync(test, payee, "0.01", "0.6");
        Given(await test.Desk.PayAsync(new() { Wallet = wallet.Id, Key = test.NewKey(), Offer = offer.Id }));
        var holds = await Task.WhenAll(Enumerable.Range(0, 59).Select(async _ => Given(await test.Desk.PayAsync(new() { Wallet = wallet.Id, Key = test.NewKey(), Offer = offer.Id, Hold = true }))));
        Assert.Equal("0.4 held 0.59", await test.BalanceAsync(wallet));

        // Each look reads some fifty records, however much a payee holds.
        var covered = Given(await test.Desk.PayAsync(new() { Wallet = wallet.Id, Key = test.NewKey(), Offer = offer.Id }));
        Assert.Equal(PaymentStatus.Held, covered.Status);
        Given(await test.Desk.PostAsync(As(payee), holds[0].Id, test.NewKey(), null));
        Assert.Equal("0.4 held 0.58", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_batch_is_paid_in_its_order_also_where_an_offer_has_a_cap_on_the_day()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("0.05");
        var offer = await NewOfferAsync(test, payee, "0.05", "0.1");
        var answers = await test.Desk.PayManyAsync([test.Pay(wallet, payee, "0.05"), new() { Wallet = wallet.Id, Key = test.NewKey(), Offer = offer.Id }]);
        Given(answers[0]);
        Refused(RefusalCodes.InsufficientFunds, answers[1]);
        Assert.Equal("0 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_payment_that_the_ledger_refuses_for_the_day_says_so()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var request = test.Pay(wallet, payee, "0.05");
        var (id, digest, asset) = (request.KeyId(), request.Digest(), ChartOfAccounts.AllowanceOf(Asset.Usd));
        var (account, issuer) = (Id<PaymentKind>.New(test.Time).Value, Id<PaymentKind>.New(test.Time).Value);
        // As if the payment had been priced while more was left.
        var results = await test.Ledger.SubmitAsync(
        [
            Command.OpenAccount(account, asset, AccountFlags.DebitsMustNotExceedCredits),
            Command.OpenAccount(issuer, asset, AccountFlags.None),
            Command.Transfer(id, digest, wallet.Id.Value, payee.Id.Value, Usd("0.05"), TransferCode.Payment) with { Linked = true },
            Command.Transfer(LegIds.UseOf(id, LegIds.UseOfDayCap), digest, account, issuer, new Amount(asset, Usd("0.05").Units), TransferCode.Allowance),
        ]);
        Assert.Equal([Outcome.Done, Outcome.Done, Outcome.ChainRefused, Outcome.InsufficientFunds], results.Select(result => result.Outcome));
        Refused(RefusalCodes.CapsChanged, await test.Desk.PayAsync(request));
        Assert.Equal("1 held 0", await test.BalanceAsync(wallet));
    }

    private static async Task<Offer> NewOfferAsync(TestSystem test, Payee payee, string price, string cap, string zone = "UTC") =>
        Given(await test.Domain.Offers.CreateAsync(payee.Id, test.NewKey(), new NewOffer("The newspaper", null, new PerUse(Usd(price)) { DayCap = new(Usd(cap), zone) })));

    private static async Task<Payment> ReadAsync(TestSystem test, Wallet wallet, Payee payee, Offer offer, string resource, bool once = true) =>
        Given(await test.Desk.PayAsync(new() { Wallet = wallet.Id, Key = test.NewKey(), Terms = test.TermsOf(payee, resource: resource, offer: offer, once: once) }));
}
