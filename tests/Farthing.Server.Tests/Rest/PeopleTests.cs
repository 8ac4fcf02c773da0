using System.Text.Json.Nodes;

namespace Farthing.Server.Tests.Rest;

/// <summary>Wallets that pay wallets.</summary>
public sealed class PeopleTests(SharedServer server)
{
    private readonly Api api = server.Api;

    [Fact]
    public async Task One_person_pays_another_without_a_fee_and_both_read_the_note()
    {
        var (alice, bob) = (await api.NewWalletAsync("10"), await api.NewWalletAsync());
        var paid = await api.PostAsync("/v1/people/payments", alice.Key, await PaymentAsync(bob, "2.000001", "pizza 🍕"));

        Assert.Equal((201, "sent", "2.000001", "pizza 🍕", await HandleAsync(bob)), (paid.Status, paid["direction"], paid.Amount("amount"), paid["note"], paid["counterparty"]));
        Assert.Equal(("7.999999", "0"), await api.BalanceAsync(alice));
        Assert.Equal(("2.000001", "0"), await api.BalanceAsync(bob));
        Assert.Equal(paid.Text, (await api.GetAsync(paid.Headers.Location!.ToString(), alice.Key)).Text);
        var received = await api.GetAsync(paid.Headers.Location!.ToString(), bob.Key);
        Assert.Equal(("received", "2.000001", "pizza 🍕", await HandleAsync(alice)), (received["direction"], received.Amount("amount"), received["note"], received["counterparty"]));

        var sent = (await api.StatementAsync(alice))[^1];
        Assert.Equal(("personal_payment", "-2.000001", "pizza 🍕", await HandleAsync(bob), paid["id"]), LineOf(sent));
        Assert.Equal(("personal_payment", "2.000001", "pizza 🍕", await HandleAsync(alice), paid["id"]), LineOf(Assert.Single(await api.StatementAsync(bob))));
    }

    [Fact]
    public async Task What_a_person_is_paid_counts_on_the_payers_own_caps()
    {
        var (alice, bob) = (await api.NewWalletAsync("10"), await api.NewWalletAsync());
        Assert.Equal(200, (await api.PostAsync($"/v1/wallets/{alice.Id}/caps", alice.Key, $$"""{"perDay":{{Api.Amount("2")}}}""")).Status);
        Assert.Equal(201, (await api.PostAsync("/v1/people/payments", alice.Key, await PaymentAsync(bob, "1.5"))).Status);
        var (key, body) = (Api.NewKey(), await PaymentAsync(bob, "0.6"));
        var over = await api.PostAsync("/v1/people/payments", alice.Key, body, key);
        Expect.Problem(over, 402, "cap_exceeded");
        Assert.Equal(("wallet.perDay", "0.5"), (over["cap"], over.Amount("headroom")));
        Assert.Equal(200, (await api.PostAsync($"/v1/wallets/{alice.Id}/caps", alice.Key, "{}")).Status);
        Assert.Equal(over.Text, (await api.PostAsync("/v1/people/payments", alice.Key, body, key)).Text);
        Assert.Equal(("8.5", "0"), await api.BalanceAsync(alice));
    }

    [Fact]
    public async Task Whoever_was_paid_by_mistake_pays_back()
    {
        var (alice, bob) = (await api.NewWalletAsync("1"), await api.NewWalletAsync());
        var paid = await api.PostAsync("/v1/people/payments", alice.Key, await PaymentAsync(bob, "1"));
        Assert.Null(paid["note"]);
        Expect.Problem(await api.PostAsync($"/v1/payments/pay{paid["id"]![3..]}/refunds", alice.Key, null), 404, "payment_not_found");

        Assert.Equal(201, (await api.PostAsync("/v1/people/payments", bob.Key, $$"""{"to":"{{(await api.GetAsync(paid.Headers.Location!.ToString(), bob.Key))["counterparty"]}}","amount":{{Api.Amount("1")}}}""")).Status);
        Assert.Equal(("1", "0"), await api.BalanceAsync(alice));
        Assert.Equal(("0", "0"), await api.BalanceAsync(bob));
    }

    [Fact]
    public async Task A_key_pays_once_however_often_it_is_sent_and_a_refusal_stays_with_it()
    {
        var (alice, bob) = (await api.NewWalletAsync("1"), await api.NewWalletAsync());
        var (key, body) = (Api.NewKey(), await PaymentAsync(bob, "0.75", "rent"));
        var replies = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => api.PostAsync("/v1/people/payments", alice.Key, body, key)));
        Assert.All(replies, reply => Assert.Equal((201, replies[0].Text), (reply.Status, reply.Text)));
        Assert.Equal(("0.25", "0"), await api.BalanceAsync(alice));
        Expect.Problem(await api.PostAsync("/v1/people/payments", alice.Key, await PaymentAsync(bob, "0.75", "food"), key), 409, "idempotency_conflict");

        var refusedKey = Api.NewKey();
        var refused = await api.PostAsync("/v1/people/payments", alice.Key, body, refusedKey);
        Expect.Problem(refused, 402, "insufficient_funds");
        Assert.Equal(("0.5", "0.25"), (refused.Amount("missing"), refused.Amount("balance")));
        await api.TopUpAsync(alice, "5");
        Assert.Equal(refused.Text, (await api.PostAsync("/v1/people/payments", alice.Key, body, refusedKey)).Text);
        Assert.Equal(("5.25", "0"), await api.BalanceAsync(alice));
        Assert.Equal(("0.75", "0"), await api.BalanceAsync(bob));
    }

    [Fact]
    public async Task A_handle_is_neither_the_wallets_id_nor_of_use_to_anybody_else()
    {
        var (alice, bob, eve, payee) = (await api.NewWalletAsync("10"), await api.NewWalletAsync(), await api.NewWalletAsync("10"), await api.NewPayeeAsync());
        var handle = await HandleAsync(bob);
        Assert.NotEqual(bob.Id[3..], handle[3..]);
        Assert.Equal(handle, await HandleAsync(bob));
        var paid = await api.PostAsync("/v1/people/payments", alice.Key, await PaymentAsync(bob, "1", "secret"));

        Expect.Problem(await api.GetAsync($"/v1/people/payments/{paid["id"]}", eve.Key), 404, "personal_payment_not_found");
        Expect.Problem(await api.GetAsync($"/v1/people/payments/per{payee.Id[3..]}", alice.Key), 404, "personal_payment_not_found");
        Expect.Problem(await api.GetAsync($"/v1/people/payments/{paid["id"]}", payee.Key), 403, "forbidden");
        Expect.Problem(await api.PostAsync("/v1/people/payments", alice.Key, $$"""{"to":"hdl{{bob.Id[3..]}}","amount":{{Api.Amount("1")}}}"""), 404, "handle_not_found");
        Expect.Problem(await api.PostAsync("/v1/people/payments", alice.Key, $$"""{"to":"{{bob.Id}}","amount":{{Api.Amount("1")}}}"""), 400, "invalid_id");
    }

    [Fact]
    public async Task Erasing_one_of_two_wallets_leaves_the_other_its_copy_of_the_note()
    {
        var (alice, bob) = (await api.NewWalletAsync("10"), await api.NewWalletAsync());
        var (key, body) = (Api.NewKey(), await PaymentAsync(bob, "1", "for the flat"));
        var paid = await api.PostAsync("/v1/people/payments", alice.Key, body, key);
        Assert.Equal(200, (await api.PostAsync($"/v1/wallets/{bob.Id}/erase", bob.Key, null)).Status);

        Assert.Equal("for the flat", (await api.GetAsync(paid.Headers.Location!.ToString(), alice.Key))["note"]);
        Assert.Equal(paid.Text, (await api.PostAsync("/v1/people/payments", alice.Key, body, key)).Text);
        Expect.Problem(await api.GetAsync(paid.Headers.Location!.ToString(), bob.Key), 410, "wallet_erased");
        Expect.Problem(await api.PostAsync("/v1/people/payments", alice.Key, body), 404, "handle_not_found");
        Assert.Equal(("9", "0"), await api.BalanceAsync(alice));
    }

    [Theory]
    [InlineData("""{"amount":{"amount":"1","currency":"USD"}}""", "missing_field")]
    [InlineData("""{"to":"HANDLE"}""", "missing_field")]
    [InlineData("""{"to":1,"amount":{"amount":"1","currency":"USD"}}""", "invalid_field")]
    [InlineData("""{"to":"","amount":{"amount":"1","currency":"USD"}}""", "invalid_id")]
    [InlineData("""{"to":"hdl_01JD8Y2M6K","amount":{"amount":"1","currency":"USD"}}""", "invalid_id")]
    [InlineData("""{"to":"OWN","amount":{"amount":"1","currency":"USD"}}""", "invalid_field")]
    [InlineData("""{"to":"EURO","amount":{"amount":"1","currency":"USD"}}""", "currency_mismatch")]
    [InlineData("""{"to":"HANDLE","amount":{"amount":"1","currency":"EUR"}}""", "currency_mismatch")]
    [InlineData("""{"to":"HANDLE","amount":{"amount":"0","currency":"USD"}}""", "amount_must_not_be_zero")]
    [InlineData("""{"to":"HANDLE","amount":{"amount":"-1","currency":"USD"}}""", "amount_must_not_be_negative")]
    [InlineData("""{"to":"HANDLE","amount":{"amount":"0.0000001","currency":"USD"}}""", "too_many_decimals")]
    [InlineData("""{"to":"HANDLE","amount":{"amount":1,"currency":"USD"}}""", "amount_must_be_a_string")]
    [InlineData("""{"to":"HANDLE","amount":{"amount":"1","currency":"USD"},"note":""}""", "invalid_field")]
    [InlineData("""{"to":"HANDLE","amount":{"amount":"1","currency":"USD"},"note":"two\nlines"}""", "invalid_field")]
    [InlineData("""{"to":"HANDLE","amount":{"amount":"1","currency":"USD"},"note":"LONG"}""", "invalid_field")]
    [InlineData("""{"to":"HANDLE","amount":{"amount":"1","currency":"USD"},"hold":true}""", "unknown_field")]
    public async Task What_makes_no_sense_is_refused_by_name_and_nothing_moves(string body, string code)
    {
        var (alice, bob) = (await api.NewWalletAsync("10"), await api.NewWalletAsync());
        body = body.Replace("HANDLE", await HandleAsync(bob)).Replace("OWN", await HandleAsync(alice)).Replace("LONG", new string('x', 141));
        if (body.Contains("EURO", StringComparison.Ordinal)) body = body.Replace("EURO", await HandleAsync(await api.NewWalletAsync(currency: "EUR")));
        Expect.Problem(await api.PostAsync("/v1/people/payments", alice.Key, body), 400, code);
        Assert.Equal(("10", "0"), await api.BalanceAsync(alice));
        Assert.Empty(await api.StatementAsync(bob));
    }

    [Fact]
    public async Task The_longest_note_in_the_widest_characters_comes_back_whole()
    {
        var (alice, bob) = (await api.NewWalletAsync("1"), await api.NewWalletAsync());
        var note = string.Concat(Enumerable.Repeat("一", 140));
        var paid = await api.PostAsync("/v1/people/payments", alice.Key, await PaymentAsync(bob, "1", note));
        Assert.Equal((201, note), (paid.Status, paid["note"]));
        Assert.Equal(note, (await api.GetAsync(paid.Headers.Location!.ToString(), bob.Key))["note"]);
    }

    private async Task<string> HandleAsync(Account wallet) => (await api.GetAsync($"/v1/wallets/{wallet.Id}", wallet.Key))["handle"]!;

    private async Task<string> PaymentAsync(Account to, string amount, string? note = null) =>
        $$"""{"to":"{{await HandleAsync(to)}}","amount":{{Api.Amount(amount)}}{{(note is null ? "" : $",\"note\":\"{note}\"")}}}""";

    private static (string?, string?, string?, string?, string?) LineOf(JsonNode line) =>
        (line["kind"]?.ToString(), line["amount"]!["amount"]!.ToString(), line["title"]?.ToString(), line["counterparty"]?.ToString(), line["personalPayment"]?.ToString());
}
