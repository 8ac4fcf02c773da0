using System.Diagnostics;
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
    public void Under_load_others_run_first_for_as_long_as_that_brings_more()
    {
        var coming = 5;
        SubmissionQueue queue = null!;
        queue = new SubmissionQueue(longestGathering: TestLedger.Deadline, letOthersRun: () =>
        {
            if (coming-- > 0) Add(queue, 1);
        });
        Add(queue, 8);
        Assert.True(queue.Take(out var taken));
        Assert.Equal(8, taken.Count);
        Assert.Equal(5, coming);

        Add(queue, 1);
        Assert.True(queue.Take(out taken));
        Assert.Equal(6, taken.Count);
        Assert.True(coming < 0, "It took them without a look whether more would come.");
    }

    [Fact]
    public void Others_do_not_run_first_for_ever()
    {
        var longest = TimeSpan.FromMilliseconds(1);
        SubmissionQueue queue = null!;
        queue = new SubmissionQueue(longest, letOthersRun: () =>
        {
            var began = Stopwatch.GetTimestamp();
            while (Stopwatch.GetElapsedTime(began) < longest) Thread.SpinWait(10);
            Add(queue, 1);
        });
        Add(queue, 8);
        queue.Take(out _);
        Add(queue, 1);
        queue.Take(out var taken);
        Assert.Equal(2, taken.Count);
    }

    [Fact]
    public void Others_do_not_run_first_once_enough_wait()
    {
        SubmissionQueue queue = null!;
        queue = new SubmissionQueue(longestGathering: TestLedger.Deadline, letOthersRun: () => Add(queue, 1));
        Add(queue, 8);
        queue.Take(out _);
        Add(queue, 1);
        queue.Take(out var taken);
        Assert.Equal(SubmissionQueue.Enough, taken.Count);
    }

    [Fact]
    public void A_few_are_taken_at_once_and_so_is_anything_when_it_is_woken()
    {
        var yielded = 0;
        SubmissionQueue queue = null!;
        queue = new SubmissionQueue(longestGathering: TestLedger.Deadline, letOthersRun: () =>
        {
            yielded++;
            Add(queue, 1);
        });
        Add(queue, SubmissionQueue.Few);
        queue.Take(out _);
        Add(queue, 1);
        queue.Take(out var taken);
        Assert.Single(taken);
        Assert.Equal(0, yielded);

        Add(queue, 8);
        queue.Take(out _);
        queue.Wake();
        queue.Take(out taken);
        Assert.Single(taken);

        Assert.Equal(1, yielded);
    }

    private static void Add(SubmissionQueue queue, int count)
    {
        for (var i = 0; i < count; i++) queue.Add(new(new Command[1]));
    }
}
