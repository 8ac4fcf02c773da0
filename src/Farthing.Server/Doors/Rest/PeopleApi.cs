using Farthing.Payments;
using Farthing.Payments.People;
using Farthing.Protocol;

namespace Farthing.Server.Doors.Rest;

/// <summary>Body of <c>POST /v1/people/payments</c>.</summary>
internal sealed record NewPersonalPaymentBody
{
    public required string To { get; init; }
    public required AmountJson Amount { get; init; }
    public string? Note { get; init; }
}

/// <summary>A payment between wallets, as one of them sees it.</summary>
internal sealed record PersonalPaymentJson(string Id, string Direction, string Counterparty, AmountJson Amount, string? Note, string? Request, string CreatedAt);

/// <summary><c>/v1/people</c>: wallets that pay wallets.</summary>
internal static class PeopleApi
{
    private const string Example = """
        {"id":"per_01JD8Y2M6K3T5V7W9XAZBCDEFG","direction":"sent","counterparty":"hdl_7ZD8Y2M6K3T5V7W9XAZBCDEFGH","amount":{"amount":"12.5","currency":"USD"},"note":"pizza","createdAt":"2026-11-23T09:30:00.000Z"}
        """;

    private static readonly PathMember IdMember = new("id", "The id of a payment between wallets.", "^per_[0-7][0-9A-HJKMNP-TV-Z]{25}$", "per_01JD8Y2M6K3T5V7W9XAZBCDEFG");

    public static void Map(RestRoutes door)
    {
        door.Post("/v1/people/payments", PayAsync, new RestCall
        {
            OperationId = "createPersonalPayment",
            Tag = "People",
            Summary = "Pay another person's wallet",
            Description = "to is the handle that the other person gave you: the member handle of their wallet. There is no fee. The payment is final: only the other person can pay it back. Nobody but the two of you can read the note.",
            Key = KeyOwner.Wallet,
            TakesIdempotencyKey = true,
            Body = typeof(NewPersonalPaymentBody),
            Status = StatusCodes.Status201Created,
            Answer = typeof(PersonalPaymentJson),
            BodyExample = """{"to":"hdl_7ZD8Y2M6K3T5V7W9XAZBCDEFGH","amount":{"amount":"12.5","currency":"USD"},"note":"pizza"}""",
            AnswerExample = Example,
            Refusals =
            [
                .. PaymentsApi.AmountRefusals, RefusalCodes.CurrencyMismatch, RefusalCodes.InvalidId, RefusalCodes.HandleNotFound, RefusalCodes.InsufficientFunds, RefusalCodes.WalletInDebt, RefusalCodes.CapExceeded, RefusalCodes.CapsChanged,
                RefusalCodes.WalletFrozen, RefusalCodes.AccountClosed, RefusalCodes.WalletErased,
            ],
        });
        door.Get("/v1/people/payments/{id}", ReadAsync, new RestCall
        {
            OperationId = "readPersonalPayment",
            Tag = "People",
            Summary = "Read a payment from or to another person",
            Description = "direction is sent or received, as the wallet that asks sees it; counterparty is the other one's handle.",
            Key = KeyOwner.Wallet,
            Path = [IdMember],
            Answer = typeof(PersonalPaymentJson),
            AnswerExample = Example,
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.PersonalPaymentNotFound, RefusalCodes.WalletErased],
        });
    }

    private static async ValueTask<Refusal?> PayAsync(RestRequest request)
    {
        var body = await request.ReadBodyAsync(Wire.Default.NewPersonalPaymentBody);
        if (!body.IsGiven) return body.Refusal;
        if (WireIds.Read<HandleKind>(body.Value.To, out var to) is { } refusal) return refusal;
        if (WireAmounts.Read(body.Value.Amount, "amount", out var amount) is { } malformed) return malformed;
        if (body.Value.Note is { } note && !WireTexts.IsLine(note, PersonalPayment.MaxNoteLength)) return WireTexts.Refuse("note", PersonalPayment.MaxNoteLength);
        var paid = await request.System.People.PayAsync(request.Caller.Wallet, request.Key, to, amount, body.Value.Note);
        return paid.IsGiven ? await request.AnswerAsync(From(paid.Value), Wire.Default.PersonalPaymentJson, $"/v1/people/payments/{paid.Value.Id}") : paid.Refusal;
    }

    private static async ValueTask<Refusal?> ReadAsync(RestRequest request)
    {
        if (request.ReadId<PersonalPaymentKind>("id", out var id) is { } refusal) return refusal;
        var read = await request.System.People.ReadAsync(request.Caller.Wallet, id);
        return read.IsGiven ? await request.AnswerAsync(From(read.Value), Wire.Default.PersonalPaymentJson) : read.Refusal;
    }

    private static PersonalPaymentJson From(PersonalPayment payment) => new(
        payment.Id.ToString(), payment.IsSent ? "sent" : "received", payment.Counterparty.ToString(), AmountJson.From(payment.Amount), payment.Note, payment.Request?.ToString(), WireTime.Format(payment.CreatedAt));
}
