using System.Numerics;
using Farthing.Protocol;

namespace Farthing.Payments.Statements;

/// <summary>One line of a statement, from the account's point of view. Immutable.</summary>
/// <param name="Kind">The wire word: <c>payment</c>, <c>hold</c>, <c>post</c>, <c>void</c>, <c>expire</c>, <c>fee</c>, <c>refund</c>, <c>fee_refund</c>, <c>split</c>, <c>split_refund</c>, <c>top_up</c>, <c>personal_payment</c>, <c>pledge</c>, <c>pledge_post</c>, <c>pledge_void</c>, <c>pledge_expire</c>, <c>campaign</c>, <c>payout</c>, <c>payout_post</c>, <c>payout_void</c>, <c>payout_return</c>.</param>
/// <param name="SignedUnits">What the line changed in the posted balance: negative if money left; zero for a hold, void or expiry.</param>
/// <param name="HeldUnits">What the line changed in what is held: positive when set aside, negative when released.</param>
/// <param name="BalanceAfter">What could be spent after it.</param>
/// <param name="Payment">The payment it belongs to, if any.</param>
/// <param name="TopUp">The top-up it belongs to, if any.</param>
/// <param name="PersonalPayment">The payment from or to another wallet, if it is one.</param>
/// <param name="Campaign">The campaign that was pledged to, or that paid, if one was.</param>
/// <param name="Pledge">The pledge, if it is one, or the end of one.</param>
/// <param name="Counterparty">The payee's name for a wallet, the payer's pseudonym for a payee, the other wallet's handle between people; null for the operator or a rail.</param>
/// <param name="Title">What was paid for, as the site's terms called it; else the resource; between people the note; the campaign's name; null if there is none or it cannot be read.</param>
/// <param name="Reference">The payment's reference, if there is one and it can be read.</param>
/// <param name="CreatedAt">When.</param>
public sealed record StatementLine(string Kind, Asset Asset, BigInteger SignedUnits, BigInteger HeldUnits, Amount BalanceAfter, Id<PaymentKind>? Payment, Id<TopUpKind>? TopUp, Id<PersonalPaymentKind>? PersonalPayment, Id<CampaignKind>? Campaign, Id<PledgeKind>? Pledge, string? Counterparty, string? Title, string? Reference, DateTimeOffset CreatedAt)
{
    /// <summary>The payout it belongs to, if any.</summary>
    public Id<PayoutKind>? Payout { get; init; }

    /// <summary>The rail of a top-up; null for all else, and for a rail that is not there any more.</summary>
    public string? Rail { get; init; }

    /// <summary><see cref="SignedUnits"/> as a decimal with a minus sign where money left, such as <c>-0.02</c>.</summary>
    public string SignedAmount => (SignedUnits.Sign < 0 ? "-" : "") + new Amount(Asset, (UInt128)BigInteger.Abs(SignedUnits)).ToDecimalString();
}
