using System.Diagnostics.CodeAnalysis;

namespace Farthing.Protocol;

/// <summary>The size and root of a log, in the form of C2SP <c>tlog-checkpoint</c>, signed as a C2SP <c>signed-note</c>.</summary>
/// <param name="Origin">The log's unique name, such as <c>farthing.example/ledger</c>; also the name of the signing key. No blanks, no plus sign.</param>
/// <param name="Size">How many leaves.</param>
/// <param name="Root">The 32-byte RFC 6962 root.</param>
/// <remarks>Immutable; safe to share between threads.</remarks>
public sealed record Checkpoint(string Origin, long Size, byte[] Root)
{
    /// <summary>The signed note: three lines, an empty line, one signature line.</summary>
    public string Sign(SigningKey key) => throw new NotImplementedException();

    /// <summary>Reads a signed note and checks the signature of the key; other keys' signature lines are passed over.</summary>
    /// <returns>False if the note is malformed, has another origin, or lacks a valid signature by this key. Never throws.</returns>
    public static bool TryVerify(string? note, CheckpointKey key, [NotNullWhen(true)] out Checkpoint? checkpoint) => throw new NotImplementedException();
}

/// <summary>A verifier key of C2SP <c>signed-note</c>: <c>name+keyid+base64(0x01 ‖ key)</c>.</summary>
/// <param name="Name">The key's name: the log's origin.</param>
/// <param name="Key">The Ed25519 public key.</param>
/// <remarks>Immutable; safe to share between threads.</remarks>
public sealed record CheckpointKey(string Name, VerifyingKey Key)
{
    /// <summary>Reads a verifier key.</summary>
    /// <returns>False if it is malformed, not Ed25519, or its key id does not match. Never throws.</returns>
    public static bool TryParse(string? text, [NotNullWhen(true)] out CheckpointKey? key) => throw new NotImplementedException();

    /// <summary>The text of the verifier key.</summary>
    public override string ToString() => throw new NotImplementedException();
}
