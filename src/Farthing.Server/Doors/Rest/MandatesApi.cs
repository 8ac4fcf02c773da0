using Farthing.Payments;
using Farthing.Payments.Calendars;
using Farthing.Payments.Mandates;
using Farthing.Protocol;

namespace Farthing.Server.Doors.Rest;

/// <summary>Body of <c>POST /v1/mandates</c>.</summary>
internal sealed record NewMandateBody
{
    public string? Payee { get; init; }
    public string? Tag { get; init; }
    public bool? Anyone { get; init; }
    public AmountJson? Each { get; init; }
    public AmountJson? PerDay { get; init; }
    public AmountJson? PerWeek { get; init; }
    public AmountJson? PerMonth { get; init; }
    public string? TimeZone { get; init; }
    public string? EndsAt { get; init; }
}

/// <summary>A cap and what is left of it.</summary>
internal sealed record CapJson(string Period, AmountJson Amount, AmountJson Headroom, string EndsAt)
{
    public static CapJson From(CapState cap) => new(
        cap.Period switch { CalendarPeriod.Day => "day", CalendarPeriod.Week => "week", _ => "month" },
        AmountJson.From(cap.Amount), AmountJson.From(cap.Headroom), WireTime.Format(cap.EndsAt));
}

/// <summary>A mandate.</summary>
internal sealed record MandateJson
{
    public required string Id { get; init; }
    public required string Status { get; init; }
    public string? Payee { get; init; }
    public string? Tag { get; init; }
    public bool? Anyone { get; init; }
    public required AmountJson Each { get; init; }
    public required IReadOnlyList<CapJson> Caps { get; init; }
    public AmountJson? Used { get; init; }
    public required string TimeZone { get; init; }
    public string? EndsAt { get; init; }
    public required string CreatedAt { get; init; }
    public string? Key { get; init; }

    public static MandateJson From(MandateState state, string? key = null) => new()
    {
        Id = state.Mandate.Id.ToString(),
        Status = state.Mandate.IsRevoked ? "revoked" : state.HasEnded ? "ended" : "active",
        Payee = state.Mandate.Scope.Payee?.ToString(),
        Tag = state.Mandate.Scope.Tag,
        Anyone = state.Mandate.Scope is { Payee: null, Tag: null } ? true : null,
        Each = AmountJson.From(state.Mandate.Each),
        Caps = [.. state.Caps.Select(CapJson.From)],
        Used = state.Used is { } used ? AmountJson.From(used) : null,
        TimeZone = state.Mandate.TimeZone,
        EndsAt = state.Mandate.EndsAt is { } end ? WireTime.Format(end) : null,
        CreatedAt = WireTime.Format(state.Mandate.CreatedAt),
        Key = key,
    };
}

/// <summary>A page of mandates.</summary>
internal sealed record MandatePage(IReadOnlyList<MandateJson> Lines, string? Next);

/// <summary><c>/v1/mandates</c>: standing permissions to pay, each with a key for an app or agent.</summary>
internal static class MandatesApi
{
    private const string Members = """
        "payee":"pye_01JD8Y2M6K3T5V7W9XAZBCDEFG","each":{"amount":"0.05","currency":"USD"},"caps":[{"period":"day","amount":{"amount":"0.5","currency":"USD"},"headroom":{"amount":"0.42","currency":"USD"},"endsAt":"2026-11-23T23:00:00.000Z"}],"used":{"amount":"1.96","currency":"USD"},"timeZone":"Europe/Paris","createdAt":"2026-11-20T09:30:00.000Z"
        """;

    private const string Example = $$"""{"id":"man_01JD8Y2M6K3T5V7W9XAZBCDEFG","status":"active",{{Members}}}""";

    public static void Map(RestRoutes door)
    {
        door.Post("/v1/mandates", CreateAsync, new RestCall
        {
            OperationId = "createMandate",
            Tag = "Mandates",
            Summary = "Let payments through without asking",
            Description = "For one payee, for payees with a tag that the operator gave them, or for anyone: exactly one of the three. A mandate is never unlimited: without perDay, perWeek or perMonth it has a cap of 5 a month (0.0001 BTC), and each is the smallest of its caps if it is left out. Days, weeks (Monday to Sunday) and months are those of timeZone, UTC by default. The key does exactly what the mandate allows, and nothing else: give it to an app or agent. A mandate never changes; revoke it and give another one.",
            Key = KeyOwner.Wallet,
            TakesIdempotencyKey = true,
            Body = typeof(NewMandateBody),
            Status = StatusCodes.Status201Created,
            Answer = typeof(MandateJson),
            BodyExample = """{"payee":"pye_01JD8Y2M6K3T5V7W9XAZBCDEFG","each":{"amount":"0.05","currency":"USD"},"perDay":{"amount":"0.5","currency":"USD"},"timeZone":"Europe/Paris"}""",
            AnswerExample = $$"""{"id":"man_01JD8Y2M6K3T5V7W9XAZBCDEFG","status":"active",{{Members}},"key":"fk_man_…"}""",
            Refusals = [.. PaymentsApi.AmountRefusals, RefusalCodes.CurrencyMismatch, RefusalCodes.InvalidId, RefusalCodes.PayeeNotFound, RefusalCodes.TooManyMandates, RefusalCodes.WalletErased],
        });
        door.Get("/v1/mandates", ListAsync, new RestCall
        {
            OperationId = "listMandates",
            Tag = "Mandates",
            Summary = "List the wallet's mandates, newest first",
            Key = KeyOwner.Wallet,
            IsPaged = true,
            Answer = typeof(MandatePage),
            AnswerExample = $$"""{"lines":[{{Example}}]}""",
            Refusals = [RefusalCodes.WalletErased],
        });
        door.Get("/v1/mandates/{id}", ReadAsync, new RestCall
        {
            OperationId = "readMandate",
            Tag = "Mandates",
            Summary = "Read a mandate and what is left of its caps",
            Description = "Its own key may read it too. used is all that was ever paid under it and not given back; it is left out five minutes after the mandate's end.",
            Key = KeyOwner.WalletOrMandate,
            Answer = typeof(MandateJson),
            AnswerExample = Example,
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.MandateNotFound, RefusalCodes.WalletErased],
        });
        door.Post("/v1/mandates/{id}/revoke", RevokeAsync, new RestCall
        {
            OperationId = "revokeMandate",
            Tag = "Mandates",
            Summary = "Revoke a mandate at once",
            Description = "No payment under it is made once this was answered. Revoking a revoked mandate changes nothing. Held payments can still be posted.",
            Key = KeyOwner.Wallet,
            Body = typeof(NoFields),
            BodyIsOptional = true,
            Answer = typeof(MandateJson),
            BodyExample = "{}",
            AnswerExample = Example.Replace("active", "revoked", StringComparison.Ordinal),
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.MandateNotFound, RefusalCodes.WalletErased],
        });
    }

    /// <summary>Reads <c>perDay</c>, <c>perWeek</c> and <c>perMonth</c>.</summary>
    public static Refusal? ReadCaps(AmountJson? perDay, AmountJson? perWeek, AmountJson? perMonth, out Caps caps)
    {
        caps = null!;
        if (ReadAmount(perDay, "perDay", out var day) is { } noDay) return noDay;
        if (ReadAmount(perWeek, "perWeek", out var week) is { } noWeek) return noWeek;
        if (ReadAmount(perMonth, "perMonth", out var month) is { } noMonth) return noMonth;
        caps = new Caps(day, week, month);
        return null;
    }

    private static Refusal? ReadAmount(AmountJson? sent, string field, out Amount? amount)
    {
        amount = null;
        if (sent is null) return null;
        if (WireAmounts.Read(sent, field, out var read) is { } refusal) return refusal;
        amount = read;
        return null;
    }

    private static async ValueTask<Refusal?> CreateAsync(RestRequest request)
    {
        var body = await request.ReadBodyAsync(Wire.Default.NewMandateBody);
        if (!body.IsGiven) return body.Refusal;
        if (ReadNewMandate(body.Value, out var asked) is { } refusal) return refusal;
        var made = await request.System.Mandates.CreateAsync(request.Caller.Wallet, request.Key, asked);
        if (!made.IsGiven) return made.Refusal;
        var answer = MandateJson.From(made.Value.State, made.Value.Key);
        return await request.AnswerAsync(answer, Wire.Default.MandateJson, $"/v1/mandates/{answer.Id}");
    }

    private static Refusal? ReadNewMandate(NewMandateBody body, out NewMandate asked)
    {
        asked = null!;
        if ((body.Payee is null ? 0 : 1) + (body.Tag is null ? 0 : 1) + (body.Anyone is null ? 0 : 1) is var named && named != 1)
            return new Refusal(named == 0 ? RefusalCodes.MissingField : RefusalCodes.InvalidField, "A mandate is for exactly one of: payee, tag, or anyone (true).");
        if (body.Anyone == false) return new Refusal(RefusalCodes.InvalidField, "anyone can only be true: leave it out where payee or tag says whom.");
        var payee = default(Id<PayeeKind>);
        if (body.Payee is not null && WireIds.Read(body.Payee, out payee) is { } malformed) return malformed;
        if (ReadAmount(body.Each, "each", out var each) is { } noEach) return noEach;
        if (ReadCaps(body.PerDay, body.PerWeek, body.PerMonth, out var caps) is { } refusal) return refusal;
        var endsAt = default(DateTimeOffset?);
        if (body.EndsAt is not null)
        {
            if (!WireTime.TryParse(body.EndsAt, out var end)) return new Refusal(RefusalCodes.InvalidField, "endsAt must be a time such as 2027-01-31T00:00:00Z.");
            endsAt = end;
        }

        asked = new NewMandate(new MandateScope(body.Payee is null ? null : payee, body.Tag), each, caps, body.TimeZone, endsAt);
        return null;
    }

    private static async ValueTask<Refusal?> ListAsync(RestRequest request)
    {
        if (request.ReadPage(out var cursor, out var pageSize) is { } refusal) return refusal;
        var page = await request.System.Mandates.ListAsync(request.Caller.Wallet, cursor, pageSize);
        return page.IsGiven
            ? await request.AnswerAsync(new MandatePage([.. page.Value.Lines.Select(line => MandateJson.From(line))], page.Value.Next), Wire.Default.MandatePage)
            : page.Refusal;
    }

    private static async ValueTask<Refusal?> ReadAsync(RestRequest request)
    {
        if (request.ReadId<MandateKind>("id", out var id) is { } refusal) return refusal;
        var read = request.Caller.Kind == CallerKind.Wallet
            ? await request.System.Mandates.ReadAsync(request.Caller.Wallet, id)
            : await request.System.Mandates.ReadOwnAsync(request.Caller.Mandate, id);
        return read.IsGiven ? await request.AnswerAsync(MandateJson.From(read.Value), Wire.Default.MandateJson) : read.Refusal;
    }

    private static async ValueTask<Refusal?> RevokeAsync(RestRequest request)
    {
        if (request.ReadId<MandateKind>("id", out var id) is { } refusal) return refusal;
        var body = await request.ReadBodyAsync(Wire.Default.NoFields);
        if (!body.IsGiven) return body.Refusal;
        var revoked = await request.System.Mandates.RevokeAsync(request.Caller.Wallet, id);
        return revoked.IsGiven ? await request.AnswerAsync(MandateJson.From(revoked.Value), Wire.Default.MandateJson) : revoked.Refusal;
    }
}
