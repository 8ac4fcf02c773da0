using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Farthing.Bench;

/// <summary>Measures what one flush costs on the disk under the data directory: no durable answer can be faster.</summary>
internal static partial class DiskProbe
{
    private const int Block = 4096;
    private const int Writes = 300;

    /// <summary>The median time of writing 4 KiB into a file that has its full size and forcing it to disk.</summary>
    public static long MedianFlushMicroseconds(string directory)
    {
        var file = Path.Combine(directory, "probe");
        File.WriteAllBytes(file, new byte[Block * Writes]);
        using var handle = File.OpenHandle(file, FileMode.Open, FileAccess.Write, FileShare.None, FileOptions.DeleteOnClose);
        var block = new byte[Block];
        Flush(handle);
        var microseconds = new List<long>();
        for (var i = 0; i < Writes; i++)
        {
            var began = Stopwatch.GetTimestamp();
            RandomAccess.Write(handle, block, (long)i * Block);
            Flush(handle);
            microseconds.Add((Stopwatch.GetTimestamp() - began) * 1_000_000 / Stopwatch.Frequency);
        }
        return microseconds.Order().ElementAt(Writes / 2);
    }

    private static void Flush(SafeFileHandle handle)
    {
        if (FDataSync(handle) != 0) throw new BenchFailedException($"fdatasync failed: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FDataSync(SafeFileHandle file);
}
