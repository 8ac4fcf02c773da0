using Farthing.Ledger.Sequencing;

namespace Farthing.Ledger.Tests.Sequencing;

public class SubmissionQueueTests
{
    [Fact]
    public void More_than_the_maximum_is_refused_until_the_writer_has_taken_what_waits()
    {
        var queue = new SubmissionQueue();
        var half = new Command[SubmissionQueue.MaxCommands / 2];
        queue.Add(new(half));
        queue.Add(new(half));
        Assert.Contains("are waiting already", Assert.Throws<LedgerUnreadyException>(() => queue.Add(new(new Command[1]))).Message);
        Assert.True(queue.Take(out var taken));
        Assert.Equal(2, taken.Count);
        queue.Add(new(new Command[1]));
        Assert.True(queue.Take(out taken));
        Assert.Single(taken);
    }

    [Fact]
    public void A_closed_queue_gives_out_what_waits_and_takes_nothing()
    {
        var queue = new SubmissionQueue();
        queue.Add(new(new Command[1]));
        queue.Close();
        Assert.Throws<LedgerUnreadyException>(() => queue.Add(new(new Command[1])));
        Assert.True(queue.Take(out var taken));
        Assert.Single(taken);
        Assert.False(queue.Take(out _));
    }

    [Fact]
    public async Task Under_load_it_waits_for_as_many_as_the_last_time()
    {
        var queue = new SubmissionQueue(longestGathering: TestLedger.Deadline);
        Add(queue, 8);
        Assert.True(queue.Take(out var taken));
        Assert.Equal(8, taken.Count);
        Add(queue, 7);
        var count = 0;
        var writer = new Thread(() =>
        {
            queue.Take(out var taken);
            Volatile.Write(ref count, taken.Count);
        });
        writer.Start();
        await TestLedger.UntilAsync(() => new(writer.ThreadState is ThreadState.WaitSleepJoin or ThreadState.Stopped));
        Assert.Equal(0, Volatile.Read(ref count));
        Add(queue, 1);
        Assert.True(writer.Join(TestLedger.Deadline));
        Assert.Equal(8, count);
    }

    [Fact]
    public void It_does_not_wait_longer_than_it_may()
    {
        var queue = new SubmissionQueue(longestGathering: TimeSpan.FromMilliseconds(1));
        Add(queue, 8);
        queue.Take(out _);
        Add(queue, 7);
        queue.Take(out var taken);
        Assert.Equal(7, taken.Count);
    }

    [Fact]
    public void A_few_are_taken_at_once_and_so_is_anything_when_it_is_woken()
    {
        // A wait would last for ever.
        var queue = new SubmissionQueue(longestGathering: Timeout.InfiniteTimeSpan);
        Add(queue, SubmissionQueue.Few);
        queue.Take(out _);
        Add(queue, 1);
        queue.Take(out var taken);
        Assert.Single(taken);

        Add(queue, 8);
        queue.Take(out _);
        Add(queue, 1);
        queue.Wake();
        queue.Take(out taken);
        Assert.Single(taken);

        Add(queue, 8);
        queue.Take(out _);
        Add(queue, 1);
        queue.Close();
        queue.Take(out taken);
        Assert.Single(taken);
    }

    private static void Add(SubmissionQueue queue, int count)
    {
        for (var i = 0; i < count; i++) queue.Add(new(new Command[1]));
    }
}
