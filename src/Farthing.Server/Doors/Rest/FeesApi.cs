using System.Globalization;
using Farthing.Payments;
using Farthing.Payments.Fees;
using Farthing.Protocol;
using Farthing.Protocol.Fees;

namespace Farthing.Server.Doors.Rest;

/// <summary>What a price costs by every rail.</summary>
internal sealed record FeesJson(string Day, int FeeBasisPoints, IReadOnlyList<RailFeesJson> Lines);

/// <summary>What a price costs by one rail. Millionths are of what the payer pays in; a direct cost may be many times that.</summary>
internal sealed record RailFeesJson(string Rail, string PayoutRail, AmountJson Price, DirectFeesJson Directly, PooledFeesJson ThroughFarthing, IReadOnlyList<FeeScheduleJson> Schedules)
{
    public static RailFeesJson From(FeeComparison line) => new(
        line.In.Rail,
        line.Out.Rail,
        AmountJson.From(line.Price),
        new(AmountJson.From(line.DirectCost), Millionths(line.DirectShare), line.IsMovedDirectly, AmountJson.From(line.In.Minimum)),
        new(AmountJson.From(line.TopUp), AmountJson.From(line.TopUpCost), Millionths(line.TopUpShare),
            AmountJson.From(line.Fee), Millionths(line.OperatorShare),
            AmountJson.From(line.Payout), AmountJson.From(line.PayoutCost), Millionths(line.PayoutShare),
            Millionths(line.Cost), AmountJson.From(line.KeptOfPrice), Millionths(line.Kept)),
        [.. new[] { line.In, line.Out }.Distinct().Select(schedule => new FeeScheduleJson(schedule.Version, schedule.Source, Day(schedule.ReadOn), schedule.Note))]);

    public static string Day(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    // Of a price of one unit the cost may be more millionths than a number of JSON holds; the amounts beside it are exact.
    private static long Millionths(FeeShare share) => (long)UInt128.Min(share.Millionths, MostMillionths);

    private const long MostMillionths = 9_007_199_254_740_991;
}

/// <summary>The price paid directly over the rail.</summary>
internal sealed record DirectFeesJson(AmountJson Cost, long CostMillionths, bool Possible, AmountJson Minimum);

/// <summary>The price paid from a wallet, with its part of a top-up and of a payout.</summary>
internal sealed record PooledFeesJson(
    AmountJson TopUp, AmountJson TopUpCost, long TopUpMillionths, AmountJson Fee, long FeeMillionths, AmountJson Payout, AmountJson PayoutCost, long PayoutMillionths,
    long CostMillionths, AmountJson Kept, long KeptMillionths);

/// <summary>Where a figure is from.</summary>
internal sealed record FeeScheduleJson(string Version, string Source, string ReadOn, string Note);

/// <summary><c>/v1/fees</c>: what reaches the payee of a price.</summary>
internal static class FeesApi
{
    private static readonly QueryMember Price = new("price", "The price of one thing, as a decimal.") { IsRequired = true };
    private static readonly QueryMember Currency = new("currency", "USD by default. A rail that does not move it is shown in one that it does, with the same figures.");
    private static readonly QueryMember TopUp = new("topUp", $"What payers usually top up by; {FeeDesk.DefaultTopUp} by default.");
    private static readonly QueryMember Payout = new("payout", $"What is usually paid out to the payee at once; {FeeDesk.DefaultPayout} by default.");
    private static readonly QueryMember OnDay = new("day", "The day whose prices of rails hold, such as 2022-06-30; today by default.");

    public static void Map(RestRoutes door) => door.Get("/v1/fees", AnswerAsync, new RestCall
    {
        OperationId = "compareFees",
        Tag = "Fees",
        Summary = "Compare what reaches the payee of a price",
        Description = "For each rail: the price paid directly over it, and paid through this server from a wallet that was topped up over it, with the operator's fee and the parts of a top-up and a payout that fall on it. Millionths are of what the payer pays in and add up to a million. What rails take is what they publish, or an assumption that says so: check before relying on it.",
        Query = [Price, Currency, TopUp, Payout, OnDay],
        Answer = typeof(FeesJson),
        AnswerExample = """{"day":"2026-11-23","feeBasisPoints":50,"lines":[{"rail":"card-us","payoutRail":"bank-transfer","price":{"amount":"0.01","currency":"USD"},"directly":{"cost":{"amount":"0.3","currency":"USD"},"costMillionths":30000000,"possible":false,"minimum":{"amount":"0.5","currency":"USD"}},"throughFarthing":{"topUp":{"amount":"10","currency":"USD"},"topUpCost":{"amount":"0.59","currency":"USD"},"topUpMillionths":59000,"fee":{"amount":"0.00005","currency":"USD"},"feeMillionths":4705,"payout":{"amount":"50","currency":"USD"},"payoutCost":{"amount":"0.25","currency":"USD"},"payoutMillionths":4682,"costMillionths":68387,"kept":{"amount":"0.009316","currency":"USD"},"keptMillionths":931613},"schedules":[{"version":"card-us/USD/2023-01-01","source":"https://stripe.com/pricing","readOn":"2026-11-23","note":"Check before relying on it."}]}]}""",
        Refusals = [.. PaymentsApi.AmountRefusals.Except([RefusalCodes.AmountMustBeAString])],
    });

    private static async ValueTask<Refusal?> AnswerAsync(RestRequest request)
    {
        if (!request.Http.Request.Query.ContainsKey(Price.Name)) return new Refusal(RefusalCodes.MissingField, "Add price to the query: what one thing costs, such as 0.01.");
        DateOnly? day = null;
        if (Read(request, OnDay, "") is { Length: > 0 } text)
        {
            if (!DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var read))
                return new Refusal(RefusalCodes.InvalidField, "day must be a day such as 2022-06-30.");
            day = read;
        }

        var table = request.System.Fees.Compare(
            Read(request, Currency, Asset.Usd.Code), Read(request, Price, ""), Read(request, TopUp, FeeDesk.DefaultTopUp), Read(request, Payout, FeeDesk.DefaultPayout), day);
        if (!table.IsGiven) return table.Refusal;
        var answer = new FeesJson(RailFeesJson.Day(table.Value.Day), (int)table.Value.FeeBasisPoints, [.. table.Value.Lines.Select(RailFeesJson.From)]);
        return await request.AnswerAsync(answer, Wire.Default.FeesJson);
    }

    // A member that is given twice is no figure at all.
    private static string Read(RestRequest request, QueryMember member, string absent) =>
        request.Http.Request.Query.TryGetValue(member.Name, out var values) ? values.ToString() : absent;
}
