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

    // Four segments: whether an id was used before is a question to what was read and forgotten.
    [Fact]
    public async Task An_id_that_is_used_again_segments_later_is_found_though_every_hash_is_right()
    {
        using var directory = new TemporaryDirectory();
        var (old, last, memo) = ((UInt128)0, (UInt128)0, new byte[Command.MaxMemoLength]);
        await using (var ledger = TestLedger.Open(directory))
        {
            await TestLedger.FundAsync(ledger, 1_000_000_000);
            for (var next = (UInt128)1 << 100; !File.Exists(directory.Segment(4)); next += 64)
            {
                await ledger.SubmitAsync([.. Enumerable.Range(0, 64).Select(i => Command.Transfer(next + (UInt128)i, 7, TestLedger.Alice, TestLedger.Shop, TestLedger.Usd(1), TransferCode.Payment, memo: memo))]);
                if (old == 0) old = next;
            }
            last = ((UInt128)1 << 101) - 1;
            await ledger.SubmitAsync([TestLedger.Transfer(last, 1)]);
        }
        var sound = LedgerCheck.Run(directory.Path);
        Assert.True(sound.IsSound, sound.Damage);

        // Changes nothing, and needs nothing that is derived.
        foreach (var index in Directory.GetFiles(directory.Journal, "*.index")) File.Delete(index);
        Assert.Equal(sound.Root, LedgerCheck.Run(directory.Path).Root);
        Assert.Empty(Directory.GetFiles(directory.Journal, "*.index"));

        var frame = Journal.RawJournal.Recover(directory).Frames[^1];
        Assert.Equal(1, frame.Header.RecordCount);
        var records = frame.Records.ToArray();
        var at = records.AsSpan().IndexOf(Bytes(last));
        Assert.True(at >= 0);
        Bytes(old).CopyTo(records.AsSpan(at));
        var buffer = new BatchBuffer();
        records.CopyTo(buffer.Reserve(records.Length));
        buffer.Advance(records.Length);
        var bytes = new byte[frame.Header.FrameBytes];
        Frame.Encode(frame.Header, buffer, bytes);
        Journal.RawJournal.Overwrite(directory, frame.Header.Place, 0, bytes);
        File.Delete(Path.Combine(directory.Path, "checkpoint"));
        Assert.Contains("carrying out its commands again gives other records", LedgerCheck.Run(directory.Path).Damage);

        static byte[] Bytes(UInt128 id)
        {
            var bytes = new byte[16];
            System.Buffers.Binary.BinaryPrimitives.WriteUInt128LittleEndian(bytes, id);
            return bytes;
        }
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
