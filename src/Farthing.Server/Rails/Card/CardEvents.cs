using System.Text;
using Farthing.Payments;
using Farthing.Payments.TopUps;
using Farthing.Protocol;
using Stripe;
using Stripe.Checkout;

namespace Farthing.Server.Rails.Card;

/// <summary>News from Stripe, as it is sent here. An event only says what to ask Stripe about: so it does not matter whether events are repeated, late or out of turn.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class CardEvents(CardRail rail, string? secret, TopUpDesk topUps, TimeProvider time)
{
    /// <summary>How far the time in a signature may be from ours, in seconds: whoever saw an event cannot send it for longer.</summary>
    public const int ToleranceSeconds = 300;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Checks an event and does what it calls for.</summary>
    /// <param name="body">The body as it came, to the byte.</param>
    /// <param name="signature">The header <c>Stripe-Signature</c>.</param>
    /// <returns>Why it was refused, or null: then it is done, or none of our business. Refused with 503, Stripe sends it again.</returns>
    public async ValueTask<Refusal?> TakeAsync(ReadOnlyMemory<byte> body, string? signature)
    {
        if (secret is null) return new(RefusalCodes.RailNotAvailable, "This server has no signing secret for events of the card processor: it asks instead.");
        if (Read(body, signature) is not { } told) return new(RefusalCodes.RailEventInvalid, "The event is not signed with this endpoint's secret, or its time is more than five minutes from here.");
        return await LookAsync(told.Data?.Object);
    }

    /// <summary>Asks Stripe about the top-up that an object of Stripe's belongs to, and does what is called for.</summary>
    /// <returns>Why that is still to be done, or null: then it is done, or none of our business.</returns>
    public async ValueTask<Refusal?> LookAsync(IHasObject? about)
    {
        var (topUp, payment) = about switch
        {
            Session session => (CardRail.TopUpIn(session.Metadata), session.PaymentIntentId),
            PaymentIntent intent => (CardRail.TopUpIn(intent.Metadata), intent.Id),
            Dispute dispute => (null, dispute.PaymentIntentId),
            Stripe.Refund refund => (null, refund.PaymentIntentId),
            Charge charge => (null, charge.PaymentIntentId),
            _ => (default(Id<TopUpKind>?), default(string)),
        };
        if (topUp is null && payment is not null)
        {
            (var isAnswered, topUp) = await rail.FindTopUpAsync(payment);
            if (!isAnswered) return new(RefusalCodes.RailUnreachable, "The card processor does not answer: try again.");
        }

        // The same account of Stripe's may be used for other things.
        if (topUp is not { } id) return null;
        var looked = await topUps.LookAsync(id);
        return looked.Refusal is { } refusal && refusal.Code != RefusalCodes.TopUpNotFound ? refusal : null;
    }

    private Event? Read(ReadOnlyMemory<byte> body, string? signature)
    {
        if (string.IsNullOrEmpty(signature)) return null;
        try
        {
            var text = Strict.GetString(body.Span);
            EventUtility.ValidateSignature(text, signature, secret, ToleranceSeconds, time.GetUtcNow().ToUnixTimeSeconds());
            return EventUtility.ConstructEventWithoutVerification(text, throwOnApiVersionMismatch: false);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Whatever cannot be read as an event, in whichever of its ways the package says so.
            return null;
        }
    }
}
