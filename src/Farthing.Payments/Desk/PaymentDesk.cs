using Farthing.Payments.Offers;
using Farthing.Protocol;

namespace Farthing.Payments.Desk;

/// <summary>What a wallet asks to pay: exactly one of an offer, terms, or a payee with an amount.</summary>
public sealed record PaymentRequest
{
    /// <summary>The longest reference, in characters.</summary>
    public const int MaxReferenceLength = 255;

    /// <summary>The largest quantity.</summary>
    public const uint MaxQuantity = 1_000_000;

    /// <summary>Who pays.</summary>
    public required Id<WalletKind> Wallet { get; init; }

    /// <summary>The key of this request.</summary>
    public required IdempotencyKey Key { get; init; }

    /// <summary>The offer that is bought.</summary>
    public Id<OfferKind>? Offer { get; init; }

    /// <summary>How many of it, 1 by default.</summary>
    public uint Quantity { get; init; } = 1;

    /// <summary>The token of a site's terms.</summary>
    public string? Terms { get; init; }

    /// <summary>Who is paid, with <see cref="Amount"/>.</summary>
    public Id<PayeeKind>? Payee { get; init; }

    /// <summary>How much, with <see cref="Payee"/>.</summary>
    public Amount? Amount { get; init; }

    /// <summary>The merchant's or payer's own words for it, 1 to 255 characters; encrypted before it is journaled.</summary>
    public string? Reference { get; init; }

    /// <summary>True to hold the money until the payee posts or voids it.</summary>
    public bool Hold { get; init; }
}

/// <summary>What a payment is at a moment.</summary>
public enum PaymentStatus : byte
{
    /// <summary>Set aside.</summary>
    Held,

    /// <summary>Paid.</summary>
    Posted,

    /// <summary>Given back before it was posted.</summary>
    Voided,

    /// <summary>Given back when its time ran out.</summary>
    Expired,
}

/// <summary>A payment as it is. Immutable; safe to share between threads.</summary>
public sealed record Payment
{
    /// <summary>Its id.</summary>
    public required Id<PaymentKind> Id { get; init; }

    /// <summary>What it is now; in the answer to its making, what it was then.</summary>
    public required PaymentStatus Status { get; init; }

    /// <summary>The price: of a held payment what is held, of a posted one what was posted.</summary>
    public required Amount Amount { get; init; }

    /// <summary>The operator's fee out of it, less what refunds gave back.</summary>
    public required Amount Fee { get; init; }

    /// <summary>What was given back.</summary>
    public required Amount Refunded { get; init; }

    /// <summary>Who is paid.</summary>
    public required Id<PayeeKind> Payee { get; init; }

    /// <summary>Who paid; doors show it only to the wallet itself.</summary>
    public required Id<WalletKind> Wallet { get; init; }

    /// <summary>The payer's pseudonym with this payee; doors show it only to the payee.</summary>
    public required Id<PayerKind> Payer { get; init; }

    /// <summary>The offer that was bought, if one was and the wallet is not erased.</summary>
    public Id<OfferKind>? Offer { get; init; }

    /// <summary>The reference, if one was given and the wallet is not erased.</summary>
    public string? Reference { get; init; }

    /// <summary>The resource of the terms, if it was paid by terms and the wallet is not erased.</summary>
    public string? Resource { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Until when it can be refunded, or null.</summary>
    public DateTimeOffset? RefundableUntil { get; init; }

    /// <summary>What the site accepts as paid; only in the answer to a payment by terms, and only while it is posted and not wholly refunded.</summary>
    public string? Entitlement { get; init; }
}

/// <summary>A refund that was made. Immutable.</summary>
public sealed record Refund(Id<RefundKind> Id, Id<PaymentKind> Payment, Amount Amount, Amount FeeReturned, DateTimeOffset CreatedAt);

/// <summary>What terms ask, examined for a payer who has not decided yet.</summary>
/// <param name="Terms">The terms; their signature, expiry and site are checked.</param>
/// <param name="Payee">Who is paid.</param>
/// <param name="Price">How much.</param>
/// <param name="Fee">The operator's fee, out of the payee's share.</param>
/// <param name="RefundWindowSeconds">How long it can be refunded.</param>
/// <param name="Paid">The wallet's payment for this resource that still stands, or null.</param>
public sealed record ExaminedTerms(Terms Terms, Payees.Payee Payee, Amount Price, Amount Fee, int RefundWindowSeconds, Payment? Paid);

/// <summary>Payments: pay, post, void, refund, read. All doors come here.</summary>
/// <remarks>
/// Thread-safe. A payment: resolve offer → price it → check → build the linked transfers (price, fee) → one ledger submission. Everything before the
/// submission reads memory only, once payee, offer and wallet were read. Every write is idempotent for ever (UUIDv7 keys), also across a crash.
/// </remarks>
public sealed class PaymentDesk
{
    /// <summary>Pays or holds.</summary>
    public ValueTask<Answer<Payment>> PayAsync(PaymentRequest request) => throw new NotImplementedException();

    /// <summary>Pays many, independent of each other, in order, with one wait for the disk.</summary>
    public ValueTask<Answer<Payment>[]> PayManyAsync(IReadOnlyList<PaymentRequest> requests) => throw new NotImplementedException();

    /// <summary>A payment as its wallet or payee may see it.</summary>
    public ValueTask<Answer<Payment>> ReadAsync(Caller caller, Id<PaymentKind> id) => throw new NotImplementedException();

    /// <summary>The caller's payments with a reference, newest first.</summary>
    public ValueTask<Answer<Page<Payment>>> FindByReferenceAsync(Caller caller, string reference, string? cursor, int pageSize) => throw new NotImplementedException();

    /// <summary>Posts a held payment, whole if <paramref name="amount"/> is null; the rest returns to the wallet.</summary>
    public ValueTask<Answer<Payment>> PostAsync(Caller caller, Id<PaymentKind> id, IdempotencyKey key, Amount? amount) => throw new NotImplementedException();

    /// <summary>Voids a held payment.</summary>
    public ValueTask<Answer<Payment>> VoidAsync(Caller caller, Id<PaymentKind> id, IdempotencyKey key) => throw new NotImplementedException();

    /// <summary>Gives back a posted payment, all that is left if <paramref name="amount"/> is null. A wallet's own refunds count against its allowance with the payee.</summary>
    public ValueTask<Answer<Refund>> RefundAsync(Caller caller, Id<PaymentKind> id, IdempotencyKey key, Amount? amount) => throw new NotImplementedException();

    /// <summary>Checks terms and says what they ask. Moves nothing.</summary>
    public ValueTask<Answer<ExaminedTerms>> ExamineTermsAsync(string token, Id<WalletKind>? wallet) => throw new NotImplementedException();

    /// <summary>Pays terms from a browser, where there is no key: the purchase is once-only by wallet, payee and resource, so two tabs pay once.</summary>
    /// <returns>The payment, this one or the one that stood before, with its entitlement.</returns>
    public ValueTask<Answer<Payment>> PayOnceAsync(Id<WalletKind> wallet, string token) => throw new NotImplementedException();

    /// <summary>A fresh entitlement for terms whose resource the wallet has paid and not had refunded; null if it has not.</summary>
    public ValueTask<Answer<string?>> RenewEntitlementAsync(Id<WalletKind> wallet, string token) => throw new NotImplementedException();

    /// <summary>How many one-click refunds a wallet has left with a payee in this calendar month (UTC).</summary>
    public ValueTask<int> RefundsLeftAsync(Id<WalletKind> wallet, Id<PayeeKind> payee) => throw new NotImplementedException();
}
