using System.Buffers.Binary;
using System.Text;
using Farthing.Protocol;

namespace Farthing.Payments;

/// <summary>The canonical encoding of a request, each part with its length, and what is hashed from it.</summary>
/// <remarks>Two requests have the same bytes only if every part is the same. Not thread-safe; used once.</remarks>
internal ref struct CanonicalBytes(Span<byte> initial)
{
    private const uint Absent = uint.MaxValue;

    private Span<byte> buffer = initial;
    private int length;

    public void Add(string? text)
    {
        if (text is null)
        {
            BinaryPrimitives.WriteUInt32BigEndian(Reserve(4), Absent);
            return;
        }

        var count = Encoding.UTF8.GetByteCount(text);
        BinaryPrimitives.WriteUInt32BigEndian(Reserve(4), (uint)count);
        Encoding.UTF8.GetBytes(text, Reserve(count));
    }

    public void Add(UInt128 number)
    {
        var span = Reserve(20);
        BinaryPrimitives.WriteUInt32BigEndian(span, 16);
        BinaryPrimitives.WriteUInt128BigEndian(span[4..], number);
    }

    public void Add(UInt128? number)
    {
        if (number is { } given) Add(given);
        else Add(default(string));
    }

    public void Add(Amount? amount)
    {
        Add(amount?.Asset.Code);
        Add(amount?.Units);
    }

    public void Add(ReadOnlySpan<byte> bytes)
    {
        BinaryPrimitives.WriteUInt32BigEndian(Reserve(4), (uint)bytes.Length);
        bytes.CopyTo(Reserve(bytes.Length));
    }

    /// <summary>The first 16 bytes of SHA-256.</summary>
    public readonly UInt128 ToDigest()
    {
        Span<byte> hash = stackalloc byte[Sha256.HashLength];
        Sha256.Hash(buffer[..length], hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }

    /// <summary>An id of this time with 72 bits of SHA-256 and eight zero bits, which number the legs of a chain.</summary>
    public readonly UInt128 ToLegId(long unixMilliseconds = 0)
    {
        Span<byte> hash = stackalloc byte[Sha256.HashLength];
        Sha256.Hash(buffer[..length], hash);
        return ToLegId(hash, unixMilliseconds);
    }

    /// <summary>The timeless id of a purchase made only once, keyed, because a payee chooses one of its parts: 72 bits of a plain hash could be searched for a collision.</summary>
    public readonly UInt128 ToOncePurchaseId(LabelledSecrets secrets)
    {
        Span<byte> hash = stackalloc byte[Sha256.HashLength];
        secrets.WriteOncePurchase(buffer[..length], hash);
        return ToLegId(hash, 0);
    }

    /// <summary>An id without a time: 48 zero bits, then 80 bits of SHA-256.</summary>
    public readonly UInt128 ToTimelessId()
    {
        Span<byte> hash = stackalloc byte[Sha256.HashLength];
        Sha256.Hash(buffer[..length], hash);
        return IdBytes.Compose(0, hash);
    }

    private static UInt128 ToLegId(Span<byte> hash, long unixMilliseconds)
    {
        hash[9] = 0;
        return IdBytes.Compose(unixMilliseconds, hash);
    }

    private Span<byte> Reserve(int count)
    {
        if (length + count > buffer.Length)
        {
            var larger = new byte[Math.Max(buffer.Length * 2, length + count)];
            buffer[..length].CopyTo(larger);
            buffer = larger;
        }

        var span = buffer.Slice(length, count);
        length += count;
        return span;
    }
}
