namespace Farthing.Ledger.Tests.Sequencing;

public class CrashTests
{
    private const int Rounds = 6;

    [Fact]
    public async Task A_killed_process_has_lost_nothing_it_acknowledged_and_did_nothing_twice()
    {
        using var directory = new TemporaryDirectory();
        var acknowledged = new HashSet<ulong>();
        for (var round = 0; round < Rounds; round++)
        {
            // Each round is killed at another moment, the first ones while the journal is being made and read.
            await WriteUntilKilledAsync(directory, acknowledged, atLeast: round * 400);
            var report = LedgerCheck.Run(directory.Path, new(TestLedger.Options(directory).Origin, TestLedger.Key.Verifier));
            Assert.True(report.IsSound, report.Damage ?? report.Checkpoint?.Finding);
        }

        await using var ledger = TestLedger.Open(directory);
        var seen = ledger.ReadFrom(0).Select(record => record.Command.Id).ToList();
        Assert.Equal(seen.Count, seen.Distinct().Count());
        Assert.True(acknowledged.Count >= (Rounds - 1) * Rounds / 2 * 400, $"Only {acknowledged.Count} were acknowledged.");
        var chains = (seen.Count - 4) / 2;
        Assert.All(acknowledged, n => Assert.True(n < (ulong)chains));
        for (ulong n = 0; n < (ulong)chains; n++)
        {
            var results = await ledger.SubmitAsync(ChildProcess.Chain(n));
            Assert.All(results, result => Assert.True(result is { Outcome: Outcome.Done, IsDuplicate: true }));
        }
        Assert.Equal(seen.Count, ledger.DurableSize);
        var shop = await ledger.ReadAccountAsync(TestLedger.Shop);
        Assert.Equal((UInt128)(2 * chains), shop!.Value.Balances.Available);
    }

    [Fact]
    public async Task A_failed_flush_ends_the_whole_process()
    {
        using var directory = new TemporaryDirectory();
        var (exitCode, output, errors) = await ChildProcess.StartAndWaitAsync(ChildProcess.FailFlush, directory.Path);
        Assert.NotEqual(0, exitCode);
        Assert.Equal("open\n", output);
        Assert.Contains("The journal could not be written", errors);

        await using var ledger = TestLedger.Open(directory);
        Assert.Equal(4, ledger.DurableSize);
    }

    [Fact]
    public async Task An_index_that_its_disk_cannot_read_any_more_ends_the_process_and_no_start()
    {
        using var directory = new TemporaryDirectory();
        var (exitCode, output, errors) = await ChildProcess.StartAndWaitAsync(ChildProcess.LoseIndex, directory.Path);
        // As the system ends it: 128 and the number of SIGBUS, or of the SIGABRT that the runtime makes of it.
        Assert.True(exitCode is 134 or 135, $"{exitCode} {errors}");
        var size = long.Parse(Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)).Split(' ')[1]);

        await using var ledger = TestLedger.Open(directory);
        Assert.Equal(size, ledger.DurableSize);
        for (ulong n = 0; n < 10; n++)
            Assert.All(await ledger.SubmitAsync(ChildProcess.Chain(n)), result => Assert.True(result is { Outcome: Outcome.Done, IsDuplicate: true }));
        Assert.Equal(size, ledger.DurableSize);
    }

    [Fact]
    public async Task A_directory_in_use_is_refused_until_its_process_ends()
    {
        using var directory = new TemporaryDirectory();
        using var child = ChildProcess.Start(ChildProcess.Hold, directory.Path);
        Assert.Equal("open", await child.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().InTimeAsync());
        var refusal = Assert.Throws<LedgerInUseException>(() => TestLedger.Open(directory));
        Assert.Contains($"is in use by process {child.Id}", refusal.Message);

        child.Kill();
        await child.WaitForExitAsync(TestContext.Current.CancellationToken).InTimeAsync();
        await using var ledger = TestLedger.Open(directory);
        Assert.Throws<LedgerInUseException>(() => TestLedger.Open(directory));
    }

    private static async Task WriteUntilKilledAsync(TemporaryDirectory directory, HashSet<ulong> acknowledged, int atLeast)
    {
        using var child = ChildProcess.Start(ChildProcess.Write, directory.Path);
        using var deadline = new CancellationTokenSource(TestLedger.Deadline);
        var errors = child.StandardError.ReadToEndAsync(deadline.Token);
        var remaining = atLeast;
        var killed = false;
        while (await child.StandardOutput.ReadLineAsync(deadline.Token) is { } line)
        {
            Assert.False(line.StartsWith("wrong", StringComparison.Ordinal), line);
            // A line is written at once, so the kill leaves whole ones.
            if (line.Split(' ') is ["done", var number])
            {
                Assert.True(acknowledged.Add(ulong.Parse(number)), $"{number} was acknowledged twice.");
                remaining--;
            }
            if (remaining > 0 || killed || line.StartsWith("note", StringComparison.Ordinal)) continue;
            child.Kill();
            killed = true;
        }
        await child.WaitForExitAsync(deadline.Token);
        Assert.True(killed, await errors);
    }
}
