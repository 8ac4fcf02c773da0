using Farthing.Payments;
using Farthing.Protocol;

namespace Farthing.Server.Doors.Rest;

/// <summary>Ids as they come in.</summary>
internal static class WireIds
{
    /// <summary>Reads an id.</summary>
    /// <returns>Why it is none, or null.</returns>
    public static Refusal? Read<T>(string? text, out Id<T> id) where T : IIdKind =>
        Id<T>.TryParse(text, out id) && !id.IsZero
            ? null
            : new Refusal(RefusalCodes.InvalidId, $"An id of the form {T.Prefix}_ and 26 characters is wanted here.");

    /// <summary>Reads to whom something is given: a payee, or an offer that says who shares it.</summary>
    /// <returns>Why it is not exactly one of them, or null.</returns>
    public static Refusal? ReadGift(string? sentPayee, string? sentOffer, out Id<PayeeKind>? payee, out Id<OfferKind>? offer)
    {
        (payee, offer) = (null, null);
        if (sentPayee is null == sentOffer is null) return new(RefusalCodes.InvalidField, "Name exactly one of payee and offer.");
        if (sentPayee is not null)
        {
            if (Read<PayeeKind>(sentPayee, out var named) is { } refusal) return refusal;
            payee = named;
            return null;
        }

        if (Read<OfferKind>(sentOffer, out var shared) is { } unread) return unread;
        offer = shared;
        return null;
    }
}
