using Farthing.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Farthing.Cli.Tests;

/// <summary>A server with a log of its own making, on a free port of the loopback interface; it lies as a test tells it to.</summary>
internal sealed class FakeLog : IAsyncDisposable
{
    private readonly SigningKey signing = SigningKey.Create();
    private readonly WebApplication app;
    private int asked;

    private FakeLog()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        app = builder.Build();
        app.MapGet("/v1/ledger/key", () => Key.ToString());
        app.MapGet("/v1/ledger/checkpoint", AnswerCheckpointAsync);
        app.MapGet("/v1/ledger/tile/{level}/{**index}", AnswerTileAsync);
    }

    public static string Origin => "fake.example/log";

    public CheckpointKey Key => new(Origin, signing.Verifier);

    public string Url => app.Urls.Single();

    /// <summary>The leaves' hashes; a test may add to them, change them or take some away.</summary>
    public List<byte[]> LeafHashes { get; } = [];

    /// <summary>Changes a tile on its way; null answers that there is none.</summary>
    public Func<TileName, byte[], byte[]?> Tamper { get; set; } = (_, tile) => tile;

    /// <summary>Answers in place of the log, if it says so.</summary>
    public Func<HttpContext, Task<bool>> Interfere { get; set; } = _ => Task.FromResult(false);

    /// <summary>Signs the checkpoint of these leaves in place of those that the tiles show; or null.</summary>
    public List<byte[]>? SignedHashes { get; set; }

    public SigningKey? OtherKey { get; set; }

    /// <summary>How many tiles were asked for.</summary>
    public int Asked => Volatile.Read(ref asked);

    public static async Task<FakeLog> StartAsync(int leaves)
    {
        var log = new FakeLog();
        log.Grow(leaves);
        await log.app.StartAsync();
        return log;
    }

    public void Grow(int leaves)
    {
        for (var i = 0; i < leaves; i++) LeafHashes.Add(HashOf(LeafHashes.Count));
    }

    public static byte[] HashOf(int leaf)
    {
        var hash = new byte[MerkleTree.HashLength];
        MerkleTree.HashLeaf(BitConverter.GetBytes(leaf), hash);
        return hash;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task AnswerCheckpointAsync(HttpContext http)
    {
        if (await Interfere(http)) return;
        var signed = SignedHashes ?? LeafHashes;
        await http.Response.WriteAsync(new Checkpoint(Origin, signed.Count, Root(signed)).Sign(OtherKey ?? signing));
    }

    private async Task AnswerTileAsync(HttpContext http)
    {
        Interlocked.Increment(ref asked);
        if (await Interfere(http)) return;
        Assert.True(TileName.TryParse($"tile/{http.Request.RouteValues["level"]}/{http.Request.RouteValues["index"]}", out var name));
        if (!name.IsIn(LeafHashes.Count) || Tamper(name, TileOf(name)) is not { } tile)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        await http.Response.Body.WriteAsync(tile);
    }

    private byte[] TileOf(TileName name)
    {
        var perHash = 1 << (TileName.Height * name.Level);
        var first = (int)(name.Index << TileName.Height);
        return [.. Enumerable.Range(first, name.Width).SelectMany(hash => Root(LeafHashes.GetRange(hash * perHash, perHash)))];
    }

    private static byte[] Root(List<byte[]> hashes)
    {
        var edge = new TreeEdge();
        var completed = new byte[TreeEdge.MaxLevels * MerkleTree.HashLength];
        foreach (var hash in hashes) edge.Add(hash, completed);
        return edge.Root();
    }
}
