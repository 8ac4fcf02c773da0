using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Net.Http.Headers;

namespace Farthing.Server.Pages;

/// <summary>The wallet pages: what a person sees of the payment server. They work without JavaScript.</summary>
internal static class WalletPages
{
    private const string StylesheetResource = "wallet.css";

    /// <summary>Adds what the pages need; <see cref="Payments.PaymentSystem"/> must be registered too.</summary>
    /// <param name="services">The server's services.</param>
    /// <param name="formKeysDirectory">Where the keys are kept that protect forms against forgery, so that a page outlives a restart of the server.</param>
    public static IServiceCollection AddWalletPages(this IServiceCollection services, string formKeysDirectory)
    {
        services.AddDataProtection().SetApplicationName("Farthing").PersistKeysToFileSystem(Directory.CreateDirectory(formKeysDirectory));
        services.AddAntiforgery(antiforgery =>
        {
            antiforgery.Cookie.Name = "farthing_form";
            antiforgery.Cookie.HttpOnly = true;
            // Lax: a reader comes here by a link of another site, and a page that is open in another tab must stay good.
            antiforgery.Cookie.SameSite = Microsoft.AspNetCore.Http.SameSiteMode.Lax;
            antiforgery.SuppressXFrameOptionsHeader = true;
        });
        services.AddRazorPages().AddMvcOptions(mvc => mvc.Filters.Add<PageHeaders>());
        return services;
    }

    /// <summary>Maps the pages and their style sheet.</summary>
    public static void MapWalletPages(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapRazorPages();
        var (content, tag) = ReadStylesheet();
        endpoints.MapGet("/wallet.css", (HttpContext context) =>
        {
            context.Response.Headers.CacheControl = "no-cache";
            return Results.Bytes(content, "text/css; charset=utf-8", entityTag: tag);
        }).ExcludeFromDescription();
    }

    // Embedded, so that the pages do not depend on the directory that the server is started in.
    private static (byte[] Content, EntityTagHeaderValue Tag) ReadStylesheet()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(StylesheetResource)
            ?? throw new InvalidOperationException($"{StylesheetResource} is not embedded.");
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return (content, new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(content))[..16]}\""));
    }
}
