using Farthing.Payments;
using Farthing.Payments.Wallets;
using Farthing.Protocol;

namespace Farthing.Server.Doors.Rest;

/// <summary>Body of <c>POST /v1/wallets/{id}/caps</c>.</summary>
internal sealed record WalletCapsBody
{
    public AmountJson? PerDay { get; init; }
    public AmountJson? PerWeek { get; init; }
    public AmountJson? PerMonth { get; init; }
    public string? TimeZone { get; init; }
}

/// <summary>A wallet's own caps.</summary>
internal sealed record WalletCapsJson(IReadOnlyList<CapJson> Caps, string TimeZone, string Status)
{
    public static WalletCapsJson From(WalletCapsState state) => new([.. state.Caps.Select(CapJson.From)], state.TimeZone, state.IsPaused ? "paused" : "active");
}

/// <summary>A wallet that was paused or resumed.</summary>
internal sealed record WalletStatusJson(string Id, string Status);

/// <summary>What a wallet's owner puts on all that the wallet pays: <c>/v1/wallets/{id}/caps</c>, <c>/pause</c> and <c>/resume</c>.</summary>
internal static class WalletCapsApi
{
    private const string CapsExample = """
        {"caps":[{"period":"day","amount":{"amount":"2","currency":"USD"},"headroom":{"amount":"1.5","currency":"USD"},"endsAt":"2026-11-23T23:00:00.000Z"},{"period":"month","amount":{"amount":"20","currency":"USD"},"headroom":{"amount":"12.8","currency":"USD"},"endsAt":"2026-11-30T23:00:00.000Z"}],"timeZone":"Europe/Paris","status":"active"}
        """;

    public static void Map(RestRoutes door)
    {
        RefusalCode[] refusals = [RefusalCodes.InvalidId, RefusalCodes.WalletNotFound, RefusalCodes.WalletErased];
        door.Post("/v1/wallets/{id}/caps", SetAsync, new RestCall
        {
            OperationId = "setWalletCaps",
            Tag = "Wallets",
            Summary = "Cap all that a wallet pays",
            Description = "In place of the caps it has; an empty body takes them off, and then only its balance says how much can be paid. They count payments of every kind, asked or under a mandate. New caps count what the old ones counted in the current day, week and month; a refund of an older payment gives no room under them.",
            Key = KeyOwner.Wallet,
            TakesIdempotencyKey = true,
            Body = typeof(WalletCapsBody),
            Answer = typeof(WalletCapsJson),
            BodyExample = """{"perDay":{"amount":"2","currency":"USD"},"perMonth":{"amount":"20","currency":"USD"},"timeZone":"Europe/Paris"}""",
            AnswerExample = CapsExample,
            Refusals = [.. refusals, .. PaymentsApi.AmountRefusals, RefusalCodes.CurrencyMismatch, RefusalCodes.TooManyCapChanges],
        });
        door.Get("/v1/wallets/{id}/caps", ReadAsync, new RestCall
        {
            OperationId = "readWalletCaps",
            Tag = "Wallets",
            Summary = "Read a wallet's caps, what is left of them, and whether it is paused",
            Key = KeyOwner.Wallet,
            Answer = typeof(WalletCapsJson),
            AnswerExample = CapsExample,
            Refusals = refusals,
        });
        MapChange("pause", "Stop all payments from a wallet at once", "Money still comes in, held payments can still be posted, and refunds arrive. Pausing a paused wallet changes nothing.", "paused",
            (system, id, key) => system.WalletCaps.PauseAsync(id, key));
        MapChange("resume", "Let a paused wallet pay again", "Resuming a wallet that is not paused changes nothing.", "active", (system, id, key) => system.WalletCaps.ResumeAsync(id, key));

        void MapChange(string verb, string summary, string description, string status, Func<PaymentSystem, Id<WalletKind>, IdempotencyKey, ValueTask<Answer<Wallet>>> change) =>
            door.Post($"/v1/wallets/{{id}}/{verb}", request => ChangeAsync(request, status, change), new RestCall
            {
                OperationId = $"{verb}Wallet",
                Tag = "Wallets",
                Summary = summary,
                Description = description,
                Key = KeyOwner.Wallet,
                TakesIdempotencyKey = true,
                Body = typeof(NoFields),
                BodyIsOptional = true,
                Answer = typeof(WalletStatusJson),
                BodyExample = "{}",
                AnswerExample = $$"""{"id":"wal_01JD8Y2M6K3T5V7W9XAZBCDEFG","status":"{{status}}"}""",
                Refusals = refusals,
            });
    }

    private static async ValueTask<Refusal?> SetAsync(RestRequest request)
    {
        if (await WalletsApi.OwnIdAsync(request) is { } refusal) return refusal;
        var body = await request.ReadBodyAsync(Wire.Default.WalletCapsBody);
        if (!body.IsGiven) return body.Refusal;
        if (MandatesApi.ReadCaps(body.Value.PerDay, body.Value.PerWeek, body.Value.PerMonth, out var caps) is { } malformed) return malformed;
        var set = await request.System.WalletCaps.SetAsync(request.Caller.Wallet, request.Key, caps, body.Value.TimeZone);
        return set.IsGiven ? await request.AnswerAsync(WalletCapsJson.From(set.Value), Wire.Default.WalletCapsJson) : set.Refusal;
    }

    private static async ValueTask<Refusal?> ReadAsync(RestRequest request)
    {
        if (await WalletsApi.OwnIdAsync(request) is { } refusal) return refusal;
        var read = await request.System.WalletCaps.ReadAsync(request.Caller.Wallet);
        return read.IsGiven ? await request.AnswerAsync(WalletCapsJson.From(read.Value), Wire.Default.WalletCapsJson) : read.Refusal;
    }

    private static async ValueTask<Refusal?> ChangeAsync(RestRequest request, string status, Func<PaymentSystem, Id<WalletKind>, IdempotencyKey, ValueTask<Answer<Wallet>>> change)
    {
        if (await WalletsApi.OwnIdAsync(request) is { } refusal) return refusal;
        var body = await request.ReadBodyAsync(Wire.Default.NoFields);
        if (!body.IsGiven) return body.Refusal;
        var changed = await change(request.System, request.Caller.Wallet, request.Key);
        return changed.IsGiven ? await request.AnswerAsync(new WalletStatusJson(changed.Value.Id.ToString(), status), Wire.Default.WalletStatusJson) : changed.Refusal;
    }
}
