using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Farthing.Protocol;

/// <summary>C2SP <c>signed-note</c>: a text that ends with a line feed, an empty line, and signature lines <c>— name base64(key id ‖ signature)</c>.</summary>
/// <remarks>Source: https://c2sp.org/signed-note.</remarks>
internal static class SignedNote
{
    /// <summary>The longest note that is read, in characters: room for the signatures of many witnesses.</summary>
    public const int MaxLength = 64 << 10;

    private const int MaxSignatures = 100;
    private const int KeyIdLength = 4;
    private const string SignaturePrefix = "— ";

    public static string Sign(string text, CheckpointKey name, SigningKey key)
    {
        var signature = key.Sign(Encoding.UTF8.GetBytes(text));
        return $"{text}\n{SignaturePrefix}{name.Name} {Convert.ToBase64String([.. name.KeyId, .. signature])}\n";
    }

    /// <summary>Finds the text of a note that bears a valid signature by <paramref name="key"/>.</summary>
    /// <returns>False if any line is malformed, or a signature that claims this key is missing or wrong. Never throws.</returns>
    public static bool TryOpen(string? note, CheckpointKey key, [NotNullWhen(true)] out string? text)
    {
        text = null;
        if (note is null || note.Length > MaxLength || !note.EndsWith('\n') || note.Any(c => c < ' ' && c != '\n') || !IsWellFormed(note)) return false;
        var divide = note.LastIndexOf("\n\n", StringComparison.Ordinal);
        if (divide < 0) return false;

        var body = note[..(divide + 1)];
        var signatures = note[(divide + 2)..].Split('\n');
        // Text after the last line feed is empty: the note ends with one.
        if (signatures.Length < 2 || signatures.Length - 1 > MaxSignatures) return false;

        var message = Encoding.UTF8.GetBytes(body);
        var keyId = key.KeyId;
        var verified = false;
        foreach (var line in signatures.AsSpan(0, signatures.Length - 1))
        {
            if (!TryReadSignature(line, out var name, out var bytes)) return false;
            if (name != key.Name || !bytes.AsSpan(0, KeyIdLength).SequenceEqual(keyId)) continue;
            if (!key.Key.Verify(message, bytes.AsSpan(KeyIdLength))) return false;
            verified = true;
        }

        text = verified ? body : null;
        return verified;
    }

    /// <summary>Reads standard base64 with padding, without blanks or stray trailing bits.</summary>
    public static bool TryDecodeBase64(string text, out byte[] bytes)
    {
        bytes = new byte[text.Length / 4 * 3];
        if (text.Length % 4 != 0 || !Convert.TryFromBase64String(text, bytes, out var length) || Convert.ToBase64String(bytes, 0, length) != text) return false;
        bytes = bytes[..length];
        return true;
    }

    /// <summary>False if the text has half a surrogate pair, which UTF-8 cannot say.</summary>
    public static bool IsWellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            if (!char.IsHighSurrogate(text[i]) || i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1])) return false;
            i++;
        }

        return true;
    }

    private static bool TryReadSignature(string line, out string name, out byte[] bytes)
    {
        name = "";
        bytes = [];
        if (!line.StartsWith(SignaturePrefix, StringComparison.Ordinal)) return false;
        var parts = line[SignaturePrefix.Length..].Split(' ');
        if (parts.Length != 2 || !CheckpointKey.IsName(parts[0])) return false;
        name = parts[0];
        return TryDecodeBase64(parts[1], out bytes) && bytes.Length > KeyIdLength;
    }
}
