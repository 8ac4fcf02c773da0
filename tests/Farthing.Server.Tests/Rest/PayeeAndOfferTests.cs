using Farthing.Protocol;

namespace Farthing.Server.Tests.Rest;

public sealed class PayeeAndOfferTests(SharedServer server)
{
    private readonly Api api = server.Api;

    [Fact]
    public async Task A_payee_is_made_by_the_operator_and_reads_itself()
    {
        var (_, signingKey) = Api.NewSigningKey();
        var made = await api.PostAsync("/v1/payees", ServerProcess.OperatorKey,
            $$"""{"name":"The Gazette","currency":"EUR","website":"https://gazette.example","signingKey":"{{signingKey}}","refundsPerWalletPerMonth":2}""");

        Assert.Equal(201, made.Status);
        Assert.Equal($"/v1/payees/{made["id"]}", made.Headers.Location?.ToString());
        Assert.True(Id<PayeeKind>.TryParse(made["id"], out _));

        var read = await api.GetAsync(made.Headers.Location!.ToString(), made["key"]);
        Assert.Equal(200, read.Status);
        Assert.Equal(("The Gazette", "EUR", "https://gazette.example", signingKey), (read["name"], read["currency"], read["website"], read["signingKey"]));
        Assert.Equal(("0", "0", "2"), (read.Amount("balance"), read.Amount("held"), read["refundsPerWalletPerMonth"]));
        Assert.Null(read["key"]);
    }

    [Theory]
    [InlineData("""{"name":"","currency":"USD"}""", "invalid_field")]
    [InlineData("""{"name":"a\nb","currency":"USD"}""", "invalid_field")]
    [InlineData("""{"currency":"USD"}""", "missing_field")]
    [InlineData("""{"name":"Shop"}""", "missing_field")]
    [InlineData("""{"name":"Shop","currency":"usd"}""", "unknown_currency")]
    [InlineData("""{"name":"Shop","currency":"XXX"}""", "unknown_currency")]
    [InlineData("""{"name":"Shop","currency":"USD","website":"https://news.example/path"}""", "invalid_field")]
    [InlineData("""{"name":"Shop","currency":"USD","website":"ftp://news.example"}""", "invalid_field")]
    [InlineData("""{"name":"Shop","currency":"USD","website":"javascript:alert(1)"}""", "invalid_field")]
    [InlineData("""{"name":"Shop","currency":"USD","signingKey":"AAAA"}""", "invalid_field")]
    [InlineData("""{"name":"Shop","currency":"USD","refundsPerWalletPerMonth":1001}""", "invalid_field")]
    [InlineData("""{"name":"Shop","currency":"USD","refundsPerWalletPerMonth":-1}""", "invalid_field")]
    public async Task A_payee_is_refused_what_makes_no_sense(string body, string code)
    {
        var reply = await api.PostAsync("/v1/payees", ServerProcess.OperatorKey, body);
        Expect.Problem(reply, 400, code);
    }

    [Fact]
    public async Task A_new_key_ends_the_old_one_and_the_same_idempotency_key_shows_it_again()
    {
        var payee = await api.NewPayeeAsync();
        var path = $"/v1/payees/{payee.Id}/keys/rotate";
        var key = Api.NewKey();
        var rotated = await api.PostAsync(path, payee.Key, null, key);
        Assert.Equal(200, rotated.Status);
        var fresh = rotated["key"]!;

        Assert.NotEqual(payee.Key, fresh);
        Expect.Problem(await api.GetAsync($"/v1/payees/{payee.Id}", payee.Key), 401, "unauthorized");
        Assert.Equal(200, (await api.GetAsync($"/v1/payees/{payee.Id}", fresh)).Status);
        Assert.Equal(fresh, (await api.PostAsync(path, fresh, null, key))["key"]);

        var byOperator = await api.PostAsync(path, ServerProcess.OperatorKey, "{}");
        Assert.Equal(200, byOperator.Status);
        Assert.Equal(200, (await api.GetAsync($"/v1/payees/{payee.Id}", byOperator["key"])).Status);
        Expect.Problem(await api.GetAsync($"/v1/payees/{payee.Id}", fresh), 401, "unauthorized");
    }

    [Fact]
    public async Task A_rotation_whose_answer_was_lost_is_repeated_with_the_key_that_it_ended()
    {
        var payee = await api.NewPayeeAsync();
        var other = await api.NewPayeeAsync();
        var path = $"/v1/payees/{payee.Id}/keys/rotate";
        var (key, guessable) = (Api.NewKey(), "rotate-1");
        var fresh = (await api.PostAsync(path, payee.Key, null, key))["key"];

        var repeated = await api.PostAsync(path, payee.Key, null, key);
        Assert.Equal((200, fresh), (repeated.Status, repeated["key"]));
        Expect.Problem(await api.GetAsync($"/v1/payees/{payee.Id}", payee.Key), 401, "unauthorized");
        Expect.Problem(await api.PostAsync(path, payee.Key, null, Api.NewKey()), 401, "unauthorized");
        Expect.Problem(await api.PostAsync($"/v1/payees/{other.Id}/keys/rotate", payee.Key, null, key), 403, "forbidden");

        var second = (await api.PostAsync(path, fresh, null, guessable))["key"];
        Expect.Problem(await api.PostAsync(path, fresh, null, guessable), 401, "unauthorized");
        Expect.Problem(await api.PostAsync(path, payee.Key, null, key), 401, "unauthorized");
        Assert.Equal(200, (await api.GetAsync($"/v1/payees/{payee.Id}", second)).Status);
    }

    [Fact]
    public async Task An_offer_is_made_read_by_anyone_listed_and_closed()
    {
        var payee = await api.NewPayeeAsync();
        var made = await api.PostAsync("/v1/offers", payee.Key,
            $$$"""{"name":"One article","resource":"/articles/rain","pricing":{"model":"per-use","price":{{{Api.Amount("0.02")}}}},"refundWindowSeconds":60}""");
        Assert.Equal(201, made.Status);

        var read = await api.GetAsync(made.Headers.Location!.ToString());
        Assert.Equal((200, "One article", "/articles/rain", "60", "open", payee.Id), (read.Status, read["name"], read["resource"], read["refundWindowSeconds"], read["status"], read["payee"]));
        Assert.Equal("""{"model":"per-use","price":{"amount":"0.02","currency":"USD"}}""", read.Json["pricing"]!.ToJsonString());
        Assert.Equal(made.Text, read.Text);

        var closed = await api.PostAsync($"/v1/offers/{made["id"]}/close", payee.Key, null);
        Assert.Equal((200, "closed"), (closed.Status, closed["status"]));
        Assert.Equal(closed.Text, (await api.PostAsync($"/v1/offers/{made["id"]}/close", payee.Key, "{}")).Text);

        var wallet = await api.NewWalletAsync("1");
        Expect.Problem(await api.PostAsync("/v1/payments", wallet.Key, $$"""{"offer":"{{made["id"]}}"}"""), 409, "offer_closed");
        Assert.Equal(("1", "0"), await api.BalanceAsync(wallet));
    }

    [Fact]
    public async Task Offers_are_listed_in_pages_newest_first()
    {
        var payee = await api.NewPayeeAsync();
        var made = new List<string>();
        for (var i = 0; i < 5; i++) made.Add(await api.NewOfferAsync(payee));
        made.Reverse();

        var listed = new List<string>();
        var path = "/v1/offers?pageSize=2";
        for (var pages = 0; pages < 10; pages++)
        {
            var page = await api.GetAsync(path, payee.Key);
            listed.AddRange(page.Json["lines"]!.AsArray().Select(line => line!["id"]!.GetValue<string>()));
            if (page["next"] is not { } next) break;
            path = $"/v1/offers?pageSize=2&cursor={Uri.EscapeDataString(next)}";
        }

        Assert.Equal(made, listed);
    }

    [Theory]
    [InlineData("""{"name":"A","pricing":{"model":"monthly","price":{"amount":"1","currency":"USD"}}}""", "invalid_field")]
    [InlineData("""{"name":"A","pricing":{"model":"per-use","price":{"amount":"0","currency":"USD"}}}""", "amount_must_not_be_zero")]
    [InlineData("""{"name":"A","pricing":{"model":"per-use","price":{"amount":0.02,"currency":"USD"}}}""", "amount_must_be_a_string")]
    [InlineData("""{"name":"A","pricing":{"model":"per-use","price":{"amount":"1","currency":"EUR"}}}""", "currency_mismatch")]
    [InlineData("""{"name":"A","pricing":{"model":"per-use"}}""", "missing_field")]
    [InlineData("""{"name":"A"}""", "missing_field")]
    [InlineData("""{"name":"A","pricing":{"model":"per-use","price":{"amount":"1","currency":"USD"}},"refundWindowSeconds":7776001}""", "invalid_field")]
    [InlineData("""{"name":"A","pricing":{"model":"per-use","price":{"amount":"1","currency":"USD"}},"refundWindowSeconds":-1}""", "invalid_field")]
    [InlineData("""{"name":"A","pricing":{"model":"per-use","price":{"amount":"1","currency":"USD"}},"resource":""}""", "invalid_field")]
    public async Task An_offer_is_refused_what_makes_no_sense(string body, string code)
    {
        var payee = await api.NewPayeeAsync();
        Expect.Problem(await api.PostAsync("/v1/offers", payee.Key, body), 400, code);
        Assert.Empty((await api.GetAsync("/v1/offers", payee.Key)).Json["lines"]!.AsArray());
    }

    [Fact]
    public async Task An_offer_is_closed_only_by_its_payee()
    {
        var offer = await api.NewOfferAsync(await api.NewPayeeAsync());
        var other = await api.NewPayeeAsync();
        Expect.Problem(await api.PostAsync($"/v1/offers/{offer}/close", other.Key, null), 403, "forbidden");
        Expect.Problem(await api.PostAsync($"/v1/offers/{Api.UnknownId<OfferKind>()}/close", other.Key, null), 404, "offer_not_found");
        Assert.Equal("open", (await api.GetAsync($"/v1/offers/{offer}"))["status"]);
    }
}
