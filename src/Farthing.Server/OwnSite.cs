using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Farthing.Ledger;
using Farthing.Payments;
using Farthing.Payments.Payees;
using Farthing.Protocol;

namespace Farthing.Server;

/// <summary>A server for the operator's one site: its payee is made at the start, the lines for the site are written down, and there are no other payees.</summary>
/// <param name="Directory">Where the lines are, in files that only the owner can read.</param>
/// <param name="Payee">The payee.</param>
/// <param name="Key">Its key as it was issued first, if this start made the files; else null, so that it is shown once.</param>
internal sealed partial record OwnSite(string Directory, Payee Payee, string? Key)
{
    /// <summary>The lines for nginx.</summary>
    public const string NginxFile = "farthing-gate.conf";

    /// <summary>The lines for Caddy.</summary>
    public const string CaddyFile = "farthing.caddy";

    /// <summary>The options of the middleware, for the environment of an ASP.NET Core site.</summary>
    public const string EnvironmentFile = "farthing.env";

    private const string NginxPaidFile = "farthing-paid.conf";

    /// <summary>Makes the payee if it is not there, writes the files anew, and closes the server to other payees.</summary>
    /// <param name="system">The payments.</param>
    /// <param name="secrets">The secrets of the data directory, from which the site's signing key follows.</param>
    /// <param name="options">Which site.</param>
    /// <param name="directory">Where the files go.</param>
    /// <param name="mode">Whether its money is real.</param>
    /// <param name="publicAddress">Where people and the site reach this server.</param>
    /// <param name="localAddress">Where a web server on this machine reaches it.</param>
    public static async Task<OwnSite> PrepareAsync(PaymentSystem system, ServerSecrets secrets, OwnSiteOptions options, string directory, ServerMode mode, string publicAddress, string localAddress)
    {
        var seed = HMACSHA256.HashData(secrets.IssuingSecret, "own-site"u8);
        using var signingKey = SigningKey.FromSeed(seed);
        if (!IdempotencyKey.TryParse($"own-site/{options.Origin}", out var key)) throw new StartRefusedException($"--own-site {options.Origin} is too long.");
        var made = await system.Payees.CreateAsync(key, new NewPayee(options.Name ?? new Uri(options.Origin).Authority, options.Currency, options.Origin, signingKey.Verifier, options.RefundsPerWalletPerMonth));
        if (made.Refusal?.Code == RefusalCodes.IdempotencyConflict)
            throw new StartRefusedException($"The payee of {options.Origin} was made with another name, currency or number of refunds, which stay as they are. Start with the --own-site-name, --own-site-currency and --own-site-refunds of the first start, or without those that it had not.");
        if (!made.IsGiven) throw new StartRefusedException($"The payee of {options.Origin} could not be made: {made.Refusal.Detail}");
        system.Payees.Close();

        var payee = made.Value.Payee;
        // Files of another site that was sold from here before do not show this one's key.
        var marks = Path.Combine(directory, EnvironmentFile);
        var isNew = !File.Exists(marks) || !(await File.ReadAllTextAsync(marks)).Contains(payee.Id.ToString(), StringComparison.Ordinal);
        DurableFiles.CreateDirectory(directory);
        Write(NginxFile, Filled(FileOfGuide("nginx.md", NginxFile)));
        Write(NginxPaidFile, FileOfGuide("nginx.md", NginxPaidFile));
        Write(CaddyFile, Filled(FileOfGuide("caddy.md", CaddyFile)));
        // Last: it marks that all are there.
        Write(EnvironmentFile, $"""
            Farthing__Payee={payee.Id}
            Farthing__SigningKey={Convert.ToBase64String(seed)}
            Farthing__Server={publicAddress}
            Farthing__EntitlementKey={system.EntitlementVerifier}
            Farthing__Website={options.Origin}
            Farthing__PlayMoney={(mode.IsLive ? "false" : "true")}

            """);
        return new OwnSite(directory, payee, isNew ? made.Value.Key : null);

        void Write(string name, string text) => DataDirectory.WriteWhole(Path.Combine(directory, name), Encoding.UTF8.GetBytes(text));

        string Filled(string text) => text
            .Replace("\"pye_…\"", $"\"{payee.Id}\"", StringComparison.Ordinal)
            .Replace("X-Farthing-Key \"…\"", $"X-Farthing-Key \"{Convert.ToBase64String(seed)}\"", StringComparison.Ordinal)
            .Replace("127.0.0.1:5080", new Uri(localAddress).Authority, StringComparison.Ordinal);
    }

    /// <summary>What one of the files says.</summary>
    public string Read(string name) => File.ReadAllText(Path.Combine(Directory, name));

    // The guides are embedded, and what they show is what is written: it is tested as it stands there.
    private static string FileOfGuide(string guide, string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(guide) ?? throw new InvalidOperationException($"{guide} is not embedded.");
        using var reader = new StreamReader(stream);
        return FilesOfGuides().Matches(reader.ReadToEnd()).Single(match => match.Groups["name"].Value == name).Groups["text"].Value;
    }

    [GeneratedRegex(@"^<!-- file: (?<name>\S+) -->\n```(?:nginx)?\n(?<text>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex FilesOfGuides();
}

/// <summary>What the operator says of the only site.</summary>
/// <param name="Origin">Its origin, such as <c>https://news.example</c>.</param>
/// <param name="Name">What payers are shown, or null for the origin's host.</param>
/// <param name="Currency">What it is paid in.</param>
/// <param name="RefundsPerWalletPerMonth">How many one-click refunds a wallet has with it in a month.</param>
internal sealed record OwnSiteOptions(string Origin, string? Name, Asset Currency, int RefundsPerWalletPerMonth);
