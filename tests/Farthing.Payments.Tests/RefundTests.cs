using Farthing.Payments.Desk;
using Farthing.Protocol;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

public class RefundTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Partial_refunds_together_return_exactly_the_fee(int seed)
    {
        await using var test = await StartAsync(new() { FeeBasisPoints = 333 });
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var price = (UInt128)(uint)(7919 * seed) + 12345;
        var paid = Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "1") with { Amount = new Amount(Asset.Usd, price) }));
        var (left, fees, parts, state) = (price, UInt128.Zero, 0, (uint)seed);

        while (left > 0)
        {
            state = unchecked((state * 1664525) + 1013904223);
            var part = UInt128.Min(left, 1 + (state >> 20));
            var refund = Given(await test.Desk.RefundAsync(As(payee), paid.Id, test.NewKey(), new Amount(Asset.Usd, part)));
            fees += refund.FeeReturned.Units;
            left -= part;
            parts++;
            var now = Given(await test.Desk.ReadAsync(As(wallet), paid.Id));
            Assert.Equal(left * 333 / 10_000, now.Fee.Units);
            Assert.Equal(price - left, now.Refunded.Units);
        }

        Assert.True(parts >= 5);
        Assert.Equal(paid.Fee.Units, fees);
        Assert.Equal("1 held 0", await test.BalanceAsync(wallet));
        Assert.Equal("0 held 0", await test.BalanceAsync(payee));
    }

    [Fact]
    public async Task Refunds_of_one_payment_at_once_never_give_back_more_than_was_paid()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var paid = Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.1")));

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => test.Desk.RefundAsync(As(payee), paid.Id, test.NewKey(), Usd("0.01")).AsTask()));

        Assert.Equal(10, answers.Count(answer => answer.IsGiven));
        Assert.All(answers.Where(answer => !answer.IsGiven), answer => Refused(RefusalCodes.ExceedsRefundable, answer));
        Assert.Equal("1 held 0", await test.BalanceAsync(wallet));
        Assert.Equal("0 held 0", await test.BalanceAsync(payee));
    }

    [Fact]
    public async Task A_refund_is_made_once_and_answered_as_the_first_time()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var paid = Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.1")));
        var key = test.NewKey();

        var refund = Given(await test.Desk.RefundAsync(As(wallet), paid.Id, key, Usd("0.04")));
        Assert.Equal((paid.Id, Usd("0.04"), Usd("0.0004")), (refund.Payment, refund.Amount, refund.FeeReturned));
        await test.RestartAsync();
        test.Time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(refund, Given(await test.Desk.RefundAsync(As(wallet), paid.Id, key, Usd("0.04"))));
        Refused(RefusalCodes.IdempotencyConflict, await test.Desk.RefundAsync(As(wallet), paid.Id, key, Usd("0.05")));
        Refused(RefusalCodes.RefundWindowOver, await test.Desk.RefundAsync(As(wallet), paid.Id, test.NewKey(), Usd("0.04")));
        Refused(RefusalCodes.RefundWindowOver, await test.Desk.RefundAsync(As(payee), paid.Id, test.NewKey(), null));
        Assert.Equal("0.94 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_refund_says_what_is_left_and_needs_the_payees_money()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var paid = Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.1")));
        Given(await test.Desk.RefundAsync(As(payee), paid.Id, test.NewKey(), Usd("0.07")));

        var answer = await test.Desk.RefundAsync(As(payee), paid.Id, test.NewKey(), Usd("0.030001"));
        Refused(RefusalCodes.ExceedsRefundable, answer);
        Assert.Equal(new AmountJson("0.03", "USD"), answer.Refusal!.Facts!["refundable"]);
        Given(await test.Desk.RefundAsync(As(payee), paid.Id, test.NewKey(), null));
        Refused(RefusalCodes.ExceedsRefundable, await test.Desk.RefundAsync(As(payee), paid.Id, test.NewKey(), null));

        var never = await test.NewOfferAsync(payee, "0.1", refundWindowSeconds: 0);
        var final = Given(await test.Desk.PayAsync(new() { Wallet = wallet.Id, Key = test.NewKey(), Offer = never.Id }));
        Refused(RefusalCodes.RefundWindowOver, await test.Desk.RefundAsync(As(wallet), final.Id, test.NewKey(), null));
        Refused(RefusalCodes.PaymentNotFound, await test.Desk.RefundAsync(As(await test.NewWalletAsync()), final.Id, test.NewKey(), null));
    }

    [Fact]
    public async Task A_wallet_has_so_many_refunds_a_month_with_a_payee()
    {
        await using var test = await StartAsync(new() { FeeBasisPoints = TestSystem.OnePercent, DefaultRefundWindow = TimeSpan.FromDays(60) });
        var payee = await test.NewPayeeAsync(refundsPerMonth: 2);
        var wallet = await test.NewWalletAsync("1");
        var other = await test.NewWalletAsync("1");
        var paid = Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.1"))).Id;
        var others = Given(await test.Desk.PayAsync(test.Pay(other, payee, "0.1"))).Id;

        Assert.Equal(2, await test.Desk.RefundsLeftAsync(wallet.Id, payee.Id));
        Given(await test.Desk.RefundAsync(As(wallet), paid, test.NewKey(), Usd("0.01")));
        Assert.Equal(1, await test.Desk.RefundsLeftAsync(wallet.Id, payee.Id));
        Given(await test.Desk.RefundAsync(As(wallet), paid, test.NewKey(), Usd("0.01")));
        var key = test.NewKey();
        Refused(RefusalCodes.RefundAllowanceExhausted, await test.Desk.RefundAsync(As(wallet), paid, key, Usd("0.01")));
        Refused(RefusalCodes.RefundAllowanceExhausted, await test.Desk.RefundAsync(As(wallet), paid, key, Usd("0.01")));
        Assert.Equal(0, await test.Desk.RefundsLeftAsync(wallet.Id, payee.Id));
        Given(await test.Desk.RefundAsync(As(other), others, test.NewKey(), null));
        Given(await test.Desk.RefundAsync(As(payee), paid, test.NewKey(), Usd("0.01")));
        Assert.Equal("0.93 held 0", await test.BalanceAsync(wallet));

        test.Time.Advance(TimeSpan.FromDays(8));
        Assert.Equal(2, await test.Desk.RefundsLeftAsync(wallet.Id, payee.Id));
        Given(await test.Desk.RefundAsync(As(wallet), paid, test.NewKey(), null));
        Assert.Equal("1 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task An_allowance_opened_while_the_month_turns_is_that_of_one_month()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync(refundsPerMonth: 2);
        var wallet = await test.NewWalletAsync();
        var clock = new TurningClock(new(2026, 11, 30, 23, 59, 59, 999, TimeSpan.Zero));
        var allowances = new RefundAllowances(test.Ledger, new ChartOfAccounts(test.Ledger), test.Domain.Payees, clock);

        var november = await allowances.TryOpenAsync(wallet.Id.Value, payee.Id.Value);
        var december = await allowances.TryOpenAsync(wallet.Id.Value, payee.Id.Value);

        Assert.NotEqual(november, december);
        Assert.Equal(2u, (await test.Ledger.ReadAccountAsync(november!.Value))!.Value.Balances.Available);
        Assert.Equal(2u, (await test.Ledger.ReadAccountAsync(december!.Value))!.Value.Balances.Available);
    }

    [Fact]
    public async Task A_payment_has_at_most_a_hundred_refunds_and_the_last_gives_back_the_rest()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var paid = Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.5"))).Id;
        for (var i = 1; i < 100; i++) Given(await test.Desk.RefundAsync(As(payee), paid, test.NewKey(), Usd("0.001")));

        Refused(RefusalCodes.TooManyRefunds, await test.Desk.RefundAsync(As(payee), paid, test.NewKey(), Usd("0.001")));
        Refused(RefusalCodes.ExceedsRefundable, await test.Desk.RefundAsync(As(payee), paid, test.NewKey(), Usd("0.402")));
        Assert.Equal("0.599 held 0", await test.BalanceAsync(wallet));
        Given(await test.Desk.RefundAsync(As(payee), paid, test.NewKey(), null));

        Assert.Equal("1 held 0", await test.BalanceAsync(wallet));
        var receipt = Given(await test.Domain.Receipts.WriteAsync(As(wallet), paid, TestContext.Current.CancellationToken));
        Assert.True(receipt.Verify(test.Ledger.VerifierKey).IsValid);
        Assert.Equal(202, receipt.Legs.Count);
    }

    [Fact]
    public async Task A_payee_may_grant_no_refunds_to_wallets_and_still_refund_itself()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync(refundsPerMonth: 0);
        var wallet = await test.NewWalletAsync("1");
        var paid = Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.1"))).Id;

        Refused(RefusalCodes.RefundAllowanceExhausted, await test.Desk.RefundAsync(As(wallet), paid, test.NewKey(), null));
        Given(await test.Desk.RefundAsync(As(payee), paid, test.NewKey(), null));
        Assert.Equal("1 held 0", await test.BalanceAsync(wallet));
    }

    /// <summary>A clock whose next month begins right after it was first read.</summary>
    private sealed class TurningClock(DateTimeOffset start) : TimeProvider
    {
        private int reads;

        public override DateTimeOffset GetUtcNow() => start + TimeSpan.FromSeconds(reads++);
    }
}
