using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Farthing.Ledger.Journal;

/// <summary>A file whose flush tells the truth.</summary>
/// <remarks>
/// The framework reports write errors but swallows those of its own flush on Linux, so flushing goes straight to the system.
/// Reads and writes at an offset may run at the same time on several threads; whoever overlaps them orders them.
/// </remarks>
internal abstract class DurableFile(string path) : IDisposable
{
    protected const int ZeroesAtOnce = 1 << 20;

    private const int FlushZeroesEvery = 4 << 20;

    public string Path { get; } = path;

    public abstract long Length { get; }

    public static DurableFile Create(string path, Disk? disk = null) => (disk ?? Disk.Real).Open(path, FileMode.Create, FileAccess.ReadWrite);

    public static DurableFile OpenForWriting(string path, Disk? disk = null) => (disk ?? Disk.Real).Open(path, FileMode.Open, FileAccess.ReadWrite);

    public static DurableFile OpenForReading(string path, Disk? disk = null) => (disk ?? Disk.Real).Open(path, FileMode.Open, FileAccess.Read);

    /// <summary>Writes all bytes at an offset, into the system's cache.</summary>
    public abstract void Write(ReadOnlySpan<byte> bytes, long offset);

    /// <summary>Writes zeros from the beginning on; a flush makes them durable, as other bytes.</summary>
    /// <param name="length">How many: whole blocks of 4 KiB.</param>
    public virtual void WriteZeroes(long length)
    {
        var zeros = new byte[ZeroesAtOnce];
        for (long at = 0; at < length; at += zeros.Length)
        {
            Write(zeros.AsSpan(0, (int)Math.Min(zeros.Length, length - at)), at);
            // In steps, so that the journal's own flush never waits behind a whole segment of dirty pages.
            if ((at + zeros.Length) % FlushZeroesEvery == 0) Flush();
        }
    }

    /// <summary>Fills the span from an offset; what lies beyond the end of the file reads as not there.</summary>
    /// <returns>How many bytes were read; fewer than asked only at the end of the file.</returns>
    public abstract int Read(Span<byte> destination, long offset);

    /// <summary>Says who may read and write it.</summary>
    public abstract void SetMode(UnixFileMode mode);

    /// <summary>Forces what was written to disk.</summary>
    /// <exception cref="FlushException">It may not be there, now or later.</exception>
    public abstract void Flush();

    public abstract void Dispose();
}

/// <summary>The few calls of Linux that the framework does not offer, or not honestly.</summary>
internal static partial class SystemCalls
{
    public const int ReadOnly = 0;
    public const int ReadWrite = 2;
    public const int Create = 0x40;
    public const int OwnerWritesAllRead = 0x1A4;
    public const int SetStatus = 4;
    public const int InvalidArgument = 22;
    public const int CloseOnExec = 0x80000;
    public const int LockExclusive = 2;
    public const int LockWithoutWaiting = 4;
    public const int Unlock = 8;
    public const int WouldBlock = 11;
    public const int DoNotNeed = 4;

    // These two have each other's number on Arm.
    public static readonly int Direct = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x10000 : 0x4000;
    public static readonly int Directory = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x4000 : 0x10000;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    public static partial int FlushData(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    public static partial int Flush(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    public static partial int Lock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    public static partial int Control(SafeFileHandle file, int command, int argument);

    [LibraryImport("libc", EntryPoint = "madvise")]
    public static unsafe partial int Advise(void* start, nuint length, int advice);

    public static void Check(int result, string call, string path)
    {
        if (result < 0) throw new IOException(DescribeFailure(call, path));
    }

    /// <summary>What the last call failed with, in words.</summary>
    public static string DescribeFailure(string call, string path)
    {
        var error = Marshal.GetLastPInvokeError();
        return $"{call} of {path} failed: {Marshal.GetPInvokeErrorMessage(error)} (errno {error}).";
    }
}
