using Farthing.Payments;
using Farthing.Payments.Tips;
using Farthing.Protocol;

namespace Farthing.Server.Doors.Rest;

/// <summary>Body of <c>POST /v1/tips</c>.</summary>
internal sealed record NewTipBody
{
    public string? Payee { get; init; }
    public string? Offer { get; init; }
    public required AmountJson Amount { get; init; }
    public string? Reference { get; init; }
    public bool? Monthly { get; init; }
    public string? TimeZone { get; init; }
}

/// <summary>A tip that was given.</summary>
internal sealed record TipJson(string Payment, string Payee, string? Offer, AmountJson Amount, string? Reference, string CreatedAt, MonthlyTipJson? Monthly);

/// <summary>A monthly tip.</summary>
internal sealed record MonthlyTipJson(
    string Id, string Status, string Payee, string? Offer, AmountJson Amount, string TimeZone, string? NextAt, int Paid, int Missed, string? LastPayment, string? LastRefusal, string CreatedAt);

/// <summary>A page of monthly tips.</summary>
internal sealed record MonthlyTipPage(IReadOnlyList<MonthlyTipJson> Lines, string? Next);

/// <summary><c>/v1/tips</c>: payments that buy nothing, given once or every month.</summary>
internal static class TipsApi
{
    private const string MonthlyExample = """
        {"id":"tip_01JD8Y2M6K3T5V7W9XAZBCDEFG","status":"active","payee":"pye_01JD8Y2M6K3T5V7W9XAZBCDEFG","amount":{"amount":"1","currency":"USD"},"timeZone":"Europe/Paris","nextAt":"2026-12-23T09:30:00.000Z","paid":1,"missed":0,"lastPayment":"pay_01JD8Y2M6K3T5V7W9XAZBCDEFG","createdAt":"2026-11-23T09:30:00.000Z"}
        """;

    private static readonly PathMember IdMember = new("id", "The id of a monthly tip.", "^tip_[0-7][0-9A-HJKMNP-TV-Z]{25}$", "tip_01JD8Y2M6K3T5V7W9XAZBCDEFG");

    public static void Map(RestRoutes door)
    {
        door.Post("/v1/tips", CreateAsync, new RestCall
        {
            OperationId = "createTip",
            Tag = "Tips",
            Summary = "Tip a payee, once or every month",
            Description = "With monthly the same amount is paid again each month, at the same time of the same day in timeZone (UTC by default), or on the last day of months that are too short. There is no monthly tip unless the first one was paid. In place of payee, offer names an offer whose amount the payer names; its payees share each tip as it says.",
            Key = KeyOwner.Wallet,
            TakesIdempotencyKey = true,
            Body = typeof(NewTipBody),
            Status = StatusCodes.Status201Created,
            Answer = typeof(TipJson),
            BodyExample = """{"payee":"pye_01JD8Y2M6K3T5V7W9XAZBCDEFG","amount":{"amount":"1","currency":"USD"},"monthly":true,"timeZone":"Europe/Paris"}""",
            AnswerExample = $$"""{"payment":"pay_01JD8Y2M6K3T5V7W9XAZBCDEFG","payee":"pye_01JD8Y2M6K3T5V7W9XAZBCDEFG","amount":{"amount":"1","currency":"USD"},"reference":"tip_01JD8Y2M6K3T5V7W9XAZBCDEFG","createdAt":"2026-11-23T09:30:00.000Z","monthly":{{MonthlyExample}}}""",
            Refusals =
            [
                .. PaymentsApi.AmountRefusals, RefusalCodes.CurrencyMismatch, RefusalCodes.AmountBelowMinimum, RefusalCodes.InvalidId, RefusalCodes.PayeeNotFound, RefusalCodes.OfferNotFound, RefusalCodes.OfferClosed, RefusalCodes.OfferIsASubscription, RefusalCodes.InsufficientFunds, RefusalCodes.WalletInDebt,
                RefusalCodes.CapExceeded, RefusalCodes.CapsChanged, RefusalCodes.RequestTooOld, RefusalCodes.TooManyMonthlyTips, RefusalCodes.WalletFrozen, RefusalCodes.AccountClosed, RefusalCodes.WalletErased,
            ],
        });
        door.Get("/v1/tips", ListAsync, new RestCall
        {
            OperationId = "listTips",
            Tag = "Tips",
            Summary = "List the wallet's monthly tips, newest first",
            Key = KeyOwner.Wallet,
            IsPaged = true,
            Answer = typeof(MonthlyTipPage),
            AnswerExample = $$"""{"lines":[{{MonthlyExample}}]}""",
            Refusals = [RefusalCodes.WalletErased],
        });
        door.Get("/v1/tips/{id}", ReadAsync, new RestCall
        {
            OperationId = "readTip",
            Tag = "Tips",
            Summary = "Read a monthly tip",
            Description = "missed counts the months that could not be paid; lastRefusal says why, if the newest was one. A month that was missed is not made up.",
            Key = KeyOwner.Wallet,
            Path = [IdMember],
            Answer = typeof(MonthlyTipJson),
            AnswerExample = MonthlyExample,
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.TipNotFound, RefusalCodes.WalletErased],
        });
        door.Post("/v1/tips/{id}/cancel", CancelAsync, new RestCall
        {
            OperationId = "cancelTip",
            Tag = "Tips",
            Summary = "End a monthly tip",
            Description = "Once this is answered, no further month is paid. To end one that was ended changes nothing.",
            Key = KeyOwner.Wallet,
            Path = [IdMember],
            Body = typeof(NoFields),
            BodyIsOptional = true,
            Answer = typeof(MonthlyTipJson),
            BodyExample = "{}",
            AnswerExample = MonthlyExample.Replace("active", "cancelled", StringComparison.Ordinal).Replace("\"nextAt\":\"2026-12-23T09:30:00.000Z\",", "", StringComparison.Ordinal),
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.TipNotFound, RefusalCodes.WalletErased],
        });
    }

    private static async ValueTask<Refusal?> CreateAsync(RestRequest request)
    {
        var read = await request.ReadBodyAsync(Wire.Default.NewTipBody);
        if (!read.IsGiven) return read.Refusal;
        var body = read.Value;
        if (WireIds.ReadGift(body.Payee, body.Offer, out var payee, out var offer) is { } unnamed) return unnamed;
        if (WireAmounts.Read(body.Amount, "amount", out var amount) is { } refusal) return refusal;
        if (body.TimeZone is not null && body.Monthly is not true) return new Refusal(RefusalCodes.InvalidField, "timeZone goes with monthly only.");
        var zone = body.Monthly is true ? body.TimeZone ?? Payments.Calendars.TimeZones.Utc : null;
        var given = await request.System.Tips.TipAsync(request.Caller.Wallet, request.Key, new NewTip(payee, amount, body.Reference, zone) { Offer = offer });
        if (!given.IsGiven) return given.Refusal;
        var payment = given.Value.Payment;
        var monthly = given.Value.Monthly is { } tip ? From(tip) : null;
        return await request.AnswerAsync(
            new TipJson(payment.Id.ToString(), payment.Payee.ToString(), offer?.ToString(), AmountJson.From(payment.Amount), payment.Reference, WireTime.Format(payment.CreatedAt), monthly),
            Wire.Default.TipJson,
            monthly is null ? $"/v1/payments/{payment.Id}" : $"/v1/tips/{monthly.Id}");
    }

    private static async ValueTask<Refusal?> ListAsync(RestRequest request)
    {
        if (request.ReadPage(out var cursor, out var pageSize) is { } refusal) return refusal;
        var page = await request.System.Tips.ListAsync(request.Caller.Wallet, cursor, pageSize);
        return page.IsGiven ? await request.AnswerAsync(new MonthlyTipPage([.. page.Value.Lines.Select(From)], page.Value.Next), Wire.Default.MonthlyTipPage) : page.Refusal;
    }

    private static async ValueTask<Refusal?> ReadAsync(RestRequest request)
    {
        if (request.ReadId<TipKind>("id", out var id) is { } refusal) return refusal;
        return await AnswerAsync(request, await request.System.Tips.ReadAsync(request.Caller.Wallet, id));
    }

    private static async ValueTask<Refusal?> CancelAsync(RestRequest request)
    {
        if (request.ReadId<TipKind>("id", out var id) is { } refusal) return refusal;
        var body = await request.ReadBodyAsync(Wire.Default.NoFields);
        return body.IsGiven ? await AnswerAsync(request, await request.System.Tips.CancelAsync(request.Caller.Wallet, id)) : body.Refusal;
    }

    private static async ValueTask<Refusal?> AnswerAsync(RestRequest request, Answer<MonthlyTip> tip) =>
        tip.IsGiven ? await request.AnswerAsync(From(tip.Value), Wire.Default.MonthlyTipJson) : tip.Refusal;

    private static MonthlyTipJson From(MonthlyTip tip) => new(
        tip.Id.ToString(),
        tip.Status.ToString().ToLowerInvariant(),
        tip.Payee.ToString(),
        tip.Offer?.ToString(),
        AmountJson.From(tip.Amount),
        tip.TimeZone,
        tip.NextAt is { } next ? WireTime.Format(next) : null,
        tip.Paid,
        tip.Missed,
        tip.LastPayment?.ToString(),
        tip.LastRefusal,
        WireTime.Format(tip.CreatedAt));
}
