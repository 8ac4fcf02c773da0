namespace Farthing.Server.Tests.Rest;

/// <summary>Round-up donations, the clock being moved by hand.</summary>
[Collection(typeof(MovedClock))]
public sealed class RoundUpTests(ClockServer server)
{
    private readonly Api api = server.Api;

    [Fact]
    public async Task What_a_months_payments_are_rounded_up_by_is_given_once_and_the_next_month_counts_anew()
    {
        var (shop, charity, wallet) = (await api.NewPayeeAsync(), await api.NewPayeeAsync(), await api.NewWalletAsync("100"));
        await api.PayAsync(wallet, shop, "0.99");
        // What is paid in the millisecond in which a round-up is made counts.
        await server.AdvanceAsync(TimeSpan.FromSeconds(1));
        var made = await CreateAsync(wallet, charity, "0.1");
        var path = made.Headers.Location!.ToString();
        await api.PayAsync(wallet, shop, "0.02");
        await api.PayAsync(wallet, shop, "0.123456");
        await api.PayAsync(wallet, shop, "0.3");
        await api.PayAsync(wallet, charity, "0.07");
        var refunded = await api.PayAsync(wallet, shop, "0.01");
        Assert.Equal(201, (await api.PostAsync($"/v1/payments/{refunded}/refunds", shop.Key, null)).Status);
        var partly = await api.PayAsync(wallet, shop, "0.15");
        Assert.Equal(201, (await api.PostAsync($"/v1/payments/{partly}/refunds", shop.Key, $$"""{"amount":{{Api.Amount("0.04")}}}""")).Status);
        var held = await api.PayAsync(wallet, shop, "5", hold: true);
        Assert.Equal(200, (await api.PostAsync($"/v1/payments/{held}/post", shop.Key, $$"""{"amount":{{Api.Amount("1.01")}}}""")).Status);
        // 0.08 of 0.02, 0.076544 of 0.123456, nothing of 0.3, 0.09 of the 0.11 that were kept of 0.15, 0.09 of 1.01.
        Assert.Equal("0.336544", (await api.GetAsync(path, wallet.Key)).Amount("soFar"));
        var before = (await api.BalanceAsync(wallet)).Balance;

        await server.MoveToAsync(DateTimeOffset.Parse(made["nextAt"]!));
        await Eventually.TrueAsync(async () => (await api.GetAsync(path, wallet.Key))["paid"] == "1");
        var read = await api.GetAsync(path, wallet.Key);
        Assert.Equal("0", read.Amount("soFar"));
        var payment = await api.GetAsync($"/v1/payments/{read["lastPayment"]}", wallet.Key);
        Assert.Equal(("posted", "0.336544", charity.Id, read["id"]), (payment["status"], payment.Amount("amount"), payment["payee"], payment["reference"]));
        Assert.Equal(Money.Units(before) - Money.Units("0.336544"), Money.Units((await api.BalanceAsync(wallet)).Balance));

        // A month without payments gives nothing, and is not missed.
        await server.MoveToAsync(DateTimeOffset.Parse(read["nextAt"]!));
        await Eventually.TrueAsync(async () => (await api.GetAsync(path, wallet.Key))["nextAt"] != read["nextAt"]);
        Assert.Equal(("1", "0"), ((await api.GetAsync(path, wallet.Key))["paid"], (await api.GetAsync(path, wallet.Key))["missed"]));
    }

    [Fact]
    public async Task A_month_gives_at_most_its_cap_and_one_that_cannot_be_paid_is_missed_and_not_made_up()
    {
        var (shop, charity, wallet) = (await api.NewPayeeAsync(), await api.NewPayeeAsync(), await api.NewWalletAsync("10"));
        var made = await CreateAsync(wallet, charity, "1", $",\"mostPerMonth\":{Api.Amount("1.5")}");
        var path = made.Headers.Location!.ToString();
        for (var i = 0; i < 4; i++) await api.PayAsync(wallet, shop, "0.01");
        Assert.Equal("1.5", (await api.GetAsync(path, wallet.Key)).Amount("soFar"));
        await server.MoveToAsync(DateTimeOffset.Parse(made["nextAt"]!));
        await Eventually.TrueAsync(async () => (await api.GetAsync(path, wallet.Key))["paid"] == "1");
        Assert.Equal(("8.46", "0"), await api.BalanceAsync(wallet));

        await api.PayAsync(wallet, shop, "8.45");
        await server.MoveToAsync(DateTimeOffset.Parse((await api.GetAsync(path, wallet.Key))["nextAt"]!));
        await Eventually.TrueAsync(async () => (await api.GetAsync(path, wallet.Key))["missed"] == "1");
        Assert.Equal("insufficient_funds", (await api.GetAsync(path, wallet.Key))["lastRefusal"]);
        await api.TopUpAsync(wallet, "10");
        await server.MoveToAsync(DateTimeOffset.Parse((await api.GetAsync(path, wallet.Key))["nextAt"]!));
        await Eventually.TrueAsync(async () => (await api.GetAsync(path, wallet.Key))["lastRefusal"] is null);
        Assert.Equal(("1", "1"), ((await api.GetAsync(path, wallet.Key))["paid"], (await api.GetAsync(path, wallet.Key))["missed"]));
        Assert.Equal(("10.01", "0"), await api.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_cancelled_round_up_does_nothing_when_its_date_comes()
    {
        var (shop, charity, wallet) = (await api.NewPayeeAsync(), await api.NewPayeeAsync(), await api.NewWalletAsync("10"));
        var key = Api.NewKey();
        var body = Body(charity, "1");
        var made = await api.PostAsync("/v1/round-ups", wallet.Key, body, key);
        Assert.Equal((201, "active", "5"), (made.Status, made["status"], made.Amount("mostPerMonth")));
        await api.PayAsync(wallet, shop, "0.4");
        var cancelled = await api.PostAsync($"{made.Headers.Location}/cancel", wallet.Key, null);
        Assert.Equal((200, "cancelled", null), (cancelled.Status, cancelled["status"], cancelled["nextAt"]));
        Assert.Equal(cancelled.Text, (await api.PostAsync($"{made.Headers.Location}/cancel", wallet.Key, null)).Text);
        Assert.Equal(made.Text, (await api.PostAsync("/v1/round-ups", wallet.Key, body, key)).Text);
        Expect.Problem(await api.PostAsync("/v1/round-ups", wallet.Key, Body(charity, "2"), key), 409, "idempotency_conflict");

        // Another one of the same hour shows that the hour has come.
        var other = await CreateAsync(wallet, charity, "1");
        await api.PayAsync(wallet, shop, "0.4");
        await server.MoveToAsync(DateTimeOffset.Parse(other["nextAt"]!));
        await Eventually.TrueAsync(async () => (await api.GetAsync(other.Headers.Location!.ToString(), wallet.Key))["paid"] == "1");
        Assert.Equal(("8.6", "0"), await api.BalanceAsync(wallet));
        Assert.Equal("0", (await api.GetAsync(made.Headers.Location!.ToString(), wallet.Key))["paid"]);
    }

    [Fact]
    public async Task Round_ups_of_others_answer_as_if_unknown()
    {
        var (charity, wallet, eve) = (await api.NewPayeeAsync(), await api.NewWalletAsync(), await api.NewWalletAsync());
        var made = await CreateAsync(wallet, charity, "1");
        Expect.Problem(await api.GetAsync(made.Headers.Location!.ToString(), eve.Key), 404, "round_up_not_found");
        Expect.Problem(await api.PostAsync($"{made.Headers.Location}/cancel", eve.Key, null), 404, "round_up_not_found");
        Assert.Empty((await api.GetAsync("/v1/round-ups", eve.Key)).Json["lines"]!.AsArray());
        Assert.Equal(made["id"], Assert.Single((await api.GetAsync("/v1/round-ups", wallet.Key)).Json["lines"]!.AsArray())!["id"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_wallet_has_one_round_up_at_a_time_also_when_many_are_asked_for_at_once()
    {
        var (charity, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync());
        var replies = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => api.PostAsync("/v1/round-ups", wallet.Key, Body(charity, "1"))));
        var made = Assert.Single(replies, reply => reply.Status == 201);
        Assert.All(replies.Where(reply => reply != made), reply => Expect.Problem(reply, 409, "round_up_exists"));
        Assert.Equal("cancelled", (await api.PostAsync($"{made.Headers.Location}/cancel", wallet.Key, null))["status"]);
        await CreateAsync(wallet, charity, "1");
        Assert.Equal(2, (await api.GetAsync("/v1/round-ups", wallet.Key)).Json["lines"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_gift_is_shared_as_its_offer_says_until_that_is_closed()
    {
        var (shop, red, cross, wallet) = (await api.NewPayeeAsync(), await api.NewPayeeAsync(), await api.NewPayeeAsync(), await api.NewWalletAsync("10"));
        var offer = await NewGiftAsync(red, "0.05", $",\"splits\":[{{\"payee\":\"{red.Id}\",\"basisPoints\":6667}},{{\"payee\":\"{cross.Id}\",\"basisPoints\":3333}}]");
        var made = await api.PostAsync("/v1/round-ups", wallet.Key, $$"""{"offer":"{{offer}}","unit":{{Api.Amount("0.1")}}}""");
        Assert.Equal((201, red.Id, offer), (made.Status, made["payee"], made["offer"]));
        var path = made.Headers.Location!.ToString();
        await api.PayAsync(wallet, shop, "0.03");
        await server.MoveToAsync(DateTimeOffset.Parse(made["nextAt"]!));
        await Eventually.TrueAsync(async () => (await api.GetAsync(path, wallet.Key))["paid"] == "1");
        // 0.07 less a fee of 0.0007: 0.04620231 and 0.02309769 are rounded to whole millionths by the largest remainder.
        Assert.Equal([("0.046202", "0"), ("0.023098", "0"), ("9.9", "0")], [await api.BalanceAsync(red), await api.BalanceAsync(cross), await api.BalanceAsync(wallet)]);

        // Less than the offer takes is a missed month; a closed offer is the end.
        await api.PayAsync(wallet, shop, "0.09");
        await server.MoveToAsync(DateTimeOffset.Parse((await api.GetAsync(path, wallet.Key))["nextAt"]!));
        await Eventually.TrueAsync(async () => (await api.GetAsync(path, wallet.Key))["lastRefusal"] == "amount_below_minimum");
        await api.PayAsync(wallet, shop, "0.01");
        Assert.Equal(200, (await api.PostAsync($"/v1/offers/{offer}/close", red.Key, null)).Status);
        await server.MoveToAsync(DateTimeOffset.Parse((await api.GetAsync(path, wallet.Key))["nextAt"]!));
        await Eventually.TrueAsync(async () => (await api.GetAsync(path, wallet.Key))["status"] == "ended");
        var ended = await api.GetAsync(path, wallet.Key);
        Assert.Equal(("offer_closed", "1", "2", null), (ended["lastRefusal"], ended["paid"], ended["missed"], ended["nextAt"]));
        Assert.Equal(("9.8", "0"), await api.BalanceAsync(wallet));
    }

    [Fact]
    public async Task The_wallets_pause_and_caps_hold_for_gifts_and_its_erasure_ends_them()
    {
        var (shop, charity, wallet) = (await api.NewPayeeAsync(), await api.NewPayeeAsync(), await api.NewWalletAsync("10"));
        var made = await CreateAsync(wallet, charity, "1");
        var path = made.Headers.Location!.ToString();
        await api.PayAsync(wallet, shop, "0.25");
        Assert.Equal(200, (await api.PostAsync($"/v1/wallets/{wallet.Id}/pause", wallet.Key, null)).Status);
        await NextMonthAsync("wallet_frozen");
        Assert.Equal(200, (await api.PostAsync($"/v1/wallets/{wallet.Id}/resume", wallet.Key, null)).Status);
        Assert.Equal(200, (await api.PostAsync($"/v1/wallets/{wallet.Id}/caps", wallet.Key, $$"""{"perDay":{{Api.Amount("0.5")}}}""")).Status);
        await api.PayAsync(wallet, shop, "0.1");
        await NextMonthAsync("cap_exceeded");
        Assert.Equal(("9.65", "0"), await api.BalanceAsync(wallet));
        Assert.Equal(("0", "0"), await api.BalanceAsync(charity));

        await api.PayAsync(wallet, shop, "0.45");
        var next = DateTimeOffset.Parse((await api.GetAsync(path, wallet.Key))["nextAt"]!);
        Assert.Equal(200, (await api.PostAsync($"/v1/wallets/{wallet.Id}/erase", wallet.Key, null)).Status);
        foreach (var reply in new[] { await api.GetAsync(path, wallet.Key), await api.GetAsync("/v1/round-ups", wallet.Key), await api.PostAsync($"{path}/cancel", wallet.Key, null), await api.PostAsync("/v1/round-ups", wallet.Key, Body(charity, "1")) })
            Expect.Problem(reply, 410, "wallet_erased");
        await server.MoveToAsync(next);
        await Eventually.TrueAsync(async () => (await api.GetAsync("/v1/schedule", ServerProcess.OperatorKey)).Json["dueNow"]!.GetValue<int>() == 0);
        Assert.Equal(("0", "0"), await api.BalanceAsync(charity));

        async Task NextMonthAsync(string refusal)
        {
            await server.MoveToAsync(DateTimeOffset.Parse((await api.GetAsync(path, wallet.Key))["nextAt"]!));
            await Eventually.TrueAsync(async () => (await api.GetAsync(path, wallet.Key))["lastRefusal"] == refusal);
        }
    }

    [Fact]
    public async Task The_example_of_its_page_is_taken_as_it_stands()
    {
        var (charity, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync());
        var page = await File.ReadAllTextAsync(Path.Combine(PricingPagesTests.Root(), "docs", "pricing", "round-up.md"), TestContext.Current.CancellationToken);
        var start = page.IndexOf("```json", StringComparison.Ordinal) + 7;
        var example = page[start..page.IndexOf("```", start, StringComparison.Ordinal)].Replace("pye_01JD8Y2M6K3T5V7W9XAZBCDEFG", charity.Id);
        var made = await api.PostAsync("/v1/round-ups", wallet.Key, example);
        Assert.Equal((201, "Europe/Paris", "0.1", "5"), (made.Status, made["timeZone"], made.Amount("unit"), made.Amount("mostPerMonth")));
    }

    [Theory]
    [InlineData("""{"payee":"PAYEE"}""", 400, "missing_field")]
    [InlineData("""{"unit":UNIT}""", 400, "invalid_field")]
    [InlineData("""{"payee":"PAYEE","offer":"GIFT","unit":UNIT}""", 400, "invalid_field")]
    [InlineData("""{"payee":"nobody","unit":UNIT}""", 400, "invalid_id")]
    [InlineData("""{"payee":7,"unit":UNIT}""", 400, "invalid_field")]
    [InlineData("""{"payee":"pye_01JD8Y2M6K3T5V7W9XAZBCDEFG","unit":UNIT}""", 404, "payee_not_found")]
    [InlineData("""{"offer":"off_01JD8Y2M6K3T5V7W9XAZBCDEFG","unit":UNIT}""", 404, "offer_not_found")]
    [InlineData("""{"offer":"CLOSED","unit":UNIT}""", 409, "offer_closed")]
    [InlineData("""{"offer":"PRICED","unit":UNIT}""", 400, "invalid_field")]
    [InlineData("""{"offer":"PERIOD","unit":UNIT}""", 409, "offer_is_a_subscription")]
    [InlineData("""{"offer":"BUNDLE","unit":UNIT}""", 400, "invalid_field")]
    [InlineData("""{"offer":"GIFT","unit":UNIT,"mostPerMonth":{"amount":"0.04","currency":"USD"}}""", 400, "amount_below_minimum")]
    [InlineData("""{"payee":"EURO","unit":UNIT}""", 400, "currency_mismatch")]
    [InlineData("""{"payee":"PAYEE","unit":"0.1"}""", 400, "invalid_field")]
    [InlineData("""{"payee":"PAYEE","unit":{"amount":0.1,"currency":"USD"}}""", 400, "amount_must_be_a_string")]
    [InlineData("""{"payee":"PAYEE","unit":{"amount":"0","currency":"USD"}}""", 400, "amount_must_not_be_zero")]
    [InlineData("""{"payee":"PAYEE","unit":{"amount":"-1","currency":"USD"}}""", 400, "amount_must_not_be_negative")]
    [InlineData("""{"payee":"PAYEE","unit":{"amount":"0.0000001","currency":"USD"}}""", 400, "too_many_decimals")]
    [InlineData("""{"payee":"PAYEE","unit":{"amount":"1","currency":"EUR"}}""", 400, "currency_mismatch")]
    [InlineData("""{"payee":"PAYEE","unit":UNIT,"mostPerMonth":{"amount":"0","currency":"USD"}}""", 400, "amount_must_not_be_zero")]
    [InlineData("""{"payee":"PAYEE","unit":UNIT,"mostPerMonth":{"amount":"1","currency":"EUR"}}""", 400, "currency_mismatch")]
    [InlineData("""{"payee":"PAYEE","unit":UNIT,"timeZone":"Mars/Olympus"}""", 400, "invalid_field")]
    [InlineData("""{"payee":"PAYEE","unit":UNIT,"share":0.5}""", 400, "unknown_field")]
    public async Task What_makes_no_sense_is_refused_by_name_and_nothing_is_left(string body, int status, string code)
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync());
        body = body.Replace("PAYEE", payee.Id).Replace("UNIT", Api.Amount("1"));
        if (body.Contains("EURO")) body = body.Replace("EURO", (await api.NewPayeeAsync("EUR")).Id);
        if (body.Contains("GIFT")) body = body.Replace("GIFT", await NewGiftAsync(payee, "0.05"));
        if (body.Contains("PRICED")) body = body.Replace("PRICED", await api.NewOfferAsync(payee));
        if (body.Contains("BUNDLE")) body = body.Replace("BUNDLE", await NewGiftAsync(payee, "0.05", ",\"resources\":[\"/a/*\"]"));
        if (body.Contains("PERIOD"))
            body = body.Replace("PERIOD", (await api.PostAsync("/v1/offers", payee.Key, $$$"""{"name":"Weekly","pricing":{"model":"subscription","price":{{{Api.Amount("1")}}},"every":"week"}}"""))["id"]);
        if (body.Contains("CLOSED"))
        {
            var offer = await NewGiftAsync(payee, "0.05");
            Assert.Equal(200, (await api.PostAsync($"/v1/offers/{offer}/close", payee.Key, null)).Status);
            body = body.Replace("CLOSED", offer);
        }

        Expect.Problem(await api.PostAsync("/v1/round-ups", wallet.Key, body), status, code);
        Assert.Empty((await api.GetAsync("/v1/round-ups", wallet.Key)).Json["lines"]!.AsArray());
    }

    private async Task<string> NewGiftAsync(Account payee, string minimum, string more = "")
    {
        var made = await api.PostAsync("/v1/offers", payee.Key, $$$"""{"name":"A gift","pricing":{"model":"pay-what-you-want","minimum":{{{Api.Amount(minimum)}}}}{{{more}}}}""");
        Assert.True(made.Status == 201, made.Text);
        return made["id"]!;
    }

    private async Task<Reply> CreateAsync(Account wallet, Account payee, string unit, string more = "")
    {
        var made = await api.PostAsync("/v1/round-ups", wallet.Key, Body(payee, unit, more));
        Assert.True(made.Status == 201, made.Text);
        return made;
    }

    private static string Body(Account payee, string unit, string more = "") => $$"""{"payee":"{{payee.Id}}","unit":{{Api.Amount(unit)}}{{more}}}""";
}
