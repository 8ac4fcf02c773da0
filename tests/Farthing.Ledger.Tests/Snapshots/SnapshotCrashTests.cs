using System.Threading.Channels;
using Farthing.Ledger.Tests.Sequencing;

namespace Farthing.Ledger.Tests.Snapshots;

public class SnapshotCrashTests
{
    private const int Rounds = 6;

    [Fact]
    public async Task A_process_killed_while_it_makes_a_snapshot_leaves_a_directory_that_opens_from_one()
    {
        using var directory = new TemporaryDirectory();
        var snapshots = Directory.CreateDirectory(Path.Combine(directory.Path, "snapshots")).FullName;
        var acknowledged = new HashSet<ulong>();
        // The first snapshot may be finished; later ones are met at their beginning, or when they get their name.
        for (var round = 0; round < Rounds; round++)
            await WriteUntilItAppearsAsync(directory, snapshots, round % 2 == 1 ? "*.snapshot.new" : "*.snapshot", acknowledged);

        await using var ledger = TestLedger.Open(directory);
        Assert.DoesNotContain(ledger.RecoveryNotes, note => note.Contains("snapshot", StringComparison.Ordinal));
        Assert.True(ledger.SnapshotSize > 0);
        var chains = (ledger.DurableSize - 4) / 2;
        Assert.True(acknowledged.Count > 100, $"Only {acknowledged.Count} were acknowledged.");
        Assert.All(acknowledged, n => Assert.True(n < (ulong)chains));
        var shop = await ledger.ReadAccountAsync(TestLedger.Shop);
        Assert.Equal((UInt128)(2 * chains), shop!.Value.Balances.Available);
        Assert.True(LedgerCheck.Run(directory.Path).IsSound);
    }

    private static async Task WriteUntilItAppearsAsync(TemporaryDirectory directory, string snapshots, string pattern, HashSet<ulong> acknowledged)
    {
        var seen = Channel.CreateUnbounded<string>();
        using var watcher = new FileSystemWatcher(snapshots, pattern);
        watcher.Created += (_, created) => seen.Writer.TryWrite(created.Name!);
        watcher.Renamed += (_, renamed) => seen.Writer.TryWrite(renamed.Name!);
        watcher.EnableRaisingEvents = true;

        using var child = ChildProcess.Start(ChildProcess.Write, directory.Path);
        var lines = ReadAsync(child.StandardOutput, acknowledged);
        var errors = child.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await seen.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().InTimeAsync();
        Assert.False(child.HasExited, "It ended by itself.");
        child.Kill();
        await child.WaitForExitAsync(TestContext.Current.CancellationToken).InTimeAsync();
        await lines.InTimeAsync();
        Assert.Equal("", await errors);
    }

    private static async Task ReadAsync(StreamReader output, HashSet<ulong> acknowledged)
    {
        while (await output.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            Assert.DoesNotContain("snapshot", line);
            Assert.False(line.StartsWith("wrong", StringComparison.Ordinal), line);
            if (line.Split(' ') is ["done", var number]) Assert.True(acknowledged.Add(ulong.Parse(number)), $"{number} was acknowledged twice.");
        }
    }
}
