using Farthing.Protocol;

namespace Farthing.Server.Tests.Rest;

public sealed class PayeeTests(SharedServer server)
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
}
