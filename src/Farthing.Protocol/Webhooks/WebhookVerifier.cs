using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Farthing.Protocol.Webhooks;

/// <summary>What a check of a webhook's request found.</summary>
public enum WebhookFinding
{
    /// <summary>The request was sent by whoever has the secret, and just now. Whether it was sent before is for <c>webhook-id</c> to tell.</summary>
    Valid = 0,

    /// <summary>One of the three headers is missing.</summary>
    HeaderMissing = 1,

    /// <summary><c>webhook-timestamp</c> is not a number of seconds.</summary>
    TimestampMalformed = 2,

    /// <summary>It was sent too long ago: somebody may be repeating what was overheard; or this machine's clock is wrong.</summary>
    TooOld = 3,

    /// <summary>It will be sent some time from now: one of the two clocks is wrong.</summary>
    TooNew = 4,

    /// <summary>No signature is one of the secret over this body.</summary>
    SignatureWrong = 5,
}

/// <summary>Checks requests that webhooks receive: the three headers of Standard Webhooks over the exact bytes of the body.</summary>
/// <remarks>
/// <para>The signature is over the bytes as they came: read the body once, check it, and only then parse it. What was found valid may come again, as an event is sent until it is
/// taken: remember each <c>webhook-id</c> that was dealt with.</para>
/// <para>Immutable; safe to share between threads.</para>
/// </remarks>
public sealed class WebhookVerifier
{
    /// <summary>The header that names the event; the same each time that it is sent.</summary>
    public const string IdHeader = "webhook-id";

    /// <summary>The header with the time of the attempt, in Unix seconds.</summary>
    public const string TimestampHeader = "webhook-timestamp";

    /// <summary>The header with the signatures, with blanks between: <c>v1,</c> and base64 each.</summary>
    public const string SignatureHeader = "webhook-signature";

    private const string SecretPrefix = "whsec_";
    private const string Version = "v1,";
    private const int FewestSecretBytes = 16;
    private const int MaxSignatures = 16;

    private readonly byte[] secret;
    private readonly TimeProvider time;

    /// <summary>A verifier for one secret.</summary>
    /// <param name="secret">The secret as it was shown: <c>whsec_</c> and base64. While a secret is being replaced, either of the two will do.</param>
    /// <param name="time">The clock; the system's if null.</param>
    /// <exception cref="FormatException">That is no such secret.</exception>
    public WebhookVerifier(string secret, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(secret);
        this.time = time ?? TimeProvider.System;
        this.secret = new byte[secret.Length];
        var text = secret.AsSpan(secret.StartsWith(SecretPrefix, StringComparison.Ordinal) ? SecretPrefix.Length : 0);
        if (!Convert.TryFromBase64Chars(text, this.secret, out var length) || length < FewestSecretBytes) throw new FormatException("A webhook's secret is whsec_ and base64.");
        Array.Resize(ref this.secret, length);
    }

    /// <summary>How far the time of the attempt may be from the clock, either way. Default: five minutes.</summary>
    public TimeSpan Tolerance { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Checks a request. Never throws.</summary>
    /// <param name="id">The header <c>webhook-id</c>.</param>
    /// <param name="timestamp">The header <c>webhook-timestamp</c>.</param>
    /// <param name="signature">The header <c>webhook-signature</c>.</param>
    /// <param name="body">The body, byte by byte as it came.</param>
    public WebhookFinding Verify(string? id, string? timestamp, string? signature, ReadOnlySpan<byte> body)
    {
        if (string.IsNullOrEmpty(id) || string.IsNullOrEmpty(timestamp) || string.IsNullOrEmpty(signature)) return WebhookFinding.HeaderMissing;
        if (!long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)) return WebhookFinding.TimestampMalformed;
        var (now, tolerance) = (time.GetUtcNow().ToUnixTimeSeconds(), (long)Tolerance.TotalSeconds);
        if (seconds < now - tolerance) return WebhookFinding.TooOld;
        if (seconds > now + tolerance) return WebhookFinding.TooNew;

        var expected = Sign(secret, id, seconds, body)[Version.Length..];
        Span<byte> wanted = stackalloc byte[expected.Length];
        Encoding.ASCII.GetBytes(expected, wanted);
        Span<byte> given = stackalloc byte[expected.Length];
        var isFound = false;
        var rest = signature.AsSpan();
        for (var i = 0; i < MaxSignatures && !rest.IsEmpty; i++)
        {
            var blank = rest.IndexOf(' ');
            var one = blank < 0 ? rest : rest[..blank];
            rest = blank < 0 ? default : rest[(blank + 1)..];
            if (!one.StartsWith(Version, StringComparison.Ordinal) || one.Length != Version.Length + expected.Length) continue;
            for (var k = 0; k < given.Length; k++) given[k] = one[Version.Length + k] is var c && c < 128 ? (byte)c : (byte)0;
            isFound |= CryptographicOperations.FixedTimeEquals(given, wanted);
        }

        return isFound ? WebhookFinding.Valid : WebhookFinding.SignatureWrong;
    }

    /// <summary>The signature of a request: <c>v1,</c> and the base64 of HMAC-SHA-256 over id, timestamp and body, with points between.</summary>
    /// <param name="secret">The bytes of the secret.</param>
    /// <param name="id">The header <c>webhook-id</c>; it must have no point.</param>
    /// <param name="unixSeconds">The header <c>webhook-timestamp</c>.</param>
    /// <param name="body">The body, byte by byte as it is sent.</param>
    public static string Sign(ReadOnlySpan<byte> secret, string id, long unixSeconds, ReadOnlySpan<byte> body)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        hmac.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{unixSeconds}.")));
        hmac.AppendData(body);
        return Version + Convert.ToBase64String(hmac.GetHashAndReset());
    }
}
