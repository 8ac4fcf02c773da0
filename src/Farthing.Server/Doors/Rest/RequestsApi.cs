using Farthing.Payments;
using Farthing.Payments.People;
using Farthing.Protocol;

namespace Farthing.Server.Doors.Rest;

/// <summary>Body of <c>POST /v1/people/requests</c>.</summary>
internal sealed record NewRequestBody
{
    public required string From { get; init; }
    public required AmountJson Amount { get; init; }
    public string? Note { get; init; }
    public int? LifetimeSeconds { get; init; }
}

/// <summary>Who is asked for a part of a bill.</summary>
internal sealed record BillShareBody
{
    public required string From { get; init; }
    public AmountJson? Amount { get; init; }
}

/// <summary>Body of <c>POST /v1/people/bills</c>.</summary>
internal sealed record NewBillBody
{
    public required AmountJson Amount { get; init; }
    public required IReadOnlyList<BillShareBody> Shares { get; init; }
    public AmountJson? OwnShare { get; init; }
    public bool? IncludeMe { get; init; }
    public string? Note { get; init; }
    public int? LifetimeSeconds { get; init; }
}

/// <summary>A request, as the wallet that asked, or was asked, sees it.</summary>
internal sealed record RequestJson(
    string Id, string Bill, string Status, string Direction, string Counterparty, AmountJson Amount, string? Note, string? Payment, string CreatedAt, string ExpiresAt);

/// <summary>A page of requests.</summary>
internal sealed record RequestPage(IReadOnlyList<RequestJson> Lines, string? Next);

/// <summary>The requests of a bill, in the order of its shares.</summary>
internal sealed record BillJson(string Id, IReadOnlyList<RequestJson> Requests);

/// <summary><c>/v1/people/requests</c> and <c>/v1/people/bills</c>: money that wallets ask of wallets.</summary>
internal static class RequestsApi
{
    private const string OpenExample = """
        {"id":"req_01JD8Y2M6K3T5V7W9XAZBCDE01","bill":"bil_01JD8Y2M6K3T5V7W9XAZBCDE00","status":"open","direction":"sent","counterparty":"hdl_7ZD8Y2M6K3T5V7W9XAZBCDEFGH","amount":{"amount":"12.5","currency":"USD"},"note":"pizza","createdAt":"2026-11-23T09:30:00.000Z","expiresAt":"2026-12-23T09:30:00.000Z"}
        """;

    private static readonly string DeclinedExample = OpenExample.Replace("open", "declined", StringComparison.Ordinal).Replace("sent", "received", StringComparison.Ordinal);
    private static readonly string CancelledExample = OpenExample.Replace("open", "cancelled", StringComparison.Ordinal);
    private static readonly string AcceptedExample = OpenExample.Replace("open", "accepted", StringComparison.Ordinal).Replace("sent", "received", StringComparison.Ordinal)
        .Replace("\"createdAt\"", "\"payment\":\"per_01JD8Y2M6K3T5V7W9XAZBCDEFG\",\"createdAt\"", StringComparison.Ordinal);

    private static readonly PathMember IdMember = new("id", "The id of a request.", "^req_[0-7][0-9A-HJKMNP-TV-Z]{25}$", "req_01JD8Y2M6K3T5V7W9XAZBCDE01");

    private static readonly RefusalCode[] AskRefusals = [.. PaymentsApi.AmountRefusals, RefusalCodes.CurrencyMismatch, RefusalCodes.InvalidId, RefusalCodes.HandleNotFound, RefusalCodes.TooManyOpenRequests, RefusalCodes.WalletErased];

    private static readonly RefusalCode[] EndRefusals = [RefusalCodes.InvalidId, RefusalCodes.RequestNotFound, RefusalCodes.RequestEnded, RefusalCodes.WalletErased];

    public static void Map(RestRoutes door)
    {
        door.Post("/v1/people/requests", AskAsync, new RestCall
        {
            OperationId = "createRequest",
            Tag = "People",
            Summary = "Ask another person for money",
            Description = "from is the handle of whom you ask. The request waits 30 days, or lifetimeSeconds.",
            Key = KeyOwner.Wallet,
            TakesIdempotencyKey = true,
            Body = typeof(NewRequestBody),
            Status = StatusCodes.Status201Created,
            Answer = typeof(RequestJson),
            BodyExample = """{"from":"hdl_7ZD8Y2M6K3T5V7W9XAZBCDEFGH","amount":{"amount":"12.5","currency":"USD"},"note":"pizza"}""",
            AnswerExample = OpenExample,
            Refusals = AskRefusals,
        });
        door.Get("/v1/people/requests", ListAsync, new RestCall
        {
            OperationId = "listRequests",
            Tag = "People",
            Summary = "List the requests that this wallet got, or made, newest first",
            Key = KeyOwner.Wallet,
            IsPaged = true,
            Query = [new QueryMember("direction", "received, which is the default, or sent.")],
            Answer = typeof(RequestPage),
            AnswerExample = $$"""{"lines":[{{OpenExample}}]}""",
            Refusals = [RefusalCodes.WalletErased],
        });
        door.Get("/v1/people/requests/{id}", ReadAsync, new RestCall
        {
            OperationId = "readRequest",
            Tag = "People",
            Summary = "Read a request",
            Description = "status is open, accepted, declined, cancelled or expired.",
            Key = KeyOwner.Wallet,
            Path = [IdMember],
            Answer = typeof(RequestJson),
            AnswerExample = OpenExample,
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.RequestNotFound, RefusalCodes.WalletErased],
        });
        door.Post("/v1/people/requests/{id}/accept", AcceptAsync, new RestCall
        {
            OperationId = "acceptRequest",
            Tag = "People",
            Summary = "Pay a request",
            Description = "For the wallet that was asked. A request is paid once: one that is accepted already is answered as it is.",
            Key = KeyOwner.Wallet,
            TakesIdempotencyKey = true,
            Path = [IdMember],
            Body = typeof(NoFields),
            BodyIsOptional = true,
            Answer = typeof(RequestJson),
            BodyExample = "{}",
            AnswerExample = AcceptedExample,
            Refusals = [.. EndRefusals, RefusalCodes.HandleNotFound, RefusalCodes.InsufficientFunds, RefusalCodes.WalletInDebt, RefusalCodes.CapExceeded, RefusalCodes.CapsChanged, RefusalCodes.WalletFrozen, RefusalCodes.AccountClosed],
        });
        door.Post("/v1/people/requests/{id}/decline", request => EndAsync(request, isDecline: true), new RestCall
        {
            OperationId = "declineRequest",
            Tag = "People",
            Summary = "Decline a request",
            Description = "For the wallet that was asked. Declining twice is declining once.",
            Key = KeyOwner.Wallet,
            Path = [IdMember],
            Body = typeof(NoFields),
            BodyIsOptional = true,
            Answer = typeof(RequestJson),
            BodyExample = "{}",
            AnswerExample = DeclinedExample,
            Refusals = EndRefusals,
        });
        door.Post("/v1/people/requests/{id}/cancel", request => EndAsync(request, isDecline: false), new RestCall
        {
            OperationId = "cancelRequest",
            Tag = "People",
            Summary = "Take a request back",
            Description = "For the wallet that asked. Cancelling twice is cancelling once.",
            Key = KeyOwner.Wallet,
            Path = [IdMember],
            Body = typeof(NoFields),
            BodyIsOptional = true,
            Answer = typeof(RequestJson),
            BodyExample = "{}",
            AnswerExample = CancelledExample,
            Refusals = EndRefusals,
        });
        door.Post("/v1/people/bills", SplitAsync, new RestCall
        {
            OperationId = "createBill",
            Tag = "People",
            Summary = "Split a bill: ask each for a part",
            Description = "Without amounts the bill is divided evenly, to the last unit, among those who are asked, and you too with includeMe. With amounts, all of them and ownShare must add up to the bill. Either everybody is asked, 50 at most, or nobody.",
            Key = KeyOwner.Wallet,
            TakesIdempotencyKey = true,
            Body = typeof(NewBillBody),
            Status = StatusCodes.Status201Created,
            Answer = typeof(BillJson),
            BodyExample = """{"amount":{"amount":"25","currency":"USD"},"shares":[{"from":"hdl_7ZD8Y2M6K3T5V7W9XAZBCDEFGH"}],"includeMe":true,"note":"pizza"}""",
            AnswerExample = $$"""{"id":"bil_01JD8Y2M6K3T5V7W9XAZBCDE00","requests":[{{OpenExample}}]}""",
            Refusals = [.. AskRefusals, RefusalCodes.SharesMustSum],
        });
        door.Get("/v1/people/bills/{id}", ReadBillAsync, new RestCall
        {
            OperationId = "readBill",
            Tag = "People",
            Summary = "Read a bill: who has paid",
            Description = "For the wallet that made it.",
            Key = KeyOwner.Wallet,
            Path = [new PathMember("id", "The id of a bill.", "^bil_[0-7][0-9A-HJKMNP-TV-Z]{25}$", "bil_01JD8Y2M6K3T5V7W9XAZBCDE00")],
            Answer = typeof(BillJson),
            AnswerExample = $$"""{"id":"bil_01JD8Y2M6K3T5V7W9XAZBCDE00","requests":[{{OpenExample}}]}""",
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.BillNotFound, RefusalCodes.WalletErased],
        });
    }

    private static async ValueTask<Refusal?> AskAsync(RestRequest request)
    {
        var read = await request.ReadBodyAsync(Wire.Default.NewRequestBody);
        if (!read.IsGiven) return read.Refusal;
        var body = read.Value;
        if (WireIds.Read<HandleKind>(body.From, out var from) is { } refusal) return refusal;
        if (WireAmounts.Read(body.Amount, "amount", out var amount) is { } malformed) return malformed;
        if (CheckNote(body.Note) is { } badNote) return badNote;
        var asked = await request.System.Requests.AskAsync(request.Caller.Wallet, request.Key, new NewBill
        {
            Amount = amount,
            Shares = [new BillShare(from, amount)],
            Note = body.Note,
            LifetimeSeconds = body.LifetimeSeconds ?? NewBill.DefaultLifetimeSeconds,
        });
        if (!asked.IsGiven) return asked.Refusal;
        var made = asked.Value[0];
        return await request.AnswerAsync(From(made), Wire.Default.RequestJson, $"/v1/people/requests/{made.Id}");
    }

    private static async ValueTask<Refusal?> SplitAsync(RestRequest request)
    {
        var read = await request.ReadBodyAsync(Wire.Default.NewBillBody);
        if (!read.IsGiven) return read.Refusal;
        if (ReadBill(read.Value, out var bill) is { } refusal) return refusal;
        var asked = await request.System.Requests.AskAsync(request.Caller.Wallet, request.Key, bill);
        if (!asked.IsGiven) return asked.Refusal;
        return await request.AnswerAsync(From(asked.Value), Wire.Default.BillJson, $"/v1/people/bills/{asked.Value[0].Bill}");
    }

    private static Refusal? ReadBill(NewBillBody body, out NewBill bill)
    {
        bill = null!;
        if (WireAmounts.Read(body.Amount, "amount", out var amount) is { } malformed) return malformed;
        var ownShare = default(Amount?);
        if (body.OwnShare is not null)
        {
            if (WireAmounts.Read(body.OwnShare, "ownShare", out var own) is { } malformedOwn) return malformedOwn;
            ownShare = own;
        }

        if (body.Shares.Count is 0 or > NewBill.MaxShares || body.Shares.Contains(null!)) return new Refusal(RefusalCodes.InvalidField, $"shares must be a list of 1 to {NewBill.MaxShares}.");
        var shares = new List<BillShare>(body.Shares.Count);
        foreach (var share in body.Shares)
        {
            if (WireIds.Read<HandleKind>(share.From, out var from) is { } refusal) return refusal;
            var part = default(Amount?);
            if (share.Amount is not null)
            {
                if (WireAmounts.Read(share.Amount, "shares.amount", out var given) is { } malformedPart) return malformedPart;
                part = given;
            }

            shares.Add(new BillShare(from, part));
        }

        if (CheckNote(body.Note) is { } badNote) return badNote;
        bill = new NewBill
        {
            Amount = amount,
            Shares = shares,
            OwnShare = ownShare,
            IncludeMe = body.IncludeMe ?? false,
            Note = body.Note,
            LifetimeSeconds = body.LifetimeSeconds ?? NewBill.DefaultLifetimeSeconds,
        };
        return null;
    }

    private static async ValueTask<Refusal?> ListAsync(RestRequest request)
    {
        if (request.ReadPage(out var cursor, out var pageSize) is { } refusal) return refusal;
        var direction = request.Http.Request.Query["direction"];
        if (direction.Count > 1 || (direction.Count == 1 && direction[0] is not ("sent" or "received"))) return new Refusal(RefusalCodes.InvalidField, "direction must be received or sent.");
        var page = await request.System.Requests.ListAsync(request.Caller.Wallet, direction.Count == 1 && direction[0] == "sent", cursor, pageSize);
        return page.IsGiven ? await request.AnswerAsync(new RequestPage([.. page.Value.Lines.Select(From)], page.Value.Next), Wire.Default.RequestPage) : page.Refusal;
    }

    private static async ValueTask<Refusal?> ReadAsync(RestRequest request)
    {
        if (request.ReadId<RequestKind>("id", out var id) is { } refusal) return refusal;
        return await AnswerAsync(request, await request.System.Requests.ReadAsync(request.Caller.Wallet, id));
    }

    private static async ValueTask<Refusal?> AcceptAsync(RestRequest request)
    {
        if (request.ReadId<RequestKind>("id", out var id) is { } refusal) return refusal;
        var body = await request.ReadBodyAsync(Wire.Default.NoFields);
        return body.IsGiven ? await AnswerAsync(request, await request.System.Requests.AcceptAsync(request.Caller.Wallet, id, request.Key)) : body.Refusal;
    }

    private static async ValueTask<Refusal?> EndAsync(RestRequest request, bool isDecline)
    {
        if (request.ReadId<RequestKind>("id", out var id) is { } refusal) return refusal;
        var body = await request.ReadBodyAsync(Wire.Default.NoFields);
        if (!body.IsGiven) return body.Refusal;
        var requests = request.System.Requests;
        return await AnswerAsync(request, isDecline ? await requests.DeclineAsync(request.Caller.Wallet, id) : await requests.CancelAsync(request.Caller.Wallet, id));
    }

    private static async ValueTask<Refusal?> ReadBillAsync(RestRequest request)
    {
        if (request.ReadId<BillKind>("id", out var id) is { } refusal) return refusal;
        var read = await request.System.Requests.ReadBillAsync(request.Caller.Wallet, id);
        return read.IsGiven ? await request.AnswerAsync(From(read.Value), Wire.Default.BillJson) : read.Refusal;
    }

    private static async ValueTask<Refusal?> AnswerAsync(RestRequest request, Answer<PersonalRequest> answer) =>
        answer.IsGiven ? await request.AnswerAsync(From(answer.Value), Wire.Default.RequestJson) : answer.Refusal;

    private static Refusal? CheckNote(string? note) =>
        note is null || WireTexts.IsLine(note, PersonalPayment.MaxNoteLength) ? null : WireTexts.Refuse("note", PersonalPayment.MaxNoteLength);

    private static BillJson From(IReadOnlyList<PersonalRequest> requests) => new(requests[0].Bill.ToString(), [.. requests.Select(From)]);

    private static RequestJson From(PersonalRequest request) => new(
        request.Id.ToString(), request.Bill.ToString(), WordFor(request.Status), request.IsSent ? "sent" : "received", request.Counterparty.ToString(), AmountJson.From(request.Amount),
        request.Note, request.Payment?.ToString(), WireTime.Format(request.CreatedAt), WireTime.Format(request.ExpiresAt));

    private static string WordFor(RequestStatus status) => status switch
    {
        RequestStatus.Open => "open",
        RequestStatus.Accepted => "accepted",
        RequestStatus.Declined => "declined",
        RequestStatus.Cancelled => "cancelled",
        _ => "expired",
    };
}
