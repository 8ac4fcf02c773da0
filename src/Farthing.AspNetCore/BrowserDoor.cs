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
/// 4. What is no visit cannot go that way: the part of a film that a player asks for, an image, a script's fetch. It is continued underneath, and the
///    browser gets the fresh entitlement with what it asked for.
/// </remarks>
internal sealed class BrowserDoor(FarthingSite site, ProgramDoor programs, Renewals renewals)
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

            CleanAddress(sale);
            return;
        }

        if (isCurrent) await ServeAsync(sale, kept!);
        else if (kept is null) await AskAsync(sale, nonce);
        else if (renewals.IsForVisits || !IsVisit(sale.Request)) await ContinueAsync(sale, cookie, nonce!);
        else await RenewAsync(sale, nonce!);
    }

    /// <summary>The query of a request without the wallet's answer in it.</summary>
    public static QueryString QueryWithoutAnswer(HttpRequest request) => request.Query.ContainsKey(Answer)
        ? QueryString.Create(request.Query.Where(parameter => !parameter.Key.Equals(Answer, StringComparison.OrdinalIgnoreCase)))
        : request.QueryString;

    /// <summary>What this browser has of a meter: its nonce, and the entitlement that it keeps or brings.</summary>
    public BrowserVisit ReadMeter(Sale sale)
    {
        var nonce = sale.Request.Cookies.TryGetValue(BrowserCookie, out var secret) && IsSecret(secret) ? NonceOf(secret) : null;
        var token = ReadsOnly(sale.Request) && sale.Request.Query.ContainsKey(Answer) ? sale.Request.Query[Answer].ToString() : null;
        var kept = nonce is null ? null : sale.Request.Cookies[PaidCookie.For(sale).Name];
        return new BrowserVisit(nonce, Read(kept), token is not null, Read(token), token is not null && nonce is null && site.ReadEntitlement(token, sale.Resource) is not null);

        Entitlement? Read(string? shown) => nonce is null ? null : site.ReadEntitlement(shown, sale.Resource, nonce);
    }

    /// <summary>Keeps the entitlement that the wallet sent the browser back with, and cleans the address.</summary>
    public void KeepBrought(Sale sale)
    {
        PaidCookie.For(sale).Keep(sale, sale.Request.Query[Answer].ToString(), site.Time.GetUtcNow() + CookieLifetime);
        CleanAddress(sale);
    }

    /// <summary>Goes to the address without the wallet's answer in it.</summary>
    public void CleanAddress(Sale sale) => Redirect(sale, StatusCodes.Status303SeeOther, site.AddressOf(sale.Request, QueryWithoutAnswer(sale.Request)));

    /// <summary>Asks anew for a meter, instead of one that is over.</summary>
    public Task AskAnewAsync(Sale sale, in BrowserVisit visit)
    {
        if (visit.Kept is not null) PaidCookie.For(sale).Drop(sale);
        // Who comes from paying was given the browser cookie before: a browser without it keeps none.
        return AskAsync(sale, visit.Nonce, visit.KeepsNoCookie);
    }

    private Task ServeAsync(Sale sale, Entitlement entitlement) => sale.ServeAsync(entitlement, site.PaymentPage(entitlement.Payment), "private, no-cache");

    private async Task ContinueAsync(Sale sale, PaidCookie cookie, string nonce)
    {
        var renewed = await renewals.ContinueAsync(sale.Request.Cookies[cookie.Name]!, sale.Context.RequestAborted);
        if (site.ReadEntitlement(renewed.Token, sale.Resource, nonce) is { } fresh && site.IsCurrent(fresh))
        {
            cookie.Keep(sale, renewed.Token!, site.Time.GetUtcNow() + CookieLifetime);
            await ServeAsync(sale, fresh);
        }
        else if (IsVisit(sale.Request)) await RenewAsync(sale, nonce);
        else if (renewed.IsKnown) await AskAsync(sale, nonce);
        else await ProgramDoor.RefuseForNowAsync(sale);
    }

    private async Task RenewAsync(Sale sale, string nonce)
    {
        if (await site.PreviewAsync(sale.Context) is not { } preview)
        {
            sale.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        if (site.TermsForBrowser(sale.Demand, sale.Resource, preview.Title, nonce, sale.Request) is not { } terms)
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
        var terms = site.TermsForBrowser(sale.Demand, sale.Resource, preview.Title, nonce ?? NonceOf(secret!), sale.Request);
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

    /// <summary>The cookie in which a browser keeps the entitlement of one resource; sent for its path only, so that many pages do not fill every request; that of a plan or a meter goes everywhere.</summary>
    private readonly record struct PaidCookie(string Name, string Path)
    {
        // Of what the site's options name: a few.
        private static readonly System.Collections.Concurrent.ConcurrentDictionary<string, string> Names = new(StringComparer.Ordinal);

        public static PaidCookie For(Sale sale)
        {
            if (sale.Demand.Offer is not null) return new PaidCookie(Names.GetOrAdd(sale.Resource, NameFor), "/");
            var path = (sale.Request.PathBase + sale.Request.Path).ToUriComponent();
            // A semicolon would end the attribute: widen to the folder above it. The hash in the name keeps pages apart.
            var semicolon = path.IndexOf(';', StringComparison.Ordinal);
            if (semicolon >= 0) path = path[..(path.LastIndexOf('/', semicolon) + 1)];
            return new PaidCookie(NameFor(sale.Resource), path.Length == 0 ? "/" : path);
        }

        private static string NameFor(string resource) => $"farthing_paid_{Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(resource)).AsSpan(0, 9))}";

        public void Keep(Sale sale, string token, DateTimeOffset expires) => sale.Response.Cookies.Append(Name, token, NewCookie(sale.Request, Path, expires));

        public void Drop(Sale sale) => sale.Response.Cookies.Delete(Name, NewCookie(sale.Request, Path, default));
    }
}

/// <summary>What a browser shows of a meter.</summary>
/// <param name="Nonce">What its entitlements are bound to, or null.</param>
/// <param name="Kept">The entitlement in its cookie, or null.</param>
/// <param name="IsAnswered">True if it comes from the wallet, with whatever answer.</param>
/// <param name="Brought">The entitlement that it comes with, or null.</param>
/// <param name="KeepsNoCookie">True if it has lost the cookie that it was given on its way to the wallet.</param>
internal readonly record struct BrowserVisit(string? Nonce, Entitlement? Kept, bool IsAnswered, Entitlement? Brought, bool KeepsNoCookie);

/// <summary>The header that keeps tokens in addresses from being passed on.</summary>
internal static class ReferrerPolicy
{
    public const string Name = "Referrer-Policy";
    public const string None = "no-referrer";
}
