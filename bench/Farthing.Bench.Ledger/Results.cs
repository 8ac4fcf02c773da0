using System.Runtime.InteropServices;
using System.Text.Json;

namespace Farthing.Bench.Ledger;

/// <summary>Collects what was measured, round by round; prints it and writes the JSON beside it.</summary>
internal sealed class Results(Options options)
{
    private readonly List<Line<Stretch>> stretches = [];
    private readonly List<Line<double>> figures = [];

    private sealed record Line<T>(string Name, string Title, string Unit, List<T> Rounds);

    /// <summary>How settings of peers and machine read, for the table's foot.</summary>
    public List<string> Notes { get; } = [];

    public void Add(string name, string title, Stretch stretch)
    {
        Add(stretches, name, title, "/s", stretch);
        Console.Error.WriteLine($"{title}: {stretch.PerSecond:N0} /s, p50 {Milliseconds(stretch.Latencies.Percentile(50))} ms, p99 {Milliseconds(stretch.Latencies.Percentile(99))} ms" + (stretch.ProcessorTime is null ? "" : $", {Processor(stretch.ProcessorMicroseconds)} us of processor"));
    }

    public void AddFigure(string name, string title, string unit, double value)
    {
        Add(figures, name, title, unit, value);
        Console.Error.WriteLine($"{title}: {value:N1} {unit}");
    }

    /// <summary>The median rate, or NaN if it was not measured.</summary>
    public double Rate(string name) => MedianOf(name, stretch => stretch.PerSecond);

    /// <summary>The median of a latency's percentile in milliseconds, or NaN.</summary>
    public double Percentile(string name, int hundredths) => MedianOf(name, stretch => stretch.Latencies.Percentile(hundredths) / 1e6);

    /// <summary>The median figure, or NaN.</summary>
    public double Figure(string name) => figures.SingleOrDefault(line => line.Name == name) is { } line ? Median(line.Rounds) : double.NaN;

    /// <returns>True if no target was missed.</returns>
    public bool Print()
    {
        Console.WriteLine();
        Console.WriteLine($"{"",-58} {"per second",12} {"p50 ms",9} {"p99 ms",9} {"p100 ms",9} {"cpu us",8}");
        foreach (var line in stretches)
            Console.WriteLine($"{line.Title,-58} {Rate(line.Name),12:N0} {Percentile(line.Name, 50),9:N4} {Percentile(line.Name, 99),9:N4} {Longest(line.Name),9:N4} {Processor(ProcessorMicroseconds(line.Name)),8}");
        Console.WriteLine();
        foreach (var line in figures) Console.WriteLine($"{line.Title,-58} {Median(line.Rounds),12:N1} {line.Unit}");

        var targets = Target.All.Select(target => (Target: target, Value: target.Measure(this))).Where(row => !double.IsNaN(row.Value)).ToList();
        Console.WriteLine();
        Console.WriteLine($"{"",-58} {"measured",12}   target");
        foreach (var (target, value) in targets)
            Console.WriteLine($"{target.Title,-58} {value,12:N2}   {(target.IsLeast ? "at least" : "at most")} {target.Bound} {(target.IsMet(value) ? "met" : "NOT MET")}");
        Console.WriteLine();
        if (!options.Long) Console.WriteLine($"Medians of {options.Rounds} rounds of {options.Seconds} s, in turns; p100 is the longest of all; 'cpu us' is this process's processor time for one, those who submit included.");
        Console.WriteLine($"{Environment.ProcessorCount} processors; {RuntimeInformation.FrameworkDescription}.");
        foreach (var note in Notes) Console.WriteLine(note);

        var file = Path.Combine(options.Output, "results.json");
        File.WriteAllText(file, JsonSerializer.Serialize(new
        {
            machine = new { processors = Environment.ProcessorCount, system = RuntimeInformation.OSDescription, runtime = RuntimeInformation.FrameworkDescription },
            options.Rounds,
            options.Seconds,
            notes = Notes,
            rates = stretches.Select(line => new
            {
                line.Name, line.Title, perSecond = Rate(line.Name),
                p50Milliseconds = Percentile(line.Name, 50), p99Milliseconds = Percentile(line.Name, 99), p100Milliseconds = Longest(line.Name),
                processorMicroseconds = double.IsNaN(ProcessorMicroseconds(line.Name)) ? (double?)null : ProcessorMicroseconds(line.Name),
                rounds = line.Rounds.Select(stretch => stretch.PerSecond),
            }),
            figures = figures.Select(line => new { line.Name, line.Title, line.Unit, value = Median(line.Rounds), line.Rounds }),
            targets = targets.Select(row => new { row.Target.Title, row.Value, row.Target.IsLeast, row.Target.Bound, isMet = row.Target.IsMet(row.Value) }),
        }, Indented));
        Console.WriteLine($"The same as JSON: {file}");
        return targets.All(row => row.Target.IsMet(row.Value));
    }

    private static readonly JsonSerializerOptions Indented = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private static void Add<T>(List<Line<T>> lines, string name, string title, string unit, T value)
    {
        if (lines.All(line => line.Name != name)) lines.Add(new(name, title, unit, []));
        lines.Single(line => line.Name == name).Rounds.Add(value);
    }

    private double Longest(string name) => stretches.Single(line => line.Name == name).Rounds.Max(stretch => stretch.Latencies.Longest) / 1e6;

    private double ProcessorMicroseconds(string name) => MedianOf(name, stretch => stretch.ProcessorMicroseconds);

    private static string Processor(double microseconds) => double.IsNaN(microseconds) ? "" : $"{microseconds:N2}";

    private double MedianOf(string name, Func<Stretch, double> part) =>
        stretches.SingleOrDefault(line => line.Name == name) is { } line ? Median(line.Rounds.Select(part)) : double.NaN;

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }

    private static string Milliseconds(long nanoseconds) => $"{nanoseconds / 1e6:N4}";
}

/// <summary>What the ledger is meant to reach.</summary>
/// <param name="Title">What is compared with what.</param>
/// <param name="Bound">The number to reach.</param>
/// <param name="IsLeast">True if more is better.</param>
/// <param name="Measure">The number reached; NaN if it was not measured.</param>
internal sealed record Target(string Title, double Bound, bool IsLeast, Func<Results, double> Measure)
{
    public static readonly IReadOnlyList<Target> All =
    [
        AtLeast("batches, of the bare pipelined loop", 0.45, results => results.Rate("batch") / results.Rate("bare")),
        AtLeast("batches, of PostgreSQL's sets of 8,192", 20, results => results.Rate("batch") / results.Rate("postgres-sets")),
        AtLeast("batches, of SQLite's transactions of 1,000", 20, results => results.Rate("batch") / results.Rate("sqlite")),
        AtLeast("1,024 concurrent singles, of the bare group commit", 0.6, results => results.Rate("singles-1024") / results.Rate("bare-singles-1024")),
        AtMost("lone transfer p50, of a bare write and flush", 1.5, results => results.Percentile("lone", 50) / results.Percentile("bare-lone", 50)),
        AtLeast("one hot account, of uniform", 0.8, results => results.Rate("hot") / results.Rate("batch")),
        AtLeast("Zipf pairs, of uniform", 0.8, results => results.Rate("zipf") / results.Rate("batch")),
        AtLeast("five-leg chains, each leg, of uniform", 0.8, results => results.Rate("chains") / results.Rate("batch")),
        AtMost("inclusion proof p99, ms", 1, results => results.Percentile("proof", 99)),
        AtMost("inclusion proof, bytes at the most", 3000, results => results.Figure("proof-bytes")),
        AtMost("statement page of 100 p99, ms", 1, results => results.Percentile("statement", 99)),
        AtMost("disk, bytes for each transfer", 256, results => results.Figure("disk-bytes")),
        AtLeast("replay, records each second", 1_500_000, results => results.Figure("replay")),
        AtMost("opening with 1,000,000 accounts, s", 3, results => results.Figure("opening-accounts")),
        AtMost("memory, bytes for each account", 300, results => results.Figure("account-bytes")),
        AtLeast("growth: rate at the end, of that at the beginning", 0.9, results => results.Figure("growth-late") / results.Figure("growth-early")),
        AtMost("growth: resident memory, MB", 1077, results => results.Figure("growth-memory")),
        AtMost("growth: disk, bytes for each transfer", 256, results => results.Figure("growth-disk")),
        AtMost("growth: opening, s", 3, results => results.Figure("growth-opening")),
        AtMost("growth: longest time without an answer, ms", 50, results => results.Figure("growth-pause")),
    ];

    public bool IsMet(double value) => IsLeast ? value >= Bound : value <= Bound;

    private static Target AtLeast(string title, double bound, Func<Results, double> measure) => new(title, bound, true, measure);

    private static Target AtMost(string title, double bound, Func<Results, double> measure) => new(title, bound, false, measure);
}
