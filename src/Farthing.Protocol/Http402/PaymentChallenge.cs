using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Farthing.Protocol;

/// <summary>Why a challenge that came back is not accepted.</summary>
public enum ChallengeError
{
    /// <summary>It is accepted.</summary>
    None,

    /// <summary>Its id is not the code that this site's secret gives for its parameters: changed, or made by someone else.</summary>
    NotIssuedHere,

    /// <summary>Its time is over.</summary>
    Expired,
}

/// <summary>A challenge of the <c>Payment</c> HTTP authentication scheme: what a site asks for in a 402's <c>WWW-Authenticate</c>.</summary>
/// <remarks>
/// The id is <c>base64url(HMAC-SHA256(secret, realm|method|intent|request|expires|digest|opaque))</c>, so a site recognises its own challenges without
/// keeping any. A site makes one with <see cref="Create"/>, sends <see cref="ToHeader"/>, and checks the one in a <see cref="PaymentCredential"/> with
/// <see cref="Check"/>. Immutable; safe to share between threads.
/// </remarks>
/// <example>
/// <code>
/// var request = new ChargeRequest(price, payee, server, terms.Sign(key)).ToRequest();
/// var challenge = PaymentChallenge.Create(secret, "news.example", PaymentChallenge.Farthing, PaymentChallenge.Charge, request, terms.Expires);
/// response.Headers.WWWAuthenticate = challenge.ToHeader();
/// </code>
/// </example>
public sealed record PaymentChallenge
{
    /// <summary>The name of the authentication scheme.</summary>
    public const string Scheme = "Payment";

    /// <summary>The method of our own: the payload is an entitlement.</summary>
    public const string Farthing = "farthing";

    /// <summary>The intent to pay once.</summary>
    public const string Charge = "charge";

    /// <summary>The intent to pay for what is used, up to a ceiling that is held: <see cref="MeterRequest"/>.</summary>
    public const string Meter = "meter";

    /// <summary>The intent to show a subscription that the wallet has: a <see cref="ChargeRequest"/> whose amount is the price of a period. Nothing is paid by answering it.</summary>
    public const string Subscription = "subscription";

    /// <summary>The longest header value that is read, in characters.</summary>
    public const int MaxHeaderLength = 16 << 10;

    /// <summary>The code over the other parameters. Parameter <c>id</c>.</summary>
    public required string Id { get; init; }

    /// <summary>The site, usually its host name. Parameter <c>realm</c>.</summary>
    public required string Realm { get; init; }

    /// <summary>How to pay: <see cref="Farthing"/> for our own. Parameter <c>method</c>.</summary>
    public required string Method { get; init; }

    /// <summary>What for: <see cref="Charge"/> for a single payment, <see cref="Meter"/> for what is used, <see cref="Subscription"/> for what is subscribed to. Parameter <c>intent</c>.</summary>
    public required string Intent { get; init; }

    /// <summary>What is asked, as base64url of JSON that the method defines; see <see cref="ChargeRequest"/> and <see cref="MeterRequest"/>. Parameter <c>request</c>.</summary>
    public required string Request { get; init; }

    /// <summary>When the challenge ends, RFC 3339 as sent, or null for never. Parameter <c>expires</c>.</summary>
    public string? Expires { get; init; }

    /// <summary>When the challenge ends; null for never, or if <see cref="Expires"/> cannot be read.</summary>
    public DateTimeOffset? Ends => Expires is not null && Rfc3339.TryParse(Expires, out var end) ? end : null;

    /// <summary>The digest of the request's body, or null. Parameter <c>digest</c>.</summary>
    public string? Digest { get; init; }

    /// <summary>Words for people, or null; not covered by the id. Parameter <c>description</c>.</summary>
    public string? Description { get; init; }

    /// <summary>The site's own data, or null. Parameter <c>opaque</c>.</summary>
    public string? Opaque { get; init; }

    /// <summary>Makes a challenge.</summary>
    /// <param name="secret">The site's secret, at least 16 random bytes, the same on all of its machines.</param>
    /// <param name="realm">The site, usually its host name.</param>
    /// <param name="method">How to pay.</param>
    /// <param name="intent">What for.</param>
    /// <param name="request">Base64url of the request.</param>
    /// <param name="expires">When the challenge ends, to the millisecond; null for never.</param>
    /// <param name="digest">The digest of the request's body.</param>
    /// <param name="description">Words for people.</param>
    /// <param name="opaque">The site's own data.</param>
    /// <exception cref="ArgumentException">A text is empty, is not of visible ASCII and blanks, or has a bar, which divides the parameters in the code.</exception>
    public static PaymentChallenge Create(ReadOnlySpan<byte> secret, string realm, string method, string intent, string request,
        DateTimeOffset? expires, string? digest = null, string? description = null, string? opaque = null)
    {
        foreach (var text in new[] { realm, method, intent, request, digest ?? "-", opaque ?? "-" })
        {
            if (string.IsNullOrEmpty(text) || !IsHeaderText(text) || text.Contains('|', StringComparison.Ordinal))
                throw new ArgumentException($"'{text}' cannot be a parameter of a challenge: use visible ASCII without a bar.");
        }

        if (description is not null && !IsHeaderText(description)) throw new ArgumentException("A description is of visible ASCII and blanks.", nameof(description));
        var challenge = new PaymentChallenge
        {
            Id = "",
            Realm = realm,
            Method = method,
            Intent = intent,
            Request = request,
            Expires = expires is { } end ? Rfc3339.Format(end) : null,
            Digest = digest,
            Description = description,
            Opaque = opaque,
        };
        return challenge with { Id = challenge.ComputeId(secret) };
    }

    /// <summary>Finds whether this challenge was made with <paramref name="secret"/> and is still open.</summary>
    public ChallengeError Check(ReadOnlySpan<byte> secret, DateTimeOffset now)
    {
        var expected = Encoding.UTF8.GetBytes(ComputeId(secret));
        if (!CryptographicOperations.FixedTimeEquals(expected, Encoding.UTF8.GetBytes(Id))) return ChallengeError.NotIssuedHere;
        return IsOver(now) ? ChallengeError.Expired : ChallengeError.None;
    }

    /// <summary>True if the challenge has an end and it has come, or cannot be read.</summary>
    public bool IsOver(DateTimeOffset now) => Expires is not null && !(now < Ends);

    /// <summary>The value for <c>WWW-Authenticate</c>: the scheme and its parameters.</summary>
    public string ToHeader()
    {
        var header = new StringBuilder(Scheme);
        var separator = " ";
        foreach (var (name, value) in Parameters())
        {
            header.Append(separator).Append(name).Append("=\"").Append(value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)).Append('"');
            separator = ", ";
        }

        return header.ToString();
    }

    /// <summary>Reads the challenges of this scheme out of a <c>WWW-Authenticate</c> value, which may hold challenges of several schemes.</summary>
    /// <returns>The well-formed ones, in order; none if the header is malformed or too long. Never throws.</returns>
    public static IReadOnlyList<PaymentChallenge> ReadAll(string? header)
    {
        if (header is null || header.Length > MaxHeaderLength) return [];
        var found = new List<PaymentChallenge>();
        foreach (var (scheme, parameters) in AuthenticateHeader.Read(header))
        {
            if (!scheme.Equals(Scheme, StringComparison.OrdinalIgnoreCase)) continue;
            if (FromParameters(parameters) is { } challenge) found.Add(challenge);
        }

        return found;
    }

    internal static PaymentChallenge? FromParameters(IReadOnlyDictionary<string, string> parameters)
    {
        if (!parameters.TryGetValue("id", out var id) || id.Length == 0) return null;
        if (!parameters.TryGetValue("realm", out var realm) || !parameters.TryGetValue("request", out var request)) return null;
        if (!parameters.TryGetValue("method", out var method) || !parameters.TryGetValue("intent", out var intent)) return null;
        return new PaymentChallenge
        {
            Id = id,
            Realm = realm,
            Method = method,
            Intent = intent,
            Request = request,
            Expires = parameters.GetValueOrDefault("expires"),
            Digest = parameters.GetValueOrDefault("digest"),
            Description = parameters.GetValueOrDefault("description"),
            Opaque = parameters.GetValueOrDefault("opaque"),
        };
    }

    internal void WriteMembers(Utf8JsonWriter writer)
    {
        foreach (var (name, value) in Parameters()) writer.WriteString(name, value);
    }

    internal static bool IsHeaderText(string text) => !text.AsSpan().ContainsAnyExceptInRange(' ', '~');

    private IEnumerable<(string Name, string Value)> Parameters()
    {
        yield return ("id", Id);
        yield return ("realm", Realm);
        yield return ("method", Method);
        yield return ("intent", Intent);
        yield return ("request", Request);
        if (Expires is not null) yield return ("expires", Expires);
        if (Digest is not null) yield return ("digest", Digest);
        if (Description is not null) yield return ("description", Description);
        if (Opaque is not null) yield return ("opaque", Opaque);
    }

    // Always seven slots; an absent one is empty.
    private string ComputeId(ReadOnlySpan<byte> secret) =>
        Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(string.Join('|', Realm, Method, Intent, Request, Expires, Digest, Opaque))));
}
