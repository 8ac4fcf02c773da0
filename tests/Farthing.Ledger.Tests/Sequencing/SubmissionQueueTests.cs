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
}
