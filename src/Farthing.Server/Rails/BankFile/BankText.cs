using System.Globalization;
using System.Text;

namespace Farthing.Server.Rails.BankFile;

/// <summary>Texts in the characters that every bank of the single euro payments area carries: letters without accents, digits, and a few signs.</summary>
/// <remarks>EPC217-08, "SEPA requirements for an extended character set", section 1.</remarks>
internal static class BankText
{
    private const string Signs = "/-?:().,'+ ";

    // From U+00C0 and from U+0100 on, the letter that is left without its accent. A program without the tables of languages cannot take letters apart.
    private const string Latin1 = "AAAAAA.CEEEEIIIIDNOOOOO.OUUUUY..aaaaaa.ceeeeiiiidnooooo.ouuuuy.y";
    private const string ExtendedA = "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiIiJjKkkLlLlLlLlLlNnNnNnnNnOoOoOo..RrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";

    /// <summary>The text in those characters, at most so many: accents go, other letters that have a usual spelling get it, and the rest becomes a point.</summary>
    public static string Of(string text, int most)
    {
        var plain = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (char.IsAsciiLetterOrDigit(c) || Signs.Contains(c, StringComparison.Ordinal)) plain.Append(c);
            else if (CharUnicodeInfo.GetUnicodeCategory(c) != UnicodeCategory.NonSpacingMark) plain.Append(Spelled(c));
        }

        var whole = plain.ToString().Trim();
        // A field must not begin or end with a slash, nor have two together.
        while (whole.Contains("//", StringComparison.Ordinal)) whole = whole.Replace("//", "/", StringComparison.Ordinal);
        whole = whole.Trim('/', ' ');
        if (whole.Length > most) whole = whole[..most].TrimEnd('/', ' ');
        return whole.Length == 0 ? "." : whole;
    }

    private static string Spelled(char c) => c switch
    {
        'ß' => "ss",
        'Æ' => "AE",
        'æ' => "ae",
        'Œ' => "OE",
        'œ' => "oe",
        'Þ' => "Th",
        'þ' => "th",
        'Ș' => "S",
        'ș' => "s",
        'Ț' => "T",
        'ț' => "t",
        '&' => "+",
        _ when char.IsLowSurrogate(c) => "",
        >= '\u00C0' and <= '\u00FF' => Latin1[c - '\u00C0'].ToString(),
        >= '\u0100' and <= '\u017F' => ExtendedA[c - '\u0100'].ToString(),
        _ => ".",
    };
}
