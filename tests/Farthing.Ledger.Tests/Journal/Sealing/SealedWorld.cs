using Farthing.Ledger.Journal;
using Farthing.Ledger.Journal.Sealing;
using Farthing.Ledger.State;
using Microsoft.Win32.SafeHandles;

namespace Farthing.Ledger.Tests.Journal.Sealing;

/// <summary>A journal in memory whose segments are sealed, now and then one late, as it grows: all that a state machine needs to forget ids.</summary>
internal sealed class SealedWorld : IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly IndexFiles files;
    private readonly SealedSegments segments;
    private readonly FrameIndex frames;

    public SealedWorld(int segmentBlocks)
    {
        Journal = new(segmentBlocks);
        files = new(Journal, directory.Path, new NoDisk());
        segments = new(files, Journal.Number);
        frames = new(segments);
        Records = new(Journal, frames);
        Ids = new(segments, Records);
    }

    public MemoryJournal Journal { get; }

    public RecordReader Records { get; }

    public SealedIds Ids { get; }

    public long SealedEnd => segments.EndPosition;

    public void Append(in FrameHeader batch, BatchBuffer records)
    {
        frames.Add(Journal.Append(batch, records));
        while (segments.Count < Journal.OpenSegment - (int)(batch.FirstPosition % 2)) segments.Add(files.Make(segments.Count));
    }

    /// <summary>Opens everything anew from the journal and the index files that are there.</summary>
    public LedgerState Replay(LedgerState fresh)
    {
        var reopened = new SealedSegments(files, Journal.Number);
        var index = new FrameIndex(reopened);
        using var sealer = new Sealer(files, reopened, (message, error) => throw new InvalidOperationException(message, error));
        var replay = new Replay(fresh, new(reopened, new(Journal, index)));
        foreach (var frame in Journal.ReadFrames(JournalMark.Beginning))
        {
            sealer.Pass(frame.Header);
            replay.Apply(frame);
            index.Add(frame.Header);
        }
        return fresh;
    }

    public void Dispose()
    {
        Journal.Dispose();
        directory.Dispose();
    }

    /// <summary>Flushes nothing and maps nothing: what the tests of the state machine write need not last.</summary>
    private sealed class NoDisk : Disk
    {
        public override void FlushFile(SafeFileHandle file, string path)
        {
        }

        public override void FlushDirectory(string path)
        {
        }

        // A mapped file stays open until its memory is collected, and there are thousands of worlds.
        public override ReadOnlyMemory<byte> Map(string path) => File.ReadAllBytes(path);
    }
}
