using System.Buffers.Binary;
using System.IO.Hashing;
using Farthing.Ledger.State;

namespace Farthing.Ledger.Journal.Sealing;

/// <summary>The parts of an index file, in their order.</summary>
internal enum IndexPart
{
    Frames,
    IdFilter,
    Ids,
    CitationFilter,
    Citations,
    Accounts,
    Marks,
}

/// <summary>What stands at the head of a segment's index file; <c>docs/spec/journal-index.md</c> gives each byte.</summary>
internal sealed record SegmentIndexHeader
{
    /// <summary>The format that this program writes and reads; files of another are made anew.</summary>
    public const int FormatVersion = 1;

    public const int Length = 320;
    public const int PartCount = 7;

    public const int FrameBytes = 28;
    public const int IdBytes = 20;
    public const int AccountBytes = 24;
    public const int MarkBytes = 4;

    private const int HashesOffset = 160;
    private const int HashOffset = 304;
    private const int PartAlignment = 64;

    public required int Segment { get; init; }

    /// <summary>The journal's number.</summary>
    public required UInt128 Journal { get; init; }

    /// <summary>The hash of the frame before the segment's first one, zero for none.</summary>
    public required UInt128 PreviousHash { get; init; }

    /// <summary>The hash of the segment's last frame: the index is of this content and no other.</summary>
    public required UInt128 LastFrameHash { get; init; }

    /// <summary>The number of the first frame.</summary>
    public required long FirstSequence { get; init; }

    public required long FirstPosition { get; init; }

    public required int RecordCount { get; init; }

    public required int FrameCount { get; init; }

    /// <summary>The time of the first batch.</summary>
    public required long FirstUnixMilliseconds { get; init; }

    /// <summary>The time of the last batch.</summary>
    public required long LastUnixMilliseconds { get; init; }

    public required IdTimes Times { get; init; }

    public required int IdCount { get; init; }

    public required int CitationCount { get; init; }

    public required int AccountCount { get; init; }

    public required int MarkCount { get; init; }

    /// <summary>The hash of each part.</summary>
    public required UInt128[] PartHashes { get; init; }

    public long EndPosition => FirstPosition + RecordCount;

    private static ReadOnlySpan<byte> Magic => "FARTHIDX"u8;

    /// <summary>How long a part is, without the padding behind it.</summary>
    public long LengthOf(IndexPart part) => part switch
    {
        IndexPart.Frames => (long)FrameCount * FrameBytes,
        IndexPart.IdFilter => Sealing.IdFilter.BytesFor(IdCount),
        IndexPart.Ids => (long)IdCount * IdBytes,
        IndexPart.CitationFilter => Sealing.IdFilter.BytesFor(CitationCount),
        IndexPart.Citations => (long)CitationCount * IdBytes,
        IndexPart.Accounts => (long)AccountCount * AccountBytes,
        _ => (long)MarkCount * MarkBytes,
    };

    /// <summary>Where each part begins, and at the end of the array how long the file is.</summary>
    public long[] Offsets()
    {
        var offsets = new long[PartCount + 1];
        offsets[0] = Length;
        for (var part = 0; part < PartCount; part++)
            offsets[part + 1] = (offsets[part] + LengthOf((IndexPart)part) + PartAlignment - 1) / PartAlignment * PartAlignment;
        return offsets;
    }

    public void Write(Span<byte> destination)
    {
        destination[..Length].Clear();
        Magic.CopyTo(destination);
        BinaryPrimitives.WriteInt32LittleEndian(destination[8..], FormatVersion);
        BinaryPrimitives.WriteInt32LittleEndian(destination[12..], Segment);
        BinaryPrimitives.WriteUInt128LittleEndian(destination[16..], Journal);
        BinaryPrimitives.WriteUInt128LittleEndian(destination[32..], PreviousHash);
        BinaryPrimitives.WriteUInt128LittleEndian(destination[48..], LastFrameHash);
        BinaryPrimitives.WriteInt64LittleEndian(destination[64..], FirstSequence);
        BinaryPrimitives.WriteInt64LittleEndian(destination[72..], FirstPosition);
        BinaryPrimitives.WriteInt32LittleEndian(destination[80..], RecordCount);
        BinaryPrimitives.WriteInt32LittleEndian(destination[84..], FrameCount);
        BinaryPrimitives.WriteInt64LittleEndian(destination[88..], FirstUnixMilliseconds);
        BinaryPrimitives.WriteInt64LittleEndian(destination[96..], LastUnixMilliseconds);
        BinaryPrimitives.WriteInt64LittleEndian(destination[104..], Times.Lowest);
        BinaryPrimitives.WriteInt64LittleEndian(destination[112..], Times.Highest);
        BinaryPrimitives.WriteInt32LittleEndian(destination[120..], Times.Timeless);
        BinaryPrimitives.WriteInt32LittleEndian(destination[124..], IdCount);
        BinaryPrimitives.WriteInt32LittleEndian(destination[128..], CitationCount);
        BinaryPrimitives.WriteInt32LittleEndian(destination[132..], AccountCount);
        BinaryPrimitives.WriteInt32LittleEndian(destination[136..], MarkCount);
        for (var part = 0; part < PartCount; part++) BinaryPrimitives.WriteUInt128LittleEndian(destination[(HashesOffset + 16 * part)..], PartHashes[part]);
        BinaryPrimitives.WriteUInt128LittleEndian(destination[HashOffset..], HashOf(destination));
    }

    /// <returns>Null for bytes that are not a sound header of this format. Never throws.</returns>
    public static SegmentIndexHeader? Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Length || !bytes.StartsWith(Magic) || BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]) != FormatVersion
            || BinaryPrimitives.ReadUInt128LittleEndian(bytes[HashOffset..]) != HashOf(bytes))
            return null;
        var hashes = new UInt128[PartCount];
        for (var part = 0; part < PartCount; part++) hashes[part] = BinaryPrimitives.ReadUInt128LittleEndian(bytes[(HashesOffset + 16 * part)..]);
        var header = new SegmentIndexHeader
        {
            Segment = BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]),
            Journal = BinaryPrimitives.ReadUInt128LittleEndian(bytes[16..]),
            PreviousHash = BinaryPrimitives.ReadUInt128LittleEndian(bytes[32..]),
            LastFrameHash = BinaryPrimitives.ReadUInt128LittleEndian(bytes[48..]),
            FirstSequence = BinaryPrimitives.ReadInt64LittleEndian(bytes[64..]),
            FirstPosition = BinaryPrimitives.ReadInt64LittleEndian(bytes[72..]),
            RecordCount = BinaryPrimitives.ReadInt32LittleEndian(bytes[80..]),
            FrameCount = BinaryPrimitives.ReadInt32LittleEndian(bytes[84..]),
            FirstUnixMilliseconds = BinaryPrimitives.ReadInt64LittleEndian(bytes[88..]),
            LastUnixMilliseconds = BinaryPrimitives.ReadInt64LittleEndian(bytes[96..]),
            Times = new(BinaryPrimitives.ReadInt64LittleEndian(bytes[104..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[112..]), BinaryPrimitives.ReadInt32LittleEndian(bytes[120..])),
            IdCount = BinaryPrimitives.ReadInt32LittleEndian(bytes[124..]),
            CitationCount = BinaryPrimitives.ReadInt32LittleEndian(bytes[128..]),
            AccountCount = BinaryPrimitives.ReadInt32LittleEndian(bytes[132..]),
            MarkCount = BinaryPrimitives.ReadInt32LittleEndian(bytes[136..]),
            PartHashes = hashes,
        };
        var isSound = header is { Segment: >= 0, FirstSequence: >= 0, FirstPosition: >= 0, RecordCount: > 0, FrameCount: > 0, IdCount: >= 0, CitationCount: >= 0, AccountCount: >= 0, MarkCount: >= 0 }
            && header.FirstPosition <= long.MaxValue - header.RecordCount;
        return isSound ? header : null;
    }

    private static UInt128 HashOf(ReadOnlySpan<byte> header) => XxHash128.HashToUInt128(header[..HashOffset]);
}
