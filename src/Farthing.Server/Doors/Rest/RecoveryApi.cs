using Farthing.Payments;

namespace Farthing.Server.Doors.Rest;

/// <summary>Body with a recovery code, as it was typed.</summary>
internal sealed record RecoveryCodeBody
{
    public required string Code { get; init; }
}

/// <summary>A recovery code, to be written down.</summary>
internal sealed record RecoveryCodeJson(string Code);

/// <summary>A wallet's way back in: <c>in_force</c> once the code was typed back.</summary>
internal sealed record RecoveryStatusJson(string Id, string Status);

/// <summary><c>/v1/wallets/{id}/recovery-code</c> and <c>/v1/wallets/recover</c>: the way back into a wallet whose key was lost.</summary>
internal static class RecoveryApi
{
    public static void Map(RestRoutes door)
    {
        RefusalCode[] refusals = [RefusalCodes.InvalidId, RefusalCodes.WalletNotFound, RefusalCodes.WalletErased];
        door.Post("/v1/wallets/{id}/recovery-code", CreateAsync, new RestCall
        {
            OperationId = "createRecoveryCode",
            Tag = "Wallets",
            Summary = "Make a recovery code for a wallet",
            Description = "To be written down, and typed back to the confirmation; until then a code that was made before stays in force. A repeat with the same key shows the same code again.",
            Key = KeyOwner.Wallet,
            TakesIdempotencyKey = true,
            Body = typeof(NoFields),
            BodyIsOptional = true,
            Status = StatusCodes.Status201Created,
            Answer = typeof(RecoveryCodeJson),
            BodyExample = "{}",
            AnswerExample = """{"code":"7ZD8Y-2M6K3-T5V7W-9XAZB-CDEFGH"}""",
            Refusals = refusals,
        });
        door.Post("/v1/wallets/{id}/recovery-code/confirm", ConfirmAsync, new RestCall
        {
            OperationId = "confirmRecoveryCode",
            Tag = "Wallets",
            Summary = "Put a wallet's newest recovery code in force by typing it back",
            Key = KeyOwner.Wallet,
            Body = typeof(RecoveryCodeBody),
            Answer = typeof(RecoveryStatusJson),
            BodyExample = """{"code":"7ZD8Y-2M6K3-T5V7W-9XAZB-CDEFGH"}""",
            AnswerExample = """{"id":"wal_01JD8Y2M6K3T5V7W9XAZBCDEFG","status":"in_force"}""",
            Refusals = [.. refusals, RefusalCodes.RecoveryCodeInvalid, RefusalCodes.RateLimited],
        });
        door.Post("/v1/wallets/recover", RecoverAsync, new RestCall
        {
            OperationId = "recoverWallet",
            Tag = "Wallets",
            Summary = "Come back into a wallet with its recovery code",
            Description = "Ends the code, the wallet's key, every cookie and every mandate, and answers with the wallet's new key. The Idempotency-Key must be random, as it is for a new wallet: a repeat with both hears the same. For ten minutes the code gives the same key also with another Idempotency-Key, as an answer can get lost. Then make a new code.",
            TakesIdempotencyKey = true,
            Body = typeof(RecoveryCodeBody),
            Status = StatusCodes.Status201Created,
            Answer = typeof(WalletMade),
            BodyExample = """{"code":"7ZD8Y-2M6K3-T5V7W-9XAZB-CDEFGH"}""",
            AnswerExample = """{"id":"wal_01JD8Y2M6K3T5V7W9XAZBCDEFG","currency":"USD","key":"fk_wal_…"}""",
            Refusals = [RefusalCodes.RecoveryCodeInvalid, RefusalCodes.WalletErased, RefusalCodes.RateLimited],
        });
    }

    private static async ValueTask<Refusal?> CreateAsync(RestRequest request)
    {
        if (await WalletsApi.OwnIdAsync(request) is { } refusal) return refusal;
        var body = await request.ReadBodyAsync(Wire.Default.NoFields);
        if (!body.IsGiven) return body.Refusal;
        var made = await request.System.RecoveryCodes.CreateAsync(request.Caller.Wallet, request.Key);
        return made.IsGiven ? await request.AnswerAsync(new RecoveryCodeJson(made.Value.Text), Wire.Default.RecoveryCodeJson, $"/v1/wallets/{request.Caller.Wallet}") : made.Refusal;
    }

    private static async ValueTask<Refusal?> ConfirmAsync(RestRequest request)
    {
        if (await WalletsApi.OwnIdAsync(request) is { } refusal) return refusal;
        var body = await request.ReadBodyAsync(Wire.Default.RecoveryCodeBody);
        if (!body.IsGiven) return body.Refusal;
        if (Count(request) is { } tooMany) return tooMany;
        var confirmed = await request.System.RecoveryCodes.ConfirmAsync(request.Caller.Wallet, body.Value.Code);
        return confirmed.IsGiven ? await request.AnswerAsync(new RecoveryStatusJson(confirmed.Value.Id.ToString(), "in_force"), Wire.Default.RecoveryStatusJson) : confirmed.Refusal;
    }

    private static async ValueTask<Refusal?> RecoverAsync(RestRequest request)
    {
        var body = await request.ReadBodyAsync(Wire.Default.RecoveryCodeBody);
        if (!body.IsGiven) return body.Refusal;
        if (Count(request) is { } tooMany) return tooMany;
        var found = await request.System.RecoveryCodes.RecoverAsync(body.Value.Code, request.Key);
        if (!found.IsGiven) return found.Refusal;
        var answer = new WalletMade(found.Value.Wallet.Id.ToString(), found.Value.Wallet.Asset.Code, found.Value.Key);
        return await request.AnswerAsync(answer, Wire.Default.WalletMade, $"/v1/wallets/{answer.Id}");
    }

    private static Refusal? Count(RestRequest request) => request.Http.RequestServices.GetRequiredService<RecoveryLimit>().Count(request.Http);
}
