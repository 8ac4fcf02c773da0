using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using Farthing.AspNetCore;

namespace Newsroom;

/// <summary>The pages of the site, as HTML. No script.</summary>
internal static class SitePages
{
    /// <summary>The name of the site.</summary>
    public const string Name = "The Farthing Newsroom";

    private static readonly HtmlEncoder Html = HtmlEncoder.Create(System.Text.Unicode.UnicodeRanges.All);

    /// <summary>Gives pages the headers that any careful site gives; the 402 page brings its own.</summary>
    public static Task AddHeaders(HttpContext http, RequestDelegate next)
    {
        http.Response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.Headers["Referrer-Policy"] = "no-referrer";
        return next(http);
    }

    /// <summary>The front page: the first article large, the others below it.</summary>
    public static IResult Front(ArticleLibrary library)
    {
        var list = new StringBuilder();
        foreach (var article in library.Articles)
        {
            list.Append(CultureInfo.InvariantCulture, $"""
                <li>
                <h2><a href="/articles/{article.Slug}">{Html.Encode(article.Title)}</a></h2>
                <p class="standfirst">{Html.Encode(article.Standfirst)}</p>
                <p class="byline">{Minutes(article)} · 0.02&nbsp;USD after the first paragraph</p>
                </li>

                """);
        }

        return Page(Name, $"""
            <header class="masthead">
            <h1>{Name}</h1>
            <p>Short histories of small money</p>
            </header>
            <main>
            <ol class="articles">
            {list}</ol>
            </main>
            """);
    }

    /// <summary>A whole article, for whoever has paid for it.</summary>
    public static IResult Article(Article article, RequestPayment payment)
    {
        var body = new StringBuilder();
        foreach (var block in article.Blocks)
        {
            var line = block.StartsWith("## ", StringComparison.Ordinal) ? $"<h2>{Html.Encode(block[3..])}</h2>" : $"<p>{Html.Encode(block)}</p>";
            body.Append(line).Append('\n');
        }

        return Page($"{article.Title} · {Name}", $"""
            <header class="masthead small"><p><a href="/">{Name}</a></p></header>
            <main>
            <article>
            <h1>{Html.Encode(article.Title)}</h1>
            <p class="standfirst">{Html.Encode(article.Standfirst)}</p>
            <p class="byline">{Minutes(article)}</p>
            {body}</article>
            <p class="paid">{Paid(payment)}</p>
            <p class="more"><a href="/">More short histories</a></p>
            </main>
            """);
    }

    /// <summary>What is shown where there is nothing.</summary>
    public static IResult NotFound() => Page($"Not found · {Name}", $"""
        <header class="masthead small"><p><a href="/">{Name}</a></p></header>
        <main>
        <h1>There is no such page</h1>
        <p>It may have been here once. <a href="/">The front page</a> has everything there is.</p>
        </main>
        """, StatusCodes.Status404NotFound);

    private static string Paid(RequestPayment payment)
    {
        var price = payment.Price.ToPriceString();
        var link = $"""<a href="{Html.Encode(payment.Page.AbsoluteUri)}">""";
        return payment.RefundableUntil is { } until && until > TimeProvider.System.GetUtcNow()
            ? string.Create(CultureInfo.InvariantCulture, $"Paid {price} · not worth it? {link}Refund until <time datetime=\"{until.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}\">{until.UtcDateTime:HH:mm} UTC</time></a>")
            : $"Paid {price} · {link}receipt</a>";
    }

    private static string Minutes(Article article) => article.Minutes == 1 ? "1 minute" : $"{article.Minutes} minutes";

    private static IResult Page(string title, string body, int status = StatusCodes.Status200OK) => Results.Content($"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>{Html.Encode(title)}</title>
        <link rel="stylesheet" href="/newsroom.css">
        <link rel="icon" href="data:,">
        </head>
        <body>
        {body}
        <footer><p>A sample site of the Farthing project. The money is play money; the articles are real, and were written for it.</p></footer>
        </body>
        </html>

        """, "text/html; charset=utf-8", Encoding.UTF8, status);
}
