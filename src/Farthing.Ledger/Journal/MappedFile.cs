using System.Buffers;
using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace Farthing.Ledger.Journal;

/// <summary>A file that is read as memory. It must not be made shorter while it is open: whoever changes it puts a new one in its place.</summary>
/// <remarks>
/// Thread-safe. The memory goes when this object cannot be reached any more and not before, because a reader of memory that is gone would end the process:
/// so it is nobody's to dispose, and a reader keeps this object alive until it has read.
/// </remarks>
internal sealed unsafe class MappedFile : MemoryManager<byte>
{
    private readonly Mapping mapping;

    /// <exception cref="IOException">It is not there, is empty or has more than 2 GiB.</exception>
    public MappedFile(string path) => mapping = new(path);

    public override Span<byte> GetSpan() => new(mapping.Start, mapping.Length);

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

        public readonly byte* Start;
        public readonly int Length;

        public Mapping(string path)
        {
            using var opened = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = RandomAccess.GetLength(opened);
            if (bytes is 0 or > int.MaxValue) throw new IOException($"{path} has {bytes} bytes.");
            Length = (int)bytes;
            using var file = MemoryMappedFile.CreateFromFile(opened, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            handle = file.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read).SafeMemoryMappedViewHandle;
            handle.AcquirePointer(ref Start);
        }

        ~Mapping()
        {
            // Null if there was no file.
            if (Start is not null) handle.ReleasePointer();
        }
    }
}
