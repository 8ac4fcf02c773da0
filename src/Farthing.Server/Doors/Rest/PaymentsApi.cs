using Farthing.Payments;
using Farthing.Payments.Desk;
using Farthing.Protocol;

namespace Farthing.Server.Doors.Rest;

/// <summary><c>/v1/payments</c>: paying, alone or in a batch, and reading. What is done to a payment afterwards is in <see cref="PaymentActionsApi"/>.</summary>
internal static class PaymentsApi
{
    /// <summary>The most payments of a batch.</summary>
    public const int MaxBatchPayments = 10_000;

    /// <summary>How many batches are parsed and paid at once; the others wait with their bytes.</summary>
    private const int MaxBatchesAtOnce = 4;

    /// <summary>A payment as its wallet sees it.</summary>
    public const string WalletExample = """
        {"id":"pay_01JD8Y2M6K3T5V7W9XAZBCDEFG","status":"posted","amount":{"amount":"0.02","currency":"USD"},"fee":{"amount":"0.0002","currency":"USD"},"refunded":{"amount":"0","currency":"USD"},"payee":"pye_01JD8Y2M6K3T5V7W9XAZBCDEFG","wallet":"wal_01JD8Y2M6K3T5V7W9XAZBCDEFG","offer":"off_01JD8Y2M6K3T5V7W9XAZBCDEFG","reference":"invoice 7","createdAt":"2026-11-23T09:30:00.000Z","refundableUntil":"2026-11-23T09:45:00.000Z"}
        """;

    /// <summary>What may be wrong with an amount.</summary>
    public static readonly RefusalCode[] AmountRefusals =
    [
        RefusalCodes.InvalidAmount, RefusalCodes.AmountMustBeAString, RefusalCodes.AmountMustNotBeNegative, RefusalCodes.AmountMustNotBeZero,
        RefusalCodes.TooManyDecimals, RefusalCodes.AmountTooLarge, RefusalCodes.UnknownCurrency,
    ];

    private static readonly RefusalCode[] PaymentRefusals =
    [
        .. AmountRefusals, RefusalCodes.CurrencyMismatch, RefusalCodes.InvalidId, RefusalCodes.OfferNotFound, RefusalCodes.OfferClosed, RefusalCodes.OfferIsASubscription, RefusalCodes.AmountBelowMinimum, RefusalCodes.PayeeNotFound,
        RefusalCodes.TermsInvalid, RefusalCodes.TermsExpired, RefusalCodes.TermsForAnotherSite, RefusalCodes.PayeeHasNoSigningKey,
        RefusalCodes.InsufficientFunds, RefusalCodes.WalletInDebt, RefusalCodes.TabUnpaid, RefusalCodes.CapExceeded, RefusalCodes.CapsChanged, RefusalCodes.MandateNotFound, RefusalCodes.MandateRevoked, RefusalCodes.MandateEnded,
        RefusalCodes.MandateScopeExceeded, RefusalCodes.WalletFrozen, RefusalCodes.AccountClosed, RefusalCodes.WalletErased,
    ];

    public static void Map(RestRoutes door)
    {
        var batches = new SemaphoreSlim(MaxBatchesAtOnce);
        door.Post("/v1/payments", PayAsync, new RestCall
        {
            OperationId = "createPayment",
            Tag = "Payments",
            Summary = "Pay",
            Description = "Exactly one of: offer (with quantity, 1 by default), terms, or payee with amount. An offer, or terms of one, whose amount the payer names take an amount too. With hold the money is set aside until the payee posts or voids it. A payment by terms answers with the entitlement that the site accepts. An offer with the model tab is read on tab: no money moves, the price is added to what the wallet owes the payee (/v1/tabs, and the member tab of the answer), and whoever reads so agrees that a full tab is paid by itself from the wallet's balance once that suffices. With mandate it is paid under that mandate, or refused; a mandate's own key always pays under it.",
            Key = KeyOwner.WalletOrMandate,
            TakesIdempotencyKey = true,
            Body = typeof(NewPaymentBody),
            Status = StatusCodes.Status201Created,
            Answer = typeof(PaymentJson),
            BodyExample = """{"offer":"off_01JD8Y2M6K3T5V7W9XAZBCDEFG","reference":"invoice 7"}""",
            AnswerExample = WalletExample,
            Refusals = PaymentRefusals,
        });
        door.Post("/v1/payments/batch", request => PayManyAsync(request, batches), new RestCall
        {
            OperationId = "createPayments",
            Tag = "Payments",
            Summary = "Pay many at once",
            Description = "At most 10,000 payments and 4 MiB. The payments are independent of each other: each has its own idempotencyKey, of the same key space as single payments, and its own result, in order. A body of the wrong form is refused as a whole, before anything is paid.",
            Key = KeyOwner.WalletOrMandate,
            Body = typeof(BatchBody),
            MaxBytes = RestCall.MaxBatchBodyBytes,
            MaxListLength = MaxBatchPayments,
            Answer = typeof(BatchAnswer),
            BodyExample = """{"payments":[{"idempotencyKey":"0193590f-6a10-7cc2-8f3c-1d2e3f405162","offer":"off_01JD8Y2M6K3T5V7W9XAZBCDEFG"}]}""",
            AnswerExample = $$"""{"results":[{"payment":{{WalletExample}}}]}""",
            Refusals = [RefusalCodes.AmountMustBeAString],
        });
        door.Get("/v1/payments/{id}", ReadAsync, new RestCall
        {
            OperationId = "readPayment",
            Tag = "Payments",
            Summary = "Read a payment",
            Description = "Its wallet sees wallet; its payee sees payer instead, a pseudonym that is different for each payee.",
            Key = KeyOwner.WalletOrPayee,
            Answer = typeof(PaymentJson),
            AnswerExample = WalletExample,
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.PaymentNotFound],
        });
        door.Get("/v1/payments", FindAsync, new RestCall
        {
            OperationId = "findPayments",
            Tag = "Payments",
            Summary = "Find payments by reference, newest first",
            Key = KeyOwner.WalletOrPayee,
            IsPaged = true,
            Query = [new QueryMember("reference", "The reference of the payments.") { IsRequired = true }],
            Answer = typeof(PaymentPage),
            AnswerExample = $$"""{"lines":[{{WalletExample}}]}""",
        });
        door.Get("/v1/payments/{id}/receipt", ReadReceiptAsync, new RestCall
        {
            OperationId = "readReceipt",
            Tag = "Payments",
            Summary = "Read the receipt of a payment",
            Description = "Proof that every leg of the payment is in the journal, and the operator's signed word on its state at the checkpoint. It is checked offline, with the key of /v1/ledger/key.",
            Key = KeyOwner.WalletOrPayee,
            Answer = typeof(Receipt),
            AnswerExample = """
                {"payment":{"id":"pay_01JD8Y2M6K3T5V7W9XAZBCDEFG","status":"posted","amount":{"amount":"0.00001","currency":"USD"},"fee":{"amount":"0","currency":"USD"},"refunded":{"amount":"0","currency":"USD"},"payee":"pye_01JD8Y2M6K3T5V7W9XAZBCDEFG","createdAt":"2026-11-23T09:30:00.000Z"},"legs":[{"leaf":"AQIA…","index":7,"proof":"9sKE…"}],"leaf":"AQIA…","index":7,"proof":"9sKE…","checkpoint":"farthing.test/0a1b2c3d\n42\nqINS…\n\n— farthing.test/0a1b2c3d …\n","statement":"k3Jv…"}
                """,
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.PaymentNotFound, RefusalCodes.ReadOnTab],
        });
    }

    private static async ValueTask<Refusal?> PayAsync(RestRequest request)
    {
        var body = await request.ReadBodyAsync(Wire.Default.NewPaymentBody);
        if (!body.IsGiven) return body.Refusal;
        if (await request.FindPayerAsync() is not { } wallet) return new Refusal(RefusalCodes.Unauthorized, "The mandate of this key is not known here.");
        if (ReadPayment(body.Value, wallet, request.Caller, request.Key, isAlone: true, out var asked) is { } refusal) return refusal;
        var paid = await request.System.Desk.PayAsync(asked);
        return paid.IsGiven ? await PaymentWriter.AnswerAsync(request, paid.Value, $"/v1/payments/{paid.Value.Id}") : paid.Refusal;
    }

    private static async ValueTask<Refusal?> PayManyAsync(RestRequest request, SemaphoreSlim batches)
    {
        using var turn = new Turn(batches);
        var body = await request.ReadBodyAsync(Wire.Default.BatchBody, turn);
        if (!body.IsGiven) return body.Refusal;
        var bodies = body.Value.Payments;
        if (bodies.Count == 0) return new Refusal(RefusalCodes.InvalidField, $"payments must be a list of 1 to {MaxBatchPayments}.");
        if (bodies.Contains(null!)) return new Refusal(RefusalCodes.InvalidField, "A payment of the list is null.");

        if (await request.FindPayerAsync() is not { } wallet) return new Refusal(RefusalCodes.Unauthorized, "The mandate of this key is not known here.");

        // What is wrong with one payment is its own result; the others are paid all the same.
        var refusals = new Refusal?[bodies.Count];
        var asked = new List<PaymentRequest>(bodies.Count);
        for (var i = 0; i < bodies.Count; i++)
        {
            refusals[i] = ReadBatchPayment(bodies[i], wallet, request.Caller, out var payment);
            if (refusals[i] is null) asked.Add(payment);
        }

        var paid = asked.Count == 0 ? [] : await request.System.Desk.PayManyAsync(asked);
        // A slow reader of the answer keeps nobody waiting either.
        turn.Dispose();
        return await PaymentWriter.AnswerBatchAsync(request, refusals, paid);
    }

    private static Refusal? ReadBatchPayment(BatchPaymentBody body, Id<WalletKind> wallet, Caller caller, out PaymentRequest asked)
    {
        asked = null!;
        if (string.IsNullOrEmpty(body.IdempotencyKey)) return new Refusal(RefusalCodes.IdempotencyKeyMissing, "Each payment of a batch has its own idempotencyKey.");
        return IdempotencyKey.TryParse(body.IdempotencyKey, out var key)
            ? ReadPayment(body, wallet, caller, key, isAlone: false, out asked)
            : new Refusal(RefusalCodes.IdempotencyKeyInvalid, "An idempotencyKey is 1 to 255 visible ASCII characters.");
    }

    private static Refusal? ReadPayment(NewPaymentBody body, Id<WalletKind> wallet, Caller caller, IdempotencyKey key, bool isAlone, out PaymentRequest asked)
    {
        asked = null!;
        var offer = default(Id<OfferKind>);
        var payee = default(Id<PayeeKind>);
        var amount = default(Amount);
        var refusal = body switch
        {
            { Offer: not null, Terms: null, Payee: null } => WireIds.Read(body.Offer, out offer),
            { Terms: not null, Offer: null, Payee: null } => null,
            { Payee: not null, Amount: not null, Offer: null, Terms: null } => WireIds.Read(body.Payee, out payee),
            { Payee: not null, Offer: null, Terms: null } => new Refusal(RefusalCodes.MissingField, "A payment to a payee needs an amount."),
            { Amount: not null, Offer: null, Terms: null } => new Refusal(RefusalCodes.MissingField, "A payment of an amount needs a payee."),
            { Offer: null, Terms: null } => new Refusal(RefusalCodes.MissingField, "A payment needs one of: offer, terms, or payee with amount."),
            _ => new Refusal(RefusalCodes.InvalidField, "A payment has exactly one of: offer, terms, or payee with amount."),
        };
        if (refusal is null && body.Amount is not null) refusal = WireAmounts.Read(body.Amount, "amount", out amount);
        if (refusal is not null) return refusal;
        if (body.Quantity is { } quantity)
        {
            if (body.Offer is null) return new Refusal(RefusalCodes.InvalidField, "quantity goes with offer only.");
            if (quantity is 0 or > PaymentRequest.MaxQuantity) return new Refusal(RefusalCodes.InvalidField, $"quantity must be 1 to {PaymentRequest.MaxQuantity}.");
        }

        if (ReadMandate(body.Mandate, caller, out var mandate) is { } notMandate) return notMandate;
        if (body.Reference is not null && !WireTexts.IsLine(body.Reference, PaymentRequest.MaxReferenceLength))
            return WireTexts.Refuse("reference", PaymentRequest.MaxReferenceLength);
        asked = new PaymentRequest
        {
            Wallet = wallet,
            Key = key,
            Offer = body.Offer is null ? null : offer,
            Quantity = body.Quantity ?? 1,
            Terms = body.Terms,
            Payee = body.Payee is null ? null : payee,
            Amount = body.Amount is null ? null : amount,
            Reference = body.Reference,
            Mandate = mandate,
            ByMandateKey = caller.Kind == CallerKind.Mandate,
            Hold = body.Hold ?? false,
            // What follows is the answer of one payment, written to a socket that nobody waits for.
            ResumesBriefly = isAlone,
        };
        return null;
    }

    /// <summary>Reads the mandate that something is paid under, which of a mandate's own key is that one.</summary>
    public static Refusal? ReadMandate(string? sent, Caller caller, out Id<MandateKind>? mandate)
    {
        mandate = caller.Kind == CallerKind.Mandate ? caller.Mandate : null;
        if (sent is null) return null;
        if (WireIds.Read<MandateKind>(sent, out var named) is { } malformed) return malformed;
        if (caller.Kind == CallerKind.Mandate && named != caller.Mandate) return new Refusal(RefusalCodes.Forbidden, "This key pays under its own mandate only. Leave mandate out.");
        mandate = named;
        return null;
    }

    private static async ValueTask<Refusal?> ReadAsync(RestRequest request)
    {
        if (request.ReadId<PaymentKind>("id", out var id) is { } refusal) return refusal;
        var read = await request.System.Desk.ReadAsync(request.Caller, id);
        return read.IsGiven ? await PaymentWriter.AnswerAsync(request, read.Value) : read.Refusal;
    }

    private static async ValueTask<Refusal?> FindAsync(RestRequest request)
    {
        if (request.ReadPage(out var cursor, out var pageSize) is { } refusal) return refusal;
        var references = request.Http.Request.Query["reference"];
        if (references.Count == 0) return new Refusal(RefusalCodes.MissingField, "Say which payments: ?reference=…");
        if (references.Count > 1 || !WireTexts.IsLine(references[0]!, PaymentRequest.MaxReferenceLength)) return WireTexts.Refuse("reference", PaymentRequest.MaxReferenceLength);
        var page = await request.System.Desk.FindByReferenceAsync(request.Caller, references[0]!, cursor, pageSize);
        return page.IsGiven ? await PaymentWriter.AnswerPageAsync(request, page.Value) : page.Refusal;
    }

    private static async ValueTask<Refusal?> ReadReceiptAsync(RestRequest request)
    {
        if (request.ReadId<PaymentKind>("id", out var id) is { } refusal) return refusal;
        var receipt = await request.System.Receipts.WriteAsync(request.Caller, id, request.Http.RequestAborted);
        return receipt.IsGiven ? await request.AnswerAsync(receipt.Value, Wire.Default.Receipt) : receipt.Refusal;
    }
}
