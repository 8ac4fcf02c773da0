using System.Diagnostics.CodeAnalysis;

namespace Farthing.Protocol;

/// <summary>What a site asks for one request; signed by the payee.</summary>
/// <remarks>
/// On the wire: <c>base64url(payload) "." base64url(signature)</c>, no padding. The payload is compact JSON with the members below in camelCase and
/// in this order, absent ones left out; the signature is Ed25519 over the ASCII text <c>farthing-terms-v1</c>, a line feed, and the payload's bytes as sent.
/// Immutable; safe to share between threads.
/// </remarks>
public sealed record Terms
{
    /// <summary>The longest token that is read, in characters.</summary>
    public const int MaxTokenLength = 4096;

    /// <summary>Who is paid. Member <c>payee</c>.</summary>
    public required Id<PayeeKind> Payee { get; init; }

    /// <summary>The offer that is bought, whose price applies; or null if <see cref="Amount"/> says the price. Member <c>offer</c>.</summary>
    public Id<OfferKind>? Offer { get; init; }

    /// <summary>The price, if no offer is named. Members <c>amount</c> (decimal string) and <c>currency</c>.</summary>
    public Amount? Amount { get; init; }

    /// <summary>What is sold: a path on the payee's site, such as <c>/articles/rain</c>. 1 to 512 characters. Member <c>resource</c>.</summary>
    public required string Resource { get; init; }

    /// <summary>What the payer is shown, at most 200 characters. Member <c>title</c>.</summary>
    public string? Title { get; init; }

    /// <summary>The absolute URL a browser goes back to; its origin must be one that the payee registered. Member <c>return</c>.</summary>
    public string? ReturnUrl { get; init; }

    /// <summary>True if a wallet pays for this resource only once, however many terms it is shown. Member <c>once</c>.</summary>
    public bool Once { get; init; }

    /// <summary>When these terms end, to the second. Member <c>expires</c>, Unix seconds.</summary>
    public required DateTimeOffset Expires { get; init; }

    /// <summary>The base64url SHA-256 of the browser's secret on the site, or a random value for a program; it comes back in the entitlement. 16 to 64 characters. Member <c>nonce</c>.</summary>
    public required string Nonce { get; init; }

    /// <summary>Signs these terms.</summary>
    /// <returns>The token.</returns>
    public string Sign(SigningKey payeeKey) => throw new NotImplementedException();

    /// <summary>Reads a token without checking its signature or expiry: the payee's key is found by <see cref="Payee"/> first.</summary>
    /// <returns>False for anything but well-formed terms, unknown members included. Never throws.</returns>
    public static bool TryParse(string? token, [NotNullWhen(true)] out Terms? terms) => throw new NotImplementedException();

    /// <summary>True if the token is these terms, signed by <paramref name="payeeKey"/>.</summary>
    public static bool VerifySignature(string token, VerifyingKey payeeKey) => throw new NotImplementedException();
}
