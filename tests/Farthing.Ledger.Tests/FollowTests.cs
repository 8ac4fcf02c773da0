using Farthing.Ledger.Tests.Sequencing;

namespace Farthing.Ledger.Tests;

/// <summary>Following the journal: every record once, in order, whoever is cut off and however fast it grows.</summary>
public class FollowTests
{
    [Fact]
    public async Task Followers_that_are_cut_off_and_go_on_see_every_record_once()
    {
        const int Submissions = 400;
        using var directory = new TemporaryDirectory();
        await using var ledger = TestLedger.Open(directory);
        await TestLedger.FundAsync(ledger);
        var followers = Enumerable.Range(1, 4).Select(seed => Task.Run(() => FollowAsync(ledger, new Random(seed), 4 + Submissions * 5))).ToArray();
        for (var i = 0; i < Submissions; i++)
            await ledger.SubmitAsync([.. Enumerable.Range(0, 5).Select(leg => TestLedger.Transfer(1_000 + (UInt128)(i * 5 + leg), 1))]);

        foreach (var (positions, cuts) in await Task.WhenAll(followers).InTimeAsync())
        {
            Assert.Equal(Enumerable.Range(0, 4 + Submissions * 5).Select(position => (long)position), positions);
            Assert.True(cuts > 20, $"Only {cuts} cuts.");
        }
    }

    [Fact]
    public async Task A_follower_sees_nothing_that_is_not_durable()
    {
        using var directory = new TemporaryDirectory();
        HeldUpJournal held = null!;
        await using var ledger = TestLedger.Open(directory, journal => held = new(journal), (_, error) => throw error);
        await TestLedger.FundAsync(ledger);
        for (var i = held.Appended; i > 0; i--) await held.FlushBeganAsync();
        await using var records = ledger.FollowAsync(4, TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        held.HoldUp();
        var answer = ledger.SubmitAsync([TestLedger.Transfer(100, 1)]).AsTask();
        var next = records.MoveNextAsync().AsTask();
        await held.FlushBeganAsync();
        Assert.False(next.IsCompleted);
        held.LetGo();
        Assert.True(await next.InTimeAsync());
        Assert.Equal(4, records.Current.Position);
        await answer.InTimeAsync();
    }

    [Fact]
    public async Task Following_ends_when_the_ledger_closes_and_throws_when_the_caller_cancels()
    {
        using var directory = new TemporaryDirectory();
        var ledger = TestLedger.Open(directory);
        await TestLedger.FundAsync(ledger);
        using var cancelled = new CancellationTokenSource();
        var mine = CountAsync(ledger, cancelled.Token);
        var other = CountAsync(ledger, CancellationToken.None);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => mine.InTimeAsync());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => CountAsync(ledger, new CancellationToken(canceled: true)));
        Assert.False(other.IsCompleted);
        await ledger.DisposeAsync();
        Assert.Equal(4, await other.InTimeAsync());
        Assert.Throws<ArgumentOutOfRangeException>(() => ledger.FollowAsync(-1, TestContext.Current.CancellationToken));
    }

    private static async Task<int> CountAsync(Ledger ledger, CancellationToken cancellation)
    {
        var count = 0;
        await foreach (var record in ledger.FollowAsync(0, cancellation)) count++;
        return count;
    }

    private static async Task<(List<long> Positions, int Cuts)> FollowAsync(Ledger ledger, Random random, int size)
    {
        var (positions, cuts) = (new List<long>(), 0);
        while (positions.Count < size)
        {
            using var cancelled = new CancellationTokenSource(TimeSpan.FromMilliseconds(random.Next(1, 50)));
            // So few that, whatever the speed, many turns are needed.
            var most = random.Next(1, 60);
            try
            {
                await foreach (var record in ledger.FollowAsync(positions.Count, cancelled.Token))
                {
                    positions.Add(record.Position);
                    if (positions.Count == size || --most == 0) break;
                }
            }
            catch (OperationCanceledException)
            {
                // Cut off while it waited.
            }
            cuts++;
        }
        return (positions, cuts);
    }
}
