using Farthing.Ledger.Journal;

namespace Farthing.Ledger.Tests.Journal;

public class SegmentPreparerTests
{
    [Fact]
    public async Task Without_room_it_says_why_and_goes_on_when_there_is()
    {
        using var directory = new TemporaryDirectory();
        using var preparer = new SegmentPreparer(directory.Journal, new SegmentHeader(3, 64 << 10, 1));
        Assert.Null(preparer.NotReadyReason);
        preparer.Begin();
        // There is no such directory, which is as good as no room.
        await TestLedger.UntilAsync(() => new(preparer.NotReadyReason is not null));
        var taken = Task.Run(preparer.Take, TestContext.Current.CancellationToken);
        Assert.False(taken.IsCompleted);

        Directory.CreateDirectory(directory.Journal);
        using var segment = await taken.InTimeAsync();
        Assert.Null(preparer.NotReadyReason);
        Assert.Equal(3, segment.Header.Number);
        Assert.Equal([directory.Segment(3)], Directory.GetFiles(directory.Journal));
    }

    [Fact]
    public async Task It_can_be_given_up()
    {
        using var directory = new TemporaryDirectory();
        var preparer = new SegmentPreparer(directory.Journal, new SegmentHeader(3, 64 << 10, 1));
        preparer.Begin();
        await TestLedger.UntilAsync(() => new(preparer.NotReadyReason is not null));
        preparer.Dispose();
    }
}
