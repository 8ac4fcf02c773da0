using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace Farthing.Ledger.Journal.Sealing;

/// <summary>The index of a sealed segment: where the records are that bind or cite an id or touch an account, and where the frames are.</summary>
/// <remarks>
/// Each part is held against its hash when it is first used, so that opening costs nothing for what nobody asks; all of a new one by whoever made it. Thread-safe.
/// What is found is still to be held against the record itself.
/// </remarks>
internal sealed class SegmentIndex
{
    private readonly ReadOnlyMemory<byte> file;

    // Null for bytes that are in memory anyway.
    private readonly MappedFile? mapped;
    private readonly long[] offsets;

    // A bit for each part whose hash was right. Written by any thread.
    private int verified;

    private SegmentIndex(ReadOnlyMemory<byte> file, MappedFile? mapped, SegmentIndexHeader header, long[] offsets)
    {
        this.file = file;
        this.mapped = mapped;
        this.offsets = offsets;
        Header = header;
    }

    public SegmentIndexHeader Header { get; }

    /// <returns>Null if the bytes are not those of a whole index file.</returns>
    /// <exception cref="IOException">They are in a file that cannot be read.</exception>
    public static SegmentIndex? Open(ReadOnlyMemory<byte> file)
    {
        if (MemoryMarshal.TryGetMemoryManager<byte, MappedFile>(file, out var mapped)) mapped.Probe(0, Math.Min(SegmentIndexHeader.Length, file.Length));
        if (SegmentIndexHeader.Read(file.Span) is not { } header) return null;
        var offsets = header.Offsets();
        return offsets[^1] == file.Length ? new(file, mapped, header, offsets) : null;
    }

    /// <summary>Holds all parts against their hashes, so that nobody who asks later need wait for it.</summary>
    /// <exception cref="IndexDamagedException">The file is not what was written.</exception>
    public void Verify()
    {
        for (var part = 0; part < SegmentIndexHeader.PartCount; part++) Part((IndexPart)part);
        GC.KeepAlive(this);
    }

    /// <summary>Where the record is that binds an id.</summary>
    /// <param name="id">The id.</param>
    /// <param name="hash">Its <see cref="IdFilter.HashOf"/>.</param>
    /// <param name="position">The record's position.</param>
    /// <exception cref="IndexDamagedException">The file is not what was written.</exception>
    public bool TryFindId(UInt128 id, UInt128 hash, out long position) => TryFind(IndexPart.IdFilter, IndexPart.Ids, Header.IdCount, id, hash, out position);

    /// <summary>Where the newest record of this segment is that posts, voids, expires or refunds an id.</summary>
    /// <exception cref="IndexDamagedException">The file is not what was written.</exception>
    public bool TryFindCitation(UInt128 id, UInt128 hash, out long position) =>
        TryFind(IndexPart.CitationFilter, IndexPart.Citations, Header.CitationCount, id, hash, out position);

    /// <summary>A record of an account from which few steps back lead to its newest one that is not after a position.</summary>
    /// <param name="account">The account.</param>
    /// <param name="atMost">The position, not before this segment.</param>
    /// <param name="from">The record to begin with; it may itself be after the position.</param>
    /// <returns>False if no record of this segment touches the account.</returns>
    /// <exception cref="IndexDamagedException">The file is not what was written.</exception>
    public bool TryFindTouch(UInt128 account, long atMost, out long from)
    {
        from = -1;
        var accounts = Part(IndexPart.Accounts);
        var index = Search(accounts, Header.AccountCount, account);
        if (index < 0) return false;
        from = PositionOf(accounts, 16 * Header.AccountCount + 4 * index);
        var ends = accounts[(20 * Header.AccountCount)..];
        var low = index == 0 ? 0 : ReadCount(ends, index - 1);
        var end = ReadCount(ends, index);
        if (from <= atMost) return true;

        var marks = Part(IndexPart.Marks);
        if (low > end || end > Header.MarkCount) throw new IndexDamagedException(Header.Segment);
        for (var high = end; low < high;)
        {
            var middle = low + (high - low) / 2;
            if (PositionOf(marks, 4 * middle) < atMost) low = middle + 1;
            else high = middle;
        }
        if (low < end) from = PositionOf(marks, 4 * low);
        GC.KeepAlive(this);
        return true;
    }

    /// <summary>The frame that holds a record of this segment.</summary>
    /// <exception cref="IndexDamagedException">The file is not what was written.</exception>
    public FrameIndex.Entry FindFrame(long position)
    {
        var frames = Part(IndexPart.Frames);
        var low = 0;
        var high = Header.FrameCount - 1;
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (BinaryPrimitives.ReadInt64LittleEndian(frames[(SegmentIndexHeader.FrameBytes * middle)..]) <= position) low = middle;
            else high = middle - 1;
        }
        var found = FrameAt(frames, low);
        GC.KeepAlive(this);
        return found;
    }

    /// <summary>How many of the journal's records are older than a moment, if the first one that is not is in this segment or the next.</summary>
    /// <exception cref="IndexDamagedException">The file is not what was written.</exception>
    public long SizeBefore(long unixMilliseconds)
    {
        var frames = Part(IndexPart.Frames);
        var low = 0;
        var high = Header.FrameCount;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (BinaryPrimitives.ReadInt64LittleEndian(frames[(SegmentIndexHeader.FrameBytes * middle + 8)..]) < unixMilliseconds) low = middle + 1;
            else high = middle;
        }
        var size = low == 0 ? Header.FirstPosition : FrameAt(frames, low - 1).EndPosition;
        GC.KeepAlive(this);
        return size;
    }

    private FrameIndex.Entry FrameAt(ReadOnlySpan<byte> frames, int index)
    {
        var frame = frames[(SegmentIndexHeader.FrameBytes * index)..];
        return new(
            BinaryPrimitives.ReadInt64LittleEndian(frame),
            BinaryPrimitives.ReadInt64LittleEndian(frame[8..]),
            new(Header.Segment, BinaryPrimitives.ReadInt32LittleEndian(frame[16..])),
            BinaryPrimitives.ReadInt32LittleEndian(frame[20..]),
            BinaryPrimitives.ReadInt32LittleEndian(frame[24..]));
    }

    private bool TryFind(IndexPart filter, IndexPart sorted, int count, UInt128 id, UInt128 hash, out long position)
    {
        position = -1;
        if (!IdFilter.MayHold(Part(filter), hash)) return false;
        var ids = Part(sorted);
        var index = Search(ids, count, id);
        if (index < 0) return false;
        position = PositionOf(ids, 16 * count + 4 * index);
        GC.KeepAlive(this);
        return true;
    }

    // Ids stand in ascending order at the head of their part.
    private static int Search(ReadOnlySpan<byte> part, int count, UInt128 id)
    {
        var low = 0;
        var high = count - 1;
        while (low <= high)
        {
            var middle = low + (high - low) / 2;
            var found = BinaryPrimitives.ReadUInt128LittleEndian(part[(16 * middle)..]);
            if (found == id) return middle;
            if (found < id) low = middle + 1;
            else high = middle - 1;
        }
        return -1;
    }

    private long PositionOf(ReadOnlySpan<byte> part, int offset)
    {
        var ordinal = BinaryPrimitives.ReadInt32LittleEndian(part[offset..]);
        return ordinal >= 0 && ordinal < Header.RecordCount ? Header.FirstPosition + ordinal : throw new IndexDamagedException(Header.Segment);
    }

    private int ReadCount(ReadOnlySpan<byte> counts, int index)
    {
        var count = BinaryPrimitives.ReadInt32LittleEndian(counts[(4 * index)..]);
        return count >= 0 ? count : throw new IndexDamagedException(Header.Segment);
    }

    // Whoever calls this keeps the index alive until it has read: see MappedFile.
    private ReadOnlySpan<byte> Part(IndexPart part)
    {
        var bytes = file.Span.Slice((int)offsets[(int)part], (int)Header.LengthOf(part));
        var bit = 1 << (int)part;
        if ((Volatile.Read(ref verified) & bit) != 0) return bytes;
        try
        {
            mapped?.Probe((int)offsets[(int)part], bytes.Length);
        }
        catch (IOException)
        {
            throw new IndexDamagedException(Header.Segment);
        }
        if (XxHash128.HashToUInt128(bytes) != Header.PartHashes[(int)part]) throw new IndexDamagedException(Header.Segment);
        Interlocked.Or(ref verified, bit);
        // A look-up needs few of the pages that were just read; all indexes together would fill the memory.
        mapped?.LetGo();
        return bytes;
    }
}

/// <summary>The index of a segment is not what was written; it is made again from the segment.</summary>
internal sealed class IndexDamagedException(int segment) : Exception($"The index of {Segment.FileName(segment)} is damaged.")
{
    public int SegmentNumber { get; } = segment;
}
