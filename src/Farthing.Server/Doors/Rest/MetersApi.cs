using System.Buffers;
using Farthing.Payments;
using Farthing.Payments.Desk;
using Farthing.Payments.Meters;
using Farthing.Protocol;

namespace Farthing.Server.Doors.Rest;

/// <summary>Body of <c>POST /v1/meters</c>.</summary>
internal sealed record NewMeterBody
{
    public string? Offer { get; init; }
    public string? Terms { get; init; }
    public AmountJson? Ceiling { get; init; }
    public string? Mandate { get; init; }
    public string? Reference { get; init; }
}

/// <summary>Body of <c>POST /v1/meters/{id}/report</c>.</summary>
internal sealed record MeterReportBody
{
    public long? Units { get; init; }
    public string? Counter { get; init; }
}

/// <summary>A meter, as its payer or its payee sees it.</summary>
internal sealed record MeterJson(
    string Id, string Status, string Payment, string Offer, string Payee, string? Wallet, string? Payer, AmountJson Cost, AmountJson Ceiling, long? Units, string? Reference, string StartedAt, string ReportedAt,
    string? StopsAt, string? StoppedAt, string? Entitlement);

/// <summary><c>/v1/meters</c>: what costs as much as is used.</summary>
internal static class MetersApi
{
    private const string Example = """
        {"id":"mtr_01JD8Y2M6K3T5V7W9XAZBCDEFG","status":"running","payment":"pay_01JD8Y2M6K3T5V7W9XAZBCDEFG","offer":"off_01JD8Y2M6K3T5V7W9XAZBCDEFG","payee":"pye_01JD8Y2M6K3T5V7W9XAZBCDEFG","wallet":"wal_01JD8Y2M6K3T5V7W9XAZBCDEFG","cost":{"amount":"0.031","currency":"USD"},"ceiling":{"amount":"2","currency":"USD"},"startedAt":"2026-11-23T09:30:00.000Z","reportedAt":"2026-11-23T09:33:00.000Z","stopsAt":"2026-11-23T09:38:00.000Z"}
        """;

    private static readonly string StoppedExample = Example.Replace("running", "stopped", StringComparison.Ordinal).Replace("stopsAt", "stoppedAt", StringComparison.Ordinal);

    private static readonly SearchValues<char> CounterCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    private static readonly PathMember IdMember = new("id", "The id of a meter.", "^mtr_[0-7][0-9A-HJKMNP-TV-Z]{25}$", "mtr_01JD8Y2M6K3T5V7W9XAZBCDEFG");

    public static void Map(RestRoutes door)
    {
        door.Post("/v1/meters", StartAsync, new RestCall
        {
            OperationId = "startMeter",
            Tag = "Meters",
            Summary = "Start a meter",
            Description = "The offer's ceiling is held. What is used is posted when the meter stops, and the rest returned: when the payer or the payee stops it, when the ceiling is reached, or when the payee has reported nothing for the offer's silentAfterSeconds. The meter's payment has the same 26 characters as its id. Name the offer, or a site's terms that name it: then the answer has the entitlement that the site accepts, and a repeat has a fresh one as long as the meter runs and the wallet is not paused. With ceiling, an offer that would hold more is refused.",
            Key = KeyOwner.WalletOrMandate,
            TakesIdempotencyKey = true,
            Body = typeof(NewMeterBody),
            Status = StatusCodes.Status201Created,
            Answer = typeof(MeterJson),
            BodyExample = """{"offer":"off_01JD8Y2M6K3T5V7W9XAZBCDEFG","reference":"seat 7"}""",
            AnswerExample = Example,
            Refusals =
            [
                RefusalCodes.InvalidId, RefusalCodes.CurrencyMismatch, RefusalCodes.OfferNotFound, RefusalCodes.OfferClosed, RefusalCodes.InsufficientFunds, RefusalCodes.WalletInDebt,
                RefusalCodes.CapExceeded, RefusalCodes.CapsChanged, RefusalCodes.MandateNotFound, RefusalCodes.MandateRevoked, RefusalCodes.MandateEnded, RefusalCodes.MandateScopeExceeded,
                RefusalCodes.WalletFrozen, RefusalCodes.AccountClosed, RefusalCodes.WalletErased, RefusalCodes.TermsInvalid, RefusalCodes.TermsExpired, RefusalCodes.TermsForAnotherSite,
                RefusalCodes.PayeeNotFound, RefusalCodes.PayeeHasNoSigningKey, RefusalCodes.CeilingTooHigh,
            ],
        });
        door.Get("/v1/meters/{id}", ReadAsync, new RestCall
        {
            OperationId = "readMeter",
            Tag = "Meters",
            Summary = "Read a meter, with what it costs by now",
            Description = "stopsAt is when it stops by itself if nothing more is reported.",
            Key = KeyOwner.Party,
            Path = [IdMember],
            Answer = typeof(MeterJson),
            AnswerExample = Example,
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.MeterNotFound, RefusalCodes.WalletErased],
        });
        door.Post("/v1/meters/{id}/report", ReportAsync, new RestCall
        {
            OperationId = "reportMeter",
            Tag = "Meters",
            Summary = "Report that a meter runs, and how many units were used",
            Description = "units is all units so far, which never fall; of a meter that counts time it is left out, and the report says only that the meter runs. To repeat a report changes nothing but the time of it. The report that reaches the ceiling stops the meter. Where several processes count one meter, each names itself in counter and reports what it alone has counted; the meter has the sum.",
            Key = KeyOwner.Payee,
            Path = [IdMember],
            Body = typeof(MeterReportBody),
            BodyIsOptional = true,
            Answer = typeof(MeterJson),
            BodyExample = """{"units":120}""",
            AnswerExample = Example,
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.MeterNotFound, RefusalCodes.MeterStopped, RefusalCodes.UnitsMustNotFall, RefusalCodes.TooManyCounters],
        });
        door.Post("/v1/meters/{id}/stop", StopAsync, new RestCall
        {
            OperationId = "stopMeter",
            Tag = "Meters",
            Summary = "Stop a meter",
            Description = "What it costs by now is posted, and the rest of what was held is returned. To stop a stopped meter changes nothing.",
            Key = KeyOwner.Party,
            Path = [IdMember],
            Body = typeof(NoFields),
            BodyIsOptional = true,
            Answer = typeof(MeterJson),
            BodyExample = "{}",
            AnswerExample = StoppedExample,
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.MeterNotFound, RefusalCodes.AccountClosed, RefusalCodes.WalletErased],
        });
    }

    private static async ValueTask<Refusal?> StartAsync(RestRequest request)
    {
        var body = await request.ReadBodyAsync(Wire.Default.NewMeterBody);
        if (!body.IsGiven) return body.Refusal;
        Id<OfferKind>? offer = null;
        if (body.Value.Offer is not null)
        {
            if (WireIds.Read<OfferKind>(body.Value.Offer, out var named) is { } malformed) return malformed;
            offer = named;
        }

        if (body.Value is { Offer: null, Terms: null }) return new Refusal(RefusalCodes.MissingField, "Name the metered offer, or a site's terms that name it.");
        Amount? most = null;
        if (body.Value.Ceiling is not null)
        {
            if (WireAmounts.Read(body.Value.Ceiling, "ceiling", out var ceiling) is { } unread) return unread;
            most = ceiling;
        }

        if (body.Value.Reference is not null && !WireTexts.IsLine(body.Value.Reference, PaymentRequest.MaxReferenceLength)) return WireTexts.Refuse("reference", PaymentRequest.MaxReferenceLength);
        if (await request.FindPayerAsync() is not { } wallet) return new Refusal(RefusalCodes.Unauthorized, "The mandate of this key is not known here.");
        if (PaymentsApi.ReadMandate(body.Value.Mandate, request.Caller, out var mandate) is { } notMandate) return notMandate;
        var started = await request.System.Meters.StartAsync(new PaymentRequest
        {
            Wallet = wallet,
            Key = request.Key,
            Offer = offer,
            Terms = body.Value.Terms,
            MostHeld = most,
            Mandate = mandate,
            ByMandateKey = request.Caller.Kind == CallerKind.Mandate,
            Reference = body.Value.Reference,
        });
        return await AnswerAsync(request, started, started.IsGiven ? $"/v1/meters/{started.Value.Id}" : null);
    }

    private static async ValueTask<Refusal?> ReadAsync(RestRequest request)
    {
        if (request.ReadId<MeterKind>("id", out var id) is { } refusal) return refusal;
        return await AnswerAsync(request, await request.System.Meters.ReadAsync(request.Caller, id));
    }

    private static async ValueTask<Refusal?> ReportAsync(RestRequest request)
    {
        if (request.ReadId<MeterKind>("id", out var id) is { } refusal) return refusal;
        var body = await request.ReadBodyAsync(Wire.Default.MeterReportBody);
        if (!body.IsGiven) return body.Refusal;
        if (body.Value.Counter is { } counter && (counter.Length is 0 or > MeterDesk.MaxCounterLength || counter.AsSpan().ContainsAnyExcept(CounterCharacters)))
            return new Refusal(RefusalCodes.InvalidField, $"counter must be 1 to {MeterDesk.MaxCounterLength} letters, digits, hyphens and underscores.");
        return await AnswerAsync(request, await request.System.Meters.ReportAsync(request.Caller.Payee, id, body.Value.Units, body.Value.Counter));
    }

    private static async ValueTask<Refusal?> StopAsync(RestRequest request)
    {
        if (request.ReadId<MeterKind>("id", out var id) is { } refusal) return refusal;
        var body = await request.ReadBodyAsync(Wire.Default.NoFields);
        return body.IsGiven ? await AnswerAsync(request, await request.System.Meters.StopAsync(request.Caller, id)) : body.Refusal;
    }

    private static async ValueTask<Refusal?> AnswerAsync(RestRequest request, Answer<Meter> meter, string? location = null) =>
        meter.IsGiven ? await request.AnswerAsync(From(meter.Value, request.Caller), Wire.Default.MeterJson, location) : meter.Refusal;

    private static MeterJson From(Meter meter, Caller caller) => new(
        meter.Id.ToString(),
        meter.StoppedAt is null ? "running" : "stopped",
        meter.Payment.Id.ToString(),
        meter.Offer.ToString(),
        meter.Payment.Payee.ToString(),
        caller.Kind == CallerKind.Payee ? null : meter.Payment.Wallet.ToString(),
        caller.Kind == CallerKind.Payee ? meter.Payment.Payer.ToString() : null,
        AmountJson.From(meter.Cost),
        AmountJson.From(meter.Ceiling),
        meter.Units,
        meter.Payment.Reference,
        WireTime.Format(meter.Payment.CreatedAt),
        WireTime.Format(meter.ReportedAt),
        meter.StopsAt is { } stops ? WireTime.Format(stops) : null,
        meter.StoppedAt is { } stopped ? WireTime.Format(stopped) : null,
        meter.Entitlement);
}
