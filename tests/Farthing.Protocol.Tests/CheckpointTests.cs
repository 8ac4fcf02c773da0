namespace Farthing.Protocol.Tests;

public class CheckpointTests
{
    private const string GoKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    // The example of the Go module golang.org/x/mod/sumdb/note.
    private const string GoSeed = "gQoUAtUUbI2E8kQzMPVAgOv5juF9nHT2JS/F1ccoMXM=";
    private const string GoNote = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
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
}
