using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Farthing.Ledger.Journal;

/// <summary>Keeps a second process, or a second ledger of this one, out of a data directory. The system drops it when the process ends, however it ends.</summary>
internal sealed class DirectoryLock : IDisposable
{
    public const string FileName = "lock";

    private readonly SafeFileHandle handle;

    private DirectoryLock(SafeFileHandle handle) => this.handle = handle;

    /// <exception cref="LedgerInUseException">It is taken.</exception>
    public static DirectoryLock Take(string directory)
    {
        var path = Path.Combine(directory, FileName);
        // Not by the framework's own opening: that takes a shared lock, which fails without saying who has the other.
        var descriptor = SystemCalls.Open(path, SystemCalls.ReadWrite | SystemCalls.Create | SystemCalls.CloseOnExec, SystemCalls.OwnerWritesAllRead);
        SystemCalls.Check(descriptor, "open", path);
        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        if (SystemCalls.Lock(handle, SystemCalls.LockExclusive | SystemCalls.LockWithoutWaiting) == 0)
        {
            // For people only: the number says whom to ask, the lock is the system's.
            RandomAccess.SetLength(handle, 0);
            RandomAccess.Write(handle, Encoding.ASCII.GetBytes($"{Environment.ProcessId}\n"), 0);
            return new(handle);
        }

        var error = Marshal.GetLastPInvokeError();
        var owner = ReadOwner(handle);
        handle.Dispose();
        if (error != SystemCalls.WouldBlock) throw new IOException($"flock of {path} failed: {Marshal.GetPInvokeErrorMessage(error)} (errno {error}).");
        throw new LedgerInUseException($"{directory} is in use by {owner}. Stop it first, or start with another data directory.");
    }

    public void Dispose()
    {
        // Closing alone is not enough while a child process is being started: until it has become its own program, it has this file open too.
        if (!handle.IsClosed) _ = SystemCalls.Lock(handle, SystemCalls.Unlock);
        handle.Dispose();
    }

    private static string ReadOwner(SafeFileHandle handle)
    {
        Span<byte> bytes = stackalloc byte[16];
        var length = RandomAccess.Read(handle, bytes, 0);
        return int.TryParse(Encoding.ASCII.GetString(bytes[..length]).Trim(), out var process) ? $"process {process}" : "another process";
    }
}
