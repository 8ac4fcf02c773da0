using System.Globalization;
using Farthing.Protocol;
using Farthing.Protocol.Webhooks;

namespace Farthing.Server.Tests.Rest;

/// <summary>Webhooks from a running server to a real receiver.</summary>
[Collection(typeof(MovedClock))]
public sealed class WebhooksTests(ClockServer server)
{
    private readonly Api api = server.Api;

    [Fact]
    public async Task A_payee_is_told_of_its_payments_signed_and_without_the_wallets_id()
    {
        using var receiver = new WebhookReceiver();
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("10"));
        var (id, secret) = await HookAsync(payee.Key, receiver);
        var began = await server.NowAsync();
        var payment = await api.PayAsync(wallet, payee, "2", reference: "order-7");
        Assert.Equal(201, (await api.PostAsync($"/v1/payments/{payment}/refunds", payee.Key, $$"""{"amount":{{Api.Amount("0.5")}}}""")).Status);

        var received = await receiver.WaitForAsync(2);

        Assert.Equal(["payment.posted", "payment.refunded"], received.Select(one => one.Type));
        var now = await server.NowAsync();
        Assert.All(received, one =>
        {
            Assert.Equal("application/json", one.ContentType);
            Assert.Equal(["type", "timestamp", "data"], one.Json.AsObject().Select(member => member.Key));
            Assert.True(one.IsSignedBy(secret));
            Assert.Equal(WebhookFinding.Valid, new WebhookVerifier(secret, new StoppedTime(now)).Verify(one.Id, one.Timestamp, one.Signature, System.Text.Encoding.UTF8.GetBytes(one.Text)));
            Assert.InRange(DateTimeOffset.FromUnixTimeSeconds(long.Parse(one.Timestamp, CultureInfo.InvariantCulture)), began.AddSeconds(-1), now);
            Assert.DoesNotContain(wallet.Id, one.Text, StringComparison.Ordinal);
            Assert.DoesNotContain(wallet.Id[4..], one.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("fk_", one.Text, StringComparison.Ordinal);
            Assert.Equal((payment, payee.Id), (one.Json["data"]!["subject"]!.GetValue<string>(), one.Json["data"]!["payee"]!.GetValue<string>()));
        });
        // The payment is written as its payee reads it, as it was at that moment.
        var read = (await api.GetAsync($"/v1/payments/{payment}", payee.Key)).Json;
        Assert.Equal(read.ToJsonString(), received[1].Json["data"]!["payment"]!.ToJsonString());
        Assert.Equal(("0", "order-7", "posted"), (received[0].Json["data"]!["payment"]!["refunded"]!["amount"]!.GetValue<string>(), received[0].Json["data"]!["payment"]!["reference"]!.GetValue<string>(), read["status"]!.GetValue<string>()));
        Assert.Equal(("0.5", payment), (received[1].Json["data"]!["refund"]!["amount"]!["amount"]!.GetValue<string>(), received[1].Json["data"]!["refund"]!["payment"]!.GetValue<string>()));
        await Eventually.TrueAsync(async () => (await DeliveriesAsync(payee, id)).Count == 2);
        Assert.Equal(received.Reverse().Select(one => one.Id), (await DeliveriesAsync(payee, id)).Select(line => line!["event"]!.GetValue<string>()));
    }

    [Fact]
    public async Task What_was_not_taken_is_shown_and_sent_again_with_both_secrets_while_one_is_replaced()
    {
        using var receiver = new WebhookReceiver { Status = 500 };
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("10"));
        var (id, first) = await HookAsync(payee.Key, receiver);
        await api.PayAsync(wallet, payee, "2");
        await Eventually.TrueAsync(async () => await DeliveriesAsync(payee, id) is [{ } line] && line["attempts"]!.GetValue<int>() > 0);
        var waiting = Assert.Single(await DeliveriesAsync(payee, id))!;
        Assert.Equal(("waiting", 500, "The answer was 500."), (waiting["status"]!.GetValue<string>(), waiting["answerStatus"]!.GetValue<int>(), waiting["problem"]!.GetValue<string>()));
        Assert.Equal("1", (await api.GetAsync($"/v1/webhooks/{id}", payee.Key))["waiting"]);
        Assert.NotNull((await api.GetAsync($"/v1/webhooks/{id}", payee.Key))["failingSince"]);

        var rotated = await api.PostAsync($"/v1/webhooks/{id}/secret/rotate", payee.Key, """{"overlapSeconds":3600}""");
        receiver.Status = 200;
        await server.AdvanceAsync(TimeSpan.FromSeconds(10));
        await Eventually.TrueAsync(async () => (await DeliveriesAsync(payee, id))[0]!["status"]!.GetValue<string>() == "delivered");
        // The first try was answered at once, and the next is seconds later: where they take that long here, there are more than two.
        var received = receiver.Received;
        Assert.Equal(received.Count, (await DeliveriesAsync(payee, id))[0]!["attempts"]!.GetValue<int>());
        Assert.True(received.Count >= 2);
        Assert.All(received, one => Assert.Equal((received[0].Id, received[0].Text), (one.Id, one.Text)));
        Assert.All(received, one => Assert.True(one.IsSignedBy(first)));
        Assert.True(received[^1].IsSignedBy(rotated["secret"]!) && !received[0].IsSignedBy(rotated["secret"]!));
        var metrics = (await api.GetAsync("/metrics", ServerProcess.OperatorKey)).Text;
        Assert.Contains("farthing_webhook_attempts_total{outcome=\"taken\"}", metrics, StringComparison.Ordinal);
        Assert.Contains("farthing_webhook_waiting", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_operator_is_told_of_all_and_a_payee_of_payouts_and_campaigns_too()
    {
        using var all = new WebhookReceiver();
        using var own = new WebhookReceiver();
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("10"));
        var (operators, _) = await HookAsync(ServerProcess.OperatorKey, all, """["payment.posted","campaign.failed"]""");
        await HookAsync(payee.Key, own, """["campaign.failed","payout.reviewing"]""");
        var payment = await api.PayAsync(wallet, payee, "1");
        var deadline = (await server.NowAsync()).AddHours(2).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        var campaign = await api.PostAsync("/v1/campaigns", payee.Key, $$"""{"name":"A printed edition","goal":{{Api.Amount("5")}},"mode":"all_or_nothing","deadline":"{{deadline}}"}""");
        Assert.True(campaign.Status == 201, campaign.Text);
        await server.AdvanceAsync(TimeSpan.FromHours(3));

        var told = await own.WaitForAsync(1);
        Assert.Equal(("campaign.failed", campaign["id"]), (told[0].Type, told[0].Json["data"]!["subject"]!.GetValue<string>()));
        Assert.Equal((campaign["id"], "A printed edition", "0"), (told[0].Json["data"]!["event"]!["id"]!.GetValue<string>(), told[0].Json["data"]!["event"]!["name"]!.GetValue<string>(), told[0].Json["data"]!["event"]!["total"]!["amount"]!.GetValue<string>()));
        await Eventually.TrueAsync(() => Task.FromResult(
            all.Received.Any(one => one.Json["data"]!["subject"]!.GetValue<string>() == payment) && all.Received.Any(one => one.Json["data"]!["subject"]!.GetValue<string>() == campaign["id"])));
        Assert.Equal("closed", (await api.PostAsync($"/v1/webhooks/{operators}/close", ServerProcess.OperatorKey, null))["status"]);
    }

    [Fact]
    public async Task Bad_requests_are_refused_by_name()
    {
        var (payee, other) = (await api.NewPayeeAsync(), await api.NewPayeeAsync());
        foreach (var body in new[] { """{"url":"shop.example"}""", """{"url":"https://a@shop.example/"}""", """{"url":"https://shop.example/","types":["payment.stolen"]}""", """{"url":"https://shop.example/","types":[null]}""", """{"url":"file:///etc/passwd"}""" })
            Expect.Problem(await api.PostAsync("/v1/webhooks", payee.Key, body), 400, "invalid_field");
        using var receiver = new WebhookReceiver();
        var (id, _) = await HookAsync(payee.Key, receiver);
        Expect.Problem(await api.GetAsync($"/v1/webhooks/{id}", other.Key), 404, "webhook_not_found");
        Expect.Problem(await api.GetAsync($"/v1/webhooks/{id}", ServerProcess.OperatorKey), 404, "webhook_not_found");
        Expect.Problem(await api.GetAsync($"/v1/webhooks/{Api.UnknownId<WebhookKind>()}", payee.Key), 404, "webhook_not_found");
        Expect.Problem(await api.PostAsync($"/v1/webhooks/{id}/replays", payee.Key, """{"since":"yesterday"}"""), 400, "invalid_field");
        Expect.Problem(await api.PostAsync($"/v1/webhooks/{id}/replays", payee.Key, """{"since":"2026-11-23T09:00:00Z","until":"2026-11-23T08:00:00Z"}"""), 400, "invalid_field");
        Expect.Problem(await api.PostAsync($"/v1/webhooks/{id}/secret/rotate", payee.Key, """{"overlapSeconds":-1}"""), 400, "invalid_field");
        Assert.Equal("closed", (await api.PostAsync($"/v1/webhooks/{id}/close", payee.Key, null))["status"]);
        Expect.Problem(await api.PostAsync($"/v1/webhooks/{id}/resume", payee.Key, null), 409, "webhook_closed");
    }

    private async Task<(string Id, string Secret)> HookAsync(string key, WebhookReceiver receiver, string? types = null)
    {
        var made = await api.PostAsync("/v1/webhooks", key, types is null ? $$"""{"url":"{{receiver.Url}}"}""" : $$"""{"url":"{{receiver.Url}}","types":{{types}}}""");
        Assert.True(made.Status == 201, made.Text);
        return (made["id"]!, made["secret"]!);
    }

    private async Task<IReadOnlyList<System.Text.Json.Nodes.JsonNode?>> DeliveriesAsync(Account payee, string id) => [.. (await api.GetAsync($"/v1/webhooks/{id}/deliveries", payee.Key)).Json["lines"]!.AsArray()];

    private sealed class StoppedTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
