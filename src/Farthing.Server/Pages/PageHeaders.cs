using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Core.Infrastructure;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.Net.Http.Headers;

namespace Farthing.Server.Pages;

/// <summary>Gives every page its headers, redirects and refusals included, and shows a page again whose form has gone stale.</summary>
internal sealed class PageHeaders : IAlwaysRunResultFilter
{
    public void OnResultExecuting(ResultExecutingContext context)
    {
        var request = context.HttpContext.Request;
        var headers = context.HttpContext.Response.Headers;
        if (context.Result is IAntiforgeryValidationFailedResult)
        {
            // Nothing was done. The same page again has a fresh form; it cannot loop, as a redirect is followed by GET.
            var query = QueryString.Create(WalletPage.StaleMark, "1");
            // PageForms has read the form by now.
            if (request.HasFormContentType && request.Form.TryGetValue(WalletPage.TermsField, out var terms)) query = query.Add(WalletPage.TermsField, terms.ToString());
            context.Result = new SeeOtherResult($"{request.Path.ToUriComponent()}{query}");
        }

        // Chromium holds form-action against the redirect that follows a form, too, so the site that the payer goes back to is named.
        var site = context.HttpContext.Features.Get<ReturnSite>();
        headers.ContentSecurityPolicy =
            $"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'{(site is null ? "" : $" {site.Origin}")}; frame-ancestors 'none'; base-uri 'none'";
        headers["Referrer-Policy"] = "no-referrer";
        headers[HeaderNames.XContentTypeOptions] = "nosniff";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers.CacheControl = "no-store";
    }

    public void OnResultExecuted(ResultExecutedContext context)
    {
    }
}

/// <summary>The registered origin of the site that this page may send the payer back to.</summary>
/// <param name="Origin">Scheme, host and port.</param>
internal sealed record ReturnSite(string Origin);
