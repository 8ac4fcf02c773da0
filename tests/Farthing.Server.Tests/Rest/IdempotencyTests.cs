namespace Farthing.Server.Tests.Rest;

public sealed class IdempotencyTests(SharedServer server)
{
    private readonly Api api = server.Api;

    [Fact]
    public async Task The_same_key_with_the_same_body_gives_the_same_answer_at_every_write()
    {
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("10");
        var held = await api.PayAsync(wallet, payee, "1", hold: true);
        var toVoid = await api.PayAsync(wallet, payee, "1", hold: true);
        var posted = await api.PayAsync(wallet, payee, "1");
        (string Path, string? Bearer, string Body)[] writes =
        [
            ("/v1/payees", ServerProcess.OperatorKey, """{"name":"Shop","currency":"USD"}"""),
            ("/v1/wallets", null, """{"currency":"USD"}"""),
            ("/v1/offers", payee.Key, """{"name":"A","pricing":{"model":"per-use","price":{"amount":"1","currency":"USD"}}}"""),
            ($"/v1/wallets/{wallet.Id}/top-ups", wallet.Key, $$"""{"amount":{{Api.Amount("1")}},"rail":"sandbox"}"""),
            ("/v1/payments", wallet.Key, Api.Payment(payee, "0.5", reference: "once")),
            ("/v1/payments", wallet.Key, Api.Payment(payee, "0.25", hold: true)),
            ($"/v1/payments/{held}/post", payee.Key, $$"""{"amount":{{Api.Amount("0.5")}}}"""),
            ($"/v1/payments/{toVoid}/void", payee.Key, "{}"),
            ($"/v1/payments/{posted}/refunds", wallet.Key, $$"""{"amount":{{Api.Amount("0.125")}}}"""),
        ];
        foreach (var (path, bearer, body) in writes)
        {
            var key = Api.NewKey();
            var first = await api.PostAsync(path, bearer, body, key);
            Assert.True(first.Status is 200 or 201, $"{path}: {first.Text}");
            for (var i = 0; i < 2; i++)
            {
                var again = await api.PostAsync(path, bearer, body, key);
                Assert.Equal((first.Status, first.Text), (again.Status, again.Text));
                Assert.Equal(first.Headers.Location, again.Headers.Location);
            }
        }

        // 10 + 1 topped up; 0.5 posted of the hold of 1, 1 paid less 0.125 refunded, 0.5 paid; 0.25 held.
        Assert.Equal(("8.875", "0.25"), await api.BalanceAsync(wallet));
    }

    [Fact]
    public async Task The_same_key_with_another_body_conflicts_at_every_write_and_moves_nothing()
    {
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("10");
        var held = await api.PayAsync(wallet, payee, "1", hold: true);
        var posted = await api.PayAsync(wallet, payee, "1");
        (string Path, string? Bearer, string Body, string Other)[] writes =
        [
            ("/v1/payees", ServerProcess.OperatorKey, """{"name":"Shop","currency":"USD"}""", """{"name":"Shop","currency":"EUR"}"""),
            ("/v1/wallets", null, """{"currency":"USD"}""", """{"currency":"EUR"}"""),
            ("/v1/offers", payee.Key, """{"name":"A","pricing":{"model":"per-use","price":{"amount":"1","currency":"USD"}}}""", """{"name":"A","pricing":{"model":"per-use","price":{"amount":"2","currency":"USD"}}}"""),
            ($"/v1/wallets/{wallet.Id}/top-ups", wallet.Key, $$"""{"amount":{{Api.Amount("1")}},"rail":"sandbox"}""", $$"""{"amount":{{Api.Amount("2")}},"rail":"sandbox"}"""),
            ("/v1/payments", wallet.Key, Api.Payment(payee, "1"), Api.Payment(payee, "2")),
            ("/v1/payments", wallet.Key, Api.Payment(payee, "1"), Api.Payment(payee, "1", hold: true)),
            ("/v1/payments", wallet.Key, Api.Payment(payee, "1"), Api.Payment(payee, "1", reference: "other")),
            ($"/v1/payments/{held}/post", payee.Key, $$"""{"amount":{{Api.Amount("0.5")}}}""", "{}"),
            ($"/v1/payments/{posted}/refunds", payee.Key, $$"""{"amount":{{Api.Amount("0.5")}}}""", $$"""{"amount":{{Api.Amount("0.25")}}}"""),
        ];
        foreach (var (path, bearer, body, other) in writes)
        {
            var key = Api.NewKey();
            var first = await api.PostAsync(path, bearer, body, key);
            Assert.True(first.Status is 200 or 201, $"{path}: {first.Text}");
            var before = await api.BalanceAsync(wallet);
            Expect.Problem(await api.PostAsync(path, bearer, other, key), 409, "idempotency_conflict");
            Assert.Equal(before, await api.BalanceAsync(wallet));
            Assert.Equal(first.Text, (await api.PostAsync(path, bearer, body, key)).Text);
        }
    }

    [Fact]
    public async Task A_key_is_scoped_to_its_caller()
    {
        var payee = await api.NewPayeeAsync();
        var key = Api.NewKey();
        var ids = new HashSet<string>();
        for (var i = 0; i < 2; i++)
        {
            var wallet = await api.NewWalletAsync("1");
            ids.Add((await api.PostAsync("/v1/payments", wallet.Key, Api.Payment(payee, "1"), key))["id"]!);
            Assert.Equal("0", (await api.BalanceAsync(wallet)).Balance);
        }

        Assert.Equal(2, ids.Count);
    }

    [Theory]
    [InlineData("k")]
    [InlineData("order/7#retry")]
    public async Task Any_visible_key_will_do_for_one_who_has_an_account(string key)
    {
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("1");
        var first = await api.PostAsync("/v1/payments", wallet.Key, Api.Payment(payee, "0.5"), key);
        Assert.Equal(201, first.Status);
        Assert.Equal(first.Text, (await api.PostAsync("/v1/payments", wallet.Key, Api.Payment(payee, "0.5"), key)).Text);
        Assert.Equal("0.5", (await api.BalanceAsync(wallet)).Balance);
    }

    [Fact]
    public async Task Many_at_once_with_one_key_pay_once()
    {
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("10");
        var key = Api.NewKey();
        var answers = await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => api.PostAsync("/v1/payments", wallet.Key, Api.Payment(payee, "1"), key)));
        Assert.All(answers, answer => Assert.Equal((201, answers[0].Text), (answer.Status, answer.Text)));
        Assert.Equal("9", (await api.BalanceAsync(wallet)).Balance);
    }

    [Fact]
    public async Task Many_at_once_never_spend_more_than_there_is()
    {
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("1");
        var answers = await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => api.PostAsync("/v1/payments", wallet.Key, Api.Payment(payee, "0.1"))));
        Assert.Equal(10, answers.Count(answer => answer.Status == 201));
        Assert.Equal(22, answers.Count(answer => answer.Status == 402));
        Assert.Equal(("0", "0"), await api.BalanceAsync(wallet));
    }

    [Fact]
    public async Task Keys_hold_across_a_restart()
    {
        await using var process = await ServerProcess.StartAsync();
        using var own = new Api(process);
        var payeeKey = Api.NewKey();
        var walletKey = Api.NewKey();
        var payee = await own.PostAsync("/v1/payees", ServerProcess.OperatorKey, """{"name":"Shop","currency":"USD"}""", payeeKey);
        var wallet = await own.PostAsync("/v1/wallets", null, """{"currency":"USD"}""", walletKey);
        var account = new Account(wallet["id"]!, wallet["key"]!);
        await own.TopUpAsync(account, "10");
        var paymentKey = Api.NewKey();
        var body = Api.Payment(new Account(payee["id"]!, payee["key"]!), "1", reference: "once");
        var paid = await own.PostAsync("/v1/payments", account.Key, body, paymentKey);
        var refundKey = Api.NewKey();
        var refunded = await own.PostAsync($"/v1/payments/{paid["id"]}/refunds", account.Key, null, refundKey);
        Assert.Equal(201, refunded.Status);

        foreach (var isKilled in new[] { false, true })
        {
            if (isKilled) await process.KillAsync();
            else Assert.Equal(0, await process.TerminateAsync());
            await process.StartAgainAsync();
            Assert.Equal(payee.Text, (await own.PostAsync("/v1/payees", ServerProcess.OperatorKey, """{"name":"Shop","currency":"USD"}""", payeeKey)).Text);
            Assert.Equal(wallet.Text, (await own.PostAsync("/v1/wallets", null, """{"currency":"USD"}""", walletKey)).Text);
            Assert.Equal(paid.Text, (await own.PostAsync("/v1/payments", account.Key, body, paymentKey)).Text);
            Assert.Equal(refunded.Text, (await own.PostAsync($"/v1/payments/{paid["id"]}/refunds", account.Key, null, refundKey)).Text);
            Expect.Problem(await own.PostAsync("/v1/payments", account.Key, body.Replace("once", "twice", StringComparison.Ordinal), paymentKey), 409, "idempotency_conflict");
            Assert.Equal(("10", "0"), await own.BalanceAsync(account));
        }
    }
}
