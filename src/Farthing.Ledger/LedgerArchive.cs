using Farthing.Ledger.Journal;
using Farthing.Ledger.Snapshots;

namespace Farthing.Ledger;

/// <summary>Moves old segments of a journal to another directory, from where the ledger still reads and proves them.</summary>
public static class LedgerArchive
{
    private const int CompareBytes = 1 << 20;
    private const string Probe = "probe.segment.new";

    /// <summary>Moves the segments before the older of the newest two snapshots. Opening does not need them, as long as a snapshot is sound.</summary>
    /// <param name="directory">The directory given in <see cref="LedgerOptions.Directory"/>. No ledger may be running on it.</param>
    /// <param name="target">Where they go; made if it is absent. It must be there whenever the ledger is opened. One that holds segments of another journal is refused.</param>
    /// <returns>How many were moved.</returns>
    /// <remarks>Each one is copied, flushed and compared before it is removed; broken off, it can be run again.</remarks>
    /// <exception cref="DirectoryNotFoundException">There is no journal.</exception>
    /// <exception cref="LedgerInUseException">A ledger is running on it.</exception>
    /// <exception cref="LedgerDamagedException">The journal is damaged, or the target has a segment otherwise. That one was not removed.</exception>
    /// <exception cref="LedgerBackupException">The target is the journal itself or a backup's, belongs to another ledger, or cannot be named.</exception>
    public static int Run(string directory, string target)
    {
        ArgumentNullException.ThrowIfNull(directory);
        ArgumentNullException.ThrowIfNull(target);
        var journal = FileJournal.DirectoryIn(Path.GetFullPath(directory));
        target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(target));
        if (!Directory.Exists(journal)) throw new DirectoryNotFoundException($"There is no ledger in {directory}.");
        if (target.Contains('\n', StringComparison.Ordinal) || File.Exists(target) || IsJournal(target)) throw new LedgerBackupException($"{target} cannot be an archive. Choose another directory.");

        using var held = DirectoryLock.Take(directory);
        var segments = FileJournal.OpenSegments(journal, forWriting: false);
        try
        {
            // Nobody looks into them here; but one that stands behind the end of the journal is a stranger's.
            var snapshots = SnapshotDirectory.ListIn(directory).FindAll(segment => segment < segments.Length - 1);
            var movable = snapshots.Count < 2 ? [] : segments.Where(segment => segment.Header.Number < snapshots[1] && Path.GetDirectoryName(segment.File.Path) == journal).ToList();
            if (movable.Count == 0) return 0;
            DurableFiles.CreateDirectory(target);
            foreach (var number in Segment.List(target)) RefuseStranger(target, number, segments);
            if (AreOne(journal, target)) throw new LedgerBackupException($"{target} is the journal under another name. Choose another directory.");
            Archives.Add(journal, target);
            foreach (var segment in movable) Move(segment, journal, target);
            return movable.Count;
        }
        finally
        {
            foreach (var segment in segments) segment.Dispose();
        }
    }

    // Of a ledger or of a backup. The copy in an archive is the only one; a backup must stay a second one.
    private static bool IsJournal(string target) => Path.GetDirectoryName(target) is { } above && target == FileJournal.DirectoryIn(above) && File.Exists(Path.Combine(above, DirectoryLock.FileName));

    // A link or a mount can lead back to the journal, and each segment would be its own copy.
    private static bool AreOne(string journal, string target)
    {
        File.WriteAllBytes(Path.Combine(target, Probe), []);
        try
        {
            return File.Exists(Path.Combine(journal, Probe));
        }
        finally
        {
            File.Delete(Path.Combine(target, Probe));
        }
    }

    private static void RefuseStranger(string target, int number, Segment[] segments)
    {
        using var there = Segment.Open(target, number, forWriting: false);
        if (there.Header with { Number = 0 } != segments[0].Header || number >= segments.Length)
            throw new LedgerBackupException($"{there.File.Path} is not of this journal. Choose another directory.");
    }

    private static void Move(Segment segment, string journal, string target)
    {
        var copy = Path.Combine(target, Segment.FileName(segment.Header.Number));
        if (!File.Exists(copy)) JournalCopy.Copy(segment, segment.Header.Bytes, target);
        using (var copied = Segment.Open(target, segment.Header.Number, forWriting: false))
        {
            if (!AreEqual(segment.File, copied.File)) throw new LedgerDamagedException($"{copy} differs from {segment.File.Path}, which was not removed. Find out which one is damaged.");
            // It may have got its name in a run that ended before this was durable.
            copied.File.Flush();
        }
        Disk.Real.FlushDirectory(target);
        File.Delete(segment.File.Path);
        Disk.Real.FlushDirectory(journal);
    }

    private static bool AreEqual(DurableFile first, DurableFile second)
    {
        var (one, other) = (new byte[CompareBytes], new byte[CompareBytes]);
        for (long at = 0; ; at += CompareBytes)
        {
            var length = first.Read(one, at);
            if (second.Read(other, at) != length || !one.AsSpan(0, length).SequenceEqual(other.AsSpan(0, length))) return false;
            if (length < CompareBytes) return true;
        }
    }
}
