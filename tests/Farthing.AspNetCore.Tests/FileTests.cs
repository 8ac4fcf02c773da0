using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.FileProviders;

namespace Farthing.AspNetCore.Tests;

/// <summary><c>MapFiles</c>: files with a price.</summary>
public sealed class FileTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("farthing-files-");

    public FileTests()
    {
        Directory.CreateDirectory(Path.Combine(folder.FullName, "album"));
        File.WriteAllText(Path.Combine(folder.FullName, "one.txt"), PaidSite.PaidText);
        File.WriteAllText(Path.Combine(folder.FullName, "album", "two.txt"), PaidSite.PaidText);
        File.WriteAllText(Path.Combine(folder.FullName, ".hidden"), PaidSite.PaidText);
        File.WriteAllText(Path.Combine(folder.FullName, "three.unknown-kind"), PaidSite.PaidText);
    }

    [Fact]
    public async Task A_file_is_served_to_who_paid_for_it_in_parts_too()
    {
        await using var site = await StartAsync();
        var browser = new Browser(site);
        foreach (var path in new[] { "/songs/one.txt", "/songs/album/two.txt", "/songs/three.unknown-kind" })
        {
            Assert.Equal(HttpStatusCode.PaymentRequired, (await browser.VisitAsync(path, null, ("Range", "bytes=0-3"))).Status);
            Assert.Equal(path, (await browser.AskAsync(path)).Resource);
            await browser.PayAsync(path);
            var whole = await browser.VisitAsync(path);
            Assert.Equal((HttpStatusCode.OK, PaidSite.PaidText), (whole.Status, whole.Body));
            Assert.Contains("private", whole.Headers["Cache-Control"], StringComparison.Ordinal);
            var part = await browser.VisitAsync(path, null, ("Range", "bytes=5-7"));
            Assert.Equal((HttpStatusCode.PartialContent, PaidSite.PaidText[5..8]), (part.Status, part.Body));
            Assert.Equal(HttpStatusCode.NotModified, (await browser.VisitAsync(path, null, ("If-None-Match", whole.Headers["ETag"]))).Status);
            Assert.Equal(HttpStatusCode.PaymentRequired, (await new Browser(site).VisitAsync(path, null, ("If-None-Match", whole.Headers["ETag"]))).Status);
        }
    }

    [Theory]
    [InlineData("/songs/")]
    [InlineData("/songs/nothing.txt")]
    [InlineData("/songs/album")]
    [InlineData("/songs/album/")]
    [InlineData("/songs/.hidden")]
    public async Task What_is_not_served_is_not_sold(string path)
    {
        await using var site = await StartAsync();
        var visit = await new Browser(site).VisitAsync(path);
        Assert.Equal(HttpStatusCode.NotFound, visit.Status);
        Assert.DoesNotContain(PaidSite.PaidText, visit.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET /songs//one.txt")]
    [InlineData("GET //songs/one.txt")]
    [InlineData("GET /songs/album/../one.txt")]
    [InlineData("GET /songs/album/%2e%2e/one.txt")]
    [InlineData("GET /songs/album%2f..%2fone.txt")]
    [InlineData("GET /SONGS/one.txt")]
    [InlineData("GET /songs/one.txt/")]
    [InlineData("GET /songs/%6fne.txt")]
    [InlineData("GET /songs/one%2Etxt")]
    [InlineData("GET /songs/..%2f..%2fetc/passwd")]
    [InlineData("HEAD /songs/one.txt")]
    [InlineData("POST /songs/one.txt")]
    [InlineData("OPTIONS /songs/one.txt")]
    public async Task No_spelling_of_a_file_opens_it_unpaid(string line)
    {
        await using var site = await StartAsync();
        var answer = await site.SendRawAsync($"{line} HTTP/1.1\r\nHost: {site.Http.BaseAddress!.Authority}\r\nAccept: text/html\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 4", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("ONLY-FOR", answer, StringComparison.Ordinal);
    }

    public void Dispose() => folder.Delete(recursive: true);

    private Task<PaidSite> StartAsync() =>
        PaidSite.StartAsync((_, app) => app.MapFiles("/songs", new PhysicalFileProvider(folder.FullName)).RequirePayment("0.10 USD"));
}
