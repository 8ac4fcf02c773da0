using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Farthing.Payments.Wallets;

/// <summary>Seals what belongs to a payment under its wallet's key: version 1 (1 byte), nonce (12), AES-256-GCM ciphertext, tag (16).</summary>
/// <remarks>
/// The payment's id is authenticated with it, so that a memo cannot be read as another payment's. Thread-safe. Setting a cipher up costs several times as much as
/// sealing, so that a wallet in memory keeps one for sealing; its native part is released when the wallet is dropped from memory.
/// </remarks>
internal sealed class MemoCipher(byte[] key)
{
    public const int KeyLength = 32;

    /// <summary>Bytes that sealing adds.</summary>
    public const int Overhead = 1 + NonceLength + TagLength;

    private const byte Version = 1;
    private const int NonceLength = MemoSealer.NonceLength;
    private const int TagLength = MemoSealer.TagLength;

    // Not safe to share between threads: used under the gate.
    private readonly MemoSealer sealer = new(key);
    private readonly Lock gate = new();

    public byte[] Seal(UInt128 id, ReadOnlySpan<byte> plain)
    {
        var memo = new byte[plain.Length + Overhead];
        memo[0] = Version;
        var nonce = memo.AsSpan(1, NonceLength);
        Nonces.WriteNext(nonce);
        Span<byte> associated = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(associated, id);
        lock (gate) sealer.Encrypt(nonce, plain, memo.AsSpan(1 + NonceLength, plain.Length), memo.AsSpan(memo.Length - TagLength), associated);
        return memo;
    }

    /// <summary>Opens a memo.</summary>
    /// <returns>Null if it was not sealed under this key for this id.</returns>
    public byte[]? TryOpen(UInt128 id, ReadOnlySpan<byte> memo)
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

    /// <summary>Random nonces. A call for twelve random bytes costs as much as one for a page of them, so each thread draws a page and uses every byte once.</summary>
    private static class Nonces
    {
        private const int Drawn = 341 * NonceLength;

        [ThreadStatic]
        private static byte[]? page;

        [ThreadStatic]
        private static int left;

        public static void WriteNext(Span<byte> destination)
        {
            page ??= new byte[Drawn];
            if (left == 0)
            {
                RandomNumberGenerator.Fill(page);
                left = Drawn;
            }

            left -= NonceLength;
            page.AsSpan(left, NonceLength).CopyTo(destination);
        }
    }
}
