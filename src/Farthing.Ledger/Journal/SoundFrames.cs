namespace Farthing.Ledger.Journal;

/// <summary>Remembers which frames were held against their hash, in a bit for each block of the journal. Thread-safe; asking takes no lock.</summary>
internal sealed class SoundFrames
{
    private const int FirstWords = 64;

    private readonly Lock gate = new();

    // Words of 32 blocks, a row for each segment. Written under the gate, rows replaced whole when they grow; a reader of an old row finds less.
    private volatile int[][] segments = [];

    public bool Contains(FramePlace place)
    {
        var rows = segments;
        if (place.Segment >= rows.Length) return false;
        var row = Volatile.Read(ref rows[place.Segment]);
        var word = place.Block / 32;
        return word < row.Length && (Volatile.Read(ref row[word]) & (1 << (place.Block % 32))) != 0;
    }

    public void Add(FramePlace place)
    {
        lock (gate)
        {
            if (place.Segment >= segments.Length)
            {
                var rows = new int[Math.Max(place.Segment + 1, 2 * segments.Length)][];
                segments.CopyTo(rows, 0);
                Array.Fill(rows, [], segments.Length, rows.Length - segments.Length);
                segments = rows;
            }
            ref var row = ref segments[place.Segment];
            var word = place.Block / 32;
            if (word >= row.Length)
            {
                var longer = new int[Math.Max(FirstWords, Math.Max(word + 1, 2 * row.Length))];
                row.CopyTo(longer, 0);
                Volatile.Write(ref row, longer);
            }
            row[word] |= 1 << (place.Block % 32);
        }
    }
}
