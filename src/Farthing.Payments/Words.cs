namespace Farthing.Payments;

/// <summary>Texts that people are shown.</summary>
internal static class Words
{
    /// <summary>True if a text has 1 to <paramref name="longest"/> characters, not all blank, none of them a control character or half of a pair.</summary>
    public static bool AreShown(string? text, int longest)
    {
        if (string.IsNullOrWhiteSpace(text) || text.Length > longest) return false;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (char.IsControl(c)) return false;
            if (!char.IsSurrogate(c)) continue;
            if (!char.IsHighSurrogate(c) || i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1])) return false;
            i++;
        }

        return true;
    }
}
