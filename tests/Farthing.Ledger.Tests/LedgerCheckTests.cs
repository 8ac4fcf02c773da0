using Farthing.Ledger.Journal;
using Farthing.Ledger.State;
using Farthing.Protocol;

namespace Farthing.Ledger.Tests;

public class LedgerCheckTests
{
    [Fact]
    public async Task A_sound_journal_is_summed_up()
    {
        using var directory = new TemporaryDirectory();
        SignedCheckpoint checkpoint;
        await using (var ledger = TestLedger.Open(directory))
        {
            await TestLedger.FundAsync(ledger, 1000);
            await ledger.SubmitAsync([TestLedger.Transfer(100, 300)]);
            checkpoint = await ledger.GetCheckpointAsync(5);
            // While it runs, too.
            Assert.True(LedgerCheck.Run(directory.Path, ledger.VerifierKey).IsSound);
        }
        var report = LedgerCheck.Run(directory.Path);
        Assert.True(report.IsSound);
        Assert.Equal((5L, 2L, 0L), (report.Records, report.Batches, report.TornBytes));
        Assert.Equal(((UInt128)1300, (UInt128)1300), report.Totals[Asset.Usd]);
        Assert.Equal(checkpoint.Checkpoint.Root, report.Root);
        Assert.Equal((5L, true), (report.Checkpoint!.Size, report.Checkpoint.Matches));
    }

    [Fact]
    public async Task Damage_is_named_and_what_is_before_it_still_counted()
    {
        using var directory = new TemporaryDirectory();
        await using (var ledger = TestLedger.Open(directory))
        {
            await TestLedger.FundAsync(ledger, 1000);
            await ledger.SubmitAsync([TestLedger.Transfer(100, 300)]);
            await ledger.SubmitAsync([TestLedger.Transfer(101, 300)]);
        }
        using (var file = DurableFile.OpenForWriting(directory.Segment(0))) file.Write([0xFF], 2 * Frame.BlockBytes + 140);
        var report = LedgerCheck.Run(directory.Path);
        Assert.False(report.IsSound);
        Assert.Contains("00000000.segment at byte 8192 (batch 1, record 4)", report.Damage);
        Assert.Equal((4L, 1L), (report.Records, report.Batches));
        Assert.False(report.Checkpoint!.Matches);
        Assert.Throws<LedgerDamagedException>(() => TestLedger.Open(directory));
    }

    [Fact]
    public async Task A_journal_whose_records_do_not_follow_from_their_commands_is_damaged()
    {
        using var directory = new TemporaryDirectory();
        await using (var ledger = TestLedger.Open(directory))
        {
            await TestLedger.FundAsync(ledger, 1000);
            await ledger.SubmitAsync([TestLedger.Transfer(100, 300)]);
        }
        // A forger who keeps every checksum right, but credits another digest of the state.
        var frames = Journal.RawJournal.Recover(directory).Frames;
        var forged = frames[1].Header with { StateDigest = frames[1].Header.StateDigest + 1 };
        var records = new BatchBuffer();
        frames[1].Records.Span.CopyTo(records.Reserve(frames[1].Records.Length));
        records.Advance(frames[1].Records.Length);
        var bytes = new byte[forged.FrameBytes];
        Frame.Encode(forged, records, bytes);
        Journal.RawJournal.Overwrite(directory, forged.Place, 0, bytes);
        File.Delete(Path.Combine(directory.Path, "checkpoint"));
        Assert.Contains("gives other balances", LedgerCheck.Run(directory.Path).Damage);
        Assert.Contains("gives other balances", Assert.Throws<LedgerDamagedException>(() => TestLedger.Open(directory)).Message);
    }

    [Fact]
    public void A_directory_without_a_journal_is_not_checked()
    {
        using var directory = new TemporaryDirectory();
        Assert.Throws<DirectoryNotFoundException>(() => LedgerCheck.Run(directory.Path));
        Directory.CreateDirectory(directory.Journal);
        Assert.Contains("no segment", LedgerCheck.Run(directory.Path).Damage);
    }
}
