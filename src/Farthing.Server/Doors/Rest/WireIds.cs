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
}
