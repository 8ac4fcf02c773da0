using System.Buffers;
using System.Buffers.Binary;
using Farthing.Ledger.State;

namespace Farthing.Ledger.Journal;

/// <summary>Reads single records back from the journal by their position. Thread-safe.</summary>
/// <remarks>The frame of whatever is read was held against its hash, once since the ledger was opened or, where something is decided, just now.</remarks>
internal sealed class RecordReader(IJournal journal, FrameIndex frames)
{
    private const string WhatToDo = "Check the disk; restore the directory from a backup.";

    private readonly SoundFrames sound = new();

    // Replaced by any thread: a chain is sought one record after the other.
    private volatile Frame? lastChecked;

    /// <summary>A record, to show it: that a bit has turned since its frame was first read may go unnoticed.</summary>
    /// <exception cref="LedgerDamagedException">The frame is not what was written, or cannot be read.</exception>
    public JournalRecord Read(long position)
    {
        var bytes = ReadBytes(position, out var frame);
        if (!RecordCodec.TryRead(bytes, position, frame.UnixMilliseconds, out var record, out var length) || length != bytes.Length) throw Unreadable(frame, position);
        return record;
    }

    /// <summary>What the leaf of a record is made of: it, as <see cref="Read"/> has it, the seed of its batch, and its index in the batch.</summary>
    /// <exception cref="LedgerDamagedException">The frame is not what was written, or cannot be read.</exception>
    public RecordView ReadForLeaf(long position, Span<byte> seed, out long unixMilliseconds, out int index)
    {
        var bytes = ReadBytes(position, out var frame);
        if (!RecordCodec.TryView(bytes, position, out var record) || record.Length != bytes.Length) throw Unreadable(frame, position);
        journal.Read(frame.Place, FrameHeader.SeedOffset, seed);
        unixMilliseconds = frame.UnixMilliseconds;
        index = (int)(position - frame.FirstPosition);
        return record;
    }

    private byte[] ReadBytes(long position, out FrameIndex.Entry frame)
    {
        frame = FindSound(position);
        var index = (int)(position - frame.FirstPosition);
        var isLast = index == frame.RecordCount - 1;
        Span<byte> entries = stackalloc byte[8];
        journal.Read(frame.Place, Frame.OffsetEntry(frame.RecordBytes, index), isLast ? entries[..4] : entries);
        var start = BinaryPrimitives.ReadInt32LittleEndian(entries);
        var end = isLast ? frame.RecordBytes : BinaryPrimitives.ReadInt32LittleEndian(entries[4..]);
        if (start < 0 || end <= start || end > frame.RecordBytes) throw Unreadable(frame, position);

        var bytes = new byte[end - start];
        journal.Read(frame.Place, FrameHeader.Length + start, bytes);
        return bytes;
    }

    /// <summary>A record that something is decided on: its whole frame was held against its hash just now.</summary>
    /// <exception cref="LedgerDamagedException">The frame is not what was written, or cannot be read.</exception>
    public JournalRecord ReadChecked(long position)
    {
        var frame = lastChecked;
        if (frame is null || position < frame.Header.FirstPosition || position >= frame.Header.EndPosition) lastChecked = frame = ReadFrame(frames.Find(position), position);
        var bytes = frame.RecordAt((int)(position - frame.Header.FirstPosition));
        if (!RecordCodec.TryRead(bytes, position, frame.Header.UnixMilliseconds, out var record, out var length) || length != bytes.Length)
            throw Damage.At(frame.Header, $"record {position} cannot be read");
        return record;
    }

    /// <summary>All records from a position to the end of its frame.</summary>
    /// <exception cref="LedgerDamagedException">The frame is not what was written, or cannot be read.</exception>
    public IEnumerable<JournalRecord> ReadFrameFrom(long position)
    {
        var frame = ReadFrame(frames.Find(position), position);
        var at = 0;
        for (var current = frame.Header.FirstPosition; current < frame.Header.EndPosition; current++)
        {
            if (!RecordCodec.TryRead(frame.Records.Span[at..], current, frame.Header.UnixMilliseconds, out var record, out var length))
                throw Damage.At(frame.Header, $"record {current} cannot be read");
            at += length;
            if (current >= position) yield return record;
        }
    }

    private FrameIndex.Entry FindSound(long position)
    {
        var frame = frames.Find(position);
        if (sound.Contains(frame.Place)) return frame;
        var length = Frame.BytesFor(frame.RecordBytes, frame.RecordCount);
        var bytes = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            Fill(bytes.AsSpan(0, length), frame, position);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
        sound.Add(frame.Place);
        return frame;
    }

    private Frame ReadFrame(in FrameIndex.Entry entry, long position)
    {
        var bytes = new byte[Frame.BytesFor(entry.RecordBytes, entry.RecordCount)];
        var header = Fill(bytes, entry, position);
        return new(header, bytes.AsMemory(FrameHeader.Length, header.RecordBytes), bytes.AsMemory(Frame.OffsetEntry(header.RecordBytes, 0), 4 * header.RecordCount));
    }

    // With a whole frame, which is what was written.
    private FrameHeader Fill(Span<byte> bytes, in FrameIndex.Entry entry, long position)
    {
        try
        {
            journal.Read(entry.Place, 0, bytes);
        }
        catch (IOException error)
        {
            throw new LedgerDamagedException($"The frame at {entry.Place} with record {position} cannot be read: {DiskFault.Describe(error)}. {WhatToDo}");
        }
        var isSound = FrameHeader.TryRead(bytes, bytes.Length, out var header) && Frame.HashOf(bytes) == header.Hash
            && header.Place == entry.Place && header.FirstPosition == entry.FirstPosition && header.RecordCount == entry.RecordCount && header.RecordBytes == entry.RecordBytes;
        return isSound ? header : throw new LedgerDamagedException($"The frame at {entry.Place} with record {position} is not what was written. {WhatToDo}");
    }

    private static LedgerDamagedException Unreadable(in FrameIndex.Entry frame, long position) =>
        new($"Record {position} in the frame at {frame.Place} cannot be read. {WhatToDo}");
}
