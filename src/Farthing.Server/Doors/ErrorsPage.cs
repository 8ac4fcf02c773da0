using System.Net;
using System.Text;
using Farthing.Payments;

namespace Farthing.Server.Doors;

/// <summary><c>/docs/errors</c>: where the <c>type</c> of every refusal leads.</summary>
internal static class ErrorsPage
{
    public static void MapErrorsPage(this IEndpointRouteBuilder routes, ServerMode mode)
    {
        var html = Encoding.UTF8.GetBytes(Build(mode));
        routes.MapGet("/docs/errors", http => AnswerAsync(http, html));
    }

    private static async Task AnswerAsync(HttpContext http, byte[] html)
    {
        http.Response.ContentType = "text/html; charset=utf-8";
        http.Response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        await http.Response.BodyWriter.WriteAsync(html);
    }

    private static string Build(ServerMode mode)
    {
        var page = new StringBuilder("""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Refusals · Farthing</title>
            <style>
              body { font: 1rem/1.6 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1c1b19; background: #fdfcf9 }
              h1, h2 { line-height: 1.25 } h2 { font: 600 1.05rem ui-monospace, monospace; margin: 2rem 0 .25rem; overflow-wrap: anywhere }
              h2:target { background: #fdeab0 } p { margin: .25rem 0 } .advice { color: #6a665e }
              @media (prefers-color-scheme: dark) { body { color: #eceae4; background: #191816 } h2:target { background: #5a4a12 } .advice { color: #aaa59a } }
            </style>
            </head>
            <body>
            <main>
            <h1>Refusals</h1>
            <p>Every refusal is a problem+json with one of these codes. When something was refused, nothing moved.</p>

            """);
        page.Append("<p><strong>").Append(WebUtility.HtmlEncode(mode.Notice)).Append("</strong></p>\n");
        foreach (var code in RefusalCodes.All)
        {
            page.Append("<h2 id=\"").Append(code.Code).Append("\">").Append(code.Code).Append(" · ").Append(code.HttpStatus).Append("</h2>\n<p>")
                .Append(WebUtility.HtmlEncode(code.Title)).Append(' ').Append(WebUtility.HtmlEncode(code.WhatToDo)).Append("</p>\n<p class=\"advice\">")
                .Append(Advice(code.Retry)).Append("</p>\n");
        }

        return page.Append("</main>\n</body>\n</html>\n").ToString();
    }

    private static string Advice(RetryAdvice advice) => advice switch
    {
        RetryAdvice.SameKey => "Repeat with the same key.",
        RetryAdvice.NewKey => "Repeat with a new key once the reason is gone.",
        _ => "Do not repeat as it is.",
    };
}
