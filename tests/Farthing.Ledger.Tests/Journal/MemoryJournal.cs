using Farthing.Ledger.Journal;
using Farthing.Ledger.State;

namespace Farthing.Ledger.Tests.Journal;

/// <summary>A journal in memory, in segments of as few blocks as a test likes. Appended to by one thread.</summary>
internal sealed class MemoryJournal(int segmentBlocks, UInt128? number = null) : IJournal
{
    private readonly List<Dictionary<int, byte[]>> segments = [[]];
    private FramePlace next = new(0, 1);
    private long sequence;
    private UInt128 previousHash;

    public UInt128 Number { get; } = number ?? 77;

    public string? NotReadyReason => null;

    public int MaxBatchBytes => (segmentBlocks - 1) * Frame.BlockBytes - FrameHeader.Length;

    /// <summary>The segment that is written now.</summary>
    public int OpenSegment => next.Segment;

    public IEnumerable<Frame> ReadFrames(JournalMark from) => ReadFrames(from, segments.Count - 1);

    public IEnumerable<Frame> ReadFrames(JournalMark from, int throughSegment)
    {
        for (var segment = from.Place.Segment; segment <= throughSegment; segment++)
        {
            foreach (var (block, bytes) in segments[segment].OrderBy(frame => frame.Key))
            {
                if (segment > from.Place.Segment || block >= from.Place.Block) yield return ToFrame(bytes);
            }
        }
    }

    public bool TryReadHeader(FramePlace place, out FrameHeader header)
    {
        header = default;
        return place.Segment >= 0 && place.Segment < segments.Count && segments[place.Segment].TryGetValue(place.Block, out var bytes)
            && FrameHeader.TryRead(bytes, Frame.MaxBytes, out header);
    }

    public string? Recover() => null;

    public FrameHeader Append(in FrameHeader batch, BatchBuffer records)
    {
        var bytes = new byte[Frame.BytesFor(records.Length, records.Offsets.Count)];
        if (next.Block + (bytes.Length / Frame.BlockBytes) > segmentBlocks) BeginSegment();
        var header = Frame.Encode(batch with
        {
            Place = next,
            Sequence = sequence,
            PreviousHash = previousHash,
            RecordCount = records.Offsets.Count,
            RecordBytes = records.Length,
        }, records, bytes);
        segments[next.Segment].Add(next.Block, bytes);
        next = next with { Block = next.Block + (bytes.Length / Frame.BlockBytes) };
        sequence++;
        previousHash = header.Hash;
        return header;
    }

    public void BeginSegment()
    {
        segments.Add([]);
        next = new(next.Segment + 1, 1);
    }

    public void Read(FramePlace place, int offset, Span<byte> destination) =>
        segments[place.Segment][place.Block].AsSpan(offset, destination.Length).CopyTo(destination);

    public void Dispose()
    {
    }

    private static Frame ToFrame(byte[] bytes)
    {
        Assert.True(FrameHeader.TryRead(bytes, Frame.MaxBytes, out var header));
        return new(header, bytes.AsMemory(FrameHeader.Length, header.RecordBytes), bytes.AsMemory(Frame.OffsetEntry(header.RecordBytes, 0), 4 * header.RecordCount));
    }
}
