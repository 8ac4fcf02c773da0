using Farthing.Ledger.Journal.Sealing;

namespace Farthing.Ledger.Journal;

/// <summary>Where the frames of the records are: those of unsealed segments in memory, the others in their segment's index.</summary>
/// <remarks>One thread adds; any number of threads look up without a lock.</remarks>
internal sealed class FrameIndex(SealedSegments sealedSegments)
{
    private const int FirstCapacity = 64;

    // Replaced by the adding thread when it is full: frames that were sealed meanwhile are left out of the next one.
    private volatile Table table = new([], FirstCapacity);

    public readonly record struct Entry(long FirstPosition, long UnixMilliseconds, FramePlace Place, int RecordCount, int RecordBytes)
    {
        public long EndPosition => FirstPosition + RecordCount;
    }

    public void Add(in FrameHeader header)
    {
        var current = table;
        if (current.Count == current.Entries.Length)
        {
            var end = sealedSegments.EndPosition;
            var unsealed = current.Entries.AsSpan(CountUpTo(current, end, static (entry, position) => entry.EndPosition <= position));
            table = current = new(unsealed, Math.Max(FirstCapacity, 2 * unsealed.Length));
        }
        current.Entries[current.Count] = new(header.FirstPosition, header.UnixMilliseconds, header.Place, header.RecordCount, header.RecordBytes);
        current.Count++;
    }

    /// <summary>How many records are older than a moment, which is also the position of the first that is not.</summary>
    public long SizeBefore(long unixMilliseconds)
    {
        var current = table;
        var older = CountUpTo(current, unixMilliseconds, static (entry, time) => entry.UnixMilliseconds < time);
        return older > 0 ? current.Entries[older - 1].EndPosition : sealedSegments.SizeBefore(unixMilliseconds);
    }

    /// <summary>The frame that holds a record.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No such record.</exception>
    public Entry Find(long position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        var current = table;
        var before = CountUpTo(current, position, static (entry, sought) => entry.EndPosition <= sought);
        if (before < current.Count && current.Entries[before] is var found && found.FirstPosition <= position) return found;
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(position, sealedSegments.EndPosition);
        return sealedSegments.FindFrame(position);
    }

    private static int CountUpTo(Table table, long mark, Func<Entry, long, bool> isBefore)
    {
        var (low, high) = (0, table.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (isBefore(table.Entries[middle], mark)) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    private sealed class Table
    {
        public readonly Entry[] Entries;

        // Written only by the adding thread, after the entry.
        public volatile int Count;

        public Table(ReadOnlySpan<Entry> entries, int capacity)
        {
            Entries = new Entry[capacity];
            entries.CopyTo(Entries);
            Count = entries.Length;
        }
    }
}
