using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using Farthing.Ledger.State;

namespace Farthing.Ledger.Journal;

/// <summary>The journal in a directory of segments.</summary>
internal sealed class FileJournal : IJournal
{
    private readonly string directory;
    private readonly SegmentHeader shape;
    private readonly Disk disk;
    private readonly Action<string, Exception> endProcess;
    private readonly bool preparesBeside;
    private readonly Action<string, Exception>? report;
    private readonly byte[] frame;
    private JournalReader? reader;
    private SegmentPreparer? preparer;

    // Replaced whole by the appending thread; read by any.
    private volatile Segment[] segments;

    // Written only by the appending thread.
    private FramePlace next;
    private long sequence;
    private UInt128 previousHash;

    private FileJournal(string directory, Segment[] segments, Disk disk, Action<string, Exception> endProcess, bool preparesBeside, Action<string, Exception>? report)
    {
        this.directory = directory;
        this.segments = segments;
        this.disk = disk;
        this.endProcess = endProcess;
        this.preparesBeside = preparesBeside;
        this.report = report;
        shape = segments[0].Header;
        frame = new byte[Math.Min(Frame.MaxBytes, shape.Bytes - Frame.BlockBytes)];
    }

    public UInt128 Number => shape.Journal;

    public string? NotReadyReason => preparer?.NotReadyReason;

    /// <summary>Bytes of a torn frame behind the last good one, once all frames were read.</summary>
    public long TornBytes => reader?.End?.TornBytes ?? 0;

    public int MaxBatchBytes => frame.Length - FrameHeader.Length;

    /// <summary>Opens the journal in a directory that the caller has locked; makes the first segment if there is none.</summary>
    /// <param name="directory">Where the segments are.</param>
    /// <param name="segmentBytes">The size of segments of a new journal; one that is there keeps its own, so that a frame that fits one fits all.</param>
    /// <param name="endProcess">Called when the next segment cannot be made durable. Default: ends the process.</param>
    /// <param name="disk">Default: the real one.</param>
    /// <param name="preparesBeside">False to prepare the next segment on the appending thread: a simulation has no other.</param>
    /// <param name="report">Told when there is no room for the next segment.</param>
    /// <exception cref="LedgerDamagedException">Segments are missing or not what they should be.</exception>
    public static FileJournal Open(string directory, long segmentBytes, Action<string, Exception>? endProcess = null, Disk? disk = null, bool preparesBeside = true, Action<string, Exception>? report = null)
    {
        disk ??= Disk.Real;
        disk.CreateDirectory(directory);
        foreach (var halfMade in disk.List(directory, "*.segment.new")) disk.Delete(halfMade);
        var segments = OpenSegments(directory, forWriting: true, disk);
        if (segments.Length == 0)
        {
            disk.FlushDirectory(Path.GetDirectoryName(Path.GetFullPath(directory))!);
            segments = [Segment.Prepare(directory, new(0, segmentBytes, BinaryPrimitives.ReadUInt128LittleEndian(RandomNumberGenerator.GetBytes(16))), disk)];
        }
        return new(directory, segments, disk, endProcess ?? Ledger.EndProcess, preparesBeside, report);
    }

    /// <summary>Opens a journal to read it only, whoever else has it open. Null if it has no segment.</summary>
    /// <exception cref="LedgerDamagedException">Segments are missing or not what they should be.</exception>
    public static FileJournal? OpenForReading(string directory, Disk disk)
    {
        var segments = OpenSegments(directory, forWriting: false, disk);
        return segments.Length == 0 ? null : new(directory, segments, disk, Ledger.EndProcess, preparesBeside: false, report: null);
    }

    /// <summary>Where the segments of a data directory are.</summary>
    public static string DirectoryIn(string dataDirectory) => Path.Combine(dataDirectory, "journal");

    /// <summary>Opens all segments of a directory and its archives, which must be numbered without a gap. Archived ones are never written to.</summary>
    public static Segment[] OpenSegments(string directory, bool forWriting, Disk? disk = null)
    {
        var segments = new List<Segment>();
        try
        {
            foreach (var place in Archives.Locate(directory, disk ?? Disk.Real)) segments.Add(Segment.Open(place, segments.Count, forWriting && place == directory, disk));
            return [.. segments];
        }
        catch
        {
            foreach (var segment in segments) segment.Dispose();
            throw;
        }
    }

    public IEnumerable<Frame> ReadFrames(JournalMark from)
    {
        reader = new(segments, from);
        return reader.ReadFrames();
    }

    public IEnumerable<Frame> ReadFrames(JournalMark from, int throughSegment) => new JournalReader(segments[..(throughSegment + 1)], from).ReadFrames();

    public bool TryReadHeader(FramePlace place, out FrameHeader header)
    {
        header = default;
        var known = segments;
        if (place.Segment < 0 || place.Segment >= known.Length || place.Block < 1 || place.Block >= known[place.Segment].Blocks) return false;
        if (!JournalReader.TryReadFrame(known[place.Segment], place.Block, out var found) || found.Header.Place != place) return false;
        header = found.Header;
        return true;
    }

    public string? Recover()
    {
        if (reader?.End is not { } end) throw new InvalidOperationException("Frames must be read to the end first.");
        next = end.Place;
        sequence = reader.Next.Sequence;
        previousHash = reader.Next.PreviousHash;
        preparer = NewPreparer();

        // A process may have ended after a write or a new name and before its flush: then what was read stood in the system's memory only, and must not
        // be answered for yet. Of the frames that can be so only of the last, as each one was flushed before the next was written.
        var file = segments[next.Segment].File;
        if (reader.Last is { } last && last.Place.Segment == next.Segment) WriteAgain(file, last);
        // A shorter frame must not leave the torn one's end behind it.
        var zeros = new byte[Frame.BlockBytes];
        for (long cut = 0; cut < end.TornBytes; cut += zeros.Length) file.Write(zeros, next.Offset + cut);
        file.Flush();
        disk.FlushDirectory(directory);
        if (end.TornBytes == 0) return null;
        return string.Create(CultureInfo.InvariantCulture, $"The last write had not finished when the process ended: {end.TornBytes} bytes at {next} were cut. Nothing in them had been acknowledged.");
    }

    public FrameHeader Append(in FrameHeader batch, BatchBuffer records)
    {
        var length = Frame.BytesFor(records.Length, records.Offsets.Count);
        var segment = segments[next.Segment];
        if (next.Offset + length > segment.Header.Bytes) segment = TakeNextSegment();

        var bytes = frame.AsSpan(0, length);
        var header = Frame.Encode(batch with
        {
            Place = next,
            Sequence = sequence,
            PreviousHash = previousHash,
            RecordCount = records.Offsets.Count,
            RecordBytes = records.Length,
        }, records, bytes);
        segment.File.Write(bytes, next.Offset);
        segment.File.Flush();

        next = next with { Block = next.Block + length / Frame.BlockBytes };
        sequence++;
        previousHash = header.Hash;
        if (next.Offset > segment.Header.Bytes / 2 && next.Segment == segments.Length - 1) preparer!.Begin();
        return header;
    }

    public void Read(FramePlace place, int offset, Span<byte> destination)
    {
        var segment = segments[place.Segment];
        if (segment.File.Read(destination, place.Offset + offset) < destination.Length)
            throw new LedgerDamagedException($"{segment.File.Path} became shorter while it was in use.");
    }

    public void Dispose()
    {
        preparer?.Dispose();
        foreach (var segment in segments) segment.Dispose();
    }

    // If a flush failed, the system may hold the bytes as written though they are not on disk, and a flush alone would then do nothing.
    private void WriteAgain(DurableFile file, in FrameHeader header)
    {
        var bytes = frame.AsSpan(0, header.FrameBytes);
        if (file.Read(bytes, header.Place.Offset) < bytes.Length || Frame.HashOf(bytes) != header.Hash)
            throw new IOException($"{file.Path} reads differently than a moment ago at byte {header.Place.Offset}.");
        file.Write(bytes, header.Place.Offset);
    }

    private SegmentPreparer NewPreparer() => new(directory, shape with { Number = segments.Length }, disk, endProcess, preparesBeside, report);

    private Segment TakeNextSegment()
    {
        if (next.Segment == segments.Length - 1)
        {
            segments = [.. segments, preparer!.Take()];
            preparer = NewPreparer();
        }
        next = new(next.Segment + 1, 1);
        return segments[next.Segment];
    }
}
