using Farthing.Ledger.Journal;

namespace Farthing.Ledger.Tests.Journal;

/// <summary>A process that was killed between a write and its flush left frames that can be read and are not on disk.</summary>
public class OpeningFlushTests
{
    [Fact]
    public void Opening_flushes_the_last_segment_and_the_names()
    {
        using var directory = new TemporaryDirectory();
        RawJournal.Write(directory, [.. Enumerable.Repeat(new[] { 10_000 }, 15)]);
        var disk = new WatchedDisk();
        using var journal = FileJournal.Open(directory.Journal, TestLedger.SegmentBytes, disk: disk);
        Assert.Equal(15, journal.ReadFrames(JournalMark.Beginning).Count());
        Assert.Empty(disk.Flushed);
        Assert.Null(journal.Recover());
        Assert.Equal([directory.Segment(1), directory.Journal], disk.Flushed);
    }

    [Fact]
    public void Opening_writes_the_last_frame_again_before_it_flushes_it()
    {
        using var directory = new TemporaryDirectory();
        var last = RawJournal.Write(directory, [700], [1000, 3500])[^1];
        var before = RawJournal.Read(directory, last.Place, last.FrameBytes);
        // After a flush that failed the system believes that the frame is written: only a new write makes it dirty again.
        var longAgo = new DateTime(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(directory.Segment(0), longAgo);
        var written = new List<bool>();
        var disk = new WatchedDisk { BeforeFlush = path => written.Add(File.GetLastWriteTimeUtc(directory.Segment(0)) > longAgo) };
        using (var journal = FileJournal.Open(directory.Journal, TestLedger.SegmentBytes, disk: disk))
        {
            Assert.Equal(2, journal.ReadFrames(JournalMark.Beginning).Count());
            journal.Recover();
        }
        Assert.Equal([true, true], written);
        Assert.Equal(before, RawJournal.Read(directory, last.Place, last.FrameBytes));
        Assert.Equal(2, RawJournal.Recover(directory).Frames.Count);
    }

    [Fact]
    public async Task A_ledger_that_cannot_flush_what_it_read_does_not_open()
    {
        using var directory = new TemporaryDirectory();
        await using (var ledger = TestLedger.Open(directory)) await TestLedger.FundAsync(ledger);
        foreach (var path in new[] { directory.Segment(0), directory.Journal })
        {
            var disk = new WatchedDisk { BeforeFlush = flushed => { if (flushed == path) throw new FlushException($"fdatasync of {path} failed."); } };
            var error = Assert.Throws<FlushException>(() => Open(disk));
            Assert.Contains(path, error.Message);
        }
        await using (var reopened = Open(new WatchedDisk())) Assert.Equal(4, reopened.DurableSize);

        Ledger Open(Disk disk) => Ledger.Open(TestLedger.Options(directory), TimeProvider.System,
            path => FileJournal.Open(path, TestLedger.SegmentBytes, disk: disk), (message, _) => Assert.Fail(message));
    }
}
