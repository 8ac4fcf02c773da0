using Farthing.Payments;
using Farthing.Payments.Payouts;
using Farthing.Protocol;
using Farthing.Server.Rails.BankFile;

namespace Farthing.Server.Doors.Rest;

/// <summary>Body of <c>POST /v1/rails/bank-file/failures</c>.</summary>
internal sealed record TransferFailureBody
{
    public required string Payout { get; init; }
    public required string Reason { get; init; }
}

/// <summary>A file for the bank.</summary>
internal sealed record BankFileJson(string MessageId, int Transfers, AmountJson Sum, string CreatedAt);

/// <summary>The files for the bank, and what waits for the next.</summary>
internal sealed record BankFilesJson(int Waiting, AmountJson WaitingSum, IReadOnlyList<BankFileJson> Lines);

/// <summary>What was made of one transfer of a notification.</summary>
internal sealed record NotedTransferJson(string? EndToEndId, string? Payout, string Verdict, string? Detail);

/// <summary>What was made of a bank's notification.</summary>
internal sealed record NotificationTakenJson(string MessageId, bool TakenBefore, int Paid, int Returned, int Failed, IReadOnlyList<NotedTransferJson> Lines);

/// <summary><c>/v1/rails/bank-file</c>: files that the operator hands to its bank, and what the bank says of them.</summary>
internal sealed class BankFilesApi(BankFileRail? rail)
{
    private const int MostFiles = 100;
    private const string FileExample = """{"messageId":"FTESTa1b2c3d4-00000001","transfers":2,"sum":{"amount":"149.5","currency":"EUR"},"createdAt":"2026-11-23T09:30:00.000Z"}""";

    private static readonly PathMember NameMember = new("messageId", "The messageId of a file.", "^[A-Za-z0-9-]{1,35}$", "FTESTa1b2c3d4-00000001");

    public void Map(RestRoutes door)
    {
        door.Post("/v1/rails/bank-file/files", MakeAsync, new RestCall
        {
            OperationId = "createBankFile",
            Tag = "Payouts",
            Summary = "Make a file for the bank of all payouts that wait for one",
            Description = "ISO 20022 pain.001.001.09, SEPA credit transfers. It lies in the directory bank-files of the data directory and can be read with GET. A payout is in one file for ever; the same Idempotency-Key gives the same file.",
            Key = KeyOwner.Operator,
            TakesIdempotencyKey = true,
            Body = typeof(NoFields),
            BodyIsOptional = true,
            Status = StatusCodes.Status201Created,
            Answer = typeof(BankFileJson),
            BodyExample = "{}",
            AnswerExample = FileExample,
            Refusals = [RefusalCodes.RailNotAvailable, RefusalCodes.NothingToPayOut],
        });
        door.Get("/v1/rails/bank-file/files", ListAsync, new RestCall
        {
            OperationId = "listBankFiles",
            Tag = "Payouts",
            Summary = "List the newest files for the bank, and what waits for the next one",
            Key = KeyOwner.Operator,
            Answer = typeof(BankFilesJson),
            AnswerExample = $$"""{"waiting":3,"waitingSum":{"amount":"75","currency":"EUR"},"lines":[{{FileExample}}]}""",
            Refusals = [RefusalCodes.RailNotAvailable],
        });
        door.Get("/v1/rails/bank-file/files/{messageId}", ReadAsync, new RestCall
        {
            OperationId = "readBankFile",
            Tag = "Payouts",
            Summary = "Read a file for the bank",
            Key = KeyOwner.Operator,
            Path = [NameMember],
            AnswerMediaType = "application/xml",
            AnswerExample = "<?xml version=\"1.0\" encoding=\"utf-8\"?>…",
            Refusals = [RefusalCodes.RailNotAvailable, RefusalCodes.BankFileNotFound],
        });
        door.Post("/v1/rails/bank-file/notifications", TakeAsync, new RestCall
        {
            OperationId = "takeBankNotification",
            Tag = "Payouts",
            Summary = "Take what the bank says: what it booked, and what it rejected",
            Description = "The body is the bank's file: ISO 20022 camt.054.001.08 or .02, which says what was booked, or pain.002.001.10 or .03, which says what became of a file. A file that breaks a rule of its message is refused whole, and the detail names the element. Transfers are matched by EndToEndId; amount and account must fit. verdict is paid, returned, knownAlready, notOurs, notBooked, unknownReference, inNoFile, anotherAmount, failedBefore, twice, failed, noted, bookedBefore or notUnderstood; only paid, returned and failed move anything. Taking a file again changes nothing: takenBefore is then true.",
            Key = KeyOwner.Operator,
            BodyIsBytes = true,
            BytesMediaType = "application/xml",
            MaxBytes = BankMessage.MaxBytes,
            Answer = typeof(NotificationTakenJson),
            AnswerExample = """{"messageId":"20261124-0001","takenBefore":false,"paid":1,"returned":0,"failed":0,"lines":[{"endToEndId":"OUT01JD8Y2M6K3T5V7W9XAZBCDEFG","payout":"out_01JD8Y2M6K3T5V7W9XAZBCDEFG","verdict":"paid"}]}""",
            Refusals = [RefusalCodes.RailNotAvailable, RefusalCodes.NotificationUnreadable, RefusalCodes.NotificationUnknown, RefusalCodes.NotificationBreaksRule, RefusalCodes.NotificationOfAnotherAccount, RefusalCodes.BankFileNotFound, RefusalCodes.StatusReportMisfits, RefusalCodes.TransferBooked, RefusalCodes.BodyTooLarge],
        });
        door.Post("/v1/rails/bank-file/failures", FailAsync, new RestCall
        {
            OperationId = "failBankTransfer",
            Tag = "Payouts",
            Summary = "Say that the bank will never pay a transfer",
            Description = "Because it refused the file, or this transfer in it. The money goes back to the payee. Refused once the bank has booked the transfer. To say it again changes nothing.",
            Key = KeyOwner.Operator,
            Body = typeof(TransferFailureBody),
            Answer = typeof(NotedTransferJson),
            BodyExample = """{"payout":"out_01JD8Y2M6K3T5V7W9XAZBCDEFG","reason":"The bank knows no such account"}""",
            AnswerExample = """{"endToEndId":"OUT01JD8Y2M6K3T5V7W9XAZBCDEFG","payout":"out_01JD8Y2M6K3T5V7W9XAZBCDEFG","verdict":"failed"}""",
            Refusals = [RefusalCodes.RailNotAvailable, RefusalCodes.InvalidId, RefusalCodes.PayoutNotFound, RefusalCodes.TransferBooked],
        });
    }

    private static Refusal None { get; } = new(RefusalCodes.RailNotAvailable, "This server makes no files for a bank: the operator's account is not set.");

    private async ValueTask<Refusal?> MakeAsync(RestRequest request)
    {
        if (rail is null) return None;
        var body = await request.ReadBodyAsync(Wire.Default.NoFields);
        if (!body.IsGiven) return body.Refusal;
        var made = await rail.MakeFileAsync(request.Key);
        return made.IsGiven ? await request.AnswerAsync(From(made.Value), Wire.Default.BankFileJson, $"/v1/rails/bank-file/files/{made.Value.MessageId}") : made.Refusal;
    }

    private async ValueTask<Refusal?> ListAsync(RestRequest request)
    {
        if (rail is null) return None;
        var (count, sum) = rail.ReadWaiting();
        return await request.AnswerAsync(new BankFilesJson(count, AmountJson.From(sum), [.. rail.ListFiles(MostFiles).Select(From)]), Wire.Default.BankFilesJson);
    }

    private async ValueTask<Refusal?> ReadAsync(RestRequest request)
    {
        if (rail is null) return None;
        if (rail.ReadFile((string)request.Http.Request.RouteValues["messageId"]!) is not { } file) return new Refusal(RefusalCodes.BankFileNotFound, "There is no such file.");
        var response = request.Http.Response;
        response.ContentType = "application/xml";
        response.Headers.CacheControl = "no-store";
        await response.Body.WriteAsync(file);
        return null;
    }

    private async ValueTask<Refusal?> TakeAsync(RestRequest request)
    {
        if (rail is null) return None;
        var body = await request.ReadBytesAsync();
        if (!body.IsGiven) return body.Refusal;
        var taken = rail.TakeMessage(body.Value);
        if (!taken.IsGiven) return taken.Refusal;
        await rail.TellAsync(request.System.Payouts.WakeAsync);
        var lines = taken.Value.Lines;
        var answer = new NotificationTakenJson(taken.Value.MessageId, taken.Value.IsRepeated, lines.Count(line => line.Verdict == NotedAs.Paid), lines.Count(line => line.Verdict == NotedAs.Returned), lines.Count(line => line.Verdict == NotedAs.Failed), [.. lines.Select(From)]);
        return await request.AnswerAsync(answer, Wire.Default.NotificationTakenJson);
    }

    private async ValueTask<Refusal?> FailAsync(RestRequest request)
    {
        if (rail is null) return None;
        var body = await request.ReadBodyAsync(Wire.Default.TransferFailureBody);
        if (!body.IsGiven) return body.Refusal;
        if (WireIds.Read<PayoutKind>(body.Value.Payout, out var id) is { } malformed) return malformed;
        if (!WireTexts.IsLine(body.Value.Reason, PayoutDesk.MaxReasonLength)) return WireTexts.Refuse("reason", PayoutDesk.MaxReasonLength);
        if (rail.TakeFailure(id, body.Value.Reason) is { } refusal) return refusal;
        await rail.TellAsync(request.System.Payouts.WakeAsync);
        return await request.AnswerAsync(new NotedTransferJson(Payout.EndToEndIdOf(id), id.ToString(), "failed", null), Wire.Default.NotedTransferJson);
    }

    private static BankFileJson From(BankFile file) => new(file.MessageId, file.Count, AmountJson.From(file.Sum), WireTime.Format(file.CreatedAt));

    private static NotedTransferJson From(NotedTransfer noted) => new(
        noted.EndToEndId,
        Payout.TryReadEndToEndId(noted.EndToEndId, out var id) ? id.ToString() : null,
        noted.Verdict switch
        {
            NotedAs.Paid => "paid",
            NotedAs.Returned => "returned",
            NotedAs.KnownAlready => "knownAlready",
            NotedAs.NotOurs => "notOurs",
            NotedAs.NotBooked => "notBooked",
            NotedAs.UnknownReference => "unknownReference",
            NotedAs.InNoFile => "inNoFile",
            NotedAs.AnotherAmount => "anotherAmount",
            NotedAs.FailedBefore => "failedBefore",
            NotedAs.Twice => "twice",
            NotedAs.Failed => "failed",
            NotedAs.Noted => "noted",
            NotedAs.BookedBefore => "bookedBefore",
            _ => "notUnderstood",
        },
        noted.Detail);
}
