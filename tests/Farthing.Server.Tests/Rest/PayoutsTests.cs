using System.Text.Json.Nodes;

namespace Farthing.Server.Tests.Rest;

[Collection(typeof(MovedClock))]
public class PayoutsTests(ClockServer server)
{
    private const string Operator = ServerProcess.OperatorKey;

    private readonly Api api = server.Api;

    [Fact]
    public async Task A_payee_of_day_one_sees_what_stays_and_why_and_a_quarter_of_an_hour_later_has_it_paid_out()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("10"));
        await api.PayAsync(wallet, payee, "2");
        var dayOne = await api.GetAsync($"/v1/payees/{payee.Id}/payouts", payee.Key);
        Assert.Equal(("1.98", "0", "0"), (dayOne.Amount("balance"), dayOne.Amount("available"), dayOne.Amount("underWay")));
        var staying = Assert.Single(dayOne.Json["staying"]!.AsArray())!;
        Assert.Equal(("stillRefundable", "1.98", 900L), (staying["why"]!.GetValue<string>(), staying["amount"]!["amount"]!.GetValue<string>(), staying["seconds"]!.GetValue<long>()));
        Assert.Contains("15 minutes", staying["reason"]!.GetValue<string>(), StringComparison.Ordinal);
        Expect.Problem(await api.PostAsync($"/v1/payees/{payee.Id}/payouts", payee.Key, null), 409, "payout_not_set");
        Expect.Problem(await api.GetAsync($"/v1/payees/{payee.Id}/payout-setting", payee.Key), 409, "payout_not_set");

        await SetAsync(payee, "return:3600");
        await server.AdvanceAsync(TimeSpan.FromMinutes(16));
        var key = Api.NewKey();
        var made = await api.PostAsync($"/v1/payees/{payee.Id}/payouts", payee.Key, "{}", key);
        Assert.True(made.Status == 201, made.Text);
        Assert.Equal(("reviewing", "1.98", "1.98", "sandbox", "payee"), (made["state"], made.Amount("amount"), made.Amount("arrives"), made["rail"], made["trigger"]));
        Assert.Equal($"/v1/payouts/{made["id"]}", made.Headers.Location?.ToString());
        Assert.Equal("OUT" + made["id"]![4..], made["endToEndId"]);
        Assert.Equal(made.Text, (await api.PostAsync($"/v1/payees/{payee.Id}/payouts", payee.Key, "{}", key)).Text);
        Expect.Problem(await api.PostAsync($"/v1/payees/{payee.Id}/payouts", payee.Key, $$"""{"amount":{{Api.Amount("1")}}}""", key), 409, "idempotency_conflict");
        Assert.Contains(made["id"]!, (await api.GetAsync("/v1/payouts?state=reviewing", Operator)).Text, StringComparison.Ordinal);
        Assert.Equal("1.98", (await api.GetAsync($"/v1/payees/{payee.Id}/payouts", Operator)).Amount("underWay"));

        Assert.Equal(200, (await api.PostAsync($"/v1/payouts/{made["id"]}/release", Operator, null)).Status);
        await Eventually.TrueAsync(async () => (await api.GetAsync($"/v1/payouts/{made["id"]}", payee.Key))["state"] == "done");
        await server.AdvanceAsync(TimeSpan.FromHours(2));
        await Eventually.TrueAsync(async () => (await api.GetAsync($"/v1/payouts/{made["id"]}", payee.Key))["state"] == "returned");
        Assert.Equal(("1.98", "0"), await api.BalanceAsync(payee));
        Assert.Equal(["payment", "fee", "payout", "payout_post", "payout_return"], (await api.StatementAsync(payee)).Select(line => line["kind"]!.GetValue<string>()));
        Assert.All((await api.StatementAsync(payee)).Skip(2), line => Assert.Equal(made["id"], line["payout"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Only_its_payee_and_the_operator_see_a_payout_and_only_the_operator_decides()
    {
        var (payee, other, wallet) = (await api.NewPayeeAsync(), await api.NewPayeeAsync(), await api.NewWalletAsync("10"));
        await api.PayAsync(wallet, payee, "2");
        await SetAsync(payee);
        await server.AdvanceAsync(TimeSpan.FromMinutes(16));
        var made = await api.PostAsync($"/v1/payees/{payee.Id}/payouts", Operator, $$"""{"amount":{{Api.Amount("1")}}}""");
        Assert.Equal((201, "operator"), (made.Status, made["trigger"]));
        var path = $"/v1/payouts/{made["id"]}";
        Expect.Problem(await api.GetAsync(path, other.Key), 404, "payout_not_found");
        Expect.Problem(await api.GetAsync(path, wallet.Key), 403, "forbidden");
        Expect.Problem(await api.GetAsync(path), 401, "unauthorized");
        Expect.Problem(await api.PostAsync($"{path}/release", payee.Key, null), 403, "forbidden");
        Expect.Problem(await api.PostAsync($"{path}/refuse", payee.Key, """{"reason":"No"}"""), 403, "forbidden");
        Expect.Problem(await api.GetAsync("/v1/payouts", payee.Key), 403, "forbidden");
        Expect.Problem(await api.GetAsync("/v1/payouts?state=lost", Operator), 400, "invalid_field");
        Expect.Problem(await api.GetAsync($"/v1/payees/{payee.Id}/payouts", other.Key), 403, "forbidden");
        Expect.Problem(await api.PostAsync($"/v1/payees/{payee.Id}/payouts", other.Key, null), 403, "forbidden");
        Expect.Problem(await api.GetAsync($"/v1/payees/{payee.Id}/payout-setting", other.Key), 403, "forbidden");
        Expect.Problem(await api.PostAsync($"{path}/refuse", Operator, """{"reason":""}"""), 400, "invalid_field");
        var refused = await api.PostAsync($"{path}/refuse", Operator, """{"reason":"Not your account"}""");
        Assert.Equal((200, "returned"), (refused.Status, refused["state"]));
        Expect.Problem(await api.PostAsync($"{path}/release", Operator, null), 409, "payout_not_in_review");
        Assert.Equal(("1.98", "0"), await api.BalanceAsync(payee));
    }

    [Theory]
    [InlineData("""{"rail":"pigeon","destination":{"name":"Shop"}}""", 400, "rail_not_available")]
    [InlineData("""{"rail":"sandbox","destination":{"name":""}}""", 400, "invalid_destination")]
    [InlineData("""{"rail":"sandbox","destination":{"name":"Shop","sandbox":"explode"}}""", 400, "invalid_destination")]
    [InlineData("""{"rail":"sandbox","destination":{"name":"Shop"},"schedule":"hourly"}""", 400, "invalid_field")]
    [InlineData("""{"rail":"sandbox","destination":{"name":"Shop"},"timeZone":"Mars/Olympus"}""", 400, "invalid_field")]
    [InlineData("""{"rail":"sandbox","destination":{"name":"Shop"},"threshold":{"amount":"1","currency":"EUR"}}""", 400, "currency_mismatch")]
    [InlineData("""{"rail":"sandbox","destination":{"name":"Shop"},"threshold":{"amount":"1e9","currency":"USD"}}""", 400, "invalid_amount")]
    [InlineData("""{"rail":"sandbox"}""", 400, "missing_field")]
    [InlineData("""{"rail":"sandbox","destination":{"name":"Shop","account":"1"}}""", 400, "unknown_field")]
    public async Task Each_wrong_setting_has_its_refusal(string body, int status, string code)
    {
        var payee = await api.NewPayeeAsync();
        Expect.Problem(await api.PostAsync($"/v1/payees/{payee.Id}/payout-setting", payee.Key, body), status, code);
        Assert.Null((await api.GetAsync($"/v1/payees/{payee.Id}/payouts", payee.Key)).Json["setting"]);
    }

    private async Task<JsonNode> SetAsync(Account payee, string? sandbox = null)
    {
        var reply = await api.PostAsync($"/v1/payees/{payee.Id}/payout-setting", payee.Key, $$$"""{"rail":"sandbox","destination":{"name":"Shop"{{{(sandbox is null ? "" : $",\"sandbox\":\"{sandbox}\"")}}}}}""");
        Assert.True(reply.Status == 200, reply.Text);
        return reply.Json;
    }
}
