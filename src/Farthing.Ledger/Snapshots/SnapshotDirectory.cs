using System.Globalization;
using Farthing.Ledger.Journal;

namespace Farthing.Ledger.Snapshots;

/// <summary>The snapshots of a data directory, named by the segment of the frame that each stands behind.</summary>
/// <remarks>All of them can be lost: opening then reads the journal from its first byte.</remarks>
internal sealed class SnapshotDirectory(string dataDirectory, IJournal journal, Disk? disk = null)
{
    private const string Extension = ".snapshot";
    private const string Unfinished = ".new";

    private readonly Disk disk = disk ?? Disk.Real;
    private readonly string directory = DirectoryIn(dataDirectory);

    public static string FileName(int segment) => segment.ToString("D8", CultureInfo.InvariantCulture) + Extension;

    public string PathOf(int segment) => Path.Combine(directory, FileName(segment));

    /// <summary>The segments behind which snapshots stand, newest first; nobody has looked into them yet.</summary>
    public List<int> List() => ListIn(dataDirectory, disk);

    /// <summary>The same, of a data directory that is not opened.</summary>
    public static List<int> ListIn(string dataDirectory, Disk? disk = null)
    {
        disk ??= Disk.Real;
        var directory = DirectoryIn(dataDirectory);
        var segments = new List<int>();
        if (!disk.DirectoryExists(directory)) return segments;
        foreach (var path in disk.List(directory, "*" + Extension))
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
        var reader = new SnapshotReader(PathOf(segment), disk);
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

    /// <summary>Begins a snapshot, which has no name yet.</summary>
    public SnapshotWriter Create(int segment, CancellationToken cancellation)
    {
        disk.CreateDirectory(directory);
        return new(PathOf(segment) + Unfinished, disk, cancellation);
    }

    /// <summary>Gives a finished snapshot its name, durably, and deletes all but it and the one it was made from.</summary>
    public void Keep(int segment, int? madeFrom)
    {
        disk.Move(PathOf(segment) + Unfinished, PathOf(segment));
        disk.FlushDirectory(directory);
        foreach (var other in List())
        {
            if (other != segment && other != madeFrom) disk.Delete(PathOf(other));
        }
    }

    /// <summary>Deletes a snapshot that cannot be used.</summary>
    public void Delete(int segment) => disk.Delete(PathOf(segment));

    /// <summary>Deletes what was not finished.</summary>
    public void DeleteUnfinished()
    {
        if (!disk.DirectoryExists(directory)) return;
        foreach (var path in disk.List(directory, "*" + Extension + Unfinished)) disk.Delete(path);
    }

    private static string DirectoryIn(string dataDirectory) => Path.Combine(dataDirectory, "snapshots");
}
