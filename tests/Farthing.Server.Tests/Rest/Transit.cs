using System.Globalization;
using System.Text.Json.Nodes;

namespace Farthing.Server.Tests.Rest;

/// <summary>A wallet with a card of a transit operator, as a test writes it.</summary>
internal sealed record Transit(Api Api, Account Payee, Account Wallet, string Offer, string Mandate, string Card)
{
    public const string Flat = """{"model":"fares","flat":{"amount":"1.75","currency":"USD"},"perDay":{"amount":"5.25","currency":"USD"},"perWeek":{"amount":"24.70","currency":"USD"}}""";

    public const string Zoned = """
        {"model":"fares","zones":{"pairs":[
            {"from":"1","to":"1","fare":{"amount":"2.80","currency":"USD"}},{"from":"1","to":"2","fare":{"amount":"3.50","currency":"USD"}},{"from":"2","to":"2","fare":{"amount":"1.90","currency":"USD"}}],
            "incomplete":{"amount":"6","currency":"USD"}},"perDay":{"amount":"20","currency":"USD"},"perWeek":{"amount":"60","currency":"USD"}}
        """;

    public static async Task<Transit> StartAsync(Api api, string amount, string pricing = Flat, string? timeZone = null, Account? payee = null, string splits = "")
    {
        payee ??= await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync(amount);
        var table = JsonNode.Parse(pricing)!;
        if (timeZone is not null) table["timeZone"] = timeZone;
        var offer = await api.PostAsync("/v1/offers", payee.Key, $$"""{"name":"City transit","pricing":{{table.ToJsonString()}}{{splits}}}""");
        Assert.True(offer.Status == 201, offer.Text);
        var mandate = await api.PostAsync("/v1/mandates", wallet.Key, $$"""{"payee":"{{payee.Id}}","perMonth":{{Api.Amount("500")}}}""");
        Assert.True(mandate.Status == 201, mandate.Text);
        var card = await api.PostAsync("/v1/fares/cards", wallet.Key, $$"""{"offer":"{{offer["id"]}}","mandate":"{{mandate["id"]}}"}""");
        Assert.True(card.Status == 201, card.Text);
        return new(api, payee, wallet, offer["id"]!, mandate["id"]!, card["id"]!);
    }

    /// <summary>Tells of a tap, and that it was taken.</summary>
    public async Task TapAsync(DateTimeOffset at, string? direction = null, string? zone = null)
    {
        var taken = await TryTapAsync(at, direction, zone);
        Assert.True(taken.Status == 201, taken.Text);
    }

    public Task<Reply> TryTapAsync(DateTimeOffset at, string? direction = null, string? zone = null) => Api.PostAsync("/v1/fares/taps", Payee.Key,
        $$"""{"offer":"{{Offer}}","card":"{{Card}}","reader":"Bus 7",{{(direction is null ? "" : $"\"direction\":\"{direction}\",\"zone\":\"{zone}\",")}}"tappedAt":"{{Text(at)}}"}""");

    public async Task<Reply> DayAsync(string? date = null)
    {
        var day = await Api.GetAsync($"/v1/fares/journeys?card={Card}{(date is null ? "" : $"&date={date}")}", Wallet.Key);
        Assert.True(day.Status == 200, day.Text);
        return day;
    }

    /// <summary>Waits until so much is paid for a fare day and nothing of it is under way.</summary>
    public Task PaidAsync(string date, string amount) => Eventually.TrueAsync(async () => await DayAsync(date) is var day && day.Amount("paid") == amount && day.Amount("owed") == amount);

    public async Task<string> BalanceAsync(Account account) => (await Api.BalanceAsync(account)).Balance;

    /// <summary>The ids of the wallet's payments, oldest first.</summary>
    public async Task<List<string>> PaymentsAsync() =>
        [.. (await Api.StatementAsync(Wallet)).Where(line => line["kind"]!.GetValue<string>() == "payment").Select(line => line["payment"]!.GetValue<string>())];

    public static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    public static DateTimeOffset Time(Reply reply, string member) => DateTimeOffset.Parse(reply[member]!, CultureInfo.InvariantCulture);
}
