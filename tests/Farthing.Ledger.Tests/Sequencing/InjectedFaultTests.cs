using System.Diagnostics;
using Farthing.Ledger.Tests.Journal;

namespace Farthing.Ledger.Tests.Sequencing;

/// <summary>Calls of a real process to the system that fail, by <c>strace</c>'s doing, as they do on a broken or full disk.</summary>
public class InjectedFaultTests
{
    private const string Journal = "journal";
    private const string First = "journal/00000000.segment";
    private const string Next = "journal/00000001.segment.new";

    // Calls are counted for each thread by itself: the opening makes fewer than the number, and the writer or a follower comes to it.
    [Theory]
    [InlineData("fdatasync", "EIO", First, 40)]
    [InlineData("fdatasync", "ENOSPC", First, 40)]
    [InlineData("fdatasync", "EROFS", First, 40)]
    [InlineData("pwrite64", "EIO", First, 40)]
    [InlineData("pwrite64", "ENOSPC", First, 40)]
    [InlineData("pwrite64", "EROFS", First, 40)]
    [InlineData("fdatasync", "EIO", Next, 1)]
    [InlineData("fdatasync", "ENOSPC", Next, 1)]
    [InlineData("fdatasync", "EROFS", Next, 1)]
    [InlineData("rename", "EIO", Next, 1)]
    [InlineData("rename", "ENOSPC", Next, 1)]
    [InlineData("rename", "EROFS", Next, 1)]
    [InlineData("fsync", "EIO", Journal, 3)]
    [InlineData("fsync", "ENOSPC", Journal, 3)]
    [InlineData("fsync", "EROFS", Journal, 3)]
    public async Task A_call_that_fails_ends_the_process_by_name_and_loses_nothing_acknowledged(string call, string error, string file, int from)
    {
        using var directory = new TemporaryDirectory();
        using var log = new TemporaryDirectory();
        using var child = Start(directory, log, call, error, file, $"{from}+");
        using var deadline = new CancellationTokenSource(TestLedger.Deadline);
        var errors = child.StandardError.ReadToEndAsync(deadline.Token);
        var acknowledged = new HashSet<ulong>();
        while (await child.StandardOutput.ReadLineAsync(deadline.Token) is { } line) Learn(acknowledged, line);
        await child.WaitForExitAsync(deadline.Token);

        Assert.NotEqual(0, child.ExitCode);
        Assert.Contains("look at the disk first", await errors);
        Assert.Contains(Path.Combine(directory.Path, Path.ChangeExtension(file, null)), await errors);
        Assert.Contains(Words(error), await errors);
        var injected = await InjectedAsync(child, log);
        Assert.All(injected, line => Assert.Contains(error, line));
        // Whoever failed did not try again.
        Assert.Equal(injected.Count, injected.Select(line => line.Split(' ')[0]).Distinct().Count());

        // The frame whose flush failed may be there afterwards, as here; nobody was told of it.
        if (call == "fdatasync" && file == First)
        {
            var last = RawJournal.Recover(directory).Frames[^1].Header;
            Assert.True(last.RecordCount > 0);
            Assert.DoesNotContain(acknowledged, n => 4 + 2 * (long)n >= last.FirstPosition);
        }
        await AssertAllThereAsync(directory, acknowledged);
    }

    [Fact]
    public async Task Without_room_for_the_next_segment_work_is_refused_and_goes_on_by_itself_when_there_is_room()
    {
        using var directory = new TemporaryDirectory();
        using var log = new TemporaryDirectory();
        using var child = Start(directory, log, "pwrite64", "ENOSPC", Next, "1..3");
        using var deadline = new CancellationTokenSource(TestLedger.Deadline);
        var errors = child.StandardError.ReadToEndAsync(deadline.Token);
        var acknowledged = new HashSet<ulong>();
        var (refused, afterwards, killed) = (0, 0, false);
        var reported = new List<string>();
        while (await child.StandardOutput.ReadLineAsync(deadline.Token) is { } line)
        {
            if (line.StartsWith("refused ", StringComparison.Ordinal))
            {
                Assert.Contains("There is no room for the next part of the journal: No space left on device", line);
                // Strangers read it.
                Assert.DoesNotContain(directory.Path, line);
                refused++;
            }
            if (line.StartsWith("fault ", StringComparison.Ordinal)) reported.Add(line);
            Learn(acknowledged, line);
            // What fills a segment twice, so that there was another one.
            if (refused == 0 || killed || ++afterwards < 20_000) continue;
            child.Kill();
            killed = true;
        }
        await child.WaitForExitAsync(deadline.Token);
        Assert.True(killed, await errors);
        Assert.True(refused > 3, $"Only {refused} were refused.");
        Assert.StartsWith("fault There is no room for the next part of the journal", Assert.Single(reported));
        Assert.Contains(Path.Combine(directory.Path, Next), reported[0]);
        Assert.Equal(3, (await InjectedAsync(child, log)).Count);
        Assert.True(File.Exists(directory.Segment(1)));
        await AssertAllThereAsync(directory, acknowledged);
    }

    /// <summary>Starts a writing child whose calls on one file fail.</summary>
    /// <param name="directory">The ledger's.</param>
    /// <param name="log">Where the calls are written down.</param>
    /// <param name="call">The call.</param>
    /// <param name="error">What it fails with; the system does not see it.</param>
    /// <param name="file">The file or directory, from the ledger's directory.</param>
    /// <param name="which">Which of each thread's calls, from 1.</param>
    private static Process Start(TemporaryDirectory directory, TemporaryDirectory log, string call, string error, string file, string which) =>
        ChildProcess.Start(ChildProcess.Write, directory.Path,
            // The tracer is the grandchild: the process that is started, killed and waited for is the ledger's.
            "strace", "-D", "-f", "--seccomp-bpf", "-o", Path.Combine(log.Path, "calls"), "-P", Path.Combine(directory.Path, file), "-e", $"trace={call}", "-e", $"inject={call}:error={error}:when={which}");

    private static void Learn(HashSet<ulong> acknowledged, string line)
    {
        Assert.False(line.StartsWith("wrong", StringComparison.Ordinal), line);
        if (line.Split(' ') is ["done", var number]) Assert.True(acknowledged.Add(ulong.Parse(number)), $"{number} was acknowledged twice.");
    }

    /// <summary>The calls that failed. Waits until the tracer has ended with the child.</summary>
    private static async Task<List<string>> InjectedAsync(Process child, TemporaryDirectory log)
    {
        List<string> lines = [];
        await TestLedger.UntilAsync(async () =>
        {
            lines = [.. await File.ReadAllLinesAsync(Path.Combine(log.Path, "calls"))];
            return lines.Any(line => line.StartsWith($"{child.Id} ", StringComparison.Ordinal) && line.Contains("+++", StringComparison.Ordinal));
        });
        List<string> injected = [.. lines.Where(line => line.EndsWith("(INJECTED)", StringComparison.Ordinal))];
        Assert.NotEmpty(injected);
        return injected;
    }

    private static async Task AssertAllThereAsync(TemporaryDirectory directory, HashSet<ulong> acknowledged)
    {
        Assert.True(acknowledged.Count > 30, $"Only {acknowledged.Count} were acknowledged.");
        await using (var ledger = TestLedger.Open(directory))
        {
            var seen = ledger.ReadFrom(0).Select(record => record.Command.Id).ToList();
            var ids = seen.ToHashSet();
            Assert.Equal(seen.Count, ids.Count);
            Assert.All(acknowledged, n => Assert.All(ChildProcess.Chain(n), command => Assert.Contains(command.Id, ids)));
            Assert.Equal(Outcome.Done, (await ledger.SubmitAsync(ChildProcess.Chain((ulong)(seen.Count - 4) / 2)))[0].Outcome);
        }
        var report = LedgerCheck.Run(directory.Path, new(TestLedger.Options(directory).Origin, TestLedger.Key.Verifier));
        Assert.True(report.IsSound, report.Damage ?? report.Checkpoint?.Finding);
    }

    private static string Words(string error) => error switch
    {
        "EIO" => "Input/output error",
        "ENOSPC" => "No space left on device",
        _ => "Read-only file system",
    };
}
