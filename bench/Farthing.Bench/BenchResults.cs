using System.Runtime.InteropServices;
using System.Text.Json;

namespace Farthing.Bench;

/// <summary>Collects what was measured, prints the table and writes the JSON beside it.</summary>
internal sealed class BenchResults(BenchOptions options, long flushMicroseconds)
{
    private const string EchoName = "echo";
    private readonly List<(Measure Measure, List<Row> Rounds)> rows = [];

    /// <summary>One round of one measure.</summary>
    private sealed record Row(long PerSecond, int P50Microseconds, int P99Microseconds, long ProcessorNanosecondsEach);

    /// <param name="measure">What was measured.</param>
    /// <param name="result">What the generator saw.</param>
    /// <param name="processorTime">What the server's process used meanwhile, warm-up included.</param>
    public void Add(Measure measure, LoadResult result, TimeSpan processorTime)
    {
        if (rows.All(row => row.Measure != measure)) rows.Add((measure, []));
        var latencies = result.LatenciesMicroseconds;
        if (latencies.Length == 0) throw new BenchFailedException($"{measure.Name}: nothing was answered within {options.Seconds} seconds.");
        rows.Single(row => row.Measure == measure).Rounds.Add(new(
            (long)result.Done * measure.PaymentsPerRequest * TimeSpan.TicksPerSecond / result.Elapsed.Ticks,
            latencies[latencies.Length / 2], latencies[(int)((long)latencies.Length * 99 / 100)],
            processorTime.Ticks * TimeSpan.NanosecondsPerTick / (result.DoneInAll * measure.PaymentsPerRequest)));
    }

    /// <summary>Every acknowledged payment, and nothing else, must have left the wallets.</summary>
    public void CheckMoney(Int128 paidUnits, UInt128 priceUnits)
    {
        var acknowledged = rows.Where(row => row.Measure.Pays).Sum(row => row.Measure.Acknowledged);
        if (paidUnits != (Int128)priceUnits * acknowledged)
        {
            throw new BenchFailedException($"{acknowledged:N0} payments of {priceUnits} millionths were acknowledged, but the wallets paid {paidUnits}.");
        }
        Console.Error.WriteLine($"The wallets paid exactly for the {acknowledged:N0} payments that were acknowledged.");
    }

    public int Print()
    {
        var echo = rows.Where(row => row.Measure.Name == EchoName).Select(row => Median(row.Rounds).PerSecond).FirstOrDefault();
        Console.WriteLine();
        Console.WriteLine($"{"",-34} {"clients",7} {"per second",12} {"p50 ms",9} {"p99 ms",9} {"cpu us",8} {"of echo",8}");
        foreach (var (measure, rounds) in rows)
        {
            var median = Median(rounds);
            var ratio = echo > 0 && measure.PaymentsPerRequest == 1 ? $"{(double)median.PerSecond / echo:0.00}" : "";
            Console.WriteLine($"{measure.Title,-34} {measure.Clients,7} {median.PerSecond,12:N0} {Thousandths(median.P50Microseconds),9} {Thousandths(median.P99Microseconds),9} {Thousandths(median.ProcessorNanosecondsEach),8} {ratio,8}");
        }
        if (MedianOf("payments") is { } plain && MedianOf("mandate") is { } mandate)
            Console.WriteLine($"A payment of five linked transfers (price, fee, share, gate and month of a mandate) has {(double)mandate.PerSecond / plain.PerSecond:0.00} of the plain one's rate.");
        Console.WriteLine();
        Console.WriteLine($"Medians of {options.Rounds} rounds of {options.Seconds} s, in turns; 'cpu us' is the server's processor time for one payment or echo. {Environment.ProcessorCount} processors shared by server, generator and the rest; {RuntimeInformation.FrameworkDescription}.");

        Console.WriteLine($"Writing 4 KiB to this disk and flushing it takes {Thousandths(flushMicroseconds)} ms (median), with nothing else in flight.");

        var file = Path.Combine(options.Output, "results.json");
        File.WriteAllText(file, JsonSerializer.Serialize(new
        {
            machine = new { processors = Environment.ProcessorCount, system = RuntimeInformation.OSDescription, runtime = RuntimeInformation.FrameworkDescription, flushMicroseconds },
            options.Rounds,
            options.Seconds,
            measures = rows.Select(row => new
            {
                row.Measure.Name, row.Measure.Title, row.Measure.Clients, row.Measure.PaymentsPerRequest, median = Median(row.Rounds),
                ofEcho = echo > 0 && row.Measure.PaymentsPerRequest == 1 ? (double)Median(row.Rounds).PerSecond / echo : (double?)null, rounds = row.Rounds,
            }),
        }, Indented));
        Console.WriteLine($"The same as JSON: {file}");
        return 0;
    }

    private Row? MedianOf(string name) => rows.Where(row => row.Measure.Name == name).Select(row => Median(row.Rounds)).FirstOrDefault();

    private static readonly JsonSerializerOptions Indented = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    // Column by column: the round with the median rate need not have the median latency.
    private static Row Median(List<Row> rounds) => new(
        rounds.Select(row => row.PerSecond).Order().ElementAt(rounds.Count / 2),
        rounds.Select(row => row.P50Microseconds).Order().ElementAt(rounds.Count / 2),
        rounds.Select(row => row.P99Microseconds).Order().ElementAt(rounds.Count / 2),
        rounds.Select(row => row.ProcessorNanosecondsEach).Order().ElementAt(rounds.Count / 2));

    private static string Thousandths(long count) => $"{count / 1000}.{count % 1000 / 10:00}";
}
