using System.Runtime.InteropServices;
using System.Text;

namespace Farthing.Cli.Estimates;

/// <summary>A line that is not of the combined format.</summary>
/// <param name="Log">The log's name.</param>
/// <param name="Number">The line, from 1.</param>
/// <param name="Fault">What is wrong with it.</param>
internal readonly record struct MalformedLine(string Log, long Number, string Fault);

/// <summary>How often one path would have been paid for on one day.</summary>
internal readonly record struct PaidReads(string Path, PathPrice Price, DateOnly Day, long Count);

/// <summary>Counts what would have been paid for, line by line, in bounded memory. Not safe to share between threads.</summary>
/// <remarks>
/// Counted is a GET that was answered with 200 or 206, the first of each reader (address and agent) for each path; where each request is paid for, every
/// GET or POST that was answered with 2xx. What calls itself a program is left out unless asked for.
/// </remarks>
internal sealed class Estimate
{
    /// <summary>Malformed lines that are named.</summary>
    public const int MaxNamed = 5;

    private const int MaxPathLength = 512;

    private readonly PriceFile prices;
    private readonly bool countsBots;
    private readonly int maxPaths;
    private readonly int maxCells;
    private readonly SeenReads seen = new();
    private readonly Dictionary<string, int> numbers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> numbersBySpan;
    private readonly List<(string Name, PathPrice Price)> paths = [];
    private readonly Dictionary<PathPrice, int> others = [];
    private readonly Dictionary<(int Path, DateOnly Day), long> cells = [];
    private readonly List<MalformedLine> named = [];
    private readonly char[] text = new char[LogReader.MaxLineLength];

    /// <summary>Begins.</summary>
    /// <param name="prices">What paths would cost.</param>
    /// <param name="countsBots">Whether programs would have paid too.</param>
    /// <param name="maxPaths">How many paths are counted one by one; what comes after is counted together, by pattern.</param>
    /// <param name="maxCells">How many pairs of path and day are.</param>
    public Estimate(PriceFile prices, bool countsBots, int maxPaths = 100_000, int maxCells = 1_000_000)
    {
        this.prices = prices;
        this.countsBots = countsBots;
        this.maxPaths = maxPaths;
        this.maxCells = maxCells;
        numbersBySpan = numbers.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public long Lines { get; private set; }

    public long Malformed { get; private set; }

    /// <summary>The first malformed lines.</summary>
    public IReadOnlyList<MalformedLine> Named => named;

    /// <summary>Requests of paths that no pattern matches, or whose price is free.</summary>
    public long Free { get; private set; }

    /// <summary>Requests of another method than is paid for, or that cannot be understood.</summary>
    public long OtherMethods { get; private set; }

    /// <summary>Requests that were answered with nothing to pay for.</summary>
    public long OtherAnswers { get; private set; }

    public long ByBots { get; private set; }

    /// <summary>Reads by readers who had paid.</summary>
    public long Again { get; private set; }

    public long Payments { get; private set; }

    public DateOnly? FirstDay { get; private set; }

    public DateOnly? LastDay { get; private set; }

    /// <summary>Whether there were so many different reads that many of them are taken for repeated ones.</summary>
    public bool IsCrowded => seen.Count > SeenReads.Comfortable;

    /// <summary>What would have been paid for; paths beyond the maximum together, under their pattern.</summary>
    public IEnumerable<PaidReads> Paid => cells.Select(cell => new PaidReads(paths[cell.Key.Path].Name, paths[cell.Key.Path].Price, cell.Key.Day, cell.Value));

    /// <summary>Adds a line.</summary>
    public void Add(string log, ReadOnlySpan<byte> line, long number, bool isCut)
    {
        Lines++;
        var fault = isCut ? $"it has more than {LogReader.MaxLineLength} bytes" : LogLine.Parse(line, out var parsed) is { } wrong ? wrong : Count(parsed);
        if (fault is null) return;
        Malformed++;
        if (named.Count < MaxNamed) named.Add(new MalformedLine(log, number, fault));
    }

    private string? Count(in LogLine line)
    {
        if (FirstDay is null || line.Day < FirstDay) FirstDay = line.Day;
        if (LastDay is null || line.Day > LastDay) LastDay = line.Day;
        var path = text.AsSpan(0, Encoding.UTF8.GetChars(line.Path, text));
        var known = numbersBySpan.TryGetValue(path, out var place) ? place : -1;
        if ((known >= 0 ? paths[known].Price : FindPrice(path)) is not { Price.IsZero: false } price) Free++;
        else if (!IsPaidMethod(line.Method, price)) OtherMethods++;
        else if (!IsPaidAnswer(line.Status, price)) OtherAnswers++;
        else if (!countsBots && Bots.IsBot(line.Agent)) ByBots++;
        else if (!price.IsPerRequest && !seen.Add(line.Host, line.Agent, line.Path)) Again++;
        else AddPayment(known >= 0 ? known : NumberOf(path, price), price, line.Day);
        return null;
    }

    private void AddPayment(int path, PathPrice price, DateOnly day)
    {
        Payments++;
        if (cells.Count >= maxCells && !cells.ContainsKey((path, day))) path = NumberOfOthers(price);
        CollectionsMarshal.GetValueRefOrAddDefault(cells, (path, day), out _)++;
    }

    private PathPrice? FindPrice(ReadOnlySpan<char> path)
    {
        foreach (var price in prices.Prices)
        {
            if (price.Pattern.IsMatch(path)) return price;
        }

        return null;
    }

    private int NumberOf(ReadOnlySpan<char> path, PathPrice price)
    {
        if (numbers.Count >= maxPaths || path.Length > MaxPathLength) return NumberOfOthers(price);
        var name = path.ToString();
        paths.Add((name, price));
        numbers.Add(name, paths.Count - 1);
        return paths.Count - 1;
    }

    private int NumberOfOthers(PathPrice price)
    {
        if (others.TryGetValue(price, out var number)) return number;
        paths.Add(($"others like {price.Pattern}", price));
        return others[price] = paths.Count - 1;
    }

    private static bool IsPaidMethod(ReadOnlySpan<byte> method, PathPrice price) =>
        method.SequenceEqual("GET"u8) || (price.IsPerRequest && method.SequenceEqual("POST"u8));

    private static bool IsPaidAnswer(int status, PathPrice price) => price.IsPerRequest ? status is >= 200 and < 300 : status is 200 or 206;
}
