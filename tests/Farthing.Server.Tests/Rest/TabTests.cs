using System.Globalization;
using Farthing.Protocol;

namespace Farthing.Server.Tests.Rest;

/// <summary>docs/pricing/tab.md.</summary>
[Collection(typeof(MovedClock))]
public sealed class TabTests(ClockServer server)
{
    private const string Pricing = """{"model":"tab","price":{"amount":"0.04","currency":"USD"},"payAt":{"amount":"0.1","currency":"USD"},"dueAfterSeconds":864000}""";

    private readonly Api api = server.Api;

    [Fact]
    public async Task An_empty_wallet_reads_now_and_owes_the_payee()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync());
        var offer = await OfferAsync(payee);
        var read = await ReadAsync(wallet, offer);
        Assert.Equal((201, "posted", "0.04", "0", offer), (read.Status, read["status"], read.Amount("amount"), read.Amount("fee"), read["offer"]));
        Assert.Equal(("0", "0"), await api.BalanceAsync(wallet));
        Assert.Equal(("0", "0"), await api.BalanceAsync(payee));

        var tab = await TabAsync(wallet, read["tab"]!);
        Assert.Equal(("open", "0.04", "0.1", payee.Id, wallet.Id, null), (tab["status"], tab.Amount("owed"), tab.Amount("cap"), tab["payee"], tab["wallet"], tab["payer"]));
        Assert.Equal(Time(read["createdAt"]!).AddDays(10), Time(tab["dueAt"]!));
        var seen = await api.GetAsync("/v1/tabs", payee.Key);
        var line = Assert.Single(seen.Json["lines"]!.AsArray())!;
        Assert.Equal((tab["id"], "0.04"), (line["id"]!.GetValue<string>(), line["owed"]!["amount"]!.GetValue<string>()));
        Assert.StartsWith("pyr_", line["payer"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.DoesNotContain(wallet.Id, seen.Text, StringComparison.Ordinal);
        Assert.Equal((200, line["payer"]!.GetValue<string>()), ((await api.GetAsync($"/v1/payments/{read["id"]}", payee.Key)).Status, (await api.GetAsync($"/v1/payments/{read["id"]}", payee.Key))["payer"]));
        Expect.Problem(await api.GetAsync($"/v1/payments/{read["id"]}/receipt", wallet.Key), 409, "read_on_tab");
        Assert.Equal(("0.04", "0", "0"), await TotalsAsync(payee));
    }

    [Fact]
    public async Task A_full_tab_is_read_on_no_further_and_a_top_up_that_suffices_pays_it_by_itself()
    {
        var (payee, other, wallet) = (await api.NewPayeeAsync(), await api.NewPayeeAsync(), await api.NewWalletAsync());
        var offer = await OfferAsync(payee);
        var read = await ReadAsync(wallet, offer);
        await ReadAsync(wallet, offer);
        var full = await api.PostAsync("/v1/payments", wallet.Key, Body(offer));
        Expect.Problem(full, 402, "tab_unpaid");
        Assert.Equal((payee.Id, read["tab"], "0.08"), (full["payee"], full["tab"], full.Amount("owed")));
        Expect.Problem(await api.PostAsync("/v1/payments", wallet.Key, Body(await OfferAsync(other))), 402, "tab_unpaid");
        Assert.Single((await api.GetAsync("/v1/tabs", wallet.Key)).Json["lines"]!.AsArray());

        await api.TopUpAsync(wallet, "0.07");
        Assert.Equal("full", (await TabAsync(wallet, read["tab"]!))["status"]);
        await api.TopUpAsync(wallet, "0.03");
        var paid = await TabAsync(wallet, read["tab"]!);
        Assert.Equal(("open", "0", null), (paid["status"], paid.Amount("owed"), paid["dueAt"]));
        Assert.Equal(("0.02", "0"), await api.BalanceAsync(wallet));
        Assert.Equal(("0.0792", "0"), await api.BalanceAsync(payee));
        Assert.Equal(("0", "0.08", "0"), await TotalsAsync(payee));
        Assert.Equal("0.04", (await ReadAsync(wallet, await OfferAsync(other))).Amount("amount"));
        await ReadAsync(wallet, offer);
    }

    [Fact]
    public async Task A_full_tab_is_paid_by_the_next_read_too_if_the_balance_suffices()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("1"));
        var offer = await OfferAsync(payee);
        for (var reads = 0; reads < 5; reads++) await ReadAsync(wallet, offer);
        Assert.Equal(("0.84", "0"), await api.BalanceAsync(wallet));
        Assert.Equal(("0.04", "0.16", "0"), await TotalsAsync(payee));
    }

    [Fact]
    public async Task A_tab_is_paid_once_by_a_key_and_its_payment_is_an_ordinary_one()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("1"));
        var offer = await OfferAsync(payee);
        var tab = (await ReadAsync(wallet, offer))["tab"]!;
        var key = Api.NewKey();
        var paid = await api.PostAsync($"/v1/tabs/{tab}/pay", wallet.Key, null, key);
        Assert.Equal((201, "0.04", "0.0004", null), (paid.Status, paid.Amount("amount"), paid.Amount("fee"), paid["tab"]));
        await ReadAsync(wallet, offer);
        Assert.Equal(paid.Text, (await api.PostAsync($"/v1/tabs/{tab}/pay", wallet.Key, null, key)).Text);
        Assert.Equal("0.04", (await TabAsync(wallet, tab)).Amount("owed"));
        Assert.Equal(201, (await api.PostAsync($"/v1/tabs/{tab}/pay", wallet.Key, null)).Status);
        Expect.Problem(await api.PostAsync($"/v1/tabs/{tab}/pay", wallet.Key, null), 409, "nothing_owed");
        Assert.Equal(201, (await api.PostAsync($"/v1/payments/{paid["id"]}/refunds", payee.Key, null)).Status);
        Assert.Equal(200, (await api.GetAsync($"/v1/payments/{paid["id"]}/receipt", wallet.Key)).Status);
        Assert.Equal(("0.96", "0"), await api.BalanceAsync(wallet));

        var poor = await api.NewWalletAsync();
        var owed = (await ReadAsync(poor, offer))["tab"]!;
        Expect.Problem(await api.PostAsync($"/v1/tabs/{owed}/pay", poor.Key, null), 402, "insufficient_funds");
        Assert.Equal("0.04", (await TabAsync(poor, owed)).Amount("owed"));
        foreach (var stranger in new[] { wallet.Key, (await api.NewPayeeAsync()).Key }) Expect.Problem(await api.GetAsync($"/v1/tabs/{owed}", stranger), 404, "tab_not_found");
        Expect.Problem(await api.PostAsync($"/v1/tabs/{owed}/pay", wallet.Key, null), 404, "tab_not_found");
        Expect.Problem(await api.GetAsync($"/v1/payees/{payee.Id}/tabs", (await api.NewPayeeAsync()).Key), 403, "forbidden");
    }

    [Fact]
    public async Task What_pays_a_tab_is_shared_by_the_splits_of_its_offers()
    {
        var (payee, other, wallet) = (await api.NewPayeeAsync(), await api.NewPayeeAsync(), await api.NewWalletAsync("1"));
        var shared = await api.PostAsync("/v1/offers", payee.Key, $$"""{"name":"A duet","pricing":{{Pricing}},"splits":[{"payee":"{{payee.Id}}","basisPoints":6667},{"payee":"{{other.Id}}","basisPoints":3333}]}""");
        Assert.True(shared.Status == 201, shared.Text);
        var read = await ReadAsync(wallet, shared["id"]!);
        var alone = await ReadAsync(wallet, await OfferAsync(payee));
        Assert.NotEqual(read["tab"], alone["tab"]);
        Assert.Equal(("0.08", "0", "0"), await TotalsAsync(payee));

        var paid = await api.PostAsync($"/v1/tabs/{read["tab"]}/pay", wallet.Key, null);
        Assert.Equal((201, "0.04", "0.0004"), (paid.Status, paid.Amount("amount"), paid.Amount("fee")));
        // 0.0396 are left: 0.02640132 and 0.01319868.
        Assert.Equal([("0.026401", "0"), ("0.013199", "0")], [await api.BalanceAsync(payee), await api.BalanceAsync(other)]);
        Assert.Equal("split", Assert.Single(await api.StatementAsync(other))["kind"]!.GetValue<string>());
        Assert.Equal(201, (await api.PostAsync($"/v1/payments/{paid["id"]}/refunds", payee.Key, null)).Status);
        Assert.Equal([("0", "0"), ("0", "0"), ("1", "0")], [await api.BalanceAsync(payee), await api.BalanceAsync(other), await api.BalanceAsync(wallet)]);
    }

    [Fact]
    public async Task A_refund_takes_a_read_off_the_tab_until_it_is_paid()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("1"));
        var offer = await OfferAsync(payee);
        var (first, second) = (await ReadAsync(wallet, offer), await ReadAsync(wallet, offer));
        var refund = await api.PostAsync($"/v1/payments/{first["id"]}/refunds", wallet.Key, null);
        Assert.Equal((201, "0.04", "0"), (refund.Status, refund.Amount("amount"), refund.Amount("feeReturned")));
        var tab = await TabAsync(wallet, first["tab"]!);
        Assert.Equal(("open", "0.04"), (tab["status"], tab.Amount("owed")));
        Assert.Equal(201, (await api.PostAsync($"/v1/tabs/{first["tab"]}/pay", wallet.Key, null)).Status);
        Expect.Problem(await api.PostAsync($"/v1/payments/{second["id"]}/refunds", wallet.Key, null), 409, "tab_settled");
        Assert.Equal(("0.96", "0"), await api.BalanceAsync(wallet));
    }

    [Fact]
    public async Task What_is_not_paid_in_time_is_a_loss_until_it_is_paid_after_all()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync());
        var offer = await OfferAsync(payee);
        var read = await ReadAsync(wallet, offer);
        await server.AdvanceAsync(TimeSpan.FromDays(6));
        await ReadAsync(wallet, offer);
        await server.MoveToAsync(Time(read["createdAt"]!).AddDays(10).AddMinutes(-1));
        await SettleAsync();
        Assert.Equal("full", (await TabAsync(wallet, read["tab"]!))["status"]);

        await server.MoveToAsync(Time(read["createdAt"]!).AddDays(10).AddMilliseconds(1));
        await Eventually.TrueAsync(async () => (await TabAsync(wallet, read["tab"]!))["status"] == "lost");
        var lost = await TabAsync(wallet, read["tab"]!);
        Assert.Equal(("0.08", null), (lost.Amount("owed"), lost["dueAt"]));
        Assert.Equal(("0", "0", "0.08"), await TotalsAsync(payee));
        Expect.Problem(await api.PostAsync("/v1/payments", wallet.Key, Body(offer)), 402, "tab_unpaid");
        Expect.Problem(await api.PostAsync("/v1/payments", wallet.Key, Body(await OfferAsync(await api.NewPayeeAsync()))), 402, "tab_unpaid");

        await api.TopUpAsync(wallet, "0.1");
        Assert.Equal(("0", "0.08", "0"), await TotalsAsync(payee));
        Assert.Equal(("0.02", "0"), await api.BalanceAsync(wallet));
        await server.AdvanceAsync(TimeSpan.FromDays(30));
        await SettleAsync();
        var again = await ReadAsync(wallet, offer);
        Assert.Equal((read["tab"], Time(again["createdAt"]!).AddDays(10)), (again["tab"], Time((await TabAsync(wallet, read["tab"]!))["dueAt"]!)));
        await server.AdvanceAsync(TimeSpan.FromDays(10.1));
        await Eventually.TrueAsync(async () => await TotalsAsync(payee) == ("0", "0.08", "0.04"));
        Assert.Equal(0, (await api.GetAsync("/v1/schedule", ServerProcess.OperatorKey)).Json["failing"]!.GetValue<int>());
    }

    [Fact]
    public async Task Terms_that_are_bought_once_are_read_once_on_tab()
    {
        var (signing, registered) = Api.NewSigningKey();
        var payee = await api.NewPayeeAsync(more: $",\"signingKey\":\"{registered}\"");
        var wallet = await api.NewWalletAsync();
        var terms = new Terms
        {
            Payee = Id<PayeeKind>.Parse(payee.Id),
            Offer = Id<OfferKind>.Parse(await OfferAsync(payee)),
            Resource = "/articles/rain",
            Once = true,
            Expires = DateTimeOffset.FromUnixTimeSeconds((await server.NowAsync()).ToUnixTimeSeconds() + 600),
            Nonce = "nonce-nonce-nonce-nonce",
        }.Sign(signing);
        var reads = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => api.PostAsync("/v1/payments", wallet.Key, $$"""{"terms":"{{terms}}"}""")));
        Assert.All(reads, read => Assert.True(read.Status == 201 && read["entitlement"] is not null, read.Text));
        Assert.Single(reads.Select(read => read["id"]).Distinct());
        Assert.Equal("0.04", (await TabAsync(wallet, reads[0]["tab"]!)).Amount("owed"));
        // A batch goes the same way.
        var batch = await api.SendAsync(HttpMethod.Post, "/v1/payments/batch", wallet.Key, null, Api.JsonContent($$"""{"payments":[{"idempotencyKey":"{{Api.NewKey()}}","terms":"{{terms}}"}]}"""));
        Assert.Equal(reads[0]["id"], batch.Json["results"]![0]!["payment"]!["id"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_paused_wallet_reads_nothing_and_a_mandate_counts_what_is_read()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync());
        var offer = await OfferAsync(payee);
        Assert.Equal(200, (await api.PostAsync($"/v1/wallets/{wallet.Id}/pause", wallet.Key, null)).Status);
        Expect.Problem(await api.PostAsync("/v1/payments", wallet.Key, Body(offer)), 409, "wallet_frozen");
        Assert.Equal(200, (await api.PostAsync($"/v1/wallets/{wallet.Id}/resume", wallet.Key, null)).Status);
        var mandate = await api.PostAsync("/v1/mandates", wallet.Key, $$"""{"anyone":true,"perDay":{{Api.Amount("0.05")}}}""");
        Assert.True(mandate.Status == 201, mandate.Text);
        var read = await api.PostAsync("/v1/payments", mandate["key"], Body(offer));
        Assert.True(read.Status == 201, read.Text);
        var over = await api.PostAsync("/v1/payments", mandate["key"], Body(offer));
        Expect.Problem(over, 402, "cap_exceeded");
        Assert.Equal(("mandate.perDay", Api.Amount("0.01")), (over["cap"], over.Json["headroom"]!.ToJsonString()));
        Assert.Equal("0.04", (await TabAsync(wallet, read["tab"]!)).Amount("owed"));
        Assert.Equal(201, (await api.PostAsync($"/v1/payments/{read["id"]}/refunds", payee.Key, null)).Status);
        Assert.Equal(201, (await api.PostAsync("/v1/payments", mandate["key"], Body(offer))).Status);
    }

    [Theory]
    [InlineData("""{"model":"tab"}""", "missing_field")]
    [InlineData("""{"model":"tab","price":{"amount":"0","currency":"USD"}}""", "amount_must_not_be_zero")]
    [InlineData("""{"model":"tab","price":{"amount":"0.02","currency":"EUR"}}""", "currency_mismatch")]
    [InlineData("""{"model":"tab","price":{"amount":"0.02","currency":"USD"},"payAt":{"amount":"5","currency":"EUR"}}""", "currency_mismatch")]
    [InlineData("""{"model":"tab","price":{"amount":"0.02","currency":"USD"},"payAt":{"amount":"0.01","currency":"USD"}}""", "invalid_pricing")]
    [InlineData("""{"model":"tab","price":{"amount":"6","currency":"USD"}}""", "invalid_pricing")]
    [InlineData("""{"model":"tab","price":{"amount":"0.02","currency":"USD"},"payAt":5}""", "amount_must_be_a_string")]
    [InlineData("""{"model":"tab","price":{"amount":"0.02","currency":"USD"},"dueAfterSeconds":3599}""", "invalid_pricing")]
    [InlineData("""{"model":"tab","price":{"amount":"0.02","currency":"USD"},"dueAfterSeconds":31536001}""", "invalid_pricing")]
    [InlineData("""{"model":"tab","price":{"amount":"0.02","currency":"USD"},"dueAfterSeconds":"soon"}""", "invalid_field")]
    [InlineData("""{"model":"tab","price":{"amount":"0.02","currency":"USD"},"limit":1}""", "unknown_field")]
    public async Task A_tab_that_makes_no_sense_is_refused_when_it_is_offered(string pricing, string code)
    {
        var payee = await api.NewPayeeAsync();
        Expect.Problem(await api.PostAsync("/v1/offers", payee.Key, $$"""{"name":"A read","pricing":{{pricing}}}"""), 400, code);
        Assert.Empty((await api.GetAsync("/v1/offers", payee.Key)).Json["lines"]!.AsArray());
    }

    [Fact]
    public async Task A_read_that_makes_no_sense_is_refused_and_opens_no_tab()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync());
        var offer = await OfferAsync(payee);
        foreach (var more in new[] { ",\"hold\":true", $",\"amount\":{Api.Amount("1")}", ",\"quantity\":0", ",\"quantity\":3" })
            Expect.Problem(await api.PostAsync("/v1/payments", wallet.Key, $$"""{"offer":"{{offer}}"{{more}}}"""), 400, "invalid_field");
        Expect.Problem(await api.PostAsync("/v1/payments", (await api.NewWalletAsync(currency: "EUR")).Key, Body(offer)), 400, "currency_mismatch");
        Expect.Problem(await api.PostAsync($"/v1/tabs/{Api.UnknownId<TabKind>()}/pay", wallet.Key, null), 404, "tab_not_found");
        Expect.Problem(await api.GetAsync("/v1/tabs/pay_01JD8Y2M6K3T5V7W9XAZBCDEFG", wallet.Key), 400, "invalid_id");
        Assert.Empty((await api.GetAsync("/v1/tabs", wallet.Key)).Json["lines"]!.AsArray());
        Assert.Equal(("0", "0", "0"), await TotalsAsync(payee));
        // Two at once fit.
        Assert.Equal("0.08", (await api.PostAsync("/v1/payments", wallet.Key, $$"""{"offer":"{{offer}}","quantity":2}""")).Amount("amount"));
    }

    private static string Body(string offer) => $$"""{"offer":"{{offer}}"}""";

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);

    private async Task<string> OfferAsync(Account payee)
    {
        var made = await api.PostAsync("/v1/offers", payee.Key, $$"""{"name":"A read","pricing":{{Pricing}}}""");
        Assert.True(made.Status == 201, made.Text);
        return made["id"]!;
    }

    private async Task<Reply> ReadAsync(Account wallet, string offer)
    {
        var read = await api.PostAsync("/v1/payments", wallet.Key, Body(offer));
        Assert.True(read.Status == 201, read.Text);
        return read;
    }

    private async Task<Reply> TabAsync(Account wallet, string id)
    {
        var tab = await api.GetAsync($"/v1/tabs/{id}", wallet.Key);
        Assert.True(tab.Status == 200, tab.Text);
        return tab;
    }

    private async Task<(string Open, string Paid, string Lost)> TotalsAsync(Account payee)
    {
        var totals = await api.GetAsync($"/v1/payees/{payee.Id}/tabs", payee.Key);
        Assert.True(totals.Status == 200, totals.Text);
        return (totals.Amount("open"), totals.Amount("paid"), totals.Amount("lost"));
    }

    private Task SettleAsync() =>
        Eventually.TrueAsync(async () => (await api.GetAsync("/v1/schedule", ServerProcess.OperatorKey)).Json["dueNow"]!.GetValue<int>() == 0);
}
