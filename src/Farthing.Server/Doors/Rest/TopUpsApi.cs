using System.Globalization;
using Farthing.Payments;
using Farthing.Payments.TopUps;
using Farthing.Protocol;

namespace Farthing.Server.Doors.Rest;

/// <summary><c>/v1/wallets/{id}/top-ups</c>: money in.</summary>
internal static class TopUpsApi
{
    private const string Example = """{"id":"top_01JD8Y2M6K3T5V7W9XAZBCDEFG","status":"posted","amount":{"amount":"10","currency":"USD"}}""";
    private const int MaxDelaySeconds = 3600;

    public static void Map(RestRoutes door)
    {
        door.Post("/v1/wallets/{id}/top-ups", CreateAsync, new RestCall
        {
            OperationId = "createTopUp",
            Tag = "Top-ups",
            Summary = "Top up a wallet",
            Description = "The rail of play money is sandbox. It posts at once, unless the field sandbox tells it to fail, or to delay by a number of seconds: \"fail\", \"delay:5\".",
            Key = KeyOwner.Wallet,
            TakesIdempotencyKey = true,
            Body = typeof(NewTopUpBody),
            Status = StatusCodes.Status201Created,
            Answer = typeof(TopUpJson),
            BodyExample = """{"amount":{"amount":"10","currency":"USD"},"rail":"sandbox"}""",
            AnswerExample = Example,
            Refusals = [.. PaymentsApi.AmountRefusals, RefusalCodes.CurrencyMismatch, RefusalCodes.RailNotAvailable, RefusalCodes.InvalidId, RefusalCodes.WalletNotFound, RefusalCodes.WalletErased],
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

        var made = await request.System.TopUps.TopUpAsync(request.Caller.Wallet, request.Key, amount, body.Value.Rail, body.Value.Sandbox);
        return made.IsGiven
            ? await request.AnswerAsync(From(made.Value), Wire.Default.TopUpJson, $"/v1/wallets/{request.Caller.Wallet}/top-ups/{made.Value.Id}")
            : made.Refusal;
    }

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

    private static TopUpJson From(TopUp topUp) => new(topUp.Id.ToString(), WordFor(topUp.Status), AmountJson.From(topUp.Amount), topUp.NextAction);

    private static string WordFor(RailStatus status) => status switch
    {
        RailStatus.Posted => "posted",
        RailStatus.Failed => "failed",
        _ => "pending",
    };
}
