using System.Collections.Frozen;

namespace Farthing.Server.Rails.BankFile;

/// <summary>Account numbers of banks (ISO 13616): two letters of a country, two check digits, and the bank's own number.</summary>
internal static class Iban
{
    // How long those of each country are: SWIFT's IBAN Registry, release 99 of 2024. https://www.swift.com/standards/data-standards/iban
    private const string Lengths =
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 "
        + "JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 "
        + "TR26 UA29 VA22 VG24 XK20 YE30";

    private static readonly FrozenDictionary<string, int> LengthOf = Lengths.Split(' ').ToFrozenDictionary(entry => entry[..2], entry => int.Parse(entry.AsSpan(2), System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>Reads an IBAN, with or without blanks between its groups, in upper or lower case.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="iban">Without blanks, in upper case, if the answer is null.</param>
    /// <returns>Why it can be no account, or null. Never throws.</returns>
    public static string? Read(string? text, out string iban)
    {
        iban = "";
        if (string.IsNullOrEmpty(text) || text.Length > 64) return "is missing, or far too long.";
        var plain = text.Replace(" ", "", StringComparison.Ordinal).ToUpperInvariant();
        if (plain.Length < 4 || !plain.All(char.IsAsciiLetterOrDigit) || !char.IsAsciiLetterUpper(plain[0]) || !char.IsAsciiLetterUpper(plain[1]) || !char.IsAsciiDigit(plain[2]) || !char.IsAsciiDigit(plain[3]))
            return "must be two letters of a country, two digits, and then letters and digits.";
        if (!LengthOf.TryGetValue(plain[..2], out var length)) return $"names {plain[..2]}, a country without such numbers.";
        if (plain.Length != length) return $"has {plain.Length} characters, but those of {plain[..2]} have {length}.";
        if (Remainder(plain) != 1) return "has a digit or letter that is wrong: its check digits do not fit.";
        iban = plain;
        return null;
    }

    // ISO 7064, modulo 97: the first four go to the end, letters count from 10.
    private static int Remainder(string iban)
    {
        var remainder = 0;
        for (var i = 0; i < iban.Length; i++)
        {
            var c = iban[(i + 4) % iban.Length];
            remainder = char.IsAsciiDigit(c) ? ((remainder * 10) + c - '0') % 97 : ((remainder * 100) + c - 'A' + 10) % 97;
        }

        return remainder;
    }
}
