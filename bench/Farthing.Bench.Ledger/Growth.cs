using System.Diagnostics;
using System.Security.Cryptography;

namespace Farthing.Bench.Ledger;

/// <summary>Does a ledger stay as fast, as small and as quick to open when its history grows? Fills one, and looks.</summary>
internal sealed class Growth(Options options)
{
    private const int Accounts = 10_000;
    private const long Window = 1_000_000;
    private const int WindowsCompared = 5;
    private const int MostBytesEach = 300;
    private const int IdsKept = 2_000;
    private const int LongestNamed = 10;

    private readonly Results results = new(options);
    private readonly List<UInt128> oldIds = [];
    private readonly List<double> windows = [];
    private readonly PauseWatch pauses = new();
    private long done;
    private long windowBegan;

    public async Task<bool> RunAsync()
    {
        Directory.CreateDirectory(options.Output);
        CheckRoom();
        OpenedLedger opened;
        await using (var tested = await LedgerUnderTest.CreateAsync(options.Output, Accounts))
        {
            var timeless = await tested.TransferTimelessAsync(IdsKept);
            await GrowAsync(tested);
            await tested.CheckMoneyAsync();
            TakeSizes(tested);
            await TakeLookUpsAsync(tested, timeless);
            await tested.Ledger.DisposeAsync();
            opened = await OpenedLedger.OpenAsync(tested.Directory);
        }
        results.AddFigure("growth-opening", "opening it again", "s", opened.Milliseconds / 1000);
        results.AddFigure("growth-opened-memory", "memory after opening", "MB", opened.ResidentBytes / 1e6);
        return results.Print();
    }

    private void CheckRoom()
    {
        var needed = options.Transfers * MostBytesEach + (1L << 30);
        var free = new DriveInfo(Path.GetFullPath(options.Output)).AvailableFreeSpace;
        if (free < needed) throw new BenchFailedException($"{options.Transfers:N0} transfers may need {needed / 1e9:N0} GB, and {free / 1e9:N0} GB are free. Ask for fewer with --transfers.");
    }

    private async Task GrowAsync(LedgerUnderTest tested)
    {
        pauses.Begin(tested.Directory);
        windowBegan = Stopwatch.GetTimestamp();
        await tested.RunBatchesAsync(commands =>
        {
            if (oldIds.Count < IdsKept) oldIds.Add(commands[oldIds.Count].Id);
            return Note(tested, commands.Length);
        });
        results.AddFigure("growth-early", $"rate after {Window:N0} transfers", "/s", Median(windows.Skip(1).Take(WindowsCompared)));
        results.AddFigure("growth-late", $"rate before {done:N0} transfers", "/s", Median(windows.TakeLast(WindowsCompared)));
        results.AddFigure("growth-pause", "longest time without an answer", "ms", pauses.Longest.TotalMilliseconds);
        results.AddFigure("growth-collection", "longest garbage collection pause", "ms", pauses.LongestCollection.TotalMilliseconds);
        results.AddFigure("growth-pauses", $"times of over {PauseWatch.Notable.TotalMilliseconds} ms without an answer", "", pauses.NotableCount);
        foreach (var pause in pauses.Notables.OrderDescending().Take(LongestNamed)) results.Notes.Add(pause.ToString());
    }

    private bool Note(LedgerUnderTest tested, int count)
    {
        lock (windows)
        {
            pauses.Note();
            var before = done / Window;
            done += count;
            if (done / Window == before) return done < options.Transfers;
            windows.Add(Window / Stopwatch.GetElapsedTime(windowBegan).TotalSeconds);
            windowBegan = Stopwatch.GetTimestamp();
            if (windows.Count % 5 == 0)
            {
                Console.Error.WriteLine($"{done:N0} transfers, {Median(windows.TakeLast(WindowsCompared)):N0} /s, resident {ProcessMemory.Resident / 1e6:N0} MB, "
                    + $"own {ProcessMemory.Own / 1e6:N0} MB, {JournalFiles.BytesInUse(tested.Directory) / (double)done:N1} bytes each on disk");
            }
            return done < options.Transfers;
        }
    }

    private void TakeSizes(LedgerUnderTest tested)
    {
        results.AddFigure("growth-memory", "resident memory at the end, caches and mapped files included", "MB", ProcessMemory.Resident / 1e6);
        results.AddFigure("growth-own", "  without code and mapped files", "MB", ProcessMemory.Own / 1e6);
        results.AddFigure("growth-peak", "  at its highest", "MB", ProcessMemory.Peak / 1e6);
        results.AddFigure("growth-disk", "disk, all files, for each transfer", "bytes", JournalFiles.BytesInUse(tested.Directory) / (double)tested.Ledger.DurableSize);
    }

    private async Task TakeLookUpsAsync(LedgerUnderTest tested, IReadOnlyList<UInt128> timeless)
    {
        var size = tested.Ledger.DurableSize;
        var numbers = new Numbers(RandomNumberGenerator.GetBytes(8));
        var fresh = new Workload(Accounts);
        var recent = Enumerable.Range(0, IdsKept).Select(_ => tested.Ledger.Read(size - 1 - numbers.Below((int)Math.Min(size / 10, Window))).Command.Id).ToList();
        await LookUpAsync("look-up-fresh", "an id that is new", true, [.. Enumerable.Range(0, IdsKept).Select(_ => fresh.Next().Id)]);
        await LookUpAsync("look-up-recent", "an id of the last million", false, recent);
        await LookUpAsync("look-up-old", "an id of the beginning", false, oldIds);
        await LookUpAsync("look-up-timeless", "an id without a time", false, timeless);
        await LookUpAsync("look-up-timeless-new", "an id without a time that is new", true, [.. Enumerable.Range(0, IdsKept).Select(_ => LedgerUnderTest.WithoutTime(fresh.Next().Id))]);

        async Task LookUpAsync(string name, string title, bool isNew, IReadOnlyList<UInt128> ids)
        {
            var latencies = new Latencies();
            var from = Stopwatch.GetTimestamp();
            foreach (var id in ids)
            {
                var began = Stopwatch.GetTimestamp();
                var found = await tested.Ledger.FindAsync(id);
                latencies.Add(began);
                if (found is null != isNew) throw new BenchFailedException($"{title}: {id:x32} should {(isNew ? "not " : "")}have been found.");
            }
            results.Add(name, $"finding {title}", new(ids.Count, Stopwatch.GetElapsedTime(from), latencies));
        }
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count == 0 ? double.NaN : sorted[sorted.Count / 2];
    }
}
