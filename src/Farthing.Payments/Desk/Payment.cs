using Farthing.Protocol;

namespace Farthing.Payments.Desk;

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

    /// <summary>The tab that it was put on, if it was read on tab: no money moved.</summary>
    public Id<TabKind>? Tab { get; init; }

    /// <summary>The offer that was bought, if one was and the wallet is not erased.</summary>
    public Id<OfferKind>? Offer { get; init; }

    /// <summary>The reference, if one was given and the wallet is not erased.</summary>
    public string? Reference { get; init; }

    /// <summary>The resource of the terms, if it was paid by terms, fits beside the reference (both together at least 900 bytes of UTF-8), and the wallet is not erased.</summary>
    public string? Resource { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Until when it can be refunded, or null.</summary>
    public DateTimeOffset? RefundableUntil { get; init; }

    /// <summary>True if only the payee can refund it, not its wallet by itself.</summary>
    public bool IsRefundedByPayeeOnly { get; init; }

    /// <summary>What the site accepts as paid; only in the answer to a payment by terms, and only while it is posted, not wholly refunded, and not taken back in part by the wallet.</summary>
    public string? Entitlement { get; init; }
}
