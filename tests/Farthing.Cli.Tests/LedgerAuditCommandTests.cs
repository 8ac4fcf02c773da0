using Farthing.Protocol;
using Microsoft.AspNetCore.Http;

namespace Farthing.Cli.Tests;

/// <summary>An auditor that trusts nobody finds every way in which a log can differ from what it signed.</summary>
public sealed class LedgerAuditCommandTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("farthing-audit-").FullName;

    private string Since => Path.Combine(directory, "checkpoint");

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(5_000)]
    [InlineData(66_000)]
    public async Task A_sound_log_is_audited_and_its_checkpoint_stored(int size)
    {
        await using var log = await FakeLog.StartAsync(size);
        var run = await AuditAsync(log);
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Contains("The log is sound", run.Output, StringComparison.Ordinal);
        Assert.Contains("no earlier checkpoint", run.Output, StringComparison.Ordinal);
        Assert.Equal(Enumerable.Range(0, 8).Sum(level => ((TileName.CountAt(level, size) + 255) / 256)), log.Asked);
        Assert.True(Checkpoint.TryVerify(await File.ReadAllTextAsync(Since, TestContext.Current.CancellationToken), log.Key, out var stored));
        Assert.Equal(size, stored.Size);

        log.Grow(300);
        run = await AuditAsync(log);
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("unchanged", run.Output, StringComparison.Ordinal);
        Assert.True(Checkpoint.TryVerify(await File.ReadAllTextAsync(Since, TestContext.Current.CancellationToken), log.Key, out stored));
        Assert.Equal(size + 300, stored.Size);
    }

    [Fact]
    public async Task One_flipped_bit_in_any_tile_is_found()
    {
        await using var log = await FakeLog.StartAsync(66_000);
        var random = new Random(3);
        TileName[] tiles = [new(0, 0, 256), new(0, 255, 256), new(0, 257, 208), new(1, 0, 256), new(1, 1, 1), new(2, 0, 1)];
        foreach (var tampered in tiles)
        {
            log.Tamper = (name, tile) =>
            {
                if (name == tampered) tile[random.Next(tile.Length)] ^= 1;
                return tile;
            };
            await AssertLieAsync(log, "");
        }
        Assert.False(File.Exists(Since));
    }

    [Fact]
    public async Task A_log_that_was_cut_is_found()
    {
        await using var log = await FakeLog.StartAsync(600);
        Assert.Equal(0, (await AuditAsync(log)).ExitCode);
        log.LeafHashes.RemoveRange(500, 100);
        await AssertLieAsync(log, "records were taken away");
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(599, 0)]
    [InlineData(300, 40)]
    public async Task A_changed_history_is_found_though_its_checkpoint_is_signed(int changed, int grown)
    {
        await using var log = await FakeLog.StartAsync(600);
        Assert.Equal(0, (await AuditAsync(log)).ExitCode);
        log.LeafHashes[changed] = FakeLog.HashOf(-1);
        log.Grow(grown);
        await AssertLieAsync(log, "History was changed");
        // The checkpoint that shows it is kept.
        log.LeafHashes[changed] = FakeLog.HashOf(changed);
        Assert.Equal(0, (await AuditAsync(log)).ExitCode);
    }

    [Fact]
    public async Task A_checkpoint_over_other_records_than_the_tiles_show_is_found()
    {
        await using var log = await FakeLog.StartAsync(700);
        log.SignedHashes = [.. log.LeafHashes];
        log.SignedHashes[699] = FakeLog.HashOf(-1);
        await AssertLieAsync(log, "give the root");
    }

    [Fact]
    public async Task A_checkpoint_of_another_key_is_refused()
    {
        await using var log = await FakeLog.StartAsync(3);
        using var stranger = SigningKey.Create();
        log.OtherKey = stranger;
        await AssertLieAsync(log, "not signed by");
    }

    [Theory]
    [InlineData(-1, "bytes; the tile has")]
    [InlineData(-32, "bytes; the tile has")]
    [InlineData(1, "more than")]
    public async Task A_tile_that_is_too_short_or_too_long_is_refused(int more, string problem)
    {
        await using var log = await FakeLog.StartAsync(600);
        log.Tamper = (_, tile) => more < 0 ? tile[..^-more] : [.. tile, .. new byte[more]];
        await AssertLieAsync(log, problem);
    }

    [Fact]
    public async Task A_tile_that_is_not_there_is_refused()
    {
        await using var log = await FakeLog.StartAsync(600);
        log.Tamper = (name, tile) => name.Level == 0 && name.Index == 1 ? null : tile;
        await AssertLieAsync(log, "tile/0/001");
    }

    [Fact]
    public async Task A_narrow_tile_that_was_dropped_is_read_from_the_full_one()
    {
        await using var log = await FakeLog.StartAsync(600);
        log.SignedHashes = [.. log.LeafHashes];
        log.Grow(400);
        log.Tamper = (name, tile) => name is { Level: 0, IsFull: false } ? null : tile;
        var run = await AuditAsync(log);
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
    }

    [Fact]
    public async Task A_slow_an_endless_and_a_failing_answer_end_in_time()
    {
        await using var log = await FakeLog.StartAsync(600);
        log.Interfere = async http =>
        {
            if (!http.Request.Path.Value!.Contains("/tile/", StringComparison.Ordinal)) return false;
            await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        var run = await AuditAsync(log, "--timeout-seconds", "1");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("within 1 seconds", run.Error, StringComparison.Ordinal);

        log.Interfere = async http =>
        {
            if (!http.Request.Path.Value!.Contains("/tile/", StringComparison.Ordinal)) return false;
            var bytes = new byte[4096];
            while (!http.RequestAborted.IsCancellationRequested) await http.Response.Body.WriteAsync(bytes);
            return true;
        };
        await AssertLieAsync(log, "more than");

        log.Interfere = http =>
        {
            http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return Task.FromResult(true);
        };
        run = await AuditAsync(log);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("503", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_endless_checkpoint_is_refused()
    {
        await using var log = await FakeLog.StartAsync(1);
        log.Interfere = async http =>
        {
            var bytes = new byte[4096];
            while (!http.RequestAborted.IsCancellationRequested) await http.Response.Body.WriteAsync(bytes);
            return true;
        };
        await AssertLieAsync(log, "not signed by");
    }

    [Fact]
    public async Task Wrong_use_and_no_server_have_no_answer()
    {
        await using var log = await FakeLog.StartAsync(1);
        await File.WriteAllTextAsync(Since, "hello", TestContext.Current.CancellationToken);
        (string[] Arguments, string Advice)[] uses =
        [
            (["ledger", "audit", "nowhere", "--key", log.Key.ToString()], "not a server's address"),
            (["ledger", "audit", log.Url, "--key", "x"], "malformed"),
            (["ledger", "audit", log.Url, "--key", log.Key.ToString(), "--since", Since], "is not a checkpoint signed by"),
            (["ledger", "audit", log.Url, "--key", log.Key.ToString(), "--timeout-seconds", "0"], "at least a second"),
            (["ledger", "audit", "http://127.0.0.1:9", "--key", log.Key.ToString()], "cannot be read"),
            (["ledger", "audit", "http://127.0.0.1:9"], "did not give its key"),
        ];
        foreach (var (arguments, advice) in uses)
        {
            var run = await Invocation.RunAsync(arguments);
            Assert.Equal(2, run.ExitCode);
            Assert.Contains(advice, run.Error, StringComparison.Ordinal);
        }
        var asked = await Invocation.RunAsync("ledger", "audit", log.Url);
        Assert.Equal(0, asked.ExitCode);
        Assert.Contains(log.Key.ToString(), asked.Error, StringComparison.Ordinal);
    }

    private Task<Invocation> AuditAsync(FakeLog log, params string[] more) =>
        Invocation.RunAsync(TestContext.Current.CancellationToken, ["ledger", "audit", log.Url, "--key", log.Key.ToString(), "--since", Since, .. more]);

    private async Task AssertLieAsync(FakeLog log, string problem)
    {
        var before = File.Exists(Since) ? await File.ReadAllTextAsync(Since) : null;
        var run = await AuditAsync(log);
        Assert.True(run.ExitCode == 1, run.Error + run.Output);
        Assert.Contains(problem, run.Output, StringComparison.Ordinal);
        Assert.Contains("NOT sound", run.Output, StringComparison.Ordinal);
        Assert.Equal(before, File.Exists(Since) ? await File.ReadAllTextAsync(Since) : null);
    }
}
