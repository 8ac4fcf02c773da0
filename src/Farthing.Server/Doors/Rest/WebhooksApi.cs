using System.Text.Json;
using Farthing.Payments;
using Farthing.Payments.Statements;
using Farthing.Payments.Webhooks;
using Farthing.Protocol;

namespace Farthing.Server.Doors.Rest;

/// <summary>Body of <c>POST /v1/webhooks</c>.</summary>
internal sealed record NewWebhookBody
{
    public required string Url { get; init; }
    public IReadOnlyList<string>? Types { get; init; }
}

/// <summary>Body of <c>POST /v1/webhooks/{id}/change</c>.</summary>
internal sealed record ChangeWebhookBody
{
    public string? Url { get; init; }
    public IReadOnlyList<string>? Types { get; init; }
}

/// <summary>Body of <c>POST /v1/webhooks/{id}/secret/rotate</c>.</summary>
internal sealed record RotateSecretBody
{
    public int? OverlapSeconds { get; init; }
}

/// <summary>Body of <c>POST /v1/webhooks/{id}/replays</c>.</summary>
internal sealed record ReplayBody
{
    public required string Since { get; init; }
    public string? Until { get; init; }
}

/// <summary>A webhook; <see cref="Secret"/> only where one was issued.</summary>
internal sealed record WebhookJson(
    string Id, string Status, string? Payee, string Url, IReadOnlyList<string>? Types, string? Secret, string? PreviousSecretUntil, int Waiting, bool? Replaying, string? FailingSince, string? OffReason, string? OffAt, string CreatedAt);

/// <summary>A page of webhooks.</summary>
internal sealed record WebhookPage(IReadOnlyList<WebhookJson> Lines, string? Next);

/// <summary>The telling of one event.</summary>
internal sealed record DeliveryJson(string Event, string Type, string Subject, string Status, int Attempts, string? FirstAt, string? LastAt, string? NextAt, int? AnswerStatus, string? Problem, bool? Replay);

/// <summary>A page of deliveries.</summary>
internal sealed record DeliveryPage(IReadOnlyList<DeliveryJson> Lines, string? Next);

/// <summary><c>/v1/webhooks</c>: addresses that are told of events.</summary>
internal static class WebhooksApi
{
    private const string Example = """
        {"id":"whk_01JD8Y2M6K3T5V7W9XAZBCDEFG","status":"active","payee":"pye_01JD8Y2M6K3T5V7W9XAZBCDEFG","url":"https://shop.example/farthing","types":["payment.posted","payment.refunded"],"waiting":0,"createdAt":"2026-11-23T09:30:00.000Z"}
        """;

    private const string IssuedExample = """
        {"id":"whk_01JD8Y2M6K3T5V7W9XAZBCDEFG","status":"active","payee":"pye_01JD8Y2M6K3T5V7W9XAZBCDEFG","url":"https://shop.example/farthing","types":["payment.posted","payment.refunded"],"secret":"whsec_…","waiting":0,"createdAt":"2026-11-23T09:30:00.000Z"}
        """;

    private static readonly PathMember IdMember = new("id", "The id of a webhook.", "^whk_[0-7][0-9A-HJKMNP-TV-Z]{25}$", "whk_01JD8Y2M6K3T5V7W9XAZBCDEFG");

    public static void Map(RestRoutes door)
    {
        door.Post("/v1/webhooks", CreateAsync, new RestCall
        {
            OperationId = "createWebhook",
            Tag = "Webhooks",
            Summary = "Be told of events",
            Description = "A payee is told of its own events, the operator of those of all payees. What happens from now on is posted to url, an https address, as Standard Webhooks describes: with the headers webhook-id, webhook-timestamp and webhook-signature, and a body "
                + "{\"type\":…,\"timestamp\":…,\"data\":{…}}. The secret is shown in this answer; the same Idempotency-Key shows it again. Without types all are told: "
                + string.Join(", ", EventTypes.All.Select(type => type.Name)) + $". At most {WebhookDirectory.MaxPerOwner} webhooks at once.",
            Key = KeyOwner.PayeeOrOperator,
            TakesIdempotencyKey = true,
            Body = typeof(NewWebhookBody),
            Status = StatusCodes.Status201Created,
            Answer = typeof(WebhookJson),
            BodyExample = """{"url":"https://shop.example/farthing","types":["payment.posted","payment.refunded"]}""",
            AnswerExample = IssuedExample,
            Refusals = [RefusalCodes.WebhookAddressRefused, RefusalCodes.TooManyWebhooks, RefusalCodes.WebhooksNotAvailable],
        });
        door.Get("/v1/webhooks", ListAsync, new RestCall
        {
            OperationId = "listWebhooks",
            Tag = "Webhooks",
            Summary = "List webhooks, newest first",
            Description = "Those of the payee or of the operator, whose key it is.",
            Key = KeyOwner.PayeeOrOperator,
            IsPaged = true,
            Answer = typeof(WebhookPage),
            AnswerExample = $$"""{"lines":[{{Example}}]}""",
        });
        door.Get("/v1/webhooks/{id}", ReadAsync, new RestCall
        {
            OperationId = "readWebhook",
            Tag = "Webhooks",
            Summary = "Read a webhook",
            Description = "status is active, paused, off or closed. It is off when nothing was taken for three days (offReason failing) or an answer was 410 (gone); resume it once it works again, and it goes on where it stopped. waiting says how many events were sent, not taken, and are tried again.",
            Key = KeyOwner.PayeeOrOperator,
            Path = [IdMember],
            Answer = typeof(WebhookJson),
            AnswerExample = Example,
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.WebhookNotFound],
        });
        door.Get("/v1/webhooks/{id}/deliveries", ListDeliveriesAsync, new RestCall
        {
            OperationId = "listDeliveries",
            Tag = "Webhooks",
            Summary = "Read what was sent to a webhook, newest first",
            Description = "What waits to be sent again, at most 100, and the last 100 that were delivered or, after three days, given up. event is the header webhook-id.",
            Key = KeyOwner.PayeeOrOperator,
            IsPaged = true,
            Path = [IdMember],
            Answer = typeof(DeliveryPage),
            AnswerExample = """{"lines":[{"event":"evt_01JD8Y2M6K3T5V7W9XAZBCDEFG","type":"payment.posted","subject":"pay_01JD8Y2M6K3T5V7W9XAZBCDEFG","status":"waiting","attempts":2,"firstAt":"2026-11-23T09:30:00.000Z","lastAt":"2026-11-23T09:30:05.000Z","nextAt":"2026-11-23T09:30:19.000Z","answerStatus":500,"problem":"The answer was 500."}]}""",
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.WebhookNotFound],
        });
        door.Post("/v1/webhooks/{id}/change", ChangeAsync, new RestCall
        {
            OperationId = "changeWebhook",
            Tag = "Webhooks",
            Summary = "Change where events are sent, or which",
            Description = "What is left out stays as it is; an empty list of types asks for all. What waits is sent to the new url.",
            Key = KeyOwner.PayeeOrOperator,
            TakesIdempotencyKey = true,
            Path = [IdMember],
            Body = typeof(ChangeWebhookBody),
            Answer = typeof(WebhookJson),
            BodyExample = """{"types":["payment.posted"]}""",
            AnswerExample = Example,
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.WebhookNotFound, RefusalCodes.WebhookClosed, RefusalCodes.WebhookAddressRefused],
        });
        MapAct(door, "pause", "Stop sending to a webhook for a while", "What happens meanwhile is sent once it is resumed.", (request, id) => request.System.Webhooks.PauseAsync(request.Caller, request.Key, id));
        MapAct(door, "resume", "Go on sending to a webhook", "After a pause, or after it was switched off: it goes on where it stopped, and what waits is sent at once and tried for three days anew.", (request, id) => request.System.Webhooks.ResumeAsync(request.Caller, request.Key, id));
        door.Post("/v1/webhooks/{id}/secret/rotate", RotateAsync, new RestCall
        {
            OperationId = "rotateWebhookSecret",
            Tag = "Webhooks",
            Summary = "Issue a new secret",
            Description = $"For overlapSeconds, a day by default and at most {NewWebhook.MaxOverlapSeconds}, both secrets sign: webhook-signature then carries two signatures, and a receiver takes either. The secret is shown in this answer; the same Idempotency-Key shows it again.",
            Key = KeyOwner.PayeeOrOperator,
            TakesIdempotencyKey = true,
            Path = [IdMember],
            Body = typeof(RotateSecretBody),
            BodyIsOptional = true,
            Answer = typeof(WebhookJson),
            BodyExample = """{"overlapSeconds":3600}""",
            AnswerExample = IssuedExample,
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.WebhookNotFound, RefusalCodes.WebhookClosed],
        });
        door.Post("/v1/webhooks/{id}/replays", ReplayAsync, new RestCall
        {
            OperationId = "replayWebhook",
            Tag = "Webhooks",
            Summary = "Send again what happened in a stretch of time",
            Description = "From since to until, or to now, whatever became of it the first time, and also what happened before the webhook was made. The ids are the same, so that a receiver knows what it has dealt with. New events are sent meanwhile. A replay that is under way is ended by another one.",
            Key = KeyOwner.PayeeOrOperator,
            TakesIdempotencyKey = true,
            Path = [IdMember],
            Body = typeof(ReplayBody),
            Answer = typeof(WebhookJson),
            BodyExample = """{"since":"2026-11-23T09:00:00Z","until":"2026-11-23T10:00:00Z"}""",
            AnswerExample = Example.Replace("\"waiting\":0", "\"waiting\":0,\"replaying\":true", StringComparison.Ordinal),
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.WebhookNotFound, RefusalCodes.WebhookClosed],
        });
        door.Post("/v1/webhooks/{id}/close", CloseAsync, new RestCall
        {
            OperationId = "closeWebhook",
            Tag = "Webhooks",
            Summary = "End a webhook",
            Description = "For ever. To close one that is closed changes nothing.",
            Key = KeyOwner.PayeeOrOperator,
            Path = [IdMember],
            Body = typeof(NoFields),
            BodyIsOptional = true,
            Answer = typeof(WebhookJson),
            BodyExample = "{}",
            AnswerExample = Example.Replace("active", "closed", StringComparison.Ordinal),
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.WebhookNotFound],
        });
    }

    private static void MapAct(RestRoutes door, string act, string summary, string description, Func<RestRequest, Id<WebhookKind>, ValueTask<Answer<Webhook>>> carryOut) =>
        door.Post($"/v1/webhooks/{{id}}/{act}", request => ActAsync(request, carryOut), new RestCall
        {
            OperationId = $"{act}Webhook",
            Tag = "Webhooks",
            Summary = summary,
            Description = description,
            Key = KeyOwner.PayeeOrOperator,
            TakesIdempotencyKey = true,
            Path = [IdMember],
            Body = typeof(NoFields),
            BodyIsOptional = true,
            Answer = typeof(WebhookJson),
            BodyExample = "{}",
            AnswerExample = act == "pause" ? Example.Replace("active", "paused", StringComparison.Ordinal) : Example,
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.WebhookNotFound, RefusalCodes.WebhookClosed],
        });

    private static async ValueTask<Refusal?> CreateAsync(RestRequest request)
    {
        var body = await request.ReadBodyAsync(Wire.Default.NewWebhookBody);
        if (!body.IsGiven) return body.Refusal;
        if (CheckTypes(body.Value.Types) is { } refusal) return refusal;
        var made = await request.System.Webhooks.CreateAsync(request.Caller, request.Key, new NewWebhook(body.Value.Url) { Types = body.Value.Types ?? [] });
        return made.IsGiven ? await request.AnswerAsync(From(made.Value.Webhook, made.Value.Secret), Wire.Default.WebhookJson, $"/v1/webhooks/{made.Value.Webhook.Id}") : made.Refusal;
    }

    private static async ValueTask<Refusal?> ListAsync(RestRequest request)
    {
        if (request.ReadPage(out var cursor, out var pageSize) is { } refusal) return refusal;
        var page = await request.System.Webhooks.ListAsync(request.Caller, cursor, pageSize);
        return page.IsGiven ? await request.AnswerAsync(new WebhookPage([.. page.Value.Lines.Select(line => From(line))], page.Value.Next), Wire.Default.WebhookPage) : page.Refusal;
    }

    private static async ValueTask<Refusal?> ReadAsync(RestRequest request)
    {
        if (request.ReadId<WebhookKind>("id", out var id) is { } refusal) return refusal;
        return await AnswerAsync(request, await request.System.Webhooks.ReadAsync(request.Caller, id));
    }

    private static async ValueTask<Refusal?> ListDeliveriesAsync(RestRequest request)
    {
        if (request.ReadId<WebhookKind>("id", out var id) is { } refusal) return refusal;
        if (request.ReadPage(out var cursor, out var pageSize) is { } malformed) return malformed;
        var page = await request.System.Webhooks.ListDeliveriesAsync(request.Caller, id, cursor, pageSize);
        return page.IsGiven ? await request.AnswerAsync(new DeliveryPage([.. page.Value.Lines.Select(From)], page.Value.Next), Wire.Default.DeliveryPage) : page.Refusal;
    }

    private static async ValueTask<Refusal?> ChangeAsync(RestRequest request)
    {
        if (request.ReadId<WebhookKind>("id", out var id) is { } refusal) return refusal;
        var body = await request.ReadBodyAsync(Wire.Default.ChangeWebhookBody);
        if (!body.IsGiven) return body.Refusal;
        if (CheckTypes(body.Value.Types) is { } unread) return unread;
        return await AnswerAsync(request, await request.System.Webhooks.ChangeAsync(request.Caller, request.Key, id, body.Value.Url, body.Value.Types));
    }

    private static async ValueTask<Refusal?> ActAsync(RestRequest request, Func<RestRequest, Id<WebhookKind>, ValueTask<Answer<Webhook>>> carryOut)
    {
        if (request.ReadId<WebhookKind>("id", out var id) is { } refusal) return refusal;
        var body = await request.ReadBodyAsync(Wire.Default.NoFields);
        return body.IsGiven ? await AnswerAsync(request, await carryOut(request, id)) : body.Refusal;
    }

    private static async ValueTask<Refusal?> RotateAsync(RestRequest request)
    {
        if (request.ReadId<WebhookKind>("id", out var id) is { } refusal) return refusal;
        var body = await request.ReadBodyAsync(Wire.Default.RotateSecretBody);
        if (!body.IsGiven) return body.Refusal;
        var issued = await request.System.Webhooks.RotateSecretAsync(request.Caller, request.Key, id, body.Value.OverlapSeconds ?? NewWebhook.DefaultOverlapSeconds);
        return issued.IsGiven ? await request.AnswerAsync(From(issued.Value.Webhook, issued.Value.Secret), Wire.Default.WebhookJson) : issued.Refusal;
    }

    private static async ValueTask<Refusal?> ReplayAsync(RestRequest request)
    {
        if (request.ReadId<WebhookKind>("id", out var id) is { } refusal) return refusal;
        var body = await request.ReadBodyAsync(Wire.Default.ReplayBody);
        if (!body.IsGiven) return body.Refusal;
        if (!WireTime.TryParse(body.Value.Since, out var since)) return new Refusal(RefusalCodes.InvalidField, "since must be a time such as 2026-11-23T09:30:00Z.");
        DateTimeOffset? until = null;
        if (body.Value.Until is { } text)
        {
            if (!WireTime.TryParse(text, out var read)) return new Refusal(RefusalCodes.InvalidField, "until must be a time such as 2026-11-23T09:30:00Z.");
            until = read;
        }

        return await AnswerAsync(request, await request.System.Webhooks.ReplayAsync(request.Caller, request.Key, id, new Period(since, until)));
    }

    private static async ValueTask<Refusal?> CloseAsync(RestRequest request)
    {
        if (request.ReadId<WebhookKind>("id", out var id) is { } refusal) return refusal;
        var body = await request.ReadBodyAsync(Wire.Default.NoFields);
        return body.IsGiven ? await AnswerAsync(request, await request.System.Webhooks.CloseAsync(request.Caller, id)) : body.Refusal;
    }

    private static Refusal? CheckTypes(IReadOnlyList<string>? types) => types?.Contains(null!) == true ? new Refusal(RefusalCodes.InvalidField, "A type of the list is null.") : null;

    private static async ValueTask<Refusal?> AnswerAsync(RestRequest request, Answer<Webhook> webhook) =>
        webhook.IsGiven ? await request.AnswerAsync(From(webhook.Value), Wire.Default.WebhookJson) : webhook.Refusal;

    private static WebhookJson From(Webhook webhook, string? secret = null) => new(
        webhook.Id.ToString(),
        webhook.Status.ToString().ToLowerInvariant(),
        webhook.Payee?.ToString(),
        webhook.Url,
        webhook.Types.Count == 0 ? null : webhook.Types,
        secret,
        TimeOf(webhook.PreviousSecretUntil),
        webhook.Waiting,
        webhook.IsReplaying ? true : null,
        TimeOf(webhook.FailingSince),
        webhook.OffReason,
        TimeOf(webhook.OffAt),
        WireTime.Format(webhook.CreatedAt));

    private static DeliveryJson From(Delivery delivery) => new(
        delivery.Event.ToString(),
        delivery.Type,
        delivery.Subject,
        JsonNamingPolicy.KebabCaseLower.ConvertName(delivery.Status.ToString()),
        delivery.Attempts,
        TimeOf(delivery.FirstAt),
        TimeOf(delivery.LastAt),
        TimeOf(delivery.NextAt),
        delivery.AnswerStatus,
        delivery.Problem,
        delivery.IsReplay ? true : null);

    private static string? TimeOf(DateTimeOffset? time) => time is { } at ? WireTime.Format(at) : null;
}
