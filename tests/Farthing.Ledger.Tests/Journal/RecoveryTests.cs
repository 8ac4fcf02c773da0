using System.Buffers.Binary;
using Farthing.Ledger.Journal;

namespace Farthing.Ledger.Tests.Journal;

public class RecoveryTests
{
    [Fact]
    public void Frames_are_read_back_as_they_were_appended()
    {
        using var directory = new TemporaryDirectory();
        var written = RawJournal.Write(directory, [10, 20, 30], [4000], [5, 5, 5, 9000]);
        var (frames, note) = RawJournal.Recover(directory);
        Assert.Null(note);
        Assert.Equal(3, frames.Count);
        Assert.Equal([0L, 1L, 2L], frames.Select(frame => frame.Header.Sequence));
        Assert.Equal([0L, 3L, 4L], frames.Select(frame => frame.Header.FirstPosition));
        Assert.Equal([1, 2, 4], frames.Select(frame => frame.Header.Place.Block));
        Assert.Equal(written.Select(header => header.Hash), frames.Select(frame => frame.Header.Hash));
        Assert.Equal(RawJournal.Records(5, 5, 5, 9000).Bytes.AsSpan(0, 9015), frames[2].Records.Span);
    }

    [Fact]
    public void A_journal_goes_on_in_the_next_segment_when_one_is_full()
    {
        using var directory = new TemporaryDirectory();
        var frames = Enumerable.Repeat(new[] { 10_000 }, 35).ToArray();
        RawJournal.Write(directory, frames);
        RawJournal.Write(directory, frames);
        var (read, note) = RawJournal.Recover(directory);
        Assert.Null(note);
        Assert.Equal(70, read.Count);
        Assert.Equal(Enumerable.Range(0, 70).Select(i => (long)i), read.Select(frame => frame.Header.Sequence));
        Assert.Equal(7, read.Select(frame => frame.Header.Place.Segment).Distinct().Count());
    }

    [Fact]
    public void A_torn_last_frame_is_told_from_damage_at_every_length()
    {
        using var directory = new TemporaryDirectory();
        var last = RawJournal.Write(directory, [700], [1000, 3500])[^1];
        var whole = RawJournal.Read(directory, last.Place, last.FrameBytes);
        var content = whole.AsSpan().LastIndexOfAnyExcept((byte)0) + 1;
        Assert.True(content > Frame.BlockBytes);
        using var segment = Segment.Open(directory.Journal, 0, forWriting: true);
        for (var length = content - 1; length >= 0; length--)
        {
            segment.File.Write([0], last.Place.Offset + length);
            var reader = new JournalReader([segment], JournalMark.Beginning);
            Assert.Single(reader.ReadFrames());
            var torn = whole.AsSpan(0, length).LastIndexOfAnyExcept((byte)0) + 1;
            Assert.Equal(new JournalEnd(last.Place, torn), reader.End);
        }
    }

    [Fact]
    public void A_torn_last_frame_is_cut_and_reported()
    {
        const int Sector = 512;
        using var directory = new TemporaryDirectory();
        var last = RawJournal.Write(directory, [700], [1000, 3500])[^1];
        var whole = RawJournal.Read(directory, last.Place, last.FrameBytes);
        for (var length = Sector; length <= Frame.BlockBytes; length += Sector)
        {
            var torn = new byte[whole.Length];
            whole.AsSpan(0, length).CopyTo(torn);
            RawJournal.Overwrite(directory, last.Place, 0, torn);
            var (frames, note) = RawJournal.Recover(directory);
            Assert.Single(frames);
            Assert.Contains($"{length} bytes at {last.Place} were cut", note);
            Assert.False(RawJournal.Read(directory, last.Place, last.FrameBytes).AsSpan().ContainsAnyExcept((byte)0));
        }
        RawJournal.Write(directory, [20]);
        Assert.Equal(2, RawJournal.Recover(directory).Frames.Count);
    }

    [Fact]
    public void A_last_frame_whose_later_blocks_came_first_is_cut()
    {
        using var directory = new TemporaryDirectory();
        var last = RawJournal.Write(directory, [700], [1000, 5000])[^1];
        RawJournal.Overwrite(directory, last.Place, 0, new byte[Frame.BlockBytes]);
        var (frames, note) = RawJournal.Recover(directory);
        Assert.Single(frames);
        Assert.Contains("were cut", note);

        RawJournal.Write(directory, [20]);
        Assert.Equal(2, RawJournal.Recover(directory).Frames.Count);
    }

    [Fact]
    public void Every_changed_byte_of_an_earlier_frame_is_named_as_damage()
    {
        using var directory = new TemporaryDirectory();
        var first = RawJournal.Write(directory, [700, 900], [10])[0];
        var whole = RawJournal.Read(directory, first.Place, first.FrameBytes);
        using var segment = Segment.Open(directory.Journal, 0, forWriting: true);
        for (var at = 0; at < whole.Length; at++)
        {
            segment.File.Write([(byte)(whole[at] ^ (1 << (at % 8)))], first.Place.Offset + at);
            var damage = Assert.Throws<LedgerDamagedException>(() => new JournalReader([segment], JournalMark.Beginning).ReadFrames().Count());
            Assert.Contains("00000000.segment at byte 4096 (batch 0, record 0)", damage.Message);
            segment.File.Write([whole[at]], first.Place.Offset + at);
        }
        Assert.Equal(2, new JournalReader([segment], JournalMark.Beginning).ReadFrames().Count());
    }

    [Fact]
    public void Every_changed_byte_of_a_segment_header_is_damage()
    {
        using var directory = new TemporaryDirectory();
        RawJournal.Write(directory, [700]);
        var header = RawJournal.Read(directory, new(0, 0), Frame.BlockBytes);
        for (var at = 0; at < header.Length; at++)
        {
            RawJournal.Overwrite(directory, new(0, 0), at, [(byte)(header[at] ^ 0x10)]);
            Assert.Contains("00000000.segment", Assert.Throws<LedgerDamagedException>(() => RawJournal.Recover(directory)).Message);
            RawJournal.Overwrite(directory, new(0, 0), at, header.AsSpan(at, 1));
        }
        Assert.Single(RawJournal.Recover(directory).Frames);
    }

    [Fact]
    public void A_frame_in_the_wrong_slot_is_damage()
    {
        using var directory = new TemporaryDirectory();
        var written = RawJournal.Write(directory, [10], [20], [30]);
        var third = RawJournal.Read(directory, written[2].Place, written[2].FrameBytes);
        RawJournal.Overwrite(directory, written[1].Place, 0, third);
        var damage = Assert.Throws<LedgerDamagedException>(() => RawJournal.Recover(directory));
        Assert.Contains("at byte 8192 (batch 1, record 1): the frame belongs at 00000000.segment at byte 12288", damage.Message);
    }

    [Fact]
    public void A_frame_that_does_not_follow_the_one_before_it_is_damage()
    {
        using var directory = new TemporaryDirectory();
        using var other = new TemporaryDirectory();
        var written = RawJournal.Write(directory, [10], [20], [30]);
        RawJournal.Write(other, [11], [21], [31]);
        RawJournal.Overwrite(directory, written[1].Place, 0, RawJournal.Read(other, written[1].Place, written[1].FrameBytes));
        Assert.Contains("does not follow", Assert.Throws<LedgerDamagedException>(() => RawJournal.Recover(directory)).Message);
    }

    [Fact]
    public void A_frame_that_was_never_written_is_damage_when_others_follow()
    {
        using var directory = new TemporaryDirectory();
        var written = RawJournal.Write(directory, [10], [20], [30]);
        RawJournal.Overwrite(directory, written[1].Place, 0, new byte[written[1].FrameBytes]);
        Assert.Contains("at byte 8192", Assert.Throws<LedgerDamagedException>(() => RawJournal.Recover(directory)).Message);
    }

    [Fact]
    public void Lost_frames_at_the_end_of_a_segment_are_damage_when_the_next_one_goes_on()
    {
        using var directory = new TemporaryDirectory();
        var written = RawJournal.Write(directory, [.. Enumerable.Repeat(new[] { 10_000 }, 20)]);
        var last = written.Last(header => header.Place.Segment == 0);
        RawJournal.Overwrite(directory, last.Place, 0, new byte[last.FrameBytes]);
        Assert.Contains("the frame is batch", Assert.Throws<LedgerDamagedException>(() => RawJournal.Recover(directory)).Message);

        RawJournal.Overwrite(directory, last.Place, 0, "a torn frame"u8);
        Assert.Contains("00000001.segment goes on behind it", Assert.Throws<LedgerDamagedException>(() => RawJournal.Recover(directory)).Message);
    }

    [Fact]
    public void A_missing_or_short_or_strange_segment_is_damage()
    {
        using var directory = new TemporaryDirectory();
        RawJournal.Write(directory, [.. Enumerable.Repeat(new[] { 10_000 }, 25)]);
        File.Move(directory.Segment(1), directory.Segment(1) + ".away");
        Assert.Contains("00000001.segment is missing", Assert.Throws<LedgerDamagedException>(() => RawJournal.Recover(directory)).Message);

        File.Copy(directory.Segment(0), directory.Segment(1));
        Assert.Contains("is segment 0 under another's name", Assert.Throws<LedgerDamagedException>(() => RawJournal.Recover(directory)).Message);

        File.Move(directory.Segment(1) + ".away", directory.Segment(1), overwrite: true);
        using (var file = File.Open(directory.Segment(1), FileMode.Open)) file.SetLength(5000);
        Assert.Contains("has 5000 bytes instead of", Assert.Throws<LedgerDamagedException>(() => RawJournal.Recover(directory)).Message);
    }

    [Fact]
    public void A_segment_of_another_journal_is_damage()
    {
        using var directory = new TemporaryDirectory();
        using var other = new TemporaryDirectory();
        var frames = Enumerable.Repeat(new[] { 10_000 }, 15).ToArray();
        RawJournal.Write(directory, frames);
        RawJournal.Write(other, frames);
        File.Copy(other.Segment(1), directory.Segment(1), overwrite: true);
        Assert.Contains("00000001.segment at byte 0 (batch 10, record 10): the segment belongs to another journal", Assert.Throws<LedgerDamagedException>(() => RawJournal.Recover(directory)).Message);
    }

    [Fact]
    public void A_newer_format_is_refused_and_says_so()
    {
        using var directory = new TemporaryDirectory();
        RawJournal.Write(directory, [10]);
        var version = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(version, Segment.FormatVersion + 1);
        RawJournal.Overwrite(directory, new(0, 0), 8, version);
        Assert.Contains("written by a newer version", Assert.Throws<LedgerDamagedException>(() => RawJournal.Recover(directory)).Message);
    }

    [Fact]
    public void A_journal_from_before_the_format_was_frozen_is_refused_by_name_and_left_as_it_is()
    {
        using var directory = new TemporaryDirectory();
        RawJournal.Write(directory, [10]);
        var version = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(version, 1);
        RawJournal.Overwrite(directory, new(0, 0), 8, version);
        var message = Assert.Throws<LedgerDamagedException>(() => RawJournal.Recover(directory)).Message;
        Assert.Contains("has journal format 1", message);
        Assert.Contains("move the data directory away", message);
        Assert.Contains("has journal format 1", Assert.Throws<LedgerDamagedException>(() => RawJournal.Recover(directory)).Message);
    }

    [Fact]
    public void A_half_made_segment_is_thrown_away()
    {
        using var directory = new TemporaryDirectory();
        RawJournal.Write(directory, [10]);
        File.WriteAllText(directory.Segment(1) + ".new", "half");
        Assert.Single(RawJournal.Recover(directory).Frames);
        Assert.Single(Directory.GetFiles(directory.Journal));
    }
}
