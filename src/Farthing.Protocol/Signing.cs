using System.Diagnostics.CodeAnalysis;
using NSec.Cryptography;

namespace Farthing.Protocol;

/// <summary>An Ed25519 private key that signs terms, entitlements or checkpoints.</summary>
/// <remarks>Source: RFC 8032, by libsodium. Safe to share between threads. Dispose wipes the key.</remarks>
public sealed class SigningKey : IDisposable
{
    private readonly Key key;

    private SigningKey(Key key)
    {
        this.key = key;
        Verifier = VerifyingKey.FromBytes(key.PublicKey.Export(KeyBlobFormat.RawPublicKey));
    }

    /// <summary>The public half.</summary>
    public VerifyingKey Verifier { get; }

    /// <summary>Makes a new random key.</summary>
    public static SigningKey Create() =>
        new(Key.Create(SignatureAlgorithm.Ed25519, new KeyCreationParameters { ExportPolicy = KeyExportPolicies.AllowPlaintextExport }));

    /// <summary>Reads the 32-byte seed of RFC 8032.</summary>
    /// <exception cref="FormatException">The seed is not 32 bytes.</exception>
    public static SigningKey FromSeed(ReadOnlySpan<byte> seed) =>
        new(Key.Import(SignatureAlgorithm.Ed25519, seed, KeyBlobFormat.RawPrivateKey, new KeyCreationParameters { ExportPolicy = KeyExportPolicies.AllowPlaintextExport }));

    /// <summary>The 32-byte seed, to be stored where only the owner can read it.</summary>
    public byte[] ExportSeed() => key.Export(KeyBlobFormat.RawPrivateKey);

    /// <summary>The 64-byte signature of <paramref name="message"/>.</summary>
    public byte[] Sign(ReadOnlySpan<byte> message) => SignatureAlgorithm.Ed25519.Sign(key, message);

    /// <inheritdoc/>
    public void Dispose() => key.Dispose();
}

/// <summary>An Ed25519 public key.</summary>
/// <remarks>Immutable; safe to share between threads.</remarks>
public sealed class VerifyingKey : IEquatable<VerifyingKey>
{
    private readonly PublicKey key;
    private readonly byte[] raw;

    private VerifyingKey(byte[] raw, PublicKey key)
    {
        this.raw = raw;
        this.key = key;
    }

    /// <summary>The 32 bytes of the key.</summary>
    public ReadOnlySpan<byte> Bytes => raw;

    /// <summary>Reads 32 bytes.</summary>
    /// <exception cref="FormatException">Not 32 bytes, or not a key.</exception>
    public static VerifyingKey FromBytes(ReadOnlySpan<byte> bytes) =>
        TryFromBytes(bytes, out var key) ? key : throw new FormatException("An Ed25519 public key is 32 bytes.");

    /// <summary>Reads 32 bytes.</summary>
    /// <returns>False if there are not 32, or they cannot be a key. Never throws.</returns>
    public static bool TryFromBytes(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out VerifyingKey? key)
    {
        key = PublicKey.TryImport(SignatureAlgorithm.Ed25519, bytes, KeyBlobFormat.RawPublicKey, out var imported) && imported is not null
            ? new VerifyingKey(bytes.ToArray(), imported)
            : null;
        return key is not null;
    }

    /// <summary>Reads standard base64 with padding.</summary>
    /// <returns>False if the text is not base64 of 32 bytes. Never throws.</returns>
    public static bool TryParse(string? text, [NotNullWhen(true)] out VerifyingKey? key)
    {
        key = null;
        return text is { Length: 44 } && SignedNote.TryDecodeBase64(text, out var bytes) && TryFromBytes(bytes, out key);
    }

    /// <summary>True if <paramref name="signature"/> is this key's signature of <paramref name="message"/>.</summary>
    public bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) =>
        signature.Length == 64 && SignatureAlgorithm.Ed25519.Verify(key, message, signature);

    /// <inheritdoc/>
    public bool Equals(VerifyingKey? other) => other is not null && raw.AsSpan().SequenceEqual(other.raw);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as VerifyingKey);

    /// <inheritdoc/>
    public override int GetHashCode() => BitConverter.ToInt32(raw);

    /// <summary>Standard base64 with padding, 44 characters.</summary>
    public override string ToString() => Convert.ToBase64String(raw);
}
