using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Farthing.Bench.Ledger;

/// <summary>A file of zeros that is written in blocks from front to back, and from the front again, each write forced to disk: what the disk allows.</summary>
/// <remarks>Straight to the system, and nothing of the ledger's: what it is compared with must not share its mistakes. For one thread at a time.</remarks>
internal sealed unsafe partial class BareFile : IDisposable
{
    /// <summary>What is written at once is a multiple of this.</summary>
    public const int BlockBytes = 4096;

    private const int FileBytes = 256 << 20;
    private const int ZeroBytes = 1 << 20;
    private const int ReadWriteCreateTruncate = 0x242;
    private const int OwnerOnly = 0x180;

    private readonly string path;
    private readonly int descriptor;
    private long at;

    public BareFile(string directory)
    {
        path = Path.Combine(directory, "bare");
        descriptor = Check(Open(path, ReadWriteCreateTruncate, OwnerOnly), "open");
        using var zeros = new BareBuffer(ZeroBytes);
        for (at = 0; at < FileBytes;) Write(zeros);
        Check(FDataSync(descriptor), "fdatasync");
        at = 0;
    }

    /// <summary>The least multiple of a block that has room for so many bytes.</summary>
    public static int Align(int bytes) => (bytes + BlockBytes - 1) / BlockBytes * BlockBytes;

    /// <summary>Writes a whole buffer and forces it to disk.</summary>
    public void Commit(BareBuffer buffer)
    {
        if (at + buffer.Length > FileBytes) at = 0;
        Write(buffer);
        Check(FDataSync(descriptor), "fdatasync");
    }

    public void Dispose()
    {
        _ = Close(descriptor);
        File.Delete(path);
    }

    private void Write(BareBuffer buffer)
    {
        for (var done = 0; done < buffer.Length;) done += (int)Check((int)PWrite(descriptor, buffer.Pointer + done, (nuint)(buffer.Length - done), at + done), "pwrite");
        at += buffer.Length;
    }

    private static int Check(int result, string call) =>
        result >= 0 ? result : throw new BenchFailedException($"{call} failed: {Marshal.GetLastPInvokeErrorMessage()}");

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    private static partial nint PWrite(int descriptor, byte* bytes, nuint count, long offset);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FDataSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}

/// <summary>Memory that begins at a block and is a multiple of one, and of which the first so many bytes are to be written.</summary>
internal sealed unsafe class BareBuffer(int capacity) : IDisposable
{
    public byte* Pointer { get; } = (byte*)NativeMemory.AlignedAlloc((nuint)BareFile.Align(capacity), BareFile.BlockBytes);

    /// <summary>A multiple of a block.</summary>
    public int Length { get; set; } = BareFile.Align(capacity);

    public Span<byte> Bytes => new(Pointer, Length);

    public void Dispose() => NativeMemory.AlignedFree(Pointer);
}
