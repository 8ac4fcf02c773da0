using Farthing.Payments.Offers;
using Farthing.Payments.Subscriptions;
using Farthing.Protocol;

namespace Farthing.Payments.Desk;

/// <summary>A purchase that need not be made again.</summary>
/// <param name="Payment">The payment.</param>
/// <param name="EndUnixMilliseconds">When it is over; <see cref="Ownership.Never"/> for never.</param>
internal sealed record StandingPurchase(PaymentRecords Payment, long EndUnixMilliseconds);

/// <summary>Purchases that a wallet makes only once: their ids follow from wallet, payee, subject and how many came before.</summary>
/// <remarks>
/// Thread-safe. The subject is a resource, or a bundle of them. A number is used up only by a refusal that the ledger remembers, a void, an expiry, a whole refund,
/// any refund by the wallet, or the end of what was bought for a while; so two tabs pay once.
/// </remarks>
internal sealed class OncePurchases(Ledger.Ledger ledger, LabelledSecrets secrets, OfferDirectory offers, PaymentReader reader, Ownership ownership, DayCaps dayCaps, SubscriptionCover subscriptions, TimeProvider time)
{
    public static UInt128 IdOf(LabelledSecrets secrets, UInt128 wallet, UInt128 payee, string subject, uint attempt)
    {
        var bytes = new CanonicalBytes(stackalloc byte[768]);
        bytes.Add("once");
        bytes.Add(wallet);
        bytes.Add(payee);
        bytes.Add(subject);
        bytes.Add((UInt128)attempt);
        return bytes.ToOncePurchaseId(secrets);
    }

    /// <summary>Finds what a wallet has bought that covers terms: a subscription, the resource itself, a bundle of the payee's that is posted, or a day that is used up.</summary>
    /// <returns>Null if the wallet has to pay.</returns>
    public async ValueTask<StandingPurchase?> FindCoverAsync(UInt128 wallet, Terms terms)
    {
        if (terms.Offer is { } asked && await offers.FindAsync(asked) is { Pricing: PerPeriod } plan) return plan.Payee == terms.Payee ? await subscriptions.FindAsync(wallet, asked) : null;
        if (terms.Once && (await FindAsync(wallet, terms.Payee.Value, terms.Resource)).Standing is { } own) return own;
        foreach (var bundle in await offers.ListBundlesAsync(terms.Payee))
        {
            var isAsked = bundle.Id == terms.Offer;
            if (!isAsked && !bundle.Covers(terms.Resource)) continue;
            var (standing, _) = await FindAsync(wallet, terms.Payee.Value, Bundle.SubjectOf(bundle.Id));
            if (standing is not null && (isAsked || standing.Payment.Status == PaymentStatus.Posted)) return standing;
        }

        return terms.Offer is { } id && await offers.FindAsync(id) is { DayCap: not null } capped && capped.Payee == terms.Payee ? await dayCaps.FindCoverAsync(wallet, capped) : null;
    }

    /// <summary>Finds the wallet's newest purchase of a subject.</summary>
    /// <returns>The purchase, if it stands; and the number of the next one.</returns>
    public async ValueTask<(StandingPurchase? Standing, uint Next)> FindAsync(UInt128 wallet, UInt128 payee, string subject)
    {
        var next = await FreeNumber.FindAsync(async attempt => await ledger.FindAsync(IdOf(secrets, wallet, payee, subject, attempt)) is not null);
        if (next == 0) return (null, 0);
        var newest = await PaymentRecords.FindAsync(ledger, IdOf(secrets, wallet, payee, subject, next - 1));
        // An id that another payment has, however that came about, is used up but is no purchase of this wallet.
        if (newest is not { Stands: true } || await reader.FindPartiesAsync(newest) != (wallet, payee)) return (null, next);
        var end = await ownership.EndOfAsync(newest);
        return (ledger.NowUnixMilliseconds(time) < end ? new StandingPurchase(newest, end) : null, next);
    }
}
