using System.Runtime.CompilerServices;
using System.Text.Json;
using Farthing.Ledger.Journal;
using Farthing.Ledger.State;

namespace Farthing.Ledger.Tests.Journal;

/// <summary>The golden bytes of <c>docs/spec/vectors/frames.json</c>, which <c>docs/spec/journal.md</c> explains. Changing one is a new journal format.</summary>
public class FrameVectorTests
{
    [Fact]
    public void Segment_headers_are_the_golden_bytes()
    {
        var count = 0;
        foreach (var vector in Read().GetProperty("segments").EnumerateArray())
        {
            var header = new SegmentHeader(vector.GetProperty("number").GetInt32(), vector.GetProperty("bytes").GetInt64(), Number(vector, "journal"));
            var bytes = Segment.WriteHeader(header);
            Assert.Equal(vector.GetProperty("header").GetString(), Convert.ToHexStringLower(bytes.AsSpan(0, 64)));
            Assert.False(bytes.AsSpan(64).ContainsAnyExcept((byte)0));
            count++;
        }
        Assert.Equal(2, count);
    }

    [Fact]
    public void Frames_are_the_golden_bytes()
    {
        var count = 0;
        foreach (var vector in Read().GetProperty("frames").EnumerateArray())
        {
            var records = new BatchBuffer();
            foreach (var hex in vector.GetProperty("records").EnumerateArray())
            {
                var record = Convert.FromHexString(hex.GetString()!);
                record.CopyTo(records.Reserve(record.Length));
                records.Advance(record.Length);
            }
            var header = new FrameHeader
            {
                Place = new(vector.GetProperty("segment").GetInt32(), vector.GetProperty("block").GetInt32()),
                Sequence = vector.GetProperty("sequence").GetInt64(),
                FirstPosition = vector.GetProperty("firstPosition").GetInt64(),
                UnixMilliseconds = vector.GetProperty("unixMilliseconds").GetInt64(),
                RecordCount = records.Offsets.Count,
                RecordBytes = records.Length,
                StateDigest = Number(vector, "stateDigest"),
                PreviousHash = Number(vector, "previousHash"),
                Seed = Convert.FromHexString(vector.GetProperty("seed").GetString()!),
            };
            var bytes = new byte[header.FrameBytes];
            var encoded = Frame.Encode(header, records, bytes);
            var content = FrameHeader.Length + records.Length + 4 * records.Offsets.Count;
            Assert.Equal(vector.GetProperty("frame").GetString(), Convert.ToHexStringLower(bytes.AsSpan(0, content)));
            Assert.Equal(vector.GetProperty("length").GetInt32(), bytes.Length);
            Assert.False(bytes.AsSpan(content).ContainsAnyExcept((byte)0));
            Assert.Equal(Number(vector, "hash"), encoded.Hash);

            Assert.True(FrameHeader.TryRead(bytes, Frame.MaxBytes, out var read));
            Assert.Equal(encoded with { Seed = default }, read with { Seed = default });
            Assert.Equal(header.Seed.ToArray(), read.Seed.ToArray());
            count++;
        }
        Assert.Equal(2, count);
    }

    [Fact]
    public void No_bytes_make_reading_a_header_throw()
    {
        var valid = new byte[Frame.BlockBytes];
        Frame.Encode(RawJournal.Header(0) with { RecordCount = 2, RecordBytes = 30 }, RawJournal.Records(10, 20), valid);
        var accepted = 0;
        for (var at = 16; at < FrameHeader.Length; at++)
        {
            foreach (var value in new byte[] { 0, 1, 0x7F, 0x80, 0xFF })
            {
                var bytes = valid.ToArray();
                bytes[at] = value;
                if (!FrameHeader.TryRead(bytes, Frame.MaxBytes, out var header)) continue;
                accepted++;
                Assert.InRange(header.FrameBytes, Frame.BlockBytes, Frame.MaxBytes);
                Assert.True(header.EndPosition > header.FirstPosition);
            }
        }
        Assert.True(accepted > 300);
        for (var length = 0; length < FrameHeader.Length; length++) Assert.False(FrameHeader.TryRead(valid.AsSpan(0, length), Frame.MaxBytes, out _));
    }

    private static UInt128 Number(JsonElement vector, string name) => UInt128.Parse(vector.GetProperty(name).GetString()!);

    private static JsonElement Read([CallerFilePath] string thisFile = "")
    {
        var path = Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", "..", "docs", "spec", "vectors", "frames.json");
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        return document.RootElement.Clone();
    }
}
