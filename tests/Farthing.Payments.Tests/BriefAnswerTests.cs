using Farthing.Server.Doors;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

public class BriefAnswerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Whatever_is_read_from_the_journal_is_read_in_the_pool()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var offer = await test.NewOfferAsync(payee, "0.4");
        var key = test.NewKey();

        // One that was made goes on wherever its answer finds it: on the ledger's thread, or here if it was there before anybody waited.
        Assert.Equal("posted", (await PayAsync(key)).Answer);
        Assert.Equal(("posted", true), await PayAsync(key));
        Assert.Equal("posted", (await PayAsync(test.NewKey())).Answer);
        Assert.Equal(("insufficient_funds", true), await PayAsync(test.NewKey()));

        async Task<(string Answer, bool IsInPool)> PayAsync(IdempotencyKey key)
        {
            var paid = await test.Desk.PayAsync(new() { Wallet = wallet.Id, Key = key, Offer = offer.Id, ResumesBriefly = true }).ConfigureAwait(false);
            var isInPool = Thread.CurrentThread.IsThreadPoolThread;
            // The ledger cannot be closed on its own thread.
            await Task.Yield();
            return (paid.IsGiven ? paid.Value.Status.ToString().ToLowerInvariant() : paid.Refusal.Code.Code, isInPool);
        }
    }

    [Fact]
    public async Task A_payment_by_terms_is_signed_in_the_pool()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        Assert.True(await PayByTermsAsync());

        async Task<bool> PayByTermsAsync()
        {
            var paid = await test.Desk.PayAsync(new() { Wallet = wallet.Id, Key = test.NewKey(), Terms = test.TermsOf(payee), ResumesBriefly = true }).ConfigureAwait(false);
            var isInPool = Thread.CurrentThread.IsThreadPoolThread;
            await Task.Yield();
            Assert.NotNull(Given(paid).Entitlement);
            return isInPool;
        }
    }

    [Fact]
    public async Task A_request_behind_another_ones_answer_does_not_begin_on_the_ledgers_thread()
    {
        var began = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var door = new EveryAnswerIsAProblem(_ =>
        {
            began.SetResult(Thread.CurrentThread.IsThreadPoolThread);
            return Task.CompletedTask;
        }, NullLogger<EveryAnswerIsAProblem>.Instance);
        var writer = new Thread(() => _ = door.InvokeAsync(new DefaultHttpContext()));
        writer.Start();
        writer.Join();
        Assert.True(await began.Task.WaitAsync(Patience, TestContext.Current.CancellationToken));
    }
}
