using Farthing.Ledger.Journal;
using Farthing.Ledger.Snapshots;
using Farthing.Protocol;

namespace Farthing.Ledger.Tests;

public sealed class LedgerArchiveTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly TemporaryDirectory others = new();

    private string Archive => Path.Combine(others.Path, "archive");

    public void Dispose()
    {
        directory.Dispose();
        others.Dispose();
    }

    [Fact]
    public async Task Archived_segments_are_read_and_proven_as_before()
    {
        await WriteAsync(snapshotBehind: 2);
        var before = LedgerCheck.Run(directory.Path);
        Assert.True(before.IsSound);
        var moved = LedgerArchive.Run(directory.Path, Archive);
        Assert.Equal(SnapshotDirectory.ListIn(directory.Path)[1], moved);
        Assert.True(moved >= 2);
        Assert.Equal(Enumerable.Range(0, moved), Segment.List(Archive));
        Assert.Equal(moved, Segment.List(directory.Journal)[0]);
        Assert.Equal(0, LedgerArchive.Run(directory.Path, Archive));
        Assert.Equal((before.Records, Convert.ToHexString(before.Root)), (LedgerCheck.Run(directory.Path).Records, Convert.ToHexString(LedgerCheck.Run(directory.Path).Root)));

        await using (var ledger = TestLedger.Open(directory))
        {
            Assert.True(ledger.SnapshotSize > 0);
            Assert.Empty(ledger.RecoveryNotes);
            await ReadOldAsync(ledger, before);
            Assert.Throws<LedgerInUseException>(() => LedgerArchive.Run(directory.Path, Archive));
        }

        // From the first byte, with nothing derived.
        foreach (var derived in new[] { "snapshots", "tree" }) Directory.Delete(Path.Combine(directory.Path, derived), recursive: true);
        foreach (var index in Directory.EnumerateFiles(directory.Journal, "*.index")) File.Delete(index);
        await using (var ledger = TestLedger.Open(directory))
        {
            Assert.Equal(before.Records, ledger.DurableSize);
            await ReadOldAsync(ledger, before);
        }

        // A backup has all of it in one place.
        var backup = Path.Combine(others.Path, "backup");
        Assert.Equal(before.Root, LedgerBackup.Run(directory.Path, backup).Check.Root);
        Assert.Equal(0, Segment.List(Path.Combine(backup, "journal"))[0]);
    }

    [Fact]
    public async Task A_second_archive_takes_what_came_since()
    {
        await WriteAsync(snapshotBehind: 2);
        var moved = LedgerArchive.Run(directory.Path, Archive);
        await WriteAsync(snapshotBehind: 5);
        var second = Path.Combine(others.Path, "second");
        var more = LedgerArchive.Run(directory.Path, second);
        Assert.Equal(Enumerable.Range(moved, more), Segment.List(second));
        Assert.True(more > 0 && LedgerCheck.Run(directory.Path).IsSound);

        // Without an archive nothing is opened, and nothing changed.
        Directory.Move(Archive, Archive + "-away");
        Assert.Contains($"{Archive} holds segments of the journal", Assert.Throws<LedgerDamagedException>(() => TestLedger.Open(directory)).Message);
        Assert.Contains("is not there", LedgerCheck.Run(directory.Path).Damage);
        // A disk that is not mounted leaves its empty directory.
        Directory.CreateDirectory(Archive);
        Assert.Contains($"00000000.segment is missing, and not in {Archive} or {second} either. Connect", Assert.Throws<LedgerDamagedException>(() => TestLedger.Open(directory)).Message);
        Directory.Delete(Archive);
        Directory.Move(Archive + "-away", Archive);
        await using var ledger = TestLedger.Open(directory);
        Assert.True(ledger.SnapshotSize > 0);
    }

    [Fact]
    public async Task A_move_that_was_broken_off_is_gone_on_with_and_a_copy_that_differs_removes_nothing()
    {
        await WriteAsync(snapshotBehind: 2);
        var own = File.ReadAllBytes(directory.Segment(0));
        var moved = LedgerArchive.Run(directory.Path, Archive);
        // As if it had ended between copying and removing one, and while copying the next.
        File.WriteAllBytes(directory.Segment(0), own);
        File.Move(Path.Combine(Archive, Segment.FileName(1)), directory.Segment(1));
        File.WriteAllText(Path.Combine(Archive, Segment.FileName(1) + ".new"), "half made");
        Assert.True(LedgerCheck.Run(directory.Path).IsSound);
        Assert.Equal(2, LedgerArchive.Run(directory.Path, Archive));
        Assert.Equal(Enumerable.Range(0, moved), Segment.List(Archive));
        Assert.Equal(own, File.ReadAllBytes(Path.Combine(Archive, Segment.FileName(0))));

        var rotten = own.ToArray();
        rotten[5000] ^= 1;
        File.WriteAllBytes(directory.Segment(0), rotten);
        Assert.Contains("differs from", Assert.Throws<LedgerDamagedException>(() => LedgerArchive.Run(directory.Path, Archive)).Message);
        Assert.True(File.Exists(directory.Segment(0)) && File.Exists(Path.Combine(Archive, Segment.FileName(0))));
    }

    [Fact]
    public async Task What_cannot_be_an_archive_is_refused()
    {
        await WriteAsync(snapshotBehind: 2);
        var (segments, own) = (Segment.List(directory.Journal), SnapshotDirectory.ListIn(directory.Path));
        var another = Path.Combine(others.Path, "another");
        await using (Ledger.Open(TestLedger.Options(another), TimeProvider.System))
        {
        }
        Assert.Throws<LedgerBackupException>(() => LedgerArchive.Run(directory.Path, Path.Combine(another, "journal")));
        var strange = Directory.CreateDirectory(Path.Combine(others.Path, "strange")).FullName;
        File.Copy(Path.Combine(another, "journal", Segment.FileName(0)), Path.Combine(strange, Segment.FileName(0)));
        Assert.Contains("is not of this journal", Assert.Throws<LedgerBackupException>(() => LedgerArchive.Run(directory.Path, strange)).Message);
        Assert.Throws<LedgerBackupException>(() => LedgerArchive.Run(directory.Path, directory.Journal));
        Assert.Throws<LedgerBackupException>(() => LedgerArchive.Run(directory.Path, Archive + "\n"));

        // A backup has the same segments, and would be the only place that has them.
        var backup = Path.Combine(others.Path, "backup");
        LedgerBackup.Run(directory.Path, backup);
        Assert.Throws<LedgerBackupException>(() => LedgerArchive.Run(directory.Path, Path.Combine(backup, "journal")));
        // Each segment would be its own copy.
        Directory.CreateSymbolicLink(Archive, directory.Journal);
        Assert.Contains("under another name", Assert.Throws<LedgerBackupException>(() => LedgerArchive.Run(directory.Path, Archive)).Message);
        Directory.Delete(Archive);
        Assert.Equal(segments, Segment.List(directory.Journal));
        Assert.Empty(Directory.EnumerateFiles(directory.Journal, "*.new"));

        // A stranger's snapshots say nothing of this journal.
        foreach (var stranger in new[] { 98, 99 }) File.WriteAllText(Path.Combine(directory.Path, "snapshots", SnapshotDirectory.FileName(stranger)), "");
        Assert.Equal(own[1], LedgerArchive.Run(directory.Path, Archive));
        Directory.Delete(Archive, recursive: true);

        Assert.Throws<DirectoryNotFoundException>(() => LedgerArchive.Run(Path.Combine(others.Path, "nowhere"), Archive));
        Assert.Equal(0, LedgerArchive.Run(another, Archive));
        Assert.False(Directory.Exists(Archive));
        foreach (var text in new[] { "", "farthing archives 1", "farthing archives 2\n/x\n", "farthing archives 1\nx\n" })
        {
            File.WriteAllText(Path.Combine(directory.Journal, "archives"), text);
            Assert.Contains("archives is damaged", Assert.Throws<LedgerDamagedException>(() => TestLedger.Open(directory)).Message);
        }
    }

    private static async Task ReadOldAsync(Ledger ledger, LedgerCheckReport before)
    {
        Assert.Equal(before.Records, ledger.ReadFrom(0).LongCount());
        Assert.True((await ledger.SubmitAsync([Old(4)]))[0] is { IsDuplicate: true, Position: 4 });
        Assert.Equal(10, (await ledger.ReadStatementAsync(TestLedger.Alice, before: 20, count: 10)).Count);
        var proof = ledger.Prove(5, before.Records);
        var leaf = new byte[MerkleTree.HashLength];
        MerkleTree.HashLeaf(proof.Leaf, leaf);
        Assert.True(MerkleTree.VerifyInclusion(leaf, 5, before.Records, proof.Proof, before.Root));
    }

    private static Command Old(long position) =>
        Command.Transfer((UInt128)(ulong)position + 1_000_000, 7, TestLedger.Alice, TestLedger.Shop, TestLedger.Usd(1), TransferCode.Payment, memo: new byte[Command.MaxMemoLength]);

    /// <summary>Writes until the older of two snapshots stands behind a segment or a later one, and closes. The id of each transfer follows from its position.</summary>
    private async Task WriteAsync(int snapshotBehind)
    {
        await using var ledger = TestLedger.Open(directory);
        if (ledger.DurableSize == 0) await TestLedger.FundAsync(ledger, 1_000_000_000);
        await TestLedger.UntilAsync(async () =>
        {
            var position = ledger.DurableSize;
            await ledger.SubmitAsync([.. Enumerable.Range(0, 64).Select(i => Old(position + i))]);
            return SnapshotDirectory.ListIn(directory.Path) is [_, var older, ..] && older >= snapshotBehind;
        });
    }
}
