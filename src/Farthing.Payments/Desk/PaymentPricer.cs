using Farthing.Payments.Mandates;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Payments.Tabs;
using Farthing.Payments.Wallets;
using Farthing.Protocol;

namespace Farthing.Payments.Desk;

/// <summary>Who and what a request names, where it is known.</summary>
internal readonly record struct Parties(WalletEntry? Wallet, PayeeEntry? Payee, Offer? Offer, Terms? Terms, IReadOnlyList<Offer>? Bundles, MandateEntry? Mandate);

/// <summary>Resolves a request, prices it and checks it; reads memory only, once payee, offer and wallet were read.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class PaymentPricer(Ledger.Ledger ledger, WalletDirectory wallets, PayeeDirectory payees, OfferDirectory offers, MandateDirectory mandates, LabelledSecrets secrets, VerifyingKey offerTermsKey, PaymentOptions options, TimeProvider time)
{
    public PaymentOptions Options => options;

    /// <summary>Finds whom and what a request names.</summary>
    public ValueTask<Parties> ResolveAsync(PaymentRequest request) => TryResolve(request, out var parties) ? new(parties) : LoadAsync(request, parties.Terms);

    /// <summary>Finds whom and what a request names, if all of it is in memory.</summary>
    public bool TryResolve(PaymentRequest request, out Parties parties)
    {
        var terms = ReadTerms(request.Terms);
        parties = new(null, null, null, terms, null, null);
        if (!wallets.TryGetLoaded(request.Wallet.Value, out var wallet)) return false;
        Offer? offer = null;
        if ((request.Offer ?? terms?.Offer) is { } offerId && !offers.TryGetLoaded(offerId.Value, out offer)) return false;
        PayeeEntry? payee = null;
        if ((request.Payee ?? terms?.Payee ?? offer?.Payee) is { } payeeId && !payees.TryGetLoaded(payeeId.Value, out payee)) return false;
        IReadOnlyList<Offer>? bundles = null;
        if (terms is not null && !offers.TryGetLoadedBundles(terms.Payee, out bundles)) return false;
        MandateEntry? mandate = null;
        if (request.Mandate is { } mandateId && !mandates.TryGetLoaded(mandateId.Value, out mandate)) return false;
        parties = new(wallet, payee, offer, terms, bundles, mandate);
        return true;
    }

    /// <summary>Prepares a payment.</summary>
    /// <returns>Why it is refused, or null.</returns>
    public Refusal? Prepare(PaymentRequest request, in Parties parties, out PreparedPayment? prepared)
    {
        prepared = null;
        if (CheckForm(request) is { } malformed) return malformed;
        if (parties.Wallet is not { } wallet) return WalletDirectory.NotFound(request.Wallet);
        if (wallets.CheckPayer(wallet) is { } unable) return unable;
        if (Price(request, parties, out var price, out var windowSeconds) is { } refusal) return refusal;

        var payee = parties.Payee!;
        if (price.Asset != payee.Payee.Asset) return Mismatch($"The price is in {price.Asset}, but the payee is paid in {payee.Payee.Asset}.");
        if (price.Asset != wallet.Asset) return Mismatch($"The price is in {price.Asset}, but the wallet holds {wallet.Asset}.");
        if (price.IsZero) return new(RefusalCodes.AmountMustNotBeZero, "The amount must be more than zero.");
        if (price.Units > Amount.MaxUnits) return new(RefusalCodes.AmountTooLarge, "The amount is too large.");

        var onTab = parties.Offer?.Pricing as OnTab;
        if (onTab is not null && request.Hold) return TabRefusals.NoHold;
        if (parties.Offer?.Pricing is Metered && request.HoldMilliseconds is null) return new(RefusalCodes.InvalidField, "The offer is metered: start a meter with POST /v1/meters.");

        var now = ledger.NowUnixMilliseconds(time);
        if (request.Mandate is { } mandate && CheckMandate(mandate, parties.Mandate, wallet, payee, price, parties.Offer is { DayCap: not null }, now) is { } outside) return outside;
        var reference = request.Reference;
        // The fee of what is read on tab is taken when the tab is paid.
        var tag = new PaymentTag(onTab is null ? options.FeeBasisPoints : 0, (uint)windowSeconds, reference is null ? 0 : (ulong)(secrets.ReferenceOf(wallet.Account, reference) >> 64), request.Traits);
        var uses = UsesOf(parties.Mandate, wallet, onTab, now);
        prepared = new PreparedPayment
        {
            Secrets = secrets,
            Key = request.KeyId(),
            ResumesBriefly = request.ResumesBriefly && request.Terms is null,
            Digest = request.Digest(),
            Wallet = wallet,
            Payee = payee,
            Price = price,
            FullPrice = price,
            CappedOffer = parties.Offer is { DayCap: not null } ? parties.Offer : null,
            Tag = tag,
            PayeeReference = reference is null ? UInt128.Zero : secrets.ReferenceOf(payee.Account, reference),
            Memo = PaymentMemo.Fit(request.Quantity, parties.Offer?.Id, reference, parties.Terms?.Resource, parties.Terms?.Title),
            Terms = parties.Terms,
            // What a meter counts is used up, so nothing that was bought covers it.
            OnceSubject = request.HoldMilliseconds is null ? SubjectOf(parties) : null,
            MayBeCovered = request.HoldMilliseconds is null && MayBeCovered(parties),
            OwnedForSeconds = parties.Offer?.OwnedForSeconds,
            Mandate = parties.Mandate,
            Uses = uses,
            Openings = Allowance.NotOpen(uses),
            Splits = parties.Offer?.Splits ?? request.Splits,
            Hold = request.Hold,
            OnTab = onTab,
            Alongside = request.Alongside,
            Deadline = request.Hold ? now + (request.HoldMilliseconds ?? (long)options.HoldLifetime.TotalMilliseconds) : tag.RefundableUntil(now),
        };
        return null;
    }

    /// <summary>Reads terms without checking them; null if there are none or they are malformed.</summary>
    public static Terms? ReadTerms(string? token) => token is not null && Terms.TryParse(token, out var terms) ? terms : null;

    /// <summary>Checks terms of a payee who may not exist, in the order of their refusals.</summary>
    public Refusal? CheckTerms(string token, Terms? terms, PayeeEntry? payee)
    {
        if (terms is null) return new(RefusalCodes.TermsInvalid, "The terms are malformed. Ask the site for fresh ones.");
        if (payee is null) return PayeeDirectory.NotFound(terms.Payee);
        var key = payee.Payee.SigningKey;
        if ((key is null || !Terms.VerifySignature(token, key)) && !IsOurs(token, terms))
        {
            return key is null
                ? new(RefusalCodes.PayeeHasNoSigningKey, "The payee has not registered a key for terms.")
                : new(RefusalCodes.TermsInvalid, "The terms are not signed by the payee: they were edited, or its key was changed.");
        }

        if (!payee.Payee.MayReturnTo(terms.ReturnUrl)) return OfferTerms.Strange;
        return terms.Expires > time.GetUtcNow() ? null : new(RefusalCodes.TermsExpired, "The terms have expired. Ask the site for fresh ones.");
    }

    // This server signs for a payee only what an offer names, at its price.
    private bool IsOurs(string token, Terms terms) => terms.Offer is not null && Terms.VerifySignature(token, offerTermsKey);

    /// <summary>The price of terms that were checked.</summary>
    /// <param name="terms">The terms.</param>
    /// <param name="offer">The offer that they name, if it is there.</param>
    /// <param name="chosen">The amount that the payer named, or null.</param>
    /// <param name="price">The price, if null is returned.</param>
    /// <param name="windowSeconds">How long the payment can be refunded.</param>
    public Refusal? PriceTerms(Terms terms, Offer? offer, Amount? chosen, out Amount price, out int windowSeconds)
    {
        windowSeconds = DefaultWindowSeconds;
        price = terms.Amount ?? default;
        if (terms.Offer is not { } id) return chosen is null ? null : new(RefusalCodes.InvalidField, "The terms name the price: leave the amount out.");
        if (PriceOffer(id, offer, 1, chosen, out price, out windowSeconds) is { } refusal) return refusal;
        return offer!.Payee == terms.Payee ? null : new(RefusalCodes.TermsInvalid, "The terms name an offer of another payee.");
    }

    private static string? SubjectOf(in Parties parties) =>
        parties.Offer is { Resources.Count: > 0 } bundle ? Bundle.SubjectOf(bundle.Id) : parties.Terms is { Once: true } terms ? terms.Resource : null;

    private static bool MayBeCovered(in Parties parties)
    {
        foreach (var bundle in parties.Bundles ?? [])
        {
            if (bundle.Id != parties.Terms!.Offer && bundle.Covers(parties.Terms.Resource)) return true;
        }

        return false;
    }

    /// <summary>The payment with its caps counted in the windows of this moment; null if its mandate has ended.</summary>
    public PreparedPayment? TryMoveOn(PreparedPayment prepared)
    {
        var now = ledger.NowUnixMilliseconds(time);
        if (prepared.Mandate?.HasEnded(now) == true) return null;
        var uses = UsesOf(prepared.Mandate, prepared.Wallet, prepared.OnTab, now);
        return prepared with { Uses = uses, Openings = Allowance.NotOpen(uses) };
    }

    // A wallet's own caps count its money: that of a tab when the tab is paid.
    private static IReadOnlyList<Allowance> UsesOf(MandateEntry? mandate, WalletEntry wallet, OnTab? onTab, long now) => (mandate?.Counted, onTab is null ? wallet.Caps : null) switch
    {
        (null, null) => [],
        ({ } counted, null) => counted.At(now),
        (null, { } counted) => counted.At(now),
        ({ } inner, { } outer) => [.. inner.At(now), .. outer.At(now)],
    };

    /// <summary>Why a price is more than a mandate allows at once, or null.</summary>
    public static Refusal? CheckEach(MandateEntry? entry, Amount price) => entry is not null && price.Units > entry.Mandate.Each.Units ? CapRefusals.EachExceeded(entry.Mandate, price) : null;

    /// <summary>Why a payment is outside a mandate, as far as that can be said without the ledger, which has the last word on its caps, its end and its revocation.</summary>
    private static Refusal? CheckMandate(Id<MandateKind> id, MandateEntry? entry, WalletEntry wallet, PayeeEntry payee, Amount price, bool mayBeLowered, long now)
    {
        if (entry is null || entry.Mandate.Wallet != wallet.Wallet.Id) return MandateDirectory.NotFound(id);
        if (entry.Mandate.IsRevoked) return CapRefusals.Revoked(entry.Mandate);
        if (entry.HasEnded(now)) return CapRefusals.Ended(entry.Mandate);
        if (!entry.Mandate.Scope.Covers(payee.Payee)) return CapRefusals.OutOfScope(entry.Mandate, payee.Payee);
        // What an offer with a cap on the day costs is known only when what is left of the day is.
        return mayBeLowered ? null : CheckEach(entry, price);
    }

    private int DefaultWindowSeconds => (int)options.DefaultRefundWindow.TotalSeconds;

    private static Refusal Mismatch(string detail) => new(RefusalCodes.CurrencyMismatch, detail);

    private static Refusal? CheckForm(PaymentRequest request)
    {
        var named = (request.Offer is null ? 0 : 1) + (request.Terms is null ? 0 : 1) + (request.Payee is null ? 0 : 1);
        if (named != 1 || (request.Payee is not null && request.Amount is null))
            return new(RefusalCodes.InvalidField, "Name exactly one of offer, terms, or payee together with amount.");
        if (request.Quantity is 0 or > PaymentRequest.MaxQuantity) return new(RefusalCodes.InvalidField, $"quantity must be 1 to {PaymentRequest.MaxQuantity}.");
        if (request.Quantity != 1 && request.Offer is null) return new(RefusalCodes.InvalidField, "quantity goes with an offer.");
        return request.Reference is null || Words.AreShown(request.Reference, PaymentRequest.MaxReferenceLength) ? null
            : new(RefusalCodes.InvalidField, $"reference must be 1 to {PaymentRequest.MaxReferenceLength} characters, not all blank, without control characters.");
    }

    private Refusal? Price(PaymentRequest request, in Parties parties, out Amount price, out int windowSeconds)
    {
        price = request.Amount ?? default;
        windowSeconds = DefaultWindowSeconds;
        if (request.Terms is { } token) return CheckTerms(token, parties.Terms, parties.Payee) ?? PriceTerms(parties.Terms!, parties.Offer, request.Amount, out price, out windowSeconds);
        if (request.IsPriced && parties.Offer is { } owedOn)
        {
            windowSeconds = owedOn.RefundWindowSeconds;
            return null;
        }

        if (request.Offer is { } id) return PriceOffer(id, parties.Offer, request.Quantity, request.Amount, out price, out windowSeconds);
        return parties.Payee is null ? PayeeDirectory.NotFound(request.Payee!.Value) : null;
    }

    private static Refusal? PriceOffer(Id<OfferKind> id, Offer? offer, uint quantity, Amount? chosen, out Amount price, out int windowSeconds)
    {
        price = default;
        windowSeconds = 0;
        if (offer is null) return OfferDirectory.NotFound(id);
        if (offer.IsClosed) return new(RefusalCodes.OfferClosed, "The offer is closed. Ask the payee for a current one.");
        windowSeconds = offer.RefundWindowSeconds;
        if (quantity != 1 && offer.Resources.Count > 0) return new(RefusalCodes.InvalidField, "The offer is a bundle, which is bought once: leave the quantity out.");
        return offer.Pricing.PriceOf(quantity, chosen, out price);
    }

    private async ValueTask<Parties> LoadAsync(PaymentRequest request, Terms? terms)
    {
        var wallet = await wallets.LoadAsync(request.Wallet.Value);
        var offer = (request.Offer ?? terms?.Offer) is { } offerId ? await offers.FindAsync(offerId) : null;
        var payee = (request.Payee ?? terms?.Payee ?? offer?.Payee) is { } payeeId ? await payees.LoadAsync(payeeId.Value) : null;
        var bundles = terms is null || payee is null ? null : await offers.ListBundlesAsync(terms.Payee);
        var mandate = request.Mandate is { } mandateId ? await mandates.LoadAsync(mandateId.Value) : null;
        return new(wallet, payee, offer, terms, bundles, mandate);
    }
}
