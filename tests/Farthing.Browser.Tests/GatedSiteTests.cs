using System.Buffers.Binary;
using Farthing.Server.Tests;
using Farthing.Server.Tests.Gate;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Farthing.Browser.Tests;

/// <summary>Files behind nginx, as a person with Chromium buys, reads and plays them.</summary>
public sealed class GatedSiteTests(BrowserHouse house)
{
    // Ten minutes of silence as a compact disc has it: a hundred megabytes, which no browser fetches ahead.
    private const int Seconds = 600;
    private const int BytesPerSecond = 44_100 * 4;

    [Fact]
    public async Task A_page_is_bought_and_a_clip_plays_on_while_its_entitlement_is_renewed_underneath()
    {
        await using var server = await ServerProcess.StartAsync(null, "--test-clock");
        using var api = new Api(server);
        await using var site = await GatedSite.StartAsync(api, server.Address, "nginx");
        WriteClip(Path.Combine(site.Root, "articles", "clip.wav"));
        await File.WriteAllTextAsync(Path.Combine(site.Root, "player.html"), """<!doctype html><title>Player</title><audio controls muted preload="metadata" src="/articles/clip.wav"></audio>""", TestContext.Current.CancellationToken);
        await using var reader = await house.NewReaderAsync(scripts: true);
        var page = await reader.NewTabAsync();

        // 1. A page: the price, the wallet, the page.
        await page.GotoAsync(new Uri(site.Address, "/articles/rain.html").AbsoluteUri);
        Assert.DoesNotContain(GatedSite.PaidText, await page.ContentAsync(), StringComparison.Ordinal);
        await Reader.PayAsync(page);
        await Expect(page.GetByText(GatedSite.PaidText).First).ToBeVisibleAsync();
        Assert.Equal(new Uri(site.Address, "/articles/rain.html").AbsoluteUri, page.Url);
        Assert.Equal(200, (await page.ReloadAsync())!.Status);

        // 2. A player finds nothing to play until the clip is paid.
        var player = new Uri(site.Address, "/player.html").AbsoluteUri;
        await page.GotoAsync(player);
        await page.WaitForFunctionAsync("() => document.querySelector('audio').error !== null");
        await page.GotoAsync(new Uri(site.Address, "/articles/clip.wav").AbsoluteUri);
        await Reader.PayAsync(page);
        // A hundred megabytes are not loaded when they begin to play.
        await page.WaitForURLAsync(new Uri(site.Address, "/articles/clip.wav").AbsoluteUri, new() { WaitUntil = WaitUntilState.Commit });

        // 3. It plays and seeks, each time long after its entitlement of a minute is over, and the browser keeps what it gets with the parts.
        await page.GotoAsync(player);
        await page.WaitForFunctionAsync("() => document.querySelector('audio').readyState >= 1");
        Assert.Equal(Seconds, await page.EvaluateAsync<int>("Math.round(document.querySelector('audio').duration)"));
        foreach (var second in new[] { 300, 120, 590 })
        {
            await api.PostAsync("/v1/test/clock", ServerProcess.OperatorKey, """{"advance":"PT2M"}""");
            var part = page.WaitForResponseAsync(response => response.Url.EndsWith("clip.wav", StringComparison.Ordinal) && response.Status == 206);
            await page.EvaluateAsync($"document.querySelector('audio').currentTime = {second}; document.querySelector('audio').play()");
            Assert.True((await (await part).AllHeadersAsync()).ContainsKey("set-cookie"), $"at {second}");
            await page.WaitForFunctionAsync($"() => document.querySelector('audio').currentTime > {second}.05 && document.querySelector('audio').error === null");
        }

        reader.AssertClean();
    }

    private static void WriteClip(string file)
    {
        const int Bytes = Seconds * BytesPerSecond;
        Span<byte> header = stackalloc byte[44];
        "RIFF"u8.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], Bytes + 36);
        "WAVEfmt "u8.CopyTo(header[8..]);
        BinaryPrimitives.WriteInt32LittleEndian(header[16..], 16);
        BinaryPrimitives.WriteInt16LittleEndian(header[20..], 1);
        BinaryPrimitives.WriteInt16LittleEndian(header[22..], 2);
        BinaryPrimitives.WriteInt32LittleEndian(header[24..], 44_100);
        BinaryPrimitives.WriteInt32LittleEndian(header[28..], BytesPerSecond);
        BinaryPrimitives.WriteInt16LittleEndian(header[32..], 4);
        BinaryPrimitives.WriteInt16LittleEndian(header[34..], 16);
        "data"u8.CopyTo(header[36..]);
        BinaryPrimitives.WriteInt32LittleEndian(header[40..], Bytes);
        using var stream = new FileStream(file, FileMode.Create);
        stream.Write(header);
        stream.SetLength(Bytes + 44);
    }
}
