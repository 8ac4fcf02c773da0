using Farthing.Payments;
using Farthing.Server.Rails.Card;

namespace Farthing.Server.Doors.Rest;

/// <summary><c>/v1/rails/card/events</c>: where the card processor tells what has happened.</summary>
internal static class RailEventsApi
{
    /// <summary>Maps the call.</summary>
    /// <param name="door">The door.</param>
    /// <param name="card">Who takes the events; null if there is no card rail here.</param>
    public static void Map(RestRoutes door, CardEvents? card) => door.Post("/v1/rails/card/events", request => TakeAsync(request, card), new RestCall
    {
        OperationId = "takeCardEvent",
        Tag = "Top-ups",
        Summary = "For the card processor: tell that something has happened",
        Description = "Signed by Stripe in the header Stripe-Signature; register checkout.session.*, charge.dispute.*, charge.refunded and refund.* to be sent here. An event only makes the server ask Stripe about what it names, so events may be repeated, late and out of turn.",
        BodyIsBytes = true,
        AnswerExample = "ok",
        Refusals = [RefusalCodes.RailNotAvailable, RefusalCodes.RailEventInvalid, RefusalCodes.RailUnreachable, RefusalCodes.BodyTooLarge],
    });

    private static async ValueTask<Refusal?> TakeAsync(RestRequest request, CardEvents? card)
    {
        if (card is null) return new Refusal(RefusalCodes.RailNotAvailable, "This server takes no cards.");
        var body = await request.ReadBytesAsync();
        if (!body.IsGiven) return body.Refusal;
        var signatures = request.Http.Request.Headers["Stripe-Signature"];
        return await card.TakeAsync(body.Value, signatures.Count == 1 ? signatures[0] : null) ?? await request.AnswerTextAsync("ok");
    }
}
