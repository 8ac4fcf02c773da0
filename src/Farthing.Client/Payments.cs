using Farthing.Protocol;

namespace Farthing.Client;

/// <summary>Payments, refunds and receipts.</summary>
/// <remarks>A wallet's or a mandate's key pays; the payee's key posts and voids what is held; both may refund.</remarks>
public sealed class PaymentCalls
{
    private readonly Caller caller;

    internal PaymentCalls(Caller caller) => this.caller = caller;

    /// <summary>Pays.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Payment> CreatePaymentAsync(NewPayment payment, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync("/v1/payments", payment, Wire.Default.NewPayment, idempotencyKey, Wire.Default.Payment, cancellation);

    /// <summary>The payments with a reference, newest first.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Listing<Payment> FindPaymentsAsync(string reference) => caller.List($"/v1/payments?reference={Uri.EscapeDataString(reference)}", Wire.Default.PagePayment);

    /// <summary>Pays many at once: at most 10,000, each with a key and a result of its own, in order.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<BatchAnswer> CreatePaymentsAsync(IReadOnlyList<BatchPayment> payments, CancellationToken cancellation = default) =>
        caller.PostAsync("/v1/payments/batch", new Batch { Payments = payments }, Wire.Default.Batch, null, Wire.Default.BatchAnswer, cancellation);

    /// <summary>Shows a site that the wallet has bought what its terms ask, or subscribes to it; a wallet's key is needed. Pays nothing, whatever the terms are.</summary>
    /// <param name="terms">The token of the site's terms.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>What the site accepts, for an hour at most.</returns>
    /// <exception cref="FarthingException">The server refused: <c>not_covered</c> if nothing that the wallet has covers the terms.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<ShownEntitlement> ShowEntitlementAsync(string terms, CancellationToken cancellation = default) =>
        caller.PostAsync("/v1/entitlements", new TermsToShow { Terms = terms }, Wire.Default.TermsToShow, null, Wire.Default.ShownEntitlement, cancellation);

    /// <summary>Reads a payment.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Payment> ReadPaymentAsync(Id<PaymentKind> payment, CancellationToken cancellation = default) =>
        caller.GetAsync($"/v1/payments/{payment}", Wire.Default.Payment, cancellation);

    /// <summary>Reads a payment's receipt. It is not checked: see <see cref="Receipt.Verify"/>.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Receipt> ReadReceiptAsync(Id<PaymentKind> payment, CancellationToken cancellation = default) =>
        caller.ReadAsync($"/v1/payments/{payment}/receipt", static bytes => Receipt.TryParse(bytes, out var receipt) ? receipt : null, cancellation);

    /// <summary>Posts a held payment: all of it, or the amount, and the rest returns to the wallet.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Payment> PostPaymentAsync(Id<PaymentKind> payment, string idempotencyKey, Amount? amount = null, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/payments/{payment}/post", new PartAmount { Amount = amount }, Wire.Default.PartAmount, idempotencyKey, Wire.Default.Payment, cancellation);

    /// <summary>Voids a held payment: all of it returns to the wallet.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Payment> VoidPaymentAsync(Id<PaymentKind> payment, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/payments/{payment}/void", idempotencyKey, Wire.Default.Payment, cancellation);

    /// <summary>Gives a payment back, while its refund window is open: all that is left, or the amount.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Refund> CreateRefundAsync(Id<PaymentKind> payment, string idempotencyKey, Amount? amount = null, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/payments/{payment}/refunds", new PartAmount { Amount = amount }, Wire.Default.PartAmount, idempotencyKey, Wire.Default.Refund, cancellation);
}

/// <summary>What a site accepts as bought.</summary>
public sealed record ShownEntitlement
{
    /// <summary>Its token.</summary>
    public required string Entitlement { get; init; }
}

/// <summary>Body of showing an entitlement.</summary>
internal sealed record TermsToShow
{
    public required string Terms { get; init; }
}

/// <summary>What to pay: exactly one of terms, an offer, or a payee with an amount.</summary>
public record NewPayment
{
    /// <summary>The token of a site's terms.</summary>
    public string? Terms { get; init; }

    /// <summary>The offer that is bought.</summary>
    public Id<OfferKind>? Offer { get; init; }

    /// <summary>How many of the offer; one if null.</summary>
    public uint? Quantity { get; init; }

    /// <summary>Who is paid, with <see cref="Amount"/>.</summary>
    public Id<PayeeKind>? Payee { get; init; }

    /// <summary>How much: with a payee, or where the payer names it.</summary>
    public Amount? Amount { get; init; }

    /// <summary>The payer's own words for it, 1 to 255 characters.</summary>
    public string? Reference { get; init; }

    /// <summary>The mandate that it is paid under, or null.</summary>
    public Id<MandateKind>? Mandate { get; init; }

    /// <summary>True to set the money aside until the payee posts or voids the payment.</summary>
    public bool? Hold { get; init; }
}

/// <summary>One payment of many.</summary>
public sealed record BatchPayment : NewPayment
{
    /// <summary>Its own key, of the same key space as those of single payments.</summary>
    public required string IdempotencyKey { get; init; }
}

/// <summary>Body of many payments.</summary>
internal sealed record Batch
{
    /// <summary>The payments.</summary>
    public required IReadOnlyList<BatchPayment> Payments { get; init; }
}

/// <summary>What became of many payments.</summary>
public sealed record BatchAnswer
{
    /// <summary>One for each payment, in order.</summary>
    public required IReadOnlyList<BatchResult> Results { get; init; }
}

/// <summary>What became of one payment of many: exactly one of the two is there.</summary>
public sealed record BatchResult
{
    /// <summary>The payment.</summary>
    public Payment? Payment { get; init; }

    /// <summary>Why there is none.</summary>
    public Problem? Problem { get; init; }
}

/// <summary>A payment.</summary>
public sealed record Payment
{
    /// <summary>Its id.</summary>
    public required Id<PaymentKind> Id { get; init; }

    /// <summary><c>held</c>, <c>posted</c>, <c>voided</c> or <c>expired</c>.</summary>
    public required string Status { get; init; }

    /// <summary>The price.</summary>
    public required Amount Amount { get; init; }

    /// <summary>The operator's fee, out of the payee's share.</summary>
    public required Amount Fee { get; init; }

    /// <summary>What was given back.</summary>
    public required Amount Refunded { get; init; }

    /// <summary>Who is paid.</summary>
    public required Id<PayeeKind> Payee { get; init; }

    /// <summary>Who paid; only the wallet itself sees it.</summary>
    public Id<WalletKind>? Wallet { get; init; }

    /// <summary>Who paid, as the payee knows it: another pseudonym at each payee.</summary>
    public Id<PayerKind>? Payer { get; init; }

    /// <summary>The tab that it was read on, or that it paid; else null.</summary>
    public Id<TabKind>? Tab { get; init; }

    /// <summary>The offer that was bought, or null.</summary>
    public Id<OfferKind>? Offer { get; init; }

    /// <summary>The payer's words for it, or null.</summary>
    public string? Reference { get; init; }

    /// <summary>What the terms were for, or null.</summary>
    public string? Resource { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Until when it can be refunded, or null.</summary>
    public DateTimeOffset? RefundableUntil { get; init; }

    /// <summary>What the site accepts as paid; only in the answer to a payment by terms.</summary>
    public string? Entitlement { get; init; }
}

/// <summary>Body of a post or a refund.</summary>
internal sealed record PartAmount
{
    /// <summary>How much; all if null.</summary>
    public Amount? Amount { get; init; }
}

/// <summary>A refund.</summary>
public sealed record Refund
{
    /// <summary>Its id.</summary>
    public required Id<RefundKind> Id { get; init; }

    /// <summary>What was given back.</summary>
    public required Id<PaymentKind> Payment { get; init; }

    /// <summary>How much of it.</summary>
    public required Amount Amount { get; init; }

    /// <summary>How much of that the operator's fee was.</summary>
    public required Amount FeeReturned { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}
