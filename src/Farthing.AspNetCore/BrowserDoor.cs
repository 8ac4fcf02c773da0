using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Farthing.Protocol;
using Microsoft.AspNetCore.Http;

namespace Farthing.AspNetCore;

/// <summary>A person at a browser: buys a page once, in the operator's wallet pages, and comes back with an entitlement that this browser keeps.</summary>
/// <remarks>
/// 1. No entitlement: 402 with the first paragraph, the price and one link to the wallet; the terms' nonce is the hash of a secret cookie.
/// 2. The wallet sends the browser back with <c>?farthing=ENTITLEMENT</c>: checked offline, kept in a cookie of this path, address cleaned.
/// 3. While the money can still be given back an entitlement lives a minute: once it is over, a visit goes by way of the wallet, which renews it
///    or answers <c>?farthing=unpaid</c>. That answer never leads to another renewal, so nobody is sent round in circles.
/// </remarks>
internal sealed class BrowserDoor(FarthingSite site, ProgramDoor programs)
{
    /// <summary>The query parameter in which the wallet answers.</summary>
    public const string Answer = "farthing";

    private const string BrowserCookie = "farthing_browser";
    private const int BrowserSecretLength = 43;
    private static readonly TimeSpan CookieLifetime = TimeSpan.FromDays(400);

    public async Task AdmitAsync(Sale sale)
    {
        var nonce = sale.Request.Cookies.TryGetValue(BrowserCookie, out var secret) && IsSecret(secret) ? NonceOf(secret) : null;
        var cookie = PaidCookie.For(sale);
        var kept = nonce is null ? null : site.ReadEntitlement(sale.Request.Cookies[cookie.Name], sale.Resource, nonce);
        var isCurrent = kept is not null && site.IsCurrent(kept);

        if (ReadsOnly(sale.Request) && sale.Request.Query.ContainsKey(Answer))
        {
            var token = sale.Request.Query[Answer].ToString();
            var brought = nonce is null ? null : site.ReadEntitlement(token, sale.Resource, nonce);
            if (brought is not null && site.IsCurrent(brought)) cookie.Keep(sale, token, site.Time.GetUtcNow() + CookieLifetime);
            else if (!isCurrent)
            {
                if (kept is not null) cookie.Drop(sale);
                // Who comes from paying was given the browser cookie before: a browser without it keeps none.
                await AskAsync(sale, nonce, keepsNoCookie: nonce is null && site.ReadEntitlement(token, sale.Resource) is not null);
                return;
            }

            Redirect(sale, StatusCodes.Status303SeeOther, site.AddressOf(sale.Request, QueryWithoutAnswer(sale.Request)));
            return;
        }

        if (isCurrent) await sale.ServeAsync(kept!, site.PaymentPage(kept!.Payment), "private, no-cache");
        else if (kept is not null && IsVisit(sale.Request)) await RenewAsync(sale, nonce!);
        else await AskAsync(sale, nonce);
    }

    /// <summary>The query of a request without the wallet's answer in it.</summary>
    public static QueryString QueryWithoutAnswer(HttpRequest request) => request.Query.ContainsKey(Answer)
        ? QueryString.Create(request.Query.Where(parameter => !parameter.Key.Equals(Answer, StringComparison.OrdinalIgnoreCase)))
        : request.QueryString;

    private async Task RenewAsync(Sale sale, string nonce)
    {
        if (await site.PreviewAsync(sale.Context) is not { } preview)
        {
            sale.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        if (site.TermsForBrowser(sale.Requirement.Price, sale.Resource, preview.Title, nonce, sale.Request) is not { } terms)
        {
            await ProgramDoor.RefuseAddressAsync(sale);
            return;
        }

        Redirect(sale, StatusCodes.Status302Found, new Uri(site.Server, $"/renew?terms={terms}").AbsoluteUri);
    }

    private async Task AskAsync(Sale sale, string? nonce, bool keepsNoCookie = false)
    {
        if (!WantsPage(sale.Request))
        {
            await programs.AskAsync(sale, ProgramProblem.PaymentRequired);
            return;
        }

        if (await site.PreviewAsync(sale.Context) is not { } preview)
        {
            sale.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        var secret = nonce is null ? FarthingSite.RandomText() : null;
        var terms = site.TermsForBrowser(sale.Requirement.Price, sale.Resource, preview.Title, nonce ?? NonceOf(secret!), sale.Request);
        if (terms is null || !programs.TryAddChallenge(sale, preview.Title))
        {
            await ProgramDoor.RefuseAddressAsync(sale);
            return;
        }

        if (secret is not null) sale.Response.Cookies.Append(BrowserCookie, secret, NewCookie(sale.Request, "/", site.Time.GetUtcNow() + CookieLifetime));
        var wallet = new Uri(site.Server, $"/pay?terms={terms}");
        await PaymentPage.WriteAsync(sale, preview, wallet, site, keepsNoCookie);
    }

    private static void Redirect(Sale sale, int status, string address)
    {
        sale.Response.StatusCode = status;
        sale.Response.Headers.Location = address;
        sale.Response.Headers.CacheControl = "no-store";
        // The address that is left has a token in its query.
        sale.Response.Headers[ReferrerPolicy.Name] = ReferrerPolicy.None;
    }

    private static CookieOptions NewCookie(HttpRequest request, string path, DateTimeOffset expires) => new()
    {
        HttpOnly = true,
        SameSite = Microsoft.AspNetCore.Http.SameSiteMode.Lax,
        Secure = request.IsHttps,
        IsEssential = true,
        Path = path,
        Expires = expires,
    };

    private static bool ReadsOnly(HttpRequest request) => HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);

    private static bool WantsPage(HttpRequest request) =>
        ReadsOnly(request) && request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);

    /// <summary>True for a person going to the page, who can be sent elsewhere; false for a script's fetch, an image or a frame.</summary>
    private static bool IsVisit(HttpRequest request)
    {
        if (!HttpMethods.IsGet(request.Method) || !WantsPage(request)) return false;
        var mode = request.Headers["Sec-Fetch-Mode"].ToString();
        var destination = request.Headers["Sec-Fetch-Dest"].ToString();
        return mode is "" or "navigate" && destination is "" or "document";
    }

    private static bool IsSecret(string text) => text.Length == BrowserSecretLength && Base64Url.IsValid(text);

    private static string NonceOf(string secret) => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(secret)));

    /// <summary>The cookie in which a browser keeps the entitlement of one resource; sent for its path only, so that many pages do not fill every request.</summary>
    private readonly record struct PaidCookie(string Name, string Path)
    {
        public static PaidCookie For(Sale sale)
        {
            var path = (sale.Request.PathBase + sale.Request.Path).ToUriComponent();
            // A semicolon would end the attribute: widen to the folder above it. The hash in the name keeps pages apart.
            var semicolon = path.IndexOf(';', StringComparison.Ordinal);
            if (semicolon >= 0) path = path[..(path.LastIndexOf('/', semicolon) + 1)];
            var hash = Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(sale.Resource)).AsSpan(0, 9));
            return new PaidCookie($"farthing_paid_{hash}", path.Length == 0 ? "/" : path);
        }

        public void Keep(Sale sale, string token, DateTimeOffset expires) => sale.Response.Cookies.Append(Name, token, NewCookie(sale.Request, Path, expires));

        public void Drop(Sale sale) => sale.Response.Cookies.Delete(Name, NewCookie(sale.Request, Path, default));
    }
}

/// <summary>The header that keeps tokens in addresses from being passed on.</summary>
internal static class ReferrerPolicy
{
    public const string Name = "Referrer-Policy";
    public const string None = "no-referrer";
}
