using Farthing.Ledger.Journal;

namespace Farthing.Ledger.Tests.Journal;

/// <summary>Reading that begins behind a frame, not at the first one.</summary>
public class JournalMarkTests
{
    // A segment of a raw journal has room for one of these frames and one small one.
    private const int Long = 100_000;

    [Fact]
    public void What_follows_a_mark_is_what_follows_it_from_the_beginning()
    {
        using var directory = new TemporaryDirectory();
        var headers = RawJournal.Write(directory, [Long], [20], [Long], [Long], [10, 10]);
        Assert.Equal([0, 0, 1, 2, 2], headers.Select(header => header.Place.Segment));
        using var journal = FileJournal.Open(directory.Journal, 0);
        for (var count = 1; count <= headers.Count; count++)
        {
            var mark = JournalMark.After(headers[count - 1]);
            var rest = journal.ReadFrames(mark).Select(frame => frame.Header.Hash).ToList();
            Assert.Equal(headers.Skip(count).Select(header => header.Hash), rest);
        }
        // Where it ends, and what is appended there, does not depend on where reading began.
        Assert.Null(journal.Recover());
        var next = journal.Append(RawJournal.Header(headers[^1].EndPosition), RawJournal.Records(30));
        Assert.Equal(headers[^1].Sequence + 1, next.Sequence);
        Assert.Equal(headers[^1].Hash, next.PreviousHash);
        Assert.Equal(6, journal.ReadFrames(JournalMark.Beginning).Count());
    }

    [Fact]
    public void Reading_through_a_segment_stops_at_its_end()
    {
        using var directory = new TemporaryDirectory();
        var headers = RawJournal.Write(directory, [Long], [20], [Long], [Long], [10, 10]);
        using var journal = FileJournal.Open(directory.Journal, 0);
        Assert.Equal([1L, 2L], journal.ReadFrames(JournalMark.After(headers[0]), throughSegment: 1).Select(frame => frame.Header.Sequence));
        Assert.Equal([0L, 1L], journal.ReadFrames(JournalMark.Beginning, throughSegment: 0).Select(frame => frame.Header.Sequence));
    }

    [Fact]
    public void A_mark_that_the_next_frame_does_not_follow_is_damage()
    {
        using var directory = new TemporaryDirectory();
        var headers = RawJournal.Write(directory, [700], [10], [20]);
        using var journal = FileJournal.Open(directory.Journal, 0);
        var mark = JournalMark.After(headers[0]);
        Assert.All([mark with { Sequence = 0 }, mark with { Position = 0 }, mark with { PreviousHash = 0 }, JournalMark.Beginning with { Place = mark.Place }], wrong =>
            Assert.Throws<LedgerDamagedException>(() => journal.ReadFrames(wrong).Count()));
        Assert.Equal(2, journal.ReadFrames(mark).Count());
    }

    [Fact]
    public void A_header_is_found_only_where_a_good_frame_stands()
    {
        using var directory = new TemporaryDirectory();
        var headers = RawJournal.Write(directory, [700], [Long], [20]);
        using var journal = FileJournal.Open(directory.Journal, 0);
        Assert.All(headers, header =>
        {
            Assert.True(journal.TryReadHeader(header.Place, out var found));
            Assert.Equal(header.Hash, found.Hash);
        });
        var places = headers.Select(header => header.Place).ToHashSet();
        var others = 0;
        for (var segment = -1; segment < 4; segment++)
        {
            for (var block = -1; block < 40; block++)
            {
                if (places.Contains(new(segment, block))) continue;
                Assert.False(journal.TryReadHeader(new(segment, block), out _));
                others++;
            }
        }
        Assert.True(others > 100);
    }
}
