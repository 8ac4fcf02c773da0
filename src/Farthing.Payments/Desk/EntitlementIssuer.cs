using Farthing.Protocol;

namespace Farthing.Payments.Desk;

/// <summary>Entitlements of payments by terms: short ones while the money can still be taken back, long ones afterwards.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class EntitlementIssuer(SigningKey key, TimeSpan lifetime, TimeProvider time)
{
    private static readonly TimeSpan WhileRefundable = TimeSpan.FromSeconds(60);

    // A refund that reached the ledger in time may be journaled a moment after it.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan ContinuedWithin = TimeSpan.FromDays(1);

    /// <summary>Reads an entitlement of this server that can be continued: one that is over for no longer than a day, and not a meter's, which its site continues by reporting.</summary>
    /// <returns>Null for anything else.</returns>
    public Entitlement? ReadContinued(string? token) =>
        Entitlement.TryVerify(token, key.Verifier, out var entitlement) && entitlement.Meter is null && time.GetUtcNow() < entitlement.Expires + ContinuedWithin ? entitlement : null;

    /// <summary>Issues an entitlement in place of an earlier one.</summary>
    public string? Issue(Entitlement earlier, long refundableUntilUnixMilliseconds, long endUnixMilliseconds) =>
        Issue(earlier.Payee, earlier.Resource, earlier.Nonce, earlier.Payment, refundableUntilUnixMilliseconds, endUnixMilliseconds);

    /// <summary>Issues an entitlement.</summary>
    /// <param name="terms">The terms that it answers.</param>
    /// <param name="payment">The payment that it stands on.</param>
    /// <param name="refundableUntilUnixMilliseconds">Until when that can be refunded; zero for never.</param>
    /// <param name="endUnixMilliseconds">When it stops to cover the terms, at a whole second; <see cref="Ownership.Never"/> for never.</param>
    /// <returns>Null if it has stopped.</returns>
    public string? Issue(Terms terms, UInt128 payment, long refundableUntilUnixMilliseconds, long endUnixMilliseconds) =>
        Issue(terms.Payee, terms.Resource, terms.Nonce, new(payment), refundableUntilUnixMilliseconds, endUnixMilliseconds);

    /// <summary>Issues an entitlement to use a running meter: a short one, as whoever may stop the meter does so at any time.</summary>
    /// <param name="terms">The terms that it answers.</param>
    /// <param name="payment">The meter's payment.</param>
    /// <param name="cover">What the meter covers.</param>
    /// <param name="stopUnixMilliseconds">When the meter stops by itself.</param>
    /// <returns>Null if that is now.</returns>
    public string? IssueForMeter(Terms terms, UInt128 payment, MeterCover cover, long stopUnixMilliseconds)
    {
        var issued = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());
        var stop = DateTimeOffset.FromUnixTimeSeconds(stopUnixMilliseconds / 1000);
        if (stop <= issued) return null;
        return new Entitlement
        {
            Payee = terms.Payee,
            Payment = new(payment),
            Resource = terms.Resource,
            Nonce = terms.Nonce,
            Issued = issued,
            Expires = stop < issued + WhileRefundable ? stop : issued + WhileRefundable,
            Meter = cover,
        }.Sign(key);
    }

    private string? Issue(Id<PayeeKind> payee, string resource, string nonce, Id<PaymentKind> payment, long refundableUntilUnixMilliseconds, long endUnixMilliseconds)
    {
        var now = time.GetUtcNow();
        var issued = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds());
        if (endUnixMilliseconds <= issued.ToUnixTimeMilliseconds()) return null;
        var refundableUntil = PaymentReader.TimeOf(refundableUntilUnixMilliseconds);
        var expires = refundableUntil + Grace is { } windowOver && windowOver > now ? EndWhileRefundable(issued, windowOver) : issued + lifetime;
        return new Entitlement
        {
            Payee = payee,
            Payment = payment,
            Resource = resource,
            Nonce = nonce,
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
