using Farthing.Ledger.Journal;
using Farthing.Ledger.Journal.Sealing;
using Farthing.Ledger.State;
using Farthing.Ledger.Tests.State;

namespace Farthing.Ledger.Tests.Journal.Sealing;

/// <summary>Journals in memory, and the indexes of their segments, with what an index should say found the slow way.</summary>
internal static class IndexedJournal
{
    /// <summary>The batches of a seed's random chains, in segments of some blocks.</summary>
    /// <param name="seed">The same gives the same.</param>
    /// <param name="commands">At least so many records.</param>
    /// <param name="segmentBlocks">The size of a segment.</param>
    /// <param name="wrongFrom">From the batch at this position on, digests are wrong.</param>
    public static MemoryJournal Random(int seed, int commands, int segmentBlocks, long wrongFrom = long.MaxValue)
    {
        var chains = new RandomChains(seed);
        var ledger = new RecordedLedger();
        var journal = new MemoryJournal(segmentBlocks);
        for (var next = chains.Beginning(); ledger.State.NextPosition < commands; next = [.. Enumerable.Range(0, 40).Select(_ => chains.NextChain())])
        {
            var answers = ledger.Apply(chains.Now, next);
            for (var i = 0; i < next.Length; i++) chains.Learn(next[i], answers[i]);
            chains.PassTime();
        }
        foreach (var batch in ledger.Batches) Append(journal, batch.FirstPosition, batch.Time, batch.FirstPosition < wrongFrom ? batch.Digest : 0, batch.Records().Select(record => record.Bytes));
        return journal;
    }

    public static FrameHeader Append(MemoryJournal journal, long firstPosition, long time, UInt128 digest, IEnumerable<byte[]> records)
    {
        var buffer = new BatchBuffer();
        foreach (var record in records)
        {
            record.CopyTo(buffer.Reserve(record.Length));
            buffer.Advance(record.Length);
        }
        return journal.Append(new FrameHeader { FirstPosition = firstPosition, UnixMilliseconds = time, StateDigest = digest, Seed = new byte[FrameHeader.SeedLength] }, buffer);
    }

    public static List<Frame> Frames(MemoryJournal journal, int segment) =>
        [.. journal.ReadFrames(JournalMark.Beginning, segment).Where(frame => frame.Header.Place.Segment == segment)];

    public static byte[] Build(MemoryJournal journal, int segment) => new SegmentIndexBuilder().Build(journal.Number, Frames(journal, segment)).ToArray();

    /// <summary>The ids of a journal's first segments.</summary>
    public static SealedIds Seal(MemoryJournal journal, int count)
    {
        var segments = new SealedSegments(new IndexFiles(journal, "/nowhere"), journal.Number);
        for (var segment = 0; segment < count; segment++) segments.Add(SegmentIndex.Open(Build(journal, segment))!);
        return new(segments, new(journal, new(segments)));
    }

    /// <summary>All records of a segment, read in full.</summary>
    public static List<JournalRecord> Records(MemoryJournal journal, int segment)
    {
        var records = new List<JournalRecord>();
        foreach (var frame in Frames(journal, segment))
        {
            for (var i = 0; i < frame.Header.RecordCount; i++)
            {
                Assert.True(RecordCodec.TryRead(frame.RecordAt(i), frame.Header.FirstPosition + i, frame.Header.UnixMilliseconds, out var record, out _));
                records.Add(record);
            }
        }
        return records;
    }
}
