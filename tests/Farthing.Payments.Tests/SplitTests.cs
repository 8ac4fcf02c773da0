using Farthing.Payments.Desk;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Payments.Wallets;
using Farthing.Protocol;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

/// <summary>Payees that share in a price.</summary>
public sealed class SplitTests
{
    [Fact]
    public async Task A_price_is_shared_exactly_after_the_fee()
    {
        await using var test = await StartAsync();
        var (writer, photographer, editor, offer) = await NewSharedOfferAsync(test, "0.000107", 3333, 3333, 3334);
        var wallet = await test.NewWalletAsync("1");

        var paid = Given(await test.Desk.PayAsync(Buy(test, wallet, offer)));

        // A fee of 1 millionth leaves 106: 35.33, 35.33 and 35.34 of them, and the odd one goes to the largest remainder.
        Assert.Equal((Usd("0.000107"), Usd("0.000001")), (paid.Amount, paid.Fee));
        Assert.Equal("0.999893 held 0", await test.BalanceAsync(wallet));
        Assert.Equal(["0.000035 held 0", "0.000035 held 0", "0.000036 held 0"], [await test.BalanceAsync(writer), await test.BalanceAsync(photographer), await test.BalanceAsync(editor)]);
        Assert.Equal(["split -0.000036 The Newsroom", "split -0.000035 The Newsroom", "fee -0.000001 ", $"payment 0.000107 {paid.Payer}"], await LinesAsync(test, writer));
        Assert.Equal(["split 0.000035 The Newsroom"], await LinesAsync(test, photographer));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Refunds_in_parts_take_everything_back_from_everybody(int seed)
    {
        await using var test = await StartAsync(new() { FeeBasisPoints = 333 });
        var (writer, photographer, editor, offer) = await NewSharedOfferAsync(test, $"0.0{7919 * seed}", 6100, 1234, 2666);
        var wallet = await test.NewWalletAsync("1");
        var paid = Given(await test.Desk.PayAsync(Buy(test, wallet, offer)));
        var (left, state, parts) = (paid.Amount.Units, (uint)seed, 0);

        while (left > 0)
        {
            state = unchecked((state * 1664525) + 1013904223);
            var part = UInt128.Min(left, 1 + (state >> 19));
            Given(await test.Desk.RefundAsync(As(writer), paid.Id, test.NewKey(), new Amount(Asset.Usd, part)));
            left -= part;
            parts++;
            var net = left - Given(await test.Desk.ReadAsync(As(wallet), paid.Id)).Fee.Units;
            Assert.Equal(net, Sum(await test.BalanceAsync(writer), await test.BalanceAsync(photographer), await test.BalanceAsync(editor)));
            Assert.InRange(Sum(await test.BalanceAsync(photographer)), net * 1234 / 10_000 - UInt128.Min(net * 1234 / 10_000, (UInt128)parts), (net * 1234 / 10_000) + (UInt128)parts);
        }

        Assert.True(parts >= 5);
        Assert.Equal("1 held 0", await test.BalanceAsync(wallet));
        Assert.Equal(["0 held 0", "0 held 0", "0 held 0"], [await test.BalanceAsync(writer), await test.BalanceAsync(photographer), await test.BalanceAsync(editor)]);
    }

    [Fact]
    public async Task A_held_price_is_shared_when_it_is_posted_even_if_the_wallet_is_erased()
    {
        await using var test = await StartAsync();
        var (writer, photographer, editor, offer) = await NewSharedOfferAsync(test, "0.1", 5000, 3000, 2000);
        var wallet = await test.NewWalletAsync("1");
        var held = Given(await test.Desk.PayAsync(Buy(test, wallet, offer) with { Hold = true }));
        Assert.Equal(["0 held 0.1", "0 held 0", "0 held 0"], [await test.BalanceAsync(writer), await test.BalanceAsync(photographer), await test.BalanceAsync(editor)]);
        Given(await test.Domain.Wallets.EraseAsync(wallet.Id));
        await test.RestartAsync();
        var key = test.NewKey();

        var posted = Given(await test.Desk.PostAsync(As(writer), held.Id, key, Usd("0.05")));

        Assert.Equal((Usd("0.05"), Usd("0.0005")), (posted.Amount, posted.Fee));
        Assert.Equal(["0.02475 held 0", "0.01485 held 0", "0.0099 held 0"], [await test.BalanceAsync(writer), await test.BalanceAsync(photographer), await test.BalanceAsync(editor)]);
        Assert.Equal(posted, Given(await test.Desk.PostAsync(As(writer), held.Id, key, Usd("0.05"))));
        Given(await test.Desk.RefundAsync(As(writer), held.Id, test.NewKey(), null));
        Assert.Equal(["0 held 0", "0 held 0", "0 held 0"], [await test.BalanceAsync(writer), await test.BalanceAsync(photographer), await test.BalanceAsync(editor)]);
    }

    [Fact]
    public async Task The_receipt_of_a_shared_price_proves_every_share()
    {
        await using var test = await StartAsync();
        var (writer, _, _, offer) = await NewSharedOfferAsync(test, "0.1", 5000, 3000, 2000);
        var wallet = await test.NewWalletAsync("1");
        var paid = Given(await test.Desk.PayAsync(Buy(test, wallet, offer)));
        Given(await test.Desk.RefundAsync(As(writer), paid.Id, test.NewKey(), Usd("0.04")));

        var receipt = Given(await test.Domain.Receipts.WriteAsync(As(wallet), paid.Id, TestContext.Current.CancellationToken));

        var verdict = receipt.Verify(test.Ledger.VerifierKey);
        Assert.True(verdict.IsValid, string.Join('\n', verdict.Findings));
        Assert.Equal(8, receipt.Legs.Count);
    }

    [Fact]
    public async Task Nothing_is_given_back_unless_every_share_is()
    {
        await using var test = await StartAsync();
        var (writer, photographer, editor, offer) = await NewSharedOfferAsync(test, "0.1", 5000, 3000, 2000);
        var wallet = await test.NewWalletAsync("1");
        var paid = Given(await test.Desk.PayAsync(Buy(test, wallet, offer)));
        // The photographer has spent what it got.
        await test.SpendAsync(photographer, "0.0297");
        var key = test.NewKey();

        Refused(RefusalCodes.PayeeFundsInsufficient, await test.Desk.RefundAsync(As(writer), paid.Id, key, null));
        Refused(RefusalCodes.PayeeFundsInsufficient, await test.Desk.RefundAsync(As(writer), paid.Id, key, null));

        Assert.Equal("0.9 held 0", await test.BalanceAsync(wallet));
        Assert.Equal(["0.0495 held 0", "0 held 0", "0.0198 held 0"], [await test.BalanceAsync(writer), await test.BalanceAsync(photographer), await test.BalanceAsync(editor)]);
    }

    private static async Task<(Payee Writer, Payee Photographer, Payee Editor, Offer Offer)> NewSharedOfferAsync(TestSystem test, string price, params uint[] basisPoints)
    {
        Payee[] payees = [await test.NewPayeeAsync(), await test.NewPayeeAsync(), await test.NewPayeeAsync()];
        var offer = await test.NewOfferAsync(payees[0], price, splits: [.. payees.Zip(basisPoints, (payee, part) => new Split(payee.Id, part))]);
        return (payees[0], payees[1], payees[2], offer);
    }

    private static PaymentRequest Buy(TestSystem test, Wallet wallet, Offer offer) => new() { Wallet = wallet.Id, Key = test.NewKey(), Offer = offer.Id };

    private static async Task<List<string>> LinesAsync(TestSystem test, Payee payee) =>
        [.. Given(await test.Domain.Statements.ReadAsync(As(payee), null, 50)).Lines.Select(line => $"{line.Kind} {line.SignedAmount} {line.Counterparty}")];

    private static UInt128 Sum(params string[] balances) => balances.Aggregate(UInt128.Zero, (sum, balance) => sum + Usd(balance.Split(' ')[0]).Units);
}
