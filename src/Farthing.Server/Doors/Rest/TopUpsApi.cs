using System.Globalization;
using Farthing.Payments;
using Farthing.Payments.TopUps;
using Farthing.Protocol;
using Farthing.Server.Rails.Card;

namespace Farthing.Server.Doors.Rest;

/// <summary><c>/v1/wallets/{id}/top-ups</c>: money in.</summary>
internal static class TopUpsApi
{
    private const string Example = """{"id":"top_01JD8Y2M6K3T5V7W9XAZBCDEFG","status":"posted","amount":{"amount":"10","currency":"USD"},"cost":{"amount":"0","currency":"USD"},"credited":{"amount":"10","currency":"USD"}}""";
    private const int MaxDelaySeconds = 3600;

    public static void Map(RestRoutes door)
    {
        door.Post("/v1/wallets/{id}/top-ups", CreateAsync, new RestCall
        {
            OperationId = "createTopUp",
            Tag = "Top-ups",
            Summary = "Top up a wallet",
            Description = "The rail of play money is sandbox. It posts at once, unless the field sandbox tells it to fail, or to delay by a number of seconds: \"fail\", \"delay:5\". With the rail card, open nextAction: a page of the card processor, which leads back to returnUrl. The payer is charged amount; what the rail takes of it is cost, and credited is what comes to the wallet.",
            Key = KeyOwner.Wallet,
            TakesIdempotencyKey = true,
            Body = typeof(NewTopUpBody),
            Status = StatusCodes.Status201Created,
            Answer = typeof(TopUpJson),
            BodyExample = """{"amount":{"amount":"10","currency":"USD"},"rail":"sandbox"}""",
            AnswerExample = Example,
            Refusals = [.. PaymentsApi.AmountRefusals, RefusalCodes.CurrencyMismatch, RefusalCodes.RailNotAvailable, RefusalCodes.RailCostTooHigh, RefusalCodes.RailUnreachable, RefusalCodes.RecoveryCodeRequired, RefusalCodes.InvalidId, RefusalCodes.WalletNotFound, RefusalCodes.WalletErased],
        });
        door.Get("/v1/wallets/{id}/top-ups/cost", ReadCostAsync, new RestCall
        {
            OperationId = "readTopUpCost",
            Tag = "Top-ups",
            Summary = "Read what a top-up would cost, before it is made",
            Description = "Refused as the top-up itself would be, if the rail takes more than this operator allows of so small an amount.",
            Key = KeyOwner.Wallet,
            Query =
            [
                new QueryMember("rail", "The rail.") { IsRequired = true },
                new QueryMember("amount", "A decimal number of the wallet's currency, such as 10 or 7.50.") { IsRequired = true },
            ],
            Answer = typeof(TopUpCostJson),
            AnswerExample = """{"amount":{"amount":"10","currency":"USD"},"cost":{"amount":"0.59","currency":"USD"},"credited":{"amount":"9.41","currency":"USD"}}""",
            Refusals = [.. PaymentsApi.AmountRefusals, RefusalCodes.RailNotAvailable, RefusalCodes.RailCostTooHigh, RefusalCodes.InvalidId, RefusalCodes.WalletNotFound, RefusalCodes.WalletErased],
        });
        door.Get("/v1/wallets/{id}/top-ups/{topUpId}", ReadAsync, new RestCall
        {
            OperationId = "readTopUp",
            Tag = "Top-ups",
            Summary = "Read a top-up",
            Key = KeyOwner.Wallet,
            Answer = typeof(TopUpJson),
            AnswerExample = Example,
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.WalletNotFound, RefusalCodes.TopUpNotFound, RefusalCodes.WalletErased],
        });
    }

    private static async ValueTask<Refusal?> CreateAsync(RestRequest request)
    {
        if (await WalletsApi.OwnIdAsync(request) is { } notOwn) return notOwn;
        var body = await request.ReadBodyAsync(Wire.Default.NewTopUpBody);
        if (!body.IsGiven) return body.Refusal;
        if (WireAmounts.Read(body.Value.Amount, "amount", out var amount) is { } refusal) return refusal;
        if (body.Value.Sandbox is not null && !IsInstruction(body.Value.Sandbox))
            return new Refusal(RefusalCodes.InvalidField, $"sandbox must be \"fail\" or \"delay:\" and 1 to {MaxDelaySeconds} seconds.");

        var instruction = body.Value.Rail == CardRail.RailName ? ReturnUrlOf(request, body.Value.ReturnUrl) : body.Value.Sandbox;
        var made = await request.System.TopUps.TopUpAsync(request.Caller.Wallet, request.Key, amount, body.Value.Rail, instruction);
        return made.IsGiven
            ? await request.AnswerAsync(From(made.Value), Wire.Default.TopUpJson, $"/v1/wallets/{request.Caller.Wallet}/top-ups/{made.Value.Id}")
            : made.Refusal;
    }

    /// <summary>Where a card page leads back to: the wallet's pages, if it is not said.</summary>
    public static string ReturnUrlOf(RestRequest request, string? asked) => asked ?? $"{request.Http.Request.Scheme}://{request.Http.Request.Host}/";

    private static bool IsInstruction(string text)
    {
        const string Delay = "delay:";
        return text == "fail"
            || (text.StartsWith(Delay, StringComparison.Ordinal)
                && int.TryParse(text.AsSpan(Delay.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
                && seconds is >= 1 and <= MaxDelaySeconds);
    }

    private static async ValueTask<Refusal?> ReadAsync(RestRequest request)
    {
        if (await WalletsApi.OwnIdAsync(request) is { } notOwn) return notOwn;
        if (request.ReadId<TopUpKind>("topUpId", out var id) is { } refusal) return refusal;
        var read = await request.System.TopUps.ReadAsync(request.Caller, id);
        return read.IsGiven ? await request.AnswerAsync(From(read.Value), Wire.Default.TopUpJson) : read.Refusal;
    }

    private static async ValueTask<Refusal?> ReadCostAsync(RestRequest request)
    {
        if (await WalletsApi.OwnIdAsync(request) is { } notOwn) return notOwn;
        var (query, wallet) = (request.Http.Request.Query, await request.System.Wallets.FindAsync(request.Caller.Wallet));
        if (query["rail"] is not { Count: 1 } rails || query["amount"] is not { Count: 1 } amounts) return new Refusal(RefusalCodes.MissingField, "Give rail and amount, each once.");
        if (WireAmounts.Read(new AmountJson(amounts[0]!, wallet!.Asset.Code), "amount", out var amount) is { } refusal) return refusal;
        var read = await request.System.TopUps.ReadCostAsync(wallet.Id, amount, rails[0]!);
        if (!read.IsGiven) return read.Refusal;
        return await request.AnswerAsync(new TopUpCostJson(AmountJson.From(amount), AmountJson.From(read.Value.Cost), AmountJson.From(amount - read.Value.Cost)), Wire.Default.TopUpCostJson);
    }

    private static TopUpJson From(TopUp topUp) =>
        new(topUp.Id.ToString(), WordFor(topUp.Status), AmountJson.From(topUp.Amount), AmountJson.From(topUp.Cost), AmountJson.From(topUp.Credited), topUp.NextAction);

    /// <summary>The word for a status on the wire.</summary>
    public static string WordFor(RailStatus status) => status switch
    {
        RailStatus.Posted => "posted",
        RailStatus.Failed => "failed",
        _ => "pending",
    };
}
