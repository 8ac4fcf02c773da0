using Farthing.Protocol;

namespace Farthing.Payments.Desk;

/// <summary>Entitlements of payments by terms: short ones while the money can still be taken back, long ones afterwards.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class EntitlementIssuer(SigningKey key, TimeSpan lifetime, TimeProvider time)
{
    private static readonly TimeSpan WhileRefundable = TimeSpan.FromSeconds(60);

    // A refund that reached the ledger in time may be journaled a moment after it.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    /// <summary>Issues an entitlement.</summary>
    /// <param name="terms">The terms that it answers.</param>
    /// <param name="payment">The payment that it stands on.</param>
    /// <param name="refundableUntilUnixMilliseconds">Until when that can be refunded; zero for never.</param>
    /// <param name="endUnixMilliseconds">When it stops to cover the terms, at a whole second; <see cref="Ownership.Never"/> for never.</param>
    /// <returns>Null if it has stopped.</returns>
    public string? Issue(Terms terms, UInt128 payment, long refundableUntilUnixMilliseconds, long endUnixMilliseconds)
    {
        var now = time.GetUtcNow();
        var issued = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds());
        if (endUnixMilliseconds <= issued.ToUnixTimeMilliseconds()) return null;
        var refundableUntil = PaymentReader.TimeOf(refundableUntilUnixMilliseconds);
        var expires = refundableUntil + Grace is { } windowOver && windowOver > now ? EndWhileRefundable(issued, windowOver) : issued + lifetime;
        return new Entitlement
        {
            Payee = terms.Payee,
            Payment = new(payment),
            Resource = terms.Resource,
            Nonce = terms.Nonce,
            Issued = issued,
            Expires = endUnixMilliseconds < expires.ToUnixTimeMilliseconds() ? DateTimeOffset.FromUnixTimeMilliseconds(endUnixMilliseconds) : expires,
            RefundableUntil = refundableUntil,
        }.Sign(key);
    }

    // A renewal right after the window gives the long one. Entitlements count whole seconds, and must live for one at least.
    private static DateTimeOffset EndWhileRefundable(DateTimeOffset issued, DateTimeOffset windowOver)
    {
        var end = DateTimeOffset.FromUnixTimeSeconds(windowOver.ToUnixTimeSeconds() + 1);
        return end < issued + WhileRefundable ? end : issued + WhileRefundable;
    }
}
