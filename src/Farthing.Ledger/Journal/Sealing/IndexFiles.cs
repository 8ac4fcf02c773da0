using System.Globalization;

namespace Farthing.Ledger.Journal.Sealing;

/// <summary>The index files beside a journal: one for each sealed segment, made again whenever it is missing or not right.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class IndexFiles(IJournal journal, string directory, Disk? disk = null)
{
    private readonly Disk disk = disk ?? Disk.Real;
    private readonly Lock gate = new();
    private readonly SegmentIndexBuilder builder = new();

    public static string FileName(int segment) => segment.ToString("D8", CultureInfo.InvariantCulture) + ".index";

    /// <summary>The index of a sealed segment, from its file if that is right.</summary>
    /// <param name="segment">The segment's number.</param>
    /// <param name="lastFrameHash">The hash of its last frame.</param>
    /// <param name="endPosition">The position behind its last record.</param>
    /// <exception cref="LedgerDamagedException">There is none, and the segment cannot be read.</exception>
    public SegmentIndex OpenOrMake(int segment, UInt128 lastFrameHash, long endPosition)
    {
        if (Open(segment) is { } index && IsRight(index)) return index;
        index = MakeInAnyCase(segment);
        return IsRight(index) ? index : throw new LedgerDamagedException($"{Segment.FileName(segment)} does not end where the next segment begins. Restore the directory from a backup.");

        bool IsRight(SegmentIndex found) => found.Header.LastFrameHash == lastFrameHash && found.Header.EndPosition == endPosition;
    }

    /// <summary>Makes the index of a sealed segment out of its frames, and its file.</summary>
    /// <exception cref="LedgerDamagedException">The segment cannot be read.</exception>
    /// <exception cref="IOException">The file could not be written.</exception>
    public SegmentIndex Make(int segment)
    {
        lock (gate)
        {
            DurableFiles.Replace(PathOf(segment), Build(segment).Span, null, disk);
            try
            {
                var index = Open(segment) ?? throw new IndexDamagedException(segment);
                index.Verify();
                return index;
            }
            catch (IndexDamagedException)
            {
                throw new IOException($"{PathOf(segment)} reads differently than it was written.");
            }
        }
    }

    /// <summary>The same, but in memory if the file cannot be written: whoever needs the index now cannot wait for room.</summary>
    /// <exception cref="LedgerDamagedException">The segment cannot be read.</exception>
    public SegmentIndex MakeInAnyCase(int segment)
    {
        try
        {
            return Make(segment);
        }
        catch (Exception error) when (error is IOException and not FlushException or UnauthorizedAccessException)
        {
            lock (gate) return SegmentIndex.Open(Build(segment).ToArray())!;
        }
    }

    private ReadOnlyMemory<byte> Build(int segment)
    {
        var place = new FramePlace(segment, 1);
        if (!journal.TryReadHeader(place, out var first)) throw Damage.At(place, -1, -1, "the first frame is unreadable");
        var from = new JournalMark(place, first.Sequence, first.FirstPosition, first.PreviousHash);
        return builder.Build(journal.Number, journal.ReadFrames(from, segment));
    }

    // Null if there is none, or one that is not of this journal's segment.
    private SegmentIndex? Open(int segment)
    {
        try
        {
            var index = SegmentIndex.Open(disk.Map(PathOf(segment)));
            return index is not null && index.Header.Segment == segment && index.Header.Journal == journal.Number ? index : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private string PathOf(int segment) => Path.Combine(directory, FileName(segment));
}
