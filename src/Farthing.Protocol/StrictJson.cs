using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Farthing.Protocol;

/// <summary>JSON objects as tokens carry them: read member by member, unknown or repeated members refused; written compactly.</summary>
internal static class StrictJson
{
    /// <summary>9999-12-31T23:59:59Z, the last second that <see cref="DateTimeOffset"/> can say.</summary>
    private const long MaxUnixSeconds = 253_402_300_799;

    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads the value that <paramref name="reader"/> stands on.</summary>
    /// <returns>False for an unknown name or a value of the wrong kind.</returns>
    public delegate bool MemberReader<T>(ref Utf8JsonReader reader, string name, T target);

    /// <summary>Reads one object and nothing after it.</summary>
    /// <param name="json">UTF-8.</param>
    /// <param name="target">What the members are read into.</param>
    /// <param name="read">Called once for each member, on its value.</param>
    /// <returns>False if the text is not one object, a name stands twice, or <paramref name="read"/> says so. Never throws.</returns>
    public static bool TryReadObject<T>(ReadOnlySpan<byte> json, T target, MemberReader<T> read)
    {
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 8 });
            return reader.Read() && TryReadMembers(ref reader, target, read) && !reader.Read();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // JsonException: malformed. InvalidOperationException: a text that is not valid UTF-8 or has half a surrogate pair.
            return false;
        }
    }

    /// <summary>Reads the members of the object that the reader stands on, up to its end.</summary>
    public static bool TryReadMembers<T>(ref Utf8JsonReader reader, T target, MemberReader<T> read)
    {
        if (reader.TokenType != JsonTokenType.StartObject) return false;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            if (!seen.Add(name) || !reader.Read() || !read(ref reader, name, target)) return false;
        }

        return reader.TokenType == JsonTokenType.EndObject;
    }

    public static bool TryGetText(ref Utf8JsonReader reader, out string text)
    {
        text = "";
        if (reader.TokenType != JsonTokenType.String) return false;
        text = reader.GetString()!;
        return true;
    }

    public static bool TryGetId<T>(ref Utf8JsonReader reader, out Id<T> id) where T : IIdKind
    {
        id = default;
        return reader.TokenType == JsonTokenType.String && Id<T>.TryParse(reader.GetString(), out id);
    }

    /// <summary>Reads whole Unix seconds from 1970 to 9999.</summary>
    public static bool TryGetTime(ref Utf8JsonReader reader, out DateTimeOffset time)
    {
        time = default;
        if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var seconds) || seconds is < 0 or > MaxUnixSeconds) return false;
        time = DateTimeOffset.FromUnixTimeSeconds(seconds);
        return true;
    }

    /// <summary>Reads a whole number.</summary>
    public static bool TryGetCount(ref Utf8JsonReader reader, out long count)
    {
        count = 0;
        return reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out count);
    }

    public static byte[] WriteObject<T>(T source, Action<Utf8JsonWriter, T> write)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer, WriterOptions))
        {
            writer.WriteStartObject();
            write(writer, source);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
