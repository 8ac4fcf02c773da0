using System.Collections.Frozen;
using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Farthing.Server.Rails.BankFile;

/// <summary>The rules of one ISO 20022 message, as far as it is read here: which elements there are, in which sequence, how often, and what they may say.</summary>
/// <remarks>
/// <para>Immutable; safe to share between threads. What no rule looks into is passed over, whatever it holds; but it may stand only where the message definition has it.</para>
/// <para>A rule is a line: a name, and after <c>=</c> the elements in their sequence, each with <c>?</c> (at most once), <c>*</c> or <c>+</c> (any number), and after <c>:</c> what it holds: another rule, or
/// <c>TextN</c>, <c>DigitsN</c>, <c>Amount</c>, <c>Currency</c>, <c>Decimal</c>, <c>Number</c>, <c>Uuid</c>, <c>Date</c>, <c>DateTime</c>, <c>YesNo</c> or <c>Iban</c>. Between elements of which there is exactly one stands
/// <c>|</c>; <c>one of</c> names the words that a text may be.</para>
/// </remarks>
internal sealed partial class MessageRules
{
    private const string Choice = "|";
    private const string OneOf = "one of ";
    private const int MaxShownLength = 40;

    private static readonly XNamespace Instance = "http://www.w3.org/2001/XMLSchema-instance";

    // ISO 4217: the currencies that have other than two decimals.
    private static readonly FrozenDictionary<string, int> DecimalsOf = "BIF0 CLP0 DJF0 GNF0 ISK0 JPY0 KMF0 KRW0 PYG0 RWF0 UGX0 UYI0 VND0 VUV0 XAF0 XOF0 XPF0 BHD3 IQD3 JOD3 KWD3 LYD3 OMR3 TND3 CLF4 UYW4".Split(' ')
        .ToFrozenDictionary(entry => entry[..3], entry => entry[3] - '0');

    private readonly XNamespace space;
    private readonly FrozenDictionary<string, Rule> rules;

    private MessageRules(XNamespace space, FrozenDictionary<string, Rule> rules) => (this.space, this.rules) = (space, rules);

    /// <summary>Reads rules that are written as above; the first is that of the root, <c>Document</c>.</summary>
    public static MessageRules Of(string space, string lines) => new(space, lines.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(line => line.Split(" = ", 2)).ToFrozenDictionary(
        line => line[0], line => line[1].StartsWith(OneOf, StringComparison.Ordinal)
            ? new Rule([], false, line[1][OneOf.Length..].Split(' '))
            : new Rule([.. line[1].Split(' ').Where(word => word != Choice).Select(Part.Of)], line[1].Contains(Choice, StringComparison.Ordinal), [])));

    /// <summary>Holds a message against the rules.</summary>
    /// <returns>Where it first breaks one and which, or null. Never throws.</returns>
    public string? FindFault(XElement root) => root.Name != space + "Document" ? "The root is no Document of that message." : FindFault(root, "Document", "/Document");

    /// <summary>The number that an amount or decimal of a sound message is, in plain digits without needless zeros: what <see cref="Protocol.Amount.TryParse(string, Protocol.Asset, out Protocol.Amount)"/> takes.</summary>
    public static string PlainNumber(string text)
    {
        var (whole, fraction) = Split(text);
        return fraction.Length == 0 ? whole : $"{whole}.{fraction}";
    }

    private string? FindFault(XElement element, string type, string path)
    {
        var allowsCurrency = type == "Amount";
        foreach (var attribute in element.Attributes())
        {
            if (attribute.IsNamespaceDeclaration || attribute.Name == Instance + "schemaLocation" || (allowsCurrency && attribute.Name == "Ccy")) continue;
            return $"{path} has the attribute {Shown(attribute.Name.LocalName)}, which the message does not have there.";
        }

        if (rules.TryGetValue(type, out var rule) && rule.Words.Length == 0) return FindFaultOfParts(element, rule, path);
        if (element.HasElements) return $"{path} holds elements, and must hold a text.";
        var text = element.Value;
        if (rule is not null) return rule.Words.Contains(text, StringComparer.Ordinal) ? null : $"{path} must be {string.Join(", ", rule.Words[..^1])} or {rule.Words[^1]}.";
        var (name, size) = SizeOf(type);
        return name switch
        {
            "Text" => IsOfLength(text, size) ? null : $"{path} must have 1 to {size} characters.",
            "Digits" => text.Length >= 1 && text.Length <= size && text.All(char.IsAsciiDigit) ? null : $"{path} must be 1 to {size} digits.",
            "Amount" => FindFaultOfAmount(element, path),
            "Currency" => IsCurrency(text) ? null : $"{path} must be a currency: three capital letters.",
            "Decimal" => IsNumber(text, 17) ? null : $"{path} must be a number of at most 18 digits.",
            "Number" => IsNumber(text, 0) ? null : $"{path} must be a whole number of at most 18 digits.",
            "Uuid" => UuidPattern().IsMatch(text) ? null : $"{path} must be a UUID of version 4.",
            "Date" => IsDate(Collapsed(text)) ? null : $"{path} must be a date such as 2026-11-24.",
            "DateTime" => IsDateTime(Collapsed(text)) ? null : $"{path} must be a date and time such as 2026-11-24T06:00:00.",
            "YesNo" => Collapsed(text) is "true" or "false" or "1" or "0" ? null : $"{path} must be true or false.",
            "Iban" => IbanPattern().IsMatch(text) ? null : $"{path} must be an IBAN.",
            _ => throw new InvalidOperationException($"There is no rule {type}."),
        };
    }

    private string? FindFaultOfParts(XElement element, Rule rule, string path)
    {
        if (element.Nodes().OfType<XText>().Any(text => !IsBlank(text.Value))) return $"{path} holds a text, and must hold elements.";
        var (at, found, all) = (0, 0, 0);
        foreach (var child in element.Elements())
        {
            if (child.Name.Namespace != space) return $"{path} holds {Shown(child.Name.LocalName)} of another namespace.";
            var name = child.Name.LocalName;
            var next = rule.IsChoice && all == 0 ? 0 : at;
            while (next < rule.Parts.Length && rule.Parts[next].Name != name) next++;
            if (next == rule.Parts.Length || (rule.IsChoice && all > 0)) return $"{path} holds {Shown(name)}, which the message does not have {(rule.Parts.Any(part => part.Name == name) ? "in that place" : "there")}.";
            if (!rule.IsChoice && FindMissing(rule, at, next, found) is { } missing) return $"{path} has no {missing}.";
            found = next == at && all > 0 ? found + 1 : 1;
            (at, all) = (next, all + 1);
            var part = rule.Parts[at];
            if (found > part.Most) return $"{path} has {name} more than {(part.Most == 1 ? "once" : $"{part.Most} times")}.";
            if (part.Type is { } type && FindFault(child, type, part.Most == 1 ? $"{path}/{name}" : $"{path}/{name}[{found}]") is { } fault) return fault;
        }

        if (rule.IsChoice) return all == 1 ? null : $"{path} must hold one of {string.Join(", ", rule.Parts.Select(part => part.Name))}.";
        return FindMissing(rule, at, rule.Parts.Length, found) is { } left ? $"{path} has no {left}." : null;
    }

    // What must be there from one place up to another, and is not.
    private static string? FindMissing(Rule rule, int from, int to, int found)
    {
        for (var i = from; i < to; i++)
        {
            if (rule.Parts[i].IsNeeded && !(i == from && found > 0)) return rule.Parts[i].Name;
        }

        return null;
    }

    private static string? FindFaultOfAmount(XElement amount, string path)
    {
        if (amount.Attribute("Ccy")?.Value is not { } currency || !IsCurrency(currency)) return $"{path} must have the attribute Ccy with a currency: three capital letters.";
        if (!IsNumber(amount.Value, 5)) return $"{path} must be a number of at most 18 digits, 5 of them decimals.";
        var (whole, fraction) = Split(amount.Value);
        if (Collapsed(amount.Value)[0] == '-' && (whole != "0" || fraction.Length > 0)) return $"{path} must not be below zero.";
        var decimals = DecimalsOf.GetValueOrDefault(currency, 2);
        return fraction.Length <= decimals ? null : $"{path} has more decimals than the {decimals} of {currency}.";
    }

    private static bool IsNumber(string text, int decimals)
    {
        if (!NumberPattern().IsMatch(Collapsed(text))) return false;
        var (whole, fraction) = Split(text);
        return fraction.Length <= decimals && (whole == "0" ? 0 : whole.Length) + fraction.Length <= 18;
    }

    private static (string Whole, string Fraction) Split(string text)
    {
        var plain = Collapsed(text).TrimStart('+', '-');
        var point = plain.IndexOf('.', StringComparison.Ordinal);
        var whole = (point < 0 ? plain : plain[..point]).TrimStart('0');
        return (whole.Length == 0 ? "0" : whole, point < 0 ? "" : plain[(point + 1)..].TrimEnd('0'));
    }

    private static bool IsDateTime(string text) => DateTimePattern().Match(text) is { Success: true } match && IsDay(text[..10])
        && match.Groups["hour"].Value is var hour && (string.CompareOrdinal(hour, "24") < 0 || (hour == "24" && match.Groups["rest"].Value.All(c => c is '0' or ':' or '.'))) && IsZone(match);

    private static bool IsDate(string text) => DatePattern().Match(text) is { Success: true } match && IsDay(text[..10]) && IsZone(match);

    private static bool IsDay(string text) => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    private static bool IsZone(Match match) => match.Groups["zone"].Value is { Length: 6 } zone ? string.CompareOrdinal(zone, 1, "14:00", 0, 5) <= 0 : true;

    private static bool IsCurrency(string text) => text.Length == 3 && text.All(char.IsAsciiLetterUpper);

    private static bool IsOfLength(string text, int most) => text.Length > 0 && text.EnumerateRunes().Count() <= most;

    private static bool IsBlank(string text) => text.All(c => c is ' ' or '\t' or '\r' or '\n');

    // As XML has it for all but texts.
    private static string Collapsed(string text) => text.Trim(' ', '\t', '\r', '\n');

    // It comes from outside, and may be of any length.
    private static string Shown(string name) => name.Length <= MaxShownLength ? name : name[..MaxShownLength] + "…";

    private static (string Name, int Size) SizeOf(string type)
    {
        var name = type.TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9');
        return name.Length == type.Length ? (name, 0) : (name, int.Parse(type.AsSpan(name.Length), CultureInfo.InvariantCulture));
    }

    [GeneratedRegex(@"\A[A-Z]{2}[0-9]{2}[a-zA-Z0-9]{1,30}\z")]
    private static partial Regex IbanPattern();

    [GeneratedRegex(@"\A[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89ab][a-f0-9]{3}-[a-f0-9]{12}\z")]
    private static partial Regex UuidPattern();

    [GeneratedRegex(@"\A[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)\z")]
    private static partial Regex NumberPattern();

    [GeneratedRegex(@"\A[0-9]{4}-[0-9]{2}-[0-9]{2}(?<zone>Z|[+-][0-9]{2}:[0-5][0-9])?\z")]
    private static partial Regex DatePattern();

    [GeneratedRegex(@"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T(?<hour>[0-9]{2})(?<rest>:[0-5][0-9]:[0-5][0-9](\.[0-9]+)?)(?<zone>Z|[+-][0-9]{2}:[0-5][0-9])?\z")]
    private static partial Regex DateTimePattern();

    private sealed record Rule(Part[] Parts, bool IsChoice, string[] Words);

    private sealed record Part(string Name, bool IsNeeded, int Most, string? Type)
    {
        public static Part Of(string word)
        {
            var (head, type) = word.Split(':') is [var one, var two] ? (one, two) : (word, null);
            var (name, most) = (head.TrimEnd('?', '*', '+'), head[^1] is '*' or '+' ? int.MaxValue : 1);
            return new Part(name, head[^1] is not ('?' or '*'), most, type);
        }
    }
}
