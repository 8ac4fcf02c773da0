using Farthing.Ledger.Journal;
using Farthing.Ledger.Journal.Sealing;
using Farthing.Ledger.State;
using Farthing.Ledger.Tests.Sequencing;
using Farthing.Ledger.Tests.State;

namespace Farthing.Ledger.Tests.Journal.Sealing;

public class SegmentIndexTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void An_index_says_of_its_segment_what_reading_all_of_it_says(int seed)
    {
        using var journal = IndexedJournal.Random(seed, commands: 4_000, segmentBlocks: 40);
        Assert.True(journal.OpenSegment >= 3);
        var all = Enumerable.Range(0, journal.OpenSegment + 1).SelectMany(segment => IndexedJournal.Records(journal, segment)).ToList();
        for (var segment = 0; segment < journal.OpenSegment; segment++)
        {
            var index = SegmentIndex.Open(IndexedJournal.Build(journal, segment))!;
            var records = IndexedJournal.Records(journal, segment);
            var frames = IndexedJournal.Frames(journal, segment);
            Assert.Equal((segment, journal.Number, records[0].Position, records.Count), (index.Header.Segment, index.Header.Journal, index.Header.FirstPosition, index.Header.RecordCount));
            Assert.Equal((frames[0].Header.PreviousHash, frames[^1].Header.Hash, frames[0].Header.Sequence), (index.Header.PreviousHash, index.Header.LastFrameHash, index.Header.FirstSequence));
            Assert.Equal((frames[0].Header.UnixMilliseconds, frames[^1].Header.UnixMilliseconds), (index.Header.FirstUnixMilliseconds, index.Header.LastUnixMilliseconds));

            var bound = records.Where(record => !record.IsMadeByLedger && (record.Command.Kind != RecordKind.OpenAccount || record.Outcome == Outcome.Done))
                .ToDictionary(record => record.Command.Id, record => record.Position);
            var cited = records.Where(record => record.Outcome == Outcome.Done && record.Command.Kind is RecordKind.Post or RecordKind.Void or RecordKind.Refund or RecordKind.Expire && record.Command.Debit != 0)
                .GroupBy(record => record.Command.Cited).ToDictionary(group => group.Key, group => group.Max(record => record.Position));
            Assert.True(bound.Count > 300 && cited.Count > 20 && index.Header.Times.Timeless > 20);
            Assert.Equal((bound.Count, cited.Count), (index.Header.IdCount, index.Header.CitationCount));
            foreach (var record in all)
            {
                var id = record.Command.Id;
                var hash = IdFilter.HashOf(id, journal.Number);
                Assert.Equal(bound.GetValueOrDefault(id, -1), index.TryFindId(id, hash, out var position) ? position : -1);
                Assert.Equal(cited.GetValueOrDefault(id, -1), index.TryFindCitation(id, hash, out position) ? position : -1);
                if (bound.ContainsKey(id)) Assert.True(index.Header.Times.MayHold((long)(ulong)(id >> 80)));
            }

            foreach (var record in records)
            {
                var frame = index.FindFrame(record.Position);
                var expected = frames.Single(f => f.Header.FirstPosition <= record.Position && record.Position < f.Header.EndPosition).Header;
                Assert.Equal(new FrameIndex.Entry(expected.FirstPosition, expected.UnixMilliseconds, expected.Place, expected.RecordCount, expected.RecordBytes), frame);
                foreach (var time in new[] { record.UnixMilliseconds, record.UnixMilliseconds + 1 })
                    Assert.Equal(records[0].Position + records.Count(r => r.UnixMilliseconds < time), index.SizeBefore(time));
            }
        }
    }

    [Fact]
    public void Ids_are_found_in_whatever_segment_holds_them_however_far_apart_their_times_lie()
    {
        using var journal = IndexedJournal.Random(seed: 4, commands: 3_000, segmentBlocks: 8);
        // Behind those, segments with the times of another year, of nearly all years, and of none.
        var position = journal.ReadFrames(JournalMark.Beginning).Last().Header.EndPosition;
        foreach (var times in new long[][] { [1_600_000_000_000, 1_600_000_000_001], [1, (1L << 48) - 1], [0], [1_700_000_000_001, 0, 5] })
        {
            journal.BeginSegment();
            var records = new BatchBuffer();
            foreach (var time in times)
                RecordCodec.Append(records, new JournalRecord { Command = Command.Claim(new((ulong)time << 16, 9_000 + (ulong)position), 7, 8), Position = position++, PreviousOfDebit = -1, PreviousOfCredit = -1, PreviousCitation = -1 });
            journal.Append(new FrameHeader { FirstPosition = position - times.Length, UnixMilliseconds = 1_800_000_000_000, Seed = new byte[FrameHeader.SeedLength] }, records);
        }
        journal.BeginSegment();

        var ids = IndexedJournal.Seal(journal, journal.OpenSegment);
        var found = 0;
        for (var segment = 0; segment < journal.OpenSegment; segment++)
        {
            foreach (var record in IndexedJournal.Records(journal, segment))
            {
                if (record.IsMadeByLedger || (record.Command.Kind == RecordKind.OpenAccount && record.Outcome != Outcome.Done)) continue;
                Assert.True(ids.TryFind(record.Command.Id, out var bound));
                Assert.Equal(record.Position, bound.Position);
                Assert.False(ids.TryFind(record.Command.Id + (UInt128.One << 70), out _));
                found++;
            }
        }
        Assert.True(found > 2_000 && journal.OpenSegment >= 15, $"{found} ids in {journal.OpenSegment} segments.");
    }

    [Fact]
    public void More_ids_without_a_time_than_can_be_counted_are_some()
    {
        using var journal = IndexedJournal.Random(seed: 6, commands: 1_000, segmentBlocks: 8);
        Assert.True(journal.OpenSegment >= 2);
        var segments = new SealedSegments(new IndexFiles(journal, "/nowhere"), journal.Number);
        for (var segment = 0; segment < 2; segment++)
        {
            var bytes = IndexedJournal.Build(journal, segment);
            var header = SegmentIndexHeader.Read(bytes)!;
            (header with { Times = header.Times with { Timeless = int.MaxValue } }).Write(bytes);
            segments.Add(SegmentIndex.Open(bytes)!);
        }
        Assert.Equal(int.MaxValue, segments.Extent.Times.Timeless);
        Assert.True(segments.Extent.Times.MayHold(0));
    }

    [Fact]
    public void From_any_position_the_history_of_an_account_is_few_steps_away()
    {
        using var journal = IndexedJournal.Random(seed: 5, commands: 8_000, segmentBlocks: 200);
        Assert.True(journal.OpenSegment >= 1);
        var index = SegmentIndex.Open(IndexedJournal.Build(journal, 0))!;
        var records = IndexedJournal.Records(journal, 0);
        var longest = 0;
        for (UInt128 account = 1; account <= 12; account++)
        {
            var touches = records.Where(r => r.Outcome == Outcome.Done && (r.Command.Debit == account || r.Command.Credit == account)).Select(r => r.Position).ToList();
            longest = Math.Max(longest, touches.Count);
            for (var at = 0L; at < records.Count; at += 7)
            {
                Assert.Equal(touches.Count > 0, index.TryFindTouch(account, at, out var from));
                if (touches.Count == 0) continue;
                Assert.Contains(from, touches);
                var wanted = touches.FindLastIndex(position => position <= at);
                var begun = touches.IndexOf(from);
                Assert.InRange(begun - wanted, 0, SegmentIndexBuilder.MarkEvery);
            }
        }
        Assert.True(longest > 5 * SegmentIndexBuilder.MarkEvery, $"The longest history has {longest} records.");
        Assert.False(index.TryFindTouch(999, 0, out _));
    }

    [Fact]
    public void A_filter_lets_few_strangers_through_and_every_member()
    {
        const int Count = 50_000;
        var filter = new byte[IdFilter.BytesFor(Count)];
        Assert.InRange(filter.Length, Count * 10 / 8, Count * 10 / 8 + 64);
        for (var i = 0; i < Count; i++) IdFilter.Add(filter, IdFilter.HashOf(IdOf(i), 9));
        var strangers = 0;
        for (var i = 0; i < Count; i++)
        {
            Assert.True(IdFilter.MayHold(filter, IdFilter.HashOf(IdOf(i), 9)));
            if (IdFilter.MayHold(filter, IdFilter.HashOf(IdOf(Count + i), 9))) strangers++;
        }
        Assert.InRange(strangers, Count / 500, Count / 50);
        Assert.False(IdFilter.MayHold([], IdFilter.HashOf(1, 9)));

        static UInt128 IdOf(int i) => new(1_700_000_000_000UL << 16, (ulong)i << 8);
    }

    [Fact]
    public void No_changed_byte_goes_unnoticed_and_none_makes_an_index_do_anything_but_say_so()
    {
        using var journal = IndexedJournal.Random(seed: 8, commands: 900, segmentBlocks: 12);
        var sound = IndexedJournal.Build(journal, 0);
        var asked = IndexedJournal.Records(journal, 0);
        var random = new Random(8);
        var (refused, damaged, padding) = (0, 0, 0);
        for (var round = 0; round < 6_000; round++)
        {
            var bytes = sound.ToArray();
            var at = round < 2 * SegmentIndexHeader.Length ? round / 2 : random.Next(bytes.Length);
            bytes[at] ^= (byte)(1 << random.Next(8));
            if (SegmentIndex.Open(bytes) is not { } index)
            {
                Assert.True(at < SegmentIndexHeader.Length);
                refused++;
                continue;
            }
            Assert.True(at >= SegmentIndexHeader.Length);
            if (Answers(index) is { } answers)
            {
                Assert.Equal(Answers(SegmentIndex.Open(sound)!), answers);
                padding++;
            }
            else
            {
                damaged++;
            }
        }
        Assert.True(refused >= 2 * SegmentIndexHeader.Length && damaged > 4_000 && padding < 200, $"{refused} {damaged} {padding}");
        for (var length = 0; length < sound.Length; length += random.Next(1, 40)) Assert.Null(SegmentIndex.Open(sound.AsMemory(0, length)));

        List<long>? Answers(SegmentIndex index)
        {
            var found = new List<long>();
            try
            {
                foreach (var record in asked)
                {
                    var hash = IdFilter.HashOf(record.Command.Id, journal.Number);
                    found.Add(index.TryFindId(record.Command.Id, hash, out var position) ? position : -1);
                    found.Add(index.TryFindCitation(record.Command.Id, hash, out position) ? position : -1);
                    found.Add(index.FindFrame(record.Position).FirstPosition);
                    found.Add(index.SizeBefore(record.UnixMilliseconds));
                    // From the first record on, so that marks are read too.
                    if (record.Command.Debit != 0) found.Add(index.TryFindTouch(record.Command.Debit, 0, out position) ? position : -1);
                }
                return found;
            }
            catch (IndexDamagedException)
            {
                return null;
            }
        }
    }

    [Fact]
    public void Bytes_with_right_hashes_and_wrong_content_are_read_within_their_bounds()
    {
        using var journal = IndexedJournal.Random(seed: 9, commands: 900, segmentBlocks: 12);
        var sound = IndexedJournal.Build(journal, 0);
        var header = SegmentIndexHeader.Read(sound)!;
        var offsets = header.Offsets();
        var asked = IndexedJournal.Records(journal, 0);
        var random = new Random(9);
        var (read, refused) = (0, 0);
        for (var round = 0; round < 3_000; round++)
        {
            var bytes = sound.ToArray();
            for (var change = 0; change < 20; change++) bytes[random.Next(SegmentIndexHeader.Length, bytes.Length)] = (byte)random.Next(256);
            var hashes = Enumerable.Range(0, SegmentIndexHeader.PartCount)
                .Select(part => System.IO.Hashing.XxHash128.HashToUInt128(bytes.AsSpan((int)offsets[part], (int)header.LengthOf((IndexPart)part)))).ToArray();
            (header with { PartHashes = hashes }).Write(bytes);
            var index = SegmentIndex.Open(bytes)!;
            foreach (var record in asked)
            {
                try
                {
                    var hash = IdFilter.HashOf(record.Command.Id, journal.Number);
                    if (index.TryFindId(record.Command.Id, hash, out var position)) Assert.InRange(position, 0, header.RecordCount - 1);
                    if (index.TryFindCitation(record.Command.Id, hash, out position)) Assert.InRange(position, 0, header.RecordCount - 1);
                    if (index.TryFindTouch(record.Command.Debit, 0, out position)) Assert.InRange(position, 0, header.RecordCount - 1);
                    index.FindFrame(record.Position);
                    index.SizeBefore(record.UnixMilliseconds);
                    read++;
                }
                catch (IndexDamagedException)
                {
                    refused++;
                }
            }
        }
        Assert.True(read > 100_000 && refused > 100, $"{read} {refused}");

        // And headers whose numbers are anything, under a right hash.
        for (var round = 0; round < 5_000; round++)
        {
            var bytes = sound.ToArray();
            (header with
            {
                FrameCount = Any(),
                IdCount = Any(),
                CitationCount = Any(),
                AccountCount = Any(),
                MarkCount = Any(),
                RecordCount = Any(),
                FirstPosition = Any(),
            }).Write(bytes);
            Assert.Null(SegmentIndex.Open(bytes));
        }

        int Any() => random.Next(3) == 0 ? random.Next(100) : random.Next(int.MinValue, int.MaxValue);
    }

    [Fact]
    public void The_index_of_the_longest_segment_is_one_array_whatever_records_fill_it()
    {
        var ratios = new List<double>();
        foreach (var vector in RecordVectors.Load())
        {
            var bytes = Convert.FromHexString(vector.Bytes);
            Assert.True(RecordCodec.TryView(bytes, vector.Position, out var record));
            // Each record bound, and the first one of its accounts; a frame's head and padding would only make them fewer.
            var records = Segment.MaxBytes / (bytes.Length + sizeof(int));
            var touched = !record.IsDone ? 0 : (record.Debit == 0 ? 0 : 1) + (record.Credit == 0 ? 0 : 1);
            var header = new SegmentIndexHeader
            {
                Segment = 0,
                Journal = 1,
                PreviousHash = 0,
                LastFrameHash = 0,
                FirstSequence = 0,
                FirstPosition = 0,
                RecordCount = records,
                FrameCount = Segment.MaxBytes / Frame.BlockBytes,
                FirstUnixMilliseconds = 0,
                LastUnixMilliseconds = 0,
                Times = default,
                IdCount = record.BindsItsId ? records : 0,
                CitationCount = record.IsCitation ? records : 0,
                AccountCount = records * touched,
                MarkCount = records / SegmentIndexBuilder.MarkEvery * touched,
                PartHashes = new UInt128[SegmentIndexHeader.PartCount],
            };
            Assert.InRange(header.Offsets()[^1], 1, Array.MaxLength);
            ratios.Add((double)header.Offsets()[^1] / Segment.MaxBytes);
        }
        Assert.True(ratios.Count > 20 && ratios.Max() is > 1 and < 1.9, $"{ratios.Count} records, at most {ratios.Max()}.");
    }

    [Fact]
    public void A_file_that_cannot_be_read_any_more_is_noticed_before_its_memory_is_touched()
    {
        using var directory = new TemporaryDirectory();
        using var journal = IndexedJournal.Random(seed: 8, commands: 1_000, segmentBlocks: 40);
        var bytes = IndexedJournal.Build(journal, 0);
        Assert.True(bytes.Length > 4 * Frame.BlockBytes);
        var path = Path.Combine(directory.Path, IndexFiles.FileName(0));
        File.WriteAllBytes(path, bytes);
        var index = SegmentIndex.Open(new MappedFile(path).Memory)!;
        Assert.Equal(IndexedJournal.Frames(journal, 0)[0].Header.Place, index.FindFrame(0).Place);

        // What lies behind the end of a file is memory that ends the process.
        ChildProcess.Shorten(path);
        var id = IndexedJournal.Records(journal, 0)[0].Command.Id;
        Assert.Throws<IndexDamagedException>(() => index.TryFindId(id, IdFilter.HashOf(id, journal.Number), out _));
        Assert.Throws<IndexDamagedException>(() => index.TryFindTouch(1, 1, out _));
        Assert.Throws<IndexDamagedException>(index.Verify);
    }

    [Fact]
    public void An_index_whose_hashes_were_looked_at_takes_no_memory_until_somebody_asks_it()
    {
        using var directory = new TemporaryDirectory();
        using var journal = IndexedJournal.Random(seed: 8, commands: 1_000, segmentBlocks: 40);
        var path = Path.Combine(directory.Path, IndexFiles.FileName(0));
        File.WriteAllBytes(path, IndexedJournal.Build(journal, 0));
        var index = SegmentIndex.Open(new MappedFile(path).Memory)!;
        index.Verify();
        Assert.Equal(0, ResidentKibibytes(path));

        var bound = IndexedJournal.Records(journal, 0).First(record => !record.IsMadeByLedger && record.Outcome == Outcome.Done);
        Assert.True(index.TryFindId(bound.Command.Id, IdFilter.HashOf(bound.Command.Id, journal.Number), out var position));
        Assert.Equal(bound.Position, position);
        Assert.True(ResidentKibibytes(path) > 0);
    }

    // Of the pages that this process has in memory of a mapped file.
    private static int ResidentKibibytes(string path) => File.ReadLines("/proc/self/smaps")
        .SkipWhile(line => !line.EndsWith(path, StringComparison.Ordinal))
        .Where(line => line.StartsWith("Rss:", StringComparison.Ordinal))
        .Take(1)
        .Select(line => int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]))
        .Single();
}
