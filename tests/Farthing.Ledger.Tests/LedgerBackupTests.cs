using System.Security.Cryptography;
using Farthing.Ledger.Journal;
using Farthing.Ledger.Tests.Sequencing;
using Farthing.Protocol;

namespace Farthing.Ledger.Tests;

public sealed class LedgerBackupTests : IDisposable
{
    private static readonly CheckpointKey VerifierKey = new(TestLedger.Options("").Origin, TestLedger.Key.Verifier);

    private readonly TemporaryDirectory original = new();
    private readonly TemporaryDirectory others = new();

    private string Backup => Path.Combine(others.Path, "backup");

    private string Restored => Path.Combine(others.Path, "restored");

    public void Dispose()
    {
        original.Dispose();
        others.Dispose();
    }

    [Fact]
    public async Task A_ledger_restored_from_a_backup_made_while_it_was_written_to_answers_as_the_original()
    {
        var acknowledged = new List<ulong>();
        using var child = ChildProcess.Start(ChildProcess.Write, original.Path);
        var errors = child.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var lines = Task.Run(async () =>
        {
            while (await child.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
            {
                if (line.Split(' ') is not ["done", var number]) continue;
                lock (acknowledged) acknowledged.Add(ulong.Parse(number));
            }
        }, TestContext.Current.CancellationToken);

        // Until segments were sealed and kept between backups. What was acknowledged before a backup began is in it.
        await TestLedger.UntilAsync(() => new(Acknowledged().Count > 0));
        var (rounds, kept) = (0, 0);
        LedgerBackupReport report;
        List<ulong> before;
        do
        {
            before = Acknowledged();
            report = LedgerBackup.Run(original.Path, Backup, VerifierKey);
            Assert.True(report.Check.IsSound, report.Check.Damage ?? report.Check.Checkpoint?.Finding);
            Assert.Equal(0, report.Check.TornBytes);
            Assert.All(before, n => Assert.True(report.Check.Records >= 4 + 2 * ((long)n + 1)));
            kept += report.KeptSegments;
        }
        while (++rounds < 4 || kept < 3);
        Assert.False(child.HasExited, "It ended by itself.");
        await TestLedger.UntilAsync(() => new(Acknowledged().Count > before.Count));
        child.Kill();
        await child.WaitForExitAsync(TestContext.Current.CancellationToken).InTimeAsync();
        await lines.InTimeAsync();
        Assert.Equal("", await errors);

        Assert.True(LedgerBackup.Restore(Backup, Restored, VerifierKey).Check.IsSound);
        Assert.Equal(File.ReadAllBytes(Path.Combine(Backup, "checkpoint")), File.ReadAllBytes(Path.Combine(Restored, "checkpoint")));
        await using var first = TestLedger.Open(original);
        await using var second = Ledger.Open(TestLedger.Options(Restored), TimeProvider.System);
        var size = report.Check.Records;
        Assert.Empty(second.RecoveryNotes);
        Assert.Equal(size, second.DurableSize);
        Assert.True(first.DurableSize > size);
        await CompareAsync(first, second, size);
        Assert.Equal(report.Check.Root, (await second.GetCheckpointAsync(size)).Checkpoint.Root);
        foreach (var n in before)
        {
            var results = await second.SubmitAsync(ChildProcess.Chain(n));
            Assert.All(results, result => Assert.True(result is { Outcome: Outcome.Done, IsDuplicate: true }));
        }
        // And it goes on.
        Assert.Equal(Outcome.Done, (await second.SubmitAsync([TestLedger.Transfer(500, 1)]))[0].Outcome);

        List<ulong> Acknowledged()
        {
            lock (acknowledged) return [.. acknowledged];
        }
    }

    [Fact]
    public async Task Only_segments_that_the_backup_lacks_or_has_otherwise_are_copied()
    {
        await WriteAsync(segments: 4);
        Assert.Equal((4, 0), Run());
        Assert.Equal((0, 4), Run());
        var modified = File.GetLastWriteTimeUtc(CopyOf(0));

        await WriteAsync(segments: 6);
        Assert.Equal((3, 3), Run());
        Assert.Equal(modified, File.GetLastWriteTimeUtc(CopyOf(0)));

        // What rotted in the backup is replaced, what was lost comes back.
        Flip(CopyOf(1), 5000);
        File.Delete(CopyOf(3));
        File.WriteAllText(CopyOf(4) + ".new", "half made");
        Assert.Equal((2, 4), Run());
        Assert.False(File.Exists(CopyOf(4) + ".new"));
        for (var number = 0; number < 6; number++) Assert.Equal(File.ReadAllBytes(original.Segment(number)), File.ReadAllBytes(CopyOf(number)));
        Assert.Equal(["backup", "checkpoint", "journal", "lock"], Directory.EnumerateFileSystemEntries(Backup).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task A_ledger_without_a_record_is_backed_up_and_restored()
    {
        await using (TestLedger.Open(original))
        {
        }
        Assert.Equal((1, 0), Run());
        LedgerBackup.Restore(Backup, Restored);
        await using var ledger = Ledger.Open(TestLedger.Options(Restored), TimeProvider.System);
        Assert.Equal(0, ledger.DurableSize);
    }

    [Fact]
    public async Task A_torn_end_is_not_copied()
    {
        await WriteAsync(segments: 1);
        var end = Journal.RawJournal.Recover(original).Frames[^1].Header;
        Journal.RawJournal.Overwrite(original, JournalMark.After(end).Place, 0, [1, 2, 3]);
        var report = LedgerBackup.Run(original.Path, Backup);
        Assert.True(report.Check.IsSound);
        Assert.Equal((end.EndPosition, 0), (report.Check.Records, report.Check.TornBytes));
        Assert.Equal((0, 1), Run());
    }

    [Fact]
    public async Task A_backup_that_was_killed_is_gone_on_with_and_counts_only_when_it_is_finished()
    {
        const int Segments = 8;
        await WriteAsync(Segments);
        Directory.CreateSymbolicLink(Place("ledger"), original.Path);
        for (var segment = 1; segment < Segments; segment += 2)
        {
            // By its tracer, as the copy of a segment gets its name: whoever looked for the copy to be there could come too late.
            using var child = ChildProcess.Start(ChildProcess.BackUp, others.Path,
                "strace", "-D", "-f", "-o", Place("calls"), "-P", CopyOf(segment) + ".new", "-e", "trace=rename", "-e", "inject=rename:signal=KILL");
            var errors = child.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await child.WaitForExitAsync(TestContext.Current.CancellationToken).InTimeAsync();
            Assert.Equal((137, ""), (child.ExitCode, await errors));
            Assert.Equal(segment, Directory.GetFiles(Path.Combine(Backup, "journal"), "*.segment").Length);
            Assert.Contains("no finished backup", Assert.Throws<LedgerBackupException>(() => LedgerBackup.Restore(Backup, Restored)).Message);
            Assert.False(Directory.Exists(Restored));
        }

        Assert.Equal((1, Segments - 1), Run());
        Assert.True(LedgerBackup.Restore(Backup, Restored).Check.IsSound);
    }

    [Fact]
    public async Task A_target_that_is_not_a_backup_of_this_ledger_stays_as_it_was()
    {
        await WriteAsync(segments: 2);
        // A stranger's directory; a file; a ledger that was opened; the ledger itself; another ledger's backup; a data directory.
        Directory.CreateDirectory(Place("strange"));
        File.WriteAllText(Path.Combine(Place("strange"), "letter.txt"), "dear");
        File.WriteAllText(Place("file"), "");
        await using (Ledger.Open(TestLedger.Options(Place("opened")), TimeProvider.System))
        {
        }
        await using (Ledger.Open(TestLedger.Options(Place("another")), TimeProvider.System))
        {
        }
        LedgerBackup.Run(Place("another"), Place("others-backup"));
        LedgerBackup.Run(Place("another"), Place("unreadable"));
        Flip(Path.Combine(Place("unreadable"), "journal", Segment.FileName(0)), 60);
        foreach (var (target, reason) in new[]
        {
            (Place("strange"), "is not a backup: it has letter.txt"), (Place("file"), "is a file"), (Place("opened"), "is not a backup: it has"),
            (original.Path, "is the ledger itself"), (Place("others-backup"), "belongs to another journal"), (Place("unreadable"), "damaged header"),
        })
        {
            var before = Listing(target);
            Assert.Contains(reason, Assert.Throws<LedgerBackupException>(() => LedgerBackup.Run(original.Path, target)).Message);
            Assert.Equal(before, Listing(target));
        }
        Assert.Throws<DirectoryNotFoundException>(() => LedgerBackup.Run(Place("nowhere"), Backup));
        Assert.False(Directory.Exists(Backup));

        using var held = DirectoryLock.Take(Directory.CreateDirectory(Backup).FullName);
        Assert.Throws<LedgerInUseException>(() => LedgerBackup.Run(original.Path, Backup));
    }

    [Fact]
    public async Task A_backup_that_holds_what_the_ledger_does_not_is_never_written_over()
    {
        await WriteAsync(segments: 2);
        Run();
        LedgerBackup.Restore(Backup, Restored);
        LedgerBackup.Restore(Backup, Place("forked"));
        await WriteAsync(segments: 4);
        Run();
        var before = Listing(Backup);

        // An older ledger under a newer backup, and one that has gone another way since.
        await using (var forked = Ledger.Open(TestLedger.Options(Place("forked")), TimeProvider.System)) await forked.SubmitAsync([TestLedger.Transfer(77, 1)]);
        foreach (var ledger in new[] { Restored, Place("forked") })
        {
            Assert.Contains("holds other records than the ledger, or more", Assert.Throws<LedgerBackupException>(() => LedgerBackup.Run(ledger, Backup)).Message);
            Assert.Equal(before, Listing(Backup));
        }
        Assert.Equal((0, 4), Run());
    }

    [Fact]
    public async Task A_damaged_ledger_is_refused_and_the_backup_of_better_days_stays()
    {
        await WriteAsync(segments: 3);
        Run();
        await WriteAsync(segments: 4);
        var before = Listing(Backup);
        Flip(original.Segment(1), 5000);
        Assert.Contains("00000001.segment at byte", Assert.Throws<LedgerDamagedException>(() => LedgerBackup.Run(original.Path, Backup)).Message);
        Assert.Equal(before, Listing(Backup));
        Assert.True(LedgerBackup.Restore(Backup, Restored).Check.IsSound);
    }

    [Fact]
    public async Task A_backup_of_a_ledger_that_lost_what_it_signed_does_not_count()
    {
        await WriteAsync(segments: 2);
        File.Delete(original.Segment(1));
        var report = LedgerBackup.Run(original.Path, Backup, VerifierKey);
        Assert.False(report.Check.IsSound);
        Assert.Throws<LedgerBackupException>(() => LedgerBackup.Restore(Backup, Restored));
    }

    [Fact]
    public async Task A_ledger_is_restored_only_of_a_sound_backup_and_only_into_an_empty_directory()
    {
        await WriteAsync(segments: 3);
        Run();
        Directory.CreateDirectory(Restored);
        File.WriteAllText(Path.Combine(Restored, "letter.txt"), "dear");
        Assert.Contains("is not empty", Assert.Throws<LedgerBackupException>(() => LedgerBackup.Restore(Backup, Restored)).Message);
        File.Delete(Path.Combine(Restored, "letter.txt"));

        // Damaged; signed by another; shorter than it was, with and without the checkpoint that tells.
        Flip(CopyOf(1), 5000);
        Assert.Throws<LedgerDamagedException>(() => LedgerBackup.Restore(Backup, Restored));
        Flip(CopyOf(1), 5000);
        using (var stranger = SigningKey.Create())
            Assert.False(LedgerBackup.Restore(Backup, Restored, new(TestLedger.Options("").Origin, stranger.Verifier)).Check.Checkpoint!.Matches);
        File.Move(CopyOf(2), Place("aside"));
        File.Delete(Path.Combine(Restored + ".restoring", "journal", Segment.FileName(2)));
        Assert.Throws<LedgerDamagedException>(() => LedgerBackup.Restore(Backup, Restored));
        File.Move(Path.Combine(Backup, "checkpoint"), Place("checkpoint"));
        Assert.Contains("was finished with", Assert.Throws<LedgerDamagedException>(() => LedgerBackup.Restore(Backup, Restored)).Message);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Restored));

        // What was broken off beside it is gone on with.
        File.Move(Place("aside"), CopyOf(2));
        File.Move(Place("checkpoint"), Path.Combine(Backup, "checkpoint"));
        var report = LedgerBackup.Restore(Backup, Restored, VerifierKey);
        Assert.Equal((1, 2, true), (report.CopiedSegments, report.KeptSegments, report.Check.IsSound));
        Assert.False(Directory.Exists(Restored + ".restoring"));
        await using var ledger = Ledger.Open(TestLedger.Options(Restored), TimeProvider.System);
        Assert.Equal(report.Check.Records, ledger.DurableSize);
    }

    private static async Task CompareAsync(Ledger first, Ledger second, long size)
    {
        Assert.Equal(first.ReadFrom(0).Take((int)size).Select(Facts), second.ReadFrom(0).Select(Facts));
        var end = second.Read(size - 1).Position + 1;
        var expected = await first.ReadStatementAsync(TestLedger.Alice, before: end, count: 100);
        var actual = await second.ReadStatementAsync(TestLedger.Alice, before: end, count: 100);
        Assert.Equal(100, actual.Count);
        Assert.Equal(expected.Select(Facts), actual.Select(Facts));
        await first.GetCheckpointAsync(size);
        await second.GetCheckpointAsync(size);
        foreach (var position in new[] { 0, size / 2, size - 1 })
        {
            var (one, other) = (first.Prove(position, size), second.Prove(position, size));
            Assert.Equal(one.Leaf, other.Leaf);
            Assert.Equal(one.Proof, other.Proof);
            Assert.Equal(one.PayerSalt, other.PayerSalt);
        }

        static object Facts(JournalRecord record) => (record.Position, record.UnixMilliseconds, record.Command.Id, record.Outcome, record.DebitAfter, record.CreditAfter);
    }

    private static Dictionary<string, string> Listing(string path) => File.Exists(path) ? [] : Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)
        .Where(file => Path.GetFileName(file) != "lock").ToDictionary(file => file, file => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file))));

    private static void Flip(string file, long at)
    {
        using var handle = File.OpenHandle(file, access: FileAccess.ReadWrite);
        Span<byte> one = stackalloc byte[1];
        RandomAccess.Read(handle, one, at);
        one[0] ^= 1;
        RandomAccess.Write(handle, one, at);
    }

    private string Place(string name) => Path.Combine(others.Path, name);

    private string CopyOf(int segment) => Path.Combine(Backup, "journal", Segment.FileName(segment));

    private (int Copied, int Kept) Run()
    {
        var report = LedgerBackup.Run(original.Path, Backup, VerifierKey);
        Assert.True(report.Check.IsSound, report.Check.Damage ?? report.Check.Checkpoint?.Finding);
        return (report.CopiedSegments, report.KeptSegments);
    }

    /// <summary>Writes until the last of so many segments is in use, and closes.</summary>
    private async Task WriteAsync(int segments)
    {
        await using var ledger = TestLedger.Open(original);
        if (ledger.DurableSize == 0) await TestLedger.FundAsync(ledger, 1_000_000_000);
        var memo = new byte[Command.MaxMemoLength];
        while (Used() < segments)
        {
            var id = (UInt128)(ulong)ledger.DurableSize + 1_000_000;
            var commands = Enumerable.Range(0, 64).Select(i =>
                Command.Transfer(id + (UInt128)i, 7, TestLedger.Alice, TestLedger.Shop, TestLedger.Usd(1), TransferCode.Payment, memo: memo));
            Assert.All(await ledger.SubmitAsync([.. commands]), result => Assert.Equal(Outcome.Done, result.Outcome));
        }

        int Used()
        {
            var opened = FileJournal.OpenSegments(original.Journal, forWriting: false);
            var used = opened.Count(segment => JournalReader.TryReadFrame(segment, 1, out _));
            foreach (var segment in opened) segment.Dispose();
            return used;
        }
    }
}
