using Farthing.Protocol;

namespace Farthing.Server.Tests.Rest;

/// <summary>Mandates with their keys, caps on all that a wallet pays, and its pause.</summary>
public sealed class MandatesTests(SharedServer server)
{
    private readonly Api api = server.Api;

    [Fact]
    public async Task The_key_of_a_mandate_does_exactly_what_the_mandate_allows()
    {
        var (payee, other, wallet) = (await api.NewPayeeAsync(), await api.NewPayeeAsync(), await api.NewWalletAsync("10"));
        var key = Api.NewKey();
        var body = $$"""{"payee":"{{payee.Id}}","each":{{Api.Amount("0.05")}},"perDay":{{Api.Amount("0.12")}},"timeZone":"Europe/Paris"}""";
        var made = await api.PostAsync("/v1/mandates", wallet.Key, body, key);
        Assert.Equal((201, "active", "0.05", "Europe/Paris", payee.Id), (made.Status, made["status"], made.Amount("each"), made["timeZone"], made["payee"]));
        Assert.Equal(made.Text, (await api.PostAsync("/v1/mandates", wallet.Key, body, key)).Text);
        var agent = made["key"]!;

        var paid = await api.PostAsync("/v1/payments", agent, Api.Payment(payee, "0.05"));
        Assert.Equal((201, null), (paid.Status, paid["wallet"]));
        var batch = await api.PostAsync("/v1/payments/batch", agent, $$"""{"payments":[{{BatchPayment(payee, "0.05")}},{{BatchPayment(payee, "0.05")}}]}""");
        Assert.Equal("posted", batch.Json["results"]![0]!["payment"]!["status"]!.ToString());
        Assert.Equal("cap_exceeded", batch.Json["results"]![1]!["problem"]!["code"]!.ToString());

        var over = await api.PostAsync("/v1/payments", agent, Api.Payment(payee, "0.02001"));
        Expect.Problem(over, 402, "cap_exceeded");
        Assert.Equal(("mandate.perDay", "0.12", "0.02"), (over["cap"], over.Amount("capAmount"), over.Amount("headroom")));
        Expect.Problem(await api.PostAsync("/v1/payments", agent, Api.Payment(payee, "0.051")), 402, "cap_exceeded");
        Expect.Problem(await api.PostAsync("/v1/payments", agent, Api.Payment(other, "0.01")), 403, "mandate_scope_exceeded");

        // Nothing else is opened by it.
        foreach (var path in new[] { $"/v1/wallets/{wallet.Id}", $"/v1/wallets/{wallet.Id}/statement", $"/v1/wallets/{wallet.Id}/caps", "/v1/mandates", $"/v1/payments/{paid["id"]}", "/v1/offers" })
            Expect.Problem(await api.GetAsync(path, agent), 403, "forbidden");
        foreach (var path in new[] { $"/v1/wallets/{wallet.Id}/erase", $"/v1/wallets/{wallet.Id}/resume", $"/v1/wallets/{wallet.Id}/top-ups", "/v1/mandates", $"/v1/mandates/{made["id"]}/revoke", $"/v1/payments/{paid["id"]}/refunds", "/v1/people/payments" })
            Expect.Problem(await api.PostAsync(path, agent, "{}"), 403, "forbidden");
        var second = await api.PostAsync("/v1/mandates", wallet.Key, """{"anyone":true}""");
        Expect.Problem(await api.PostAsync("/v1/payments", agent, $$"""{"payee":"{{payee.Id}}","amount":{{Api.Amount("0.01")}},"mandate":"{{second["id"]}}"}"""), 403, "forbidden");
        Expect.Problem(await api.GetAsync($"/v1/mandates/{second["id"]}", agent), 404, "mandate_not_found");
        Expect.Problem(await api.PostAsync("/v1/payments", $"{agent[..^2]}xx", Api.Payment(payee, "0.01")), 401, "unauthorized");

        var read = await api.GetAsync($"/v1/mandates/{made["id"]}", agent);
        Assert.Equal(("0.1", "day", "0.02", null), (read.Amount("used"), read.Json["caps"]![0]!["period"]!.ToString(), read.Json["caps"]![0]!["headroom"]!["amount"]!.ToString(), read["key"]));
        Assert.Equal("revoked", (await api.PostAsync($"/v1/mandates/{made["id"]}/revoke", wallet.Key, null))["status"]);
        Expect.Problem(await api.PostAsync("/v1/payments", agent, Api.Payment(payee, "0.01")), 403, "mandate_revoked");
        Assert.Equal(("9.9", "0"), await api.BalanceAsync(wallet));
        Assert.Equal(["active", "revoked"], (await api.GetAsync("/v1/mandates", wallet.Key)).Json["lines"]!.AsArray().Select(line => line!["status"]!.ToString()));
    }

    [Fact]
    public async Task The_example_of_the_page_is_given_as_it_stands()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync());
        var page = await File.ReadAllTextAsync(Path.Combine(PricingPagesTests.Root(), "docs", "pricing", "mandates.md"), TestContext.Current.CancellationToken);
        var example = page.Split("```json\n")[1].Split("\n```")[0];
        var made = await api.PostAsync("/v1/mandates", wallet.Key, example.Replace("pye_01JD8Y2M6K3T5V7W9XAZBCDEFG", payee.Id, StringComparison.Ordinal));
        Assert.Equal((201, "0.05", "0.5"), (made.Status, made.Amount("each"), made.Json["caps"]![0]!["amount"]!["amount"]!.ToString()));
    }

    [Fact]
    public async Task Keys_of_a_wallet_and_of_its_mandate_do_not_meet()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("1"));
        var mandate = await api.PostAsync("/v1/mandates", wallet.Key, """{"anyone":true}""");
        var key = Api.NewKey();
        var mine = await api.PostAsync("/v1/payments", wallet.Key, Api.Payment(payee, "0.1"), key);
        var theirs = await api.PostAsync("/v1/payments", mandate["key"], Api.Payment(payee, "0.1"), key);
        Assert.NotEqual(mine["id"], theirs["id"]);
        Expect.Problem(await api.PostAsync("/v1/payments", wallet.Key, $$"""{"payee":"{{payee.Id}}","amount":{{Api.Amount("0.1")}},"mandate":"{{mandate["id"]}}"}""", key), 409, "idempotency_conflict");
        Assert.Equal(("0.8", "0"), await api.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_tag_lets_through_all_payees_that_the_operator_gave_it()
    {
        var news = await api.NewPayeeAsync(more: ""","tags":["news","local"]""");
        var games = await api.NewPayeeAsync(more: ""","tags":["games"]""");
        Assert.Equal("""["news","local"]""", (await api.GetAsync($"/v1/payees/{news.Id}", news.Key)).Json["tags"]!.ToJsonString());
        var wallet = await api.NewWalletAsync("1");
        var mandate = await api.PostAsync("/v1/mandates", wallet.Key, """{"tag":"news"}""");
        Assert.Equal(("news", "5", "month"), (mandate["tag"], mandate.Amount("each"), mandate.Json["caps"]![0]!["period"]!.ToString()));
        Assert.Equal(201, (await api.PostAsync("/v1/payments", mandate["key"], Api.Payment(news, "0.1"))).Status);
        Expect.Problem(await api.PostAsync("/v1/payments", mandate["key"], Api.Payment(games, "0.1")), 403, "mandate_scope_exceeded");
        foreach (var tags in new[] { """["News"]""", """["news","news"]""", """[""]""", """[null]""", """["a b"]""", "7" })
            Expect.Problem(await api.PostAsync("/v1/payees", ServerProcess.OperatorKey, $$"""{"name":"Shop","currency":"USD","tags":{{tags}}}"""), 400, "invalid_field");
    }

    [Fact]
    public async Task Other_peoples_mandates_are_unknown()
    {
        var (payee, mine, other) = (await api.NewPayeeAsync(), await api.NewWalletAsync("1"), await api.NewWalletAsync("1"));
        var mandate = await api.PostAsync("/v1/mandates", mine.Key, """{"anyone":true}""");
        foreach (var id in new[] { mandate["id"], Api.UnknownId<MandateKind>() })
        {
            Expect.Problem(await api.GetAsync($"/v1/mandates/{id}", other.Key), 404, "mandate_not_found");
            Expect.Problem(await api.PostAsync($"/v1/mandates/{id}/revoke", other.Key, null), 404, "mandate_not_found");
            Expect.Problem(await api.PostAsync("/v1/payments", other.Key, $$"""{"payee":"{{payee.Id}}","amount":{{Api.Amount("0.1")}},"mandate":"{{id}}"}"""), 404, "mandate_not_found");
        }

        Assert.Empty((await api.GetAsync("/v1/mandates", other.Key)).Json["lines"]!.AsArray());
        Assert.Equal(("1", "0"), await api.BalanceAsync(other));
    }

    [Theory]
    [InlineData("""{}""", "missing_field")]
    [InlineData("""{"anyone":false}""", "invalid_field")]
    [InlineData("""{"anyone":true,"tag":"news"}""", "invalid_field")]
    [InlineData("""{"tag":"No Such Tag"}""", "invalid_field")]
    [InlineData("""{"payee":"pye_1"}""", "invalid_id")]
    [InlineData("""{"payee":"pye_01JD8Y2M6K3T5V7W9XAZBCDEFG"}""", "payee_not_found")]
    [InlineData("""{"anyone":true,"each":{"amount":"0","currency":"USD"}}""", "amount_must_not_be_zero")]
    [InlineData("""{"anyone":true,"perDay":{"amount":"-1","currency":"USD"}}""", "amount_must_not_be_negative")]
    [InlineData("""{"anyone":true,"perWeek":{"amount":0.5,"currency":"USD"}}""", "amount_must_be_a_string")]
    [InlineData("""{"anyone":true,"perMonth":{"amount":"0.0000001","currency":"USD"}}""", "too_many_decimals")]
    [InlineData("""{"anyone":true,"perMonth":{"amount":"1","currency":"EUR"}}""", "currency_mismatch")]
    [InlineData("""{"anyone":true,"timeZone":"Mars/Olympus"}""", "invalid_field")]
    [InlineData("""{"anyone":true,"endsAt":"2020-01-01T00:00:00Z"}""", "invalid_field")]
    [InlineData("""{"anyone":true,"endsAt":"soon"}""", "invalid_field")]
    [InlineData("""{"anyone":true,"perYear":{"amount":"1","currency":"USD"}}""", "unknown_field")]
    [InlineData("""[]""", "invalid_field")]
    public async Task A_mandate_that_makes_no_sense_is_refused_and_none_is_made(string body, string code)
    {
        var wallet = await api.NewWalletAsync();
        Expect.Problem(await api.PostAsync("/v1/mandates", wallet.Key, body), code == "payee_not_found" ? 404 : 400, code);
        Assert.Empty((await api.GetAsync("/v1/mandates", wallet.Key)).Json["lines"]!.AsArray());
    }

    [Fact]
    public async Task A_wallets_caps_and_its_pause_hold_for_all_that_it_pays()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("10"));
        Assert.Equal("""{"caps":[],"timeZone":"UTC","status":"active"}""", (await api.GetAsync($"/v1/wallets/{wallet.Id}/caps", wallet.Key)).Text);
        var set = await api.PostAsync($"/v1/wallets/{wallet.Id}/caps", wallet.Key, $$"""{"perDay":{{Api.Amount("0.5")}},"perMonth":{{Api.Amount("2")}},"timeZone":"Asia/Tokyo"}""");
        Assert.Equal((200, 2, "Asia/Tokyo"), (set.Status, set.Json["caps"]!.AsArray().Count, set["timeZone"]));
        await api.PayAsync(wallet, payee, "0.4");
        var over = await api.PostAsync("/v1/payments", wallet.Key, Api.Payment(payee, "0.2"));
        Expect.Problem(over, 402, "cap_exceeded");
        Assert.Equal(("wallet.perDay", "0.1"), (over["cap"], over.Amount("headroom")));

        Assert.Equal("paused", (await api.PostAsync($"/v1/wallets/{wallet.Id}/pause", wallet.Key, null))["status"]);
        Expect.Problem(await api.PostAsync("/v1/payments", wallet.Key, Api.Payment(payee, "0.01")), 409, "wallet_frozen");
        Assert.Equal("paused", (await api.GetAsync($"/v1/wallets/{wallet.Id}/caps", wallet.Key))["status"]);
        Assert.Equal("active", (await api.PostAsync($"/v1/wallets/{wallet.Id}/resume", wallet.Key, null))["status"]);
        await api.PayAsync(wallet, payee, "0.1");
        Assert.Equal(200, (await api.PostAsync($"/v1/wallets/{wallet.Id}/caps", wallet.Key, "{}")).Status);
        await api.PayAsync(wallet, payee, "9.5");

        var other = await api.NewWalletAsync();
        foreach (var path in new[] { "caps", "pause", "resume" }) Expect.Problem(await api.PostAsync($"/v1/wallets/{wallet.Id}/{path}", other.Key, "{}"), 403, "forbidden");
        Expect.Problem(await api.PostAsync($"/v1/wallets/{other.Id}/caps", other.Key, $$"""{"perDay":{{Api.Amount("1", "EUR")}}}"""), 400, "currency_mismatch");
        Expect.Problem(await api.PostAsync($"/v1/wallets/{other.Id}/caps", other.Key, """{"timeZone":"Nowhere"}"""), 400, "invalid_field");
    }

    private static string BatchPayment(Account payee, string amount) => $$"""{"idempotencyKey":"{{Api.NewKey()}}","payee":"{{payee.Id}}","amount":{{Api.Amount(amount)}}}""";
}
