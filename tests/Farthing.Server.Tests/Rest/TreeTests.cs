using Farthing.Protocol;

namespace Farthing.Server.Tests.Rest;

/// <summary>The log as anyone may read it: checkpoint, tiles, consistency.</summary>
public sealed class TreeTests(SharedServer server)
{
    private readonly Api api = server.Api;

    [Fact]
    public async Task Tiles_give_the_root_that_the_checkpoint_signs()
    {
        await GrowAsync(40);
        var checkpoint = await ReadCheckpointAsync(atLeast: 40);
        var edge = new TreeEdge();
        var completed = new byte[TreeEdge.MaxLevels * MerkleTree.HashLength];
        var tiles = 0;
        for (var index = 0L; TileName.WidthIn(checkpoint.Size, 0, index) is > 0 and var width; index++)
        {
            using var response = await GetAsync(new TileName(0, index, width).ToString());
            Assert.Equal(200, (int)response.StatusCode);
            Assert.Equal("application/octet-stream", response.Content.Headers.ContentType?.ToString());
            Assert.Equal("public, max-age=31536000, immutable", Assert.Single(response.Headers.GetValues("Cache-Control")));
            var tile = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
            Assert.Equal(width * 32, tile.Length);
            for (var at = 0; at < tile.Length; at += 32) edge.Add(tile.AsSpan(at, 32), completed);
            tiles++;
        }

        Assert.True(tiles > 0);
        Assert.Equal((checkpoint.Size, Convert.ToHexString(checkpoint.Root)), (edge.Size, Convert.ToHexString(edge.Root())));
    }

    [Fact]
    public async Task A_later_checkpoint_is_shown_to_begin_with_an_earlier_one()
    {
        await GrowAsync(3);
        var early = await ReadCheckpointAsync(atLeast: 3);
        await GrowAsync(5);
        var late = await ReadCheckpointAsync(atLeast: early.Size + 5);

        var reply = await api.GetAsync($"/v1/ledger/consistency?from={early.Size}&to={late.Size}");
        Assert.Equal((200, early.Size, late.Size), (reply.Status, reply.Json["from"]!.GetValue<long>(), reply.Json["to"]!.GetValue<long>()));
        var proof = reply.Json["hashes"]!.AsArray().SelectMany(hash => Convert.FromBase64String(hash!.GetValue<string>())).ToArray();
        Assert.True(MerkleTree.VerifyConsistency(early.Size, early.Root, late.Size, late.Root, proof));
        Assert.Empty((await api.GetAsync($"/v1/ledger/consistency?from=0&to={late.Size}")).Json["hashes"]!.AsArray());
        Assert.Empty((await api.GetAsync($"/v1/ledger/consistency?from={late.Size}&to={late.Size}")).Json["hashes"]!.AsArray());
    }

    [Theory]
    [InlineData("/v1/ledger/tile/0/0", "not_found")]
    [InlineData("/v1/ledger/tile/00/000", "not_found")]
    [InlineData("/v1/ledger/tile/8/000", "not_found")]
    [InlineData("/v1/ledger/tile/entries/000", "not_found")]
    [InlineData("/v1/ledger/tile/0/", "not_found")]
    [InlineData("/v1/ledger/tile/0", "not_found")]
    [InlineData("/v1/ledger/tile/0/000.p/256", "not_found")]
    [InlineData("/v1/ledger/tile/0/x000/000", "not_found")]
    [InlineData("/v1/ledger/tile/0/000%2Ep%2F1", "not_found")]
    [InlineData("/v1/ledger/tile/0/..%2F..%2Fjournal", "not_found")]
    [InlineData("/v1/ledger/tile/0/x999/999", "not_in_checkpoint")]
    [InlineData("/v1/ledger/tile/7/000.p/1", "not_in_checkpoint")]
    [InlineData("/v1/ledger/tile/0/x036/x028/x797/x018/x963/967", "not_in_checkpoint")]
    [InlineData("/v1/ledger/consistency?from=1&to=9223372036854775807", "not_in_checkpoint")]
    [InlineData("/v1/ledger/consistency", "missing_field")]
    [InlineData("/v1/ledger/consistency?from=1", "missing_field")]
    [InlineData("/v1/ledger/consistency?from=2&to=1", "invalid_field")]
    [InlineData("/v1/ledger/consistency?from=-1&to=1", "invalid_field")]
    [InlineData("/v1/ledger/consistency?from=1&to=9223372036854775808", "invalid_field")]
    [InlineData("/v1/ledger/consistency?from=1&from=1&to=1", "invalid_field")]
    public async Task What_is_not_signed_or_has_no_name_is_refused(string path, string code)
    {
        await ReadCheckpointAsync(atLeast: 0);
        var reply = await api.GetAsync(path);
        Assert.Equal(("application/problem+json", code), (reply.MediaType, reply["code"]));
        Assert.Equal(code is "not_found" or "not_in_checkpoint" ? 404 : 400, reply.Status);
    }

    private async Task GrowAsync(int payments)
    {
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("1");
        for (var i = 0; i < payments; i++) await api.PayAsync(wallet, payee, "0.01");
    }

    // The newest checkpoint is at most a second behind.
    private async Task<Checkpoint> ReadCheckpointAsync(long atLeast)
    {
        Assert.True(CheckpointKey.TryParse((await api.GetAsync("/v1/ledger/key")).Text.TrimEnd(), out var key));
        Checkpoint? checkpoint = null;
        await Eventually.TrueAsync(async () => Checkpoint.TryVerify((await api.GetAsync("/v1/ledger/checkpoint")).Text, key, out checkpoint) && checkpoint.Size >= atLeast);
        return checkpoint!;
    }

    private async Task<HttpResponseMessage> GetAsync(string path)
    {
        using var http = new HttpClient();
        return await http.GetAsync(new Uri(server.Process.Address, $"/v1/ledger/{path}"), TestContext.Current.CancellationToken);
    }
}
