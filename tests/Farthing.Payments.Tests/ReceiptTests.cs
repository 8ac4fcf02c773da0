using System.Text;
using Farthing.Protocol;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

public class ReceiptTests
{
    [Fact]
    public async Task Receipts_verify_offline_in_every_state()
    {
        await using var test = await StartAsync(new() { FeeBasisPoints = TestSystem.OnePercent, HoldLifetime = TimeSpan.FromMinutes(5) });
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var posted = Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.1"))).Id;
        var feeless = Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.00005"))).Id;
        var held = Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.1", hold: true))).Id;
        await CheckAsync(test, wallet, payee, held, "held 0.1 0 0", 1);
        var voided = Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.1", hold: true))).Id;
        var expired = Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.1", hold: true))).Id;
        Given(await test.Desk.PostAsync(As(payee), held, test.NewKey(), Usd("0.06")));
        Given(await test.Desk.VoidAsync(As(payee), voided, test.NewKey()));
        test.Time.Advance(TimeSpan.FromMinutes(6));

        await CheckAsync(test, wallet, payee, posted, "posted 0.1 0.001 0", 2);
        await CheckAsync(test, wallet, payee, feeless, "posted 0.00005 0 0", 1);
        await CheckAsync(test, wallet, payee, held, "posted 0.06 0.0006 0", 3);
        await CheckAsync(test, wallet, payee, voided, "voided 0.1 0 0", 2);
        await CheckAsync(test, wallet, payee, expired, "expired 0.1 0 0", 2);

        Given(await test.Desk.RefundAsync(As(wallet), posted, test.NewKey(), Usd("0.03")));
        Given(await test.Desk.RefundAsync(As(payee), held, test.NewKey(), null));
        await CheckAsync(test, wallet, payee, posted, "posted 0.1 0.0007 0.03", 4);
        await CheckAsync(test, wallet, payee, held, "posted 0.06 0 0.06", 5);
        await test.RestartAsync();
        await CheckAsync(test, wallet, payee, posted, "posted 0.1 0.0007 0.03", 4);

        Refused(RefusalCodes.PaymentNotFound, await test.Domain.Receipts.WriteAsync(As(await test.NewWalletAsync()), posted, TestContext.Current.CancellationToken));
    }

    private static async Task CheckAsync(TestSystem test, Wallets.Wallet wallet, Payees.Payee payee, Id<PaymentKind> payment, string state, int legs)
    {
        var mine = Given(await test.Domain.Receipts.WriteAsync(As(wallet), payment));
        var theirs = Given(await test.Domain.Receipts.WriteAsync(As(payee), payment));
        foreach (var receipt in new[] { mine, theirs })
        {
            Assert.True(Receipt.TryParse(receipt.ToJson(), out var parsed));
            var verdict = parsed.Verify(test.Ledger.VerifierKey);
            Assert.True(verdict.IsValid, string.Join('\n', verdict.Findings));
            Assert.Equal(state, $"{receipt.Payment.Status} {receipt.Payment.Amount.Amount} {receipt.Payment.Fee.Amount} {receipt.Payment.Refunded.Amount}");
            Assert.Equal(legs, receipt.Legs.Count);
            Assert.False((receipt with { Payment = receipt.Payment with { Refunded = new("0.01", "USD") } }).Verify(test.Ledger.VerifierKey).IsValid);
        }

        Assert.Contains(mine.Legs, leg => leg.Payer == wallet.Id.ToString());
        Assert.DoesNotContain(wallet.Id.ToString()[4..], Encoding.UTF8.GetString(theirs.ToJson()), StringComparison.Ordinal);
        Assert.All(theirs.Legs, leg => Assert.Null(leg.PayerSalt));
    }
}
