using Farthing.Ledger;
using Farthing.Protocol;

namespace Farthing.Payments.Tests;

public class LedgerCallsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_refusal_that_comes_after_the_work_was_let_in_is_an_answer_too()
    {
        const int Transfers = 600;
        UInt128 alice = 1, shop = 2;
        var directory = Directory.CreateTempSubdirectory("farthing-payments-").FullName;
        try
        {
            using var key = SigningKey.Create();
            var obstacle = Path.Combine(directory, "tree", "level-1");
            var ledger = Farthing.Ledger.Ledger.Open(
                new LedgerOptions { Directory = directory, Origin = "farthing.test/ledger", CheckpointKey = key, SegmentBytes = 1 << 20, MaxBatchCommands = 1 }, TimeProvider.System);
            await using (ledger)
            {
                await ledger.SubmitAsync([Command.OpenAccount(alice, Asset.Usd, AccountFlags.None), Command.OpenAccount(shop, Asset.Usd, AccountFlags.None)]);
                // The tree needs this file from the 256th record on, and cannot have it: a disk without room, found out when work is queued already.
                Directory.CreateDirectory(obstacle);
                try
                {
                    var submitted = Enumerable.Range(100, Transfers)
                        .Select(id => ledger.TrySubmitAsync(Command.Transfer((UInt128)id, 7, alice, shop, TestSystem.Usd("1"), TransferCode.Payment)).AsTask()).ToArray();
                    var answers = await Task.WhenAll(submitted).WaitAsync(Patience, TestContext.Current.CancellationToken);

                    var done = answers.Count(results => results is [{ Outcome: Outcome.Done }]);
                    Assert.InRange(done, 1, Transfers - 1);
                    Assert.Equal(Transfers - done, answers.Count(results => results is null));
                    Assert.Equal(TestSystem.Usd("1").Units * (UInt128)done, (await ledger.ReadAccountAsync(alice))!.Value.Balances.DebitsPosted);
                }
                finally
                {
                    // Otherwise the ledger could not be closed.
                    Directory.Delete(obstacle);
                }
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
