using Farthing.Payments.Offers;
using Farthing.Protocol;

namespace Farthing.Payments.Desk;

/// <summary>Until when a purchase is the wallet's, which its offer may say.</summary>
/// <remarks>Thread-safe. Offers never change, so that the answer is the same whenever it is asked.</remarks>
internal sealed class Ownership(PaymentReader reader, OfferDirectory offers)
{
    /// <summary>The end of a purchase that is never over.</summary>
    public const long Never = long.MaxValue;

    /// <summary>When a purchase is over, in Unix milliseconds; <see cref="Never"/> also while it is not posted.</summary>
    public async ValueTask<long> EndOfAsync(PaymentRecords payment)
    {
        if (payment.Status != PaymentStatus.Posted) return Never;
        var (_, offer) = await FindOfferAsync(payment);
        return EndOf(payment.Posted.UnixMilliseconds, offer?.OwnedForSeconds);
    }

    /// <summary>When a posted purchase stops to cover a resource, in Unix milliseconds: when it is over; and as part of a day that was used up, with the day.</summary>
    public async ValueTask<long> EndOfCoverAsync(PaymentRecords payment, string resource)
    {
        var (memo, offer) = await FindOfferAsync(payment);
        var end = EndOf(payment.Posted.UnixMilliseconds, offer?.OwnedForSeconds);
        return offer?.DayCap is { } cap && memo!.Resource != resource ? Math.Min(end, DayCaps.EndOf(cap, payment.Price.UnixMilliseconds)) : end;
    }

    /// <summary>When a purchase that was posted at a time is over.</summary>
    /// <remarks>Entitlements count whole seconds: the last one that was begun is the buyer's too.</remarks>
    public static long EndOf(long postedUnixMilliseconds, int? ownedForSeconds) => ownedForSeconds is { } seconds ? ((postedUnixMilliseconds + 999) / 1000 + seconds) * 1000 : Never;

    private async ValueTask<(PaymentMemo? Memo, Offer? Offer)> FindOfferAsync(PaymentRecords payment)
    {
        var memo = await reader.ReadMemoAsync(payment);
        return (memo, memo?.Offer is { } id ? await offers.FindAsync(id) : null);
    }
}
