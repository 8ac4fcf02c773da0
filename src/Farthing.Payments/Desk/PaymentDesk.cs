using Farthing.Payments.Offers;
using Farthing.Protocol;

namespace Farthing.Payments.Desk;

/// <summary>Payments: pay, post, void, refund, read. All doors come here.</summary>
/// <remarks>
/// Thread-safe. A payment: resolve offer → price it → check → build the linked transfers (price, fee) → one ledger submission. Everything before the
/// submission reads memory only, once payee, offer and wallet were read. Every write is idempotent for ever (UUIDv7 keys), also across a crash.
/// </remarks>
public sealed class PaymentDesk
{
    private readonly PaymentMaker maker;
    private readonly TermsReader terms;
    private readonly OfferTerms offerTerms;
    private readonly PaymentFinder finder;
    private readonly HoldEnder holds;
    private readonly RefundMaker refunds;

    internal PaymentDesk(PaymentMaker maker, TermsReader terms, OfferTerms offerTerms, PaymentFinder finder, HoldEnder holds, RefundMaker refunds)
    {
        this.maker = maker;
        this.terms = terms;
        this.offerTerms = offerTerms;
        this.finder = finder;
        this.holds = holds;
        this.refunds = refunds;
    }

    /// <summary>Pays or holds.</summary>
    public ValueTask<Answer<Payment>> PayAsync(PaymentRequest request) => maker.PayAsync(request);

    /// <summary>Pays many, independent of each other, in order, with one wait for the disk.</summary>
    public ValueTask<Answer<Payment>[]> PayManyAsync(IReadOnlyList<PaymentRequest> requests) => maker.PayManyAsync(requests);

    /// <summary>A payment as its wallet or payee may see it.</summary>
    public ValueTask<Answer<Payment>> ReadAsync(Caller caller, Id<PaymentKind> id) => finder.ReadAsync(caller, id);

    /// <summary>The caller's payments with a reference, newest first.</summary>
    public ValueTask<Answer<Page<Payment>>> FindByReferenceAsync(Caller caller, string reference, string? cursor, int pageSize) => finder.FindByReferenceAsync(caller, reference, cursor, pageSize);

    /// <summary>Posts a held payment, whole if <paramref name="amount"/> is null; the rest returns to the wallet.</summary>
    public ValueTask<Answer<Payment>> PostAsync(Caller caller, Id<PaymentKind> id, IdempotencyKey key, Amount? amount) => holds.PostAsync(caller, id, key, amount);

    /// <summary>Voids a held payment.</summary>
    public ValueTask<Answer<Payment>> VoidAsync(Caller caller, Id<PaymentKind> id, IdempotencyKey key) => holds.VoidAsync(caller, id, key);

    /// <summary>Gives back a posted payment, all that is left if <paramref name="amount"/> is null. A wallet's own refunds count against its allowance with the payee.</summary>
    public ValueTask<Answer<Refund>> RefundAsync(Caller caller, Id<PaymentKind> id, IdempotencyKey key, Amount? amount) => refunds.RefundAsync(caller, id, key, amount);

    /// <summary>Writes terms for a site that cannot sign any: of what an offer names, at its price, and back to the payee's registered site only. Moves nothing.</summary>
    /// <param name="offer">The offer.</param>
    /// <param name="resource">What of it is bought, if it covers several resources; null for what it names.</param>
    /// <param name="returnUrl">Where the browser goes back to; null for nowhere.</param>
    /// <param name="nonce">What the entitlement is bound to, 16 to 64 characters of base64url; null for a random one.</param>
    public ValueTask<Answer<string>> WriteTermsAsync(Id<OfferKind> offer, string? resource, string? returnUrl, string? nonce) => offerTerms.WriteAsync(offer, resource, returnUrl, nonce);

    /// <summary>Checks terms and says what they ask. Moves nothing.</summary>
    public ValueTask<Answer<ExaminedTerms>> ExamineTermsAsync(string token, Id<WalletKind>? wallet) => terms.ExamineAsync(token, wallet);

    /// <summary>Pays terms from a browser, where there is no key: the purchase is once-only by wallet, payee and resource, so two tabs pay once.</summary>
    /// <param name="wallet">Who pays.</param>
    /// <param name="token">The terms.</param>
    /// <param name="amount">The amount, if the terms leave it to the payer.</param>
    /// <returns>The payment, this one or the one that stood before, with its entitlement.</returns>
    public ValueTask<Answer<Payment>> PayOnceAsync(Id<WalletKind> wallet, string token, Amount? amount = null) => maker.PayOnceAsync(wallet, token, amount);

    /// <summary>A fresh entitlement for terms whose resource the wallet has paid and not had refunded; null if it has not.</summary>
    public ValueTask<Answer<string?>> RenewEntitlementAsync(Id<WalletKind> wallet, string token) => terms.RenewEntitlementAsync(wallet, token);

    /// <summary>The same for a program of the wallet's: whoever has its entitlement has what it opens, so it lives an hour at most. It pays nothing, and never subscribes.</summary>
    public ValueTask<Answer<string?>> ShowEntitlementAsync(Id<WalletKind> wallet, string token) => terms.RenewEntitlementAsync(wallet, token, isForProgram: true);

    /// <summary>A fresh entitlement in place of one of this server that is over, or soon will be, for the same browser and resource: as long as the purchase stands, and for a day after it was over.</summary>
    /// <param name="token">The entitlement. Whoever has it has what it opens, and gets nothing more.</param>
    /// <returns>Null if it cannot be continued: the money was given back, what was bought is over, or it stands on more than this payment (a subscription, a tab).</returns>
    public ValueTask<string?> ContinueEntitlementAsync(string token) => terms.ContinueEntitlementAsync(token);

    /// <summary>How many one-click refunds a wallet has left with a payee in this calendar month (UTC).</summary>
    public ValueTask<int> RefundsLeftAsync(Id<WalletKind> wallet, Id<PayeeKind> payee) => refunds.RefundsLeftAsync(wallet, payee);
}
