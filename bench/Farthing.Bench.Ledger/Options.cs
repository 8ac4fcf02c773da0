namespace Farthing.Bench.Ledger;

/// <summary>What a run may be told. Immutable.</summary>
internal sealed record Options
{
    public static readonly IReadOnlyList<string> AllNames =
        ["batch", "bare", "singles", "bare-singles", "lone", "bare-lone", "hot", "zipf", "chains", "postgres", "sqlite", "reads", "opening", "accounts"];

    public static readonly string Usage = $"""
        usage: bench/ledger [--rounds N] [--seconds N] [--only NAME,NAME...] [--check]
               bench/ledger --long [--transfers N] [--check]
          --rounds N    how often each measure is taken, in turns; the median counts  (default 3)
          --seconds N   how long each lasts, after a second of warm-up                (default 5)
          --only NAMES  of {string.Join(", ", AllNames)}
          --check       exit with 1 if a target is missed
          --long        grow one ledger, and see whether it stays fast and small
          --transfers N so many millions                                              (default 100)
        """;

    /// <summary>Where the ledgers, the peers' data and the results go.</summary>
    public required string Output { get; init; }

    public int Rounds { get; init; } = 3;

    public int Seconds { get; init; } = 5;

    public IReadOnlyList<string> Only { get; init; } = AllNames;

    public bool Check { get; init; }

    public bool Long { get; init; }

    public long Transfers { get; init; } = 100_000_000;

    public TimeSpan Measured => TimeSpan.FromSeconds(Seconds);

    /// <summary>Null if the arguments make no sense.</summary>
    public static Options? TryParse(IReadOnlyList<string> arguments)
    {
        var options = new Options { Output = "" };
        var rest = new Queue<string>(arguments);
        while (rest.TryDequeue(out var name))
        {
            var next = name switch
            {
                "--check" => options with { Check = true },
                "--long" => options with { Long = true },
                _ => rest.TryDequeue(out var value) ? options.With(name, value) : null,
            };
            if (next is null) return null;
            options = next;
        }
        return options.Output.Length > 0 ? options : null;
    }

    private Options? With(string name, string value) => name switch
    {
        "--output" => this with { Output = value },
        "--rounds" when int.TryParse(value, out var n) && n is >= 1 and <= 99 => this with { Rounds = n },
        "--seconds" when int.TryParse(value, out var n) && n is >= 1 and <= 600 => this with { Seconds = n },
        "--transfers" when int.TryParse(value, out var n) && n is >= 1 and <= 10_000 => this with { Transfers = n * 1_000_000L },
        "--only" when value.Split(',').All(AllNames.Contains) => this with { Only = value.Split(',') },
        _ => null,
    };
}
