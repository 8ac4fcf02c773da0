using Farthing.Protocol;

namespace Farthing.Server.Tests.Rest;

/// <summary>docs/pricing/metered.md, the site's side: meters that are started by terms, and counted by several processes of one site.</summary>
public sealed class SiteMeterTests(SharedServer server)
{
    private const string ByUnits = """{"model":"metered","price":{"amount":"0.001","currency":"USD"},"per":"unit","count":3,"ceiling":{"amount":"0.5","currency":"USD"},"silentAfterSeconds":3600}""";
    private const string ByTime = """{"model":"metered","price":{"amount":"0.6","currency":"USD"},"per":"hour","ceiling":{"amount":"2","currency":"USD"},"silentAfterSeconds":600}""";

    private readonly Api api = server.Api;

    [Fact]
    public async Task Counters_report_each_its_own_units_and_the_meter_has_the_sum()
    {
        var (site, wallet) = (await SiteAsync(), await api.NewWalletAsync("5"));
        var meter = await StartAsync(wallet, site, site.Sign());
        Assert.Equal("10", (await ReportAsync(site, meter, 10, "one"))["units"]);
        Assert.Equal("17", (await ReportAsync(site, meter, 7, "two"))["units"]);
        // Lower than the sum, and no fall: each counter only never falls by itself.
        Assert.Equal("19", (await ReportAsync(site, meter, 12, "one"))["units"]);
        Assert.Equal("19", (await ReportAsync(site, meter, 12, "one"))["units"]);
        Assert.Equal("19", (await ReportAsync(site, meter, 0, "three"))["units"]);
        Expect.Problem(await ReportAsync(site, meter, 11, "one"), 409, "units_must_not_fall");
        Expect.Problem(await ReportAsync(site, meter, 30, null), 400, "invalid_field");
        Expect.Problem(await ReportAsync(site, meter, MeterCover.MaxUnits, "three"), 400, "invalid_field");
        Expect.Problem(await ReportAsync(site, meter, -1, "two"), 400, "invalid_field");
        foreach (var name in new[] { "", "a b", new string('a', 65), "ä" }) Expect.Problem(await ReportAsync(site, meter, 30, name), 400, "invalid_field");
        var stopped = await api.PostAsync($"/v1/meters/{meter["id"]}/stop", site.Payee.Key, null);
        // 19 thirds of a thousandth.
        Assert.Equal(("stopped", "0.006334", "19"), (stopped["status"], stopped.Amount("cost"), stopped["units"]));
        Expect.Problem(await ReportAsync(site, meter, 13, "one"), 409, "meter_stopped");
    }

    [Fact]
    public async Task Counters_that_report_at_once_lose_nothing_and_count_nothing_twice()
    {
        var (site, wallet) = (await SiteAsync(), await api.NewWalletAsync("5"));
        var meter = await StartAsync(wallet, site, site.Sign());
        // What one counter has counted so far, each report of it sent twice, as after an answer that was lost.
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async counter =>
        {
            for (var units = 5; units <= 25; units += 5)
            {
                foreach (var _ in new[] { 1, 2 }) Assert.Equal(200, (await ReportAsync(site, meter, units, $"counter-{counter}")).Status);
            }
        }));
        Assert.Equal("200", (await api.GetAsync($"/v1/meters/{meter["id"]}", wallet.Key))["units"]);
        // Together they reach the ceiling, which is 1500 units, and it costs no more than that.
        var full = await ReportAsync(site, meter, 2000, "counter-0");
        Assert.Equal(("stopped", "0.5"), (full["status"], full.Amount("cost")));
        Assert.Equal(("4.5", "0"), await api.BalanceAsync(wallet));
    }

    [Fact]
    public async Task Terms_start_a_meter_and_a_repeat_is_the_same_meter_with_a_fresh_entitlement()
    {
        var (site, wallet) = (await SiteAsync(), await api.NewWalletAsync("5"));
        var (key, terms) = (Api.NewKey(), site.Sign());
        var meter = await StartAsync(wallet, site, terms, key);
        Assert.True(Entitlement.TryVerify(meter["entitlement"], await OperatorAsync(), out var entitlement));
        Assert.Equal((site.Payee.Id, site.Resource, site.Nonce, meter["payment"]), (entitlement.Payee.ToString(), entitlement.Resource, entitlement.Nonce, entitlement.Payment.ToString()));
        Assert.Equal(new MeterCover(Amount.Parse("0.001 USD"), 3, 1500), entitlement.Meter);
        Assert.Equal(TimeSpan.FromSeconds(60), entitlement.Expires - entitlement.Issued);

        var repeated = await StartAsync(wallet, site, terms, key);
        Assert.Equal((meter["id"], meter["startedAt"]), (repeated["id"], repeated["startedAt"]));
        Assert.NotNull(repeated["entitlement"]);
        Assert.Equal(("4.5", "0.5"), await api.BalanceAsync(wallet));
        Expect.Problem(await api.PostAsync("/v1/meters", wallet.Key, $$"""{"terms":"{{site.Sign(nonce: "another-nonce-than-before")}}"}""", key), 409, "idempotency_conflict");
        // An entitlement of a meter is continued by its site, which reports; not by whoever has it.
        Expect.Problem(await api.PostAsync("/v1/entitlements/renew", null, $$"""{"entitlement":"{{meter["entitlement"]}}"}"""), 409, "entitlement_over");
        await api.PostAsync($"/v1/meters/{meter["id"]}/stop", wallet.Key, null);
        Assert.Null((await StartAsync(wallet, site, terms, key))["entitlement"]);
        Expect.Problem(await api.PostAsync("/v1/entitlements/renew", null, $$"""{"entitlement":"{{meter["entitlement"]}}"}"""), 409, "entitlement_over");
        Assert.Equal(("5", "0"), await api.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_paused_wallet_gets_no_fresh_entitlement_to_a_meter_that_runs_until_it_is_resumed()
    {
        var (site, wallet) = (await SiteAsync(), await api.NewWalletAsync("5"));
        var (key, terms) = (Api.NewKey(), site.Sign());
        var meter = await StartAsync(wallet, site, terms, key);
        Assert.Equal(200, (await api.PostAsync($"/v1/wallets/{wallet.Id}/pause", wallet.Key, null)).Status);
        // The key is answered as before, as a refusal would say that it holds nothing.
        var closed = await StartAsync(wallet, site, terms, key);
        Assert.Equal((meter["id"], "running", null), (closed["id"], closed["status"], closed["entitlement"]));
        Expect.Problem(await TryStartAsync(wallet, $$"""{"terms":"{{terms}}"}"""), 409, "wallet_frozen");
        // What is held stays so, and the meter can be read and reported.
        Assert.Equal(("4.5", "0.5"), await api.BalanceAsync(wallet));
        Assert.Equal("running", (await ReportAsync(site, meter, 3, null))["status"]);
        Assert.Equal(200, (await api.PostAsync($"/v1/wallets/{wallet.Id}/resume", wallet.Key, null)).Status);
        var again = await StartAsync(wallet, site, terms, key);
        Assert.Equal(meter["id"], again["id"]);
        Assert.NotNull(again["entitlement"]);
        // A stopped meter opens nothing anyway, and is told as it was.
        await api.PostAsync($"/v1/meters/{meter["id"]}/stop", wallet.Key, null);
        await api.PostAsync($"/v1/wallets/{wallet.Id}/pause", wallet.Key, null);
        Assert.Null((await StartAsync(wallet, site, terms, key))["entitlement"]);
        Assert.Equal(("4.999", "0"), await api.BalanceAsync(wallet));
    }

    [Fact]
    public async Task What_cannot_start_a_meter_is_refused_by_name_and_holds_nothing()
    {
        var (site, wallet) = (await SiteAsync(), await api.NewWalletAsync("5"));
        var other = await SiteAsync();
        Expect.Problem(await TryStartAsync(wallet, """{"terms":"e30.e30"}"""), 400, "terms_invalid");
        Expect.Problem(await TryStartAsync(wallet, $$"""{"terms":"{{other.Sign(payee: site.Payee.Id)}}"}"""), 400, "terms_invalid");
        Expect.Problem(await TryStartAsync(wallet, $$"""{"terms":"{{site.Sign(offer: other.Offer)}}"}"""), 400, "terms_invalid");
        Expect.Problem(await TryStartAsync(wallet, $$"""{"terms":"{{site.Sign(offer: Api.UnknownId<OfferKind>())}}"}"""), 404, "offer_not_found");
        Expect.Problem(await TryStartAsync(wallet, $$"""{"terms":"{{site.Sign(offer: await api.NewOfferAsync(site.Payee))}}"}"""), 400, "invalid_field");
        Expect.Problem(await TryStartAsync(wallet, $$"""{"terms":"{{site.Sign(offer: await OfferAsync(site.Payee, ByTime))}}"}"""), 400, "invalid_field");
        Expect.Problem(await TryStartAsync(wallet, $$"""{"terms":"{{site.Sign(ends: TimeSpan.FromMinutes(-1))}}"}"""), 409, "terms_expired");
        Expect.Problem(await TryStartAsync(wallet, $$"""{"terms":"{{site.Sign(back: "https://elsewhere.example/")}}"}"""), 400, "terms_for_another_site");
        Expect.Problem(await TryStartAsync(wallet, $$"""{"terms":"{{site.Sign()}}","offer":"{{site.Offer}}"}"""), 400, "invalid_field");
        Expect.Problem(await TryStartAsync(wallet, $$"""{"terms":"{{site.Sign()}}","ceiling":{{Api.Amount("0.499999")}}}"""), 409, "ceiling_too_high");
        Expect.Problem(await TryStartAsync(wallet, $$"""{"terms":"{{site.Sign()}}","ceiling":{{Api.Amount("0.5", "EUR")}}}"""), 409, "ceiling_too_high");
        Expect.Problem(await api.PostAsync("/v1/payments", wallet.Key, $$"""{"terms":"{{site.Sign()}}"}"""), 400, "invalid_field");
        Assert.Equal(("5", "0"), await api.BalanceAsync(wallet));
        Assert.Equal(201, (await TryStartAsync(wallet, $$"""{"terms":"{{site.Sign()}}","ceiling":{{Api.Amount("0.5")}}}""")).Status);
        Assert.Equal(("4.5", "0.5"), await api.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_bundle_that_covers_everything_covers_no_meter()
    {
        var (site, wallet) = (await SiteAsync(), await api.NewWalletAsync("5"));
        var bundle = await api.PostAsync("/v1/offers", site.Payee.Key, $$"""{"name":"All","pricing":{"model":"per-use","price":{{Api.Amount("1")}}},"resources":["*","meter:*"]}""");
        Assert.True(bundle.Status == 201, bundle.Text);
        Assert.Equal(201, (await api.PostAsync("/v1/payments", wallet.Key, $$"""{"offer":"{{bundle["id"]}}"}""")).Status);
        var meter = await StartAsync(wallet, site, site.Sign());
        Assert.Equal(("3.5", "0.5"), await api.BalanceAsync(wallet));
        Assert.NotNull(meter["entitlement"]);
    }

    private async Task<VerifyingKey> OperatorAsync() =>
        VerifyingKey.TryParse((await api.GetAsync("/v1/entitlement-key")).Text.Trim(), out var key) ? key : throw new InvalidOperationException();

    private async Task<MeteredSite> SiteAsync()
    {
        var (key, publicKey) = Api.NewSigningKey();
        var payee = await api.NewPayeeAsync(more: $",\"signingKey\":\"{publicKey}\"");
        return new MeteredSite(payee, key, await OfferAsync(payee, ByUnits));
    }

    private async Task<string> OfferAsync(Account payee, string pricing)
    {
        var made = await api.PostAsync("/v1/offers", payee.Key, $$"""{"name":"Words","pricing":{{pricing}}}""");
        Assert.True(made.Status == 201, made.Text);
        return made["id"]!;
    }

    private Task<Reply> TryStartAsync(Account wallet, string body) => api.PostAsync("/v1/meters", wallet.Key, body);

    private async Task<Reply> StartAsync(Account wallet, MeteredSite site, string terms, string? key = null)
    {
        var started = await api.PostAsync("/v1/meters", wallet.Key, $$"""{"terms":"{{terms}}"}""", key);
        Assert.True(started.Status == 201, started.Text);
        Assert.Equal(site.Offer, started["offer"]);
        return started;
    }

    private Task<Reply> ReportAsync(MeteredSite site, Reply meter, long units, string? counter) =>
        api.PostAsync($"/v1/meters/{meter["id"]}/report", site.Payee.Key, counter is null ? $$"""{"units":{{units}}}""" : $$"""{"units":{{units}},"counter":"{{counter}}"}""");

    /// <summary>A site that sells by the unit, as far as the server knows it.</summary>
    private sealed record MeteredSite(Account Payee, SigningKey Key, string Offer)
    {
        public string Resource => $"meter:{Offer}";

        public string Nonce { get; } = "a-nonce-of-some-browser";

        public string Sign(string? payee = null, string? offer = null, string? nonce = null, TimeSpan? ends = null, string? back = null) => new Terms
        {
            Payee = Id<PayeeKind>.TryParse(payee ?? Payee.Id, out var id) ? id : throw new InvalidOperationException(),
            Offer = Id<OfferKind>.TryParse(offer ?? Offer, out var named) ? named : throw new InvalidOperationException(),
            Resource = Resource,
            Nonce = nonce ?? Nonce,
            ReturnUrl = back,
            Expires = DateTimeOffset.FromUnixTimeSeconds((TimeProvider.System.GetUtcNow() + (ends ?? TimeSpan.FromMinutes(10))).ToUnixTimeSeconds()),
        }.Sign(Key);
    }
}
