using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Protocol;

namespace Farthing.Payments.Desk;

/// <summary>What terms ask, and whether they were paid before. Moves nothing.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class TermsReader(PaymentPricer pricer, PayeeDirectory payees, OfferDirectory offers, OncePurchases purchases, DayCaps dayCaps, PaymentReader reader, EntitlementIssuer entitlements)
{
    public async ValueTask<Answer<ExaminedTerms>> ExamineAsync(string token, Id<WalletKind>? wallet)
    {
        var terms = PaymentPricer.ReadTerms(token);
        var payee = terms is null ? null : await payees.LoadAsync(terms.Payee.Value);
        if (pricer.CheckTerms(token, terms, payee) is { } refusal) return refusal;
        var offer = terms!.Offer is { } id ? await offers.FindAsync(id) : null;
        var choices = offer?.Pricing.Choices ?? [];
        if (pricer.PriceTerms(terms, offer, choices.Count > 0 ? choices[0] : null, out var price, out var windowSeconds) is { } unpriced) return unpriced;
        if (price.Asset != payee!.Payee.Asset)
            return new Refusal(RefusalCodes.CurrencyMismatch, $"The price is in {price.Asset}, but the payee is paid in {payee.Payee.Asset}.");

        var standing = wallet is null ? null : await purchases.FindCoverAsync(wallet.Value.Value, terms);
        if (wallet is { } payer && standing is null && offer is { DayCap: not null })
        {
            var left = await dayCaps.ReadLeftAsync(payer.Value, offer);
            if (left.Units < price.Units) price = left;
        }

        return new ExaminedTerms(terms, payee.Payee, price, price.ShareRoundedDown(pricer.Options.FeeBasisPoints), windowSeconds, choices, (offer?.Pricing as OnTab)?.PayAt,
            standing is null ? null : await reader.DescribeAsync(standing.Payment));
    }

    public async ValueTask<Answer<string?>> RenewEntitlementAsync(Id<WalletKind> wallet, string token)
    {
        var terms = PaymentPricer.ReadTerms(token);
        var payee = terms is null ? null : await payees.LoadAsync(terms.Payee.Value);
        if (pricer.CheckTerms(token, terms, payee) is { } refusal) return refusal;
        return await purchases.FindCoverAsync(wallet.Value, terms!) is { Payment: { Status: PaymentStatus.Posted } paid } standing
            ? entitlements.Issue(terms!, paid.Id, paid.RefundableUntil, standing.EndUnixMilliseconds)
            : default(string);
    }
}
