using System.Text.Json;
using Farthing.Payments;
using Farthing.Payments.Subscriptions;
using Farthing.Protocol;

namespace Farthing.Server.Doors.Rest;

/// <summary>Body of <c>POST /v1/subscriptions</c>.</summary>
internal sealed record NewSubscriptionBody
{
    public required string Offer { get; init; }
    public string? TimeZone { get; init; }
}

/// <summary>Body of <c>POST /v1/subscriptions/{id}/change</c>.</summary>
internal sealed record ChangeSubscriptionBody
{
    public required string Offer { get; init; }
}

/// <summary>Body of <c>POST /v1/subscriptions/{id}/uses</c>.</summary>
internal sealed record UseSubscriptionBody
{
    public uint? Quantity { get; init; }
}

/// <summary>Units that were used.</summary>
internal sealed record SubscriptionUseJson(string Subscription, int Quantity, int Included, string? Payment, AmountJson? Amount);

/// <summary>A subscription, as its wallet or its payee sees it.</summary>
internal sealed record SubscriptionJson(
    string Id, string Status, string? Wallet, string? Payer, string Payee, string Offer, string? NextOffer, string TimeZone, string PeriodStart, string PeriodEnd, string? NextAt, string? LastRefusal,
    int? UnitsLeft, AmountJson? ExtraLeft, string CreatedAt);

/// <summary>A new subscription with the payment of its first period.</summary>
internal sealed record SubscribedJson(string Payment, SubscriptionJson Subscription);

/// <summary>A page of subscriptions.</summary>
internal sealed record SubscriptionPage(IReadOnlyList<SubscriptionJson> Lines, string? Next);

/// <summary>Something that happened to a subscription.</summary>
internal sealed record SubscriptionEventJson(string Id, string Subscription, string Kind, string By, string At, string Offer, string? Payment, string? EffectiveAt, string? Refusal);

/// <summary>A page of what happened to subscriptions.</summary>
internal sealed record SubscriptionEventPage(IReadOnlyList<SubscriptionEventJson> Lines, string? Next);

/// <summary><c>/v1/subscriptions</c>: what is paid for by the period.</summary>
internal static class SubscriptionsApi
{
    private const string SubscriptionExample = """
        {"id":"sub_01JD8Y2M6K3T5V7W9XAZBCDEFG","status":"active","wallet":"wal_01JD8Y2M6K3T5V7W9XAZBCDEFG","payee":"pye_01JD8Y2M6K3T5V7W9XAZBCDEFG","offer":"off_01JD8Y2M6K3T5V7W9XAZBCDEFG","timeZone":"Europe/Paris","periodStart":"2026-11-23T09:30:00.000Z","periodEnd":"2026-12-23T09:30:00.000Z","nextAt":"2026-12-23T09:30:00.000Z","createdAt":"2026-11-23T09:30:00.000Z"}
        """;

    private const string EventExample = """
        {"id":"evt_01JD8Y2M6K3T5V7W9XAZBCDEFG","subscription":"sub_01JD8Y2M6K3T5V7W9XAZBCDEFG","kind":"cancelled","by":"payer","at":"2026-11-30T09:30:00.000Z","offer":"off_01JD8Y2M6K3T5V7W9XAZBCDEFG","effectiveAt":"2026-12-23T09:30:00.000Z"}
        """;

    private static readonly RefusalCode[] PaidRefusals =
        [RefusalCodes.InvalidId, RefusalCodes.OfferNotFound, RefusalCodes.OfferClosed, RefusalCodes.CurrencyMismatch, RefusalCodes.InsufficientFunds, RefusalCodes.WalletInDebt, RefusalCodes.CapExceeded, RefusalCodes.CapsChanged, RefusalCodes.WalletFrozen, RefusalCodes.AccountClosed, RefusalCodes.RequestTooOld, RefusalCodes.WalletErased];

    private static readonly PathMember IdMember = new("id", "The id of a subscription.", "^sub_[0-7][0-9A-HJKMNP-TV-Z]{25}$", "sub_01JD8Y2M6K3T5V7W9XAZBCDEFG");

    public static void Map(RestRoutes door)
    {
        door.Post("/v1/subscriptions", SubscribeAsync, new RestCall
        {
            OperationId = "createSubscription",
            Tag = "Subscriptions",
            Summary = "Subscribe to an offer",
            Description = "Pays the first period now and each further one when it begins, at the same time of the same day in timeZone (UTC by default), or on the last day of months that are too short. There is no subscription unless the first period was paid.",
            Key = KeyOwner.Wallet,
            TakesIdempotencyKey = true,
            Body = typeof(NewSubscriptionBody),
            Status = StatusCodes.Status201Created,
            Answer = typeof(SubscribedJson),
            BodyExample = """{"offer":"off_01JD8Y2M6K3T5V7W9XAZBCDEFG","timeZone":"Europe/Paris"}""",
            AnswerExample = $$"""{"payment":"pay_01JD8Y2M6K3T5V7W9XAZBCDEFG","subscription":{{SubscriptionExample}}}""",
            Refusals = PaidRefusals,
        });
        door.Get("/v1/subscriptions", ListAsync, new RestCall
        {
            OperationId = "listSubscriptions",
            Tag = "Subscriptions",
            Summary = "List the wallet's subscriptions, newest first",
            Key = KeyOwner.Wallet,
            IsPaged = true,
            Answer = typeof(SubscriptionPage),
            AnswerExample = $$"""{"lines":[{{SubscriptionExample}}]}""",
            Refusals = [RefusalCodes.WalletErased],
        });
        door.Get("/v1/subscriptions/events", ListEventsAsync, new RestCall
        {
            OperationId = "listSubscriptionEvents",
            Tag = "Subscriptions",
            Summary = "Read what happened to subscriptions, newest first",
            Description = "Of all subscriptions of the wallet, or of all that the payee is paid by: started, renewed, renewal-refused, changed, paused, resumed, cancelled, ended, and by whom: payer, payee or schedule.",
            Key = KeyOwner.WalletOrPayee,
            IsPaged = true,
            Answer = typeof(SubscriptionEventPage),
            AnswerExample = $$"""{"lines":[{{EventExample}}]}""",
            Refusals = [RefusalCodes.WalletErased],
        });
        door.Get("/v1/subscriptions/{id}", ReadAsync, new RestCall
        {
            OperationId = "readSubscription",
            Tag = "Subscriptions",
            Summary = "Read a subscription",
            Description = "Its wallet sees wallet; its payee sees payer instead. status is active, pausing (until the period ends), paused, past-due (a renewal was refused and is tried again), cancelled (until the period ends) or ended.",
            Key = KeyOwner.WalletOrPayee,
            Path = [IdMember],
            Answer = typeof(SubscriptionJson),
            AnswerExample = SubscriptionExample,
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.SubscriptionNotFound, RefusalCodes.WalletErased],
        });
        door.Post("/v1/subscriptions/{id}/uses", UseAsync, new RestCall
        {
            OperationId = "useSubscription",
            Tag = "Subscriptions",
            Summary = "Use units of a subscription",
            Description = "Payer or payee. quantity is 1 by default. included says how many of them the period includes; the others are extras, which are paid at once, unless that would exceed the period's cap of extras: then nothing is used.",
            Key = KeyOwner.WalletOrPayee,
            TakesIdempotencyKey = true,
            Path = [IdMember],
            Body = typeof(UseSubscriptionBody),
            BodyIsOptional = true,
            Answer = typeof(SubscriptionUseJson),
            BodyExample = """{"quantity":12}""",
            AnswerExample = """{"subscription":"sub_01JD8Y2M6K3T5V7W9XAZBCDEFG","quantity":12,"included":10,"payment":"pay_01JD8Y2M6K3T5V7W9XAZBCDEFG","amount":{"amount":"0.1","currency":"USD"}}""",
            Refusals =
            [
                RefusalCodes.InvalidId, RefusalCodes.SubscriptionNotFound, RefusalCodes.SubscriptionStatusForbids, RefusalCodes.SubscriptionUsedUp, RefusalCodes.CapExceeded, RefusalCodes.CapsChanged,
                RefusalCodes.InsufficientFunds, RefusalCodes.WalletInDebt, RefusalCodes.AmountTooLarge, RefusalCodes.WalletFrozen, RefusalCodes.AccountClosed, RefusalCodes.WalletErased,
            ],
        });
        MapAct(door, "cancel", KeyOwner.WalletOrPayee, "Cancel a subscription", "Payer and payee may, at any time. The period that is paid goes on to its end; nothing more is asked for.", [],
            (request, id) => request.System.Subscriptions.CancelAsync(request.Caller, request.Key, id));
        MapAct(door, "pause", KeyOwner.Wallet, "Pause a subscription", "The period that is paid goes on to its end; then none is asked for until the subscription is resumed.", [],
            (request, id) => request.System.Subscriptions.PauseAsync(request.Caller, request.Key, id));
        MapAct(door, "resume", KeyOwner.Wallet, "Resume a subscription", "Takes a pause back that has not begun, or pays a new period that begins now.", PaidRefusals,
            (request, id) => request.System.Subscriptions.ResumeAsync(request.Caller, request.Key, id));
        door.Post("/v1/subscriptions/{id}/change", ChangeAsync, new RestCall
        {
            OperationId = "changeSubscription",
            Tag = "Subscriptions",
            Summary = "Change to another offer of the same payee",
            Description = "A dearer offer holds at once: the difference of the prices is paid in proportion to the rest of the period, rounded down to the smallest unit. Any other holds from the next period on.",
            Key = KeyOwner.Wallet,
            TakesIdempotencyKey = true,
            Path = [IdMember],
            Body = typeof(ChangeSubscriptionBody),
            Answer = typeof(SubscriptionEventJson),
            BodyExample = """{"offer":"off_01JD8Y2M6K3T5V7W9XAZBCDEFG"}""",
            AnswerExample = EventExample.Replace("cancelled", "changed", StringComparison.Ordinal),
            Refusals = [.. PaidRefusals, RefusalCodes.SubscriptionNotFound, RefusalCodes.SubscriptionStatusForbids, RefusalCodes.TooManySubscriptionChanges],
        });
    }

    private static void MapAct(
        RestRoutes door, string act, KeyOwner key, string summary, string description, IReadOnlyList<RefusalCode> refusals, Func<RestRequest, Id<SubscriptionKind>, ValueTask<Answer<SubscriptionEvent>>> carryOut) =>
        door.Post($"/v1/subscriptions/{{id}}/{act}", request => ActAsync(request, carryOut), new RestCall
        {
            OperationId = $"{act}Subscription",
            Tag = "Subscriptions",
            Summary = summary,
            Description = description,
            Key = key,
            TakesIdempotencyKey = true,
            Path = [IdMember],
            Body = typeof(NoFields),
            BodyIsOptional = true,
            Answer = typeof(SubscriptionEventJson),
            BodyExample = "{}",
            AnswerExample = EventExample.Replace("cancelled", act switch { "cancel" => "cancelled", "pause" => "paused", _ => "resumed" }, StringComparison.Ordinal),
            Refusals = [.. refusals, RefusalCodes.InvalidId, RefusalCodes.SubscriptionNotFound, RefusalCodes.SubscriptionStatusForbids, RefusalCodes.TooManySubscriptionChanges, RefusalCodes.WalletErased],
        });

    private static async ValueTask<Refusal?> SubscribeAsync(RestRequest request)
    {
        var body = await request.ReadBodyAsync(Wire.Default.NewSubscriptionBody);
        if (!body.IsGiven) return body.Refusal;
        if (WireIds.Read<OfferKind>(body.Value.Offer, out var offer) is { } refusal) return refusal;
        var made = await request.System.Subscriptions.SubscribeAsync(request.Caller.Wallet, request.Key, offer, body.Value.TimeZone ?? Payments.Calendars.TimeZones.Utc);
        return made.IsGiven
            ? await request.AnswerAsync(new SubscribedJson(made.Value.Payment.Id.ToString(), From(made.Value.Subscription, request.Caller)), Wire.Default.SubscribedJson, $"/v1/subscriptions/{made.Value.Subscription.Id}")
            : made.Refusal;
    }

    private static async ValueTask<Refusal?> ListAsync(RestRequest request)
    {
        if (request.ReadPage(out var cursor, out var pageSize) is { } refusal) return refusal;
        var page = await request.System.Subscriptions.ListAsync(request.Caller.Wallet, cursor, pageSize);
        return page.IsGiven
            ? await request.AnswerAsync(new SubscriptionPage([.. page.Value.Lines.Select(line => From(line, request.Caller))], page.Value.Next), Wire.Default.SubscriptionPage)
            : page.Refusal;
    }

    private static async ValueTask<Refusal?> ListEventsAsync(RestRequest request)
    {
        if (request.ReadPage(out var cursor, out var pageSize) is { } refusal) return refusal;
        var page = await request.System.Subscriptions.ListEventsAsync(request.Caller, cursor, pageSize);
        return page.IsGiven ? await request.AnswerAsync(new SubscriptionEventPage([.. page.Value.Lines.Select(From)], page.Value.Next), Wire.Default.SubscriptionEventPage) : page.Refusal;
    }

    private static async ValueTask<Refusal?> ReadAsync(RestRequest request)
    {
        if (request.ReadId<SubscriptionKind>("id", out var id) is { } refusal) return refusal;
        var read = await request.System.Subscriptions.ReadAsync(request.Caller, id);
        return read.IsGiven ? await request.AnswerAsync(From(read.Value, request.Caller), Wire.Default.SubscriptionJson) : read.Refusal;
    }

    private static async ValueTask<Refusal?> UseAsync(RestRequest request)
    {
        if (request.ReadId<SubscriptionKind>("id", out var id) is { } refusal) return refusal;
        var body = await request.ReadBodyAsync(Wire.Default.UseSubscriptionBody);
        if (!body.IsGiven) return body.Refusal;
        var used = await request.System.Subscriptions.UseAsync(request.Caller, request.Key, id, body.Value.Quantity ?? 1);
        return used.IsGiven
            ? await request.AnswerAsync(
                new SubscriptionUseJson(used.Value.Subscription.ToString(), (int)used.Value.Quantity, (int)used.Value.Included, used.Value.Extra?.Id.ToString(), used.Value.Extra is { } extra ? AmountJson.From(extra.Amount) : null),
                Wire.Default.SubscriptionUseJson)
            : used.Refusal;
    }

    private static async ValueTask<Refusal?> ChangeAsync(RestRequest request)
    {
        if (request.ReadId<SubscriptionKind>("id", out var id) is { } refusal) return refusal;
        var body = await request.ReadBodyAsync(Wire.Default.ChangeSubscriptionBody);
        if (!body.IsGiven) return body.Refusal;
        if (WireIds.Read<OfferKind>(body.Value.Offer, out var offer) is { } malformed) return malformed;
        return await AnswerAsync(request, await request.System.Subscriptions.ChangeAsync(request.Caller, request.Key, id, offer));
    }

    private static async ValueTask<Refusal?> ActAsync(RestRequest request, Func<RestRequest, Id<SubscriptionKind>, ValueTask<Answer<SubscriptionEvent>>> carryOut)
    {
        if (request.ReadId<SubscriptionKind>("id", out var id) is { } refusal) return refusal;
        var body = await request.ReadBodyAsync(Wire.Default.NoFields);
        return body.IsGiven ? await AnswerAsync(request, await carryOut(request, id)) : body.Refusal;
    }

    private static async ValueTask<Refusal?> AnswerAsync(RestRequest request, Answer<SubscriptionEvent> happened) =>
        happened.IsGiven ? await request.AnswerAsync(From(happened.Value), Wire.Default.SubscriptionEventJson) : happened.Refusal;

    private static SubscriptionJson From(Subscription subscription, Caller caller) => new(
        subscription.Id.ToString(),
        WordFor(subscription.Status),
        caller.Kind == CallerKind.Wallet ? subscription.Wallet.ToString() : null,
        caller.Kind == CallerKind.Payee ? subscription.Payer.ToString() : null,
        subscription.Payee.ToString(),
        subscription.Offer.ToString(),
        subscription.NextOffer?.ToString(),
        subscription.TimeZone,
        WireTime.Format(subscription.PeriodStart),
        WireTime.Format(subscription.PeriodEnd),
        subscription.NextAt is { } next ? WireTime.Format(next) : null,
        subscription.LastRefusal,
        (int?)subscription.UnitsLeft,
        subscription.ExtraLeft is { } extra ? AmountJson.From(extra) : null,
        WireTime.Format(subscription.CreatedAt));

    internal static SubscriptionEventJson From(SubscriptionEvent happened) => new(
        happened.Id.ToString(),
        happened.Subscription.ToString(),
        WordFor(happened.Kind),
        WordFor(happened.By),
        WireTime.Format(happened.At),
        happened.Offer.ToString(),
        happened.Payment?.ToString(),
        happened.EffectiveAt is { } at ? WireTime.Format(at) : null,
        happened.Refusal);

    private static string WordFor<T>(T value) where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());
}
