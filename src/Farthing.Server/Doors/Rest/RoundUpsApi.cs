using Farthing.Payments;
using Farthing.Payments.RoundUps;
using Farthing.Protocol;

namespace Farthing.Server.Doors.Rest;

/// <summary>Body of <c>POST /v1/round-ups</c>.</summary>
internal sealed record NewRoundUpBody
{
    public string? Payee { get; init; }
    public string? Offer { get; init; }
    public required AmountJson Unit { get; init; }
    public AmountJson? MostPerMonth { get; init; }
    public string? TimeZone { get; init; }
}

/// <summary>A round-up.</summary>
internal sealed record RoundUpJson(
    string Id, string Status, string Payee, string? Offer, AmountJson Unit, AmountJson MostPerMonth, AmountJson? SoFar, string TimeZone, string? NextAt, int Paid, int Missed, string? LastPayment, string? LastRefusal,
    string CreatedAt);

/// <summary>A page of round-ups.</summary>
internal sealed record RoundUpPage(IReadOnlyList<RoundUpJson> Lines, string? Next);

/// <summary><c>/v1/round-ups</c>: what payments are rounded up by, given away once a month.</summary>
internal static class RoundUpsApi
{
    private const string Example = """
        {"id":"rup_01JD8Y2M6K3T5V7W9XAZBCDEFG","status":"active","payee":"pye_01JD8Y2M6K3T5V7W9XAZBCDEFG","unit":{"amount":"0.1","currency":"USD"},"mostPerMonth":{"amount":"5","currency":"USD"},"timeZone":"Europe/Paris","nextAt":"2026-12-23T09:30:00.000Z","paid":0,"missed":0,"createdAt":"2026-11-23T09:30:00.000Z"}
        """;

    private static readonly PathMember IdMember = new("id", "The id of a round-up.", "^rup_[0-7][0-9A-HJKMNP-TV-Z]{25}$", "rup_01JD8Y2M6K3T5V7W9XAZBCDEFG");

    public static void Map(RestRoutes door)
    {
        door.Post("/v1/round-ups", CreateAsync, new RestCall
        {
            OperationId = "createRoundUp",
            Tag = "Round-ups",
            Summary = "Round payments up for a good cause",
            Description = "From now on each payment of this wallet is counted as rounded up to a whole number of unit. Once a month the differences are paid to payee, together, up to mostPerMonth: 5 of everyday money if nothing is said, 0.0001 BTC. In place of payee, offer names an offer whose amount the payer names; its payees share each gift as it says. A wallet has one round-up at a time, and makes at most 20 in eight weeks.",
            Key = KeyOwner.Wallet,
            TakesIdempotencyKey = true,
            Body = typeof(NewRoundUpBody),
            Status = StatusCodes.Status201Created,
            Answer = typeof(RoundUpJson),
            BodyExample = """{"payee":"pye_01JD8Y2M6K3T5V7W9XAZBCDEFG","unit":{"amount":"0.1","currency":"USD"},"timeZone":"Europe/Paris"}""",
            AnswerExample = Example,
            Refusals = [.. PaymentsApi.AmountRefusals, RefusalCodes.CurrencyMismatch, RefusalCodes.AmountBelowMinimum, RefusalCodes.InvalidId, RefusalCodes.PayeeNotFound, RefusalCodes.OfferNotFound, RefusalCodes.OfferClosed, RefusalCodes.OfferIsASubscription, RefusalCodes.RoundUpExists, RefusalCodes.TooManyRoundUps, RefusalCodes.WalletErased],
        });
        door.Get("/v1/round-ups", ListAsync, new RestCall
        {
            OperationId = "listRoundUps",
            Tag = "Round-ups",
            Summary = "List the wallet's round-ups, newest first",
            Key = KeyOwner.Wallet,
            IsPaged = true,
            Answer = typeof(RoundUpPage),
            AnswerExample = $$"""{"lines":[{{Example}}]}""",
            Refusals = [RefusalCodes.WalletErased],
        });
        door.Get("/v1/round-ups/{id}", ReadAsync, new RestCall
        {
            OperationId = "readRoundUp",
            Tag = "Round-ups",
            Summary = "Read a round-up",
            Description = "soFar is what it comes to since the last month was given. missed counts the months that could not be paid; lastRefusal says why, if the newest was one.",
            Key = KeyOwner.Wallet,
            Path = [IdMember],
            Answer = typeof(RoundUpJson),
            AnswerExample = Example.Replace("\"timeZone\"", "\"soFar\":{\"amount\":\"1.24\",\"currency\":\"USD\"},\"timeZone\"", StringComparison.Ordinal),
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.RoundUpNotFound, RefusalCodes.WalletErased],
        });
        door.Post("/v1/round-ups/{id}/cancel", CancelAsync, new RestCall
        {
            OperationId = "cancelRoundUp",
            Tag = "Round-ups",
            Summary = "End a round-up",
            Description = "What it came to so far is not given. To end one that was ended changes nothing.",
            Key = KeyOwner.Wallet,
            Path = [IdMember],
            Body = typeof(NoFields),
            BodyIsOptional = true,
            Answer = typeof(RoundUpJson),
            BodyExample = "{}",
            AnswerExample = Example.Replace("active", "cancelled", StringComparison.Ordinal).Replace("\"nextAt\":\"2026-12-23T09:30:00.000Z\",", "", StringComparison.Ordinal),
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.RoundUpNotFound, RefusalCodes.WalletErased],
        });
    }

    private static async ValueTask<Refusal?> CreateAsync(RestRequest request)
    {
        var read = await request.ReadBodyAsync(Wire.Default.NewRoundUpBody);
        if (!read.IsGiven) return read.Refusal;
        var body = read.Value;
        if (WireIds.ReadGift(body.Payee, body.Offer, out var payee, out var offer) is { } unnamed) return unnamed;
        if (WireAmounts.Read(body.Unit, "unit", out var unit) is { } refusal) return refusal;
        var most = default(Amount?);
        if (body.MostPerMonth is not null)
        {
            if (WireAmounts.Read(body.MostPerMonth, "mostPerMonth", out var given) is { } malformed) return malformed;
            most = given;
        }

        var made = await request.System.RoundUps.CreateAsync(request.Caller.Wallet, request.Key, new NewRoundUp(payee, offer, unit, most, body.TimeZone));
        return made.IsGiven ? await request.AnswerAsync(From(made.Value), Wire.Default.RoundUpJson, $"/v1/round-ups/{made.Value.Id}") : made.Refusal;
    }

    private static async ValueTask<Refusal?> ListAsync(RestRequest request)
    {
        if (request.ReadPage(out var cursor, out var pageSize) is { } refusal) return refusal;
        var page = await request.System.RoundUps.ListAsync(request.Caller.Wallet, cursor, pageSize);
        return page.IsGiven ? await request.AnswerAsync(new RoundUpPage([.. page.Value.Lines.Select(From)], page.Value.Next), Wire.Default.RoundUpPage) : page.Refusal;
    }

    private static async ValueTask<Refusal?> ReadAsync(RestRequest request)
    {
        if (request.ReadId<RoundUpKind>("id", out var id) is { } refusal) return refusal;
        return await AnswerAsync(request, await request.System.RoundUps.ReadAsync(request.Caller.Wallet, id));
    }

    private static async ValueTask<Refusal?> CancelAsync(RestRequest request)
    {
        if (request.ReadId<RoundUpKind>("id", out var id) is { } refusal) return refusal;
        var body = await request.ReadBodyAsync(Wire.Default.NoFields);
        return body.IsGiven ? await AnswerAsync(request, await request.System.RoundUps.CancelAsync(request.Caller.Wallet, id)) : body.Refusal;
    }

    private static async ValueTask<Refusal?> AnswerAsync(RestRequest request, Answer<RoundUp> roundUp) =>
        roundUp.IsGiven ? await request.AnswerAsync(From(roundUp.Value), Wire.Default.RoundUpJson) : roundUp.Refusal;

    private static RoundUpJson From(RoundUp roundUp) => new(
        roundUp.Id.ToString(),
        roundUp.Status.ToString().ToLowerInvariant(),
        roundUp.Payee.ToString(),
        roundUp.Offer?.ToString(),
        AmountJson.From(roundUp.Unit),
        AmountJson.From(roundUp.MostPerMonth),
        roundUp.SoFar is { } soFar ? AmountJson.From(soFar) : null,
        roundUp.TimeZone,
        roundUp.NextAt is { } next ? WireTime.Format(next) : null,
        roundUp.Paid,
        roundUp.Missed,
        roundUp.LastPayment?.ToString(),
        roundUp.LastRefusal,
        WireTime.Format(roundUp.CreatedAt));
}
