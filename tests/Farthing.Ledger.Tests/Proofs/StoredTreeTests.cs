using Farthing.Ledger.Journal;
using Farthing.Ledger.Proofs;
using Farthing.Ledger.Tests.Journal;
using Farthing.Protocol;

namespace Farthing.Ledger.Tests.Proofs;

/// <summary>The tree's files may be lost, cut, foreign or rotten: only time is lost.</summary>
public class StoredTreeTests
{
    private const int Transfers = 2_000;

    [Fact]
    public async Task An_opening_goes_on_from_where_the_tree_was_saved()
    {
        using var directory = new TemporaryDirectory();
        var (checkpoint, proofs) = await FillAsync(directory);
        Assert.Equal(checkpoint.Size, ResumedAt(directory));
        await AssertSameAsync(directory, checkpoint, proofs);
        await using var ledger = TestLedger.Open(directory);
        Assert.Equal(0, ledger.MendedTiles);
    }

    [Fact]
    public async Task Every_tile_file_may_be_missing_cut_or_filled_with_something_else()
    {
        using var directory = new TemporaryDirectory();
        var (checkpoint, proofs) = await FillAsync(directory);
        var tree = Tree(directory);
        var cases = 0;
        foreach (var name in new[] { "resume", TileFiles.FileName(0), TileFiles.FileName(1) })
        {
            var path = Path.Combine(tree, name);
            var bytes = File.ReadAllBytes(path);
            Action[] harms =
            [
                () => File.Delete(path),
                // A whole hash: what is missing reads as zeros, and one of 256 hashes ends in one.
                () => File.WriteAllBytes(path, bytes[..^MerkleTree.HashLength]),
                () => File.WriteAllBytes(path, bytes[..(bytes.Length / 2)]),
                () => File.WriteAllBytes(path, []),
                () => File.WriteAllBytes(path, [.. bytes.Select(b => (byte)(b ^ 0xFF))]),
            ];
            foreach (var harm in harms)
            {
                harm();
                Assert.Equal(0, ResumedAt(directory));
                await AssertSameAsync(directory, checkpoint, proofs);
                Assert.Equal(checkpoint.Size, ResumedAt(directory));
                cases++;
            }
        }
        Directory.Delete(tree, recursive: true);
        await AssertSameAsync(directory, checkpoint, proofs);
        Assert.Equal(15, cases);
    }

    [Fact]
    public async Task Whatever_bit_of_the_tree_rots_every_proof_still_verifies()
    {
        using var directory = new TemporaryDirectory();
        var (checkpoint, proofs) = await FillAsync(directory);
        var random = new Random(2026);
        var mended = 0;
        for (var round = 0; round < 12; round++)
        {
            // A full tile is mended when it is read; a growing one, as that of level 1 is, does not give the root: then the tree is made anew.
            var path = Path.Combine(Tree(directory), TileFiles.FileName(round % 2));
            var bytes = File.ReadAllBytes(path);
            bytes[random.Next(bytes.Length / 8192 * 8192 is var full and > 0 ? full : bytes.Length)] ^= 0x10;
            File.WriteAllBytes(path, bytes);
            var found = await AssertSameAsync(directory, checkpoint, proofs);
            Assert.Equal(1 - (round % 2), found);
            mended += found;
        }
        Assert.Equal(6, mended);
    }

    [Fact]
    public async Task A_tile_that_rots_while_it_grows_changes_nothing_that_is_signed_proven_or_shown()
    {
        using var directory = new TemporaryDirectory();
        await using var ledger = TestLedger.Open(directory);
        await TestLedger.FundAsync(ledger);
        for (var i = 0; i < 300; i++) await ledger.SubmitAsync([TestLedger.Transfer(100 + (UInt128)i, 1)]);
        await TestLedger.UntilAsync(() => new(ledger.TreeSize == 304));
        foreach (var (level, hash) in new[] { (0, 303L), (1, 0L) }) Flip(level, hash);

        var checkpoint = (await ledger.GetCheckpointAsync(304)).Checkpoint;
        var leaves = new List<byte[]>();
        for (var position = 0; position < 304; position++)
        {
            var proof = ledger.Prove(position, 304);
            Assert.True(MerkleTree.VerifyInclusion(NaiveTree.HashLeaf(proof.Leaf), position, 304, proof.Proof, checkpoint.Root));
            leaves.Add(proof.Leaf);
        }
        Assert.Equal(NaiveTree.Root([.. leaves]), checkpoint.Root);
        Assert.Equal(NaiveTree.HashLeaf(leaves[303]), ledger.ReadTile(new(0, 1, 48))![^32..]);
        Assert.Equal(NaiveTree.Root([.. leaves[..256]]), ledger.ReadTile(new(1, 0, 1)));
        Assert.Equal(2, ledger.MendedTiles);

        void Flip(int level, long hash)
        {
            using var file = DurableFile.OpenForWriting(Path.Combine(Tree(directory), TileFiles.FileName(level)));
            var bytes = new byte[32];
            Assert.Equal(32, file.Read(bytes, hash * 32));
            bytes[5] ^= 4;
            file.Write(bytes, hash * 32);
        }
    }

    [Theory]
    [InlineData("level-0")]
    [InlineData("resume.new")]
    public async Task A_flush_of_the_tree_that_fails_ends_the_process(string failing)
    {
        using var directory = new TemporaryDirectory();
        var (checkpoint, proofs) = await FillAsync(directory);
        File.Delete(Path.Combine(Tree(directory), ResumePoint.FileName));
        var ended = new List<string>();
        using (var journal = FileJournal.Open(directory.Journal, TestLedger.SegmentBytes))
        {
            var disk = new WatchedDisk { BeforeFlush = path => { if (path.EndsWith(failing, StringComparison.Ordinal)) throw new FlushException($"fdatasync of {path} failed."); } };
            using var tree = new StoredTree(Tree(directory), journal, (_, _) => Assert.Fail("Nothing need be made again."), (message, error) => ended.Add($"{message} {error.Message}"), new() { Disk = disk });
            FrameHeader last = default;
            foreach (var frame in journal.ReadFrames(JournalMark.Beginning))
            {
                last = frame.Header;
                var hashes = new byte[32 * last.RecordCount];
                new LeafBuilder().HashLeaves(last, frame.Records.Span, hashes);
                for (var at = 0; at < hashes.Length; at += 32) tree.Tree.Add(hashes.AsSpan(at, 32));
            }
            tree.Tree.Store();
            await tree.SaveAsync(last);
        }
        Assert.Contains($"{failing} failed", Assert.Single(ended));
        Assert.False(File.Exists(Path.Combine(Tree(directory), ResumePoint.FileName)));
        await AssertSameAsync(directory, checkpoint, proofs);
    }

    [Fact]
    public async Task A_resume_point_that_cannot_be_read_is_not_there()
    {
        using var directory = new TemporaryDirectory();
        var (checkpoint, proofs) = await FillAsync(directory);
        var path = Path.Combine(Tree(directory), ResumePoint.FileName);
        File.Delete(path);
        // The system has a file that fails at its first byte.
        File.CreateSymbolicLink(path, "/proc/self/mem");
        Assert.ThrowsAny<IOException>(() => File.ReadAllBytes(path));
        Assert.Equal(0, ResumedAt(directory));
        await AssertSameAsync(directory, checkpoint, proofs);
        Assert.Equal(checkpoint.Size, ResumedAt(directory));
    }

    [Fact]
    public async Task A_tree_of_another_journal_is_not_believed()
    {
        using var directory = new TemporaryDirectory();
        using var other = new TemporaryDirectory();
        var (checkpoint, proofs) = await FillAsync(directory);
        await FillAsync(other);
        Directory.Delete(Tree(directory), recursive: true);
        Directory.Move(Tree(other), Tree(directory));
        Assert.Equal(0, ResumedAt(directory));
        await AssertSameAsync(directory, checkpoint, proofs);
    }

    [Fact]
    public async Task A_tree_that_is_behind_the_journal_is_continued()
    {
        using var directory = new TemporaryDirectory();
        var (early, _) = await FillAsync(directory);
        var tree = Tree(directory);
        var kept = Directory.GetFiles(tree).ToDictionary(path => path, File.ReadAllBytes);
        Checkpoint late;
        await using (var ledger = TestLedger.Open(directory))
        {
            for (var i = 0; i < 300; i++) await ledger.SubmitAsync([TestLedger.Transfer(1_000_000 + (UInt128)i, 1)]);
            late = (await ledger.GetCheckpointAsync(ledger.DurableSize)).Checkpoint;
        }
        // As a crash leaves it: the journal went on, what was not flushed of the tree is gone.
        Directory.Delete(tree, recursive: true);
        Directory.CreateDirectory(tree);
        foreach (var (path, bytes) in kept) File.WriteAllBytes(path, bytes);
        Assert.Equal(early.Size, ResumedAt(directory));
        await using var reopened = TestLedger.Open(directory);
        Assert.True(MerkleTree.VerifyConsistency(early.Size, early.Root, late.Size, late.Root, reopened.ProveConsistency(early.Size, late.Size)));
        var proof = reopened.Prove(late.Size - 1, late.Size);
        Assert.True(MerkleTree.VerifyInclusion(NaiveTree.HashLeaf(proof.Leaf), late.Size - 1, late.Size, proof.Proof, late.Root));
    }

    [Fact]
    public async Task Tiles_are_shown_only_as_far_as_a_checkpoint_signs()
    {
        using var directory = new TemporaryDirectory();
        await using var ledger = TestLedger.Open(directory);
        Assert.Equal(0, ledger.SignedSize);
        await TestLedger.FundAsync(ledger);
        await TestLedger.UntilAsync(() => new(ledger.TreeSize == 4));
        Assert.Null(ledger.ReadTile(new(0, 0, 4)));
        await ledger.GetCheckpointAsync(4);
        await ledger.SubmitAsync([TestLedger.Transfer(100, 1)]);
        await TestLedger.UntilAsync(() => new(ledger.TreeSize == 5));
        Assert.Equal(4, ledger.SignedSize);
        Assert.Equal(4 * 32, ledger.ReadTile(new(0, 0, 4))!.Length);
        Assert.Null(ledger.ReadTile(new(0, 0, 5)));
    }

    [Fact]
    public void A_resume_point_is_read_back_and_nothing_else_is_read()
    {
        var point = new ResumePoint(123_456_789_012, new(7, 4321), (UInt128)1 << 100, [.. Enumerable.Range(0, 32).Select(i => (byte)i)]);
        var bytes = point.Write();
        Assert.Equivalent(point, ResumePoint.Read(bytes));
        var refused = 0;
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            var wrong = bytes.ToArray();
            wrong[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Null(ResumePoint.Read(wrong));
            refused++;
        }
        Assert.Equal(768, refused);
        for (var length = 0; length < bytes.Length; length++) Assert.Null(ResumePoint.Read(bytes.AsSpan(0, length)));
        Assert.Null(ResumePoint.Read([.. bytes, 0]));
        var random = new Random(7);
        for (var i = 0; i < 10_000; i++)
        {
            var arbitrary = new byte[random.Next(200)];
            random.NextBytes(arbitrary);
            Assert.Null(ResumePoint.Read(arbitrary));
        }
    }

    private static string Tree(TemporaryDirectory directory) => Path.Combine(directory.Path, LedgerProofs.TreeDirectory);

    private static async Task<(Checkpoint Checkpoint, List<LeafProof> Proofs)> FillAsync(TemporaryDirectory directory)
    {
        await using var ledger = TestLedger.Open(directory);
        await TestLedger.FundAsync(ledger);
        for (var i = 0; i < Transfers; i += 100)
            await ledger.SubmitAsync([.. Enumerable.Range(i, 100).Select(n => TestLedger.Transfer(100 + (UInt128)n, 1))]);
        var checkpoint = (await ledger.GetCheckpointAsync(ledger.DurableSize)).Checkpoint;
        Assert.Equal(Transfers + 4, checkpoint.Size);
        return (checkpoint, Proofs(ledger, checkpoint.Size));
    }

    private static List<LeafProof> Proofs(Ledger ledger, long size) => [.. Enumerable.Range(0, (int)size).Where(i => i % 37 == 0).Select(i => ledger.Prove(i, size))];

    private static async Task<int> AssertSameAsync(TemporaryDirectory directory, Checkpoint checkpoint, List<LeafProof> proofs)
    {
        await using var ledger = TestLedger.Open(directory);
        Assert.Equal(checkpoint, (await ledger.GetCheckpointAsync()).Checkpoint);
        Assert.Equivalent(proofs, Proofs(ledger, checkpoint.Size), strict: true);
        return ledger.MendedTiles;
    }

    // Where an opening would go on from.
    private static long ResumedAt(TemporaryDirectory directory)
    {
        using var journal = FileJournal.Open(directory.Journal, TestLedger.SegmentBytes);
        using var tree = new StoredTree(Tree(directory), journal, (_, _) => Assert.Fail("Nothing need be made again."), (_, _) => Assert.Fail("Nothing is flushed."), new());
        return tree.ResumedAt.Position;
    }
}
