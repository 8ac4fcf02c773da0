using Farthing.Payments.TopUps;
using Stripe;

namespace Farthing.Server.Rails.Card;

/// <summary>Why a card was not charged, as its owner may be told.</summary>
internal static class CardFaults
{
    private const string CardError = "card_error";

    /// <summary>
    /// The fault that Stripe names: three are said, all others of a card only as declined. Stripe asks to say no more than that of a card that was lost or stolen, or thought to be; see
    /// its page on decline codes.
    /// </summary>
    public static string? Of(StripeError? error) => (error?.DeclineCode ?? error?.Code, error?.Code) switch
    {
        (null, _) => null,
        (AutomaticTopUpFaults.AuthenticationRequired, _) or (_, AutomaticTopUpFaults.AuthenticationRequired) => AutomaticTopUpFaults.AuthenticationRequired,
        (AutomaticTopUpFaults.ExpiredCard, _) or (_, AutomaticTopUpFaults.ExpiredCard) => AutomaticTopUpFaults.ExpiredCard,
        (AutomaticTopUpFaults.InsufficientFunds, _) => AutomaticTopUpFaults.InsufficientFunds,
        var (_, code) => error!.Type == CardError ? AutomaticTopUpFaults.CardDeclined : code,
    };
}
