using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Farthing.Payments.Wallets;

/// <summary>Seals what belongs to a payment under its wallet's key: version 1 (1 byte), nonce (12), AES-256-GCM ciphertext, tag (16).</summary>
/// <remarks>The payment's id is authenticated with it, so that a memo cannot be read as another payment's. Thread-safe.</remarks>
internal static class MemoCipher
{
    public const int KeyLength = 32;

    /// <summary>Bytes that sealing adds.</summary>
    public const int Overhead = 1 + NonceLength + TagLength;

    private const byte Version = 1;
    private const int NonceLength = 12;
    private const int TagLength = 16;

    public static byte[] Seal(byte[] key, UInt128 id, ReadOnlySpan<byte> plain)
    {
        var memo = new byte[plain.Length + Overhead];
        memo[0] = Version;
        var nonce = memo.AsSpan(1, NonceLength);
        RandomNumberGenerator.Fill(nonce);
        Span<byte> associated = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(associated, id);
        using var aes = new AesGcm(key, TagLength);
        aes.Encrypt(nonce, plain, memo.AsSpan(1 + NonceLength, plain.Length), memo.AsSpan(memo.Length - TagLength), associated);
        return memo;
    }

    /// <summary>Opens a memo.</summary>
    /// <returns>Null if it was not sealed under this key for this id.</returns>
    public static byte[]? TryOpen(byte[] key, UInt128 id, ReadOnlySpan<byte> memo)
    {
        if (memo.Length < Overhead || memo[0] != Version) return null;
        var plain = new byte[memo.Length - Overhead];
        Span<byte> associated = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(associated, id);
        using var aes = new AesGcm(key, TagLength);
        try
        {
            aes.Decrypt(memo.Slice(1, NonceLength), memo.Slice(1 + NonceLength, plain.Length), memo[^TagLength..], plain, associated);
            return plain;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }
}
