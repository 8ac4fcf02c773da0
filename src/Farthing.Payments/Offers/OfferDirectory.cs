using Farthing.Protocol;

namespace Farthing.Payments.Offers;

/// <summary>A per-use offer as it is. Immutable; safe to share between threads.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Payee">Who is paid.</param>
/// <param name="Name">1 to 200 characters.</param>
/// <param name="Resource">What is sold on the payee's site, or null.</param>
/// <param name="Price">The price of one use.</param>
/// <param name="RefundWindowSeconds">How long a payment can be refunded; 0 for never.</param>
/// <param name="IsClosed">True if it is no longer on offer.</param>
/// <param name="CreatedAt">When it was made.</param>
public sealed record Offer(Id<OfferKind> Id, Id<PayeeKind> Payee, string Name, string? Resource, Amount Price, int RefundWindowSeconds, bool IsClosed, DateTimeOffset CreatedAt);

/// <summary>What is asked for a new offer.</summary>
public sealed record NewOffer(string Name, string? Resource, Amount Price, int RefundWindowSeconds = NewOffer.DefaultRefundWindowSeconds)
{
    /// <summary>Fifteen minutes.</summary>
    public const int DefaultRefundWindowSeconds = 900;

    /// <summary>Ninety days.</summary>
    public const int MaxRefundWindowSeconds = 90 * 24 * 3600;
}

/// <summary>A page of a list, newest first, and the cursor of the next one or null.</summary>
public sealed record Page<T>(IReadOnlyList<T> Lines, string? Next);

/// <summary>Offers: making, reading, closing.</summary>
/// <remarks>Thread-safe. Every write is idempotent, also across a crash.</remarks>
public sealed class OfferDirectory
{
    /// <summary>Makes an offer of a payee; its price must be in the payee's currency.</summary>
    public ValueTask<Answer<Offer>> CreateAsync(Id<PayeeKind> payee, IdempotencyKey key, NewOffer request) => throw new NotImplementedException();

    /// <summary>An offer, closed ones included, or null. Answered from memory once it was read.</summary>
    public ValueTask<Offer?> FindAsync(Id<OfferKind> id) => throw new NotImplementedException();

    /// <summary>A payee's offers, newest first.</summary>
    public ValueTask<Answer<Page<Offer>>> ListAsync(Id<PayeeKind> payee, string? cursor, int pageSize) => throw new NotImplementedException();

    /// <summary>Closes an offer; closing a closed one changes nothing.</summary>
    public ValueTask<Answer<Offer>> CloseAsync(Id<PayeeKind> payee, Id<OfferKind> id) => throw new NotImplementedException();
}
