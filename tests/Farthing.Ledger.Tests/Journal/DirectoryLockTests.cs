using System.Runtime.InteropServices;
using Farthing.Ledger.Journal;

namespace Farthing.Ledger.Tests.Journal;

public class DirectoryLockTests
{
    [Fact]
    public void A_lock_that_was_given_back_is_free_though_a_process_being_started_still_has_its_file_open()
    {
        using var directory = new TemporaryDirectory();
        var file = Path.Combine(directory.Path, DirectoryLock.FileName);
        int copy;
        using (DirectoryLock.Take(directory.Path))
        {
            Assert.Throws<LedgerInUseException>(() => DirectoryLock.Take(directory.Path));
            // Between fork and exec a child has a copy of every descriptor.
            var descriptor = Directory.GetFiles("/proc/self/fd").Single(name => new FileInfo(name).LinkTarget == file);
            copy = Duplicate(int.Parse(Path.GetFileName(descriptor)));
            Assert.True(copy > 0);
        }

        try
        {
            DirectoryLock.Take(directory.Path).Dispose();
        }
        finally
        {
            Assert.Equal(0, Close(copy));
        }
    }

    [DllImport("libc", EntryPoint = "dup")]
    private static extern int Duplicate(int descriptor);

    [DllImport("libc", EntryPoint = "close")]
    private static extern int Close(int descriptor);
}
