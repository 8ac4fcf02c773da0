using System.Text;

namespace Farthing.Ledger.Journal;

/// <summary>The directories that segments were moved to, as a file beside a journal's segments names them; and where each segment therefore is.</summary>
internal static class Archives
{
    public const string FileName = "archives";

    private const string Head = "farthing archives 1";

    /// <summary>The directory of each segment. One that is in the journal's own and in an archive, as the moving was broken off, is taken from the journal's own.</summary>
    /// <exception cref="LedgerDamagedException">An archive is not there, or the file that names them is damaged.</exception>
    public static SortedDictionary<int, string> Locate(string journal)
    {
        var places = new SortedDictionary<int, string>();
        foreach (var archive in Read(journal))
        {
            if (!Directory.Exists(archive)) throw new LedgerDamagedException($"{archive} holds segments of the journal in {journal}, and is not there. Connect it again, or restore the ledger from a backup.");
            foreach (var number in Segment.List(archive)) places.TryAdd(number, archive);
        }
        foreach (var number in Segment.List(journal)) places[number] = journal;
        return places;
    }

    /// <summary>Names a directory in the file, durably, unless it is named already.</summary>
    public static void Add(string journal, string archive)
    {
        var known = Read(journal);
        if (known.Contains(archive)) return;
        DurableFiles.Replace(Path.Combine(journal, FileName), Encoding.UTF8.GetBytes(string.Join('\n', [Head, .. known, archive, ""])));
    }

    private static string[] Read(string journal)
    {
        var path = Path.Combine(journal, FileName);
        if (!File.Exists(path)) return [];
        return File.ReadAllText(path, Encoding.UTF8).Split('\n') is [Head, .. var directories, ""] && directories.All(Path.IsPathFullyQualified)
            ? directories
            : throw new LedgerDamagedException($"{path} is damaged: it must be '{Head}' and then an archive's full path on each line. Restore it from a backup, or write it again.");
    }
}
