using Farthing.Ledger.Journal;
using Farthing.Ledger.Snapshots;
using Farthing.Ledger.Tests.Journal;
using Farthing.Ledger.Tests.Journal.Sealing;

namespace Farthing.Ledger.Tests.Snapshots;

/// <summary>What the follower does about snapshots that it finds, and when what it makes of one does not come out right.</summary>
public class SnapshotFollowerTests
{
    [Fact]
    public async Task A_snapshot_is_kept_if_what_is_made_from_it_comes_out_wrong()
    {
        using var sound = Journal();
        var last = sound.OpenSegment - 1;
        Assert.True(last >= 2);
        using var journal = Journal(wrongFrom: Head(sound, last).FirstPosition);
        using var directory = new TemporaryDirectory();
        var snapshots = new SnapshotDirectory(directory.Path, journal);
        using var follower = new SnapshotFollower(journal, snapshots);
        follower.Start(openedFrom: null);
        follower.Follow(Head(journal, 1));
        await TestLedger.UntilAsync(() => new(follower.Covered > 0));
        Assert.Null(follower.Problem);

        follower.Follow(Head(journal, last + 1));
        await TestLedger.UntilAsync(() => new(follower.Problem is not null));
        Assert.Contains("other balances than the journal", follower.Problem);
        Assert.Equal([0], snapshots.List());
        snapshots.Open(0, out _).Dispose();
    }

    [Fact]
    public async Task A_snapshot_that_is_there_already_is_not_made_again_and_later_ones_are()
    {
        using var journal = Journal();
        var last = journal.OpenSegment - 1;
        Assert.True(last >= 2);
        using var directory = new TemporaryDirectory();
        var snapshots = new SnapshotDirectory(directory.Path, journal);
        long covered;
        using (var first = new SnapshotFollower(journal, snapshots))
        {
            first.Start(openedFrom: null);
            first.Follow(Head(journal, 1));
            await TestLedger.UntilAsync(() => new(first.Covered > 0));
            covered = first.Covered;
        }

        // As after an opening that did not use it.
        using var follower = new SnapshotFollower(journal, snapshots);
        follower.Start(openedFrom: null);
        follower.Follow(Head(journal, 1));
        await TestLedger.UntilAsync(() => new(follower.Covered > 0 || follower.Problem is not null));
        Assert.Null(follower.Problem);
        Assert.Equal(covered, follower.Covered);

        follower.Follow(Head(journal, last + 1));
        await TestLedger.UntilAsync(() => new(follower.Covered > covered || follower.Problem is not null));
        Assert.Null(follower.Problem);
        Assert.Equal([last, 0], snapshots.List());
    }

    private static MemoryJournal Journal(long wrongFrom = long.MaxValue) => IndexedJournal.Random(seed: 8, commands: 6_000, segmentBlocks: 40, wrongFrom);

    private static FrameHeader Head(MemoryJournal journal, int segment) => IndexedJournal.Frames(journal, segment)[0].Header;
}
