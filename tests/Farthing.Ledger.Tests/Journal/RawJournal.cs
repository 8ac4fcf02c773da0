using Farthing.Ledger.Journal;
using Farthing.Ledger.State;

namespace Farthing.Ledger.Tests.Journal;

/// <summary>Journals of bytes that mean nothing: what is beneath the state machine.</summary>
internal static class RawJournal
{
    // Small, because the tests of every byte read it thousands of times.
    private const int SegmentBytes = 128 << 10;

    /// <summary>A buffer of records of the given lengths, each filled with its own byte, never zero.</summary>
    public static BatchBuffer Records(params int[] lengths)
    {
        var buffer = new BatchBuffer();
        foreach (var length in lengths)
        {
            buffer.Reserve(length)[..length].Fill((byte)(buffer.Offsets.Count % 255 + 1));
            buffer.Advance(length);
        }
        return buffer;
    }

    public static FrameHeader Header(long firstPosition) => new()
    {
        FirstPosition = firstPosition,
        UnixMilliseconds = 1_700_000_000_000 + firstPosition,
        StateDigest = (UInt128)0xABCDEF + (UInt128)firstPosition,
        Seed = Enumerable.Range(1, 32).Select(i => (byte)i).ToArray(),
    };

    /// <summary>Writes one frame for each array of record lengths.</summary>
    public static List<FrameHeader> Write(TemporaryDirectory directory, params int[][] frames)
    {
        using var journal = FileJournal.Open(directory.Journal, SegmentBytes);
        var position = journal.ReadFrames(JournalMark.Beginning).Select(frame => frame.Header.EndPosition).LastOrDefault();
        Assert.Null(journal.Recover());
        var headers = new List<FrameHeader>();
        foreach (var lengths in frames)
        {
            headers.Add(journal.Append(Header(position), Records(lengths)));
            position += lengths.Length;
        }
        return headers;
    }

    /// <summary>Opens, reads everything and recovers.</summary>
    public static (List<Frame> Frames, string? Note) Recover(TemporaryDirectory directory)
    {
        using var journal = FileJournal.Open(directory.Journal, SegmentBytes);
        var frames = journal.ReadFrames(JournalMark.Beginning).ToList();
        return (frames, journal.Recover());
    }

    /// <summary>Changes bytes of a segment where a frame stands.</summary>
    public static void Overwrite(TemporaryDirectory directory, FramePlace place, long offset, ReadOnlySpan<byte> bytes)
    {
        using var file = DurableFile.OpenForWriting(directory.Segment(place.Segment));
        file.Write(bytes, place.Offset + offset);
    }

    public static byte[] Read(TemporaryDirectory directory, FramePlace place, int length)
    {
        using var file = DurableFile.OpenForReading(directory.Segment(place.Segment));
        var bytes = new byte[length];
        file.Read(bytes, place.Offset);
        return bytes;
    }
}
