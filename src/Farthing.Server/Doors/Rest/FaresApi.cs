using Farthing.Payments;
using Farthing.Payments.Fares;
using Farthing.Protocol;
using NodaTime.Text;

namespace Farthing.Server.Doors.Rest;

/// <summary>Body of <c>POST /v1/fares/cards</c>.</summary>
internal sealed record NewFareCardBody
{
    public required string Offer { get; init; }
    public required string Mandate { get; init; }
}

/// <summary>Body of <c>POST /v1/fares/cards/{id}/mandate</c>.</summary>
internal sealed record FareMandateBody
{
    public required string Mandate { get; init; }
}

/// <summary>Body of <c>POST /v1/fares/taps</c>.</summary>
internal sealed record NewFareTapBody
{
    public required string Offer { get; init; }
    public required string Card { get; init; }
    public required string Reader { get; init; }
    public string? Direction { get; init; }
    public string? Zone { get; init; }
    public required string TappedAt { get; init; }
}

/// <summary>A fare card.</summary>
internal sealed record FareCardJson(string Id, string Status, string Offer, string Mandate, string? UnpaidDate, string CreatedAt);

/// <summary>A page of fare cards.</summary>
internal sealed record FareCardPage(IReadOnlyList<FareCardJson> Lines, string? Next);

/// <summary>A tap that was taken.</summary>
internal sealed record FareTapJson(string Id, string Card, string Date);

/// <summary>A journey.</summary>
internal sealed record JourneyJson(string BeganAt, string? From, string? EndedAt, string? To, AmountJson Fare, bool Complete);

/// <summary>A fare day of a card.</summary>
internal sealed record FareDayJson(
    string Date, string StartsAt, string EndsAt, IReadOnlyList<JourneyJson> Journeys, AmountJson Singles, AmountJson DayCapTookOff, AmountJson WeekCapTookOff, AmountJson Forgiven, AmountJson Owed, AmountJson Paid,
    string? LastRefusal, string? NextAt);

/// <summary><c>/v1/fares</c>: riding on capped fares.</summary>
internal static class FaresApi
{
    private const string CardExample = """
        {"id":"fcd_01JD8Y2M6K3T5V7W9XAZBCDEFG","status":"active","offer":"off_01JD8Y2M6K3T5V7W9XAZBCDEFG","mandate":"man_01JD8Y2M6K3T5V7W9XAZBCDEFG","createdAt":"2026-11-20T09:30:00.000Z"}
        """;

    private static readonly PathMember IdMember = new("id", "The id of a fare card.", "^fcd_[0-7][0-9A-HJKMNP-TV-Z]{25}$", "fcd_01JD8Y2M6K3T5V7W9XAZBCDEFG");

    private static readonly QueryMember CardMember = new("card", "The id of a fare card of the wallet.") { IsRequired = true };

    private static readonly QueryMember DateMember = new("date", "The date of a fare day, such as 2026-11-23; that of now by default.");

    private static readonly RefusalCode[] MandateRefusals =
        [RefusalCodes.InvalidId, RefusalCodes.MandateNotFound, RefusalCodes.MandateRevoked, RefusalCodes.MandateEnded, RefusalCodes.MandateScopeExceeded, RefusalCodes.CurrencyMismatch, RefusalCodes.WalletErased];

    public static void Map(RestRoutes door)
    {
        door.Post("/v1/fares/cards", RegisterAsync, new RestCall
        {
            OperationId = "registerFareCard",
            Tag = "Fares",
            Summary = "Register a fare card",
            Description = "A card rides on the fares of one offer, and each of its fare days is paid under a mandate for that payee, without asking. Its id is what the payee's readers know it by; it tells nothing of the wallet. A wallet that owes the payee a fare day gets no other card.",
            Key = KeyOwner.Wallet,
            TakesIdempotencyKey = true,
            Body = typeof(NewFareCardBody),
            Status = StatusCodes.Status201Created,
            Answer = typeof(FareCardJson),
            BodyExample = """{"offer":"off_01JD8Y2M6K3T5V7W9XAZBCDEFG","mandate":"man_01JD8Y2M6K3T5V7W9XAZBCDEFG"}""",
            AnswerExample = CardExample,
            Refusals = [.. MandateRefusals, RefusalCodes.OfferNotFound, RefusalCodes.OfferClosed, RefusalCodes.FareUnpaid, RefusalCodes.TooManyFareCards],
        });
        door.Get("/v1/fares/cards", ListAsync, new RestCall
        {
            OperationId = "listFareCards",
            Tag = "Fares",
            Summary = "List the wallet's fare cards, newest first",
            Description = "unpaidDate is the oldest fare day that could not be paid, for want of which taps are refused.",
            Key = KeyOwner.Wallet,
            IsPaged = true,
            Answer = typeof(FareCardPage),
            AnswerExample = $$"""{"lines":[{{CardExample}}]}""",
            Refusals = [RefusalCodes.WalletErased],
        });
        door.Post("/v1/fares/cards/{id}/mandate", ChangeMandateAsync, new RestCall
        {
            OperationId = "changeFareMandate",
            Tag = "Fares",
            Summary = "Say under what mandate a fare card's days are paid",
            Description = "From now on, be it another one or the same again. What is missing of earlier days is asked for at once.",
            Key = KeyOwner.Wallet,
            Path = [IdMember],
            TakesIdempotencyKey = true,
            Body = typeof(FareMandateBody),
            Answer = typeof(FareCardJson),
            BodyExample = """{"mandate":"man_01JD8Y2M6K3T5V7W9XAZBCDEFG"}""",
            AnswerExample = CardExample,
            Refusals = [.. MandateRefusals, RefusalCodes.FareCardNotFound],
        });
        door.Post("/v1/fares/cards/{id}/close", CloseAsync, new RestCall
        {
            OperationId = "closeFareCard",
            Tag = "Fares",
            Summary = "Close a fare card",
            Description = "Taps made from now on are refused; what was ridden before is still charged. Closing a closed card changes nothing.",
            Key = KeyOwner.Wallet,
            Path = [IdMember],
            Body = typeof(NoFields),
            BodyIsOptional = true,
            Answer = typeof(FareCardJson),
            BodyExample = "{}",
            AnswerExample = CardExample.Replace("active", "closed", StringComparison.Ordinal),
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.FareCardNotFound, RefusalCodes.WalletErased],
        });
        door.Post("/v1/fares/taps", TakeAsync, new RestCall
        {
            OperationId = "takeFareTap",
            Tag = "Fares",
            Summary = "Tell of a tap of a fare card",
            Description = "The Idempotency-Key is the reader's own id of the tap. direction (in or out) and zone go with fares by zone; a tap of flat fares has neither. A tap may be told of late: for three days after the end of its fare day it is charged, until eight weeks after it can still lower what was charged, and then it is refused.",
            Key = KeyOwner.Payee,
            TakesIdempotencyKey = true,
            Body = typeof(NewFareTapBody),
            Status = StatusCodes.Status201Created,
            Answer = typeof(FareTapJson),
            BodyExample = """{"offer":"off_01JD8Y2M6K3T5V7W9XAZBCDEFG","card":"fcd_01JD8Y2M6K3T5V7W9XAZBCDEFG","reader":"Gate 4","direction":"in","zone":"1","tappedAt":"2026-11-23T09:30:00.000Z"}""",
            AnswerExample = """{"id":"tap_01JD8Y2M6K3T5V7W9XAZBCDEFG","card":"fcd_01JD8Y2M6K3T5V7W9XAZBCDEFG","date":"2026-11-23"}""",
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.OfferNotFound, RefusalCodes.FareCardNotFound, RefusalCodes.FareCardClosed, RefusalCodes.FareUnpaid, RefusalCodes.TooManyFareTaps, RefusalCodes.FareTapTooLate],
        });
        door.Get("/v1/fares/journeys", ReadDayAsync, new RestCall
        {
            OperationId = "readFareDay",
            Tag = "Fares",
            Summary = "Read a fare day: its journeys and what they come to",
            Description = "singles less what each cap took off, and less what was told of too late, is owed: while the day lasts that is its running cost. lastRefusal says why what is missing could not be paid; nextAt, when the day is next charged, adjusted or tried again.",
            Key = KeyOwner.Wallet,
            Query = [CardMember, DateMember],
            Answer = typeof(FareDayJson),
            AnswerExample = """{"date":"2026-11-23","startsAt":"2026-11-23T04:30:00.000Z","endsAt":"2026-11-24T04:30:00.000Z","journeys":[{"beganAt":"2026-11-23T09:30:00.000Z","from":"1","endedAt":"2026-11-23T09:52:00.000Z","to":"2","fare":{"amount":"3.5","currency":"USD"},"complete":true}],"singles":{"amount":"3.5","currency":"USD"},"dayCapTookOff":{"amount":"0","currency":"USD"},"weekCapTookOff":{"amount":"0","currency":"USD"},"forgiven":{"amount":"0","currency":"USD"},"owed":{"amount":"3.5","currency":"USD"},"paid":{"amount":"0","currency":"USD"},"nextAt":"2026-11-24T04:30:00.000Z"}""",
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.FareCardNotFound, RefusalCodes.WalletErased],
        });
    }

    private static async ValueTask<Refusal?> RegisterAsync(RestRequest request)
    {
        var body = await request.ReadBodyAsync(Wire.Default.NewFareCardBody);
        if (!body.IsGiven) return body.Refusal;
        if (WireIds.Read<OfferKind>(body.Value.Offer, out var offer) is { } noOffer) return noOffer;
        if (WireIds.Read<MandateKind>(body.Value.Mandate, out var mandate) is { } noMandate) return noMandate;
        return await AnswerAsync(request, await request.System.FareCards.RegisterAsync(request.Caller.Wallet, request.Key, offer, mandate));
    }

    private static async ValueTask<Refusal?> ListAsync(RestRequest request)
    {
        if (request.ReadPage(out var cursor, out var pageSize) is { } refusal) return refusal;
        var page = await request.System.FareCards.ListAsync(request.Caller.Wallet, cursor, pageSize);
        return page.IsGiven ? await request.AnswerAsync(new FareCardPage([.. page.Value.Lines.Select(From)], page.Value.Next), Wire.Default.FareCardPage) : page.Refusal;
    }

    private static async ValueTask<Refusal?> ChangeMandateAsync(RestRequest request)
    {
        if (request.ReadId<FareCardKind>("id", out var id) is { } refusal) return refusal;
        var body = await request.ReadBodyAsync(Wire.Default.FareMandateBody);
        if (!body.IsGiven) return body.Refusal;
        if (WireIds.Read<MandateKind>(body.Value.Mandate, out var mandate) is { } noMandate) return noMandate;
        return await AnswerAsync(request, await request.System.FareCards.ChangeMandateAsync(request.Caller.Wallet, request.Key, id, mandate));
    }

    private static async ValueTask<Refusal?> CloseAsync(RestRequest request)
    {
        if (request.ReadId<FareCardKind>("id", out var id) is { } refusal) return refusal;
        var body = await request.ReadBodyAsync(Wire.Default.NoFields);
        return body.IsGiven ? await AnswerAsync(request, await request.System.FareCards.CloseAsync(request.Caller.Wallet, id)) : body.Refusal;
    }

    private static async ValueTask<Refusal?> TakeAsync(RestRequest request)
    {
        var read = await request.ReadBodyAsync(Wire.Default.NewFareTapBody);
        if (!read.IsGiven) return read.Refusal;
        var body = read.Value;
        if (WireIds.Read<OfferKind>(body.Offer, out var offer) is { } noOffer) return noOffer;
        if (WireIds.Read<FareCardKind>(body.Card, out var card) is { } noCard) return noCard;
        if (body.Direction is not (null or "in" or "out")) return new Refusal(RefusalCodes.InvalidField, "direction must be in or out.");
        if (!WireTime.TryParse(body.TappedAt, out var tappedAt)) return new Refusal(RefusalCodes.InvalidField, "tappedAt must be a time such as 2026-11-23T09:30:00Z.");
        TapDirection? direction = body.Direction is null ? null : body.Direction == "in" ? TapDirection.In : TapDirection.Out;
        var taken = await request.System.Fares.TakeAsync(request.Caller.Payee, request.Key, new NewFareTap(offer, card, body.Reader, direction, body.Zone, tappedAt));
        return taken.IsGiven
            ? await request.AnswerAsync(new FareTapJson(taken.Value.Id.ToString(), card.ToString(), LocalDatePattern.Iso.Format(taken.Value.Day.Date)), Wire.Default.FareTapJson)
            : taken.Refusal;
    }

    private static async ValueTask<Refusal?> ReadDayAsync(RestRequest request)
    {
        var query = request.Http.Request.Query;
        if (!query.TryGetValue(CardMember.Name, out var cards) || cards.Count != 1) return new Refusal(RefusalCodes.MissingField, "Name one card: ?card=fcd_….");
        if (WireIds.Read<FareCardKind>(cards[0], out var card) is { } noCard) return noCard;
        NodaTime.LocalDate? date = null;
        if (query.TryGetValue(DateMember.Name, out var dates))
        {
            if (dates.Count != 1 || !LocalDatePattern.Iso.Parse(dates[0] ?? "").TryGetValue(default, out var parsed)) return new Refusal(RefusalCodes.InvalidField, "date must be a date such as 2026-11-23.");
            date = parsed;
        }

        var day = await request.System.Fares.ReadDayAsync(request.Caller.Wallet, card, date);
        return day.IsGiven ? await request.AnswerAsync(From(day.Value), Wire.Default.FareDayJson) : day.Refusal;
    }

    private static async ValueTask<Refusal?> AnswerAsync(RestRequest request, Answer<FareCard> card) =>
        card.IsGiven ? await request.AnswerAsync(From(card.Value), Wire.Default.FareCardJson) : card.Refusal;

    private static FareCardJson From(FareCard card) => new(card.Id.ToString(), card.IsClosed ? "closed" : "active", card.Offer.ToString(), card.Mandate.ToString(), card.UnpaidDate is { } date ? LocalDatePattern.Iso.Format(date) : null, WireTime.Format(card.CreatedAt));

    private static FareDayJson From(RiddenDay day) => new(
        LocalDatePattern.Iso.Format(day.Priced.Day.Date),
        TimeOf(day.Priced.Day.Window.StartUnixMilliseconds),
        TimeOf(day.Priced.Day.Window.EndUnixMilliseconds),
        [.. day.Priced.Journeys.Select(From)],
        AmountJson.From(day.Priced.Singles),
        AmountJson.From(day.Priced.DayCapTookOff),
        AmountJson.From(day.Priced.WeekCapTookOff),
        AmountJson.From(day.Priced.Forgiven),
        AmountJson.From(day.Priced.Owed),
        AmountJson.From(day.Paid),
        day.Fault,
        day.NextAt is { } next ? WireTime.Format(next) : null);

    private static JourneyJson From(Journey journey) => journey switch
    {
        // Only the way out was seen.
        { Last: null, First.Direction: TapDirection.Out } => new(TimeOf(journey.First.UnixMilliseconds), null, null, journey.First.Zone, AmountJson.From(journey.Fare), journey.IsComplete),
        _ => new(TimeOf(journey.First.UnixMilliseconds), journey.First.Zone, journey.Last is { } last ? TimeOf(last.UnixMilliseconds) : null, journey.Last?.Zone, AmountJson.From(journey.Fare), journey.IsComplete),
    };

    private static string TimeOf(long unixMilliseconds) => WireTime.Format(DateTimeOffset.FromUnixTimeMilliseconds(unixMilliseconds));
}
