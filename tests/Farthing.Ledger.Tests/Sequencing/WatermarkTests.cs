using Farthing.Ledger.Sequencing;

namespace Farthing.Ledger.Tests.Sequencing;

public class WatermarkTests
{
    [Fact]
    public async Task Whoever_waits_is_told_when_the_size_is_reached_and_not_before()
    {
        var mark = new Watermark(3);
        Assert.True(mark.WaitAsync(3, CancellationToken.None).AsTask().IsCompletedSuccessfully);
        var (four, six) = (mark.WaitAsync(4, CancellationToken.None).AsTask(), mark.WaitAsync(6, CancellationToken.None).AsTask());
        Assert.Equal(2, mark.Waiting);
        mark.Advance(5);
        await four.InTimeAsync();
        Assert.False(six.IsCompleted);
        Assert.Equal(1, mark.Waiting);
        mark.End(new LedgerUnreadyException("It ended."));
        await Assert.ThrowsAsync<LedgerUnreadyException>(() => six.InTimeAsync());
        await Assert.ThrowsAsync<LedgerUnreadyException>(() => mark.WaitAsync(6, CancellationToken.None).AsTask());
        Assert.Equal(0, mark.Waiting);
    }

    [Fact]
    public async Task Whoever_leaves_is_forgotten_though_nothing_happens()
    {
        var mark = new Watermark(0);
        using var leaving = new CancellationTokenSource();
        var others = Enumerable.Range(1, 100).Select(size => mark.WaitAsync(size, CancellationToken.None).AsTask()).ToArray();
        var those = Enumerable.Range(1, 100).Select(size => mark.WaitAsync(size, leaving.Token).AsTask()).ToArray();
        Assert.Equal(200, mark.Waiting);
        await leaving.CancelAsync();
        Assert.Equal(100, mark.Waiting);
        foreach (var one in those) await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one.InTimeAsync());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => mark.WaitAsync(1, leaving.Token).AsTask().InTimeAsync());

        mark.Advance(100);
        await Task.WhenAll(others).InTimeAsync();
        Assert.Equal(0, mark.Waiting);
        await mark.WaitAsync(100, leaving.Token);
    }

    [Fact]
    public async Task Leaving_and_arriving_at_once_settles_each_waiter_once()
    {
        var (reached, left) = (0, 0);
        for (var round = 0; round < 2_000; round++)
        {
            var mark = new Watermark(0);
            using var leaving = new CancellationTokenSource();
            var waiter = mark.WaitAsync(1, leaving.Token).AsTask();
            await Task.WhenAll(Task.Run(() => mark.Advance(1), CancellationToken.None), Task.Run(leaving.Cancel, CancellationToken.None)).InTimeAsync();
            await waiter.ContinueWith(_ => { }, TaskScheduler.Default).InTimeAsync();
            Assert.Equal(0, mark.Waiting);
            if (waiter.IsCanceled) left++;
            else reached++;
        }
        // Which of the two comes first is the machine's choice.
        Assert.Equal(2_000, reached + left);
    }
}
