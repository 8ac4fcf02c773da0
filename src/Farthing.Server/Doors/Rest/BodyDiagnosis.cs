using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.Unicode;
using Farthing.Payments;
using Farthing.Protocol;

namespace Farthing.Server.Doors.Rest;

/// <summary>Finds out why a body was refused, by walking it along the type that was wanted.</summary>
/// <remarks>Runs only for refused bodies. The order of the reasons: bytes, form, depth, then fields in the order they stand.</remarks>
internal static class BodyDiagnosis
{
    /// <summary>How many levels a body may nest.</summary>
    public const int MaxDepth = 8;

    /// <summary>The reason.</summary>
    public static Refusal Explain(ReadOnlySpan<byte> body, JsonTypeInfo type)
    {
        if (!Utf8.IsValid(body)) return new Refusal(RefusalCodes.InvalidUtf8, "The body has bytes that are not UTF-8.");
        if (CheckForm(body) is { } malformed) return malformed;

        var reader = new Utf8JsonReader(body);
        reader.Read();
        return Walk(ref reader, type, "", isAmountText: false) ?? new Refusal(RefusalCodes.InvalidField, "The body could not be read.");
    }

    private static Refusal? CheckForm(ReadOnlySpan<byte> body)
    {
        // The reader's own limit would not tell depth from other faults of form.
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = int.MaxValue });
        var isTooDeep = false;
        try
        {
            while (reader.Read())
            {
                isTooDeep |= reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray && reader.CurrentDepth >= MaxDepth;
            }
        }
        catch (JsonException e)
        {
            return new Refusal(RefusalCodes.MalformedJson, $"The body is not well-formed JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1} of the line.");
        }

        return isTooDeep ? new Refusal(RefusalCodes.JsonTooDeep, $"The body nests deeper than {MaxDepth} levels.") : null;
    }

    private static Refusal? Walk(ref Utf8JsonReader reader, JsonTypeInfo type, string path, bool isAmountText)
    {
        if (type.PolymorphismOptions is { } union) return WalkCase(ref reader, type, union, path);
        if (type.Kind == JsonTypeInfoKind.Object) return WalkObject(ref reader, type, path);
        if (type.Kind == JsonTypeInfoKind.Enumerable) return WalkList(ref reader, type, path);

        var wanted = Nullable.GetUnderlyingType(type.Type) ?? type.Type;
        if (wanted == typeof(string))
        {
            if (reader.TokenType == JsonTokenType.String) return HasText(ref reader) ? null : Invalid(path, "has an escape that is no character");
            return isAmountText && reader.TokenType == JsonTokenType.Number ? NumberForAmount(path) : Invalid(path, "must be a string");
        }

        if (wanted == typeof(bool)) return reader.TokenType is JsonTokenType.True or JsonTokenType.False ? null : Invalid(path, "must be true or false");
        return reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var number) && (wanted != typeof(uint) || number >= 0)
            ? null
            : Invalid(path, "must be a whole number within its range");
    }

    // One member says which type the object is of; it may stand anywhere in it.
    private static Refusal? WalkCase(ref Utf8JsonReader reader, JsonTypeInfo type, JsonPolymorphismOptions union, string path)
    {
        if (reader.TokenType != JsonTokenType.StartObject) return Invalid(path, "must be an object");
        var member = union.TypeDiscriminatorPropertyName;
        var field = $"{path}.{member}";
        var isNamed = false;
        string? name = null;
        for (var ahead = reader; ahead.Read() && ahead.TokenType == JsonTokenType.PropertyName; ahead.Skip())
        {
            var isName = ahead.ValueTextEquals(member);
            ahead.Read();
            if (!isName) continue;
            isNamed = true;
            name = ahead.TokenType == JsonTokenType.String && HasText(ref ahead) ? ahead.GetString() : null;
        }

        if (!isNamed) return new Refusal(RefusalCodes.MissingField, $"The field {field} is missing.");
        var known = union.DerivedTypes.FirstOrDefault(derived => derived.TypeDiscriminator is string word && word == name);
        return known.DerivedType is null
            ? Invalid(field, $"must be one of: {string.Join(", ", union.DerivedTypes.Select(derived => derived.TypeDiscriminator))}")
            : WalkObject(ref reader, type.Options.GetTypeInfo(known.DerivedType), path, member);
    }

    private static Refusal? WalkObject(ref Utf8JsonReader reader, JsonTypeInfo type, string path, string? caseMember = null)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            if (type.Type != typeof(AmountJson)) return Invalid(path, "must be an object");
            return reader.TokenType == JsonTokenType.Number ? NumberForAmount(path) : Invalid(path, """must be an object such as {"amount":"0.02","currency":"USD"}""");
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (!HasText(ref reader)) return new Refusal(RefusalCodes.UnknownField, "A field's name has an escape that is no character.");
            var name = reader.GetString()!;
            var property = type.Properties.FirstOrDefault(candidate => candidate.Name == name);
            var field = path.Length == 0 ? name : $"{path}.{name}";
            if (property is null && name != caseMember) return new Refusal(RefusalCodes.UnknownField, $"This call does not know the field {Shortened(field)}.");
            if (!seen.Add(name)) return new Refusal(RefusalCodes.UnknownField, $"The field {field} is given twice.");
            reader.Read();
            if (property is null) continue;
            if (reader.TokenType == JsonTokenType.Null)
            {
                if (!property.IsSetNullable) return Invalid(field, "must not be null");
                continue;
            }

            var isAmountText = type.Type == typeof(AmountJson) && name == "amount";
            if (Walk(ref reader, type.Options.GetTypeInfo(property.PropertyType), field, isAmountText) is { } refusal) return refusal;
        }

        foreach (var property in type.Properties)
        {
            var isRequired = property.IsRequired || property.AssociatedParameter is { IsMemberInitializer: false, HasDefaultValue: false };
            if (isRequired && !seen.Contains(property.Name))
                return new Refusal(RefusalCodes.MissingField, $"The field {(path.Length == 0 ? property.Name : $"{path}.{property.Name}")} is missing.");
        }

        return null;
    }

    private static Refusal? WalkList(ref Utf8JsonReader reader, JsonTypeInfo type, string path)
    {
        if (reader.TokenType != JsonTokenType.StartArray) return Invalid(path, "must be a list");
        var element = type.Options.GetTypeInfo(type.ElementType!);
        for (var i = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; i++)
        {
            var place = $"{path}[{i}]";
            if (reader.TokenType == JsonTokenType.Null) return Invalid(place, "must not be null");
            if (Walk(ref reader, element, place, isAmountText: false) is { } refusal) return refusal;
        }

        return null;
    }

    // A lone half of a surrogate pair can be escaped in well-formed JSON, and is no text.
    private static bool HasText(ref Utf8JsonReader reader)
    {
        try
        {
            reader.GetString();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static Refusal NumberForAmount(string path) =>
        new(RefusalCodes.AmountMustBeAString, $"{path} is a JSON number. Write the amount as a string, such as \"0.02\".");

    private static Refusal Invalid(string path, string what) =>
        new(RefusalCodes.InvalidField, path.Length == 0 ? $"The body {what}." : $"{path} {what}.");

    // What a stranger wrote is named in the answer, but not at any length.
    private static string Shortened(string field) => field.Length <= 100 ? field : string.Concat(field.AsSpan(0, 100), "…");
}
