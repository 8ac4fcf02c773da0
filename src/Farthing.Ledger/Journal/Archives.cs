using System.Text;

namespace Farthing.Ledger.Journal;

/// <summary>The directories that segments were moved to, as a file beside a journal's segments names them; and where each segment therefore is.</summary>
internal static class Archives
{
    public const string FileName = "archives";

    private const string Head = "farthing archives 1";
    private const int MaxBytes = 1 << 20;

    /// <summary>The directory of each segment, from the first one on. One that is in the journal's own and in an archive, as the moving was broken off, is taken from the journal's own.</summary>
    /// <exception cref="LedgerDamagedException">A segment or an archive is not there, or the file that names archives is damaged.</exception>
    public static List<string> Locate(string journal, Disk disk)
    {
        var archives = Read(journal, disk);
        var places = new SortedDictionary<int, string>();
        foreach (var archive in archives)
        {
            try
            {
                foreach (var number in Segment.List(archive, disk)) places.TryAdd(number, archive);
            }
            catch (DirectoryNotFoundException)
            {
                throw new LedgerDamagedException($"{archive} holds segments of the journal in {journal}, and is not there. Connect it again, or restore the ledger from a backup.");
            }
        }
        foreach (var number in Segment.List(journal, disk)) places[number] = journal;

        for (var number = 0; number < places.Count; number++)
        {
            if (places.ContainsKey(number)) continue;
            var missing = Path.Combine(journal, Segment.FileName(number));
            // A disk that is not mounted leaves an empty directory.
            throw new LedgerDamagedException(archives.Length == 0
                ? $"{missing} is missing. Restore it from a backup."
                : $"{missing} is missing, and not in {string.Join(" or ", archives)} either. Connect the archive again if it is another disk; else restore the segment from a backup.");
        }
        return [.. places.Values];
    }

    /// <summary>Names a directory in the file, durably, unless it is named already.</summary>
    public static void Add(string journal, string archive)
    {
        var known = Read(journal, Disk.Real);
        if (known.Contains(archive)) return;
        DurableFiles.Replace(Path.Combine(journal, FileName), Encoding.UTF8.GetBytes(string.Join('\n', [Head, .. known, archive, ""])));
    }

    private static string[] Read(string journal, Disk disk)
    {
        var path = Path.Combine(journal, FileName);
        if (!disk.Exists(path)) return [];
        return Encoding.UTF8.GetString(disk.ReadStart(path, MaxBytes)).Split('\n') is [Head, .. var directories, ""] && directories.All(Path.IsPathFullyQualified)
            ? directories
            : throw new LedgerDamagedException($"{path} is damaged: it must be '{Head}' and then an archive's full path on each line. Write it again.");
    }
}
