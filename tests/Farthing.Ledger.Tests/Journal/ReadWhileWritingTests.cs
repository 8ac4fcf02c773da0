using Farthing.Ledger.Journal;

namespace Farthing.Ledger.Tests.Journal;

public class ReadWhileWritingTests
{
    private const int SegmentBytes = 1 << 20;
    private const int Frames = 1500;

    [Fact]
    public async Task A_journal_that_grows_while_it_is_read_is_not_taken_for_damaged()
    {
        using var directory = new TemporaryDirectory();
        using var journal = FileJournal.Open(directory.Journal, SegmentBytes);
        Assert.Empty(journal.ReadFrames(JournalMark.Beginning));
        Assert.Null(journal.Recover());
        var (written, readings) = (0, 0);
        var writer = Task.Run(() =>
        {
            for (; written < Frames; written++)
            {
                // Never far ahead of who reads: how quick either is does not matter.
                if (written % 100 == 99) SpinWait.SpinUntil(() => Volatile.Read(ref readings) > written / 100, TestLedger.Deadline);
                journal.Append(RawJournal.Header(written), RawJournal.Records(100));
            }
        }, TestContext.Current.CancellationToken);

        do
        {
            var before = Volatile.Read(ref written);
            var segments = FileJournal.OpenSegments(directory.Journal, forWriting: false);
            var read = new JournalReader(segments, JournalMark.Beginning).ReadFrames().Count();
            foreach (var segment in segments) segment.Dispose();
            Assert.InRange(read, before, Frames);
            Interlocked.Increment(ref readings);
        }
        while (!writer.IsCompleted);
        await writer;
        Assert.True(readings > 10, $"Only {readings} readings.");
        Assert.True(Directory.GetFiles(directory.Journal, "*.segment").Length > 5);
    }
}
