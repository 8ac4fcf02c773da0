using System.Globalization;
using Farthing.Protocol;

namespace Farthing.Server.Tests.Rest;

/// <summary>docs/pricing/subscription.md.</summary>
[Collection(typeof(MovedClock))]
public sealed class SubscriptionsTests(ClockServer server)
{
    private readonly Api api = server.Api;

    [Fact]
    public async Task Each_month_is_paid_when_it_begins_and_both_parties_are_told()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("100"));
        var offer = await OfferAsync(payee, "5");
        var key = Api.NewKey();
        var now = await server.NowAsync();
        await server.MoveToAsync(new DateTimeOffset(now.Year + 1, 1, 31, 12, 0, 0, TimeSpan.Zero));
        var made = await api.PostAsync("/v1/subscriptions", wallet.Key, $$"""{"offer":"{{offer}}"}""", key);
        Assert.True(made.Status == 201, made.Text);
        var id = made.Json["subscription"]!["id"]!.GetValue<string>();
        Assert.Equal($"/v1/subscriptions/{id}", made.Headers.Location!.ToString());
        Assert.Equal(made.Text, (await api.PostAsync("/v1/subscriptions", wallet.Key, $$"""{"offer":"{{offer}}"}""", key)).Text);
        var days = new List<int>();
        for (var month = 0; month < 4; month++)
        {
            var end = await EndOfAsync(wallet, id);
            days.Add(end.Day);
            await server.MoveToAsync(end.AddMinutes(-1));
            await SettleAsync();
            Assert.Equal((100 - (5 * (month + 1))).ToString(CultureInfo.InvariantCulture), (await api.BalanceAsync(wallet)).Balance);
            await server.MoveToAsync(end.AddMilliseconds(1));
            await SettleAsync();
        }

        Assert.Equal(("75", "0"), await api.BalanceAsync(wallet));
        Assert.Equal([DateTime.IsLeapYear(now.Year + 1) ? 29 : 28, 31, 30, 31], days);
        Assert.Equal(["started", "renewed", "renewed", "renewed", "renewed"], await EventsAsync(wallet, id));
        Assert.Equal(["started", "renewed", "renewed", "renewed", "renewed"], await EventsAsync(payee, id));
        var seen = await api.GetAsync($"/v1/subscriptions/{id}", payee.Key);
        Assert.True(seen["payer"] is not null && seen["wallet"] is null, seen.Text);
        Assert.Equal(made.Text, (await api.PostAsync("/v1/subscriptions", wallet.Key, $$"""{"offer":"{{offer}}"}""", key)).Text);
        Assert.Equal(5, (await api.GetAsync($"/v1/payments?reference={id}", wallet.Key)).Json["lines"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_subscription_whose_first_period_is_refused_does_not_come_into_being()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("1"));
        var offer = await OfferAsync(payee, "5");
        Expect.Problem(await api.PostAsync("/v1/subscriptions", wallet.Key, $$"""{"offer":"{{offer}}"}"""), 402, "insufficient_funds");
        Assert.Empty((await api.GetAsync("/v1/subscriptions", wallet.Key)).Json["lines"]!.AsArray());
        Assert.Empty((await api.GetAsync("/v1/subscriptions/events", payee.Key)).Json["lines"]!.AsArray());
        await api.TopUpAsync(wallet, "50");
        await server.AdvanceAsync(TimeSpan.FromDays(40));
        await SettleAsync();
        Assert.Equal(("51", "0"), await api.BalanceAsync(wallet));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Either_side_can_cancel_and_the_other_hears_of_it(bool byPayee)
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("100"));
        var id = await SubscribeAsync(wallet, await OfferAsync(payee, "5"));
        var key = Api.NewKey();
        var cancelled = await api.PostAsync($"/v1/subscriptions/{id}/cancel", byPayee ? payee.Key : wallet.Key, null, key);
        Assert.Equal((200, "cancelled", byPayee ? "payee" : "payer"), (cancelled.Status, cancelled["kind"], cancelled["by"]));
        Assert.Equal(cancelled.Text, (await api.PostAsync($"/v1/subscriptions/{id}/cancel", byPayee ? payee.Key : wallet.Key, null, key)).Text);
        Expect.Problem(await api.PostAsync($"/v1/subscriptions/{id}/cancel", wallet.Key, null), 409, "subscription_status_forbids");
        Expect.Problem(await api.PostAsync($"/v1/subscriptions/{id}/pause", wallet.Key, null), 409, "subscription_status_forbids");
        Assert.Equal("cancelled", await StatusAsync(wallet, id));
        await server.AdvanceAsync(TimeSpan.FromDays(70));
        await SettleAsync();
        Assert.Equal("ended", await StatusAsync(wallet, id));
        Assert.Equal(("95", "0"), await api.BalanceAsync(wallet));
        Assert.Equal(["started", "cancelled", "ended"], await EventsAsync(wallet, id));
        Assert.Equal(["started", "cancelled", "ended"], await EventsAsync(payee, id));
        var other = await api.NewWalletAsync();
        Expect.Problem(await api.PostAsync($"/v1/subscriptions/{id}/cancel", other.Key, null), 404, "subscription_not_found");
        Expect.Problem(await api.GetAsync($"/v1/subscriptions/{id}", other.Key), 404, "subscription_not_found");
    }

    [Fact]
    public async Task A_refused_renewal_is_tried_again_after_1_3_and_5_days_and_then_the_subscription_ends()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("5"));
        var id = await SubscribeAsync(wallet, await OfferAsync(payee, "5"));
        var due = await EndOfAsync(wallet, id);
        foreach (var (days, status) in new[] { (0, "past-due"), (1, "past-due"), (3, "past-due"), (5, "ended") })
        {
            await server.MoveToAsync(due.AddDays(days).AddMinutes(-1));
            await SettleAsync();
            Assert.Equal(days == 0 ? "active" : "past-due", await StatusAsync(wallet, id));
            await server.MoveToAsync(due.AddDays(days).AddMinutes(1));
            await SettleAsync();
            Assert.Equal(status, await StatusAsync(wallet, id));
            Assert.Equal("insufficient_funds", (await api.GetAsync($"/v1/subscriptions/{id}", wallet.Key))["lastRefusal"]);
        }

        Assert.Equal(["started", "renewal-refused", "renewal-refused", "renewal-refused", "ended"], await EventsAsync(payee, id));
        await api.TopUpAsync(wallet, "50");
        await server.AdvanceAsync(TimeSpan.FromDays(40));
        await SettleAsync();
        Assert.Equal(("50", "0"), await api.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_retry_that_succeeds_pays_the_period_from_the_day_it_was_due()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("5"));
        var id = await SubscribeAsync(wallet, await OfferAsync(payee, "5"));
        var due = await EndOfAsync(wallet, id);
        await server.MoveToAsync(due.AddDays(2));
        await SettleAsync();
        await api.TopUpAsync(wallet, "12");
        await server.MoveToAsync(due.AddDays(3).AddMinutes(1));
        await SettleAsync();
        var read = await api.GetAsync($"/v1/subscriptions/{id}", wallet.Key);
        Assert.Equal(("active", null), (read["status"], read["lastRefusal"]));
        Assert.Equal(due, DateTimeOffset.Parse(read["periodStart"]!, CultureInfo.InvariantCulture));
        Assert.Equal(("7", "0"), await api.BalanceAsync(wallet));
        // The clock leapt over the first day's retry, so there was one more try only.
        Assert.Equal(["started", "renewal-refused", "renewed"], await EventsAsync(wallet, id));
    }

    [Fact]
    public async Task A_paused_subscription_asks_for_nothing_until_it_is_resumed()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("100"));
        var id = await SubscribeAsync(wallet, await OfferAsync(payee, "5"));
        Assert.Equal("paused", (await api.PostAsync($"/v1/subscriptions/{id}/pause", wallet.Key, null))["kind"]);
        Assert.Equal("pausing", await StatusAsync(wallet, id));
        // Taken back before it began, a pause changes nothing.
        Assert.Equal("resumed", (await api.PostAsync($"/v1/subscriptions/{id}/resume", wallet.Key, null))["kind"]);
        Assert.Equal(("95", "0"), await api.BalanceAsync(wallet));
        Expect.Problem(await api.PostAsync($"/v1/subscriptions/{id}/resume", wallet.Key, null), 409, "subscription_status_forbids");
        Expect.Problem(await api.PostAsync($"/v1/subscriptions/{id}/pause", payee.Key, null), 403, "forbidden");
        await api.PostAsync($"/v1/subscriptions/{id}/pause", wallet.Key, null);
        await server.AdvanceAsync(TimeSpan.FromDays(100));
        await SettleAsync();
        Assert.Equal("paused", await StatusAsync(wallet, id));
        Assert.Equal(("95", "0"), await api.BalanceAsync(wallet));
        var key = Api.NewKey();
        var resumed = await api.PostAsync($"/v1/subscriptions/{id}/resume", wallet.Key, null, key);
        Assert.True(resumed["payment"] is not null, resumed.Text);
        Assert.Equal(resumed.Text, (await api.PostAsync($"/v1/subscriptions/{id}/resume", wallet.Key, null, key)).Text);
        Assert.Equal(("90", "0"), await api.BalanceAsync(wallet));
        Assert.InRange(await EndOfAsync(wallet, id) - await server.NowAsync(), TimeSpan.FromDays(27), TimeSpan.FromDays(31));
        await server.MoveToAsync((await EndOfAsync(wallet, id)).AddMinutes(1));
        await SettleAsync();
        Assert.Equal(("85", "0"), await api.BalanceAsync(wallet));
        Assert.Equal("active", await StatusAsync(wallet, id));
    }

    [Fact]
    public async Task An_upgrade_costs_exactly_the_difference_for_the_rest_of_the_period()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("100"));
        var (small, large) = (await OfferAsync(payee, "7", "week"), await OfferAsync(payee, "20.333333", "week"));
        var id = await SubscribeAsync(wallet, small);
        var end = await EndOfAsync(wallet, id);
        await server.MoveToAsync(end.AddDays(-3));
        var key = Api.NewKey();
        var changed = await api.PostAsync($"/v1/subscriptions/{id}/change", wallet.Key, $$"""{"offer":"{{large}}"}""", key);
        Assert.True(changed.Status == 200, changed.Text);
        var at = DateTimeOffset.Parse(changed["at"]!, CultureInfo.InvariantCulture);
        var expected = (UInt128)13_333_333 * (UInt128)(long)(end - at).TotalMilliseconds / (7 * 24 * 3600 * 1000);
        var paid = await api.GetAsync($"/v1/payments/{changed["payment"]}", wallet.Key);
        Assert.Equal(expected, Units(paid.Amount("amount")));
        Assert.Equal(93_000_000 - expected, Units((await api.BalanceAsync(wallet)).Balance));
        Assert.Equal(changed.Text, (await api.PostAsync($"/v1/subscriptions/{id}/change", wallet.Key, $$"""{"offer":"{{large}}"}""", key)).Text);
        Expect.Problem(await api.PostAsync($"/v1/subscriptions/{id}/change", wallet.Key, $$"""{"offer":"{{small}}"}""", key), 409, "idempotency_conflict");
        Assert.Equal(large, (await api.GetAsync($"/v1/subscriptions/{id}", wallet.Key))["offer"]);

        // Back to the small one from the next period on: nothing is paid now.
        var back = await api.PostAsync($"/v1/subscriptions/{id}/change", wallet.Key, $$"""{"offer":"{{small}}"}""");
        Assert.True(back["payment"] is null && back["effectiveAt"] is not null, back.Text);
        Assert.Equal((large, small), await OffersOfAsync(wallet, id));
        var before = Units((await api.BalanceAsync(wallet)).Balance);
        await server.MoveToAsync(end.AddMinutes(1));
        await SettleAsync();
        Assert.Equal(before - 7_000_000, Units((await api.BalanceAsync(wallet)).Balance));
        Assert.Equal((small, null), await OffersOfAsync(wallet, id));
        Assert.Equal(["started", "changed", "changed", "renewed"], await EventsAsync(payee, id));
    }

    [Fact]
    public async Task An_upgrade_that_cannot_be_paid_changes_nothing()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("8"));
        var id = await SubscribeAsync(wallet, await OfferAsync(payee, "7", "week"));
        var large = await OfferAsync(payee, "70", "week");
        var key = Api.NewKey();
        Expect.Problem(await api.PostAsync($"/v1/subscriptions/{id}/change", wallet.Key, $$"""{"offer":"{{large}}"}""", key), 402, "insufficient_funds");
        await api.TopUpAsync(wallet, "100");
        Expect.Problem(await api.PostAsync($"/v1/subscriptions/{id}/change", wallet.Key, $$"""{"offer":"{{large}}"}""", key), 402, "insufficient_funds");
        Assert.NotEqual(large, (await api.GetAsync($"/v1/subscriptions/{id}", wallet.Key))["offer"]);
        Assert.Equal(["started"], await EventsAsync(payee, id));
        Assert.Equal(("101", "0"), await api.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_closed_offer_goes_on_for_those_who_have_it_and_shares_as_it_did()
    {
        var (payee, partner, wallet) = (await api.NewPayeeAsync(), await api.NewPayeeAsync(), await api.NewWalletAsync("100"));
        var offer = await OfferAsync(payee, "10", "week", $$""","splits":[{"payee":"{{payee.Id}}","basisPoints":7500},{"payee":"{{partner.Id}}","basisPoints":2500}]""");
        var id = await SubscribeAsync(wallet, offer);
        Assert.Equal(200, (await api.PostAsync($"/v1/offers/{offer}/close", payee.Key, null)).Status);
        await server.MoveToAsync((await EndOfAsync(wallet, id)).AddMinutes(1));
        await SettleAsync();
        Assert.Equal(("80", "0"), await api.BalanceAsync(wallet));
        Assert.Equal(("4.95", "0"), await api.BalanceAsync(partner));
        Expect.Problem(await api.PostAsync("/v1/subscriptions", wallet.Key, $$"""{"offer":"{{offer}}"}"""), 409, "offer_closed");
    }

    [Fact]
    public async Task A_period_is_refunded_by_its_payee_only_and_the_shares_come_back()
    {
        var (payee, partner, wallet) = (await api.NewPayeeAsync(), await api.NewPayeeAsync(), await api.NewWalletAsync("100"));
        var offer = await OfferAsync(payee, "10", "week", $$""","splits":[{"payee":"{{payee.Id}}","basisPoints":7500},{"payee":"{{partner.Id}}","basisPoints":2500}]""");
        var id = await SubscribeAsync(wallet, offer);
        var payment = (await api.GetAsync($"/v1/payments?reference={id}", wallet.Key)).Json["lines"]![0]!["id"]!.GetValue<string>();
        Expect.Problem(await api.PostAsync($"/v1/payments/{payment}/refunds", wallet.Key, "{}"), 409, "refund_by_payee_only");
        Assert.Equal(("90", "0"), await api.BalanceAsync(wallet));
        var refunded = await api.PostAsync($"/v1/payments/{payment}/refunds", payee.Key, "{}");
        Assert.True(refunded.Status == 201, refunded.Text);
        Assert.Equal(("100", "0"), await api.BalanceAsync(wallet));
        Assert.Equal(("0", "0"), await api.BalanceAsync(payee));
        Assert.Equal(("0", "0"), await api.BalanceAsync(partner));
    }

    [Fact]
    public async Task An_erased_wallet_has_no_subscriptions_and_their_payees_are_told()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("50"));
        var id = await SubscribeAsync(wallet, await OfferAsync(payee, "5"));
        Assert.Equal(200, (await api.PostAsync($"/v1/wallets/{wallet.Id}/erase", wallet.Key, null)).Status);
        Assert.Equal("ended", await StatusAsync(payee, id));
        Assert.Equal(["started", "ended"], await EventsAsync(payee, id));
        foreach (var path in new[] { "", "/events", $"/{id}" }) Expect.Problem(await api.GetAsync($"/v1/subscriptions{path}", wallet.Key), 410, "wallet_erased");
        foreach (var act in new[] { "cancel", "pause", "resume", "uses" }) Expect.Problem(await api.PostAsync($"/v1/subscriptions/{id}/{act}", wallet.Key, null), 410, "wallet_erased");
        var earned = await api.BalanceAsync(payee);
        await server.AdvanceAsync(TimeSpan.FromDays(40));
        await SettleAsync();
        Assert.Equal(earned, await api.BalanceAsync(payee));
        Expect.Problem(await api.PostAsync($"/v1/subscriptions/{id}/cancel", payee.Key, null), 409, "subscription_status_forbids");
    }

    [Fact]
    public async Task What_makes_no_sense_is_refused_by_name_and_nothing_moves()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("50"));
        var month = await OfferAsync(payee, "5");
        Expect.Problem(await api.PostAsync("/v1/payments", wallet.Key, $$"""{"offer":"{{month}}"}"""), 409, "offer_is_a_subscription");
        Expect.Problem(await api.PostAsync("/v1/payments", wallet.Key, $$"""{"offer":"{{month}}","amount":{{Api.Amount("5")}}}"""), 409, "offer_is_a_subscription");
        Expect.Problem(await api.PostAsync("/v1/subscriptions", wallet.Key, $$"""{"offer":"{{await api.NewOfferAsync(payee)}}"}"""), 400, "invalid_field");
        Expect.Problem(await api.PostAsync("/v1/subscriptions", wallet.Key, $$"""{"offer":"{{month}}","timeZone":"Mars"}"""), 400, "invalid_field");
        Expect.Problem(await api.PostAsync("/v1/subscriptions", wallet.Key, $$"""{"offer":"{{Api.UnknownId<OfferKind>()}}"}"""), 404, "offer_not_found");
        Expect.Problem(await api.PostAsync("/v1/subscriptions", payee.Key, $$"""{"offer":"{{month}}"}"""), 403, "forbidden");
        Expect.Problem(await api.PostAsync("/v1/subscriptions", (await api.NewWalletAsync("5", "EUR")).Key, $$"""{"offer":"{{month}}"}"""), 400, "currency_mismatch");
        foreach (var pricing in new[] { "\"every\":\"day\"", "\"every\":\"month\",\"included\":-1", "\"every\":\"month\",\"extra\":{\"price\":{\"amount\":\"1\",\"currency\":\"USD\"},\"cap\":{\"amount\":\"5\",\"currency\":\"USD\"}}", "\"every\":\"month\",\"included\":1,\"extra\":{\"price\":{\"amount\":\"2\",\"currency\":\"USD\"},\"cap\":{\"amount\":\"1\",\"currency\":\"USD\"}}" })
            Expect.Problem(await api.PostAsync("/v1/offers", payee.Key, $$$"""{"name":"x","pricing":{"model":"subscription","price":{{{Api.Amount("5")}}},{{{pricing}}}}}"""), 400, "invalid_pricing");
        var id = await SubscribeAsync(wallet, month);
        var others = await OfferAsync(await api.NewPayeeAsync(), "9");
        Expect.Problem(await api.PostAsync($"/v1/subscriptions/{id}/change", wallet.Key, $$"""{"offer":"{{others}}"}"""), 404, "offer_not_found");
        Expect.Problem(await api.PostAsync($"/v1/subscriptions/{id}/change", wallet.Key, $$"""{"offer":"{{await OfferAsync(payee, "9", "week")}}"}"""), 400, "invalid_field");
        Expect.Problem(await api.PostAsync($"/v1/subscriptions/{id}/change", wallet.Key, "{}"), 400, "missing_field");
        Assert.Equal(("45", "0"), await api.BalanceAsync(wallet));
        Assert.Equal(["started"], await EventsAsync(wallet, id));
    }

    private async Task<string> OfferAsync(Account payee, string price, string every = "month", string more = "")
    {
        var made = await api.PostAsync("/v1/offers", payee.Key, $$$"""{"name":"The paper","pricing":{"model":"subscription","price":{{{Api.Amount(price)}}},"every":"{{{every}}}"}{{{more}}}}""");
        Assert.True(made.Status == 201, made.Text);
        return made["id"]!;
    }

    private async Task<string> SubscribeAsync(Account wallet, string offer)
    {
        var made = await api.PostAsync("/v1/subscriptions", wallet.Key, $$"""{"offer":"{{offer}}"}""");
        Assert.True(made.Status == 201, made.Text);
        return made.Json["subscription"]!["id"]!.GetValue<string>();
    }

    private async Task<string> StatusAsync(Account account, string id) => (await api.GetAsync($"/v1/subscriptions/{id}", account.Key))["status"]!;

    private async Task<DateTimeOffset> EndOfAsync(Account wallet, string id) => DateTimeOffset.Parse((await api.GetAsync($"/v1/subscriptions/{id}", wallet.Key))["periodEnd"]!, CultureInfo.InvariantCulture);

    private async Task<(string? Offer, string? Next)> OffersOfAsync(Account wallet, string id)
    {
        var read = await api.GetAsync($"/v1/subscriptions/{id}", wallet.Key);
        return (read["offer"], read["nextOffer"]);
    }

    /// <summary>The kinds of a subscription's events, oldest first.</summary>
    private async Task<List<string>> EventsAsync(Account account, string id)
    {
        var lines = (await api.GetAsync("/v1/subscriptions/events?pageSize=200", account.Key)).Json["lines"]!.AsArray();
        return [.. lines.Where(line => line!["subscription"]!.GetValue<string>() == id).OrderBy(line => line!["at"]!.GetValue<string>(), StringComparer.Ordinal).Select(line => line!["kind"]!.GetValue<string>())];
    }

    private static UInt128 Units(string amount)
    {
        Assert.Equal(AmountError.None, Amount.TryParse(amount, Asset.Usd, out var parsed));
        return parsed.Units;
    }

    private Task SettleAsync() => Eventually.TrueAsync(async () => (await api.GetAsync("/v1/schedule", ServerProcess.OperatorKey)).Json["dueNow"]!.GetValue<int>() == 0);
}
