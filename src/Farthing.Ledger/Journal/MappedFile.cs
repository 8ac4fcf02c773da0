using System.Buffers;
using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace Farthing.Ledger.Journal;

/// <summary>A file that is read as memory. It must not be made shorter while it is open: whoever changes it puts a new one in its place.</summary>
/// <remarks>
/// Thread-safe. The memory goes when this object cannot be reached any more and not before, because a reader of memory that is gone would end the process:
/// so it is nobody's to dispose, and a reader keeps this object alive until it has read. So does an error of the disk under memory that is touched: therefore
/// <see cref="Probe"/>.
/// </remarks>
internal sealed unsafe class MappedFile : MemoryManager<byte>
{
    private const int ProbeBytes = 1 << 16;

    private readonly Mapping mapping;

    /// <exception cref="IOException">It is not there, is empty or has more than 2 GiB.</exception>
    public MappedFile(string path) => mapping = new(path);

    public override Span<byte> GetSpan() => new(mapping.Start, mapping.Length);

    /// <summary>Reads a part as files are read, where an error of the disk is an exception. What was read so is in the system's memory, as a rule until after it was used.</summary>
    /// <exception cref="IOException">It cannot be read, or is not there any more.</exception>
    public void Probe(int offset, int length)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ProbeBytes);
        try
        {
            for (var left = length; left > 0;)
            {
                var read = RandomAccess.Read(mapping.File, buffer.AsSpan(0, Math.Min(buffer.Length, left)), offset + length - left);
                if (read == 0) throw new IOException($"The file ends within bytes {offset} to {offset + length}.");
                left -= read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Gives the memory's pages back: those that are touched again come from the system's cache, or from the disk. For whoever read much and will need little of it.</summary>
    public void LetGo() => _ = SystemCalls.Advise(mapping.Start, (nuint)mapping.Length, SystemCalls.DoNotNeed);

    public override MemoryHandle Pin(int elementIndex = 0) => new(mapping.Start + elementIndex);

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
    }

    private sealed class Mapping
    {
        private readonly SafeMemoryMappedViewHandle handle;

        // Open as long as the map: its name may be another file's by now.
        public readonly SafeFileHandle File;

        public readonly byte* Start;
        public readonly int Length;

        public Mapping(string path)
        {
            File = System.IO.File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            try
            {
                var bytes = RandomAccess.GetLength(File);
                if (bytes is 0 or > int.MaxValue) throw new IOException($"{path} has {bytes} bytes.");
                Length = (int)bytes;
                using var file = MemoryMappedFile.CreateFromFile(File, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
                handle = file.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read).SafeMemoryMappedViewHandle;
                handle.AcquirePointer(ref Start);
            }
            catch
            {
                File.Dispose();
                throw;
            }
        }

        ~Mapping()
        {
            // Null if there was no file. The file's own handle closes itself.
            if (Start is not null) handle.ReleasePointer();
        }
    }
}
