using Farthing.Ledger.Proofs;
using Farthing.Protocol;

namespace Farthing.Ledger.Tests.Proofs;

/// <summary>A tree that cannot be written: a directory stands where its second level goes, which is needed from the 256th record on.</summary>
public class NoRoomForTreeTests
{
    [Fact]
    public async Task Closing_does_not_wait_for_room_and_loses_nothing()
    {
        using var directory = new TemporaryDirectory();
        var ledger = TestLedger.Open(directory);
        await TestLedger.FundAsync(ledger);
        Directory.CreateDirectory(Obstacle(directory));
        // Those from the 253rd on wait for their leaves, or are refused.
        var submitted = new List<Task<CommandResult[]>>();
        for (var i = 0; i < 300; i++) submitted.Add(SubmitAsync(ledger, 100 + (UInt128)i));
        await TestLedger.UntilAsync(() => new(ledger.NotReadyReason is not null));
        var asked = ledger.GetCheckpointAsync(ledger.DurableSize).AsTask();

        await Assert.ThrowsAsync<LedgerUnreadyException>(() => ledger.DisposeAsync().AsTask().InTimeAsync());
        var refusal = await Assert.ThrowsAsync<LedgerUnreadyException>(() => asked.InTimeAsync());
        Assert.DoesNotContain(directory.Path, refusal.Message);
        var done = (await Task.WhenAll(submitted).InTimeAsync()).Count(results => results.Length == 1);
        Assert.InRange(done, 252, 300);

        Directory.Delete(Obstacle(directory));
        await using var reopened = TestLedger.Open(directory);
        Assert.Equal(4 + done, reopened.DurableSize);
        await AssertProvenAsync(reopened);
    }

    [Fact]
    public async Task An_open_ledger_goes_on_once_there_is_room()
    {
        using var directory = new TemporaryDirectory();
        await using var ledger = TestLedger.Open(directory);
        await TestLedger.FundAsync(ledger);
        await TestLedger.UntilAsync(() => new(ledger.TreeSize == 4));
        Directory.CreateDirectory(Obstacle(directory));
        await ledger.SubmitAsync([.. Enumerable.Range(100, 300).Select(id => TestLedger.Transfer((UInt128)id, 1))]);
        await TestLedger.UntilAsync(() => new(ledger.NotReadyReason is not null));
        Assert.DoesNotContain(directory.Path, ledger.NotReadyReason);
        Assert.Equal(4, ledger.TreeSize);
        Directory.Delete(Obstacle(directory));
        await TestLedger.UntilAsync(() => new(ledger.TreeSize == 304));
        Assert.Null(ledger.NotReadyReason);
        await AssertProvenAsync(ledger);
    }

    [Fact]
    public async Task Nobody_waits_for_room_and_everybody_can_read()
    {
        using var directory = new TemporaryDirectory();
        await using var ledger = Ledger.Open(TestLedger.Options(directory) with { MaxBatchCommands = 1 }, TimeProvider.System);
        await TestLedger.FundAsync(ledger);
        Directory.CreateDirectory(Obstacle(directory));
        try
        {
            // A batch each, and there are fewer batches: all of these are let in before the tree is found to stand still.
            var submitted = Enumerable.Range(100, 600).Select(id => SubmitAsync(ledger, (UInt128)id)).ToArray();
            var done = (await Task.WhenAll(submitted).InTimeAsync()).Count(results => results.Length == 1);
            Assert.InRange(done, 252, 599);
            Assert.NotNull(ledger.NotReadyReason);
            var alice = await ledger.ReadAccountAsync(TestLedger.Alice).AsTask().InTimeAsync();
            Assert.Equal((UInt128)done, alice!.Value.Balances.DebitsPosted);
        }
        finally
        {
            // Otherwise the ledger could not be closed.
            Directory.Delete(Obstacle(directory));
        }
        await TestLedger.UntilAsync(() => new(ledger.NotReadyReason is null));
        foreach (var id in Enumerable.Range(100, 600))
            await TestLedger.UntilAsync(async () => (await SubmitAsync(ledger, (UInt128)id)) is [{ Outcome: Outcome.Done }]);
        var paid = await ledger.ReadAccountAsync(TestLedger.Alice);
        Assert.Equal((UInt128)600, paid!.Value.Balances.DebitsPosted);
    }

    [Fact]
    public async Task An_opening_without_room_says_so_and_ends()
    {
        using var directory = new TemporaryDirectory();
        await using (var ledger = TestLedger.Open(directory))
        {
            await TestLedger.FundAsync(ledger);
            await ledger.SubmitAsync([.. Enumerable.Range(100, 300).Select(id => TestLedger.Transfer((UInt128)id, 1))]);
        }
        Directory.Delete(Path.Combine(directory.Path, LedgerProofs.TreeDirectory), recursive: true);
        Directory.CreateDirectory(Obstacle(directory));

        var opening = Task.Run(() => TestLedger.Open(directory), TestContext.Current.CancellationToken);
        Assert.Contains("no room for the tree", (await Assert.ThrowsAsync<LedgerUnreadyException>(() => opening.InTimeAsync())).Message);

        Directory.Delete(Obstacle(directory));
        await using var reopened = TestLedger.Open(directory);
        await AssertProvenAsync(reopened);
    }

    [Fact]
    public async Task A_checkpoint_that_cannot_be_stored_is_told_without_a_path_and_the_directory_is_released()
    {
        using var directory = new TemporaryDirectory();
        var ledger = TestLedger.Open(directory);
        await TestLedger.FundAsync(ledger);
        var obstacle = Path.Combine(directory.Path, CheckpointStore.FileName + ".new");
        Directory.CreateDirectory(obstacle);
        var refusal = await Assert.ThrowsAsync<LedgerUnreadyException>(() => ledger.GetCheckpointAsync(4).AsTask());
        Assert.DoesNotContain(directory.Path, refusal.Message);
        Assert.Contains(directory.Path, refusal.InnerException!.Message);
        await Assert.ThrowsAsync<LedgerUnreadyException>(() => ledger.DisposeAsync().AsTask().InTimeAsync());
        Directory.Delete(obstacle);
        await using var reopened = TestLedger.Open(directory);
        Assert.Equal(4, (await reopened.GetCheckpointAsync(4)).Checkpoint.Size);
    }

    private static string Obstacle(TemporaryDirectory directory) => Path.Combine(directory.Path, LedgerProofs.TreeDirectory, TileFiles.FileName(1));

    // Empty if it was refused.
    private static async Task<CommandResult[]> SubmitAsync(Ledger ledger, UInt128 id)
    {
        try
        {
            return await ledger.SubmitAsync([TestLedger.Transfer(id, 1)]);
        }
        catch (LedgerUnreadyException)
        {
            return [];
        }
    }

    private static async Task AssertProvenAsync(Ledger ledger)
    {
        var checkpoint = (await ledger.GetCheckpointAsync(ledger.DurableSize)).Checkpoint;
        Assert.Equal(ledger.DurableSize, checkpoint.Size);
        var proof = ledger.Prove(255, checkpoint.Size);
        Assert.True(MerkleTree.VerifyInclusion(NaiveTree.HashLeaf(proof.Leaf), 255, checkpoint.Size, proof.Proof, checkpoint.Root));
    }
}
