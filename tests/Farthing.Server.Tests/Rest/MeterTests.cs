using System.Globalization;
using Farthing.Protocol;

namespace Farthing.Server.Tests.Rest;

/// <summary>docs/pricing/metered.md.</summary>
[Collection(typeof(MovedClock))]
public sealed class MeterTests(ClockServer server)
{
    private const string ByTime = """{"model":"metered","price":{"amount":"0.6","currency":"USD"},"per":"hour","ceiling":{"amount":"2","currency":"USD"},"silentAfterSeconds":600}""";
    private const string ByUnits = """{"model":"metered","price":{"amount":"0.001","currency":"USD"},"per":"unit","count":3,"ceiling":{"amount":"0.5","currency":"USD"},"silentAfterSeconds":3600}""";

    private readonly Api api = server.Api;

    [Fact]
    public async Task A_meter_that_counts_time_costs_what_ran_and_returns_the_rest_of_what_was_held()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("5"));
        var key = Api.NewKey();
        var offer = await OfferAsync(payee, ByTime);
        var meter = await StartAsync(wallet, offer, key);
        Assert.Equal(("running", "0", "2", null), (meter["status"], meter.Amount("cost"), meter.Amount("ceiling"), meter["units"]));
        Assert.Equal(Time(meter["startedAt"]!).AddMinutes(10), Time(meter["stopsAt"]!));
        Assert.Equal(("3", "2"), await api.BalanceAsync(wallet));

        for (var minutes = 0; minutes < 15; minutes += 5)
        {
            await server.MoveToAsync(Time(meter["startedAt"]!).AddMinutes(minutes + 5));
            Assert.Equal(200, (await ReportAsync(payee, meter, null)).Status);
        }

        var running = await MeterAsync(wallet, meter);
        Assert.InRange(UnitsOf(running, "cost"), 150_000, await CostByNowAsync());
        Assert.Equal(meter.Text, (await StartAsync(wallet, offer, key)).Text);
        var stopped = await StopAsync(wallet, meter);
        Assert.Equal(("stopped", null), (stopped["status"], stopped["stopsAt"]));
        var cost = UnitsOf(stopped, "cost");
        Assert.InRange(cost, UnitsOf(running, "cost"), await CostByNowAsync());
        Assert.Equal((Money(5_000_000 - cost), "0"), await api.BalanceAsync(wallet));
        Assert.Equal((Money(cost - (cost / 100)), "0"), await api.BalanceAsync(payee));
        await server.AdvanceAsync(TimeSpan.FromMinutes(11));
        Assert.Equal(stopped.Text, (await StopAsync(wallet, meter)).Text);
        Assert.Equal(stopped.Amount("cost"), (await api.PostAsync($"/v1/meters/{meter["id"]}/stop", payee.Key, null)).Amount("cost"));
        Expect.Problem(await ReportAsync(payee, meter, null), 409, "meter_stopped");
        var payment = await api.GetAsync($"/v1/payments/{stopped["payment"]}", wallet.Key);
        Assert.Equal(("posted", stopped.Amount("cost"), offer), (payment["status"], payment.Amount("amount"), payment["offer"]));
        Assert.Equal(201, (await api.PostAsync($"/v1/payments/{stopped["payment"]}/refunds", payee.Key, null)).Status);

        async Task<long> CostByNowAsync() => (long)Math.Ceiling((await server.NowAsync() - Time(meter["startedAt"]!)).TotalMilliseconds * 600_000 / 3_600_000);
    }

    [Fact]
    public async Task A_meter_that_falls_silent_is_closed_by_its_own_rule_and_pays_no_later_time()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("5"));
        var meter = await StartAsync(wallet, await OfferAsync(payee, ByTime));
        await server.MoveToAsync(Time(meter["startedAt"]!).AddMinutes(5));
        var reported = await ReportAsync(payee, meter, null);
        await server.AdvanceAsync(TimeSpan.FromHours(20));
        await Eventually.TrueAsync(async () => (await MeterAsync(payee, meter))["status"] == "stopped");
        var expected = (long)Math.Ceiling((Time(reported["reportedAt"]!).AddMinutes(10) - Time(meter["startedAt"]!)).TotalMilliseconds * 600_000 / 3_600_000);
        Assert.Equal(expected, UnitsOf(await MeterAsync(wallet, meter), "cost"));
        Assert.Equal((Money(5_000_000 - expected), "0"), await api.BalanceAsync(wallet));
        Assert.Equal(0, (await api.GetAsync("/v1/schedule", ServerProcess.OperatorKey)).Json["failing"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_meter_stops_by_itself_at_its_ceiling_and_never_costs_more()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("2"));
        var offer = await OfferAsync(payee, ByTime.Replace("\"2\"", "\"0.6\"", StringComparison.Ordinal).Replace("600", "86400", StringComparison.Ordinal));
        var meter = await StartAsync(wallet, offer);
        Assert.Equal(Time(meter["startedAt"]!).AddHours(1), Time(meter["stopsAt"]!));
        await server.MoveToAsync(Time(meter["startedAt"]!).AddHours(1).AddSeconds(1));
        await Eventually.TrueAsync(async () => (await MeterAsync(wallet, meter))["status"] == "stopped");
        Assert.Equal("0.6", (await MeterAsync(wallet, meter)).Amount("cost"));
        Assert.Equal(("1.4", "0"), await api.BalanceAsync(wallet));

        var units = await StartAsync(wallet, await OfferAsync(payee, ByUnits));
        Assert.Equal(("running", "0.499667"), ((await ReportAsync(payee, units, 1499)) is var below ? below["status"] : "", below.Amount("cost")));
        var full = await ReportAsync(payee, units, 5000);
        Assert.Equal(("stopped", "0.5", "5000"), (full["status"], full.Amount("cost"), full["units"]));
        Assert.Equal(("0.9", "0"), await api.BalanceAsync(wallet));
    }

    [Fact]
    public async Task Units_are_reported_in_all_never_fall_and_are_rounded_up_once_at_the_end()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("1"));
        var meter = await StartAsync(wallet, await OfferAsync(payee, ByUnits));
        for (var units = 1; units <= 100; units++) Assert.Equal(200, (await ReportAsync(payee, meter, units)).Status);
        Assert.Equal(200, (await ReportAsync(payee, meter, 100)).Status);
        Expect.Problem(await ReportAsync(payee, meter, 99), 409, "units_must_not_fall");
        var stopped = await api.PostAsync($"/v1/meters/{meter["id"]}/stop", payee.Key, null);
        // A hundred times a third of a thousandth: 33,333.3 millionths.
        Assert.Equal(("stopped", "0.033334", "100"), (stopped["status"], stopped.Amount("cost"), stopped["units"]));
        Assert.Equal(("0.966666", "0"), await api.BalanceAsync(wallet));
        Assert.StartsWith("pyr_", stopped["payer"], StringComparison.Ordinal);
        Assert.Null(stopped["wallet"]);
    }

    [Fact]
    public async Task A_meter_of_nothing_costs_nothing()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("1"));
        var meter = await StartAsync(wallet, await OfferAsync(payee, ByUnits));
        var stopped = await StopAsync(wallet, meter);
        Assert.Equal(("stopped", "0"), (stopped["status"], stopped.Amount("cost")));
        Assert.Equal(("1", "0"), await api.BalanceAsync(wallet));
        Assert.Equal("voided", (await api.GetAsync($"/v1/payments/{stopped["payment"]}", wallet.Key))["status"]);
    }

    [Fact]
    public async Task Of_many_who_stop_a_meter_at_once_one_does_and_all_hear_the_same()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("5"));
        var meter = await StartAsync(wallet, await OfferAsync(payee, ByTime));
        // Silence has its say at the same moment.
        await server.MoveToAsync(Time(meter["startedAt"]!).AddMinutes(10));
        var stops = await Task.WhenAll(Enumerable.Range(0, 16).Select(number => api.PostAsync($"/v1/meters/{meter["id"]}/stop", number % 2 == 0 ? wallet.Key : payee.Key, null)));
        Assert.All(stops, stop => Assert.Equal((200, "stopped"), (stop.Status, stop["status"])));
        Assert.Single(stops.Select(stop => stop.Amount("cost")).Distinct());
        Assert.Equal("0.1", stops[0].Amount("cost"));
        Assert.Equal(("4.9", "0"), await api.BalanceAsync(wallet));
        Assert.Equal(["hold", "post"], (await api.StatementAsync(wallet)).Select(line => line["kind"]!.GetValue<string>()).Skip(1));
    }

    [Fact]
    public async Task An_erased_wallets_meter_is_told_to_its_payee_alone_and_stops_by_its_own_rule()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("5"));
        var mandate = await api.PostAsync("/v1/mandates", wallet.Key, """{"anyone":true}""");
        var meter = await StartAsync(new Account(mandate["id"]!, mandate["key"]!), await OfferAsync(payee, ByTime));
        Assert.Equal(200, (await api.GetAsync($"/v1/meters/{meter["id"]}", mandate["key"])).Status);
        Assert.Equal(200, (await api.PostAsync($"/v1/wallets/{wallet.Id}/erase", wallet.Key, "{}")).Status);

        Expect.Problem(await api.GetAsync($"/v1/meters/{meter["id"]}", wallet.Key), 410, "wallet_erased");
        Expect.Problem(await api.GetAsync($"/v1/meters/{meter["id"]}", mandate["key"]), 404, "meter_not_found");
        await server.AdvanceAsync(TimeSpan.FromHours(1));
        await Eventually.TrueAsync(async () => (await MeterAsync(payee, meter))["status"] == "stopped");
        Assert.Equal(100_000, UnitsOf(await MeterAsync(payee, meter), "cost"));
    }

    [Fact]
    public async Task A_mandates_key_starts_and_stops_its_own_meters_and_its_caps_get_the_rest_back()
    {
        var (payee, wallet) = (await api.NewPayeeAsync(), await api.NewWalletAsync("5"));
        var offer = await OfferAsync(payee, ByUnits);
        var mandate = await api.PostAsync("/v1/mandates", wallet.Key, $$"""{"anyone":true,"perMonth":{{Api.Amount("0.6")}}}""");
        var own = new Account(mandate["id"]!, mandate["key"]!);
        var meter = await StartAsync(own, offer);
        Expect.Problem(await api.PostAsync("/v1/meters", own.Key, Body(offer)), 402, "cap_exceeded");
        await ReportAsync(payee, meter, 3);
        Assert.Equal(("running", "0.001"), ((await MeterAsync(own, meter))["status"], (await MeterAsync(own, meter)).Amount("cost")));
        Assert.Equal("0.001", (await StopAsync(own, meter)).Amount("cost"));
        var another = await StartAsync(own, offer);
        await StopAsync(wallet, another);
        var owners = await StartAsync(wallet, offer);
        Expect.Problem(await api.PostAsync($"/v1/meters/{owners["id"]}/stop", own.Key, null), 404, "meter_not_found");
        await StopAsync(wallet, owners);
        Assert.Equal(("4.999", "0"), await api.BalanceAsync(wallet));
    }

    [Fact]
    public async Task The_cost_is_shared_as_the_offer_says()
    {
        var (payee, other, wallet) = (await api.NewPayeeAsync(), await api.NewPayeeAsync(), await api.NewWalletAsync("1"));
        var made = await api.PostAsync("/v1/offers", payee.Key,
            $$"""{"name":"Charging","pricing":{{ByUnits}},"splits":[{"payee":"{{payee.Id}}","basisPoints":7000},{"payee":"{{other.Id}}","basisPoints":3000}]}""");
        var meter = await StartAsync(wallet, made["id"]!);
        await ReportAsync(payee, meter, 300);
        await StopAsync(wallet, meter);
        Assert.Equal(("0.0693", "0"), await api.BalanceAsync(payee));
        Assert.Equal(("0.0297", "0"), await api.BalanceAsync(other));
    }

    [Fact]
    public async Task What_is_not_ones_own_or_makes_no_sense_is_refused_and_moves_nothing()
    {
        var (payee, wallet, stranger) = (await api.NewPayeeAsync(), await api.NewWalletAsync("5"), await api.NewWalletAsync("5"));
        var (byTime, byUnits, plain) = (await OfferAsync(payee, ByTime), await OfferAsync(payee, ByUnits), await api.NewOfferAsync(payee));
        Expect.Problem(await api.PostAsync("/v1/payments", wallet.Key, Body(byTime)), 400, "invalid_field");
        Expect.Problem(await api.PostAsync("/v1/payments", wallet.Key, $$"""{"offer":"{{byTime}}","hold":true}"""), 400, "invalid_field");
        Expect.Problem(await api.PostAsync("/v1/meters", wallet.Key, Body(plain)), 400, "invalid_field");
        Expect.Problem(await api.PostAsync("/v1/meters", wallet.Key, Body(Api.UnknownId<OfferKind>())), 404, "offer_not_found");
        Expect.Problem(await api.PostAsync("/v1/meters", wallet.Key, "{}"), 400, "missing_field");
        Expect.Problem(await api.PostAsync("/v1/meters", payee.Key, Body(byTime)), 403, "forbidden");
        var poor = await api.NewWalletAsync("1.99");
        var key = Api.NewKey();
        Expect.Problem(await api.PostAsync("/v1/meters", poor.Key, Body(byTime), key), 402, "insufficient_funds");
        await api.TopUpAsync(poor, "5");
        Expect.Problem(await api.PostAsync("/v1/meters", poor.Key, Body(byTime), key), 402, "insufficient_funds");
        Expect.Problem(await api.PostAsync("/v1/meters", poor.Key, Body(byUnits), key), 409, "idempotency_conflict");

        var (time, units) = (await StartAsync(wallet, byTime), await StartAsync(wallet, byUnits));
        Expect.Problem(await ReportAsync(payee, time, 1), 400, "invalid_field");
        Expect.Problem(await ReportAsync(payee, units, null), 400, "missing_field");
        Expect.Problem(await ReportAsync(payee, units, -1), 400, "invalid_field");
        Expect.Problem(await ReportAsync(payee, units, 1_000_000_000_001), 400, "invalid_field");
        Expect.Problem(await api.PostAsync($"/v1/meters/{units["id"]}/report", payee.Key, """{"units":"many"}"""), 400, "invalid_field");
        Expect.Problem(await api.PostAsync($"/v1/meters/{units["id"]}/report", wallet.Key, """{"units":1}"""), 403, "forbidden");
        Expect.Problem(await ReportAsync(await api.NewPayeeAsync(), units, 1), 404, "meter_not_found");
        Expect.Problem(await api.GetAsync($"/v1/meters/{units["id"]}", stranger.Key), 404, "meter_not_found");
        Expect.Problem(await api.PostAsync($"/v1/meters/{units["id"]}/stop", stranger.Key, null), 404, "meter_not_found");
        Expect.Problem(await api.GetAsync($"/v1/meters/{Api.UnknownId<MeterKind>()}", wallet.Key), 404, "meter_not_found");
        Expect.Problem(await api.GetAsync("/v1/meters/tab_01JD8Y2M6K3T5V7W9XAZBCDEFG", wallet.Key), 400, "invalid_id");
        Expect.Problem(await api.PostAsync($"/v1/payments/{units["payment"]}/post", payee.Key, null), 409, "payment_metered");
        Assert.Equal(("2.5", "2.5"), await api.BalanceAsync(wallet));
        // The payee may take nothing.
        Assert.Equal(200, (await api.PostAsync($"/v1/payments/{units["payment"]}/void", payee.Key, null)).Status);
        Assert.Equal(("stopped", "0"), ((await MeterAsync(wallet, units))["status"], (await MeterAsync(wallet, units)).Amount("cost")));
        await StopAsync(wallet, time);
    }

    [Theory]
    [InlineData("""{"model":"metered","price":{"amount":"0.6","currency":"USD"},"per":"hour","silentAfterSeconds":600}""", "missing_field")]
    [InlineData("""{"model":"metered","price":{"amount":"0.6","currency":"USD"},"per":"hour","ceiling":{"amount":"2","currency":"USD"}}""", "missing_field")]
    [InlineData("""{"model":"metered","price":{"amount":"0.6","currency":"USD"},"per":"day","ceiling":{"amount":"2","currency":"USD"},"silentAfterSeconds":600}""", "invalid_field")]
    [InlineData("""{"model":"metered","price":{"amount":"0.6","currency":"USD"},"per":"hour","count":0,"ceiling":{"amount":"2","currency":"USD"},"silentAfterSeconds":600}""", "invalid_pricing")]
    [InlineData("""{"model":"metered","price":{"amount":"0.6","currency":"USD"},"per":"hour","ceiling":{"amount":"0.5","currency":"USD"},"silentAfterSeconds":600}""", "invalid_pricing")]
    [InlineData("""{"model":"metered","price":{"amount":"0.6","currency":"USD"},"per":"hour","ceiling":{"amount":"2","currency":"EUR"},"silentAfterSeconds":600}""", "currency_mismatch")]
    [InlineData("""{"model":"metered","price":{"amount":"0.6","currency":"USD"},"per":"hour","ceiling":{"amount":"2","currency":"USD"},"silentAfterSeconds":9}""", "invalid_pricing")]
    [InlineData("""{"model":"metered","price":{"amount":"0.6","currency":"USD"},"per":"hour","ceiling":{"amount":"2","currency":"USD"},"silentAfterSeconds":86401}""", "invalid_pricing")]
    [InlineData("""{"model":"metered","price":{"amount":"0","currency":"USD"},"per":"hour","ceiling":{"amount":"2","currency":"USD"},"silentAfterSeconds":600}""", "amount_must_not_be_zero")]
    public async Task A_metered_offer_that_makes_no_sense_is_refused_when_it_is_made(string pricing, string code)
    {
        var payee = await api.NewPayeeAsync();
        Expect.Problem(await api.PostAsync("/v1/offers", payee.Key, $$"""{"name":"Charging","pricing":{{pricing}}}"""), 400, code);
    }

    private static string Body(string offer) => $$"""{"offer":"{{offer}}"}""";

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);

    private static long UnitsOf(Reply reply, string member) => (long)Amount.Parse($"{reply.Amount(member)} USD").Units;

    private static string Money(long units) => new Amount(Asset.Usd, (UInt128)units).ToDecimalString();

    private async Task<string> OfferAsync(Account payee, string pricing)
    {
        var made = await api.PostAsync("/v1/offers", payee.Key, $$"""{"name":"Charging","pricing":{{pricing}}}""");
        Assert.True(made.Status == 201, made.Text);
        return made["id"]!;
    }

    private async Task<Reply> StartAsync(Account payer, string offer, string? key = null)
    {
        var started = await api.PostAsync("/v1/meters", payer.Key, Body(offer), key);
        Assert.True(started.Status == 201, started.Text);
        return started;
    }

    private Task<Reply> ReportAsync(Account payee, Reply meter, long? units) =>
        api.PostAsync($"/v1/meters/{meter["id"]}/report", payee.Key, units is null ? null : $$"""{"units":{{units}}}""");

    private async Task<Reply> MeterAsync(Account party, Reply meter)
    {
        var read = await api.GetAsync($"/v1/meters/{meter["id"]}", party.Key);
        Assert.True(read.Status == 200, read.Text);
        return read;
    }

    private async Task<Reply> StopAsync(Account party, Reply meter)
    {
        var stopped = await api.PostAsync($"/v1/meters/{meter["id"]}/stop", party.Key, null);
        Assert.True(stopped.Status == 200, stopped.Text);
        return stopped;
    }
}
