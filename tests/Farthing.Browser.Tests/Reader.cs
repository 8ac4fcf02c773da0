using System.Collections.Concurrent;
using Microsoft.Playwright;

namespace Farthing.Browser.Tests;

/// <summary>A person at a browser profile of their own, with JavaScript off. Notes every request and every complaint of the browser.</summary>
public sealed class Reader : IAsyncDisposable
{
    private readonly IBrowserContext context;
    private readonly ConcurrentQueue<string> strangers = new();
    private readonly ConcurrentQueue<string> violations = new();
    private int requests;

    public Reader(BrowserHouse house, IBrowserContext context)
    {
        House = house;
        this.context = context;
        context.SetDefaultTimeout(BrowserHouse.PatienceMilliseconds);
        context.Request += (_, request) =>
        {
            Interlocked.Increment(ref requests);
            if (new Uri(request.Url) is { Scheme: "http" or "https" or "ws" or "wss", Host: not ("localhost" or "127.0.0.1") }) strangers.Enqueue(request.Url);
        };
        context.Console += (_, message) =>
        {
            if (message.Text.Contains("Content Security Policy", StringComparison.OrdinalIgnoreCase)) violations.Enqueue($"{message.Page?.Url}: {message.Text}");
        };
    }

    public BrowserHouse House { get; }

    public Task<IPage> NewTabAsync() => context.NewPageAsync();

    /// <summary>Goes to an article of the sample site.</summary>
    /// <returns>The status of the page that was reached in the end.</returns>
    public async Task<int> VisitArticleAsync(IPage page, string slug) => (await page.GotoAsync(ArticleAddress(slug)))!.Status;

    public string ArticleAddress(string slug) => new Uri(House.Site, $"/articles/{slug}").AbsoluteUri;

    /// <summary>Pays the article that the page shows the beginning of.</summary>
    public static async Task PayAsync(IPage page)
    {
        await page.GetByRole(AriaRole.Link, new() { Name = "Read on for" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Pay" }).ClickAsync();
    }

    /// <summary>The lines of the statement, newest first: what, signed amount, balance after.</summary>
    public async Task<IReadOnlyList<(string What, string Amount, string Balance)>> ReadStatementAsync(IPage page)
    {
        await page.GotoAsync(new Uri(House.Server, "/statement").AbsoluteUri);
        var lines = new List<(string, string, string)>();
        foreach (var row in await page.Locator("table.lines tbody tr").AllAsync())
            lines.Add(((await TextOf(row, ".what")).Split('\n')[0].Trim(), await TextOf(row, ".amount"), await TextOf(row, ".balance")));
        return lines;

        static async Task<string> TextOf(ILocator row, string part) => (await row.Locator(part).InnerTextAsync()).Trim();
    }

    /// <summary>Keeps a picture of the page, for people to look at, if a directory is named in <c>FARTHING_SCREENSHOTS</c>.</summary>
    public static async Task TakePictureAsync(IPage page, string name)
    {
        if (BrowserHouse.Screenshots is { } directory)
            await page.ScreenshotAsync(new() { Path = Path.Combine(directory, $"{name}-{page.ViewportSize!.Width}.png"), FullPage = true });
    }

    /// <summary>How wide the content is, and how wide the window: they differ if the page scrolls sideways. In CSS pixels.</summary>
    public async Task<(int Content, int Window)> MeasureWidthAsync(IPage page)
    {
        var session = await context.NewCDPSessionAsync(page);
        var metrics = (await session.SendAsync("Page.getLayoutMetrics"))!.Value;
        var content = metrics.GetProperty("cssContentSize").GetProperty("width").GetInt32();
        var window = metrics.GetProperty("cssLayoutViewport").GetProperty("clientWidth").GetInt32();
        await session.DetachAsync();
        return (content, window);
    }

    /// <summary>Presses Tab until the element has the focus.</summary>
    public static async Task TabToAsync(IPage page, string selector)
    {
        for (var presses = 0; presses < 20; presses++)
        {
            await page.Keyboard.PressAsync("Tab");
            if (await page.Locator($"{selector}:focus-visible").CountAsync() == 1) return;
        }

        Assert.Fail($"Twenty tabs do not reach {selector} at {page.Url}.");
    }

    /// <summary>No request left this machine and no page broke its own content security policy.</summary>
    public void AssertClean()
    {
        Assert.True(requests > 0);
        Assert.Empty(strangers);
        Assert.Empty(violations);
    }

    public ValueTask DisposeAsync() => context.DisposeAsync();
}
