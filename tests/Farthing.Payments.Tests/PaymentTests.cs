using Farthing.Payments.Desk;
using Farthing.Protocol;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

public class PaymentTests
{
    [Fact]
    public async Task A_payment_moves_the_price_and_the_fee()
    {
        await using var test = await StartAsync(new() { FeeBasisPoints = 250 });
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");

        var payment = Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.4", reference: "order 7")));

        Assert.Equal(PaymentStatus.Posted, payment.Status);
        Assert.Equal("0.4 0.01 0", $"{payment.Amount.ToDecimalString()} {payment.Fee.ToDecimalString()} {payment.Refunded.ToDecimalString()}");
        Assert.Equal("0.6 held 0", await test.BalanceAsync(wallet));
        Assert.Equal("0.39 held 0", await test.BalanceAsync(payee));
        Assert.Equal(payment, Given(await test.Desk.ReadAsync(As(wallet), payment.Id)));
        Assert.Equal(payment, Given(await test.Desk.ReadAsync(As(payee), payment.Id)));
        Assert.Equal("order 7", payment.Reference);
    }

    [Fact]
    public async Task An_offer_is_priced_by_quantity_and_remembered()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var offer = await test.NewOfferAsync(payee, "0.03", refundWindowSeconds: 0);

        var payment = Given(await test.Desk.PayAsync(new() { Wallet = wallet.Id, Key = test.NewKey(), Offer = offer.Id, Quantity = 7 }));

        Assert.Equal("0.21 USD", payment.Amount.ToString());
        Assert.Equal(offer.Id, payment.Offer);
        Assert.Null(payment.RefundableUntil);
        Assert.Equal(payment, Given(await test.Desk.ReadAsync(As(wallet), payment.Id)));
    }

    [Theory]
    [InlineData("0.000099", "0")]
    [InlineData("0.0001", "0.000001")]
    [InlineData("0.000199", "0.000001")]
    public async Task A_fee_is_rounded_down_and_may_be_nothing(string price, string fee)
    {
        await using var test = await StartAsync(new() { FeeBasisPoints = 100 });
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");

        Assert.Equal(fee, Given(await test.Desk.PayAsync(test.Pay(wallet, payee, price))).Fee.ToDecimalString());
    }

    [Fact]
    public async Task A_repeat_gives_the_first_answer_also_after_a_restart_a_refund_and_the_offers_end()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var offer = await test.NewOfferAsync(payee, "0.3");
        var request = new PaymentRequest { Wallet = wallet.Id, Key = test.NewKey(), Offer = offer.Id, Reference = "r" };
        var first = Given(await test.Desk.PayAsync(request));
        Given(await test.Desk.RefundAsync(As(payee), first.Id, test.NewKey(), Usd("0.1")));

        Assert.Equal(first, Given(await test.Desk.PayAsync(request)));
        Given(await test.Domain.Offers.CloseAsync(payee.Id, offer.Id));
        Refused(RefusalCodes.OfferClosed, await test.Desk.PayAsync(request with { Key = test.NewKey() }));
        Assert.Equal(first, Given(await test.Desk.PayAsync(request)));
        test.Time.Advance(TimeSpan.FromDays(400));
        await test.RestartAsync();
        Assert.Equal(first, Given(await test.Desk.PayAsync(request)));
        Assert.Equal("0.8 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task The_same_key_with_another_request_is_a_conflict()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var request = test.Pay(wallet, payee, "0.1");
        Given(await test.Desk.PayAsync(request));

        Refused(RefusalCodes.IdempotencyConflict, await test.Desk.PayAsync(request with { Amount = Usd("0.2") }));
        Refused(RefusalCodes.IdempotencyConflict, await test.Desk.PayAsync(request with { Reference = "x" }));
        Refused(RefusalCodes.IdempotencyConflict, await test.Desk.PayAsync(request with { Hold = true }));
        Refused(RefusalCodes.IdempotencyConflict, await test.Desk.PayAsync(request with { Payee = null, Amount = null, Terms = test.TermsOf(payee) }));
        Assert.Equal("0.9 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_refusal_for_lack_of_funds_says_what_is_missing_and_binds_the_key()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("0.05");
        var request = test.Pay(wallet, payee, "0.3");

        var answer = await test.Desk.PayAsync(request);
        Refused(RefusalCodes.InsufficientFunds, answer);
        Assert.Equal(new AmountJson("0.25", "USD"), answer.Refusal!.Facts!["missing"]);
        Assert.Equal(new AmountJson("0.05", "USD"), answer.Refusal.Facts["balance"]);

        Given(await test.Domain.TopUps.TopUpAsync(wallet.Id, test.NewKey(), Usd("1"), "sandbox", null));
        Refused(RefusalCodes.InsufficientFunds, await test.Desk.PayAsync(request));
        Assert.Equal("1.05 held 0", await test.BalanceAsync(wallet));
        Given(await test.Desk.PayAsync(request with { Key = test.NewKey() }));
    }

    [Fact]
    public async Task Each_wrong_request_has_its_refusal_and_nothing_moves()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var euros = Given(await test.Domain.Wallets.CreateAsync(test.NewKey(), Asset.Eur)).Wallet;
        var wallet = await test.NewWalletAsync("1");
        var offer = await test.NewOfferAsync(payee, "0.1");
        var good = test.Pay(wallet, payee, "0.1");
        (RefusalCode Code, PaymentRequest Request)[] cases =
        [
            (RefusalCodes.WalletNotFound, good with { Wallet = Id<WalletKind>.New(test.Time) }),
            (RefusalCodes.PayeeNotFound, good with { Payee = Id<PayeeKind>.New(test.Time) }),
            (RefusalCodes.OfferNotFound, good with { Payee = null, Amount = null, Offer = Id<OfferKind>.New(test.Time) }),
            (RefusalCodes.InvalidField, good with { Offer = offer.Id }),
            (RefusalCodes.InvalidField, good with { Amount = null }),
            (RefusalCodes.InvalidField, good with { Payee = null }),
            (RefusalCodes.InvalidField, good with { Quantity = 2 }),
            (RefusalCodes.InvalidField, good with { Payee = null, Amount = null, Offer = offer.Id, Quantity = 0 }),
            (RefusalCodes.InvalidField, good with { Payee = null, Amount = null, Offer = offer.Id, Quantity = PaymentRequest.MaxQuantity + 1 }),
            (RefusalCodes.InvalidField, good with { Reference = "" }),
            (RefusalCodes.InvalidField, good with { Reference = "a\nb" }),
            (RefusalCodes.InvalidField, good with { Reference = new string('x', 256) }),
            (RefusalCodes.InvalidField, good with { Reference = "\ud800" }),
            (RefusalCodes.AmountMustNotBeZero, good with { Amount = Usd("0") }),
            (RefusalCodes.CurrencyMismatch, good with { Amount = new Amount(Asset.Eur, 100) }),
            (RefusalCodes.CurrencyMismatch, good with { Wallet = euros.Id }),
            (RefusalCodes.AmountTooLarge, good with { Amount = new Amount(Asset.Usd, Amount.MaxUnits + 1) }),
            (RefusalCodes.TermsInvalid, good with { Payee = null, Amount = null, Terms = "nonsense" }),
            (RefusalCodes.IdempotencyKeyInFuture, good with { Key = Key(Guid.CreateVersion7(test.Time.GetUtcNow().AddMinutes(6)).ToString()) }),
            (RefusalCodes.InsufficientFunds, good with { Amount = Usd("1.000001") }),
        ];

        foreach (var (code, request) in cases)
        {
            Refused(code, await test.Desk.PayAsync(request with { Key = code == RefusalCodes.IdempotencyKeyInFuture ? request.Key : test.NewKey() }));
        }

        Assert.Equal(20, cases.Length);
        Assert.Equal("1 held 0", await test.BalanceAsync(wallet));
        Assert.Equal("0 held 0", await test.BalanceAsync(payee));
    }

    [Fact]
    public async Task A_batch_answers_each_payment_by_itself_and_in_order()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var requests = Enumerable.Range(0, 600).Select(i => test.Pay(wallet, payee, "0.001", reference: $"n{i}")).ToList();
        requests[10] = requests[10] with { Amount = Usd("5") };
        requests[20] = requests[20] with { Payee = Id<PayeeKind>.New(test.Time) };
        requests[30] = requests[29];
        requests[40] = requests[39] with { Reference = "other" };

        var answers = await test.Desk.PayManyAsync(requests);

        Refused(RefusalCodes.InsufficientFunds, answers[10]);
        Refused(RefusalCodes.PayeeNotFound, answers[20]);
        Assert.Equal(Given(answers[29]), Given(answers[30]));
        Refused(RefusalCodes.IdempotencyConflict, answers[40]);
        for (var i = 0; i < answers.Length; i++)
        {
            if (i is not (10 or 20 or 30 or 40)) Assert.Equal($"n{i}", Given(answers[i]).Reference);
        }

        Assert.Equal("0.404 held 0", await test.BalanceAsync(wallet));
        var again = await test.Desk.PayManyAsync(requests);
        Assert.Equal(answers.Select(answer => answer.Value), again.Select(answer => answer.Value));
        Assert.Equal("0.404 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task Both_parties_find_payments_by_reference_and_nobody_else_does()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var other = await test.NewWalletAsync("1");
        var made = new List<Payment>();
        for (var i = 0; i < 5; i++) made.Add(Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.01", reference: "order 7"))));
        made.Add(Given(await test.Desk.PayAsync(test.Pay(other, payee, "0.01", reference: "order 7"))));
        Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.01", reference: "order 8")));
        made.Reverse();

        for (var round = 0; round < 2; round++)
        {
            var first = Given(await test.Desk.FindByReferenceAsync(As(payee), "order 7", null, 4));
            var second = Given(await test.Desk.FindByReferenceAsync(As(payee), "order 7", first.Next, 4));
            Assert.Equal(made.Select(p => p.Id), first.Lines.Concat(second.Lines).Select(p => p.Id));
            Assert.Null(second.Next);
            Assert.Equal(5, Given(await test.Desk.FindByReferenceAsync(As(wallet), "order 7", null, 10)).Lines.Count);
            Assert.Empty(Given(await test.Desk.FindByReferenceAsync(As(other), "order 8", null, 10)).Lines);
            Refused(RefusalCodes.InvalidCursor, await test.Desk.FindByReferenceAsync(As(payee), "order 8", first.Next, 4));
            Refused(RefusalCodes.InvalidCursor, await test.Desk.FindByReferenceAsync(As(payee), "order 7", first.Next![..^1] + "!", 4));
            await test.RestartAsync();
        }

        Refused(RefusalCodes.PaymentNotFound, await test.Desk.ReadAsync(As(other), made[^1].Id));
        Refused(RefusalCodes.PaymentNotFound, await test.Desk.ReadAsync(new Caller(CallerKind.Operator, 0), made[^1].Id));
    }

    [Fact]
    public async Task A_pseudonym_is_the_same_with_one_payee_and_another_with_the_next()
    {
        await using var test = await StartAsync();
        var wallet = await test.NewWalletAsync("1");
        var (one, two) = (await test.NewPayeeAsync(), await test.NewPayeeAsync());

        var payers = new List<Id<PayerKind>>();
        foreach (var payee in new[] { one, two, one, two }) payers.Add(Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.01"))).Payer);

        Assert.Equal(payers[0], payers[2]);
        Assert.Equal(payers[1], payers[3]);
        Assert.NotEqual(payers[0], payers[1]);
        Assert.DoesNotContain(wallet.Id.Value, payers.Select(payer => payer.Value));
    }
}
