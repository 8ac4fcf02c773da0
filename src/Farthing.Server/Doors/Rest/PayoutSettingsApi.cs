using Farthing.Payments;
using Farthing.Payments.Payouts;
using Farthing.Protocol;

namespace Farthing.Server.Doors.Rest;

/// <summary>Where money goes.</summary>
internal sealed record PayoutDestinationJson
{
    public required string Name { get; init; }
    public string? Iban { get; init; }
    public string? Bic { get; init; }
    public string? Sandbox { get; init; }
}

/// <summary>Body of <c>POST /v1/payees/{id}/payout-setting</c>.</summary>
internal sealed record PayoutSettingBody
{
    public required string Rail { get; init; }
    public required PayoutDestinationJson Destination { get; init; }
    public AmountJson? Threshold { get; init; }
    public string? Schedule { get; init; }
    public string? TimeZone { get; init; }
}

/// <summary>How a payee is paid out.</summary>
internal sealed record PayoutSettingJson(string Rail, PayoutDestinationJson Destination, AmountJson Threshold, string Schedule, string TimeZone, string? NextAt, string? LastSkip);

/// <summary><c>/v1/payees/{id}/payout-setting</c>: by what, where to and how often a payee is paid out.</summary>
internal static class PayoutSettingsApi
{
    public const string Example = """
        {"rail":"bank-file","destination":{"name":"The Farthing Newsroom","iban":"DE89370400440532013000"},"threshold":{"amount":"20","currency":"EUR"},"schedule":"weekly","timeZone":"Europe/Paris","nextAt":"2026-11-29T23:00:00.000Z"}
        """;

    public static void Map(RestRoutes door)
    {
        door.Post("/v1/payees/{id}/payout-setting", SetAsync, new RestCall
        {
            OperationId = "setPayoutSetting",
            Tag = "Payouts",
            Summary = "Set how a payee is paid out",
            Description = "In place of how it was. schedule is off (the default), daily, weekly or monthly: at midnight in timeZone, of each day, Monday or first of a month, all that is available is paid out if it is at least threshold. Payouts that are under way go where they went. The destination of the rail bank-file has an iban; the sandbox takes any name, and sandbox tells it what to do: \"fail\", \"timeout\", \"lost\", \"delay:5\", \"return:60\".",
            Key = KeyOwner.Payee,
            TakesIdempotencyKey = true,
            Body = typeof(PayoutSettingBody),
            Answer = typeof(PayoutSettingJson),
            BodyExample = """{"rail":"bank-file","destination":{"name":"The Farthing Newsroom","iban":"DE89 3704 0044 0532 0130 00"},"threshold":{"amount":"20","currency":"EUR"},"schedule":"weekly","timeZone":"Europe/Paris"}""",
            AnswerExample = Example,
            Refusals = [.. PaymentsApi.AmountRefusals, RefusalCodes.CurrencyMismatch, RefusalCodes.InvalidId, RefusalCodes.PayeeNotFound, RefusalCodes.RailNotAvailable, RefusalCodes.InvalidDestination, RefusalCodes.TooManyDestinations],
        });
        door.Get("/v1/payees/{id}/payout-setting", ReadAsync, new RestCall
        {
            OperationId = "readPayoutSetting",
            Tag = "Payouts",
            Summary = "Read how a payee is paid out",
            Description = "lastSkip is the code for which the schedule paid nothing out when it last looked; nextAt is when it looks next.",
            Key = KeyOwner.PayeeOrOperator,
            Answer = typeof(PayoutSettingJson),
            AnswerExample = Example,
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.PayeeNotFound, RefusalCodes.PayoutNotSet],
        });
    }

    public static PayoutSettingJson From(PayoutSetting setting) => new(
        setting.Rail, From(setting.Destination), AmountJson.From(setting.Threshold), setting.Rhythm.ToString().ToLowerInvariant(), setting.TimeZone, setting.NextAt is { } next ? WireTime.Format(next) : null, setting.LastSkip);

    public static PayoutDestinationJson From(PayoutDestination destination) => new() { Name = destination.Name, Iban = destination.Iban, Bic = destination.Bic, Sandbox = destination.Instruction };

    private static async ValueTask<Refusal?> SetAsync(RestRequest request)
    {
        if (await PayeesApi.OwnIdAsync(request) is { } notOwn) return notOwn;
        var read = await request.ReadBodyAsync(Wire.Default.PayoutSettingBody);
        if (!read.IsGiven) return read.Refusal;
        var body = read.Value;
        Amount? threshold = null;
        if (body.Threshold is not null)
        {
            if (WireAmounts.Read(body.Threshold, "threshold", out var least) is { } malformed) return malformed;
            threshold = least;
        }

        if (ReadRhythm(body.Schedule, out var rhythm) is { } unknown) return unknown;
        var destination = new PayoutDestination(body.Destination.Name, body.Destination.Iban, body.Destination.Bic, body.Destination.Sandbox);
        var set = await request.System.PayoutSettings.SetAsync(request.Caller.Payee, request.Key, new NewPayoutSetting(body.Rail, destination, threshold, rhythm, body.TimeZone));
        return set.IsGiven ? await request.AnswerAsync(From(set.Value), Wire.Default.PayoutSettingJson) : set.Refusal;
    }

    private static async ValueTask<Refusal?> ReadAsync(RestRequest request)
    {
        var (refusal, payee) = await PayoutsApi.OwnIdAsync(request);
        if (refusal is not null) return refusal;
        return await request.System.PayoutSettings.FindAsync(payee) is { } setting
            ? await request.AnswerAsync(From(setting), Wire.Default.PayoutSettingJson)
            : new Refusal(RefusalCodes.PayoutNotSet, "Nobody has set how this payee is paid out.");
    }

    private static Refusal? ReadRhythm(string? word, out PayoutRhythm rhythm)
    {
        (rhythm, var isKnown) = word switch
        {
            null or "off" => (PayoutRhythm.Off, true),
            "daily" => (PayoutRhythm.Daily, true),
            "weekly" => (PayoutRhythm.Weekly, true),
            "monthly" => (PayoutRhythm.Monthly, true),
            _ => (PayoutRhythm.Off, false),
        };
        return isKnown ? null : new Refusal(RefusalCodes.InvalidField, "schedule must be off, daily, weekly or monthly.");
    }
}
