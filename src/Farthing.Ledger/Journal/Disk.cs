using Microsoft.Win32.SafeHandles;

namespace Farthing.Ledger.Journal;

/// <summary>The flushes of the disk below. Tests put one in its place that counts, or that fails.</summary>
/// <remarks>Thread-safe.</remarks>
internal class Disk
{
    protected Disk()
    {
    }

    public static Disk Real { get; } = new();

    /// <summary>Forces what was written to a file to disk.</summary>
    /// <exception cref="FlushException">It may not be there, now or later.</exception>
    public virtual void FlushFile(SafeFileHandle file, string path) => Check(SystemCalls.FlushData(file), "fdatasync", path);

    /// <summary>Forces the names in a directory to disk, after a file was created in it or renamed.</summary>
    /// <exception cref="FlushException">They may not be there, now or later.</exception>
    public virtual void FlushDirectory(string path)
    {
        var descriptor = SystemCalls.Open(path, SystemCalls.ReadOnly | SystemCalls.Directory | SystemCalls.CloseOnExec, 0);
        Check(descriptor, "open", path);
        using var directory = new SafeFileHandle(descriptor, ownsHandle: true);
        Check(SystemCalls.Flush(directory), "fsync", path);
    }

    private static void Check(int result, string call, string path)
    {
        if (result < 0) throw new FlushException(SystemCalls.DescribeFailure(call, path));
    }
}

/// <summary>A flush failed. The system may have forgotten what it could not write, so flushing again proves nothing.</summary>
internal sealed class FlushException(string message) : IOException(message);
