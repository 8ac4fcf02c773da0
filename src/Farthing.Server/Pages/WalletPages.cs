using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Net.Http.Headers;

namespace Farthing.Server.Pages;

/// <summary>The wallet pages: what a person sees of the payment server. They work without JavaScript.</summary>
internal static class WalletPages
{
    /// <summary>Adds what the pages need; <see cref="Payments.PaymentSystem"/> must be registered too.</summary>
    /// <param name="services">The server's services.</param>
    /// <param name="formKeysDirectory">Where the keys are kept that protect forms against forgery, so that a page outlives a restart of the server.</param>
    /// <param name="mode">How people reach them.</param>
    public static IServiceCollection AddWalletPages(this IServiceCollection services, string formKeysDirectory, ServerMode mode)
    {
        services.AddDataProtection().SetApplicationName("Farthing").PersistKeysToFileSystem(Directory.CreateDirectory(formKeysDirectory));
        services.AddAntiforgery(antiforgery =>
        {
            antiforgery.Cookie.Name = "farthing_form";
            antiforgery.Cookie.HttpOnly = true;
            // Lax: a reader comes here by a link of another site, and a page that is open in another tab must stay good.
            antiforgery.Cookie.SameSite = Microsoft.AspNetCore.Http.SameSiteMode.Lax;
            antiforgery.Cookie.SecurePolicy = mode.IsBehindTls ? CookieSecurePolicy.Always : CookieSecurePolicy.SameAsRequest;
            antiforgery.SuppressXFrameOptionsHeader = true;
        });
        services.AddRazorPages().AddMvcOptions(mvc =>
        {
            mvc.Filters.Add<PageForms>();
            mvc.Filters.Add<PageHeaders>();
            mvc.Filters.Add<PageFaults>();
        });
        return services;
    }

    /// <summary>Maps the pages and what they look like.</summary>
    public static void MapWalletPages(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapRazorPages();
        MapFile(endpoints, "wallet.css", "text/css; charset=utf-8");
        MapFile(endpoints, "coin.svg", "image/svg+xml");
        MapFile(endpoints, "farthing.js", "text/javascript; charset=utf-8", isForOtherSites: true);
    }

    // Embedded, so that the pages do not depend on the directory that the server is started in.
    private static void MapFile(IEndpointRouteBuilder endpoints, string name, string mediaType, bool isForOtherSites = false)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name) ?? throw new InvalidOperationException($"{name} is not embedded.");
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(content))[..16]}\"");
        endpoints.MapGet($"/{name}", (HttpContext context) =>
        {
            context.Response.Headers.CacheControl = "no-cache";
            context.Response.Headers.XContentTypeOptions = "nosniff";
            // A module of another origin is run only if anybody may read it.
            if (isForOtherSites) context.Response.Headers.AccessControlAllowOrigin = "*";
            return Results.Bytes(content, mediaType, entityTag: tag);
        }).ExcludeFromDescription();
    }
}
