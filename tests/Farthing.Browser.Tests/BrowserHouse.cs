using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Farthing.Protocol;
using Farthing.Server.Tests;
using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(Farthing.Browser.Tests.BrowserHouse))]

namespace Farthing.Browser.Tests;

/// <summary>The whole house for all tests: the built server, the built sample site and Debian's Chromium. Each test gets a browser profile of its own.</summary>
public sealed class BrowserHouse : IAsyncLifetime
{
    // One second of a free machine is many of a busy one.
    internal const int PatienceMilliseconds = 120_000;

    private SampleNewsroom? newsroom;
    private IPlaywright? playwright;
    private IBrowser? chromium;

    /// <summary>The payment server.</summary>
    public Uri Server => newsroom!.Server.Address;

    /// <summary>The sample site.</summary>
    public Uri Site => newsroom!.Site;

    /// <summary>Where screenshots go; null for nowhere.</summary>
    public static string? Screenshots { get; } = Environment.GetEnvironmentVariable("FARTHING_SCREENSHOTS");

    public async ValueTask InitializeAsync()
    {
        var executable = Environment.GetEnvironmentVariable("FARTHING_CHROMIUM") ?? "/usr/bin/chromium";
        if (!File.Exists(executable)) throw new InvalidOperationException($"{executable} is not there. Install Debian's chromium, or name another in FARTHING_CHROMIUM.");

        Assertions.SetDefaultExpectTimeout(PatienceMilliseconds);
        newsroom = await SampleNewsroom.StartAsync();
        playwright = await Playwright.CreateAsync();
        chromium = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = executable,
            Timeout = PatienceMilliseconds,
            Args =
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
            ],
        });
    }

    /// <summary>A person with a browser that has never been here.</summary>
    /// <param name="width">The width of the window in CSS pixels.</param>
    /// <param name="dark">True if the person prefers dark pages.</param>
    /// <param name="scripts">True if a test looks at the page by script; no page of ours needs that.</param>
    public async Task<Reader> NewReaderAsync(int width = 1200, bool dark = false, bool scripts = false) => new(this, await chromium!.NewContextAsync(new BrowserNewContextOptions
    {
        JavaScriptEnabled = scripts,
        ViewportSize = new ViewportSize { Width = width, Height = width < 500 ? 760 : 850 },
        ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light,
    }));

    /// <summary>Another payee at this server, whose terms a test writes itself. Its registered site is the sample site.</summary>
    /// <param name="website">Its registered origin, if not the sample site's.</param>
    public async Task<TestPayee> NewPayeeAsync(string? website = null)
    {
        var seed = RandomNumberGenerator.GetBytes(32);
        var key = SigningKey.FromSeed(seed);
        var made = await PostAsync("/v1/payees", ServerProcess.OperatorKey, JsonSerializer.Serialize(
            new { name = "The Test Gazette", currency = "USD", website = website ?? Site.GetLeftPart(UriPartial.Authority), signingKey = key.Verifier.ToString() }));
        Assert.True(Id<PayeeKind>.TryParse(made.GetProperty("id").GetString(), out var id));
        return new TestPayee(this, id, key, made.GetProperty("key").GetString()!) { Seed = seed };
    }

    /// <summary>Makes something at the server's REST door.</summary>
    public async Task<JsonElement> PostAsync(string path, string key, string body)
    {
        using var http = new HttpClient { BaseAddress = Server };
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("Authorization", $"Bearer {key}");
        request.Headers.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
        using var response = await http.SendAsync(request);
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.True(response.StatusCode == HttpStatusCode.Created, answer.ToString());
        return answer;
    }

    /// <summary>The server's text at a path.</summary>
    public async Task<string> GetTextAsync(string path)
    {
        using var http = new HttpClient { BaseAddress = Server };
        return await http.GetStringAsync(path);
    }

    public async ValueTask DisposeAsync()
    {
        if (chromium is not null) await chromium.DisposeAsync();
        playwright?.Dispose();
        if (newsroom is not null) await newsroom.DisposeAsync();
    }
}

/// <summary>A payee whose terms a test signs itself.</summary>
public sealed record TestPayee(BrowserHouse House, Id<PayeeKind> Id, SigningKey Key, string ApiKey)
{
    /// <summary>What its signing key was made from.</summary>
    public byte[] Seed { get; init; } = [];

    /// <summary>Makes an offer.</summary>
    public async Task<Id<OfferKind>> NewOfferAsync(string body) =>
        Id<OfferKind>.TryParse((await House.PostAsync("/v1/offers", ApiKey, body)).GetProperty("id").GetString(), out var id) ? id : throw new InvalidOperationException("The offer has no id.");

    /// <summary>Terms as a site would write them, before they are signed.</summary>
    public Terms NewTerms(string resource = "/page", string price = "0.02 USD") => new()
    {
        Payee = Id,
        Amount = Amount.Parse(price),
        Resource = resource,
        Title = $"The page {resource}",
        ReturnUrl = new Uri(House.Site, "/").AbsoluteUri,
        Once = true,
        Expires = TimeProvider.System.GetUtcNow().AddMinutes(10),
        Nonce = new string('n', 43),
    };

    /// <summary>The address of the pay page for terms.</summary>
    public string PayAddress(Terms terms) => new Uri(House.Server, $"/pay?terms={terms.Sign(Key)}").AbsoluteUri;
}
