using System.Globalization;
using System.Text.Json.Nodes;
using Farthing.Protocol;

namespace Farthing.Server.Tests.Rest;

/// <summary>docs/pricing/tips.md.</summary>
[Collection(typeof(MovedClock))]
public sealed class TipsTests(ClockServer server)
{
    private readonly Api api = server.Api;

    [Fact]
    public async Task A_tip_given_once_is_a_payment_and_leaves_no_monthly_record()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("5"));
        var key = Api.NewKey();
        var tip = await api.PostAsync("/v1/tips", wallet.Key, Body(payee, "1", ",\"reference\":\"thanks\""), key);
        Assert.Equal((201, "thanks", null), (tip.Status, tip["reference"], tip["monthly"]));
        var payment = await api.GetAsync($"/v1/payments/{tip["payment"]}", wallet.Key);
        Assert.Equal(("posted", "1", "thanks"), (payment["status"], payment.Amount("amount"), payment["reference"]));
        Assert.Equal(tip.Text, (await api.PostAsync("/v1/tips", wallet.Key, Body(payee, "1", ",\"reference\":\"thanks\""), key)).Text);
        Expect.Problem(await api.PostAsync("/v1/tips", wallet.Key, Body(payee, "2"), key), 409, "idempotency_conflict");
        Expect.Problem(await api.PostAsync("/v1/tips", wallet.Key, Monthly(payee, "1"), key), 409, "idempotency_conflict");
        Assert.Empty(await TipsAsync(wallet));
        await server.AdvanceAsync(TimeSpan.FromDays(62));
        await SettleAsync(api);
        Assert.Equal(("4", "0"), await api.BalanceAsync(wallet));
    }

    [Fact]
    public async Task The_example_of_the_page_is_given_as_it_stands()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(PricingPagesTests.Root(), "docs", "pricing", "tips.md"), TestContext.Current.CancellationToken);
        var example = page.Split("```json\n")[1].Split("\n```")[0];
        Assert.Contains("pye_01JD8Y2M6K3T5V7W9XAZBCDEFG", example, StringComparison.Ordinal);
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("5"));
        var tip = await api.PostAsync("/v1/tips", wallet.Key, example.Replace("pye_01JD8Y2M6K3T5V7W9XAZBCDEFG", payee.Id, StringComparison.Ordinal));
        Assert.True(tip.Status == 201, tip.Text);
        Assert.Equal("Europe/Paris", Assert.Single(await TipsAsync(wallet))["timeZone"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_monthly_tip_begun_on_the_31st_keeps_its_day()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("10"));
        var now = await server.NowAsync();
        // Clocks of New York are five hours behind in winter, four in summer: there it is still the 31st.
        var first = await server.MoveToAsync(new DateTimeOffset(now.Year + 1, 2, 1, 3, 30, 0, TimeSpan.Zero));
        var tip = await api.PostAsync("/v1/tips", wallet.Key, Monthly(payee, "1", "America/New_York"));
        Assert.True(tip.Status == 201, tip.Text);
        var id = tip.Json["monthly"]!["id"]!.GetValue<string>();
        Assert.Equal($"/v1/tips/{id}", tip.Headers.Location!.ToString());
        List<DateTimeOffset> expected =
        [
            new(first.Year, 3, 1, 3, 30, 0, TimeSpan.Zero),
            new(first.Year, 4, 1, 2, 30, 0, TimeSpan.Zero),
            new(first.Year, 5, 1, 2, 30, 0, TimeSpan.Zero),
            new(first.Year, 6, 1, 2, 30, 0, TimeSpan.Zero),
        ];
        for (var month = 0; month < expected.Count; month++)
        {
            var next = DateTimeOffset.Parse((await ReadAsync(wallet, id))["nextAt"]!, CultureInfo.InvariantCulture);
            // The day and the hour are those of the first one, which took its time.
            Assert.InRange(next, expected[month], expected[month].AddMinutes(20));
            await server.MoveToAsync(next.AddMilliseconds(-60_000));
            await SettleAsync(api);
            Assert.Equal(month + 1, (await ReadAsync(wallet, id)).Json["paid"]!.GetValue<int>());
            await server.MoveToAsync(next.AddMilliseconds(1));
            await SettleAsync(api);
            Assert.Equal(month + 2, (await ReadAsync(wallet, id)).Json["paid"]!.GetValue<int>());
        }

        Assert.Equal(("5", "0"), await api.BalanceAsync(wallet));
        var found = (await api.GetAsync($"/v1/payments?reference={id}", wallet.Key)).Json["lines"]!.AsArray();
        Assert.Equal(5, found.Count);
        Assert.Equal(5, found.Select(payment => payment!["id"]!.GetValue<string>()).Distinct().Count());
    }

    [Fact]
    public async Task A_monthly_tip_whose_first_payment_is_refused_does_not_come_into_being()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("0.5"));
        var key = Api.NewKey();
        Expect.Problem(await api.PostAsync("/v1/tips", wallet.Key, Monthly(payee, "1"), key), 402, "insufficient_funds");
        Assert.Empty(await TipsAsync(wallet));
        await api.TopUpAsync(wallet, "10");
        Expect.Problem(await api.PostAsync("/v1/tips", wallet.Key, Monthly(payee, "1"), key), 402, "insufficient_funds");
        Assert.Empty(await TipsAsync(wallet));
        await server.AdvanceAsync(TimeSpan.FromDays(62));
        await SettleAsync(api);
        Assert.Equal(("10.5", "0"), await api.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_cancelled_monthly_tip_does_nothing_when_its_date_comes()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("10"));
        var key = Api.NewKey();
        var made = await api.PostAsync("/v1/tips", wallet.Key, Monthly(payee, "1"), key);
        var id = made.Json["monthly"]!["id"]!.GetValue<string>();
        await server.AdvanceAsync(TimeSpan.FromDays(31));
        await SettleAsync(api);
        var other = await api.NewWalletAsync();
        Expect.Problem(await api.PostAsync($"/v1/tips/{id}/cancel", other.Key, null), 404, "tip_not_found");
        for (var times = 0; times < 2; times++)
        {
            var cancelled = await api.PostAsync($"/v1/tips/{id}/cancel", wallet.Key, null);
            Assert.Equal((200, "cancelled", null), (cancelled.Status, cancelled["status"], cancelled["nextAt"]));
        }

        await server.AdvanceAsync(TimeSpan.FromDays(100));
        await SettleAsync(api);
        Assert.Equal(("8", "0"), await api.BalanceAsync(wallet));
        Assert.Equal("cancelled", Assert.Single(await TipsAsync(wallet))["status"]!.GetValue<string>());
        // A late repeat hears the first answer, and begins nothing anew.
        Assert.Equal(made.Text, (await api.PostAsync("/v1/tips", wallet.Key, Monthly(payee, "1"), key)).Text);
        Assert.Equal("cancelled", (await ReadAsync(wallet, id))["status"]);
    }

    [Fact]
    public async Task A_month_that_cannot_be_paid_is_missed_and_not_made_up()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("1"));
        var id = (await api.PostAsync("/v1/tips", wallet.Key, Monthly(payee, "1"))).Json["monthly"]!["id"]!.GetValue<string>();
        await server.AdvanceAsync(TimeSpan.FromDays(31));
        await SettleAsync(api);
        var missed = await ReadAsync(wallet, id);
        Assert.Equal(("active", "1", "1", "insufficient_funds"), (missed["status"], missed["paid"], missed["missed"], missed["lastRefusal"]));
        await api.TopUpAsync(wallet, "5");
        await server.AdvanceAsync(TimeSpan.FromDays(31));
        await SettleAsync(api);
        var paid = await ReadAsync(wallet, id);
        Assert.Equal(("active", "2", "1", null), (paid["status"], paid["paid"], paid["missed"], paid["lastRefusal"]));
        Assert.Equal(("4", "0"), await api.BalanceAsync(wallet));
        Assert.Equal(200, (await api.PostAsync($"/v1/wallets/{wallet.Id}/erase", wallet.Key, null)).Status);
        await server.AdvanceAsync(TimeSpan.FromDays(31));
        await SettleAsync(api);
        Assert.Equal(0, (await api.GetAsync("/v1/schedule", ServerProcess.OperatorKey)).Json["failing"]!.GetValue<int>());
    }

    [Fact]
    public async Task Months_that_came_while_the_server_was_off_are_each_paid_under_their_own_date()
    {
        await using var own = await ServerProcess.StartAsync(null, "--test-clock");
        using var ownApi = new Api(own);
        var (payee, wallet) = (await ownApi.NewPayeeAsync(), await ownApi.NewWalletAsync("10"));
        var made = await ownApi.PostAsync("/v1/tips", wallet.Key, Monthly(payee, "1"));
        var id = made.Json["monthly"]!["id"]!.GetValue<string>();
        Assert.Equal(0, await own.TerminateAsync());
        var off = TimeSpan.FromDays(170);
        await File.WriteAllTextAsync(Path.Combine(own.Data, "test-clock"), off.Ticks.ToString(CultureInfo.InvariantCulture), TestContext.Current.CancellationToken);
        await own.StartAgainAsync();
        await SettleAsync(ownApi);
        var payments = (await ownApi.GetAsync($"/v1/payments?reference={id}", wallet.Key)).Json["lines"]!.AsArray();
        var first = DateTimeOffset.Parse(made.Json["monthly"]!["createdAt"]!.GetValue<string>(), CultureInfo.InvariantCulture);
        var dates = payments.Select(payment => DateTimeOffset.FromUnixTimeMilliseconds((long)(Id<PaymentKind>.Parse(payment!["id"]!.GetValue<string>()).Value >> 80))).Order().ToList();
        Assert.Equal(Enumerable.Range(0, 6).Select(first.AddMonths), dates);
        Assert.Equal(("4", "0"), await ownApi.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_tip_is_shared_as_its_offer_says_every_month_until_that_is_closed()
    {
        var (band, other, wallet) = (await api.NewPayeeAsync(), await api.NewPayeeAsync(), await api.NewWalletAsync("5"));
        var offer = await GiftAsync(band, $",\"splits\":[{{\"payee\":\"{band.Id}\",\"basisPoints\":5000}},{{\"payee\":\"{other.Id}\",\"basisPoints\":5000}}]");
        var body = $$"""{"offer":"{{offer}}","amount":{{Api.Amount("1")}},"monthly":true}""";
        var key = Api.NewKey();
        var made = await api.PostAsync("/v1/tips", wallet.Key, body, key);
        Assert.Equal((201, band.Id, offer, offer), (made.Status, made["payee"], made["offer"], made.Json["monthly"]!["offer"]!.GetValue<string>()));
        Assert.Equal(made.Text, (await api.PostAsync("/v1/tips", wallet.Key, body, key)).Text);
        Expect.Problem(await api.PostAsync("/v1/tips", wallet.Key, $$"""{"payee":"{{band.Id}}","amount":{{Api.Amount("1")}},"monthly":true}""", key), 409, "idempotency_conflict");
        Assert.Equal([("0.495", "0"), ("0.495", "0")], [await api.BalanceAsync(band), await api.BalanceAsync(other)]);
        var once = await api.PostAsync("/v1/tips", wallet.Key, $$"""{"offer":"{{offer}}","amount":{{Api.Amount("0.000003")}}}""");
        Assert.Equal((201, offer, "0.000003"), (once.Status, once["offer"], once.Amount("amount")));
        Assert.Equal([("0.495002", "0"), ("0.495001", "0")], [await api.BalanceAsync(band), await api.BalanceAsync(other)]);

        Assert.Equal(200, (await api.PostAsync($"/v1/offers/{offer}/close", band.Key, null)).Status);
        await server.MoveToAsync(DateTimeOffset.Parse(made.Json["monthly"]!["nextAt"]!.GetValue<string>(), CultureInfo.InvariantCulture));
        await Eventually.TrueAsync(async () => (await api.GetAsync(made.Headers.Location!.ToString(), wallet.Key))["status"] == "ended");
        Assert.Equal("offer_closed", (await api.GetAsync(made.Headers.Location!.ToString(), wallet.Key))["lastRefusal"]);
        Assert.Equal(("3.999997", "0"), await api.BalanceAsync(wallet));
    }

    [Theory]
    [InlineData("{}", 400, "missing_field")]
    [InlineData("""{"amount":{"amount":"1","currency":"USD"}}""", 400, "invalid_field")]
    [InlineData("""{"payee":"PAYEE","offer":"GIFT","amount":{"amount":"1","currency":"USD"}}""", 400, "invalid_field")]
    [InlineData("""{"offer":"PAYEE","amount":{"amount":"1","currency":"USD"}}""", 400, "invalid_id")]
    [InlineData("""{"offer":"off_01JD8Y2M6K3T5V7W9XAZBCDEFG","amount":{"amount":"1","currency":"USD"}}""", 404, "offer_not_found")]
    [InlineData("""{"offer":"PRICED","amount":{"amount":"1","currency":"USD"}}""", 400, "invalid_field")]
    [InlineData("""{"offer":"BUNDLE","amount":{"amount":"1","currency":"USD"},"monthly":true}""", 400, "invalid_field")]
    [InlineData("""{"offer":"GIFT","amount":{"amount":"0.000001","currency":"USD"},"monthly":true}""", 400, "amount_below_minimum")]
    [InlineData("""{"payee":"PAYEE","amount":{"amount":"1","currency":"EUR"},"monthly":true}""", 400, "currency_mismatch")]
    [InlineData("""{"payee":"PAYEE","amount":{"amount":"1","currency":"EUR"}}""", 400, "currency_mismatch")]
    [InlineData("""{"payee":"PAYEE","amount":{"amount":"0","currency":"USD"},"monthly":true}""", 400, "amount_must_not_be_zero")]
    [InlineData("""{"payee":"PAYEE","amount":{"amount":"-1","currency":"USD"}}""", 400, "amount_must_not_be_negative")]
    [InlineData("""{"payee":"PAYEE","amount":1}""", 400, "amount_must_be_a_string")]
    [InlineData("""{"payee":"PAYEE","amount":{"amount":"1","currency":"USD"},"monthly":true,"timeZone":"Europe/Atlantis"}""", 400, "invalid_field")]
    [InlineData("""{"payee":"PAYEE","amount":{"amount":"1","currency":"USD"},"monthly":true,"reference":"x"}""", 400, "invalid_field")]
    [InlineData("""{"payee":"PAYEE","amount":{"amount":"1","currency":"USD"},"timeZone":"Europe/Paris"}""", 400, "invalid_field")]
    [InlineData("""{"payee":"PAYEE","amount":{"amount":"1","currency":"USD"},"monthly":"yes"}""", 400, "invalid_field")]
    [InlineData("""{"payee":"PAYEE","amount":{"amount":"1","currency":"USD"},"reference":"\u0007"}""", 400, "invalid_field")]
    [InlineData("""{"payee":"PAYEE","amount":{"amount":"1","currency":"USD"},"every":"month"}""", 400, "unknown_field")]
    [InlineData("""{"payee":"wal_01JD8Y2M6K3T5V7W9XAZBCDEFG","amount":{"amount":"1","currency":"USD"},"monthly":true}""", 400, "invalid_id")]
    [InlineData("""{"payee":"UNKNOWN","amount":{"amount":"1","currency":"USD"},"monthly":true}""", 404, "payee_not_found")]
    [InlineData("""{"payee":"UNKNOWN","amount":{"amount":"1","currency":"USD"}}""", 404, "payee_not_found")]
    public async Task A_tip_that_makes_no_sense_is_refused_by_name_and_leaves_nothing(string body, int status, string code)
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("5"));
        body = body.Replace("PAYEE", payee.Id, StringComparison.Ordinal).Replace("UNKNOWN", Api.UnknownId<PayeeKind>(), StringComparison.Ordinal);
        if (body.Contains("GIFT")) body = body.Replace("GIFT", await GiftAsync(payee));
        if (body.Contains("PRICED")) body = body.Replace("PRICED", await api.NewOfferAsync(payee));
        if (body.Contains("BUNDLE")) body = body.Replace("BUNDLE", await GiftAsync(payee, ",\"resources\":[\"/a/*\"]"));
        Expect.Problem(await api.PostAsync("/v1/tips", wallet.Key, body), status, code);
        Assert.Equal(("5", "0"), await api.BalanceAsync(wallet));
        Assert.Empty(await TipsAsync(wallet));
        Expect.Problem(await api.PostAsync("/v1/tips", payee.Key, body), 403, "forbidden");
        Expect.Problem(await api.GetAsync($"/v1/tips/{Api.UnknownId<TipKind>()}", wallet.Key), 404, "tip_not_found");
    }

    private static string Body(Account payee, string amount, string more = "") => $$"""{"payee":"{{payee.Id}}","amount":{{Api.Amount(amount)}}{{more}}}""";

    private static string Monthly(Account payee, string amount, string zone = "UTC") => Body(payee, amount, $$""","monthly":true,"timeZone":"{{zone}}" """);

    private async Task<Reply> ReadAsync(Account wallet, string id)
    {
        var reply = await api.GetAsync($"/v1/tips/{id}", wallet.Key);
        Assert.True(reply.Status == 200, reply.Text);
        return reply;
    }

    private async Task<List<JsonNode>> TipsAsync(Account wallet) => [.. (await api.GetAsync("/v1/tips", wallet.Key)).Json["lines"]!.AsArray().Select(line => line!)];

    private async Task<string> GiftAsync(Account payee, string more = "")
    {
        var made = await api.PostAsync("/v1/offers", payee.Key, $$$"""{"name":"A gift","pricing":{"model":"pay-what-you-want","minimum":{{{Api.Amount("0.000002")}}}}{{{more}}}}""");
        Assert.True(made.Status == 201, made.Text);
        return made["id"]!;
    }

    private static Task SettleAsync(Api api) =>
        Eventually.TrueAsync(async () => (await api.GetAsync("/v1/schedule", ServerProcess.OperatorKey)).Json["dueNow"]!.GetValue<int>() == 0);
}
