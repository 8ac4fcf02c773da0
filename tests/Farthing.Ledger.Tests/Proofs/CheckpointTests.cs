using Farthing.Ledger.Journal;
using Farthing.Protocol;

namespace Farthing.Ledger.Tests.Proofs;

public class CheckpointTests
{
    [Fact]
    public async Task Every_record_is_proven_towards_a_checkpoint_and_towards_a_later_one()
    {
        using var directory = new TemporaryDirectory();
        await using var ledger = TestLedger.Open(directory);
        await TestLedger.FundAsync(ledger);
        var early = await ledger.GetCheckpointAsync(ledger.DurableSize);
        Assert.Equal(4, early.Checkpoint.Size);
        for (var i = 0; i < 20; i++) await ledger.SubmitAsync([TestLedger.Transfer(100 + (UInt128)i, 1)]);
        var late = await ledger.GetCheckpointAsync(ledger.DurableSize);
        Assert.Equal(24, late.Checkpoint.Size);

        Assert.True(MerkleTree.VerifyConsistency(4, early.Checkpoint.Root, 24, late.Checkpoint.Root, ledger.ProveConsistency(4, 24)));
        foreach (var (checkpoint, note) in new[] { early, late })
        {
            Assert.True(Checkpoint.TryVerify(note, ledger.VerifierKey, out var verified));
            Assert.Equal(checkpoint, verified);
            for (var position = 0L; position < checkpoint.Size; position++)
            {
                var proof = ledger.Prove(position, checkpoint.Size);
                Assert.True(MerkleTree.VerifyInclusion(NaiveTree.HashLeaf(proof.Leaf), position, checkpoint.Size, proof.Proof, checkpoint.Root));
            }
        }
    }

    [Fact]
    public async Task A_leaf_shows_the_payment_but_neither_payer_nor_memo()
    {
        using var directory = new TemporaryDirectory();
        await using var ledger = TestLedger.Open(directory);
        await TestLedger.FundAsync(ledger);
        byte[] memo = [1, 2, 3];
        await ledger.SubmitAsync([Command.Transfer(100, 7, TestLedger.Alice, TestLedger.Shop, TestLedger.Usd(5), TransferCode.Payment, long.MaxValue >> 16, memo: memo)]);
        await ledger.SubmitAsync([Command.Refund(101, 7, 100, 2, TransferCode.Refund)]);
        var size = (await ledger.GetCheckpointAsync(6)).Checkpoint.Size;

        var payment = ledger.Prove(4, size);
        Assert.True(LedgerLeaf.TryRead(payment.Leaf, out var leaf));
        Assert.Equal(((byte)RecordKind.Transfer, (byte)Outcome.Done, TransferCode.Payment, (UInt128)100, TestLedger.Shop, TestLedger.Usd(5)),
            (leaf.Kind, leaf.Outcome, leaf.Code, leaf.Id, leaf.Payee, leaf.Amount));
        Assert.Equal(ledger.Read(4).UnixMilliseconds, leaf.UnixMilliseconds);
        var opened = new byte[MerkleTree.HashLength];
        LedgerLeaf.CommitToPayer(payment.PayerSalt, TestLedger.Alice, opened);
        Assert.Equal(opened, leaf.PayerCommitment.ToArray());
        LedgerLeaf.CommitToMemo(payment.PayerSalt, memo, opened);
        Assert.NotEqual(opened, leaf.MemoCommitment.ToArray());

        var refund = ledger.Prove(5, size);
        Assert.True(LedgerLeaf.TryRead(refund.Leaf, out leaf));
        Assert.Equal(((byte)RecordKind.Refund, TestLedger.Shop, (UInt128)100, TestLedger.Usd(2)), (leaf.Kind, leaf.Payee, leaf.Cited, leaf.Amount));
        LedgerLeaf.CommitToPayer(refund.PayerSalt, TestLedger.Alice, opened);
        Assert.Equal(opened, leaf.PayerCommitment.ToArray());
        Assert.NotEqual(payment.PayerSalt, refund.PayerSalt);
    }

    [Fact]
    public async Task A_checkpoint_is_stored_before_it_is_given_out_and_reused_while_it_covers_enough()
    {
        using var directory = new TemporaryDirectory();
        await using var ledger = TestLedger.Open(directory);
        await TestLedger.FundAsync(ledger);
        var first = await ledger.GetCheckpointAsync(2);
        Assert.Equal(4, first.Checkpoint.Size);
        Assert.Equal(first.Note, Stored(directory));
        await ledger.SubmitAsync([TestLedger.Transfer(100, 1)]);
        Assert.Same(first, await ledger.GetCheckpointAsync());
        Assert.Same(first, await ledger.GetCheckpointAsync(4));
        var shared = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => ledger.GetCheckpointAsync(5).AsTask()));
        Assert.Single(shared.Distinct());
        Assert.Equal(shared[0].Note, Stored(directory));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await ledger.GetCheckpointAsync(6));
        Assert.Throws<ArgumentOutOfRangeException>(() => ledger.Prove(0, 6));
        Assert.Throws<ArgumentOutOfRangeException>(() => ledger.Prove(5, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => ledger.Prove(-1, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => ledger.ProveConsistency(4, 6));
        Assert.Throws<ArgumentOutOfRangeException>(() => ledger.ProveConsistency(5, 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => ledger.ProveConsistency(-1, 4));
    }

    [Fact]
    public async Task The_last_checkpoint_is_there_after_a_restart_and_proofs_are_the_same()
    {
        using var directory = new TemporaryDirectory();
        SignedCheckpoint before;
        LeafProof proof;
        await using (var ledger = TestLedger.Open(directory))
        {
            await TestLedger.FundAsync(ledger);
            before = await ledger.GetCheckpointAsync(4);
            proof = ledger.Prove(3, 4);
            await ledger.SubmitAsync([TestLedger.Transfer(100, 1)]);
        }
        await using var reopened = TestLedger.Open(directory);
        Assert.Equal(5, (await reopened.GetCheckpointAsync()).Checkpoint.Size);
        Assert.Equivalent(proof, reopened.Prove(3, before.Checkpoint.Size));
    }

    [Fact]
    public async Task A_journal_shorter_than_its_checkpoint_is_refused_and_left_as_it_is()
    {
        using var directory = new TemporaryDirectory();
        await using (var ledger = TestLedger.Open(directory))
        {
            await TestLedger.FundAsync(ledger);
            await ledger.SubmitAsync([TestLedger.Transfer(100, 1)]);
        }
        // The last frame, damaged so that it looks like a torn one: were it cut, a signed record would be gone.
        using (var file = DurableFile.OpenForWriting(directory.Segment(0))) file.Write([0xFF], 2 * Frame.BlockBytes + 200);
        var segment = File.ReadAllBytes(directory.Segment(0));
        var damage = Assert.Throws<LedgerDamagedException>(() => TestLedger.Open(directory));
        Assert.Contains("ends after 4 records", damage.Message);
        Assert.Contains("signs 5", damage.Message);
        Assert.Equal(segment, File.ReadAllBytes(directory.Segment(0)));
        var report = LedgerCheck.Run(directory.Path);
        Assert.Equal((false, 4L, 5L), (report.IsSound, report.Records, report.Checkpoint!.Size));
    }

    [Fact]
    public async Task A_checkpoint_over_another_history_is_refused()
    {
        using var directory = new TemporaryDirectory();
        using var other = new TemporaryDirectory();
        foreach (var (place, units) in new[] { (directory, 10ul), (other, 20ul) })
        {
            await using var ledger = TestLedger.Open(place);
            await TestLedger.FundAsync(ledger, units);
        }
        File.Copy(Path.Combine(other.Path, "checkpoint"), Path.Combine(directory.Path, "checkpoint"), overwrite: true);
        Assert.Contains("are not those", Assert.Throws<LedgerDamagedException>(() => TestLedger.Open(directory)).Message);
        Assert.False(LedgerCheck.Run(directory.Path).Checkpoint!.Matches);
    }

    [Fact]
    public async Task Another_key_or_origin_does_not_open_the_ledger()
    {
        using var directory = new TemporaryDirectory();
        await using (var ledger = TestLedger.Open(directory)) await TestLedger.FundAsync(ledger);
        using var stranger = SigningKey.Create();
        Assert.Throws<LedgerDamagedException>(() => Ledger.Open(TestLedger.Options(directory) with { CheckpointKey = stranger }, TimeProvider.System));
        Assert.Throws<LedgerDamagedException>(() => Ledger.Open(TestLedger.Options(directory) with { Origin = "elsewhere.example/ledger" }, TimeProvider.System));
        Assert.False(LedgerCheck.Run(directory.Path, new("test.example/ledger", stranger.Verifier)).Checkpoint!.Matches);
    }

    private static string Stored(TemporaryDirectory directory) => File.ReadAllText(Path.Combine(directory.Path, "checkpoint"));
}
