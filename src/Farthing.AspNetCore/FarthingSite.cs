using System.Buffers.Text;
using System.Security.Cryptography;
using Farthing.Protocol;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Farthing.AspNetCore;

/// <summary>The site as it is running: the options read once, and what both doors ask of them.</summary>
internal sealed class FarthingSite
{
    /// <summary>How long a person or a program has to pay.</summary>
    public static readonly TimeSpan TermsLifetime = TimeSpan.FromMinutes(10);

    /// <summary>The header in which a script names the page that it runs in: a path of this site, with its query.</summary>
    private const string ReturnHeader = "Farthing-Return";

    // How the nonces of terms for programs begin. A browser's is a hash.
    private const string ProgramNonce = "program-";
    private const int MaxTitleLength = 120;
    private const int MaxReturnUrlLength = 1024;

    private readonly SigningKey signingKey;
    private readonly VerifiedEntitlements entitlements;
    private readonly Func<HttpContext, ValueTask<PaymentPreview?>>? preview;
    private readonly string? website;
    private readonly string? name;

    public FarthingSite(IOptions<FarthingOptions> options, TimeProvider time)
    {
        var asked = options.Value;
        Payee = Id<PayeeKind>.TryParse(asked.Payee, out var payee) ? payee : throw new InvalidOperationException("The options were not validated.");
        entitlements = new VerifiedEntitlements(VerifyingKey.TryParse(asked.EntitlementKey, out var key) ? key : throw new InvalidOperationException("The options were not validated."));
        signingKey = SigningKey.FromSeed(Convert.FromBase64String(asked.SigningKey));
        Server = new Uri(asked.Server);
        ChallengeSecret = asked.ChallengeSecret ?? RandomNumberGenerator.GetBytes(32);
        Stylesheet = asked.Stylesheet;
        TakesPlayMoney = asked.PlayMoney;
        preview = asked.Preview;
        website = asked.Website;
        name = asked.Name;
        Time = time;
        Plans = asked.Plans.ToDictionary(plan => plan.Key, plan => plan.Value.ToDemand(plan.Key) ?? throw new InvalidOperationException("The options were not validated."), StringComparer.Ordinal);
        Meters = asked.Meters.ToDictionary(meter => meter.Key, meter => meter.Value.ToDemand(meter.Key) ?? throw new InvalidOperationException("The options were not validated."), StringComparer.Ordinal);
        // Rounded up, and no challenge begins earlier: one of an earlier process began before this second.
        Opened = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().AddTicks(TimeSpan.TicksPerSecond - 1).ToUnixTimeSeconds());
    }

    public Id<PayeeKind> Payee { get; }

    public Uri Server { get; }

    public byte[] ChallengeSecret { get; }

    public string? Stylesheet { get; }

    public bool TakesPlayMoney { get; }

    public TimeProvider Time { get; }

    /// <summary>What can be subscribed to, by name.</summary>
    public IReadOnlyDictionary<string, Demand> Plans { get; }

    /// <summary>What can be metered, by name.</summary>
    public IReadOnlyDictionary<string, Demand> Meters { get; }

    /// <summary>When this process began to sell, in whole seconds.</summary>
    public DateTimeOffset Opened { get; }

    /// <summary>The page of a payment at the operator, where it can be refunded.</summary>
    public Uri PaymentPage(Id<PaymentKind> payment) => new(Server, $"/payments/{payment}");

    public string NameFor(HttpRequest request) => name ?? request.Host.Host;

    /// <summary>The absolute address of this request with another query. Never relative: a path that begins with two slashes would name another host.</summary>
    public string AddressOf(HttpRequest request, QueryString query) =>
        OriginOf(request) + request.PathBase.ToUriComponent() + request.Path.ToUriComponent() + query.ToUriComponent();

    /// <summary>What to show before payment; null if nothing is for sale at this address.</summary>
    public async ValueTask<PaymentPreview?> PreviewAsync(HttpContext context) =>
        preview is null ? new PaymentPreview(context.Request.Path.Value ?? "/") : await preview(context);

    /// <summary>Terms for a person, who buys the page: once, for this browser, and back to this address.</summary>
    /// <returns>Null if the address cannot be sold: it is too long, or has control characters.</returns>
    public string? TermsForBrowser(Demand demand, string resource, string title, string nonce, HttpRequest request)
    {
        var address = PageThatAsks(request) ?? AddressOf(request, BrowserDoor.QueryWithoutAnswer(request));
        if (address.Length > MaxReturnUrlLength) address = AddressOf(request, QueryString.Empty);
        return Sign(demand, resource, title, nonce, address, once: true, Time.GetUtcNow() + TermsLifetime);
    }

    /// <summary>
    /// The page of this site whose script fetches something that has a price, to which the payer goes back; null if there is none. Scripts of other
    /// sites cannot send the header, and what it names is a path here.
    /// </summary>
    private string? PageThatAsks(HttpRequest request)
    {
        var path = request.Headers[ReturnHeader].ToString();
        if (path.Length is 0 or > MaxReturnUrlLength || path[0] != '/' || path.AsSpan().ContainsAnyExceptInRange('!', '~')) return null;
        var origin = OriginOf(request);
        return Uri.TryCreate(origin + path, UriKind.Absolute, out var address) && address.GetLeftPart(UriPartial.Authority) == new Uri(origin).GetLeftPart(UriPartial.Authority) ? origin + path : null;
    }

    private string OriginOf(HttpRequest request) => website ?? $"{request.Scheme}://{request.Host.ToUriComponent()}";

    /// <summary>Terms for a program, which buys the call.</summary>
    /// <returns>Null if the address cannot be sold: it is too long, or has control characters.</returns>
    public string? TermsForProgram(Demand demand, string resource, string title, DateTimeOffset expires) =>
        Sign(demand, resource, title, ProgramNonce + RandomText(), returnUrl: null, once: demand.Use == PaymentUse.Once, expires);

    /// <summary>When terms and challenge end that a program is given now: in whole seconds, as terms count them.</summary>
    public DateTimeOffset ProgramTermsEnd()
    {
        var begins = DateTimeOffset.FromUnixTimeSeconds(Time.GetUtcNow().ToUnixTimeSeconds());
        return (begins < Opened ? Opened : begins) + TermsLifetime;
    }

    /// <summary>Reads an entitlement of this site for this resource and nonce.</summary>
    /// <returns>Null if it is not one; one that has expired is returned too.</returns>
    public Entitlement? ReadEntitlement(string? token, string resource, string nonce) =>
        ReadEntitlement(token, resource) is { } entitlement
        && CryptographicOperations.FixedTimeEquals(System.Text.Encoding.UTF8.GetBytes(entitlement.Nonce), System.Text.Encoding.UTF8.GetBytes(nonce))
            ? entitlement
            : null;

    /// <summary>Reads an entitlement of this site for this resource, whoever it was given to: it opens nothing.</summary>
    /// <returns>Null if it is not one; one that has expired is returned too.</returns>
    public Entitlement? ReadEntitlement(string? token, string resource) =>
        entitlements.Read(token) is { } entitlement && entitlement.Payee == Payee && string.Equals(entitlement.Resource, resource, StringComparison.Ordinal)
            // What a meter covers is counted, and opens nothing that is paid for at once.
            && entitlement.Meter is not null == resource.StartsWith(MeterDemand.ResourcePrefix, StringComparison.Ordinal)
            ? entitlement
            : null;

    /// <summary>True if the entitlement answers terms that a program was given. A browser's opens nothing without the browser's secret, and it stood in an address.</summary>
    public static bool IsForProgram(Entitlement entitlement) => entitlement.Nonce.StartsWith(ProgramNonce, StringComparison.Ordinal);

    /// <summary>True if the entitlement still opens its page.</summary>
    public bool IsCurrent(Entitlement entitlement) => Time.GetUtcNow() < entitlement.Expires;

    /// <summary>256 random bits as base64url.</summary>
    public static string RandomText() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    private string? Sign(Demand demand, string resource, string title, string nonce, string? returnUrl, bool once, DateTimeOffset expires)
    {
        var terms = new Terms
        {
            Payee = Payee,
            Offer = demand.Offer,
            Amount = demand.Offer is null ? demand.Price : null,
            Resource = resource,
            Title = Shorten(demand.Name ?? title),
            ReturnUrl = returnUrl,
            Once = once,
            Expires = expires,
            Nonce = nonce,
        };
        try
        {
            return terms.Sign(signingKey);
        }
        catch (InvalidOperationException)
        {
            // Everything else in the terms is within bounds by construction.
            return null;
        }
    }

    private static string Shorten(string title)
    {
        var text = string.Concat(title.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? ' ' : c)).Trim();
        return text.Length <= MaxTitleLength ? text : text[..(MaxTitleLength - 1)] + "…";
    }
}
