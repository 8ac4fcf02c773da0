using System.Buffers.Binary;
using Farthing.Ledger.State;

namespace Farthing.Ledger.Journal;

/// <summary>Reads single records back from the journal by their position. Thread-safe.</summary>
internal sealed class RecordReader(IJournal journal, FrameIndex frames)
{
    /// <exception cref="LedgerDamagedException">The bytes are not what was written.</exception>
    public JournalRecord Read(long position)
    {
        var frame = frames.Find(position);
        var index = (int)(position - frame.FirstPosition);
        var isLast = index == frame.RecordCount - 1;
        Span<byte> entries = stackalloc byte[8];
        journal.Read(frame.Place, Frame.OffsetEntry(frame.RecordBytes, index), isLast ? entries[..4] : entries);
        var start = BinaryPrimitives.ReadInt32LittleEndian(entries);
        var end = isLast ? frame.RecordBytes : BinaryPrimitives.ReadInt32LittleEndian(entries[4..]);
        if (start < 0 || end <= start || end > frame.RecordBytes) throw Unreadable(frame, position);

        var bytes = new byte[end - start];
        journal.Read(frame.Place, FrameHeader.Length + start, bytes);
        if (!RecordCodec.TryRead(bytes, position, frame.UnixMilliseconds, out var record, out var length) || length != bytes.Length) throw Unreadable(frame, position);
        return record;
    }

    /// <summary>The seed of the batch that a record belongs to, and its index in the batch.</summary>
    public (byte[] Seed, int Index) ReadSeed(long position)
    {
        var frame = frames.Find(position);
        var seed = new byte[FrameHeader.SeedLength];
        journal.Read(frame.Place, FrameHeader.SeedOffset, seed);
        return (seed, (int)(position - frame.FirstPosition));
    }

    /// <summary>All records from a position to the end of its frame.</summary>
    public IEnumerable<JournalRecord> ReadFrameFrom(long position)
    {
        var frame = frames.Find(position);
        var bytes = new byte[frame.RecordBytes];
        journal.Read(frame.Place, FrameHeader.Length, bytes);
        var at = 0;
        for (var current = frame.FirstPosition; current < frame.EndPosition; current++)
        {
            if (!RecordCodec.TryRead(bytes.AsSpan(at), current, frame.UnixMilliseconds, out var record, out var length)) throw Unreadable(frame, current);
            at += length;
            if (current >= position) yield return record;
        }
    }

    private static LedgerDamagedException Unreadable(in FrameIndex.Entry frame, long position) =>
        new($"Record {position} in the frame at {frame.Place} is unreadable, though it was sound when the ledger was opened. Check the disk; restore the directory from a backup.");
}
