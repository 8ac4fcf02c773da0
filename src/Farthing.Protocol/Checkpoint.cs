using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Farthing.Protocol;

/// <summary>The size and root of a log, in the form of C2SP <c>tlog-checkpoint</c>, signed as a C2SP <c>signed-note</c>.</summary>
/// <param name="Origin">The log's unique name, such as <c>farthing.example/ledger</c>; also the name of the signing key. No blanks, no plus sign.</param>
/// <param name="Size">How many leaves.</param>
/// <param name="Root">The 32-byte RFC 6962 root.</param>
/// <remarks>Immutable; safe to share between threads.</remarks>
public sealed record Checkpoint(string Origin, long Size, byte[] Root)
{
    /// <summary>The longest signed note that is read, in characters.</summary>
    public const int MaxNoteLength = SignedNote.MaxLength;

    /// <summary>The signed note: three lines, an empty line, one signature line.</summary>
    /// <exception cref="InvalidOperationException">The origin cannot name a key, the size is negative, or the root is not 32 bytes.</exception>
    public string Sign(SigningKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (!CheckpointKey.IsName(Origin) || Size < 0 || Root.Length != MerkleTree.HashLength)
            throw new InvalidOperationException("A checkpoint needs an origin without blanks and plus signs, a size of zero or more, and a root of 32 bytes.");
        var text = string.Create(CultureInfo.InvariantCulture, $"{Origin}\n{Size}\n{Convert.ToBase64String(Root)}\n");
        return SignedNote.Sign(text, new CheckpointKey(Origin, key.Verifier), key);
    }

    /// <summary>Reads a signed note and checks the signature of the key; other keys' signature lines are passed over.</summary>
    /// <returns>False if the note is malformed, has another origin, or lacks a valid signature by this key. Never throws.</returns>
    /// <remarks>Extension lines after the root, which the format allows, are covered by the signature and otherwise passed over.</remarks>
    public static bool TryVerify(string? note, CheckpointKey key, [NotNullWhen(true)] out Checkpoint? checkpoint)
    {
        ArgumentNullException.ThrowIfNull(key);
        checkpoint = null;
        if (!SignedNote.TryOpen(note, key, out var text)) return false;

        var lines = text.Split('\n');
        if (lines.Length < 4 || lines[^1].Length != 0 || lines[..^1].Any(line => line.Length == 0) || lines[0] != key.Name) return false;
        if (!TryParseSize(lines[1], out var size)) return false;
        if (!SignedNote.TryDecodeBase64(lines[2], out var root) || root.Length != MerkleTree.HashLength) return false;
        checkpoint = new Checkpoint(lines[0], size, root);
        return true;
    }

    private static bool TryParseSize(string text, out long size) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out size) && (text.Length == 1 || text[0] != '0');

    /// <inheritdoc/>
    public bool Equals(Checkpoint? other) =>
        other is not null && Origin == other.Origin && Size == other.Size && Root.AsSpan().SequenceEqual(other.Root);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Origin, Size);
}

/// <summary>A verifier key of C2SP <c>signed-note</c>: <c>name+keyid+base64(0x01 ‖ key)</c>.</summary>
/// <param name="Name">The key's name: the log's origin.</param>
/// <param name="Key">The Ed25519 public key.</param>
/// <remarks>Immutable; safe to share between threads.</remarks>
public sealed record CheckpointKey(string Name, VerifyingKey Key)
{
    private const byte Ed25519Algorithm = 1;
    private const int MaxTextLength = 512;

    /// <summary>The first four bytes of SHA-256(name ‖ line feed ‖ 0x01 ‖ key).</summary>
    internal byte[] KeyId
    {
        get
        {
            Span<byte> hash = stackalloc byte[Sha256.HashLength];
            Sha256.Hash(Encoding.UTF8.GetBytes(Name + "\n"), AlgorithmAndKey(), hash);
            return hash[..4].ToArray();
        }
    }

    /// <summary>Reads a verifier key.</summary>
    /// <returns>False if it is malformed, not Ed25519, or its key id does not match. Never throws.</returns>
    public static bool TryParse(string? text, [NotNullWhen(true)] out CheckpointKey? key)
    {
        key = null;
        if (text is null || text.Length > MaxTextLength) return false;
        // Base64 may contain plus signs, so only the first two divide.
        var parts = text.Split('+', 3);
        if (parts.Length != 3 || !IsName(parts[0])) return false;
        if (!SignedNote.TryDecodeBase64(parts[2], out var bytes) || bytes.Length != 33 || bytes[0] != Ed25519Algorithm) return false;
        if (!VerifyingKey.TryFromBytes(bytes.AsSpan(1), out var verifier)) return false;

        var candidate = new CheckpointKey(parts[0], verifier);
        if (parts[1] != Convert.ToHexStringLower(candidate.KeyId)) return false;
        key = candidate;
        return true;
    }

    /// <summary>The text of the verifier key.</summary>
    public override string ToString() => $"{Name}+{Convert.ToHexStringLower(KeyId)}+{Convert.ToBase64String(AlgorithmAndKey())}";

    /// <summary>True if the text can name a key: not empty, no blanks, no control characters, no plus sign, well-formed.</summary>
    internal static bool IsName(string name) =>
        name.Length is > 0 and <= 255 && !name.Any(c => char.IsWhiteSpace(c) || char.IsControl(c) || c == '+') && SignedNote.IsWellFormed(name);

    private byte[] AlgorithmAndKey() => [Ed25519Algorithm, .. Key.Bytes];
}
