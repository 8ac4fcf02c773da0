using Farthing.Payments.Meters;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Protocol;

namespace Farthing.Payments.Desk;

/// <summary>What terms ask, and whether they were paid before. Moves nothing.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class TermsReader(Ledger.Ledger ledger, PaymentPricer pricer, PayeeDirectory payees, OfferDirectory offers, OncePurchases purchases, DayCaps dayCaps, Ownership ownership, MeterReader meters, PaymentReader reader, EntitlementIssuer entitlements, TimeProvider time)
{
    // Nothing binds a program's entitlement to the program, as a cookie does a browser's.
    private const long ProgramMilliseconds = 3_600_000;

    public async ValueTask<Answer<ExaminedTerms>> ExamineAsync(string token, Id<WalletKind>? wallet)
    {
        var terms = PaymentPricer.ReadTerms(token);
        var payee = terms is null ? null : await payees.LoadAsync(terms.Payee.Value);
        if (pricer.CheckTerms(token, terms, payee) is { } refusal) return refusal;
        var offer = terms!.Offer is { } id ? await offers.FindAsync(id) : null;
        if (offer is { Pricing: Metered metered }) return await ExamineMeterAsync(terms, payee!.Payee, offer, metered, wallet);
        if (offer is { Pricing: PerPeriod plan }) return await ExaminePlanAsync(terms, payee!.Payee, offer, plan, wallet);
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

    private async ValueTask<Answer<ExaminedTerms>> ExaminePlanAsync(Terms terms, Payee payee, Offer offer, PerPeriod plan, Id<WalletKind>? wallet)
    {
        if (offer.Payee != terms.Payee) return new Refusal(RefusalCodes.TermsInvalid, "The terms name an offer of another payee.");
        var standing = wallet is null ? null : await purchases.FindCoverAsync(wallet.Value.Value, terms);
        // Those it has go on.
        if (standing is null && wallet is not null && offer.IsClosed) return new Refusal(RefusalCodes.OfferClosed, "The offer is closed. Ask the payee for a current one.");
        return new ExaminedTerms(terms, payee, plan.Price, plan.Price.ShareRoundedDown(pricer.Options.FeeBasisPoints), 0, [], null, standing is null ? null : await reader.DescribeAsync(standing.Payment)) { Every = plan.Every };
    }

    private async ValueTask<Answer<ExaminedTerms>> ExamineMeterAsync(Terms terms, Payee payee, Offer offer, Metered metered, Id<WalletKind>? wallet)
    {
        if (offer.Payee != terms.Payee) return new Refusal(RefusalCodes.TermsInvalid, "The terms name an offer of another payee.");
        if (metered.By != MeteredBy.Unit) return MeterReader.CountsTime;
        var running = wallet is { } payer ? (await meters.FindForBrowserAsync(payer, offer.Id)).Running : null;
        // A meter that runs goes on.
        if (running is null && pricer.PriceTerms(terms, offer, null, out _, out _) is { } refusal) return refusal;
        return new ExaminedTerms(terms, payee, metered.Ceiling, metered.Ceiling.ShareRoundedDown(pricer.Options.FeeBasisPoints), offer.RefundWindowSeconds, [], null, running is null ? null : await reader.DescribeAsync(running.Payment)) { Meter = metered };
    }

    public async ValueTask<Answer<string?>> RenewEntitlementAsync(Id<WalletKind> wallet, string token, bool isForProgram = false)
    {
        var terms = PaymentPricer.ReadTerms(token);
        var payee = terms is null ? null : await payees.LoadAsync(terms.Payee.Value);
        if (pricer.CheckTerms(token, terms, payee) is { } refusal) return refusal;
        if (terms!.Offer is { } id && await offers.FindAsync(id) is { Pricing: Metered } offer)
            return offer.Payee == terms.Payee && (await meters.FindForBrowserAsync(wallet, id)).Running is { } running ? await meters.EntitleAsync(terms, running) : default(string);
        if (await purchases.FindCoverAsync(wallet.Value, terms) is not { Payment: { Status: PaymentStatus.Posted } paid } standing) return default(string);
        // Entitlements end at a whole second.
        var soon = (ledger.NowUnixMilliseconds(time) + ProgramMilliseconds) / 1000 * 1000;
        var end = isForProgram && soon < standing.EndUnixMilliseconds ? soon : standing.EndUnixMilliseconds;
        // A period that its payee gives back goes on all the same.
        return entitlements.Issue(terms, paid.Id, paid.Tag.Has(PaymentTraits.RefundedByPayeeOnly) && terms.Offer is not null ? 0 : paid.RefundableUntil, end);
    }

    /// <summary>A fresh entitlement in place of one that is over or soon will be, for the same browser and resource.</summary>
    /// <returns>Null if it cannot be continued.</returns>
    public async ValueTask<string?> ContinueEntitlementAsync(string token)
    {
        if (entitlements.ReadContinued(token) is not { } earlier) return null;
        if (await PaymentRecords.FindAsync(ledger, earlier.Payment.Value) is not { Status: PaymentStatus.Posted, Stands: true } paid) return null;
        // What it stands on is not this payment alone: a subscription, a tab.
        return paid.Tag.Has(PaymentTraits.RefundedByPayeeOnly) ? null : entitlements.Issue(earlier, paid.RefundableUntil, await ownership.EndOfCoverAsync(paid, earlier.Resource));
    }
}
