using Farthing.Ledger.Sequencing;

namespace Farthing.Ledger.Tests.Sequencing;

public class AnswerTests
{
    private const int Over = 5;

    [Fact]
    public async Task Who_resumes_briefly_goes_on_where_it_was_flushed_up_to_so_many_of_a_batch()
    {
        var resumed = await ResumeAsync(Flusher.MostAnsweredHere + Over, resumesBriefly: true);
        Assert.Equal(Flusher.MostAnsweredHere, resumed.Count(where => where == "farthing writer"));
        Assert.Equal(Over, resumed.Count(where => where == "pool"));
    }

    [Fact]
    public async Task Everybody_else_goes_on_in_the_pool() => Assert.All(await ResumeAsync(Over, resumesBriefly: false), where => Assert.Equal("pool", where));

    [Fact]
    public async Task Who_is_refused_all_work_hears_it_in_the_pool()
    {
        using var directory = new TemporaryDirectory();
        HeldUpJournal journal = null!;
        await using var ledger = TestLedger.Open(directory, inner => journal = new(inner), (message, _) => Assert.Fail(message));
        await TestLedger.FundAsync(ledger);
        await journal.FlushBeganAsync();

        // Let in while there was room, and refused by the writer when there is none.
        journal.HoldUp();
        var first = ledger.SubmitAsync([TestLedger.Transfer(99, 1)]).AsTask();
        await journal.FlushBeganAsync();
        var refused = SubmitAsync();
        journal.NotReadyReason = "no room";
        journal.LetGo();
        await first.InTimeAsync();
        Assert.Equal("no room heard in the pool", await refused.InTimeAsync());
        journal.NotReadyReason = null;

        async Task<string> SubmitAsync()
        {
            try
            {
                await ledger.SubmitAsync([TestLedger.Transfer(100, 1)], resumesBriefly: true).ConfigureAwait(false);
                return $"done, heard in the {await WhereAsync()}";
            }
            catch (LedgerUnreadyException unready)
            {
                return $"{unready.Message} heard in the {await WhereAsync()}";
            }
        }
    }

    // Where the caller is; it is in the pool afterwards, as a ledger cannot be closed on its own thread.
    private static async Task<string?> WhereAsync()
    {
        var where = Thread.CurrentThread.IsThreadPoolThread ? "pool" : Thread.CurrentThread.Name;
        await Task.Yield();
        return where;
    }

    // Where each of so many submissions of one batch goes on.
    private static async Task<string?[]> ResumeAsync(int count, bool resumesBriefly)
    {
        using var directory = new TemporaryDirectory();
        HeldUpJournal journal = null!;
        await using var ledger = TestLedger.Open(directory, inner => journal = new(inner), (message, _) => Assert.Fail(message));
        await TestLedger.FundAsync(ledger);
        await journal.FlushBeganAsync();

        // While this one is flushed, the others wait together.
        journal.HoldUp();
        var first = ledger.SubmitAsync([TestLedger.Transfer(99, 1)]).AsTask();
        await journal.FlushBeganAsync();
        var submitted = Enumerable.Range(100, count).Select(id => SubmitAsync((UInt128)id)).ToArray();
        journal.LetGo();
        await first.InTimeAsync();
        var resumed = await Task.WhenAll(submitted).InTimeAsync();
        Assert.Equal(3, journal.Appended);
        return resumed;

        async Task<string?> SubmitAsync(UInt128 id)
        {
            await ledger.SubmitAsync([TestLedger.Transfer(id, 1)], resumesBriefly).ConfigureAwait(false);
            return await WhereAsync();
        }
    }
}
