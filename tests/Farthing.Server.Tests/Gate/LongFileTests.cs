using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Farthing.AspNetCore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Farthing.Server.Tests.Gate;

/// <summary>
/// Songs, films and downloads: parts of what was bought are served while its entitlements, which live a minute, are renewed underneath. The clock is moved by hand.
/// </summary>
[Collection(typeof(MovedClock))]
public sealed class LongFileTests(ClockServer server)
{
    // Ten minutes of sound, eight thousand bytes a second; and a download.
    private const int ClipSeconds = 600;
    private const int BytesPerSecond = 8000;
    private const int PartSeconds = 40;
    private const long DownloadBytes = 100_000_000;
    private const string Clip = "/articles/clip.wav";
    private const string Download = "/articles/download.bin";

    // How an <audio> element asks.
    private static readonly (string Name, string Value)[] Player = [("Accept", "*/*"), ("Sec-Fetch-Dest", "audio"), ("Sec-Fetch-Mode", "no-cors")];

    [Fact]
    public async Task Behind_nginx_a_clip_plays_seeks_and_resumes()
    {
        await using var site = await GatedSite.StartAsync(server.Api, server.Process.Address, "nginx");
        WriteFiles(Path.Combine(site.Root, "articles"));
        using var visitor = await Visitor.NewAsync(server.Api, site.Address);
        await PlayAsync(visitor, server.AdvanceAsync);
    }

    [Fact]
    public async Task In_an_asp_net_site_a_clip_plays_seeks_and_resumes()
    {
        using var files = new TemporaryDirectory();
        WriteFiles(files.Path);
        using var port = new ReservedPort();
        var address = new Uri($"http://localhost:{port.Number}");
        var (key, publicKey) = Api.NewSigningKey();
        var payee = await server.Api.NewPayeeAsync(more: $",\"website\":\"{address.GetLeftPart(UriPartial.Authority)}\",\"signingKey\":\"{publicKey}\"");
        var entitlementKey = (await server.Api.GetAsync("/v1/entitlement-key")).Text;

        var time = new FakeTimeProvider(await server.NowAsync());
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port.Number));
        builder.Services.AddRoutingCore().AddSingleton<TimeProvider>(time);
        builder.Logging.ClearProviders();
        builder.Services.AddFarthing(options =>
        {
            options.Payee = payee.Id;
            options.SigningKey = Convert.ToBase64String(key.ExportSeed());
            options.Server = server.Process.Address.GetLeftPart(UriPartial.Authority);
            options.EntitlementKey = entitlementKey;
        });
        await using var app = builder.Build();
        app.UseRouting();
        app.MapGet("/articles/{name}", (string name) => Results.File(Path.Combine(files.Path, name), "audio/wav", enableRangeProcessing: true, lastModified: DateTimeOffset.UnixEpoch, entityTag: new("\"clip\"")))
            .RequirePayment("0.02 USD");
        await app.StartAsync(TestContext.Current.CancellationToken);

        using var visitor = await Visitor.NewAsync(server.Api, address);
        await PlayAsync(visitor, async by =>
        {
            var now = await server.AdvanceAsync(by);
            time.SetUtcNow(now);
            return now;
        });
    }

    private static async Task PlayAsync(Visitor visitor, Func<TimeSpan, Task<DateTimeOffset>> advanceAsync)
    {
        // 1. The clip plays, forty seconds at a time.
        await visitor.BuyAsync(Clip);
        var renewals = 0;
        for (var second = 0; second < ClipSeconds; second += PartSeconds)
        {
            renewals += await AssertPartAsync(second);
            await advanceAsync(TimeSpan.FromSeconds(PartSeconds));
        }

        // An entitlement lives a minute: it was renewed with every second part, and not with each.
        Assert.InRange(renewals, 6, 9);

        // 2. The listener goes back and forth, and comes again after a rest.
        foreach (var second in new[] { 30, 599, 0, 123 }) await AssertPartAsync(second);
        await advanceAsync(TimeSpan.FromHours(1));
        await AssertPartAsync(300);

        // 3. A download breaks off after ten megabytes, and is resumed two minutes later.
        await visitor.BuyAsync(Download);
        EntityTagHeaderValue tag;
        var begun = 0L;
        using (var broken = await visitor.OpenAsync(Download, [.. Player, ("Range", "bytes=0-")]))
        {
            Assert.Equal((HttpStatusCode.PartialContent, DownloadBytes), (broken.StatusCode, broken.Content.Headers.ContentRange!.Length));
            tag = broken.Headers.ETag!;
            await using var body = await broken.Content.ReadAsStreamAsync();
            var buffer = new byte[1 << 20];
            while (begun < 10_000_000) begun += await body.ReadAsync(buffer);
        }

        await advanceAsync(TimeSpan.FromMinutes(2));
        using (var rest = await visitor.OpenAsync(Download, [.. Player, ("Range", $"bytes={begun}-"), ("If-Range", tag.ToString())]))
        {
            Assert.Equal((HttpStatusCode.PartialContent, begun, DownloadBytes), (rest.StatusCode, rest.Content.Headers.ContentRange!.From, rest.Content.Headers.ContentRange.Length));
            await using var body = await rest.Content.ReadAsStreamAsync();
            var (read, last, buffer) = (begun, new byte[4], new byte[1 << 20]);
            for (int count; (count = await body.ReadAsync(buffer)) > 0; read += count) if (count >= 4) buffer.AsSpan(count - 4, 4).CopyTo(last);
            Assert.Equal((DownloadBytes, "end."), (read, Encoding.ASCII.GetString(last)));
        }

        // 4. What was given back closes within a minute, also to who asks for parts only.
        var (payment, entitlement) = await visitor.PayAsync(await visitor.AskAsync("/articles/other.wav"));
        Assert.Equal(303, (await visitor.VisitAsync($"/articles/other.wav?farthing={entitlement}")).Status);
        await advanceAsync(TimeSpan.FromSeconds(70));
        Assert.Equal(206, (await visitor.VisitAsync("/articles/other.wav", null, [.. Player, ("Range", "bytes=0-9")])).Status);
        await visitor.GiveBackAsync(payment);
        await advanceAsync(TimeSpan.FromSeconds(61));
        var closed = await visitor.VisitAsync("/articles/other.wav", null, [.. Player, ("Range", "bytes=0-9")]);
        Assert.Equal((402, "application/problem+json"), (closed.Status, closed.Response.Content.Headers.ContentType!.MediaType));
        Assert.False(closed.Response.Content.Headers.Contains("Content-Range"));

        async Task<int> AssertPartAsync(int second)
        {
            var from = second * BytesPerSecond;
            var to = Math.Min(from + (PartSeconds * BytesPerSecond), ClipSeconds * BytesPerSecond) - 1;
            using var part = await visitor.OpenAsync(Clip, [.. Player, ("Range", $"bytes={from}-{to}")]);
            Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
            var bytes = await part.Content.ReadAsByteArrayAsync();
            Assert.Equal(to - from + 1, bytes.Length);
            for (var at = 0; at + 4 <= bytes.Length; at += 4000) Assert.Equal(from + at, BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at)));
            return part.Headers.Contains("Set-Cookie") ? 1 : 0;
        }
    }

    // Each four bytes are their own place, so that every part can be told from every other.
    private static void WriteFiles(string folder)
    {
        var clip = new byte[ClipSeconds * BytesPerSecond];
        for (var at = 0; at < clip.Length; at += 4) BinaryPrimitives.WriteInt32LittleEndian(clip.AsSpan(at), at);
        File.WriteAllBytes(Path.Combine(folder, "clip.wav"), clip);
        File.WriteAllBytes(Path.Combine(folder, "other.wav"), clip.AsSpan(0, 1000));
        using var download = new FileStream(Path.Combine(folder, "download.bin"), FileMode.Create);
        download.SetLength(DownloadBytes);
        download.Position = DownloadBytes - 4;
        download.Write("end."u8);
    }
}
