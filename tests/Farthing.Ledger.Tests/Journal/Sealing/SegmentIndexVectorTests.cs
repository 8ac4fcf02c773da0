using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Farthing.Ledger.Journal;
using Farthing.Ledger.Journal.Sealing;
using Farthing.Ledger.Tests.State;

namespace Farthing.Ledger.Tests.Journal.Sealing;

/// <summary>The golden bytes of <c>docs/spec/vectors/segment-index.json</c>, which <c>docs/spec/journal-index.md</c> explains.</summary>
public class SegmentIndexVectorTests
{
    private static readonly UInt128 Journal = new(0x0123456789ABCDEF, 0xFEDCBA9876543210);

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true, NewLine = "\n" };

    private static string FilePath([CallerFilePath] string thisFile = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", "..", "..", "docs", "spec", "vectors", "segment-index.json"));

    [Fact]
    public void Indexes_are_the_golden_bytes()
    {
        var vectors = Make();
        if (Environment.GetEnvironmentVariable("FARTHING_WRITE_VECTORS") == "1") File.WriteAllText(FilePath(), JsonSerializer.Serialize(vectors, Json) + "\n");
        Assert.Equal(2, vectors.Length);
        Assert.Equal(File.ReadAllText(FilePath()), JsonSerializer.Serialize(vectors, Json) + "\n");
    }

    // The story of records.json: one frame for each time, the first of them alone in its segment.
    private static Vector[] Make()
    {
        using var journal = new MemoryJournal(segmentBlocks: 8, Journal);
        foreach (var batch in RecordVectors.Load().GroupBy(record => record.UnixMilliseconds))
        {
            IndexedJournal.Append(journal, batch.First().Position, batch.Key, digest: 5, batch.Select(record => Convert.FromHexString(record.Bytes)));
            if (journal.OpenSegment == 0) journal.BeginSegment();
        }
        return [.. Enumerable.Range(0, 2).Select(segment => new Vector(
            Journal.ToString("x32", CultureInfo.InvariantCulture),
            [.. IndexedJournal.Frames(journal, segment).Select(frame => new FrameOfVector(
                frame.Header.Place.Block,
                frame.Header.Sequence,
                frame.Header.FirstPosition,
                frame.Header.UnixMilliseconds,
                frame.Header.PreviousHash.ToString("x32", CultureInfo.InvariantCulture),
                frame.Header.Hash.ToString("x32", CultureInfo.InvariantCulture),
                [.. Enumerable.Range(0, frame.Header.RecordCount).Select(i => Convert.ToHexStringLower(frame.RecordAt(i)))]))],
            Convert.ToHexStringLower(IndexedJournal.Build(journal, segment))))];
    }

    private sealed record Vector(string Journal, FrameOfVector[] Frames, string Index);

    private sealed record FrameOfVector(int Block, long Sequence, long FirstPosition, long UnixMilliseconds, string PreviousHash, string Hash, string[] Records);
}
