using System.Buffers.Binary;
using System.IO.Hashing;

namespace Farthing.Ledger.Snapshots;

/// <summary>A stretch of a snapshot that is hashed together with all before it.</summary>
internal static class SnapshotBlock
{
    /// <summary>The hash, and how many bytes follow.</summary>
    public const int HeadLength = 20;

    /// <summary>The most bytes behind the head.</summary>
    public const int MaxBytes = 64 << 10;

    /// <summary>The hash of a block whose length and bytes these are.</summary>
    public static UInt128 HashOf(UInt128 previous, ReadOnlySpan<byte> lengthAndBytes)
    {
        Span<byte> before = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128LittleEndian(before, previous);
        var hash = new XxHash128();
        hash.Append(before);
        hash.Append(lengthAndBytes);
        return hash.GetCurrentHashAsUInt128();
    }
}
