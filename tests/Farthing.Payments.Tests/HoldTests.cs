using Farthing.Payments.Desk;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

public class HoldTests
{
    [Fact]
    public async Task A_hold_sets_money_aside_and_a_post_moves_part_of_it()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");

        var held = Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.6", hold: true)));
        Assert.Equal((PaymentStatus.Held, Usd("0.6"), Usd("0"), null), (held.Status, held.Amount, held.Fee, held.RefundableUntil));
        Assert.Equal("0.4 held 0.6", await test.BalanceAsync(wallet));
        Assert.Equal("0 held 0.6", await test.BalanceAsync(payee));

        var key = test.NewKey();
        var posted = Given(await test.Desk.PostAsync(As(payee), held.Id, key, Usd("0.5")));
        Assert.Equal((PaymentStatus.Posted, Usd("0.5"), Usd("0.005")), (posted.Status, posted.Amount, posted.Fee));
        Assert.Equal("0.5 held 0", await test.BalanceAsync(wallet));
        Assert.Equal("0.495 held 0", await test.BalanceAsync(payee));
        Assert.Equal(posted, Given(await test.Desk.ReadAsync(As(wallet), held.Id)));

        Given(await test.Desk.RefundAsync(As(payee), held.Id, test.NewKey(), null));
        Assert.Equal(posted, Given(await test.Desk.PostAsync(As(payee), held.Id, key, Usd("0.5"))));
        Refused(RefusalCodes.IdempotencyConflict, await test.Desk.PostAsync(As(payee), held.Id, key, Usd("0.4")));
        Assert.Equal("1 held 0", await test.BalanceAsync(wallet));
        Assert.Equal("0 held 0", await test.BalanceAsync(payee));
    }

    [Fact]
    public async Task A_hold_ends_once()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var posted = Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.1", hold: true))).Id;
        var voided = Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.1", hold: true))).Id;
        var direct = Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.1"))).Id;

        var over = test.NewKey();
        Refused(RefusalCodes.ExceedsHeld, await test.Desk.PostAsync(As(payee), posted, over, Usd("0.100001")));
        Refused(RefusalCodes.ExceedsHeld, await test.Desk.PostAsync(As(payee), posted, over, Usd("0.100001")));
        Refused(RefusalCodes.AmountMustNotBeZero, await test.Desk.PostAsync(As(payee), posted, test.NewKey(), Usd("0")));
        Refused(RefusalCodes.CurrencyMismatch, await test.Desk.PostAsync(As(payee), posted, test.NewKey(), new(Protocol.Asset.Eur, 1)));
        Refused(RefusalCodes.Forbidden, await test.Desk.PostAsync(As(wallet), posted, test.NewKey(), null));
        Refused(RefusalCodes.Forbidden, await test.Desk.VoidAsync(As(wallet), posted, test.NewKey()));
        Refused(RefusalCodes.PaymentNotPosted, await test.Desk.RefundAsync(As(payee), posted, test.NewKey(), null));
        Given(await test.Desk.PostAsync(As(payee), posted, test.NewKey(), null));
        var key = test.NewKey();
        var answer = Given(await test.Desk.VoidAsync(As(payee), voided, key));
        Assert.Equal(PaymentStatus.Voided, answer.Status);
        Assert.Equal(answer, Given(await test.Desk.VoidAsync(As(payee), voided, key)));

        Refused(RefusalCodes.HoldAlreadyPosted, await test.Desk.PostAsync(As(payee), posted, test.NewKey(), null));
        Refused(RefusalCodes.HoldAlreadyPosted, await test.Desk.VoidAsync(As(payee), posted, test.NewKey()));
        Refused(RefusalCodes.HoldAlreadyVoided, await test.Desk.PostAsync(As(payee), voided, test.NewKey(), null));
        Refused(RefusalCodes.HoldAlreadyVoided, await test.Desk.VoidAsync(As(payee), voided, test.NewKey()));
        Refused(RefusalCodes.PaymentNotPosted, await test.Desk.RefundAsync(As(payee), voided, test.NewKey(), null));
        Refused(RefusalCodes.PaymentNotHeld, await test.Desk.PostAsync(As(payee), direct, test.NewKey(), null));
        Refused(RefusalCodes.PaymentNotHeld, await test.Desk.VoidAsync(As(payee), direct, test.NewKey()));
        Refused(RefusalCodes.PaymentNotFound, await test.Desk.VoidAsync(As(await test.NewPayeeAsync()), posted, test.NewKey()));
        Assert.Equal("0.8 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_hold_expires_and_gives_the_money_back()
    {
        await using var test = await StartAsync(new() { FeeBasisPoints = TestSystem.OnePercent, HoldLifetime = TimeSpan.FromHours(2) });
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var held = Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.6", hold: true))).Id;

        test.Time.Advance(TimeSpan.FromHours(2) + TimeSpan.FromSeconds(1));

        Refused(RefusalCodes.HoldExpired, await test.Desk.PostAsync(As(payee), held, test.NewKey(), null));
        Refused(RefusalCodes.HoldExpired, await test.Desk.VoidAsync(As(payee), held, test.NewKey()));
        Assert.Equal(PaymentStatus.Expired, Given(await test.Desk.ReadAsync(As(wallet), held)).Status);
        Assert.Equal("1 held 0", await test.BalanceAsync(wallet));
        Assert.Equal("0 held 0", await test.BalanceAsync(payee));
    }

    [Fact]
    public async Task Windows_begin_at_the_ledgers_time_when_the_clock_is_behind_it()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var offer = await test.NewOfferAsync(payee, "0.1", refundWindowSeconds: 60);
        test.Time.Advance(TimeSpan.FromMinutes(4));
        var held = Given(await test.Desk.PayAsync(new() { Wallet = wallet.Id, Key = test.NewKey(), Offer = offer.Id, Hold = true })).Id;
        await test.RestartAtAsync(Start);

        var paid = Given(await test.Desk.PayAsync(new() { Wallet = wallet.Id, Key = test.NewKey(), Offer = offer.Id }));
        var posted = Given(await test.Desk.PostAsync(As(payee), held, test.NewKey(), null));

        Assert.Equal(Start.AddMinutes(4).AddSeconds(60), paid.RefundableUntil);
        Assert.Equal(Start.AddMinutes(4).AddSeconds(60), posted.RefundableUntil);
        Given(await test.Desk.RefundAsync(As(wallet), paid.Id, test.NewKey(), null));
    }
}
