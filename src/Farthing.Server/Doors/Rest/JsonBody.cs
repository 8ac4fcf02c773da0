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
    public static async ValueTask<Answer<T>> ReadAsync<T>(HttpRequest request, JsonTypeInfo<T> type, RestCall call) where T : class
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

            var answer = buffer.IsEmpty && call.BodyIsOptional ? Parse(new ReadOnlySequence<byte>(EmptyObject), type)
                : IsJson(request.ContentType) ? Parse(buffer, type)
                : new Refusal(RefusalCodes.UnsupportedMediaType, "Send the body with the header Content-Type: application/json.");
            reader.AdvanceTo(buffer.End);
            return answer;
        }
    }

    private static Answer<T> Parse<T>(in ReadOnlySequence<byte> body, JsonTypeInfo<T> type) where T : class
    {
        if (body.IsSingleSegment) return Parse(body.FirstSpan, type);
        var whole = ArrayPool<byte>.Shared.Rent((int)body.Length);
        try
        {
            body.CopyTo(whole);
            return Parse(whole.AsSpan(0, (int)body.Length), type);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(whole);
        }
    }

    private static Answer<T> Parse<T>(ReadOnlySpan<byte> body, JsonTypeInfo<T> type) where T : class
    {
        try
        {
            if (JsonSerializer.Deserialize(body, type) is { } value) return value;
        }
        catch (JsonException)
        {
            // Explained below, in our words: those of the serializer name our types and change between its versions.
        }

        return BodyDiagnosis.Explain(body, type);
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
