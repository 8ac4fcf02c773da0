namespace Farthing.Ledger.Journal;

/// <summary>Reads a journal from a mark to its last good frame, and tells a torn end from damage. Never writes.</summary>
/// <remarks>
/// One frame at a time is on its way to disk, and the space behind it is zero. So a crash can leave at most one bad frame, at the very end.
/// A bad frame with a good one behind it, or further away from the end than a frame is long, is damage. Another process may append meanwhile.
/// Not thread-safe.
/// </remarks>
/// <param name="segments">The journal's segments from the first one on; those behind them are not looked at.</param>
/// <param name="from">Where to begin. It is believed: the caller has found the frame before it in this journal.</param>
internal sealed class JournalReader(IReadOnlyList<Segment> segments, JournalMark from)
{
    private const int ScanBytes = 1 << 20;

    private readonly FramePlace beginning = from.Place;

    /// <summary>Set when all frames are read: where the next frame goes.</summary>
    public JournalEnd? End { get; private set; }

    /// <summary>The header of the last frame read, if any.</summary>
    public FrameHeader? Last { get; private set; }

    /// <summary>Behind the last frame read.</summary>
    public JournalMark Next { get; private set; } = from;

    public IEnumerable<Frame> ReadFrames()
    {
        var index = beginning.Segment - segments[0].Header.Number;
        foreach (var passedOver in segments.Take(index)) CheckBelongs(passedOver);
        var block = beginning.Block;
        while (index < segments.Count)
        {
            var segment = segments[index];
            CheckBelongs(segment);
            if (TryReadFrame(segment, block, out var frame))
            {
                if (frame.Header.Sequence > Next.Sequence && IsThereNow(Next.Place, ref index, ref block)) continue;
                CheckFollows(frame.Header, new(segment.Header.Number, block));
                Last = frame.Header;
                Next = JournalMark.After(frame.Header);
                block = Next.Place.Block;
                yield return frame;
                continue;
            }

            // Another process may be appending, in order: what is missing here is missing only if it still is after what is behind it was seen.
            var bad = new FramePlace(segment.Header.Number, block);
            if (FindLastUsedByte(segment, block) is { } last)
            {
                var damage = FindDamage(segment, bad, last);
                if (IsThereNow(bad, ref index, ref block) || IsThereNow(Next.Place, ref index, ref block)) continue;
                if (damage is not null) throw damage;
                End = new(bad, last + 1 - bad.Offset);
                yield break;
            }

            index++;
            block = 1;
        }
        End = new(Next.Place, 0);
    }

    private LedgerDamagedException Damaged(FramePlace place, string what) => Damage.At(place, Next.Sequence, Next.Position, what);

    // True if the next frame stands at a place by now; then that is where to go on.
    private bool IsThereNow(FramePlace place, ref int index, ref int block)
    {
        var found = place.Segment - segments[0].Header.Number;
        if (!TryReadFrame(segments[found], place.Block, out var frame) || frame.Header.Sequence != Next.Sequence) return false;
        (index, block) = (found, place.Block);
        return true;
    }

    private void CheckBelongs(Segment segment)
    {
        if (segment.Header.Journal != segments[0].Header.Journal) throw Damaged(new(segment.Header.Number, 0), "the segment belongs to another journal");
    }

    private void CheckFollows(in FrameHeader header, FramePlace place)
    {
        if (header.Place != place) throw Damaged(place, $"the frame belongs at {header.Place}");
        if (header.Sequence != Next.Sequence) throw Damaged(place, $"the frame is batch {header.Sequence}");
        if (header.PreviousHash != Next.PreviousHash) throw Damaged(place, "the frame does not follow the one before it");
        if (header.FirstPosition != Next.Position) throw Damaged(place, $"the frame begins with record {header.FirstPosition}");
    }

    // The frame at `bad` is not good and something stands there or behind it. Null if a crash explains it.
    private LedgerDamagedException? FindDamage(Segment segment, FramePlace bad, long lastUsedByte)
    {
        if (lastUsedByte >= bad.Offset + segment.MaxFrameBytes)
            return Damaged(bad, "a frame is missing or unreadable, and the segment goes on behind it");
        if (FindGoodFrame(segment, bad.Block + 1) is { } good)
            return Damaged(bad, $"a frame is missing or unreadable, and a good one follows at {good}");
        foreach (var later in segments)
        {
            if (later.Header.Number > segment.Header.Number && FindLastUsedByte(later, 1) is not null)
                return Damaged(bad, $"a frame is missing or unreadable, and {Segment.FileName(later.Header.Number)} goes on behind it");
        }
        return null;
    }

    /// <summary>Reads the frame at a block of a segment, if its hash says that a whole one stands there. Thread-safe.</summary>
    public static bool TryReadFrame(Segment segment, int block, out Frame frame)
    {
        frame = null!;
        if (block >= segment.Blocks) return false;
        Span<byte> head = stackalloc byte[FrameHeader.Length];
        var offset = (long)block * Frame.BlockBytes;
        if (segment.File.Read(head, offset) < head.Length || !FrameHeader.TryRead(head, segment.MaxFrameBytes, out var header)) return false;
        if (offset + header.FrameBytes > segment.Header.Bytes) return false;

        var bytes = new byte[header.FrameBytes];
        if (segment.File.Read(bytes, offset) < bytes.Length || Frame.HashOf(bytes) != header.Hash) return false;
        frame = new(header, bytes.AsMemory(FrameHeader.Length, header.RecordBytes), bytes.AsMemory(Frame.OffsetEntry(header.RecordBytes, 0), 4 * header.RecordCount));
        return true;
    }

    private static FramePlace? FindGoodFrame(Segment segment, int fromBlock)
    {
        for (var block = fromBlock; block < segment.Blocks; block++)
        {
            if (TryReadFrame(segment, block, out _)) return new(segment.Header.Number, block);
        }
        return null;
    }

    private static long? FindLastUsedByte(Segment segment, int fromBlock)
    {
        var buffer = new byte[ScanBytes];
        long? last = null;
        for (var at = (long)fromBlock * Frame.BlockBytes; at < segment.Header.Bytes; at += buffer.Length)
        {
            var length = segment.File.Read(buffer.AsSpan(0, (int)Math.Min(buffer.Length, segment.Header.Bytes - at)), at);
            var used = buffer.AsSpan(0, length).LastIndexOfAnyExcept((byte)0);
            if (used >= 0) last = at + used;
        }
        return last;
    }
}

/// <summary>A place between two frames, and what a reader must know to go on from there.</summary>
/// <param name="Place">Where the next frame begins, unless it stands in the next segment.</param>
/// <param name="Sequence">The number of the next frame.</param>
/// <param name="Position">The position of its first record.</param>
/// <param name="PreviousHash">The hash of the frame before, zero at the beginning.</param>
internal readonly record struct JournalMark(FramePlace Place, long Sequence, long Position, UInt128 PreviousHash)
{
    /// <summary>Before the first frame.</summary>
    public static JournalMark Beginning { get; } = new(new(0, 1), 0, 0, 0);

    public static JournalMark After(in FrameHeader header) =>
        new(header.Place with { Block = header.Place.Block + header.FrameBytes / Frame.BlockBytes }, header.Sequence + 1, header.EndPosition, header.Hash);
}

/// <summary>Where a journal ends: where the next frame goes, and how many bytes a torn one left there.</summary>
internal readonly record struct JournalEnd(FramePlace Place, long TornBytes);
