namespace Farthing.Ledger.Journal;

/// <summary>Where the frames of the records are.</summary>
/// <remarks>One thread adds; any number of threads look up without a lock.</remarks>
internal sealed class FrameIndex
{
    // Written only by the adding thread: an entry first, then the array if it grew, then the count. Readers go the other way.
    private volatile Entry[] entries = new Entry[64];
    private volatile int count;

    public readonly record struct Entry(long FirstPosition, long UnixMilliseconds, FramePlace Place, int RecordCount, int RecordBytes)
    {
        public long EndPosition => FirstPosition + RecordCount;
    }

    public void Add(in FrameHeader header)
    {
        var current = entries;
        if (count == current.Length)
        {
            Array.Resize(ref current, current.Length * 2);
            entries = current;
        }
        current[count] = new(header.FirstPosition, header.UnixMilliseconds, header.Place, header.RecordCount, header.RecordBytes);
        count++;
    }

    /// <summary>How many records are older than a moment, which is also the position of the first that is not.</summary>
    public long SizeBefore(long unixMilliseconds)
    {
        var known = count;
        var current = entries;
        var (low, high) = (0, known);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (current[middle].UnixMilliseconds < unixMilliseconds) low = middle + 1;
            else high = middle;
        }
        return low == 0 ? 0 : current[low - 1].EndPosition;
    }

    /// <summary>The frame that holds a record.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No such record.</exception>
    public Entry Find(long position)
    {
        var known = count;
        var current = entries;
        var low = 0;
        var high = known - 1;
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (current[middle].FirstPosition <= position) low = middle;
            else high = middle - 1;
        }
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(position, known == 0 ? 0 : current[known - 1].EndPosition);
        return current[low];
    }
}
