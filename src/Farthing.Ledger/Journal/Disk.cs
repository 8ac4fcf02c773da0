using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Farthing.Ledger.Journal;

/// <summary>The disk below: files, names and flushes. Tests put one in its place that counts, or that fails; the simulation, one in memory.</summary>
/// <remarks>Thread-safe.</remarks>
internal class Disk
{
    protected Disk()
    {
    }

    public static Disk Real { get; } = new();

    // Shared with everybody: the lock that counts is the directory's.
    public virtual DurableFile Open(string path, FileMode mode, FileAccess access) =>
        new SystemFile(path, File.OpenHandle(path, mode, access, FileShare.ReadWrite | FileShare.Delete), this);

    public virtual bool Exists(string path) => File.Exists(path);

    /// <summary>The first bytes of a file, at most so many.</summary>
    public byte[] ReadStart(string path, int most)
    {
        using var file = Open(path, FileMode.Open, FileAccess.Read);
        var bytes = new byte[Math.Min(file.Length, most)];
        return bytes[..file.Read(bytes, 0)];
    }

    /// <summary>A file's bytes as memory, without reading them first. Nobody may make it shorter from now on.</summary>
    /// <exception cref="IOException">It is not there, is empty or has more than 2 GiB.</exception>
    public virtual ReadOnlyMemory<byte> Map(string path) => new MappedFile(path).Memory;

    /// <summary>The paths of the files in a directory whose names match a pattern.</summary>
    public virtual IEnumerable<string> List(string directory, string pattern) => Directory.EnumerateFiles(directory, pattern);

    public virtual bool DirectoryExists(string path) => Directory.Exists(path);

    public virtual void CreateDirectory(string path) => Directory.CreateDirectory(path);

    /// <summary>Gives a file another name, in place of whatever file has it.</summary>
    // The framework's move without overwriting goes on after a failed rename: it links, or makes a copy that nobody flushes.
    public virtual void Move(string from, string to) => File.Move(from, to, overwrite: true);

    /// <summary>Removes a file, if it is there.</summary>
    public virtual void Delete(string path) => File.Delete(path);

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

    private sealed class SystemFile(string path, SafeFileHandle handle, Disk disk) : DurableFile(path)
    {
        public override long Length => RandomAccess.GetLength(handle);

        public override void Write(ReadOnlySpan<byte> bytes, long offset) => RandomAccess.Write(handle, bytes, offset);

        public override void WriteZeroes(long length)
        {
            if (!TryWriteZeroesPastCache(length)) base.WriteZeroes(length);
        }

        public override int Read(Span<byte> destination, long offset)
        {
            var total = 0;
            while (total < destination.Length)
            {
                var read = RandomAccess.Read(handle, destination[total..], offset + total);
                if (read == 0) break;
                total += read;
            }
            return total;
        }

        public override void SetMode(UnixFileMode mode) => File.SetUnixFileMode(handle, mode);

        public override void Flush() => disk.FlushFile(handle, Path);

        public override void Dispose() => handle.Dispose();

        // Nobody reads the zeros, and to copy them into the system's cache costs ten times as much as to hand them to the disk. False where that is not possible.
        private unsafe bool TryWriteZeroesPastCache(long length)
        {
            using var direct = File.OpenHandle(Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            if (SystemCalls.Control(direct, SystemCalls.SetStatus, SystemCalls.Direct) < 0) return false;
            var zeros = (byte*)NativeMemory.AlignedAlloc(ZeroesAtOnce, Frame.BlockBytes);
            try
            {
                NativeMemory.Clear(zeros, ZeroesAtOnce);
                for (long at = 0; at < length; at += ZeroesAtOnce) RandomAccess.Write(direct, new ReadOnlySpan<byte>(zeros, (int)Math.Min(ZeroesAtOnce, length - at)), at);
                return true;
            }
            catch (IOException error) when (error.HResult == SystemCalls.InvalidArgument)
            {
                return false;
            }
            finally
            {
                NativeMemory.AlignedFree(zeros);
            }
        }
    }
}

/// <summary>A flush failed. The system may have forgotten what it could not write, so flushing again proves nothing.</summary>
internal sealed class FlushException(string message) : IOException(message);
