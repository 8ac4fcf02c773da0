using Farthing.Payments;
using Farthing.Payments.TopUps;
using Farthing.Protocol;

namespace Farthing.Server.Doors.Rest;

/// <summary>What goes back to one top-up.</summary>
internal sealed record WalletPayoutPartJson(string TopUp, AmountJson Amount, string Status);

/// <summary>Unspent money on its way back.</summary>
internal sealed record WalletPayoutJson(string Id, string Status, AmountJson Amount, AmountJson Returned, IReadOnlyList<WalletPayoutPartJson> Parts, string CreatedAt);

/// <summary>How much could go back now.</summary>
internal sealed record WalletPayoutsJson(AmountJson Available);

/// <summary><c>/v1/wallets/{id}/payouts</c>: a payer's unspent money back to where it came from.</summary>
internal static class WalletPayoutsApi
{
    private const string Example = """
        {"id":"out_01JD8Y2M6K3T5V7W9XAZBCDEFG","status":"posted","amount":{"amount":"6.5","currency":"USD"},"returned":{"amount":"6.5","currency":"USD"},"parts":[{"topUp":"top_01JD8Y2M6K3T5V7W9XAZBCDEFG","amount":{"amount":"6.5","currency":"USD"},"status":"posted"}],"createdAt":"2026-11-23T09:30:00.000Z"}
        """;

    public static void Map(RestRoutes door)
    {
        RefusalCode[] refusals = [RefusalCodes.InvalidId, RefusalCodes.WalletNotFound, RefusalCodes.WalletErased];
        door.Post("/v1/wallets/{id}/payouts", CreateAsync, new RestCall
        {
            OperationId = "createWalletPayout",
            Tag = "Top-ups",
            Summary = "Take unspent money back to where it came from",
            Description = $"To the newest top-ups first, and to each at most what it brought in, within {WalletPayoutDesk.WindowDays} days of it; to at most {WalletPayoutDesk.MaxParts} top-ups at once. Without an amount, all that can go back. What a rail took for a top-up does not come back. A part that the rail cannot deliver is the wallet's again.",
            Key = KeyOwner.Wallet,
            TakesIdempotencyKey = true,
            Body = typeof(AmountBody),
            BodyIsOptional = true,
            Status = StatusCodes.Status201Created,
            Answer = typeof(WalletPayoutJson),
            BodyExample = """{"amount":{"amount":"6.5","currency":"USD"}}""",
            AnswerExample = Example,
            Refusals =
            [
                .. refusals, .. PaymentsApi.AmountRefusals, RefusalCodes.CurrencyMismatch, RefusalCodes.NothingToPayOut, RefusalCodes.PayoutExceedsAvailable, RefusalCodes.WalletInDebt, RefusalCodes.WalletFrozen, RefusalCodes.AccountClosed,
            ],
        });
        door.Get("/v1/wallets/{id}/payouts", ReadAvailableAsync, new RestCall
        {
            OperationId = "readWalletPayouts",
            Tag = "Top-ups",
            Summary = "Read how much unspent money could go back now",
            Key = KeyOwner.Wallet,
            Answer = typeof(WalletPayoutsJson),
            AnswerExample = """{"available":{"amount":"6.5","currency":"USD"}}""",
            Refusals = refusals,
        });
        door.Get("/v1/wallets/{id}/payouts/{payoutId}", ReadAsync, new RestCall
        {
            OperationId = "readWalletPayout",
            Tag = "Top-ups",
            Summary = "Read where money stands that goes back",
            Key = KeyOwner.Wallet,
            Answer = typeof(WalletPayoutJson),
            AnswerExample = Example,
            Refusals = [.. refusals, RefusalCodes.PayoutNotFound],
        });
    }

    private static async ValueTask<Refusal?> CreateAsync(RestRequest request)
    {
        if (await WalletsApi.OwnIdAsync(request) is { } notOwn) return notOwn;
        var body = await request.ReadBodyAsync(Wire.Default.AmountBody);
        if (!body.IsGiven) return body.Refusal;
        Amount? amount = null;
        if (body.Value.Amount is { } sent)
        {
            if (WireAmounts.Read(sent, "amount", out var read) is { } refusal) return refusal;
            amount = read;
        }

        var made = await request.System.WalletPayouts.PayAsync(request.Caller.Wallet, request.Key, amount);
        return made.IsGiven
            ? await request.AnswerAsync(From(made.Value), Wire.Default.WalletPayoutJson, $"/v1/wallets/{request.Caller.Wallet}/payouts/{made.Value.Id}")
            : made.Refusal;
    }

    private static async ValueTask<Refusal?> ReadAvailableAsync(RestRequest request)
    {
        if (await WalletsApi.OwnIdAsync(request) is { } notOwn) return notOwn;
        var read = await request.System.WalletPayouts.ReadAvailableAsync(request.Caller.Wallet);
        return read.IsGiven ? await request.AnswerAsync(new WalletPayoutsJson(AmountJson.From(read.Value)), Wire.Default.WalletPayoutsJson) : read.Refusal;
    }

    private static async ValueTask<Refusal?> ReadAsync(RestRequest request)
    {
        if (await WalletsApi.OwnIdAsync(request) is { } notOwn) return notOwn;
        if (request.ReadId<PayoutKind>("payoutId", out var id) is { } refusal) return refusal;
        var read = await request.System.WalletPayouts.ReadAsync(request.Caller.Wallet, id);
        return read.IsGiven ? await request.AnswerAsync(From(read.Value), Wire.Default.WalletPayoutJson) : read.Refusal;
    }

    private static WalletPayoutJson From(WalletPayout payout) => new(
        payout.Id.ToString(), TopUpsApi.WordFor(payout.Status), AmountJson.From(payout.Amount), AmountJson.From(payout.Returned),
        [.. payout.Parts.Select(part => new WalletPayoutPartJson(part.TopUp.ToString(), AmountJson.From(part.Amount), TopUpsApi.WordFor(part.Status)))], WireTime.Format(payout.CreatedAt));
}
