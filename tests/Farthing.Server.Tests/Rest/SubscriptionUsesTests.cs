using System.Globalization;

namespace Farthing.Server.Tests.Rest;

/// <summary>What a subscription's period includes, and the extras beyond it: docs/pricing/subscription.md.</summary>
[Collection(typeof(MovedClock))]
public sealed class SubscriptionUsesTests(ClockServer server)
{
    private readonly Api api = server.Api;

    [Fact]
    public async Task What_is_included_comes_first_then_extras_up_to_their_cap_and_the_next_period_begins_anew()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("10"));
        var id = await SubscribeAsync(wallet, await OfferAsync(payee, "1", "\"included\":10,\"extra\":{\"price\":{\"amount\":\"0.01\",\"currency\":\"USD\"},\"cap\":{\"amount\":\"0.05\",\"currency\":\"USD\"}}"));
        for (var period = 0; period < 2; period++)
        {
            Assert.Equal((10, "0.05"), await LeftAsync(wallet, id));
            Assert.Equal((8, null), await UseAsync(wallet, id, 8));
            // The payee counts, too.
            Assert.Equal((2, "0.02"), await UseAsync(payee, id, 4));
            Assert.Equal((0, "0.03"), await LeftAsync(payee, id));
            var refused = await api.PostAsync($"/v1/subscriptions/{id}/uses", payee.Key, """{"quantity":4}""");
            Expect.Problem(refused, 402, "cap_exceeded");
            Assert.Equal(("subscription.extra", "0.05", "0.03"), (refused["cap"], refused.Amount("capAmount"), refused.Amount("headroom")));
            var key = Api.NewKey();
            var last = await api.PostAsync($"/v1/subscriptions/{id}/uses", wallet.Key, """{"quantity":3}""", key);
            Assert.Equal(("0", "0.03"), (last["included"], last.Amount("amount")));
            Assert.Equal(last.Text, (await api.PostAsync($"/v1/subscriptions/{id}/uses", wallet.Key, """{"quantity":3}""", key)).Text);
            Expect.Problem(await api.PostAsync($"/v1/subscriptions/{id}/uses", wallet.Key, """{"quantity":2}""", key), 409, "idempotency_conflict");
            Expect.Problem(await api.PostAsync($"/v1/subscriptions/{id}/uses", wallet.Key, null), 402, "cap_exceeded");
            Assert.Equal((0, "0"), await LeftAsync(wallet, id));
            Assert.Equal(period == 0 ? "8.95" : "7.9", (await api.BalanceAsync(wallet)).Balance);
            await server.MoveToAsync(await EndOfAsync(wallet, id) + TimeSpan.FromSeconds(1));
            await SettleAsync();
        }
    }

    [Fact]
    public async Task Sixty_four_clients_at_once_use_exactly_what_is_included_and_exactly_the_cap()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("10"));
        var id = await SubscribeAsync(wallet, await OfferAsync(payee, "1", "\"included\":20,\"extra\":{\"price\":{\"amount\":\"0.01\",\"currency\":\"USD\"},\"cap\":{\"amount\":\"0.1\",\"currency\":\"USD\"}}"));
        var replies = await Task.WhenAll(Enumerable.Range(0, 64).Select(client => api.PostAsync($"/v1/subscriptions/{id}/uses", client % 2 == 0 ? wallet.Key : payee.Key, null)));
        Assert.Equal(20, replies.Count(reply => reply.Status == 200 && reply["included"] == "1"));
        Assert.Equal(10, replies.Count(reply => reply.Status == 200 && reply["included"] == "0"));
        var refused = replies.Where(reply => reply.Status != 200).ToList();
        Assert.Equal(34, refused.Count);
        Assert.All(refused, reply => Expect.Problem(reply, 402, "cap_exceeded"));
        Assert.Equal(("8.9", "0"), await api.BalanceAsync(wallet));
        Assert.Equal((0, "0"), await LeftAsync(wallet, id));
    }

    [Fact]
    public async Task Extras_that_cannot_be_paid_give_units_and_room_back()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("1.01"));
        var id = await SubscribeAsync(wallet, await OfferAsync(payee, "1", "\"included\":3,\"extra\":{\"price\":{\"amount\":\"0.01\",\"currency\":\"USD\"},\"cap\":{\"amount\":\"1\",\"currency\":\"USD\"}}"));
        var key = Api.NewKey();
        Expect.Problem(await api.PostAsync($"/v1/subscriptions/{id}/uses", wallet.Key, """{"quantity":5}""", key), 402, "insufficient_funds");
        Assert.Equal((3, "1"), await LeftAsync(wallet, id));
        Assert.Equal((3, "0.01"), await UseAsync(wallet, id, 4));
        await api.TopUpAsync(wallet, "5");
        Expect.Problem(await api.PostAsync($"/v1/subscriptions/{id}/uses", wallet.Key, """{"quantity":5}""", key), 402, "insufficient_funds");
        Assert.Equal((0, "0.99"), await LeftAsync(wallet, id));
        Assert.Equal(("5", "0"), await api.BalanceAsync(wallet));
    }

    [Fact]
    public async Task Without_extras_no_more_is_used_than_is_included_and_an_upgrade_includes_its_part()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("50"));
        var id = await SubscribeAsync(wallet, await OfferAsync(payee, "1", "\"included\":5"));
        Assert.Equal((4, null), await UseAsync(wallet, id, 4));
        var key = Api.NewKey();
        Expect.Problem(await api.PostAsync($"/v1/subscriptions/{id}/uses", wallet.Key, """{"quantity":2}""", key), 409, "subscription_used_up");
        Assert.Equal((1, null), await UseAsync(wallet, id, 1));
        var large = await OfferAsync(payee, "2", "\"included\":70");
        await server.MoveToAsync(await EndOfAsync(wallet, id) - TimeSpan.FromDays(2));
        Assert.Equal(200, (await api.PostAsync($"/v1/subscriptions/{id}/change", wallet.Key, $$"""{"offer":"{{large}}"}""")).Status);
        // Two days of seven, less what the five days gone by did not cover of the five units used: 5 - 3.57, counted whole.
        Assert.Equal((18, null), await LeftAsync(wallet, id));
        Expect.Problem(await api.PostAsync($"/v1/subscriptions/{id}/uses", wallet.Key, """{"quantity":2}""", key), 409, "subscription_used_up");
        Assert.Equal((18, null), await UseAsync(wallet, id, 18));
        Expect.Problem(await api.PostAsync($"/v1/subscriptions/{id}/uses", wallet.Key, null), 409, "subscription_used_up");
    }

    [Fact]
    public async Task As_much_as_is_wanted_is_used_while_a_period_is_paid()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("1"));
        var id = await SubscribeAsync(wallet, await OfferAsync(payee, "1", "\"included\":null"));
        Assert.Equal((1_000_000, null), await UseAsync(payee, id, 1_000_000));
        Assert.Equal((null, null), await LeftAsync(wallet, id));
        foreach (var body in new[] { """{"quantity":0}""", """{"quantity":1000001}""", """{"quantity":-1}""", """{"quantity":"1"}""" })
            Expect.Problem(await api.PostAsync($"/v1/subscriptions/{id}/uses", wallet.Key, body), 400, "invalid_field");
        Expect.Problem(await api.PostAsync($"/v1/subscriptions/{id}/uses", (await api.NewWalletAsync()).Key, null), 404, "subscription_not_found");
        await server.MoveToAsync(await EndOfAsync(wallet, id) + TimeSpan.FromSeconds(1));
        await SettleAsync();
        Expect.Problem(await api.PostAsync($"/v1/subscriptions/{id}/uses", wallet.Key, null), 409, "subscription_status_forbids");
    }

    private async Task<string> OfferAsync(Account payee, string price, string more)
    {
        var made = await api.PostAsync("/v1/offers", payee.Key, $$$"""{"name":"Calls","pricing":{"model":"subscription","price":{{{Api.Amount(price)}}},"every":"week",{{{more}}}}}""");
        Assert.True(made.Status == 201, made.Text);
        return made["id"]!;
    }

    private async Task<string> SubscribeAsync(Account wallet, string offer)
    {
        var made = await api.PostAsync("/v1/subscriptions", wallet.Key, $$"""{"offer":"{{offer}}"}""");
        Assert.True(made.Status == 201, made.Text);
        return made.Json["subscription"]!["id"]!.GetValue<string>();
    }

    /// <summary>How many were included, and what the others cost.</summary>
    private async Task<(int Included, string? Amount)> UseAsync(Account account, string id, int quantity)
    {
        var used = await api.PostAsync($"/v1/subscriptions/{id}/uses", account.Key, $$"""{"quantity":{{quantity}}}""");
        Assert.True(used.Status == 200, used.Text);
        return (used.Json["included"]!.GetValue<int>(), used.Json["amount"]?["amount"]!.GetValue<string>());
    }

    private async Task<(int? Units, string? Extra)> LeftAsync(Account account, string id)
    {
        var read = await api.GetAsync($"/v1/subscriptions/{id}", account.Key);
        return (read.Json["unitsLeft"]?.GetValue<int>(), read.Json["extraLeft"]?["amount"]!.GetValue<string>());
    }

    private async Task<DateTimeOffset> EndOfAsync(Account wallet, string id) => DateTimeOffset.Parse((await api.GetAsync($"/v1/subscriptions/{id}", wallet.Key))["periodEnd"]!, CultureInfo.InvariantCulture);

    private Task SettleAsync() => Eventually.TrueAsync(async () => (await api.GetAsync("/v1/schedule", ServerProcess.OperatorKey)).Json["dueNow"]!.GetValue<int>() == 0);
}
