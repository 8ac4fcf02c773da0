using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

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

    private const string Context = "farthing-terms-v1";
    private const int MaxResourceLength = 512;
    private const int MaxTitleLength = 200;
    private const int MaxReturnUrlLength = 2048;
    private const int MinNonceLength = 16;
    private const int MaxNonceLength = 64;

    private static readonly SearchValues<char> NonceCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    /// <summary>Who is paid. Member <c>payee</c>.</summary>
    public required Id<PayeeKind> Payee { get; init; }

    /// <summary>The offer that is bought, whose price applies; or null if <see cref="Amount"/> says the price. Member <c>offer</c>.</summary>
    public Id<OfferKind>? Offer { get; init; }

    /// <summary>The price, if no offer is named; more than zero. Members <c>amount</c> (decimal string) and <c>currency</c>.</summary>
    public Amount? Amount { get; init; }

    /// <summary>What is sold: a path on the payee's site, such as <c>/articles/rain</c>. 1 to 512 characters, none of them a control character. Member <c>resource</c>.</summary>
    public required string Resource { get; init; }

    /// <summary>What the payer is shown, at most 200 characters, none of them a control character. Member <c>title</c>.</summary>
    public string? Title { get; init; }

    /// <summary>The absolute http or https URL a browser goes back to; its origin must be one that the payee registered. At most 2,048 visible ASCII characters, no user name. Member <c>return</c>.</summary>
    public string? ReturnUrl { get; init; }

    /// <summary>True if a wallet pays for this resource only once, however many terms it is shown. Member <c>once</c>.</summary>
    public bool Once { get; init; }

    /// <summary>When these terms end, to the second. Member <c>expires</c>, Unix seconds.</summary>
    public required DateTimeOffset Expires { get; init; }

    /// <summary>The base64url SHA-256 of the browser's secret on the site, or a random value for a program; it comes back in the entitlement. 16 to 64 characters of <c>A-Z a-z 0-9 - _</c>. Member <c>nonce</c>.</summary>
    public required string Nonce { get; init; }

    /// <summary>Signs these terms.</summary>
    /// <returns>The token.</returns>
    /// <exception cref="InvalidOperationException">A member is out of its bounds, both or neither of offer and amount are set, or the token would be too long.</exception>
    public string Sign(SigningKey payeeKey)
    {
        if (FindFault() is { } fault) throw new InvalidOperationException($"These terms cannot be signed: {fault}.");
        var token = SignedToken.Sign(Context, StrictJson.WriteObject(this, WriteMembers), payeeKey);
        return token.Length <= MaxTokenLength
            ? token
            : throw new InvalidOperationException($"These terms cannot be signed: the token has {token.Length} characters, at most {MaxTokenLength} are read.");
    }

    /// <summary>Reads a token without checking its signature or expiry: the payee's key is found by <see cref="Payee"/> first.</summary>
    /// <returns>False for anything but well-formed terms, unknown or repeated members included. Never throws.</returns>
    public static bool TryParse(string? token, [NotNullWhen(true)] out Terms? terms)
    {
        terms = null;
        return SignedToken.TryRead(token, MaxTokenLength, out var read) && TryReadPayload(read.Payload, out terms);
    }

    /// <summary>True if the token is these terms, signed by <paramref name="payeeKey"/>.</summary>
    public static bool VerifySignature(string token, VerifyingKey payeeKey)
    {
        ArgumentNullException.ThrowIfNull(payeeKey);
        return SignedToken.TryRead(token, MaxTokenLength, out var read) && read.IsSignedBy(payeeKey, Context);
    }

    /// <summary>True if the text can stand as <see cref="Resource"/> of terms and entitlements.</summary>
    internal static bool IsResource(string resource) => resource.Length is >= 1 and <= MaxResourceLength && IsPrintable(resource);

    /// <summary>True if the text can stand as <see cref="Nonce"/> of terms and entitlements.</summary>
    internal static bool IsNonce(string nonce) => nonce.Length is >= MinNonceLength and <= MaxNonceLength && !nonce.AsSpan().ContainsAnyExcept(NonceCharacters);

    private static bool TryReadPayload(ReadOnlySpan<byte> payload, [NotNullWhen(true)] out Terms? terms)
    {
        var draft = new Draft();
        terms = null;
        if (!StrictJson.TryReadObject(payload, draft, ReadMember)) return false;
        if (draft.Payee is not { } payee || draft.Resource is null || draft.Nonce is null || draft.Expires is not { } expires) return false;
        if ((draft.AmountText is null) != (draft.Currency is null)) return false;

        Amount? amount = null;
        if (draft.AmountText is not null)
        {
            if (!Asset.TryGetCurrency(draft.Currency, out var asset)) return false;
            if (Protocol.Amount.TryParse(draft.AmountText, asset, out var read) != AmountError.None) return false;
            amount = read;
        }

        var candidate = new Terms
        {
            Payee = payee,
            Offer = draft.Offer,
            Amount = amount,
            Resource = draft.Resource,
            Title = draft.Title,
            ReturnUrl = draft.ReturnUrl,
            Once = draft.Once,
            Expires = expires,
            Nonce = draft.Nonce,
        };
        if (candidate.FindFault() is not null) return false;
        terms = candidate;
        return true;
    }

    private static bool ReadMember(ref Utf8JsonReader reader, string name, Draft draft)
    {
        switch (name)
        {
            case "payee" when StrictJson.TryGetId<PayeeKind>(ref reader, out var payee):
                draft.Payee = payee;
                return true;
            case "offer" when StrictJson.TryGetId<OfferKind>(ref reader, out var offer):
                draft.Offer = offer;
                return true;
            case "amount" when StrictJson.TryGetText(ref reader, out var amount):
                draft.AmountText = amount;
                return true;
            case "currency" when StrictJson.TryGetText(ref reader, out var currency):
                draft.Currency = currency;
                return true;
            case "resource" when StrictJson.TryGetText(ref reader, out var resource):
                draft.Resource = resource;
                return true;
            case "title" when StrictJson.TryGetText(ref reader, out var title):
                draft.Title = title;
                return true;
            case "return" when StrictJson.TryGetText(ref reader, out var returnUrl):
                draft.ReturnUrl = returnUrl;
                return true;
            case "once" when reader.TokenType is JsonTokenType.True or JsonTokenType.False:
                draft.Once = reader.GetBoolean();
                return true;
            case "expires" when StrictJson.TryGetTime(ref reader, out var expires):
                draft.Expires = expires;
                return true;
            case "nonce" when StrictJson.TryGetText(ref reader, out var nonce):
                draft.Nonce = nonce;
                return true;
            default:
                return false;
        }
    }

    private static void WriteMembers(Utf8JsonWriter writer, Terms terms)
    {
        writer.WriteString("payee", terms.Payee.ToString());
        if (terms.Offer is { } offer) writer.WriteString("offer", offer.ToString());
        if (terms.Amount is { } amount)
        {
            writer.WriteString("amount", amount.ToDecimalString());
            writer.WriteString("currency", amount.Asset.Code);
        }

        writer.WriteString("resource", terms.Resource);
        if (terms.Title is not null) writer.WriteString("title", terms.Title);
        if (terms.ReturnUrl is not null) writer.WriteString("return", terms.ReturnUrl);
        if (terms.Once) writer.WriteBoolean("once", true);
        writer.WriteNumber("expires", terms.Expires.ToUnixTimeSeconds());
        writer.WriteString("nonce", terms.Nonce);
    }

    /// <summary>What is wrong with these terms, in words, or null.</summary>
    private string? FindFault()
    {
        if (Payee.IsZero) return "no payee is named";
        if (Offer.HasValue == Amount.HasValue) return "exactly one of offer and amount must be set";
        if (Offer is { IsZero: true }) return "the offer's id is zero";
        if (Amount is { } amount && !IsPrice(amount)) return "the amount must be more than zero, not too large, and of a known currency";
        if (!IsResource(Resource)) return "the resource must have 1 to 512 characters, none of them a control character";
        if (Title is not null && (Title.Length > MaxTitleLength || !IsPrintable(Title))) return "the title must have at most 200 characters, none of them a control character";
        if (ReturnUrl is not null && !IsReturnUrl(ReturnUrl)) return "the return address must be an absolute http or https URL of at most 2,048 visible ASCII characters, without a user name";
        if (!IsNonce(Nonce)) return "the nonce must have 16 to 64 characters of A-Z a-z 0-9 - _";
        return Expires.ToUnixTimeSeconds() < 0 ? "the expiry must not be before 1970" : null;
    }

    private static bool IsPrintable(string text) => !text.Any(char.IsControl) && SignedNote.IsWellFormed(text);

    private static bool IsPrice(Amount amount) =>
        !amount.IsZero && amount.Units <= Protocol.Amount.MaxUnits && Asset.TryGetCurrency(amount.Asset.Code, out var asset) && asset == amount.Asset;

    private static bool IsReturnUrl(string url)
    {
        // Visible ASCII and no backslash: programs disagree on what blanks and backslashes mean in a URL, and so on whose site it is.
        if (url.Length > MaxReturnUrlLength || url.AsSpan().ContainsAnyExceptInRange('!', '~') || url.Contains('\\', StringComparison.Ordinal)) return false;
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps)) return false;
        var start = uri.Scheme.Length + "://".Length;
        if (!url.StartsWith($"{uri.Scheme}://", StringComparison.Ordinal) || uri.Host.Length == 0) return false;
        var end = url.AsSpan(start).IndexOfAny('/', '?', '#');
        var authority = end < 0 ? url.AsSpan(start) : url.AsSpan(start, end);
        return !authority.Contains('@');
    }

    /// <summary>Members as read, before it is known that they fit together.</summary>
    private sealed class Draft
    {
        public Id<PayeeKind>? Payee { get; set; }
        public Id<OfferKind>? Offer { get; set; }
        public string? AmountText { get; set; }
        public string? Currency { get; set; }
        public string? Resource { get; set; }
        public string? Title { get; set; }
        public string? ReturnUrl { get; set; }
        public bool Once { get; set; }
        public DateTimeOffset? Expires { get; set; }
        public string? Nonce { get; set; }
    }
}
