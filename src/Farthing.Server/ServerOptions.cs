using System.Globalization;

namespace Farthing.Server;

/// <summary>What the operator sets on the command line and in the environment. Immutable.</summary>
internal sealed record ServerOptions
{
    public const string Usage = """
        Usage: Farthing.Server [--port N] [--data DIR] [--wallets-per-minute N] [--sample-site URL --sample-state DIR] [--test-clock]
          --port N                 the port on 127.0.0.1 (default 5080; 0 for any free one)
          --data DIR               the data directory (default ./data)
          --wallets-per-minute N   how many wallets one address may make in a minute (default 120)
          --sample-site URL        makes a payee for the sample site at this origin, and
          --sample-state DIR       writes site.json there for it
          --test-clock             lets the operator's key move the server's clock on, at /v1/test/clock; not for live money
        Environment: FARTHING_OPERATOR_KEY (the operator's key), FARTHING_FEE_BASIS_POINTS (the operator's fee, default 100: one percent),
          FARTHING_TEST_CLOCK=1 (the same as --test-clock)
        """;

    /// <summary>The port on 127.0.0.1; 0 for any free one. Default 5080.</summary>
    public int Port { get; private init; } = 5080;

    /// <summary>The data directory. Default <c>./data</c>.</summary>
    public string Data { get; private init; } = "data";

    /// <summary>How many wallets one address may make in a minute. Default 120.</summary>
    public int WalletsPerMinute { get; private init; } = 120;

    /// <summary>The origin of the sample site, or null for none.</summary>
    public string? SampleSite { get; private init; }

    /// <summary>Where the sample site reads what it needs to know; null without <see cref="SampleSite"/>.</summary>
    public string? SampleState { get; private init; }

    /// <summary>The operator's key, or null to keep or make one.</summary>
    public string? OperatorKey { get; private init; }

    /// <summary>The operator's fee in hundredths of a percent. Default 100.</summary>
    public uint FeeBasisPoints { get; private init; } = 100;

    /// <summary>Whether the operator can move the clock. Default false.</summary>
    public bool HasTestClock { get; private init; }

    /// <summary>Reads the command line and the environment.</summary>
    /// <exception cref="StartRefusedException">An option is unknown or has a value that is not allowed.</exception>
    public static ServerOptions Parse(IReadOnlyList<string> args, Func<string, string?> environment)
    {
        var options = new ServerOptions();
        for (var i = 0; i < args.Count; i += 2)
        {
            var name = args[i];
            if (name == "--test-clock")
            {
                options = options with { HasTestClock = true };
                i--;
                continue;
            }

            if (i + 1 == args.Count) throw Wrong($"{name} needs a value.");
            var value = args[i + 1];
            options = name switch
            {
                "--port" => options with { Port = (int)Number(name, value, 65_535) },
                "--data" => options with { Data = value },
                "--wallets-per-minute" => options with { WalletsPerMinute = (int)Number(name, value, 1_000_000_000, 1) },
                "--sample-site" => options with { SampleSite = Origin(name, value) },
                "--sample-state" => options with { SampleState = value },
                _ => throw Wrong($"{name} is not an option."),
            };
        }

        if ((options.SampleSite is null) != (options.SampleState is null)) throw Wrong("--sample-site and --sample-state go together.");
        if (environment("FARTHING_OPERATOR_KEY") is { Length: > 0 } key) options = options with { OperatorKey = CheckedKey(key) };
        if (environment("FARTHING_FEE_BASIS_POINTS") is { Length: > 0 } fee) options = options with { FeeBasisPoints = Number("FARTHING_FEE_BASIS_POINTS", fee, 10_000) };
        return environment("FARTHING_TEST_CLOCK") switch
        {
            null or "" => options,
            "1" => options with { HasTestClock = true },
            var other => throw Wrong($"FARTHING_TEST_CLOCK must be 1 or absent, not '{other}'."),
        };
    }

    private static uint Number(string name, string value, uint most, uint least = 0) =>
        uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw Wrong($"{name} must be a whole number from {least} to {most}, not '{value}'.");

    private static string Origin(string name, string value) =>
        Uri.TryCreate(value, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.GetLeftPart(UriPartial.Authority) == value
            ? value
            : throw Wrong($"{name} must be an origin such as http://localhost:5081, not '{value}'.");

    // A short key could be guessed, and one with blanks could not be sent in a header.
    private static string CheckedKey(string key) =>
        key.Length is >= 16 and <= 255 && key.All(c => c is > ' ' and < '\x7f')
            ? key
            : throw Wrong("FARTHING_OPERATOR_KEY must be 16 to 255 visible ASCII characters.");

    private static StartRefusedException Wrong(string message) => new($"{message}\n\n{Usage}");
}
