using Farthing.Payments;

namespace Farthing.Server.Doors.Rest;

/// <summary>Texts for people as they come in: bounded lines without control characters.</summary>
internal static class WireTexts
{
    /// <summary>True for 1 to <paramref name="most"/> characters, none of them a control character, not only blanks.</summary>
    public static bool IsLine(string text, int most) => text.Length >= 1 && text.Length <= most && !string.IsNullOrWhiteSpace(text) && !text.Any(char.IsControl);

    public static Refusal Refuse(string field, int most) => new(RefusalCodes.InvalidField, $"{field} must be 1 to {most} characters on one line.");
}
