using System.Globalization;
using Farthing.Ledger.Journal;

namespace Farthing.Ledger.Snapshots;

/// <summary>The snapshots of a data directory, named by the segment of the frame that each stands behind.</summary>
/// <remarks>All of them can be lost: opening then reads the journal from its first byte.</remarks>
internal sealed class SnapshotDirectory(string dataDirectory, IJournal journal)
{
    private const string Extension = ".snapshot";
    private const string Unfinished = ".new";

    private readonly string directory = DirectoryIn(dataDirectory);

    public static string FileName(int segment) => segment.ToString("D8", CultureInfo.InvariantCulture) + Extension;

    public string PathOf(int segment) => Path.Combine(directory, FileName(segment));

    /// <summary>The segments behind which snapshots stand, newest first; nobody has looked into them yet.</summary>
    public List<int> List() => ListIn(dataDirectory);

    /// <summary>The same, of a data directory that is not opened.</summary>
    public static List<int> ListIn(string dataDirectory)
    {
        var directory = DirectoryIn(dataDirectory);
        var segments = new List<int>();
        if (!Directory.Exists(directory)) return segments;
        foreach (var path in Directory.EnumerateFiles(directory, "*" + Extension))
        {
            if (int.TryParse(Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture, out var segment) && FileName(segment) == Path.GetFileName(path))
                segments.Add(segment);
        }
        segments.Sort();
        segments.Reverse();
        return segments;
    }

    /// <summary>Opens a snapshot and finds its frame in the journal.</summary>
    /// <param name="segment">One of <see cref="List"/>.</param>
    /// <param name="mark">Behind the frame.</param>
    /// <exception cref="SnapshotException">It is damaged, or the journal has no such frame.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public SnapshotReader Open(int segment, out JournalMark mark)
    {
        var reader = new SnapshotReader(PathOf(segment));
        try
        {
            var header = reader.Header;
            if (header.Journal != journal.Number) throw new SnapshotException("belongs to another journal");
            if (header.Place.Segment != segment) throw new SnapshotException($"has another's name: it stands behind {header.Place}");
            if (!journal.TryReadHeader(header.Place, out var frame) || !header.StandsBehind(journal.Number, frame))
                throw new SnapshotException($"stands behind a frame at {header.Place} that the journal does not have");
            mark = JournalMark.After(frame);
            return reader;
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <summary>Where the next snapshot is written before it has its name.</summary>
    public string MakeUnfinishedPath(int segment)
    {
        Directory.CreateDirectory(directory);
        return PathOf(segment) + Unfinished;
    }

    /// <summary>Gives a finished snapshot its name, durably, and deletes all but it and the one it was made from.</summary>
    public void Keep(int segment, int? madeFrom)
    {
        File.Move(PathOf(segment) + Unfinished, PathOf(segment), overwrite: true);
        Disk.Real.FlushDirectory(directory);
        foreach (var other in List())
        {
            if (other != segment && other != madeFrom) File.Delete(PathOf(other));
        }
    }

    /// <summary>Deletes a snapshot that cannot be used.</summary>
    public void Delete(int segment) => File.Delete(PathOf(segment));

    /// <summary>Deletes what was not finished.</summary>
    public void DeleteUnfinished()
    {
        if (!Directory.Exists(directory)) return;
        foreach (var path in Directory.EnumerateFiles(directory, "*" + Extension + Unfinished)) File.Delete(path);
    }

    private static string DirectoryIn(string dataDirectory) => Path.Combine(dataDirectory, "snapshots");
}
