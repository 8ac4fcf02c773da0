using Farthing.Protocol;

namespace Farthing.Payments;

/// <summary>A key of HMAC-SHA-256 (RFC 2104) that authenticates many short messages.</summary>
/// <remarks>
/// Every request is authenticated, and the framework's call costs as much as all the rest of that: here the padded keys are made once, and the hashing is
/// that of <see cref="Sha256"/>. Immutable; safe to share between threads.
/// </remarks>
internal sealed class HmacKey
{
    private const int BlockLength = 64;

    private readonly byte[] inner = new byte[BlockLength];
    private readonly byte[] outer = new byte[BlockLength];

    /// <param name="key">At most 64 bytes: a longer one would have to be hashed first.</param>
    public HmacKey(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(key.Length, BlockLength, nameof(key));
        key.CopyTo(inner);
        key.CopyTo(outer);
        foreach (ref var b in inner.AsSpan()) b ^= 0x36;
        foreach (ref var b in outer.AsSpan()) b ^= 0x5c;
    }

    /// <summary>Writes the 32 bytes that authenticate a message.</summary>
    public void Authenticate(ReadOnlySpan<byte> message, Span<byte> destination)
    {
        Span<byte> hash = stackalloc byte[Sha256.HashLength];
        Sha256.Hash(inner, message, hash);
        Sha256.Hash(outer, hash, destination);
    }
}
