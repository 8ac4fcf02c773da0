using Farthing.Ledger.Journal;
using Farthing.Ledger.Tests.Journal;

namespace Farthing.Ledger.Tests;

public class DurableFilesTests
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    [Fact]
    public void A_file_is_flushed_before_it_has_its_name_and_its_directory_after()
    {
        using var directory = new TemporaryDirectory();
        var path = Path.Combine(directory.Path, "secret");
        var disk = new WatchedDisk();
        var named = new List<bool>();
        disk.BeforeFlush = _ => named.Add(File.Exists(path));
        DurableFiles.Replace(path, "old"u8, OwnerOnly, disk);
        Assert.Equal([path + ".new", directory.Path], disk.Flushed);
        Assert.Equal([false, true], named);
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(path));

        DurableFiles.Replace(path, "new"u8, OwnerOnly, disk);
        Assert.Equal("new", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(directory.Path));
    }

    [Fact]
    public void A_flush_that_fails_leaves_the_old_content_and_says_so()
    {
        using var directory = new TemporaryDirectory();
        var path = Path.Combine(directory.Path, "secret");
        var disk = new WatchedDisk();
        DurableFiles.Replace(path, "old"u8, OwnerOnly, disk);
        disk.BeforeFlush = _ => throw new FlushException("No.");
        Assert.Throws<FlushException>(() => DurableFiles.Replace(path, "new"u8, OwnerOnly, disk));
        Assert.Equal("old", File.ReadAllText(path));
    }

    [Fact]
    public void Each_directory_that_is_made_gets_a_name_that_lasts()
    {
        using var directory = new TemporaryDirectory();
        var outer = Path.Combine(directory.Path, "outer");
        var inner = Path.Combine(outer, "inner");
        var disk = new WatchedDisk();
        DurableFiles.CreateDirectory(inner + "/", OwnerOnly | UnixFileMode.UserExecute, disk);
        Assert.Equal([directory.Path, outer], disk.Flushed);
        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(inner));

        DurableFiles.CreateDirectory(inner, null, disk);
        Assert.Equal(2, disk.Flushed.Length);
    }
}
