using Farthing.Ledger.Journal;

namespace Farthing.Ledger.Tests.Journal;

public class SegmentPreparerTests
{
    [Fact]
    public async Task Without_room_it_says_why_and_goes_on_when_there_is()
    {
        using var directory = new TemporaryDirectory();
        using var preparer = new SegmentPreparer(directory.Journal, new SegmentHeader(3, 64 << 10, 1), Disk.Real, NeverEnd);
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
        var preparer = new SegmentPreparer(directory.Journal, new SegmentHeader(3, 64 << 10, 1), Disk.Real, NeverEnd);
        preparer.Begin();
        await TestLedger.UntilAsync(() => new(preparer.NotReadyReason is not null));
        preparer.Dispose();
    }

    [Theory]
    [InlineData("00000003.segment.new")]
    [InlineData("journal")]
    public async Task A_failed_flush_ends_the_process_and_is_never_repeated(string failing)
    {
        using var directory = new TemporaryDirectory();
        Directory.CreateDirectory(directory.Journal);
        var flushes = 0;
        var disk = new WatchedDisk
        {
            BeforeFlush = path =>
            {
                if (Path.GetFileName(path) != failing) return;
                Interlocked.Increment(ref flushes);
                throw new FlushException($"flush of {path} failed: Input/output error (errno 5).");
            },
        };
        var ended = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var preparer = new SegmentPreparer(directory.Journal, new SegmentHeader(3, 64 << 10, 1), disk, (message, error) => ended.TrySetResult($"{message} {error.Message}"));
        preparer.Begin();
        Assert.Contains("Input/output error", await ended.Task.InTimeAsync());
        preparer.Dispose();
        Assert.Equal(1, flushes);
        Assert.Null(preparer.NotReadyReason);
    }

    // They are written in pieces of a mebibyte.
    [Theory]
    [InlineData(64 << 10)]
    [InlineData(1 << 20)]
    [InlineData((5 << 20) + (8 << 10))]
    public void A_prepared_segment_has_its_header_and_zeros(int length)
    {
        using var directory = new TemporaryDirectory();
        Directory.CreateDirectory(directory.Journal);
        var header = new SegmentHeader(3, length, 1);
        using (Segment.Prepare(directory.Journal, header, Disk.Real))
        {
            var bytes = File.ReadAllBytes(directory.Segment(3));
            Assert.Equal(length, bytes.Length);
            Assert.Equal(Segment.WriteHeader(header), bytes[..Frame.BlockBytes]);
            Assert.False(bytes.AsSpan(Frame.BlockBytes).ContainsAnyExcept((byte)0));
        }
    }

    private static void NeverEnd(string message, Exception error) => Assert.Fail($"{message} {error.Message}");
}
