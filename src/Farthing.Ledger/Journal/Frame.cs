using System.Buffers.Binary;
using System.IO.Hashing;
using Farthing.Ledger.State;

namespace Farthing.Ledger.Journal;

/// <summary>The slot of a frame: a segment's number and a 4 KiB block in it.</summary>
internal readonly record struct FramePlace(int Segment, int Block)
{
    public long Offset => (long)Block * Frame.BlockBytes;

    public override string ToString() => $"{Journal.Segment.FileName(Segment)} at byte {Offset}";
}

/// <summary>What stands at the head of each batch; <c>docs/spec/journal.md</c> gives each byte.</summary>
internal readonly record struct FrameHeader
{
    public const int Length = 128;
    public const int SeedLength = 32;
    public const int SeedOffset = 96;

    public static ReadOnlySpan<byte> Magic => "FARTHBAT"u8;

    /// <summary>XxHash128 of everything in the frame behind it, the padding included; the next frame repeats it.</summary>
    public UInt128 Hash { get; init; }

    public FramePlace Place { get; init; }

    /// <summary>Frames are numbered from zero.</summary>
    public long Sequence { get; init; }

    /// <summary>The position of the first record.</summary>
    public long FirstPosition { get; init; }

    public long UnixMilliseconds { get; init; }

    public int RecordCount { get; init; }

    public int RecordBytes { get; init; }

    /// <summary>The digest of the state after this batch.</summary>
    public UInt128 StateDigest { get; init; }

    /// <summary>The hash of the frame before, zero for the first.</summary>
    public UInt128 PreviousHash { get; init; }

    /// <summary>32 random bytes that the salts of this batch's leaves are derived from.</summary>
    public ReadOnlyMemory<byte> Seed { get; init; }

    public long EndPosition => FirstPosition + RecordCount;

    /// <summary>The bytes that the frame takes in its segment, a multiple of a block.</summary>
    public int FrameBytes => Frame.BytesFor(RecordBytes, RecordCount);

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt128LittleEndian(destination, Hash);
        Magic.CopyTo(destination[16..]);
        BinaryPrimitives.WriteInt32LittleEndian(destination[24..], Place.Segment);
        BinaryPrimitives.WriteInt32LittleEndian(destination[28..], Place.Block);
        BinaryPrimitives.WriteInt64LittleEndian(destination[32..], Sequence);
        BinaryPrimitives.WriteInt64LittleEndian(destination[40..], FirstPosition);
        BinaryPrimitives.WriteInt64LittleEndian(destination[48..], UnixMilliseconds);
        BinaryPrimitives.WriteInt32LittleEndian(destination[56..], RecordCount);
        BinaryPrimitives.WriteInt32LittleEndian(destination[60..], RecordBytes);
        BinaryPrimitives.WriteUInt128LittleEndian(destination[64..], StateDigest);
        BinaryPrimitives.WriteUInt128LittleEndian(destination[80..], PreviousHash);
        Seed.Span.CopyTo(destination[SeedOffset..]);
    }

    /// <returns>False for bytes that cannot be a header of a frame of at most <paramref name="maxFrameBytes"/>. Never throws.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, int maxFrameBytes, out FrameHeader header)
    {
        header = default;
        if (bytes.Length < Length || !bytes[16..24].SequenceEqual(Magic)) return false;
        var count = BinaryPrimitives.ReadInt32LittleEndian(bytes[56..]);
        var length = BinaryPrimitives.ReadInt32LittleEndian(bytes[60..]);
        if (count <= 0 || length < count || Length + length + 4L * count > maxFrameBytes) return false;
        var firstPosition = BinaryPrimitives.ReadInt64LittleEndian(bytes[40..]);
        if (firstPosition < 0 || firstPosition > long.MaxValue - count) return false;
        header = new()
        {
            Hash = BinaryPrimitives.ReadUInt128LittleEndian(bytes),
            Place = new(BinaryPrimitives.ReadInt32LittleEndian(bytes[24..]), BinaryPrimitives.ReadInt32LittleEndian(bytes[28..])),
            Sequence = BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]),
            FirstPosition = firstPosition,
            UnixMilliseconds = BinaryPrimitives.ReadInt64LittleEndian(bytes[48..]),
            RecordCount = count,
            RecordBytes = length,
            StateDigest = BinaryPrimitives.ReadUInt128LittleEndian(bytes[64..]),
            PreviousHash = BinaryPrimitives.ReadUInt128LittleEndian(bytes[80..]),
            Seed = bytes.Slice(SeedOffset, SeedLength).ToArray(),
        };
        return true;
    }
}

/// <summary>One batch as read from a journal. Immutable.</summary>
/// <param name="Header">What stands at its head.</param>
/// <param name="Records">Its records, behind each other.</param>
/// <param name="Offsets">Where each record begins in them, four bytes each.</param>
internal sealed record Frame(FrameHeader Header, ReadOnlyMemory<byte> Records, ReadOnlyMemory<byte> Offsets)
{
    /// <summary>Frames begin at multiples of this, and so does everything that the disk writes at once.</summary>
    public const int BlockBytes = 4096;

    /// <summary>No frame is longer, however large the segments.</summary>
    public const int MaxBytes = 16 << 20;

    public static int BytesFor(int recordBytes, int recordCount) => Align(FrameHeader.Length + recordBytes + 4 * recordCount);

    /// <summary>Where the offset of a record stands, from the beginning of the frame.</summary>
    public static int OffsetEntry(int recordBytes, int index) => FrameHeader.Length + recordBytes + 4 * index;

    /// <summary>Writes a whole frame, padding included, and gives back its header with the hash.</summary>
    public static FrameHeader Encode(in FrameHeader header, BatchBuffer records, Span<byte> destination)
    {
        header.Write(destination);
        records.Bytes.AsSpan(0, records.Length).CopyTo(destination[FrameHeader.Length..]);
        var at = OffsetEntry(records.Length, 0);
        foreach (var offset in records.Offsets)
        {
            BinaryPrimitives.WriteInt32LittleEndian(destination[at..], offset);
            at += 4;
        }
        destination[at..].Clear();
        var hash = HashOf(destination);
        BinaryPrimitives.WriteUInt128LittleEndian(destination, hash);
        return header with { Hash = hash };
    }

    /// <summary>The bytes of one record.</summary>
    /// <exception cref="LedgerDamagedException">The offsets do not fit the records.</exception>
    public ReadOnlySpan<byte> RecordAt(int index)
    {
        var offsets = Offsets.Span;
        var start = BinaryPrimitives.ReadInt32LittleEndian(offsets[(4 * index)..]);
        var end = index == Header.RecordCount - 1 ? Records.Length : BinaryPrimitives.ReadInt32LittleEndian(offsets[(4 * index + 4)..]);
        if (start < 0 || end <= start || end > Records.Length) throw Damage.At(Header, $"record {Header.FirstPosition + index} has no place");
        return Records.Span[start..end];
    }

    public static UInt128 HashOf(ReadOnlySpan<byte> frame) => XxHash128.HashToUInt128(frame[16..]);

    private static int Align(int bytes) => (bytes + BlockBytes - 1) / BlockBytes * BlockBytes;
}
