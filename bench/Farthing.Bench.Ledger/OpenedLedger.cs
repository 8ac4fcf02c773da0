using System.Diagnostics;
using System.Reflection;
using System.Text.Json;

namespace Farthing.Bench.Ledger;

/// <summary>What opening a ledger in a fresh process came to.</summary>
/// <param name="Milliseconds">From the call to the ready ledger, code not yet compiled included.</param>
/// <param name="Records">How many it has.</param>
/// <param name="ResidentBytes">The process's memory after a collection, code and mapped files included.</param>
/// <param name="OwnBytes">The same without code and mapped files.</param>
internal sealed record OpenedLedger(double Milliseconds, long Records, long ResidentBytes, long OwnBytes)
{
    /// <summary>Opens a ledger in a process of its own.</summary>
    public static async Task<OpenedLedger> OpenAsync(string directory)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", [Assembly.GetExecutingAssembly().Location, "open", directory]) { RedirectStandardOutput = true })!;
        var text = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new BenchFailedException($"Opening {directory} failed.");
        return JsonSerializer.Deserialize<OpenedLedger>(text)!;
    }

    /// <summary>What that process does.</summary>
    public static async Task ReportAsync(string directory)
    {
        var began = Stopwatch.GetTimestamp();
        await using var ledger = Farthing.Ledger.Ledger.Open(LedgerUnderTest.Options(directory), TimeProvider.System);
        var elapsed = Stopwatch.GetElapsedTime(began);
        // A checkpoint of everything needs the whole tree.
        await ledger.GetCheckpointAsync(ledger.DurableSize);
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive);
        Console.WriteLine(JsonSerializer.Serialize(new OpenedLedger(elapsed.TotalMilliseconds, ledger.DurableSize, ProcessMemory.Resident, ProcessMemory.Own)));
    }
}
