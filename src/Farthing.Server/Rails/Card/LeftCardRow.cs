using Farthing.Payments.Settings;

namespace Farthing.Server.Rails.Card;

/// <summary>A card that a payer left at a page of Stripe's, by Stripe's ids of it: these are of use to nobody without this server's key of Stripe's, so they are kept as they are. Never a card number.</summary>
/// <param name="Id">The id of the top-up at whose page it was left.</param>
/// <param name="Customer">Stripe's id of the customer made for it.</param>
/// <param name="PaymentMethod">Stripe's id of the card.</param>
/// <param name="Brand">For showing; null if Stripe does not say.</param>
/// <param name="LastFour">Its last four digits, likewise.</param>
/// <param name="Expires">The month of its end, such as <c>2030-12</c>, likewise.</param>
/// <param name="State">Active until Stripe has forgotten it; then it is closed, and the members above are empty.</param>
/// <param name="Version">As of every row.</param>
internal sealed record LeftCardRow(UInt128 Id, string Customer, string PaymentMethod, string? Brand, string? LastFour, string? Expires, RowState State, int Version = 1) : ISettingsRow;
