using Farthing.Ledger.State;
using Farthing.Protocol;

namespace Farthing.Ledger.Journal.Sealing;

/// <summary>All sealed segments, from the first one on without a gap: what their records bind, cite and touch.</summary>
/// <remarks>One thread adds; any number look up without a lock. What is in here is on disk and never changes.</remarks>
internal sealed class SealedSegments(IndexFiles files, UInt128 journal)
{
    // Replaced whole by the adding thread; read by any.
    private volatile View current = View.Empty;

    /// <summary>How many there are.</summary>
    public int Count => current.Segments.Length;

    /// <summary>The position of the first record that is in none of them.</summary>
    public long EndPosition => current.EndPosition;

    /// <summary>The times of all their ids, and where they end, as of one moment.</summary>
    public (IdTimes Times, long EndPosition) Extent
    {
        get
        {
            var view = current;
            return (view.Times, view.EndPosition);
        }
    }

    public void Add(SegmentIndex index)
    {
        var view = current;
        var header = index.Header;
        if (header.Segment != view.Segments.Length || header.FirstPosition != view.EndPosition)
            throw new InvalidOperationException($"Segment {header.Segment} from position {header.FirstPosition} on does not follow the {view.Segments.Length} up to {view.EndPosition}.");
        var (lowest, highest) = header.Times.Lowest == 0 ? (long.MaxValue, 0) : (header.Times.Lowest, header.Times.Highest);
        current = new(
            [.. view.Segments, new Item(index, files)],
            [.. view.LowestFrom.Select(before => Math.Min(before, lowest)), lowest],
            [.. view.HighestUpTo, Math.Max(view.HighestUpTo.LastOrDefault(), highest)],
            view.Times.With(header.Times),
            header.EndPosition);
    }

    /// <summary>Forgets all of them, to be added again. While nobody else looks anything up.</summary>
    public void Clear() => current = View.Empty;

    /// <summary>True if there is such a segment and it ends at a position.</summary>
    public bool Ends(int segment, long position)
    {
        var view = current;
        return segment < view.Segments.Length && view.Segments[segment].EndPosition == position;
    }

    /// <summary>The position of the record that binds an id. It is to be held against the record.</summary>
    public bool TryFind(UInt128 id, out long position)
    {
        position = -1;
        var view = current;
        var time = IdBytes.TimeOf(id);
        if (!view.Times.MayHold(time)) return false;
        // Ids are sent about when they are made, so that few segments can hold one of a time.
        var first = time == 0 ? 0 : CountBelow(view.HighestUpTo, time);
        var last = time == 0 ? view.Segments.Length - 1 : CountBelow(view.LowestFrom, time + 1) - 1;
        var hash = IdFilter.HashOf(id, journal);
        for (var i = last; i >= first; i--)
        {
            if (!view.Segments[i].Times.MayHold(time)) continue;
            position = view.Segments[i].Ask((id, hash), static (index, sought) => index.TryFindId(sought.id, sought.hash, out var found) ? found : -1);
            if (position >= 0) return true;
        }
        return false;
    }

    /// <summary>The position of the newest record that posts, voids, expires or refunds an id, or -1.</summary>
    /// <param name="id">The id.</param>
    /// <param name="boundAt">A position that is not after the record that binds it.</param>
    public long LastCitation(UInt128 id, long boundAt)
    {
        var view = current;
        var hash = IdFilter.HashOf(id, journal);
        for (var i = view.Segments.Length - 1; i >= 0 && view.Segments[i].EndPosition > boundAt; i--)
        {
            var position = view.Segments[i].Ask((id, hash), static (index, sought) => index.TryFindCitation(sought.id, sought.hash, out var found) ? found : -1);
            if (position >= 0) return position;
        }
        return -1;
    }

    /// <summary>A record of an account from which fewer than 64 steps back lead to its newest one not after a position; -1 if no sealed segment has one.</summary>
    /// <param name="account">The account.</param>
    /// <param name="atMost">The position.</param>
    public long FindTouch(UInt128 account, long atMost)
    {
        var view = current;
        for (var i = IndexOf(view, atMost); i >= 0; i--)
        {
            var from = view.Segments[i].Ask((account, atMost), static (index, sought) => index.TryFindTouch(sought.account, sought.atMost, out var found) ? found : -1);
            if (from >= 0) return from;
        }
        return -1;
    }

    /// <summary>The frame that holds a record before <see cref="EndPosition"/>.</summary>
    public FrameIndex.Entry FindFrame(long position)
    {
        var view = current;
        return view.Segments[IndexOf(view, position)].Ask(position, static (index, at) => index.FindFrame(at));
    }

    /// <summary>How many of their records are older than a moment.</summary>
    public long SizeBefore(long unixMilliseconds)
    {
        var segments = current.Segments;
        var (low, high) = (0, segments.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (segments[middle].LastUnixMilliseconds < unixMilliseconds) low = middle + 1;
            else high = middle;
        }
        if (low == segments.Length) return low == 0 ? 0 : segments[^1].EndPosition;
        return segments[low].Ask(unixMilliseconds, static (index, time) => index.SizeBefore(time));
    }

    /// <summary>Makes the index of the segment of a record again, after it named a record that is not what it says.</summary>
    public void Distrust(long position)
    {
        var view = current;
        view.Segments[IndexOf(view, position)].MakeAgain();
    }

    private static int CountBelow(long[] ascending, long value)
    {
        var (low, high) = (0, ascending.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (ascending[middle] < value) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    // The segment of a position, the last one for a position behind all.
    private static int IndexOf(View view, long position)
    {
        var low = 0;
        var high = view.Segments.Length - 1;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (view.Segments[middle].EndPosition > position) high = middle;
            else low = middle + 1;
        }
        return high;
    }

    /// <param name="Segments">In the order of their numbers.</param>
    /// <param name="LowestFrom">For each segment the earliest time of an id in it or behind it.</param>
    /// <param name="HighestUpTo">For each segment the latest time of an id in it or before it.</param>
    /// <param name="Times">The times of all ids.</param>
    /// <param name="EndPosition">Behind the last record.</param>
    private sealed record View(Item[] Segments, long[] LowestFrom, long[] HighestUpTo, IdTimes Times, long EndPosition)
    {
        public static View Empty { get; } = new([], [], [], default, 0);
    }

    /// <summary>One segment, whose index is made again when it turns out to be damaged.</summary>
    private sealed class Item(SegmentIndex index, IndexFiles files)
    {
        private readonly Lock gate = new();

        // Replaced under the gate; read by any thread.
        private volatile SegmentIndex index = index;

        public IdTimes Times { get; } = index.Header.Times;

        public long EndPosition { get; } = index.Header.EndPosition;

        public long LastUnixMilliseconds { get; } = index.Header.LastUnixMilliseconds;

        public T Ask<TAbout, T>(TAbout about, Func<SegmentIndex, TAbout, T> question)
        {
            var asked = index;
            try
            {
                return question(asked, about);
            }
            catch (IndexDamagedException)
            {
                return question(MakeAgain(asked), about);
            }
        }

        public void MakeAgain() => MakeAgain(index);

        private SegmentIndex MakeAgain(SegmentIndex damaged)
        {
            lock (gate)
            {
                if (index == damaged) index = files.MakeInAnyCase(damaged.Header.Segment);
                return index;
            }
        }
    }
}
