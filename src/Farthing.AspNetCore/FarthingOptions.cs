using Farthing.Protocol;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Farthing.AspNetCore;

/// <summary>What a site sets to be paid. The first four must be set.</summary>
/// <remarks>Read once, when the site starts; a fault stops the start with the option named.</remarks>
public sealed class FarthingOptions
{
    /// <summary>The site's payee id, <c>pye_…</c>.</summary>
    public string Payee { get; set; } = "";

    /// <summary>The 32-byte seed of the payee's Ed25519 key, standard base64. It signs terms: keep it like a password.</summary>
    public string SigningKey { get; set; } = "";

    /// <summary>The origin of the operator's payment server, such as <c>http://127.0.0.1:5080</c>. Browsers are sent there. This site calls it only to continue what a player or script asks for of a page whose money can still be given back: at most once a minute for each browser and page.</summary>
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

    /// <summary>What can be subscribed to, by the names that <see cref="PaymentEndpoints.RequireSubscription"/> takes. Default: nothing.</summary>
    public IDictionary<string, SubscriptionPlan> Plans { get; } = new Dictionary<string, SubscriptionPlan>(StringComparer.Ordinal);

    /// <summary>What can be metered, by the names that <see cref="PaymentEndpoints.Metered"/> takes. Default: nothing.</summary>
    public IDictionary<string, MeteredOffer> Meters { get; } = new Dictionary<string, MeteredOffer>(StringComparer.Ordinal);

    /// <summary>The payee's key at the payment server, <c>fk_pye_…</c>, which reports meters: keep it like a password. Needed with <see cref="Meters"/>, and for nothing else. Default: none.</summary>
    public string? PayeeKey { get; set; }

    /// <summary>How often counted units are reported: 100 ms to 10 s. A site that is killed loses what it served since. Default: 2 seconds.</summary>
    public TimeSpan ReportEvery { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>The secret that marks this site's own challenges to programs, at least 32 random bytes. Default: random for each start.</summary>
    /// <remarks>
    /// Machines that share one site share it, and must then send one program's requests to one machine, as used challenges are remembered per process. So that
    /// a start does not open them again, a process refuses challenges that are older than itself, whatever the secret: a call that was paid but not made before
    /// a restart is refunded, not served.
    /// </remarks>
    public byte[]? ChallengeSecret { get; set; }
}

/// <summary>Something that people subscribe to: an offer of the model <c>subscription</c>, as the payee made it at the payment server.</summary>
/// <remarks>Price and period are what the 402 page says; what is paid is what the offer says, and the wallet shows it before anything is paid.</remarks>
public sealed class SubscriptionPlan
{
    /// <summary>The offer's id, <c>off_…</c>.</summary>
    public string Offer { get; set; } = "";

    /// <summary>What a period costs, such as <c>5 USD</c>.</summary>
    public string Price { get; set; } = "";

    /// <summary>How long a period is: <c>week</c> or <c>month</c>. Default: a month.</summary>
    public string Every { get; set; } = "month";

    /// <summary>Reads what was set.</summary>
    /// <returns>Null if it is wrong.</returns>
    internal Demand? ToDemand(string name)
    {
        if (!Id<OfferKind>.TryParse(Offer, out var offer) || Every is not ("week" or "month")) return null;
        try
        {
            return new Demand(Amount.Parse(Price), PaymentUse.Page, new PlanDemand(offer, name, Every));
        }
        catch (FormatException)
        {
            return null;
        }
    }
}

/// <summary>Something that is metered: an offer of the model <c>metered</c> that counts units, as the payee made it at the payment server.</summary>
/// <remarks>Price and ceiling are what the 402 page says; what is held and paid is what the offer says, and the wallet shows it before anything is held.</remarks>
public sealed class MeteredOffer
{
    /// <summary>The offer's id, <c>off_…</c>.</summary>
    public string Offer { get; set; } = "";

    /// <summary>What <see cref="Count"/> units cost, such as <c>0.001 USD</c>.</summary>
    public string Price { get; set; } = "";

    /// <summary>How many units the price is for. Default: 1.</summary>
    public long Count { get; set; } = 1;

    /// <summary>What is held while a meter runs, such as <c>0.50 USD</c>.</summary>
    public string Ceiling { get; set; } = "";

    /// <summary>What one unit is called, which takes an <c>s</c> where there are more. Default: a request.</summary>
    public string Unit { get; set; } = "request";

    /// <summary>Reads what was set.</summary>
    /// <returns>Null if it is wrong.</returns>
    internal Demand? ToDemand(string name)
    {
        if (!Id<OfferKind>.TryParse(Offer, out var offer) || Count is < 1 or > MeterCover.MaxUnits || string.IsNullOrWhiteSpace(Unit)) return null;
        try
        {
            var (price, ceiling) = (Amount.Parse(Price), Amount.Parse(Ceiling));
            if (price.IsZero || ceiling.Asset != price.Asset || ceiling.Units < price.Units) return null;
            return new Demand(price, PaymentUse.Page) { Meter = new MeterDemand(offer, name, Count, Unit, ceiling) };
        }
        catch (FormatException)
        {
            return null;
        }
    }
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
        foreach (var (plan, set) in options.Plans) if (set.ToDemand(plan) is null) return Fault($"Plans:{plan}", "must have an Offer, off_ and 26 characters, a Price such as 5 USD, and Every week or month");
        foreach (var (meter, set) in options.Meters) if (set.ToDemand(meter) is null) return Fault($"Meters:{meter}", "must have an Offer, off_ and 26 characters, a Price such as 0.001 USD, a Count of at least 1, a Ceiling in the same currency that is not less, and a Unit");
        if (options.Meters.Count > 0 && options.PayeeKey?.StartsWith("fk_pye_", StringComparison.Ordinal) != true) return Fault(nameof(options.PayeeKey), "must be the payee's key at the payment server, fk_pye_…: with Meters the site reports what it counts");
        if (options.ReportEvery < TimeSpan.FromMilliseconds(100) || options.ReportEvery > TimeSpan.FromSeconds(10)) return Fault(nameof(options.ReportEvery), "must be 100 milliseconds to 10 seconds");
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
