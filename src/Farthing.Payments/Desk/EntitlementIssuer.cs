using Farthing.Protocol;

namespace Farthing.Payments.Desk;

/// <summary>Entitlements of payments by terms: short ones while the money can still be taken back, long ones afterwards.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class EntitlementIssuer(SigningKey key, TimeSpan lifetime, TimeProvider time)
{
    private static readonly TimeSpan WhileRefundable = TimeSpan.FromSeconds(60);

    // A refund that reached the ledger in time may be journaled a moment after it.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    public string Issue(Terms terms, UInt128 payment, long refundableUntilUnixMilliseconds)
    {
        var now = time.GetUtcNow();
        var issued = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds());
        var refundableUntil = PaymentReader.TimeOf(refundableUntilUnixMilliseconds);
        return new Entitlement
        {
            Payee = terms.Payee,
            Payment = new(payment),
            Resource = terms.Resource,
            Nonce = terms.Nonce,
            Issued = issued,
            Expires = refundableUntil + Grace is { } windowOver && windowOver > now ? EndWhileRefundable(issued, windowOver) : issued + lifetime,
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
