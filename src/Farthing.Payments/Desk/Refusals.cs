using Farthing.Ledger;
using Farthing.Protocol;

namespace Farthing.Payments.Desk;

/// <summary>The ledger's refusals in the words of payments.</summary>
internal static class Refusals
{
    private static readonly RefusalCode[] ForGood = [RefusalCodes.WalletErased, RefusalCodes.WalletNotFound, RefusalCodes.PayeeNotFound, RefusalCodes.AccountClosed, RefusalCodes.OfferClosed];

    /// <summary>True if after this refusal no later payment of the same wallet for the same thing can be made either: what pays again and again ends with it.</summary>
    public static bool IsForGood(RefusalCode code) => ForGood.Contains(code);

    /// <summary>The refusal of a chain: that of the command that was refused for its own sake.</summary>
    public static Outcome OfChain(ReadOnlySpan<CommandResult> results)
    {
        foreach (var result in results)
        {
            if (result.Outcome is not (Outcome.Done or Outcome.ChainRefused)) return result.Outcome;
        }

        throw new InvalidOperationException("A chain was refused without a reason.");
    }

    /// <summary>The refusal of a chain in the journal that begins with a price or post.</summary>
    public static Outcome OfChain(Ledger.Ledger ledger, in JournalRecord head) => CulpritOf(ledger, head).Outcome;

    /// <summary>The record of the chain that was refused for its own sake.</summary>
    public static JournalRecord CulpritOf(Ledger.Ledger ledger, in JournalRecord head) =>
        head.Outcome != Outcome.ChainRefused ? head : PaymentRecords.LegsOf(ledger, head).First(leg => leg.Outcome != Outcome.ChainRefused);

    /// <summary>Why a payment was refused, insufficient funds aside.</summary>
    public static Refusal OfPayment(Outcome outcome) => outcome switch
    {
        Outcome.IdTooFarInFuture => new(RefusalCodes.IdempotencyKeyInFuture, "The time in the Idempotency-Key is more than five minutes ahead of this server's clock."),
        Outcome.AmountMustNotBeZero => new(RefusalCodes.AmountMustNotBeZero, "The amount must be more than zero."),
        Outcome.AmountTooLarge or Outcome.BalanceOverflow => new(RefusalCodes.AmountTooLarge, "The amount is too large."),
        Outcome.DebitAccountFrozen => new(RefusalCodes.WalletFrozen, "The wallet is paused. Resume it, then pay with a new key."),
        Outcome.DebitAccountClosed or Outcome.CreditAccountClosed => new(RefusalCodes.AccountClosed, "The wallet or payee is closed."),
        Outcome.DeadlineMustBeInFuture => new(RefusalCodes.RefundWindowOver, "The time for refunds was over before the payment reached the ledger. Pay with a new key."),
        // Nothing was bound: what comes again is priced anew, and takes from the windows of that moment.
        Outcome.AccountEnded => new(RefusalCodes.NotReady, "A period ended in this very moment. Repeat with the same key."),
        _ => throw Unexpected(outcome),
    };

    /// <summary>Why a hold was not posted or voided.</summary>
    public static Refusal OfEndOfHold(Outcome outcome) => outcome switch
    {
        Outcome.CitedIsNotAHold => new(RefusalCodes.PaymentNotHeld, "The payment was never held: it was posted at once. Refund it to give it back."),
        Outcome.HoldAlreadyPosted => new(RefusalCodes.HoldAlreadyPosted, "The held payment was posted before."),
        Outcome.HoldAlreadyVoided => new(RefusalCodes.HoldAlreadyVoided, "The held payment was voided before."),
        Outcome.HoldExpired => new(RefusalCodes.HoldExpired, "The held payment has expired, and the money is back in the wallet."),
        Outcome.ExceedsHeld => new(RefusalCodes.ExceedsHeld, "More was to be posted than is held."),
        _ => OfPayment(outcome),
    };

    /// <summary>Why money was not given back.</summary>
    public static Refusal OfRefund(Outcome outcome, Amount refundable) => outcome switch
    {
        Outcome.CitedIsNotRefundable => new(RefusalCodes.PaymentNotPosted, "The payment is not posted, so there is nothing to give back."),
        Outcome.RefundWindowOver => new(RefusalCodes.RefundWindowOver, "The time for refunds of this payment is over."),
        Outcome.ExceedsRefundable => new(RefusalCodes.ExceedsRefundable, $"At most {refundable} of this payment can still be given back.",
            new Dictionary<string, object> { ["refundable"] = AmountJson.From(refundable) }),
        Outcome.InsufficientFunds => new(RefusalCodes.PayeeFundsInsufficient, "The payee does not hold enough to give this back."),
        _ => OfPayment(outcome),
    };

    public static Refusal InsufficientFunds(Amount price, Amount balance)
    {
        // What came in since does not undo the refusal: its key is bound to it.
        var missing = price.Units > balance.Units ? price - balance : new(price.Asset, UInt128.Zero);
        return new(RefusalCodes.InsufficientFunds, $"The wallet holds {balance}, and {price} is needed.",
            new Dictionary<string, object> { ["missing"] = AmountJson.From(missing), ["balance"] = AmountJson.From(balance) });
    }

    private static InvalidOperationException Unexpected(Outcome outcome) => new($"The ledger refused a payment with {outcome}, which payments never cause.");
}
