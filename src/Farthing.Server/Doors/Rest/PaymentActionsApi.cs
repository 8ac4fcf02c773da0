using Farthing.Payments;
using Farthing.Payments.Desk;
using Farthing.Protocol;

namespace Farthing.Server.Doors.Rest;

/// <summary>What is done to a payment after it was made: post, void, refund.</summary>
internal static class PaymentActionsApi
{
    private static readonly string VoidedExample = PaymentsApi.WalletExample.Replace("posted", "voided", StringComparison.Ordinal);

    public static void Map(RestRoutes door)
    {
        door.Post("/v1/payments/{id}/post", PostAsync, new RestCall
        {
            OperationId = "postPayment",
            Tag = "Payments",
            Summary = "Post a held payment",
            Description = "All of it, or the amount; the rest returns to the wallet.",
            Key = KeyOwner.Payee,
            TakesIdempotencyKey = true,
            Body = typeof(AmountBody),
            BodyIsOptional = true,
            Answer = typeof(PaymentJson),
            BodyExample = """{"amount":{"amount":"0.015","currency":"USD"}}""",
            AnswerExample = PaymentsApi.WalletExample,
            Refusals =
            [
                .. PaymentsApi.AmountRefusals, RefusalCodes.CurrencyMismatch, RefusalCodes.InvalidId, RefusalCodes.PaymentNotFound, RefusalCodes.PaymentNotHeld, RefusalCodes.PaymentMetered,
                RefusalCodes.HoldAlreadyPosted, RefusalCodes.HoldAlreadyVoided, RefusalCodes.HoldExpired, RefusalCodes.ExceedsHeld, RefusalCodes.AccountClosed,
            ],
        });
        door.Post("/v1/payments/{id}/void", VoidAsync, new RestCall
        {
            OperationId = "voidPayment",
            Tag = "Payments",
            Summary = "Void a held payment",
            Description = "All that is held returns to the wallet.",
            Key = KeyOwner.Payee,
            TakesIdempotencyKey = true,
            Body = typeof(NoFields),
            BodyIsOptional = true,
            Answer = typeof(PaymentJson),
            BodyExample = "{}",
            AnswerExample = VoidedExample,
            Refusals =
            [
                RefusalCodes.InvalidId, RefusalCodes.PaymentNotFound, RefusalCodes.PaymentNotHeld, RefusalCodes.HoldAlreadyPosted, RefusalCodes.HoldAlreadyVoided,
                RefusalCodes.HoldExpired,
            ],
        });
        door.Post("/v1/payments/{id}/refunds", RefundAsync, new RestCall
        {
            OperationId = "createRefund",
            Tag = "Payments",
            Summary = "Refund a payment, in whole or part",
            Description = "All that is left, or the amount, until refundableUntil. The operator's fee is given back in proportion. A refund of a read on tab takes it off the tab; what paid the tab is given back by the payee only. A refund by the wallet, even of a part, ends what was bought; a payee's refund of a part does not. A wallet's own refunds are counted: a payee sets how many it has in a calendar month.",
            Key = KeyOwner.WalletOrPayee,
            TakesIdempotencyKey = true,
            Body = typeof(AmountBody),
            BodyIsOptional = true,
            Status = StatusCodes.Status201Created,
            Answer = typeof(RefundJson),
            BodyExample = """{"amount":{"amount":"0.02","currency":"USD"}}""",
            AnswerExample = """{"id":"ref_01JD8Y2M6K3T5V7W9XAZBCDEFG","payment":"pay_01JD8Y2M6K3T5V7W9XAZBCDEFG","amount":{"amount":"0.02","currency":"USD"},"feeReturned":{"amount":"0.0002","currency":"USD"},"createdAt":"2026-11-23T09:31:00.000Z"}""",
            Refusals =
            [
                .. PaymentsApi.AmountRefusals, RefusalCodes.CurrencyMismatch, RefusalCodes.InvalidId, RefusalCodes.PaymentNotFound, RefusalCodes.PaymentNotPosted,
                RefusalCodes.ExceedsRefundable, RefusalCodes.TooManyRefunds, RefusalCodes.RefundWindowOver, RefusalCodes.RefundByPayeeOnly, RefusalCodes.RefundAllowanceExhausted,
                RefusalCodes.TabSettled, RefusalCodes.PayeeFundsInsufficient, RefusalCodes.AccountClosed, RefusalCodes.WalletErased,
            ],
        });
    }

    private static async ValueTask<Refusal?> PostAsync(RestRequest request)
    {
        if (request.ReadId<PaymentKind>("id", out var id) is { } refusal) return refusal;
        var amount = await ReadAmountAsync(request);
        if (!amount.IsGiven) return amount.Refusal;
        var posted = await request.System.Desk.PostAsync(request.Caller, id, request.Key, amount.Value.Amount);
        return posted.IsGiven ? await PaymentWriter.AnswerAsync(request, posted.Value) : posted.Refusal;
    }

    private static async ValueTask<Refusal?> VoidAsync(RestRequest request)
    {
        if (request.ReadId<PaymentKind>("id", out var id) is { } refusal) return refusal;
        var body = await request.ReadBodyAsync(Wire.Default.NoFields);
        if (!body.IsGiven) return body.Refusal;
        var voided = await request.System.Desk.VoidAsync(request.Caller, id, request.Key);
        return voided.IsGiven ? await PaymentWriter.AnswerAsync(request, voided.Value) : voided.Refusal;
    }

    private static async ValueTask<Refusal?> RefundAsync(RestRequest request)
    {
        if (request.ReadId<PaymentKind>("id", out var id) is { } refusal) return refusal;
        var amount = await ReadAmountAsync(request);
        if (!amount.IsGiven) return amount.Refusal;
        var made = await request.System.Desk.RefundAsync(request.Caller, id, request.Key, amount.Value.Amount);
        if (!made.IsGiven) return made.Refusal;
        return await request.AnswerAsync(From(made.Value), Wire.Default.RefundJson, $"/v1/payments/{made.Value.Payment}");
    }

    internal static RefundJson From(Refund refund) => new(refund.Id.ToString(), refund.Payment.ToString(), AmountJson.From(refund.Amount), AmountJson.From(refund.FeeReturned), WireTime.Format(refund.CreatedAt));

    private static async ValueTask<Answer<AmountOrAll>> ReadAmountAsync(RestRequest request)
    {
        var body = await request.ReadBodyAsync(Wire.Default.AmountBody);
        if (!body.IsGiven) return body.Refusal;
        if (body.Value.Amount is null) return new AmountOrAll(null);
        return WireAmounts.Read(body.Value.Amount, "amount", out var amount) is { } refusal ? refusal : new AmountOrAll(amount);
    }

    // Null asks for all that is left.
    private readonly record struct AmountOrAll(Amount? Amount);
}
