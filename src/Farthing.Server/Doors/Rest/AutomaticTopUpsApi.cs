using Farthing.Payments;
using Farthing.Payments.TopUps;
using Farthing.Protocol;
using Farthing.Server.Rails.Card;

namespace Farthing.Server.Doors.Rest;

/// <summary>Body of <c>POST /v1/wallets/{id}/automatic-top-up</c>.</summary>
internal sealed record AutomaticTopUpBody
{
    public required AmountJson Floor { get; init; }
    public required AmountJson Amount { get; init; }
    public required string Rail { get; init; }
    public int? MostPerDay { get; init; }
    public string? ReturnUrl { get; init; }
}

/// <summary>How a wallet is topped up by itself.</summary>
internal sealed record AutomaticTopUpJson(AmountJson Floor, AmountJson Amount, int MostPerDay, string Rail, string Status, string? Fault, string? Reason, string? NextAction, SavedCardJson? Card);

/// <summary>The card it is charged to.</summary>
internal sealed record SavedCardJson(string? Brand, string? LastFour, string? Expires);

/// <summary><c>/v1/wallets/{id}/automatic-top-up</c>.</summary>
internal static class AutomaticTopUpsApi
{
    private const string Example = """{"floor":{"amount":"2","currency":"USD"},"amount":{"amount":"10","currency":"USD"},"mostPerDay":1,"rail":"card","status":"on","card":{"brand":"visa","lastFour":"4242","expires":"2030-12"}}""";
    private const string ExampleWaiting = """{"floor":{"amount":"2","currency":"USD"},"amount":{"amount":"10","currency":"USD"},"mostPerDay":1,"rail":"card","status":"waiting","nextAction":"https://checkout.stripe.com/c/pay/cs_test_a1"}""";
    private const string ExampleOff = """{"floor":{"amount":"2","currency":"USD"},"amount":{"amount":"10","currency":"USD"},"mostPerDay":1,"rail":"card","status":"off","fault":"expired_card","reason":"The card has expired."}""";

    public static void Map(RestRoutes door)
    {
        RefusalCode[] refusals = [RefusalCodes.InvalidId, RefusalCodes.WalletNotFound, RefusalCodes.WalletErased];
        door.Post("/v1/wallets/{id}/automatic-top-up", SetAsync, new RestCall
        {
            OperationId = "setAutomaticTopUp",
            Tag = "Top-ups",
            Summary = "Top a wallet up by itself when it falls below a floor",
            Description = $"Off unless set. At most mostPerDay times on a day in UTC, 1 if it is left out and {AutomaticTopUps.MaxPerDay} at most, tries that fail included; never while the wallet is paused or owes, nor beyond what its caps still let be paid. After {AutomaticTopUps.MaxFailures} failures in a row it is off again, with card at the first that the bank declines: fault is a code and reason says it for the payer. With the rail card it waits until the payer was at nextAction, a page of the card processor that leads back to returnUrl: it charges amount as a first top-up and keeps the card. Tell the payer before what is agreed there: floor, amount, how often a day, and how to stop. Each setting asks for the card anew, and ends the one before. Only rails that collect while the payer is away can do it: sandbox, and card where it is on.",
            Key = KeyOwner.Wallet,
            TakesIdempotencyKey = true,
            Body = typeof(AutomaticTopUpBody),
            Answer = typeof(AutomaticTopUpJson),
            BodyExample = """{"floor":{"amount":"2","currency":"USD"},"amount":{"amount":"10","currency":"USD"},"rail":"card","mostPerDay":1,"returnUrl":"https://news.example/wallet"}""",
            AnswerExample = ExampleWaiting,
            Refusals = [.. refusals, .. PaymentsApi.AmountRefusals, RefusalCodes.CurrencyMismatch, RefusalCodes.RailNotAvailable, RefusalCodes.RailCostTooHigh, RefusalCodes.RailUnreachable, RefusalCodes.RecoveryCodeRequired],
        });
        door.Get("/v1/wallets/{id}/automatic-top-up", ReadAsync, new RestCall
        {
            OperationId = "readAutomaticTopUp",
            Tag = "Top-ups",
            Summary = "Read how a wallet is topped up by itself, and why it is off if it stopped itself",
            Description = "A recovery of the wallet, and money of a top-up that is taken back, stop it too. Of a card no more is known here than what is shown, and nothing once it is off.",
            Key = KeyOwner.Wallet,
            Answer = typeof(AutomaticTopUpJson),
            AnswerExample = Example,
            Refusals = [.. refusals, RefusalCodes.AutomaticTopUpNotSet],
        });
        door.Post("/v1/wallets/{id}/automatic-top-up/stop", StopAsync, new RestCall
        {
            OperationId = "stopAutomaticTopUp",
            Tag = "Top-ups",
            Summary = "Top a wallet up by itself no longer",
            Description = "At once: what is being collected at this moment is credited if it comes in, and nothing more is. A card that was left is removed at the card processor.",
            Key = KeyOwner.Wallet,
            TakesIdempotencyKey = true,
            Body = typeof(NoFields),
            BodyIsOptional = true,
            Answer = typeof(AutomaticTopUpJson),
            BodyExample = "{}",
            AnswerExample = ExampleOff,
            Refusals = [.. refusals, RefusalCodes.AutomaticTopUpNotSet],
        });
    }

    private static async ValueTask<Refusal?> SetAsync(RestRequest request)
    {
        if (await WalletsApi.OwnIdAsync(request) is { } notOwn) return notOwn;
        var body = await request.ReadBodyAsync(Wire.Default.AutomaticTopUpBody);
        if (!body.IsGiven) return body.Refusal;
        if ((WireAmounts.Read(body.Value.Floor, "floor", out var floor) ?? WireAmounts.Read(body.Value.Amount, "amount", out _)) is { } refusal) return refusal;
        WireAmounts.Read(body.Value.Amount, "amount", out var amount);
        var instruction = body.Value.Rail == CardRail.RailName ? TopUpsApi.ReturnUrlOf(request, body.Value.ReturnUrl) : null;
        return await AnswerAsync(request, await request.System.AutomaticTopUps.SetAsync(request.Caller.Wallet, request.Key, floor, amount, body.Value.MostPerDay ?? 1, body.Value.Rail, instruction));
    }

    private static async ValueTask<Refusal?> ReadAsync(RestRequest request) =>
        await WalletsApi.OwnIdAsync(request) ?? await AnswerAsync(request, await request.System.AutomaticTopUps.ReadAsync(request.Caller.Wallet));

    private static async ValueTask<Refusal?> StopAsync(RestRequest request)
    {
        if (await WalletsApi.OwnIdAsync(request) is { } notOwn) return notOwn;
        var body = await request.ReadBodyAsync(Wire.Default.NoFields);
        return body.IsGiven ? await AnswerAsync(request, await request.System.AutomaticTopUps.StopAsync(request.Caller.Wallet, request.Key)) : body.Refusal;
    }

    private static async ValueTask<Refusal?> AnswerAsync(RestRequest request, Answer<AutomaticTopUp> found)
    {
        if (!found.IsGiven) return found.Refusal;
        var it = found.Value;
        var answer = new AutomaticTopUpJson(AmountJson.From(it.Floor), AmountJson.From(it.Amount), it.MostPerDay, it.Rail, it.Status switch { AutomaticTopUpStatus.On => "on", AutomaticTopUpStatus.Waiting => "waiting", _ => "off" },
            it.Fault, it.Reason, it.NextAction, it.Card is { } card ? new(card.Brand, card.LastFour, card.Expires) : null);
        return await request.AnswerAsync(answer, Wire.Default.AutomaticTopUpJson);
    }
}
