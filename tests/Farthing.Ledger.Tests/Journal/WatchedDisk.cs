using System.Collections.Concurrent;
using Farthing.Ledger.Journal;
using Microsoft.Win32.SafeHandles;

namespace Farthing.Ledger.Tests.Journal;

/// <summary>A disk that remembers what was flushed, and fails when a test wants it to.</summary>
internal sealed class WatchedDisk : Disk
{
    private readonly ConcurrentQueue<string> flushed = new();

    /// <summary>The paths that were flushed, in order.</summary>
    public string[] Flushed => [.. flushed];

    /// <summary>Called with a path before it is flushed; may throw.</summary>
    public Action<string>? BeforeFlush { get; set; }

    public override void FlushFile(SafeFileHandle file, string path)
    {
        BeforeFlush?.Invoke(path);
        base.FlushFile(file, path);
        flushed.Enqueue(path);
    }

    public override void FlushDirectory(string path)
    {
        BeforeFlush?.Invoke(path);
        base.FlushDirectory(path);
        flushed.Enqueue(path);
    }
}
