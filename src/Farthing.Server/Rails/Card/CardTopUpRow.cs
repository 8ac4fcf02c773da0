using Farthing.Payments.Settings;

namespace Farthing.Server.Rails.Card;

/// <summary>What Stripe calls a top-up. The row is there before the payer is shown the page, so that a page nobody remembers was shown to nobody, and before a card is charged that the payer left.</summary>
/// <param name="Id">The top-up's id.</param>
/// <param name="StripeId">The id of its Checkout Session; of a charge of a card that was left, the id of the customer at first, then that of the payment intent.</param>
/// <param name="State">Active, but while a charge may have been begun of which Stripe's id is not known.</param>
/// <param name="Version">As of every row.</param>
internal sealed record CardTopUpRow(UInt128 Id, string StripeId, RowState State, int Version = 1) : ISettingsRow
{
    private const string PaymentPrefix = "pi_";

    /// <summary>True if the payer pays at a page.</summary>
    public bool IsPage => State == RowState.Active && !IsPayment;

    /// <summary>True if it is known by its payment intent.</summary>
    public bool IsPayment => StripeId.StartsWith(PaymentPrefix, StringComparison.Ordinal);
}
