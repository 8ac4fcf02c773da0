using Farthing.Protocol;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Farthing.AspNetCore;

/// <summary>What a site sets to be paid. All but the last six must be set.</summary>
/// <remarks>Read once, when the site starts; a fault stops the start with the option named.</remarks>
public sealed class FarthingOptions
{
    /// <summary>The site's payee id, <c>pye_…</c>.</summary>
    public string Payee { get; set; } = "";

    /// <summary>The 32-byte seed of the payee's Ed25519 key, standard base64. It signs terms: keep it like a password.</summary>
    public string SigningKey { get; set; } = "";

    /// <summary>The origin of the operator's payment server, such as <c>http://127.0.0.1:5080</c>. Browsers are sent there; this site itself never calls it.</summary>
    public string Server { get; set; } = "";

    /// <summary>The public key of the operator's entitlements, standard base64. Entitlements are checked with it offline.</summary>
    public string EntitlementKey { get; set; } = "";

    /// <summary>What is shown of a page before it is paid for. Null answers mean that there is nothing for sale there: the request gets 404, not 402. Default: the path as title, no text.</summary>
    public Func<HttpContext, ValueTask<PaymentPreview?>>? Preview { get; set; }

    /// <summary>This site's own origin as browsers know it, such as <c>https://news.example</c>. Default: scheme and host of each request, which behind a proxy needs forwarded headers.</summary>
    public string? Website { get; set; }

    /// <summary>The site's name on the 402 page. Default: the host of the request.</summary>
    public string? Name { get; set; }

    /// <summary>The path of a style sheet of this site for the 402 page, such as <c>/site.css</c>. Default: a small one of its own.</summary>
    public string? Stylesheet { get; set; }

    /// <summary>True if the payment server takes play money; the 402 page then says so. Default: false.</summary>
    public bool PlayMoney { get; set; }

    /// <summary>The secret that marks this site's own challenges to programs, at least 32 random bytes. Default: random for each start.</summary>
    /// <remarks>
    /// Machines that share one site share it, and must then send one program's requests to one machine, as used challenges are remembered per process. So that
    /// a start does not open them again, a process refuses challenges that are older than itself, whatever the secret: a call that was paid but not made before
    /// a restart is refunded, not served.
    /// </remarks>
    public byte[]? ChallengeSecret { get; set; }
}

/// <summary>What is shown of a page before it is paid for. Plain text: it is encoded wherever it is shown.</summary>
/// <param name="Title">The title; the payer sees it again on the pay page and on the statement. Cut to 120 characters there.</param>
/// <param name="FirstParagraph">The text to show; null for none.</param>
public sealed record PaymentPreview(string Title, string? FirstParagraph = null);

/// <summary>Names the first option that is wrong, and how to put it right.</summary>
internal sealed class FarthingOptionsValidator : IValidateOptions<FarthingOptions>
{
    private const int MinSecretLength = 32;

    public ValidateOptionsResult Validate(string? name, FarthingOptions options)
    {
        if (!Id<PayeeKind>.TryParse(options.Payee, out _)) return Fault(nameof(options.Payee), "must be the payee's id, pye_ and 26 characters");
        if (!IsSeed(options.SigningKey)) return Fault(nameof(options.SigningKey), "must be base64 of the 32-byte seed of the payee's key");
        if (!IsOrigin(options.Server)) return Fault(nameof(options.Server), "must be an http or https origin without a path, such as http://127.0.0.1:5080");
        if (!VerifyingKey.TryParse(options.EntitlementKey, out _)) return Fault(nameof(options.EntitlementKey), "must be base64 of the operator's 32-byte public key");
        if (options.Website is not null && !IsOrigin(options.Website)) return Fault(nameof(options.Website), "must be an http or https origin without a path, such as https://news.example");
        if (options.Stylesheet is not null && !options.Stylesheet.StartsWith('/')) return Fault(nameof(options.Stylesheet), "must be a path of this site, such as /site.css");
        if (options.ChallengeSecret is { Length: < MinSecretLength }) return Fault(nameof(options.ChallengeSecret), "must have at least 32 bytes");
        return ValidateOptionsResult.Success;
    }

    private static ValidateOptionsResult Fault(string option, string what) => ValidateOptionsResult.Fail($"Farthing: the option {option} {what}.");

    private static bool IsSeed(string text)
    {
        Span<byte> seed = stackalloc byte[33];
        return Convert.TryFromBase64String(text, seed, out var length) && length == 32;
    }

    private static bool IsOrigin(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
        && uri.PathAndQuery == "/" && uri.Fragment.Length == 0 && uri.UserInfo.Length == 0 && !text.EndsWith('/');
}
