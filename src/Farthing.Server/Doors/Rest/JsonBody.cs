using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Farthing.Payments;

namespace Farthing.Server.Doors.Rest;

/// <summary>Reads bodies strictly: what a call does not know, it refuses.</summary>
internal static class JsonBody
{
    private static readonly byte[] EmptyObject = "{}"u8.ToArray();

    /// <summary>Reads a body.</summary>
    /// <returns>The body, or why it is refused. A slow second look finds the reason, so that a good body is read once.</returns>
    /// <param name="request">The request.</param>
    /// <param name="type">What its body is.</param>
    /// <param name="call">What is called.</param>
    /// <param name="turn">Taken once the body is there, before anything is made of it, so that a slow sender keeps nobody waiting; or null.</param>
    public static async ValueTask<Answer<T>> ReadAsync<T>(HttpRequest request, JsonTypeInfo<T> type, RestCall call, Turn? turn) where T : class
    {
        if (request.ContentLength > call.MaxBytes) return TooLarge(call);
        var reader = request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync();
            var buffer = read.Buffer;
            if (buffer.Length > call.MaxBytes)
            {
                reader.AdvanceTo(buffer.End);
                return TooLarge(call);
            }

            if (!read.IsCompleted)
            {
                reader.AdvanceTo(buffer.Start, buffer.End);
                continue;
            }

            if (turn is not null) await turn.TakeAsync(request.HttpContext.RequestAborted);
            var answer = buffer.IsEmpty && call.BodyIsOptional ? Parse(new ReadOnlySequence<byte>(EmptyObject), type, call)
                : IsJson(request.ContentType) ? Parse(buffer, type, call)
                : new Refusal(RefusalCodes.UnsupportedMediaType, "Send the body with the header Content-Type: application/json.");
            reader.AdvanceTo(buffer.End);
            return answer;
        }
    }

    /// <summary>Reads a body to the byte.</summary>
    public static async ValueTask<Answer<byte[]>> ReadBytesAsync(HttpRequest request, RestCall call)
    {
        if (request.ContentLength > call.MaxBytes) return TooLarge(call);
        var reader = request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync();
            var buffer = read.Buffer;
            if (buffer.Length > call.MaxBytes)
            {
                reader.AdvanceTo(buffer.End);
                return TooLarge(call);
            }

            if (read.IsCompleted)
            {
                var bytes = buffer.ToArray();
                reader.AdvanceTo(buffer.End);
                return bytes;
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    private static Answer<T> Parse<T>(in ReadOnlySequence<byte> body, JsonTypeInfo<T> type, RestCall call) where T : class
    {
        if (body.IsSingleSegment) return Parse(body.FirstSpan, type, call);
        var whole = ArrayPool<byte>.Shared.Rent((int)body.Length);
        try
        {
            body.CopyTo(whole);
            return Parse(whole.AsSpan(0, (int)body.Length), type, call);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(whole);
        }
    }

    private static Answer<T> Parse<T>(ReadOnlySpan<byte> body, JsonTypeInfo<T> type, RestCall call) where T : class
    {
        if (call.MaxListLength is { } most && HasListLongerThan(most, body)) return new Refusal(RefusalCodes.InvalidField, $"The list of this call has at most {most} members.");
        try
        {
            if (JsonSerializer.Deserialize(body, type) is { } value) return value;
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException)
        {
            // NotSupportedException: nothing says which case of a union it is. Explained below, in our words: those of the serializer name our types and
            // change between its versions.
        }

        return BodyDiagnosis.Explain(body, type);
    }

    // An object costs the sender three bytes and us a hundred: they are counted before they are made.
    private static bool HasListLongerThan(int most, ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = BodyDiagnosis.MaxDepth });
        var length = 0;
        try
        {
            while (reader.Read())
            {
                // Members of a member of the body: the end of an object or list stands at its own depth once more.
                if (reader.CurrentDepth == 2 && reader.TokenType is not (JsonTokenType.EndObject or JsonTokenType.EndArray) && ++length > most) return true;
            }
        }
        catch (JsonException)
        {
            // It is refused for its form, with the place named.
        }

        return false;
    }

    private static bool IsJson(string? contentType)
    {
        if (contentType is null) return false;
        var end = contentType.IndexOf(';');
        var mediaType = end < 0 ? contentType.AsSpan() : contentType.AsSpan(0, end);
        return mediaType.Trim().Equals("application/json", StringComparison.OrdinalIgnoreCase);
    }

    private static Refusal TooLarge(RestCall call) => new(RefusalCodes.BodyTooLarge, $"The body of this call has at most {call.MaxBytes} bytes.");
}
