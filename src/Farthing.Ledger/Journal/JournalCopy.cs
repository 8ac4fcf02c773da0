namespace Farthing.Ledger.Journal;

/// <summary>Brings a copy of a journal up to date: reads the journal through, and copies the segments that the copy lacks or has otherwise.</summary>
/// <remarks>
/// The journal may be written to meanwhile; it is not changed. At every moment each segment of the copy is whole, as it was or as it will be, so a copy
/// that was broken off is gone on with. Not thread-safe; the caller keeps others away from the copy.
/// </remarks>
internal sealed class JournalCopy : IDisposable
{
    private const string Unfinished = ".segment.new";

    // Flushed in such steps, so that a journal on the same disk never waits behind a whole segment of dirty pages.
    private const int StepBytes = 4 << 20;

    private readonly string target;
    private readonly Segment[] source;
    private readonly Dictionary<int, Segment> there = [];

    // For each segment that has frames, and the first: where they end, and whether the copy has all of them.
    private readonly List<(JournalMark End, bool IsThere)> segments = [];

    private JournalCopy(Segment[] source, string target)
    {
        this.source = source;
        this.target = target;
    }

    /// <summary>Copies what is missing.</summary>
    /// <param name="journal">Where the segments are.</param>
    /// <param name="target">Where they are copied to; made if it is absent.</param>
    /// <returns>How many segments were copied, and how many were there.</returns>
    /// <exception cref="DirectoryNotFoundException">There is no journal.</exception>
    /// <exception cref="LedgerDamagedException">The journal is damaged. Nothing was copied.</exception>
    /// <exception cref="LedgerBackupException">The copy is not one of this journal. Nothing was copied.</exception>
    public static (int Copied, int Kept) Run(string journal, string target)
    {
        using var copy = new JournalCopy(FileJournal.OpenSegments(journal, forWriting: false), target);
        if (copy.source.Length == 0) throw new LedgerDamagedException($"There is no segment in {journal}.");
        DurableFiles.CreateDirectory(target);
        foreach (var halfMade in Directory.EnumerateFiles(target, "*" + Unfinished)) File.Delete(halfMade);
        copy.OpenTarget();
        copy.Compare();
        return copy.CopyMissing();
    }

    public void Dispose()
    {
        foreach (var segment in source) segment.Dispose();
        foreach (var segment in there.Values) segment.Dispose();
    }

    private void OpenTarget()
    {
        try
        {
            foreach (var number in Segment.List(target))
            {
                var segment = Segment.Open(target, number, forWriting: false);
                there.Add(number, segment);
                if (segment.Header with { Number = 0 } != source[0].Header) throw new LedgerBackupException($"{segment.File.Path} belongs to another journal. Choose another directory.");
            }
        }
        catch (LedgerDamagedException damage)
        {
            throw new LedgerBackupException($"{damage.Message} If it is this backup's, delete it: the next run copies it again.");
        }
    }

    // A good frame that the journal has otherwise, or not at all, is never written over: one of the two has lost or changed records, and nobody here knows which.
    private void Compare()
    {
        segments.Add((JournalMark.Beginning, there.ContainsKey(0)));
        foreach (var frame in new JournalReader(source, JournalMark.Beginning).ReadFrames())
        {
            var place = frame.Header.Place;
            if (place.Segment == segments.Count) segments.Add((default, there.ContainsKey(place.Segment)));
            var isThere = segments[^1].IsThere && JournalReader.TryReadFrame(there[place.Segment], place.Block, out var copied)
                && (copied.Header.Hash == frame.Header.Hash ? true : throw Strange(place));
            segments[^1] = (JournalMark.After(frame.Header), isThere);
        }

        var end = segments[^1].End.Place;
        if (there.TryGetValue(end.Segment, out var last) && end.Block < last.Blocks && JournalReader.TryReadFrame(last, end.Block, out _)) throw Strange(end);
        foreach (var number in there.Keys)
        {
            if (number >= segments.Count) throw Strange(new(number, 1));
        }
    }

    private LedgerBackupException Strange(FramePlace place) =>
        new($"{target} holds other records than the ledger, or more: at {place}. Keep it, find out why, and choose another directory.");

    private (int Copied, int Kept) CopyMissing()
    {
        // The last frame may have been read before its flush: no copy may have what the journal can still lose.
        source[segments.Count - 1].File.Flush();
        var copied = 0;
        for (var number = 0; number < segments.Count; number++)
        {
            if (segments[number].IsThere) continue;
            Copy(source[number], segments[number].End.Place.Offset, target);
            copied++;
        }
        return (copied, segments.Count - copied);
    }

    /// <summary>Copies a segment up to an offset, durably with its name; zeros behind it, which are written, so that a ledger restored from it need not fear a full disk.</summary>
    public static void Copy(Segment segment, long end, string target)
    {
        var path = Path.Combine(target, Segment.FileName(segment.Header.Number));
        var unfinished = Path.ChangeExtension(path, Unfinished);
        using (var file = DurableFile.Create(unfinished))
        {
            var bytes = new byte[Math.Min(StepBytes, segment.Header.Bytes)];
            for (long at = 0; at < segment.Header.Bytes; at += bytes.Length)
            {
                var step = bytes.AsSpan(0, (int)Math.Min(bytes.Length, segment.Header.Bytes - at));
                var used = (int)Math.Clamp(end - at, 0, step.Length);
                if (segment.File.Read(step[..used], at) < used) throw new LedgerDamagedException($"{segment.File.Path} became shorter while it was copied.");
                step[used..].Clear();
                file.Write(step, at);
                file.Flush();
            }
        }
        File.Move(unfinished, path, overwrite: true);
        Disk.Real.FlushDirectory(target);
    }
}
