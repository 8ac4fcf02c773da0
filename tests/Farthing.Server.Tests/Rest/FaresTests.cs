using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using NodaTime;

namespace Farthing.Server.Tests.Rest;

/// <summary>docs/pricing/fares.md.</summary>
[Collection(typeof(MovedClock))]
public sealed partial class FaresTests(ClockServer server)
{
    private readonly Api api = server.Api;

    [Fact]
    public async Task A_day_of_rides_is_shown_as_it_goes_and_paid_once_when_it_is_over()
    {
        var rider = await Transit.StartAsync(api, "20");
        for (var i = 0; i < 4; i++) await rider.TapAsync(await server.NowAsync());
        var day = await rider.DayAsync();
        Assert.Equal((4, "7", "1.75", "5.25", "0"), (day.Json["journeys"]!.AsArray().Count, day.Amount("singles"), day.Amount("dayCapTookOff"), day.Amount("owed"), day.Amount("paid")));
        Assert.Equal(day["endsAt"], day["nextAt"]);
        await server.MoveToAsync(Transit.Time(day, "endsAt"));
        await rider.PaidAsync(day["date"]!, "5.25");
        Assert.Equal("14.75", await rider.BalanceAsync(rider.Wallet));
        var paid = await api.GetAsync($"/v1/payments/{Assert.Single(await rider.PaymentsAsync())}", rider.Payee.Key);
        Assert.Equal((rider.Card, "5.25", "0.0525"), (paid["reference"], paid.Amount("amount"), paid.Amount("fee")));
    }

    [Fact]
    public async Task Late_taps_adjust_for_three_days_then_only_give_back_until_eight_weeks_and_are_then_refused()
    {
        var rider = await Transit.StartAsync(api, "20", Transit.Zoned);
        var noon = await MoveToNoonAsync();
        await rider.TapAsync(noon.AddHours(-5), "in", "1");
        await rider.TapAsync(noon.AddHours(-4), "out", "1");
        await rider.TapAsync(noon.AddHours(-2), "in", "1");
        var day = await rider.DayAsync();
        var (date, end) = (day["date"]!, Transit.Time(day, "endsAt"));
        Assert.Equal(("8.8", 2), (day.Amount("owed"), day.Json["journeys"]!.AsArray().Count));

        // An incomplete journey delays the charge, by two days at most.
        await server.MoveToAsync(end);
        await Eventually.TrueAsync(async () => (await rider.DayAsync(date))["nextAt"] == Transit.Text(end.AddDays(2)));
        Assert.Equal("20", await rider.BalanceAsync(rider.Wallet));
        await server.MoveToAsync(end.AddDays(2));
        await rider.PaidAsync(date, "8.8");

        await rider.TapAsync(noon.AddHours(2), "in", "2");
        await rider.TapAsync(noon.AddHours(2.5), "out", "2");
        await rider.PaidAsync(date, "10.7");
        Assert.Equal(("9.3", "10.593"), (await rider.BalanceAsync(rider.Wallet), await rider.BalanceAsync(rider.Payee)));

        await server.MoveToAsync(end.AddDays(35));
        await rider.TapAsync(noon.AddHours(-1), "out", "2");
        await rider.PaidAsync(date, "8.2");
        await rider.TapAsync(noon.AddHours(4), "in", "2");
        await rider.TapAsync(noon.AddHours(5), "out", "2");
        day = await rider.DayAsync(date);
        Assert.Equal(("10.1", "1.9", "8.2", 4), (day.Amount("singles"), day.Amount("forgiven"), day.Amount("owed"), day.Json["journeys"]!.AsArray().Count));
        await server.MoveToAsync(end.AddDays(56).AddMinutes(-5));
        await rider.TapAsync(noon.AddHours(6), "in", "2");
        await server.MoveToAsync(end.AddDays(56));
        Expect.Problem(await rider.TryTapAsync(noon.AddHours(7), "out", "2"), 409, "fare_tap_too_late");
        Assert.Equal(("11.8", "8.118"), (await rider.BalanceAsync(rider.Wallet), await rider.BalanceAsync(rider.Payee)));
        Assert.Null((await rider.DayAsync(date))["lastRefusal"]);
    }

    [Fact]
    public async Task A_week_is_capped_from_monday_to_sunday()
    {
        const string pricing = """{"model":"fares","flat":{"amount":"5","currency":"USD"},"perDay":{"amount":"10","currency":"USD"},"perWeek":{"amount":"12","currency":"USD"}}""";
        var rider = await Transit.StartAsync(api, "100", pricing);
        var noon = (await MoveToNoonAsync()).AddDays(2);
        while (noon.DayOfWeek != DayOfWeek.Sunday) noon = noon.AddDays(1);
        await server.MoveToAsync(noon);
        foreach (var daysAgo in new[] { 2, 2, 1, 1, 0 }) await rider.TapAsync(noon.AddDays(-daysAgo));
        await server.MoveToAsync(noon.AddDays(1));
        await rider.TapAsync(noon.AddDays(1));
        Assert.Equal(["10 0 10", "10 8 2", "5 5 0", "5 0 5"], await Task.WhenAll(new[] { -2, -1, 0, 1 }.Select(async days =>
            await rider.DayAsync(DateOf(noon.AddDays(days))) is var day ? $"{day.Amount("singles")} {day.Amount("weekCapTookOff")} {day.Amount("owed")}" : "")));
        await server.MoveToAsync(noon.AddDays(2));
        await rider.PaidAsync(DateOf(noon.AddDays(1)), "5");
        Assert.Equal("83", await rider.BalanceAsync(rider.Wallet));
    }

    [Fact]
    public async Task A_fare_day_is_as_long_as_clocks_make_it_and_is_charged_at_half_past_four()
    {
        var london = DateTimeZoneProviders.Tzdb["Europe/London"];
        var rider = await Transit.StartAsync(api, "20", Transit.Flat, "Europe/London");
        var lengths = new List<double>();
        for (var i = 1; i <= 2; i++)
        {
            // Clocks change in the night that ends a fare day.
            var change = london.GetZoneInterval(Instant.FromDateTimeOffset(await server.NowAsync())).End;
            await server.MoveToAsync((change - NodaTime.Duration.FromHours(8)).ToDateTimeOffset());
            await rider.TapAsync(await server.NowAsync());
            var day = await rider.DayAsync();
            var (starts, ends) = (Transit.Time(day, "startsAt"), Transit.Time(day, "endsAt"));
            lengths.Add((ends - starts).TotalHours);
            Assert.All([starts, ends], moment => Assert.Equal(new LocalTime(4, 30), Instant.FromDateTimeOffset(moment).InZone(london).TimeOfDay));
            Assert.True(Instant.FromDateTimeOffset(starts) < change && change < Instant.FromDateTimeOffset(ends));
            await server.MoveToAsync(ends.AddMinutes(-5));
            Assert.Equal((21.75m - (1.75m * i)).ToString("0.##", CultureInfo.InvariantCulture), await rider.BalanceAsync(rider.Wallet));
            await server.MoveToAsync(ends);
            // One millisecond decides what day a tap is of.
            foreach (var (at, date) in new[] { (ends.AddMilliseconds(-1), day["date"]!), (ends, DateOf(ends)) })
                Assert.Equal(date, (await rider.TryTapAsync(at))["date"]);
            await rider.PaidAsync(day["date"]!, "3.5");
            await server.MoveToAsync(ends.AddDays(1));
            await rider.PaidAsync(DateOf(ends), "1.75");
            await api.TopUpAsync(rider.Wallet, "3.5");
        }

        Assert.Equal([23, 25], lengths.Order());
    }

    [Fact]
    public async Task An_unpaid_day_refuses_the_card_until_it_is_paid()
    {
        var rider = await Transit.StartAsync(api, "1");
        await rider.TapAsync(await server.NowAsync());
        var day = await rider.DayAsync();
        await server.MoveToAsync(Transit.Time(day, "endsAt"));
        await Eventually.TrueAsync(async () => (await rider.DayAsync(day["date"]))["lastRefusal"] == "insufficient_funds");
        var refused = await rider.TryTapAsync(await server.NowAsync());
        Expect.Problem(refused, 402, "fare_unpaid");
        Assert.Equal(day["date"], refused["date"]);
        Assert.Equal(day["date"], await UnpaidDateAsync(rider));
        Expect.Problem(await api.PostAsync("/v1/fares/cards", rider.Wallet.Key, $$"""{"offer":"{{rider.Offer}}","mandate":"{{rider.Mandate}}"}"""), 402, "fare_unpaid");
        await api.TopUpAsync(rider.Wallet, "5");
        Assert.Equal(200, (await api.PostAsync($"/v1/fares/cards/{rider.Card}/mandate", rider.Wallet.Key, $$"""{"mandate":"{{rider.Mandate}}"}""")).Status);
        await rider.PaidAsync(day["date"]!, "1.75");
        Assert.Equal("4.25", await rider.BalanceAsync(rider.Wallet));
        Assert.Null(await UnpaidDateAsync(rider));
        await rider.TapAsync(await server.NowAsync());
    }

    [Fact]
    public async Task An_unpaid_day_is_asked_for_again_on_its_schedule()
    {
        var rider = await Transit.StartAsync(api, "1");
        await rider.TapAsync(await server.NowAsync());
        var day = await rider.DayAsync();
        foreach (var hours in new[] { 1, 6, 24, 24 })
        {
            var asked = await server.MoveToAsync(Transit.Time(await rider.DayAsync(day["date"]), "nextAt"));
            await Eventually.TrueAsync(async () => await rider.DayAsync(day["date"]) is var now && now["lastRefusal"] == "insufficient_funds" && Transit.Time(now, "nextAt") > asked);
            // From when it was tried on, which was soon after it was due.
            Assert.InRange(Transit.Time(await rider.DayAsync(day["date"]), "nextAt") - asked, TimeSpan.FromHours(hours), TimeSpan.FromHours(hours) + TimeSpan.FromMinutes(30));
        }

        await api.TopUpAsync(rider.Wallet, "5");
        await server.MoveToAsync(Transit.Time(await rider.DayAsync(day["date"]), "nextAt"));
        await rider.PaidAsync(day["date"]!, "1.75");
        Assert.Equal("4.25", await rider.BalanceAsync(rider.Wallet));
    }

    [Fact]
    public async Task Fares_are_shared_and_given_back_by_their_payee_only()
    {
        var (payee, depot) = (await api.NewPayeeAsync(), await api.NewPayeeAsync());
        var rider = await Transit.StartAsync(api, "20", Transit.Zoned, null, payee,
            $$""","splits":[{"payee":"{{payee.Id}}","basisPoints":7500},{"payee":"{{depot.Id}}","basisPoints":2500}]""");
        var noon = await MoveToNoonAsync();
        await rider.TapAsync(noon.AddHours(-2), "in", "1");
        var day = await rider.DayAsync();
        await server.MoveToAsync(Transit.Time(day, "endsAt").AddDays(2));
        await rider.PaidAsync(day["date"]!, "6");
        // 6 less a fee of 0.06, and what 2.8 less a fee of 0.028 leaves of it.
        Assert.Equal(("4.455", "1.485"), (await rider.BalanceAsync(payee), await rider.BalanceAsync(depot)));
        await rider.TapAsync(noon.AddHours(-1), "out", "1");
        await rider.PaidAsync(day["date"]!, "2.8");
        Assert.Equal(("17.2", "2.079", "0.693"), (await rider.BalanceAsync(rider.Wallet), await rider.BalanceAsync(payee), await rider.BalanceAsync(depot)));
        var payment = Assert.Single(await rider.PaymentsAsync());
        Expect.Problem(await api.PostAsync($"/v1/payments/{payment}/refunds", rider.Wallet.Key, null), 409, "refund_by_payee_only");
        Assert.Equal(201, (await api.PostAsync($"/v1/payments/{payment}/refunds", payee.Key, null)).Status);
        Assert.Equal(("20", "0", "0"), (await rider.BalanceAsync(rider.Wallet), await rider.BalanceAsync(payee), await rider.BalanceAsync(depot)));
    }

    [Fact]
    public async Task Erasing_a_wallet_closes_its_cards_and_nobody_is_paid()
    {
        var rider = await Transit.StartAsync(api, "20");
        await rider.TapAsync(await server.NowAsync());
        var day = await rider.DayAsync();
        Assert.Equal(200, (await api.PostAsync($"/v1/wallets/{rider.Wallet.Id}/erase", rider.Wallet.Key, null)).Status);
        Expect.Problem(await rider.TryTapAsync(await server.NowAsync()), 409, "fare_card_closed");
        Expect.Problem(await api.GetAsync($"/v1/fares/journeys?card={rider.Card}", rider.Wallet.Key), 410, "wallet_erased");
        Expect.Problem(await api.GetAsync("/v1/fares/cards", rider.Wallet.Key), 410, "wallet_erased");
        await server.MoveToAsync(Transit.Time(day, "endsAt"));
        await Eventually.TrueAsync(async () => (await api.GetAsync("/v1/schedule", ServerProcess.OperatorKey)).Json["dueNow"]!.GetValue<int>() == 0);
        Assert.Equal("0", await rider.BalanceAsync(rider.Payee));
    }

    [Fact]
    public async Task The_examples_of_the_page_are_ridden_on()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(PricingPagesTests.Root(), "docs", "pricing", "fares.md"), TestContext.Current.CancellationToken);
        var examples = Example().Matches(page).Select(match => JsonNode.Parse(match.Groups[1].Value)!["pricing"]!.ToJsonString()).ToList();
        Assert.Equal(2, examples.Count);
        var flat = await Transit.StartAsync(api, "9", examples[0]);
        await flat.TapAsync(await server.NowAsync());
        Assert.Equal("1.75", (await flat.DayAsync()).Amount("owed"));
        // Late taps give back for eight weeks, and a day is left to do so.
        Assert.Equal(57 * 24 * 3600, (await api.GetAsync($"/v1/offers/{flat.Offer}")).Json["refundWindowSeconds"]!.GetValue<int>());
        var zoned = await Transit.StartAsync(api, "9", examples[1]);
        await zoned.TapAsync(await server.NowAsync(), "in", "2");
        Assert.Equal("6", (await zoned.DayAsync()).Amount("owed"));
    }

    private async Task<string?> UnpaidDateAsync(Transit rider) => Assert.Single((await api.GetAsync("/v1/fares/cards", rider.Wallet.Key)).Json["lines"]!.AsArray())!["unpaidDate"]?.GetValue<string>();

    /// <summary>Moves the clock on to noon in UTC of a day on which every card is a day old.</summary>
    private async Task<DateTimeOffset> MoveToNoonAsync()
    {
        var now = await server.NowAsync();
        var noon = new DateTimeOffset(now.UtcDateTime.Date.AddHours(12).AddDays(2), TimeSpan.Zero);
        await server.MoveToAsync(noon);
        return noon;
    }

    private static string DateOf(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    [GeneratedRegex("```json\n(\\{\"name\":.*?)\n```", RegexOptions.Singleline)]
    private static partial Regex Example();
}
