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
    private readonly PaymentFinder finder;
    private readonly HoldEnder holds;
    private readonly RefundMaker refunds;

    internal PaymentDesk(PaymentMaker maker, TermsReader terms, PaymentFinder finder, HoldEnder holds, RefundMaker refunds)
    {
        this.maker = maker;
        this.terms = terms;
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

    /// <summary>How many one-click refunds a wallet has left with a payee in this calendar month (UTC).</summary>
    public ValueTask<int> RefundsLeftAsync(Id<WalletKind> wallet, Id<PayeeKind> payee) => refunds.RefundsLeftAsync(wallet, payee);
}
