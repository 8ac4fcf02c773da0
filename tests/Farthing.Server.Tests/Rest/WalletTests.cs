using Farthing.Protocol;

namespace Farthing.Server.Tests.Rest;

public sealed class WalletTests(SharedServer server)
{
    private readonly Api api = server.Api;

    [Fact]
    public async Task Anyone_makes_a_wallet_and_reads_it_with_its_key()
    {
        var made = await api.PostAsync("/v1/wallets", null, """{"currency":"BTC"}""");
        Assert.Equal(201, made.Status);
        Assert.Equal($"/v1/wallets/{made["id"]}", made.Headers.Location?.ToString());

        var read = await api.GetAsync($"/v1/wallets/{made["id"]}", made["key"]);
        Assert.Equal((200, "BTC", "0", "0"), (read.Status, read["currency"], read.Amount("balance"), read.Amount("held")));
        Assert.Equal("no-store", read.Headers.CacheControl?.ToString());
    }

    [Fact]
    public async Task A_wallet_needs_a_random_key_because_the_key_stands_for_its_owner()
    {
        Expect.Problem(await api.PostAsync("/v1/wallets", null, """{"currency":"USD"}""", "wallet-1"), 400, "idempotency_key_invalid");
        Expect.Problem(await api.PostAsync("/v1/wallets", null, """{"currency":"USD"}""", new string('a', 32)), 400, "idempotency_key_invalid");
    }

    [Theory]
    [InlineData("fail", "failed")]
    [InlineData(null, "posted")]
    public async Task The_sandbox_does_what_it_is_told(string? instruction, string status)
    {
        var wallet = await api.NewWalletAsync();
        var sandbox = instruction is null ? "" : $",\"sandbox\":\"{instruction}\"";
        var made = await api.PostAsync($"/v1/wallets/{wallet.Id}/top-ups", wallet.Key, $$"""{"amount":{{Api.Amount("10")}},"rail":"sandbox"{{sandbox}}}""");

        Assert.Equal((201, status, "10"), (made.Status, made["status"], made.Amount("amount")));
        Assert.Equal(made.Text, (await api.GetAsync(made.Headers.Location!.ToString(), wallet.Key)).Text);
        Assert.Equal((status == "posted" ? "10" : "0", "0"), await api.BalanceAsync(wallet));
    }

    [Theory]
    [InlineData("""{"amount":{"amount":"1","currency":"USD"}}""", "missing_field")]
    [InlineData("""{"amount":{"amount":"1","currency":"USD"},"rail":"card"}""", "rail_not_available")]
    [InlineData("""{"amount":{"amount":"1","currency":"EUR"},"rail":"sandbox"}""", "currency_mismatch")]
    [InlineData("""{"amount":{"amount":"1000.000001","currency":"USD"},"rail":"sandbox"}""", "amount_too_large")]
    [InlineData("""{"amount":{"amount":"1","currency":"USD"},"rail":"sandbox","sandbox":"explode"}""", "invalid_field")]
    [InlineData("""{"amount":{"amount":"1","currency":"USD"},"rail":"sandbox","sandbox":"delay:0"}""", "invalid_field")]
    public async Task A_top_up_is_refused_what_makes_no_sense(string body, string code)
    {
        var wallet = await api.NewWalletAsync();
        Expect.Problem(await api.PostAsync($"/v1/wallets/{wallet.Id}/top-ups", wallet.Key, body), 400, code);
        Assert.Equal(("0", "0"), await api.BalanceAsync(wallet));
        Assert.Empty(await api.StatementAsync(wallet));
    }

    [Fact]
    public async Task A_statement_is_read_in_pages_and_adds_up_to_the_balance()
    {
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("10");
        var first = await api.PayAsync(wallet, payee, "0.000001");
        await api.PayAsync(wallet, payee, "1.5", reference: "invoice 7");
        await api.PayAsync(wallet, payee, "2", hold: true);
        Assert.Equal(201, (await api.PostAsync($"/v1/payments/{first}/refunds", payee.Key, null)).Status);

        foreach (var account in new[] { wallet, payee })
        {
            var lines = await api.StatementAsync(account, pageSize: 2);
            Assert.Equal((await api.StatementAsync(account)).Select(line => line.ToJsonString()), lines.Select(line => line.ToJsonString()));
            var (balance, held) = await api.BalanceAsync(account);
            Assert.Equal(Money.Sum(lines, "amount") - (account == wallet ? Money.Sum(lines, "held") : 0), Money.Units(balance));
            Assert.Equal(Money.Sum(lines, "held"), Money.Units(held));
            Assert.Equal(balance, lines[^1]["balance"]!["amount"]!.GetValue<string>());
        }

        var paid = (await api.StatementAsync(wallet)).Where(line => line["kind"]!.GetValue<string>() == "payment").ToList();
        Assert.Equal(["-0.000001", "-1.5"], paid.Select(line => line["amount"]!["amount"]!.GetValue<string>()));
        Assert.Equal(("Shop", "invoice 7"), (paid[1]["counterparty"]!.GetValue<string>(), paid[1]["reference"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Balances_and_statements_are_read_as_they_stood_at_any_time()
    {
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("10");
        for (var i = 1; i <= 4; i++)
        {
            await api.PayAsync(wallet, payee, $"0.{i}");
            await api.PayAsync(wallet, payee, "0.05", hold: true);
        }

        foreach (var (account, path) in new[] { (wallet, $"/v1/wallets/{wallet.Id}"), (payee, $"/v1/payees/{payee.Id}") })
        {
            var lines = await api.StatementAsync(account);
            var times = lines.Select(line => line["createdAt"]!.GetValue<string>()).ToArray();
            foreach (var time in times.Distinct())
            {
                var last = lines.Last(line => string.CompareOrdinal(line["createdAt"]!.GetValue<string>(), time) <= 0);
                Assert.Equal(last["balance"]!["amount"]!.GetValue<string>(), (await api.GetAsync($"{path}?at={time}", account.Key)).Amount("balance"));
                var since = await api.GetAsync($"{path}/statement?since={time}", account.Key);
                var until = await api.GetAsync($"{path}/statement?until={time}&pageSize=200", account.Key);
                Assert.Equal(times.Count(other => string.CompareOrdinal(other, time) >= 0), since.Json["lines"]!.AsArray().Count);
                Assert.Equal(times.Count(other => string.CompareOrdinal(other, time) < 0), until.Json["lines"]!.AsArray().Count);
            }

            Assert.True(lines.Count >= 8);
            var before = await api.GetAsync($"{path}?at=2020-01-01T00:00:00Z", account.Key);
            Assert.Equal(("0", "0"), (before.Amount("balance"), before.Amount("held")));
            var ahead = await api.GetAsync($"{path}?at=2999-12-31T23:59:59.999Z", account.Key);
            Assert.Equal(await api.BalanceAsync(account), (ahead.Amount("balance"), ahead.Amount("held")));

            // Page by page, the period is the same one.
            var (first, paged, next) = (times[2], new List<string>(), "");
            do
            {
                var page = await api.GetAsync($"{path}/statement?since={first}&pageSize=2{next}", account.Key);
                paged.AddRange(page.Json["lines"]!.AsArray().Select(line => line!["createdAt"]!.GetValue<string>()));
                next = page["next"] is { } cursor ? $"&cursor={Uri.EscapeDataString(cursor)}" : "";
            }
            while (next.Length > 0);
            Assert.Equal(times.Where(time => string.CompareOrdinal(time, first) >= 0).Reverse(), paged);

            foreach (var wrong in new[] { "?at=yesterday", "?at=", "?at=2026-11-23", "?at=2026-11-23T09:30:00Z&at=2026-11-23T09:30:00Z", "/statement?since=1", "/statement?until=2026-13-01T00:00:00Z" })
                Expect.Problem(await api.GetAsync(path + wrong, account.Key), 400, "invalid_field");
        }
    }

    [Fact]
    public async Task Nobody_reads_or_tops_up_another_wallet()
    {
        var mine = await api.NewWalletAsync();
        var other = await api.NewWalletAsync("1");
        var payee = await api.NewPayeeAsync();
        var topUp = $$"""{"amount":{{Api.Amount("1")}},"rail":"sandbox"}""";

        foreach (var path in new[] { $"/v1/wallets/{other.Id}", $"/v1/wallets/{other.Id}/statement" })
        {
            Expect.Problem(await api.GetAsync(path, mine.Key), 403, "forbidden");
            Expect.Problem(await api.GetAsync(path, payee.Key), 403, "forbidden");
            Expect.Problem(await api.GetAsync(path, ServerProcess.OperatorKey), 403, "forbidden");
            Expect.Problem(await api.GetAsync(path), 401, "unauthorized");
        }

        Expect.Problem(await api.PostAsync($"/v1/wallets/{other.Id}/top-ups", mine.Key, topUp), 403, "forbidden");
        Expect.Problem(await api.PostAsync($"/v1/wallets/{other.Id}/erase", mine.Key, null), 403, "forbidden");
        Expect.Problem(await api.GetAsync($"/v1/wallets/{Api.UnknownId<WalletKind>()}", mine.Key), 404, "wallet_not_found");
        Expect.Problem(await api.GetAsync($"/v1/wallets/{mine.Id}/top-ups/{Api.UnknownId<TopUpKind>()}", mine.Key), 404, "top_up_not_found");
        Assert.Equal(("1", "0"), await api.BalanceAsync(other));
    }

    [Fact]
    public async Task An_erased_wallet_is_gone_and_its_payments_stay_proven()
    {
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("1");
        var payment = await api.PayAsync(wallet, payee, "0.5", reference: "a secret of mine");
        var erased = await api.PostAsync($"/v1/wallets/{wallet.Id}/erase", wallet.Key, null);
        Assert.Equal((200, "erased"), (erased.Status, erased["status"]));

        Expect.Problem(await api.PostAsync("/v1/payments", wallet.Key, Api.Payment(payee, "0.1")), 410, "wallet_erased");
        var read = await api.GetAsync($"/v1/payments/{payment}", payee.Key);
        Assert.Equal((200, "0.5", null), (read.Status, read.Amount("amount"), read["reference"]));
        var receipt = await api.GetAsync($"/v1/payments/{payment}/receipt", payee.Key);
        Assert.Equal(200, receipt.Status);
        await Receipts.AssertValidAsync(api, receipt);
    }
}
