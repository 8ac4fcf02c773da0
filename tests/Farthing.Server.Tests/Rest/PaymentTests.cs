using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Farthing.Protocol;

namespace Farthing.Server.Tests.Rest;

public sealed class PaymentTests(SharedServer server)
{
    private readonly Api api = server.Api;

    [Fact]
    public async Task A_payment_by_offer_moves_price_and_fee_to_the_last_millionth()
    {
        var payee = await api.NewPayeeAsync();
        var offer = await api.NewOfferAsync(payee, "0.02");
        var wallet = await api.NewWalletAsync("10");
        var paid = await api.PostAsync("/v1/payments", wallet.Key, $$"""{"offer":"{{offer}}","quantity":3,"reference":"order of the day"}""");

        Assert.Equal((201, "posted", "0.06", "0.0006", "0"), (paid.Status, paid["status"], paid.Amount("amount"), paid.Amount("fee"), paid.Amount("refunded")));
        Assert.Equal((payee.Id, wallet.Id, offer, "order of the day"), (paid["payee"], paid["wallet"], paid["offer"], paid["reference"]));
        Assert.Null(paid["payer"]);
        Assert.Equal($"/v1/payments/{paid["id"]}", paid.Headers.Location?.ToString());
        Assert.Equal(("9.94", "0"), await api.BalanceAsync(wallet));
        Assert.Equal(("0.0594", "0"), await api.BalanceAsync(payee));
        Assert.Equal(paid.Text, (await api.GetAsync($"/v1/payments/{paid["id"]}", wallet.Key)).Text);
    }

    [Fact]
    public async Task Requests_sent_before_the_answers_to_those_before_them_are_answered_in_order()
    {
        var payee = await api.NewPayeeAsync();
        var offer = await api.NewOfferAsync(payee, "0.02");
        var wallet = await api.NewWalletAsync("10");
        var body = $$"""{"offer":"{{offer}}"}""";
        var pay = () => $"POST /v1/payments HTTP/1.1\r\nHost: farthing\r\nAuthorization: Bearer {wallet.Key}\r\nIdempotency-Key: {Api.NewKey()}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}";
        var read = (string more) => $"GET /v1/wallets/{wallet.Id} HTTP/1.1\r\nHost: farthing\r\nAuthorization: Bearer {wallet.Key}\r\n{more}\r\n";

        using var client = new TcpClient();
        await client.ConnectAsync(server.Process.Address.Host, server.Process.Address.Port, TestContext.Current.CancellationToken);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(pay() + read("") + pay() + pay() + read("Connection: close\r\n")), TestContext.Current.CancellationToken);
        var answers = await new StreamReader(stream).ReadToEndAsync(TestContext.Current.CancellationToken);

        Assert.Equal(["201", "200", "201", "201", "200"], Regex.Matches(answers, "HTTP/1.1 ([0-9]+)").Select(status => status.Groups[1].Value));
        Assert.Equal(["9.98", "9.94"], Regex.Matches(answers, "\"balance\":\\{\"amount\":\"([^\"]+)\"").Select(balance => balance.Groups[1].Value));
    }

    [Fact]
    public async Task A_payee_sees_a_pseudonym_that_differs_from_payee_to_payee()
    {
        var wallet = await api.NewWalletAsync("10");
        var first = await api.NewPayeeAsync();
        var second = await api.NewPayeeAsync();
        var pseudonyms = new List<string>();
        foreach (var payee in new[] { first, first, second })
        {
            var seen = await api.GetAsync($"/v1/payments/{await api.PayAsync(wallet, payee, "1")}", payee.Key);
            Assert.Equal(200, seen.Status);
            Assert.Null(seen["wallet"]);
            Assert.DoesNotContain(wallet.Id, seen.Text, StringComparison.Ordinal);
            pseudonyms.Add(seen["payer"]!);
        }

        Assert.Equal(pseudonyms[0], pseudonyms[1]);
        Assert.NotEqual(pseudonyms[0], pseudonyms[2]);
    }

    [Fact]
    public async Task A_payment_is_seen_by_its_wallet_and_payee_only()
    {
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("1");
        var payment = await api.PayAsync(wallet, payee, "1", reference: "ours");
        foreach (var stranger in new[] { await api.NewWalletAsync(), await api.NewPayeeAsync() })
        {
            Expect.Problem(await api.GetAsync($"/v1/payments/{payment}", stranger.Key), 404, "payment_not_found");
            Expect.Problem(await api.GetAsync($"/v1/payments/{payment}/receipt", stranger.Key), 404, "payment_not_found");
            Expect.Problem(await api.PostAsync($"/v1/payments/{payment}/refunds", stranger.Key, null), 404, "payment_not_found");
            Assert.Empty((await api.GetAsync("/v1/payments?reference=ours", stranger.Key)).Json["lines"]!.AsArray());
        }

        Expect.Problem(await api.GetAsync($"/v1/payments/{payment}", ServerProcess.OperatorKey), 403, "forbidden");
        Assert.Equal(("0", "0"), await api.BalanceAsync(wallet));
    }

    [Fact]
    public async Task Payments_are_found_by_reference_newest_first()
    {
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("10");
        var made = new List<string>();
        for (var i = 0; i < 3; i++) made.Insert(0, await api.PayAsync(wallet, payee, "1", reference: "invoice 7"));
        await api.PayAsync(wallet, payee, "1", reference: "invoice 8");

        foreach (var account in new[] { wallet, payee })
        {
            var first = await api.GetAsync("/v1/payments?reference=invoice%207&pageSize=2", account.Key);
            Assert.Equal(made[..2], first.Json["lines"]!.AsArray().Select(line => line!["id"]!.GetValue<string>()));
            var second = await api.GetAsync($"/v1/payments?reference=invoice%207&pageSize=2&cursor={Uri.EscapeDataString(first["next"]!)}", account.Key);
            Assert.Equal(made[2..], second.Json["lines"]!.AsArray().Select(line => line!["id"]!.GetValue<string>()));
            Assert.Null(second["next"]);
        }

        Expect.Problem(await api.GetAsync("/v1/payments", wallet.Key), 400, "missing_field");
    }

    [Fact]
    public async Task A_payment_by_terms_answers_with_an_entitlement_that_verifies_offline()
    {
        var (signingKey, registered) = Api.NewSigningKey();
        var payee = await api.NewPayeeAsync(more: $$""","signingKey":"{{registered}}","website":"https://news.example" """);
        var wallet = await api.NewWalletAsync("1");
        var terms = NewTerms(payee);
        var paid = await api.PostAsync("/v1/payments", wallet.Key, $$"""{"terms":"{{terms.Sign(signingKey)}}"}""");

        Assert.True(paid.Status == 201, paid.Text);
        Assert.Equal(("posted", "0.02", "/articles/rain"), (paid["status"], paid.Amount("amount"), paid["resource"]));
        Assert.True(VerifyingKey.TryParse((await api.GetAsync("/v1/entitlement-key")).Text, out var serverKey));
        Assert.True(Entitlement.TryVerify(paid["entitlement"], serverKey, out var entitlement));
        Assert.Equal((payee.Id, paid["id"], "/articles/rain", terms.Nonce), (entitlement.Payee.ToString(), entitlement.Payment.ToString(), entitlement.Resource, entitlement.Nonce));
        Assert.Equal("0.98", (await api.BalanceAsync(wallet)).Balance);
    }

    [Fact]
    public async Task Terms_that_are_edited_expired_or_for_another_site_are_refused()
    {
        var (signingKey, registered) = Api.NewSigningKey();
        var (otherKey, _) = Api.NewSigningKey();
        var payee = await api.NewPayeeAsync(more: $$""","signingKey":"{{registered}}","website":"https://news.example" """);
        var unsigned = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("1");
        var good = NewTerms(payee);
        (string Token, int Status, string Code)[] cases =
        [
            (good.Sign(otherKey), 400, "terms_invalid"),
            ((good with { Amount = Amount.Parse("0.01 USD") }).Sign(signingKey).Split('.')[0] + "." + good.Sign(signingKey).Split('.')[1], 400, "terms_invalid"),
            ("nonsense", 400, "terms_invalid"),
            (new string('a', 5000), 400, "terms_invalid"),
            ((good with { Expires = good.Expires.AddHours(-2) }).Sign(signingKey), 409, "terms_expired"),
            ((good with { ReturnUrl = "https://evil.example/back" }).Sign(signingKey), 400, "terms_for_another_site"),
            ((good with { Payee = Id<PayeeKind>.Parse(unsigned.Id) }).Sign(signingKey), 409, "payee_has_no_signing_key"),
            ((good with { Payee = Id<PayeeKind>.New(TimeProvider.System) }).Sign(signingKey), 404, "payee_not_found"),
            ((good with { Amount = Amount.Parse("0.02 EUR") }).Sign(signingKey), 400, "currency_mismatch"),
        ];
        foreach (var (token, status, code) in cases)
            Expect.Problem(await api.PostAsync("/v1/payments", wallet.Key, $$"""{"terms":"{{token}}"}"""), status, code);
        Assert.Equal(("1", "0"), await api.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_held_payment_is_posted_in_part_and_the_rest_returns()
    {
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("10");
        var payment = await api.PayAsync(wallet, payee, "4", hold: true);
        Assert.Equal(("6", "4"), await api.BalanceAsync(wallet));
        Assert.Equal(("0", "4"), await api.BalanceAsync(payee));

        Expect.Problem(await api.PostAsync($"/v1/payments/{payment}/post", payee.Key, $$"""{"amount":{{Api.Amount("4.000001")}}}"""), 409, "exceeds_held");
        Expect.Problem(await api.PostAsync($"/v1/payments/{payment}/post", wallet.Key, null), 403, "forbidden");
        var posted = await api.PostAsync($"/v1/payments/{payment}/post", payee.Key, $$"""{"amount":{{Api.Amount("1.5")}}}""");
        Assert.Equal((200, "posted", "1.5", "0.015"), (posted.Status, posted["status"], posted.Amount("amount"), posted.Amount("fee")));
        Assert.Equal(("8.5", "0"), await api.BalanceAsync(wallet));
        Assert.Equal(("1.485", "0"), await api.BalanceAsync(payee));

        Expect.Problem(await api.PostAsync($"/v1/payments/{payment}/void", payee.Key, null), 409, "hold_already_posted");
        Expect.Problem(await api.PostAsync($"/v1/payments/{payment}/post", payee.Key, null), 409, "hold_already_posted");
        Assert.Equal(("8.5", "0"), await api.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_voided_payment_cannot_be_posted_any_more()
    {
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("10");
        var payment = await api.PayAsync(wallet, payee, "4", hold: true);
        Expect.Problem(await api.PostAsync($"/v1/payments/{payment}/refunds", payee.Key, null), 409, "payment_not_posted");

        var voided = await api.PostAsync($"/v1/payments/{payment}/void", payee.Key, "{}");
        Assert.Equal((200, "voided"), (voided.Status, voided["status"]));
        Expect.Problem(await api.PostAsync($"/v1/payments/{payment}/post", payee.Key, null), 409, "hold_already_voided");
        Expect.Problem(await api.PostAsync($"/v1/payments/{payment}/void", payee.Key, null), 409, "hold_already_voided");

        var plain = await api.PayAsync(wallet, payee, "1");
        Expect.Problem(await api.PostAsync($"/v1/payments/{plain}/post", payee.Key, null), 409, "payment_not_held");
        Expect.Problem(await api.PostAsync($"/v1/payments/{plain}/void", payee.Key, null), 409, "payment_not_held");
        Assert.Equal(("9", "0"), await api.BalanceAsync(wallet));
        Assert.Equal(("0.99", "0"), await api.BalanceAsync(payee));
    }

    [Fact]
    public async Task Refunds_give_back_the_fee_in_proportion_and_stop_at_what_was_paid()
    {
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("10");
        var payment = await api.PayAsync(wallet, payee, "1");
        Assert.Equal("0.99", (await api.BalanceAsync(payee)).Balance);

        var part = await api.PostAsync($"/v1/payments/{payment}/refunds", wallet.Key, $$"""{"amount":{{Api.Amount("0.4")}}}""");
        Assert.Equal((201, "0.4", "0.004", payment), (part.Status, part.Amount("amount"), part.Amount("feeReturned"), part["payment"]));
        Expect.Problem(await api.PostAsync($"/v1/payments/{payment}/refunds", payee.Key, $$"""{"amount":{{Api.Amount("0.600001")}}}"""), 409, "exceeds_refundable");
        var rest = await api.PostAsync($"/v1/payments/{payment}/refunds", payee.Key, null);
        Assert.Equal((201, "0.6", "0.006"), (rest.Status, rest.Amount("amount"), rest.Amount("feeReturned")));
        Expect.Problem(await api.PostAsync($"/v1/payments/{payment}/refunds", payee.Key, null), 409, "exceeds_refundable");

        var read = await api.GetAsync($"/v1/payments/{payment}", wallet.Key);
        Assert.Equal(("posted", "1", "0", "1"), (read["status"], read.Amount("amount"), read.Amount("fee"), read.Amount("refunded")));
        Assert.Equal(("10", "0"), await api.BalanceAsync(wallet));
        Assert.Equal(("0", "0"), await api.BalanceAsync(payee));
    }

    [Fact]
    public async Task A_wallet_has_only_so_many_refunds_of_its_own_and_the_payee_more()
    {
        var payee = await api.NewPayeeAsync(more: ",\"refundsPerWalletPerMonth\":1");
        var wallet = await api.NewWalletAsync("10");
        var first = await api.PayAsync(wallet, payee, "1");
        var second = await api.PayAsync(wallet, payee, "1");
        Assert.Equal(201, (await api.PostAsync($"/v1/payments/{first}/refunds", wallet.Key, null)).Status);
        Expect.Problem(await api.PostAsync($"/v1/payments/{second}/refunds", wallet.Key, null), 409, "refund_allowance_exhausted");
        Assert.Equal("9", (await api.BalanceAsync(wallet)).Balance);
        Assert.Equal(201, (await api.PostAsync($"/v1/payments/{second}/refunds", payee.Key, null)).Status);
    }

    [Fact]
    public async Task A_payment_without_a_refund_window_is_never_refunded()
    {
        var payee = await api.NewPayeeAsync();
        var offer = await api.NewOfferAsync(payee, "1", ",\"refundWindowSeconds\":0");
        var wallet = await api.NewWalletAsync("1");
        var paid = await api.PostAsync("/v1/payments", wallet.Key, $$"""{"offer":"{{offer}}"}""");
        Assert.Null(paid["refundableUntil"]);
        Expect.Problem(await api.PostAsync($"/v1/payments/{paid["id"]}/refunds", wallet.Key, null), 409, "refund_window_over");
        Expect.Problem(await api.PostAsync($"/v1/payments/{paid["id"]}/refunds", payee.Key, null), 409, "refund_window_over");
    }

    [Fact]
    public async Task Insufficient_funds_names_what_is_missing_and_binds_the_key()
    {
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("1");
        var key = Api.NewKey();
        var refused = await api.PostAsync("/v1/payments", wallet.Key, Api.Payment(payee, "1.25"), key);
        Expect.Problem(refused, 402, "insufficient_funds");
        Assert.Equal("new_key", refused["retry"]);
        Assert.Equal("""{"amount":"0.25","currency":"USD"}""", refused.Json["missing"]!.ToJsonString());

        await api.TopUpAsync(wallet, "5");
        Expect.Problem(await api.PostAsync("/v1/payments", wallet.Key, Api.Payment(payee, "1.25"), key), 402, "insufficient_funds");
        Assert.Equal(("6", "0"), await api.BalanceAsync(wallet));
        Assert.Equal(201, (await api.PostAsync("/v1/payments", wallet.Key, Api.Payment(payee, "1.25"))).Status);
    }

    [Fact]
    public async Task A_receipt_verifies_offline_and_shows_a_payee_no_wallet()
    {
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("10");
        var posted = await api.PayAsync(wallet, payee, "1");
        Assert.Equal(201, (await api.PostAsync($"/v1/payments/{posted}/refunds", payee.Key, $$"""{"amount":{{Api.Amount("0.5")}}}""")).Status);
        var held = await api.PayAsync(wallet, payee, "1", hold: true);
        var tiny = await api.PayAsync(wallet, payee, "0.000001");

        foreach (var (payment, legs, isAlone) in new[] { (posted, 4, false), (held, 1, true), (tiny, 1, true) })
        {
            var forWallet = await api.GetAsync($"/v1/payments/{payment}/receipt", wallet.Key);
            var receipt = await Receipts.AssertValidAsync(api, forWallet);
            Assert.Equal(payment, receipt.Payment.Id);
            Assert.Equal(legs, receipt.Legs.Count);
            Assert.Equal(isAlone, forWallet["leaf"] is not null);
            Assert.Contains(wallet.Id, forWallet.Text, StringComparison.Ordinal);

            var forPayee = await api.GetAsync($"/v1/payments/{payment}/receipt", payee.Key);
            await Receipts.AssertValidAsync(api, forPayee);
            Assert.DoesNotContain(wallet.Id, forPayee.Text, StringComparison.Ordinal);
        }

        Assert.True(CheckpointKey.TryParse((await api.GetAsync("/v1/ledger/key")).Text.TrimEnd(), out var key));
        Assert.True(Checkpoint.TryVerify((await api.GetAsync("/v1/ledger/checkpoint")).Text, key, out _));
    }

    private static Terms NewTerms(Account payee) => new()
    {
        Payee = Id<PayeeKind>.Parse(payee.Id),
        Amount = Amount.Parse("0.02 USD"),
        Resource = "/articles/rain",
        Expires = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + 600),
        Nonce = "bm9uY2Ugb2YgYSB0ZXN0",
    };
}
