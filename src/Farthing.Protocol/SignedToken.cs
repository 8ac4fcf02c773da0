using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Farthing.Protocol;

/// <summary>A payload and its signature in one line of text: <c>base64url(payload) "." base64url(signature)</c>, no padding.</summary>
/// <remarks>
/// The signature is Ed25519 over a context, a line feed and the payload's bytes as sent, so that a token of one kind never passes for another
/// and nothing depends on how JSON is written. One payload has one text: stray trailing bits are refused.
/// </remarks>
internal readonly struct SignedToken
{
    private const int SignatureLength = 64;
    private const int SignatureTextLength = 86;

    private static readonly SearchValues<char> Base64UrlCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    private SignedToken(byte[] payload, byte[] signature)
    {
        Payload = payload;
        Signature = signature;
    }

    /// <summary>The bytes that were signed, without the context.</summary>
    public byte[] Payload { get; }

    private byte[] Signature { get; }

    public static string Sign(string context, ReadOnlySpan<byte> payload, SigningKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return $"{Base64Url.EncodeToString(payload)}.{Base64Url.EncodeToString(key.Sign(SignedBytes(context, payload)))}";
    }

    public static bool TryRead(string? text, int maxLength, out SignedToken token)
    {
        token = default;
        if (text is null || text.Length > maxLength || text.Length <= SignatureTextLength) return false;
        var point = text.Length - SignatureTextLength - 1;
        if (text[point] != '.') return false;
        if (!TryDecodeBase64Url(text.AsSpan(0, point), out var payload) || payload.Length == 0) return false;
        if (!TryDecodeBase64Url(text.AsSpan(point + 1), out var signature) || signature.Length != SignatureLength) return false;
        token = new SignedToken(payload, signature);
        return true;
    }

    public bool IsSignedBy(VerifyingKey key, string context) => key.Verify(SignedBytes(context, Payload), Signature);

    /// <summary>Reads base64url without padding, blanks or stray trailing bits.</summary>
    public static bool TryDecodeBase64Url(ReadOnlySpan<char> text, out byte[] bytes)
    {
        bytes = [];
        if (text.Length % 4 == 1 || text.ContainsAnyExcept(Base64UrlCharacters)) return false;
        var decoded = new byte[text.Length / 4 * 3 + Math.Max(0, text.Length % 4 - 1)];
        var status = Base64Url.DecodeFromChars(text, decoded, out _, out var length);
        if (status != OperationStatus.Done || length != decoded.Length) return false;
        bytes = decoded;
        return true;
    }

    private static byte[] SignedBytes(string context, ReadOnlySpan<byte> payload)
    {
        var bytes = new byte[context.Length + 1 + payload.Length];
        Encoding.ASCII.GetBytes(context, bytes);
        bytes[context.Length] = (byte)'\n';
        payload.CopyTo(bytes.AsSpan(context.Length + 1));
        return bytes;
    }
}
