namespace Farthing.Protocol.Tests;

public class CheckpointTests
{
    internal const string GoKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    // The example of the Go module golang.org/x/mod/sumdb/note.
    internal const string GoSeed = "gQoUAtUUbI2E8kQzMPVAgOv5juF9nHT2JS/F1ccoMXM=";
    internal const string GoNote = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
        + "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    [Fact]
    public void Example_of_go_sumdb_verifies_and_is_signed_alike()
    {
        Assert.True(CheckpointKey.TryParse(GoKey, out var key));
        Assert.Equal(GoKey, key.ToString());
        Assert.True(SignedNote.TryOpen(GoNote, key, out var text));
        Assert.Equal(GoNote.Split("\n\n")[0] + "\n", text);

        using var signer = SigningKey.FromSeed(Convert.FromBase64String(GoSeed));
        Assert.Equal(key.Key, signer.Verifier);
        Assert.Equal(GoNote, SignedNote.Sign(text, key, signer));
    }

    [Fact]
    public void Mangled_verifier_keys_are_refused()
    {
        var refused = 0;
        for (var start = 0; start <= GoKey.Length; start++)
        {
            for (var end = start; end <= GoKey.Length; end++)
            {
                if (start == 0 && end == GoKey.Length) continue;
                Assert.False(CheckpointKey.TryParse(GoKey[start..end], out _));
                refused++;
            }
        }

        for (var i = 0; i < GoKey.Length; i++)
        {
            Assert.False(CheckpointKey.TryParse(GoKey[..i] + (char)(GoKey[i] + 1) + GoKey[(i + 1)..], out _), $"character {i}");
            refused++;
        }

        // The two examples of the Go tests whose key ids fit: a key of the wrong length, and another algorithm.
        Assert.False(CheckpointKey.TryParse("PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==", out _));
        Assert.False(CheckpointKey.TryParse("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", out _));
        Assert.False(CheckpointKey.TryParse(GoKey.Replace("c74f20a3", "C74F20A3", StringComparison.Ordinal), out _));
        Assert.InRange(refused, 2_000, 4_000);
    }

    [Fact]
    public void Signed_checkpoint_reads_back_under_its_key_and_origin_only()
    {
        var (checkpoint, key, note) = Example();
        Assert.True(Checkpoint.TryVerify(note, key, out var read));
        Assert.Equal(checkpoint, read);
        Assert.False(Checkpoint.TryVerify(note, key with { Key = Keys.Stranger.Verifier }, out _));
        Assert.False(Checkpoint.TryVerify(note, key with { Name = "other.example/ledger" }, out _));
    }

    [Fact]
    public void Signatures_of_witnesses_are_passed_over_but_ours_must_hold()
    {
        var (_, key, note) = Example();
        const string Witness = "— witness.example x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
        Assert.True(Checkpoint.TryVerify(note + Witness, key, out _));
        var divide = note.IndexOf("\n\n", StringComparison.Ordinal) + 2;
        Assert.True(Checkpoint.TryVerify(note[..divide] + Witness + note[divide..], key, out _));
        Assert.False(Checkpoint.TryVerify(note[..divide] + Witness, key, out _));

        var body = note[..(divide - 1)];
        var wrong = SignedNote.Sign(body + "more\n", key, Keys.Operator)[(divide + "more\n".Length)..];
        Assert.False(Checkpoint.TryVerify(note + wrong, key, out _));
    }

    [Fact]
    public void Any_changed_byte_breaks_the_note()
    {
        var (_, key, note) = Example();
        for (var i = 0; i < note.Length; i++)
            Assert.False(Checkpoint.TryVerify(note[..i] + (char)(note[i] ^ 1) + note[(i + 1)..], key, out _), $"character {i}");
    }

    [Theory]
    [InlineData("farthing.example/ledger\n5\nROOT\n", true)]
    [InlineData("farthing.example/ledger\n5\nROOT\nan extension\n", true)]
    [InlineData("farthing.example/ledger\n05\nROOT\n", false)]
    [InlineData("farthing.example/ledger\n-5\nROOT\n", false)]
    [InlineData("farthing.example/ledger\n+5\nROOT\n", false)]
    [InlineData("farthing.example/ledger\n5 \nROOT\n", false)]
    [InlineData("farthing.example/ledger\n9223372036854775808\nROOT\n", false)]
    [InlineData("farthing.example/ledger\n5\nROOT=\n", false)]
    [InlineData("farthing.example/ledger\n5\nAAAA\n", false)]
    [InlineData("farthing.example/ledger\n5\n", false)]
    [InlineData("farthing.example/ledger\n5\nROOT\n\nmore\n", false)]
    [InlineData("other.example/ledger\n5\nROOT\n", false)]
    [InlineData("\n5\nROOT\n", false)]
    [InlineData("farthing.example/ledger\n5\nROOT\na\tb\n", false)]
    public void Only_the_canonical_text_is_a_checkpoint_even_if_signed(string text, bool isCheckpoint)
    {
        var (checkpoint, key, _) = Example();
        var note = SignedNote.Sign(text.Replace("ROOT", Convert.ToBase64String(checkpoint.Root), StringComparison.Ordinal), key, Keys.Operator);
        Assert.Equal(isCheckpoint, Checkpoint.TryVerify(note, key, out _));
    }

    [Fact]
    public void Checkpoint_that_could_not_be_read_is_not_signed()
    {
        var root = new byte[32];
        Assert.Throws<InvalidOperationException>(() => new Checkpoint("a b", 1, root).Sign(Keys.Operator));
        Assert.Throws<InvalidOperationException>(() => new Checkpoint("a+b", 1, root).Sign(Keys.Operator));
        Assert.Throws<InvalidOperationException>(() => new Checkpoint("", 1, root).Sign(Keys.Operator));
        Assert.Throws<InvalidOperationException>(() => new Checkpoint("a", -1, root).Sign(Keys.Operator));
        Assert.Throws<InvalidOperationException>(() => new Checkpoint("a", 1, new byte[31]).Sign(Keys.Operator));
    }

    private static (Checkpoint Checkpoint, CheckpointKey Key, string Note) Example()
    {
        var root = new byte[32];
        Sha256.Hash("root"u8, root);
        var checkpoint = new Checkpoint(ReceiptStory.Origin, 1204, root);
        return (checkpoint, ReceiptStory.Key, checkpoint.Sign(Keys.Operator));
    }
}
