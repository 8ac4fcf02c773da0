using System.Diagnostics;
using System.Globalization;

namespace Farthing.Bench.Ledger;

/// <summary>A time in which nothing was answered, and what happened meanwhile.</summary>
internal sealed record Pause(TimeSpan Length, TimeSpan Collections, TimeSpan DiskStalls, TimeSpan ProcessorStalls, string Files) : IComparable<Pause>
{
    public int CompareTo(Pause? other) => Length.CompareTo(other?.Length ?? TimeSpan.Zero);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"No answer for {Length.TotalMilliseconds:N0} ms: garbage collection {Collections.TotalMilliseconds:N0} ms; somebody waited {DiskStalls.TotalMilliseconds:N0} ms for the disk, {ProcessorStalls.TotalMilliseconds:N0} ms for a processor; new files: {Files}.");
}

/// <summary>Watches the time between answers. For one thread at a time.</summary>
internal sealed class PauseWatch
{
    /// <summary>Longer ones are looked into.</summary>
    public static readonly TimeSpan Notable = TimeSpan.FromMilliseconds(50);

    private const int MostKept = 1_000;

    private string directory = "";
    private HashSet<string> files = [];
    private State last;
    private long seenCollection;

    private readonly record struct State(long Timestamp, TimeSpan Collections, TimeSpan DiskStalls, TimeSpan ProcessorStalls);

    public TimeSpan Longest { get; private set; }

    public TimeSpan LongestCollection { get; private set; }

    public int NotableCount { get; private set; }

    public List<Pause> Notables { get; } = [];

    public void Begin(string ledger)
    {
        directory = ledger;
        files = ListFiles();
        last = Now();
    }

    /// <summary>Notes an answer.</summary>
    public void Note()
    {
        var now = Now();
        var length = Stopwatch.GetElapsedTime(last.Timestamp, now.Timestamp);
        if (length > Longest) Longest = length;
        NoteCollection();
        if (length >= Notable)
        {
            NotableCount++;
            var found = ListFiles();
            if (Notables.Count < MostKept)
            {
                var made = found.Except(files).Select(Path.GetFileName).Order().ToList();
                Notables.Add(new(length, now.Collections - last.Collections, now.DiskStalls - last.DiskStalls, now.ProcessorStalls - last.ProcessorStalls, made.Count == 0 ? "none" : string.Join(" ", made)));
            }
            files = found;
            now = Now();
        }
        last = now;
    }

    private void NoteCollection()
    {
        var collection = GC.GetGCMemoryInfo(GCKind.Any);
        if (collection.Index == seenCollection) return;
        seenCollection = collection.Index;
        foreach (var pause in collection.PauseDurations)
        {
            if (pause > LongestCollection) LongestCollection = pause;
        }
    }

    private HashSet<string> ListFiles() => [.. Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories)];

    private static State Now() => new(Stopwatch.GetTimestamp(), GC.GetTotalPauseDuration(), Stalls("io"), Stalls("cpu"));

    // The kernel's count of microseconds in which some thread of the machine stood still for want of this; zero if it does not count.
    private static TimeSpan Stalls(string resource)
    {
        var path = $"/proc/pressure/{resource}";
        if (!File.Exists(path)) return TimeSpan.Zero;
        var line = File.ReadLines(path).First();
        return TimeSpan.FromMicroseconds(long.Parse(line[(line.LastIndexOf('=') + 1)..]));
    }
}

/// <summary>The memory of this process in bytes, as the system counts it.</summary>
internal static class ProcessMemory
{
    /// <summary>Code and mapped files included.</summary>
    public static long Resident => Read("VmRSS:");

    /// <summary>Code and mapped files left out.</summary>
    public static long Own => Read("RssAnon:");

    /// <summary>The highest that <see cref="Resident"/> was.</summary>
    public static long Peak => Read("VmHWM:");

    private static long Read(string name)
    {
        var line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(name, StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) * 1024;
    }
}
