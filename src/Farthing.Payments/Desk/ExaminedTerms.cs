using Farthing.Payments.Calendars;
using Farthing.Protocol;

namespace Farthing.Payments.Desk;

/// <summary>What terms ask, examined for a payer who has not decided yet.</summary>
/// <param name="Terms">The terms; their signature, expiry and site are checked.</param>
/// <param name="Payee">Who is paid.</param>
/// <param name="Price">How much; the least, where the payer names the amount.</param>
/// <param name="Fee">The operator's fee, out of the payee's share.</param>
/// <param name="RefundWindowSeconds">How long it can be refunded.</param>
/// <param name="Choices">Amounts that the payer is shown to choose from, the least first; empty where the price is fixed.</param>
/// <param name="PayAt">What a tab owes at most on which it goes, so that nothing is paid now; null for what is paid at once.</param>
/// <param name="Paid">The wallet's payment for this resource that still stands, or null.</param>
public sealed record ExaminedTerms(Terms Terms, Payees.Payee Payee, Amount Price, Amount Fee, int RefundWindowSeconds, IReadOnlyList<Amount> Choices, Amount? PayAt, Payment? Paid)
{
    /// <summary>The meter that the terms start, whose ceiling the price is; null for whatever is no meter.</summary>
    public Offers.Metered? Meter { get; init; }

    /// <summary>How often the price is paid again until it is cancelled: a week or a month; null for what is paid once.</summary>
    public CalendarPeriod? Every { get; init; }
}
