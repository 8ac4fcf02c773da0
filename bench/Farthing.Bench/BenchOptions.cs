namespace Farthing.Bench;

/// <summary>What a run of the benchmark may be told. Immutable.</summary>
internal sealed record BenchOptions
{
    public const string Usage = """
        usage: bench/run [--rounds N] [--seconds N] [--only NAME,NAME...]
          --rounds N    how often each measure is taken, in turns; the median counts  (default 3)
          --seconds N   how long each lasts, after a second of warm-up                (default 5)
          --only NAMES  of echo, payments, mandate, terms, batch                            (default all)
        """;

    /// <summary>The built server's assembly.</summary>
    public required string Server { get; init; }

    /// <summary>Where the data directory, the log and the results go.</summary>
    public required string Output { get; init; }

    public int Rounds { get; init; } = 3;

    public int Seconds { get; init; } = 5;

    public IReadOnlyList<string> Only { get; init; } = ["echo", "payments", "mandate", "terms", "batch"];

    /// <summary>Null if the arguments make no sense.</summary>
    public static BenchOptions? TryParse(IReadOnlyList<string> arguments)
    {
        if (arguments.Count % 2 != 0) return null;
        var options = new BenchOptions { Server = "", Output = "" };
        foreach (var pair in arguments.Chunk(2))
        {
            var next = (pair[0], pair[1]) switch
            {
                ("--server", var path) => options with { Server = path },
                ("--output", var path) => options with { Output = path },
                ("--rounds", var text) when int.TryParse(text, out var n) && n is >= 1 and <= 99 => options with { Rounds = n },
                ("--seconds", var text) when int.TryParse(text, out var n) && n is >= 1 and <= 600 => options with { Seconds = n },
                ("--only", var text) when text.Split(',').All(options.Only.Contains) => options with { Only = text.Split(',') },
                _ => null,
            };
            if (next is null) return null;
            options = next;
        }
        return options is { Server.Length: > 0, Output.Length: > 0 } ? options : null;
    }
}

/// <summary>The benchmark could not be carried out; the message says why.</summary>
internal sealed class BenchFailedException(string message) : Exception(message);
