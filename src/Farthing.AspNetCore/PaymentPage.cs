using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Farthing.AspNetCore;

/// <summary>The 402 page for people: the first paragraph, the price and one button, which is a link. No script.</summary>
internal static class PaymentPage
{
    private const string OwnStyle = """
        :root { color-scheme: light dark; --ink: #1d1c1a; --paper: #fbfaf7; --soft: #6b665e; --line: #ddd8ce; --accent: #14532d; --on-accent: #fff; }
        @media (prefers-color-scheme: dark) { :root { --ink: #ebe7df; --paper: #191817; --soft: #a8a196; --line: #3a3733; --accent: #86d9a4; --on-accent: #10281a; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--paper); color: var(--ink); font: 1.125rem/1.6 Georgia, "Times New Roman", serif; }
        main { max-width: 40rem; margin: 0 auto; padding: 3rem 1.25rem; }
        h1 { line-height: 1.2; text-wrap: balance; overflow-wrap: break-word; }
        .farthing-site, .farthing-note { color: var(--soft); font-size: 0.95rem; }
        .farthing-offer { border-top: 1px solid var(--line); margin-top: 2rem; padding-top: 1.5rem; }
        .farthing-button { display: inline-block; background: var(--accent); color: var(--on-accent); padding: 0.75rem 1.5rem; border-radius: 0.4rem; text-decoration: none; font-weight: bold; }
        .farthing-amount { white-space: nowrap; }
        .farthing-button:focus-visible { outline: 3px solid var(--ink); outline-offset: 3px; }
        """;

    // Hashed over the text as it stands between the tags.
    private static readonly string OwnStyleSource = $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(OwnStyle)))}'";

    public static async Task WriteAsync(Sale sale, PaymentPreview preview, Uri wallet, FarthingSite site, bool keepsNoCookie)
    {
        var response = sale.Response;
        response.StatusCode = StatusCodes.Status402PaymentRequired;
        response.ContentType = "text/html; charset=utf-8";
        response.Headers.CacheControl = "no-store";
        response.Headers[ReferrerPolicy.Name] = ReferrerPolicy.None;
        response.Headers[HeaderNames.XContentTypeOptions] = "nosniff";
        // For a script, which shows the price in its own page.
        response.Headers.Link = $"<{wallet.AbsoluteUri}>; rel=\"payment\"";
        response.Headers.ContentSecurityPolicy =
            $"default-src 'none'; style-src {(site.Stylesheet is null ? OwnStyleSource : "'self'")}; img-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";
        if (HttpMethods.IsHead(sale.Request.Method)) return;
        await response.WriteAsync(Render(sale, preview, wallet, site, keepsNoCookie));
    }

    private static string Render(Sale sale, PaymentPreview preview, Uri wallet, FarthingSite site, bool keepsNoCookie)
    {
        var html = HtmlEncoder.Default;
        var price = $"""<span class="farthing-amount">{html.Encode(sale.Demand.PriceInWords)}</span>""";
        var siteName = site.NameFor(sale.Request);
        var style = site.Stylesheet is null ? $"<style>{OwnStyle}</style>" : $"""<link rel="stylesheet" href="{html.Encode(site.Stylesheet)}">""";
        var home = html.Encode(sale.Request.PathBase.ToUriComponent() + "/");
        var text = string.IsNullOrWhiteSpace(preview.FirstParagraph) ? "" : $"""<p class="farthing-preview">{html.Encode(preview.FirstParagraph)}</p>""";
        var cookies = !keepsNoCookie ? "" : """
            <p class="farthing-cookies" role="status"><strong>This browser did not keep this site's cookie</strong>, so a paid page stays closed to it. Allow cookies for this site, then follow the link again: if you have paid, nothing more is charged.</p>
            """;
        var playMoney = site.TakesPlayMoney ? """<p class="farthing-note"><strong>This is play money.</strong> It costs nothing, and buys nothing outside this machine.</p>""" : "";
        var (asked, button) = sale.Demand switch
        {
            { Meter: { } meter } => ($"""What you use here costs <strong>{price}</strong>. At most <span class="farthing-amount">{html.Encode(meter.Ceiling.ToPriceString())}</span> is held meanwhile; what you do not use returns to you.""", "Start a meter"),
            { Plan: not null } => ($"The rest is for subscribers, for <strong>{price}</strong>.", $"Subscribe for {price}"),
            _ => ($"The rest costs <strong>{price}</strong>, once.", $"Read on for {price}"),
        };
        return $"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>{html.Encode(preview.Title)} · {html.Encode(siteName)}</title>
            {style}
            </head>
            <body class="farthing-ask">
            <main>
            <p class="farthing-site"><a href="{home}">{html.Encode(siteName)}</a></p>
            <article>
            <h1>{html.Encode(preview.Title)}</h1>
            {text}
            </article>
            <section class="farthing-offer" aria-label="Price">
            {cookies}
            <p class="farthing-price">{asked}</p>
            <p><a class="farthing-button" href="{html.Encode(wallet.AbsoluteUri)}">{button}</a></p>
            <p class="farthing-note">You will see who is paid and confirm before anything is paid. No account is needed.</p>
            {playMoney}
            </section>
            </main>
            </body>
            </html>

            """;
    }
}
