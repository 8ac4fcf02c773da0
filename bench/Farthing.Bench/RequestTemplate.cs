using System.Security.Cryptography;
using System.Text;

namespace Farthing.Bench;

/// <summary>A complete HTTP/1.1 request whose idempotency keys, and whose body if there are several, change from one sending to the next.</summary>
/// <remarks>Building text would cost the generator what it is to leave to the server, so keys are overwritten where they stand. Not safe to share between threads.</remarks>
internal sealed class RequestTemplate
{
    /// <summary>Stands in a template where a key goes; as long as a UUID.</summary>
    public const string KeyPlaceholder = "kkkkkkkk-kkkk-kkkk-kkkk-kkkkkkkkkkkk";

    private readonly byte[][] requests;
    private readonly int[][] keyOffsets;
    private readonly UuidKeys keys;
    private int next;

    /// <param name="path">What is posted to.</param>
    /// <param name="bearer">The caller's key.</param>
    /// <param name="bodies">Sent in turns; a placeholder in one is replaced by a fresh key each time.</param>
    /// <param name="keys">Where keys come from.</param>
    public RequestTemplate(string path, string bearer, IReadOnlyList<string> bodies, UuidKeys keys)
    {
        this.keys = keys;
        requests = [.. bodies.Select(body => Encoding.ASCII.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {bearer}\r\nIdempotency-Key: {KeyPlaceholder}\r\n" +
            $"Content-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}"))];
        keyOffsets = [.. requests.Select(OffsetsOfKeys)];
    }

    /// <summary>The next request; valid until the next call.</summary>
    public ReadOnlySpan<byte> Next()
    {
        var request = requests[next];
        foreach (var offset in keyOffsets[next]) keys.WriteNext(request.AsSpan(offset));
        next = next + 1 == requests.Length ? 0 : next + 1;
        return request;
    }

    private static int[] OffsetsOfKeys(byte[] request)
    {
        var placeholder = Encoding.ASCII.GetBytes(KeyPlaceholder);
        var offsets = new List<int>();
        for (var from = 0; request.AsSpan(from).IndexOf(placeholder) is var at and >= 0; from += at + placeholder.Length) offsets.Add(from + at);
        return [.. offsets];
    }
}

/// <summary>Unique UUIDv7 texts of this instant: a counter in place of most of the randomness, as RFC 9562 section 6.2 allows.</summary>
/// <remarks>Not safe to share between threads.</remarks>
internal sealed class UuidKeys
{
    private readonly uint salt = BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4));
    private ulong counter;

    public void WriteNext(Span<byte> destination)
    {
        counter++;
        var milliseconds = (ulong)TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        WriteHex(destination, milliseconds >> 16, 8);
        WriteHex(destination[9..], milliseconds & 0xffff, 4);
        WriteHex(destination[14..], 0x7000 | (salt & 0xfff), 4);
        WriteHex(destination[19..], 0x8000 | ((salt >> 12) & 0x3fff), 4);
        WriteHex(destination[24..], counter, 12);
    }

    private static void WriteHex(Span<byte> destination, ulong value, int digits)
    {
        for (var i = digits - 1; i >= 0; i--, value >>= 4) destination[i] = "0123456789abcdef"u8[(int)(value & 15)];
    }
}
