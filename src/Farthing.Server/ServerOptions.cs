using System.Globalization;
using System.Net;
using Farthing.Payments.Payees;
using Farthing.Payments;
using Farthing.Payments.Payouts;
using Farthing.Payments.TopUps;
using Farthing.Protocol;
using Farthing.Protocol.Fees;
using Farthing.Server.Rails.BankFile;
using Farthing.Server.Rails.Card;

namespace Farthing.Server;

/// <summary>What the operator sets on the command line and in the environment. Immutable.</summary>
internal sealed record ServerOptions
{
    public const string Usage = """
        Usage: Farthing.Server [--port N] [--data DIR] [--live --operator-name NAME] [--public-url URL] [--listen ADDRESS] [--trusted-proxy ADDRESS]
                               [--wallets-per-minute N] [--sample-site URL --sample-state DIR] [--own-site URL]
                               [--own-site-name NAME] [--own-site-currency CODE] [--own-site-refunds N] [--test-clock] [--private-webhooks]
          --port N                 the port (default 5080; 0 for any free one)
          --data DIR               the data directory (default ./data)
          --live                   real money: makes a new data directory a live one, for life, and must be said at each start; see docs/guides/going-live.md
          --operator-name NAME     who holds the money, as people are told; --live needs it
          --public-url URL         the origin at which people reach this server, such as https://pay.example; --live needs it. https, unless it is this machine's
          --listen ADDRESS         where it listens (default 127.0.0.1); other addresses than this machine's only with --live
          --trusted-proxy ADDRESS  the proxy that ends TLS, or a network such as 10.0.0.0/8, whose X-Forwarded-For is believed; may be repeated
          --wallets-per-minute N   how many wallets one address may make in a minute (default 120)
          --sample-site URL        makes a payee for the sample site at this origin, and
          --sample-state DIR       writes site.json there for it
          --own-site URL           this server is for the site at this origin alone: makes its payee, writes the lines that it needs to DIR/own-site
          --own-site-name NAME     what payers are shown of it (default: the host of its origin)
          --own-site-currency CODE what it is paid in (default USD)
          --own-site-refunds N     how many payments of a month a wallet may take back with one click (default 5; 0 for what programs buy)
          --test-clock             lets the operator's key move the server's clock on, at /v1/test/clock; not for live money
          --private-webhooks       lets webhooks be on loopback and private addresses, and on http; whoever has a payee's key can then reach these
        Environment: FARTHING_OPERATOR_KEY (the operator's key), FARTHING_FEE_BASIS_POINTS (the operator's fee, default 50: half a percent),
          FARTHING_FEE_SCHEDULES (a file of what your rails take, in place of what is published for those rails),
          FARTHING_TEST_CLOCK=1 (the same as --test-clock)
        Cards, off unless there is a key: FARTHING_STRIPE_KEY (a secret or restricted key: of test mode, or of live mode with --live), FARTHING_STRIPE_WEBHOOK_SECRET (what Stripe signs
          events with that it sends to /v1/rails/card/events), FARTHING_CARD_FEES (names of fee schedules, the first with the wallet's currency counts; default
          card-us,card-eea), FARTHING_MOST_RAIL_COST_BASIS_POINTS (the greatest part of a top-up that a rail may take, default 1000: ten percent),
          FARTHING_DISPUTE_DAYS (how long payers may dispute card payments, 0 to 730, default 120 with cards and 0 without: what payees received meanwhile is not paid out),
          FARTHING_KEPT_BASIS_POINTS (of that, the part that stays, in hundredths of a percent; default all of it),
          FARTHING_STRIPE_API (a simulator on this machine in place of Stripe, not with --live, such as http://127.0.0.1:12111)
        Payouts: FARTHING_PAYOUT_REVIEW_ABOVE (the operator looks at payouts above so many whole units, or never; default 1000), FARTHING_PAYOUT_REVIEW_NEW
          (1, the default, or 0: looks at new destinations), FARTHING_PAYOUT_COSTS (rail=schedule, with commas between)
        Files for a bank, off unless there is an account: FARTHING_BANK_FILE_IBAN, FARTHING_BANK_FILE_NAME, FARTHING_BANK_FILE_BIC
        """;

    // Card schemes give payers 120 days for most disputes.
    private const uint DefaultDisputeDays = 120;

    /// <summary>Whether the money is real, and how people reach the server. Default: play money, on this machine.</summary>
    public ServerMode Mode { get; private init; } = ServerMode.Test;

    /// <summary>The port; 0 for any free one. Default 5080.</summary>
    public int Port { get; private init; } = 5080;

    /// <summary>The data directory. Default <c>./data</c>.</summary>
    public string Data { get; private init; } = "data";

    /// <summary>How many wallets one address may make in a minute. Default 120.</summary>
    public int WalletsPerMinute { get; private init; } = 120;

    /// <summary>The origin of the sample site, or null for none.</summary>
    public string? SampleSite { get; private init; }

    /// <summary>Where the sample site reads what it needs to know; null without <see cref="SampleSite"/>.</summary>
    public string? SampleState { get; private init; }

    /// <summary>The only site that is to be paid, or null for any.</summary>
    public OwnSiteOptions? OwnSite => OwnSiteOrigin is null ? null : new(OwnSiteOrigin, OwnSiteName, OwnSiteCurrency ?? Asset.Usd, OwnSiteRefunds ?? NewPayee.DefaultRefundsPerWalletPerMonth);

    private string? OwnSiteOrigin { get; init; }

    private string? OwnSiteName { get; init; }

    private Asset? OwnSiteCurrency { get; init; }

    private int? OwnSiteRefunds { get; init; }

    /// <summary>The operator's key, or null to keep or make one.</summary>
    public string? OperatorKey { get; private init; }

    /// <summary>The operator's fee in hundredths of a percent. Default 50.</summary>
    public uint FeeBasisPoints { get; private init; } = OperatorFee.DefaultBasisPoints;

    /// <summary>What rails take. Default: what comes with this version.</summary>
    public FeeSchedules FeeSchedules { get; private init; } = FeeSchedules.Published;

    /// <summary>The card rail, or null for none.</summary>
    public CardOptions? Card { get; private init; }

    /// <summary>The fee schedules of cards. Default <c>card-us</c> and <c>card-eea</c>.</summary>
    public IReadOnlyList<string> CardFees { get; private init; } = ["card-us", "card-eea"];

    /// <summary>The greatest part of a top-up that its rail may take, in hundredths of a percent. Default 1,000.</summary>
    public uint MostRailCostBasisPoints { get; private init; } = 1_000;

    /// <summary>For how many days payers may dispute what they paid by card; null for 120 where cards are taken, else 0.</summary>
    public uint? DisputeDays { get; private init; }

    /// <summary>Of what payees received within those days, the part that is not paid out, in hundredths of a percent; null for all of it.</summary>
    public uint? KeptBasisPoints { get; private init; }

    /// <summary>What is set for payouts, what of it concerns cards and costs aside.</summary>
    public PayoutOptions Payouts { get; private init; } = new();

    /// <summary>The account that payouts are paid from by files for a bank, or null for no such rail.</summary>
    public BankFileOptions? BankFile { get; private init; }

    /// <summary>Whether the operator can move the clock. Default false.</summary>
    public bool HasTestClock { get; private init; }

    /// <summary>Whether webhooks may be on addresses that not everybody can reach, and on http. Default false.</summary>
    public bool AllowsPrivateWebhooks { get; private init; }

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

            if (name == "--private-webhooks")
            {
                options = options with { AllowsPrivateWebhooks = true };
                i--;
                continue;
            }

            if (name == "--live")
            {
                options = options with { Mode = options.Mode with { IsLive = true } };
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
                "--operator-name" => options with { Mode = options.Mode with { OperatorName = NameOfOperator(name, value) } },
                "--public-url" => options with { Mode = options.Mode with { PublicUrl = new Uri(Origin(name, value)) } },
                "--listen" => options with { Mode = options.Mode with { Listen = IPAddress.TryParse(value, out var listen) ? listen : throw Wrong($"{name} must be an IP address, not '{value}'.") } },
                "--trusted-proxy" => options with { Mode = options.Mode with { TrustedProxies = [.. options.Mode.TrustedProxies, Network(name, value)] } },
                "--sample-site" => options with { SampleSite = Origin(name, value) },
                "--sample-state" => options with { SampleState = value },
                "--own-site" => options with { OwnSiteOrigin = Origin(name, value) },
                "--own-site-name" => options with { OwnSiteName = value },
                "--own-site-refunds" => options with { OwnSiteRefunds = (int)Number(name, value, NewPayee.MaxRefundsPerWalletPerMonth) },
                "--own-site-currency" => options with { OwnSiteCurrency = Asset.TryGetCurrency(value, out var currency) ? currency : throw Wrong($"{name} must be USD, EUR, GBP or BTC, not '{value}'.") },
                _ => throw Wrong($"{name} is not an option."),
            };
        }

        if (options.OwnSiteOrigin is null && (options.OwnSiteName is not null || options.OwnSiteCurrency is not null || options.OwnSiteRefunds is not null)) throw Wrong("--own-site-name, --own-site-currency and --own-site-refunds go with --own-site.");
        if (options.OwnSiteOrigin is not null && options.SampleSite is not null) throw Wrong("--own-site makes no payee for a sample site: leave --sample-site out.");
        if ((options.SampleSite is null) != (options.SampleState is null)) throw Wrong("--sample-site and --sample-state go together.");
        if (environment("FARTHING_OPERATOR_KEY") is { Length: > 0 } key) options = options with { OperatorKey = CheckedKey(key) };
        if (environment("FARTHING_FEE_BASIS_POINTS") is { Length: > 0 } fee) options = options with { FeeBasisPoints = Number("FARTHING_FEE_BASIS_POINTS", fee, 10_000) };
        if (environment("FARTHING_FEE_SCHEDULES") is { Length: > 0 } file) options = options with { FeeSchedules = FeeSchedules.Published.With(Schedules(file)) };
        if (environment("FARTHING_MOST_RAIL_COST_BASIS_POINTS") is { Length: > 0 } most) options = options with { MostRailCostBasisPoints = Number("FARTHING_MOST_RAIL_COST_BASIS_POINTS", most, 10_000) };
        if (environment("FARTHING_CARD_FEES") is { Length: > 0 } fees) options = options with { CardFees = options.KnownSchedules(fees) };
        if (environment("FARTHING_DISPUTE_DAYS") is { Length: > 0 } days) options = options with { DisputeDays = Number("FARTHING_DISPUTE_DAYS", days, 730) };
        if (environment("FARTHING_KEPT_BASIS_POINTS") is { Length: > 0 } kept) options = options with { KeptBasisPoints = Number("FARTHING_KEPT_BASIS_POINTS", kept, 10_000) };
        if (options.Mode.FindFault() is { } fault) throw Wrong(fault);
        options = options with { Card = options.ReadCard(environment), BankFile = options.ReadBankFile(environment) };
        options = options with { Payouts = options.ReadPayouts(environment), Mode = options.Mode with { TakesCards = options.Card is not null } };
        options = environment("FARTHING_TEST_CLOCK") switch
        {
            null or "" => options,
            "1" => options with { HasTestClock = true },
            var other => throw Wrong($"FARTHING_TEST_CLOCK must be 1 or absent, not '{other}'."),
        };
        if (options.Mode.IsLive && options.HasTestClock) throw Wrong("--test-clock does not go with --live: nobody moves the clock of real money by hand.");
        if (options.Mode.IsLive && options.SampleSite is not null) throw Wrong("--sample-site does not go with --live: the sample site is for play money.");
        return options;
    }

    /// <summary>What of it concerns payments.</summary>
    public PaymentOptions ToPaymentOptions() => new()
    {
        FeeBasisPoints = FeeBasisPoints,
        FeeSchedules = FeeSchedules,
        RequiresTls = Mode.IsLive,
        TopUps = new TopUpOptions
        {
            ScheduleNames = new Dictionary<string, IReadOnlyList<string>> { [CardRail.RailName] = CardFees },
            MostCostBasisPoints = MostRailCostBasisPoints,
            // A lost cookie must not lose money.
            RequiresRecoveryCode = Mode.IsLive,
        },
        Payouts = Payouts with { DisputeWindow = TimeSpan.FromDays(DisputeDays ?? (Card is null ? 0u : DefaultDisputeDays)), KeptBasisPoints = KeptBasisPoints, MostCostBasisPoints = MostRailCostBasisPoints },
    };

    private PayoutOptions ReadPayouts(Func<string, string?> environment)
    {
        var payouts = new PayoutOptions();
        if (environment("FARTHING_PAYOUT_REVIEW_ABOVE") is { Length: > 0 } above)
            payouts = payouts with { ReviewAboveWholeUnits = above == "never" ? null : Number("FARTHING_PAYOUT_REVIEW_ABOVE", above, uint.MaxValue) };
        if (environment("FARTHING_PAYOUT_REVIEW_NEW") is { Length: > 0 } isNew)
            payouts = payouts with { ReviewNewDestinations = Number("FARTHING_PAYOUT_REVIEW_NEW", isNew, 1) == 1 };
        return environment("FARTHING_PAYOUT_COSTS") is { Length: > 0 } costs ? payouts with { CostSchedules = Costs(costs) } : payouts;
    }

    private Dictionary<string, string> Costs(string text)
    {
        var costs = new Dictionary<string, string>();
        foreach (var pair in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (pair.Split('=') is not [{ Length: > 0 } rail, var schedule] || !FeeSchedules.Rails.Contains(schedule) || !costs.TryAdd(rail, schedule))
                throw Wrong($"FARTHING_PAYOUT_COSTS must be names of rails, each with = and the name of a fee schedule, with commas between, such as bank-file=bank-transfer; not '{text}'.");
        }

        return costs;
    }

    private BankFileOptions? ReadBankFile(Func<string, string?> environment)
    {
        var (name, account, bic) = (environment("FARTHING_BANK_FILE_NAME"), environment("FARTHING_BANK_FILE_IBAN"), environment("FARTHING_BANK_FILE_BIC"));
        if (string.IsNullOrEmpty(account)) return null;
        if (Iban.Read(account, out var iban) is { } fault) throw Wrong($"FARTHING_BANK_FILE_IBAN {fault}");
        if (string.IsNullOrWhiteSpace(name) || name.Length > PayoutDestination.MaxNameLength) throw Wrong($"FARTHING_BANK_FILE_NAME must say whose account FARTHING_BANK_FILE_IBAN is, in 1 to {PayoutDestination.MaxNameLength} characters.");
        if (bic is { Length: > 0 } && !BankFileRail.IsBic(bic)) throw Wrong("FARTHING_BANK_FILE_BIC must be 8 or 11 capital letters and digits, such as DEUTDEFF.");
        return new BankFileOptions(name, iban, string.IsNullOrEmpty(bic) ? null : bic) { IsPlayMoney = !Mode.IsLive };
    }

    private CardOptions? ReadCard(Func<string, string?> environment)
    {
        if (environment("FARTHING_STRIPE_KEY") is not { Length: > 0 } key) return null;
        // Play money comes from Stripe's test mode only, and real money never.
        var stripeMode = Mode.IsLive ? "live" : "test";
        if (!(key.StartsWith($"sk_{stripeMode}_", StringComparison.Ordinal) || key.StartsWith($"rk_{stripeMode}_", StringComparison.Ordinal)) || !IsVisible(key))
            throw Wrong($"FARTHING_STRIPE_KEY must be a key of Stripe's {stripeMode} mode, as this server is {(Mode.IsLive ? "live" : "not live")}: it begins with sk_{stripeMode}_ or rk_{stripeMode}_.");
        // Chargebacks are told by events: whoever does not hear of them gives money away.
        if (environment("FARTHING_STRIPE_WEBHOOK_SECRET") is not { Length: > 0 } secret) throw Wrong("FARTHING_STRIPE_KEY needs FARTHING_STRIPE_WEBHOOK_SECRET beside it, the signing secret of your endpoint: disputes are told by events.");
        if (!(secret.StartsWith("whsec_", StringComparison.Ordinal) && IsVisible(secret))) throw Wrong("FARTHING_STRIPE_WEBHOOK_SECRET must be a signing secret: it begins with whsec_.");
        Uri? api = null;
        if (environment("FARTHING_STRIPE_API") is { Length: > 0 } address)
        {
            if (Mode.IsLive) throw Wrong("FARTHING_STRIPE_API does not go with --live: a simulator has no money.");
            // A key must not be sent to whoever is named here.
            api = new Uri(Origin("FARTHING_STRIPE_API", address));
            if (!api.IsLoopback) throw Wrong("FARTHING_STRIPE_API must be an address of this machine.");
        }

        return new CardOptions { Key = key, WebhookSecret = secret, Api = api };
    }

    private string[] KnownSchedules(string names)
    {
        var list = names.Split(',', StringSplitOptions.TrimEntries);
        return list.All(name => FeeSchedules.Rails.Contains(name)) ? list : throw Wrong($"FARTHING_CARD_FEES must be names of fee schedules with commas between, such as card-us,card-eea; not '{names}'.");
    }

    private static uint Number(string name, string value, uint most, uint least = 0) =>
        uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw Wrong($"{name} must be a whole number from {least} to {most}, not '{value}'.");

    private static string Origin(string name, string value) =>
        Uri.TryCreate(value, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.GetLeftPart(UriPartial.Authority) == value
            ? value
            : throw Wrong($"{name} must be an origin such as http://localhost:5081, not '{value}'.");

    private static string NameOfOperator(string name, string value) =>
        value.Trim() == value && value.Length is > 0 and <= ServerMode.MaxNameLength && !value.Any(char.IsControl)
            ? value
            : throw Wrong($"{name} must be 1 to {ServerMode.MaxNameLength} characters without control characters, such as 'Example Payments Ltd'.");

    private static IPNetwork Network(string name, string value) =>
        IPAddress.TryParse(value, out var address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
        : IPNetwork.TryParse(value, out var network) && network.PrefixLength > 0 ? network
        : throw Wrong($"{name} must be an IP address such as 127.0.0.1, or a network such as 10.0.0.0/8, not '{value}'.");

    private static FeeSchedules Schedules(string file)
    {
        try
        {
            return FeeSchedules.TryParse(File.ReadAllBytes(file), out var schedules, out var fault) ? schedules : throw Wrong($"FARTHING_FEE_SCHEDULES names {file}. {fault}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Wrong($"FARTHING_FEE_SCHEDULES names {file}, which cannot be read: {exception.Message}");
        }
    }

    // A short key could be guessed, and one with blanks could not be sent in a header.
    private static string CheckedKey(string key) =>
        key.Length is >= 16 and <= 255 && IsVisible(key)
            ? key
            : throw Wrong("FARTHING_OPERATOR_KEY must be 16 to 255 visible ASCII characters.");

    private static bool IsVisible(string text) => text.All(c => c is > ' ' and < '\x7f');

    private static StartRefusedException Wrong(string message) => new($"{message}\n\n{Usage}");
}
