using Farthing.Ledger.Journal;

namespace Farthing.Ledger;

/// <summary>Files and directories that are still there after the power failed.</summary>
/// <remarks>The framework's own flush hides errors of the disk on Linux, and a name is durable only once its directory was flushed. Thread-safe for different paths.</remarks>
public static class DurableFiles
{
    private const int FlushEveryBytes = 4 << 20;

    /// <summary>Makes a directory, and those above it that are missing, with names that last.</summary>
    /// <param name="path">The directory; may be there already.</param>
    /// <param name="mode">Who may enter it, if it is made. Default: as the process's umask says.</param>
    /// <exception cref="IOException">It cannot be made, or the disk failed.</exception>
    public static void CreateDirectory(string path, UnixFileMode? mode = null) => CreateDirectory(path, mode, Disk.Real);

    /// <summary>Puts a file in place whole: after a crash or a power failure there is the old content or the new one, and after a return the new one.</summary>
    /// <param name="path">The file; another one of the same name and <c>.new</c> behind it is overwritten.</param>
    /// <param name="content">All of it.</param>
    /// <param name="mode">Who may read it. Default: as the process's umask says.</param>
    /// <exception cref="IOException">No room, or the disk failed.</exception>
    public static void Replace(string path, ReadOnlySpan<byte> content, UnixFileMode? mode = null) => Replace(path, content, mode, Disk.Real);

    /// <summary>Makes sure that the names in a directory outlast a power failure, whoever gave them.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public static void FlushNames(string directory) => Disk.Real.FlushDirectory(directory);

    internal static void CreateDirectory(string path, UnixFileMode? mode, Disk disk)
    {
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (Directory.Exists(path) || Path.GetDirectoryName(path) is not { } parent) return;
        CreateDirectory(parent, null, disk);
        if (mode is { } only) Directory.CreateDirectory(path, only);
        else Directory.CreateDirectory(path);
        disk.FlushDirectory(parent);
    }

    internal static void Replace(string path, ReadOnlySpan<byte> content, UnixFileMode? mode, Disk disk)
    {
        var unfinished = path + ".new";
        // What a crash left there keeps its own mode.
        disk.Delete(unfinished);
        using (var file = DurableFile.Create(unfinished, disk))
        {
            if (mode is { } only) file.SetMode(only);
            var at = 0;
            do
            {
                // In steps, so that the journal's own flush never waits behind a large file of dirty pages.
                var length = Math.Min(FlushEveryBytes, content.Length - at);
                file.Write(content.Slice(at, length), at);
                file.Flush();
                at += length;
            }
            while (at < content.Length);
        }
        disk.Move(unfinished, path);
        disk.FlushDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }
}
