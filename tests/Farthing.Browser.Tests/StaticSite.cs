using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Farthing.Server.Tests;

namespace Farthing.Browser.Tests;

/// <summary>
/// A web server of files, of an origin of its own. Its pages may load nothing but from itself and the payment server; what is below <c>/paid/</c> it asks the
/// payment server's gate about, as nginx or Caddy would.
/// </summary>
internal sealed class StaticSite : IAsyncDisposable
{
    private static readonly string[] GivenBack = ["Content-Type", "Link", "Location", "Set-Cookie", "Cache-Control", "WWW-Authenticate"];
    private static readonly string[] PassedOn = ["Accept", "Cookie", "Farthing-Return", "Sec-Fetch-Mode", "Sec-Fetch-Dest"];

    private readonly BrowserHouse house;
    private readonly ConcurrentDictionary<string, string> pages = new();
    private readonly ReservedPort port = new();
    private readonly HttpListener listener = new();
    private readonly HttpClient gate = new(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false });
    private readonly Task serving;
    private TestPayee? payee;
    private string seed = "";

    public StaticSite(BrowserHouse house)
    {
        this.house = house;
        Address = new Uri($"http://localhost:{port.Number}/");
        listener.Prefixes.Add(Address.AbsoluteUri);
        listener.Start();
        serving = ServeAsync();
    }

    public Uri Address { get; }

    /// <summary>The payee whose site this is.</summary>
    public async Task<TestPayee> NewPayeeAsync()
    {
        payee = await house.NewPayeeAsync(Address.GetLeftPart(UriPartial.Authority));
        seed = Convert.ToBase64String(payee.Seed);
        return payee;
    }

    /// <summary>Puts a page here.</summary>
    /// <returns>Its address.</returns>
    public string PutPage(string path, string body)
    {
        var script = new Uri(house.Server, "/farthing.js").AbsoluteUri;
        pages[path] = $"<!doctype html><html lang=\"en\"><head><title>A static page</title><link rel=\"icon\" href=\"data:,\"><script type=\"module\" src=\"{script}\"></script></head><body><main><h1>A static page</h1>{body}</main></body></html>";
        return new Uri(Address, path).AbsoluteUri;
    }

    public async ValueTask DisposeAsync()
    {
        listener.Close();
        await serving;
        gate.Dispose();
        port.Dispose();
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            try
            {
                await AnswerAsync(context);
            }
            catch (Exception e) when (e is HttpListenerException or IOException or ObjectDisposedException)
            {
                // A window that has handed its answer over closes in the middle of what it was loading.
            }
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        var path = context.Request.Url!.AbsolutePath;
        var response = context.Response;
        if (path.StartsWith("/paid/", StringComparison.Ordinal) && !await PassesAsync(context))
        {
            response.Close();
            return;
        }

        var server = house.Server.GetLeftPart(UriPartial.Authority);
        response.Headers["Content-Security-Policy"] = $"default-src 'none'; img-src data:; script-src {server}; connect-src 'self' {server}; base-uri 'none'; frame-ancestors 'none'";
        response.ContentType = "text/html; charset=utf-8";
        var text = path.StartsWith("/paid/", StringComparison.Ordinal) ? "<!doctype html><title>The rest</title><article><p>How it ends.</p></article>" : pages.GetValueOrDefault(path);
        response.StatusCode = text is null ? 404 : 200;
        response.Close(Encoding.UTF8.GetBytes(text ?? "Nothing is here."), willBlock: true);
    }

    // True if whoever asks may pass; else they were answered.
    private async Task<bool> PassesAsync(HttpListenerContext context)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(house.Server, "/v1/gate"));
        foreach (var name in PassedOn)
        {
            if (context.Request.Headers[name] is { } value) request.Headers.TryAddWithoutValidation(name, value);
        }

        request.Headers.Add("X-Farthing-Payee", payee!.Id.ToString());
        request.Headers.Add("X-Farthing-Key", seed);
        request.Headers.Add("X-Farthing-Price", "0.02 USD");
        request.Headers.Add("X-Forwarded-Method", context.Request.HttpMethod);
        request.Headers.Add("X-Forwarded-Uri", context.Request.RawUrl);
        using var answer = await gate.SendAsync(request);
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers))
        {
            foreach (var value in GivenBack.Contains(name, StringComparer.OrdinalIgnoreCase) ? values : []) context.Response.Headers.Add(name, value);
        }

        if (answer.StatusCode == HttpStatusCode.NoContent) return true;
        context.Response.StatusCode = (int)answer.StatusCode;
        await context.Response.OutputStream.WriteAsync(await answer.Content.ReadAsByteArrayAsync());
        return false;
    }
}
