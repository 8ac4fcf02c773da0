using System.Security.Cryptography;
using Farthing.Ledger;
using Farthing.Payments;
using Farthing.Payments.Payouts;
using Farthing.Payments.TopUps;
using Farthing.Protocol;
using Farthing.Server.Doors;
using Farthing.Server.Doors.Gate;
using Farthing.Server.Doors.Rest;
using Farthing.Server.Pages;
using Farthing.Server.Rails;
using Farthing.Server.Rails.BankFile;
using Farthing.Server.Rails.Card;
using Farthing.Server.Storage;
using Farthing.Server.Webhooks;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Console;

namespace Farthing.Server;

/// <summary>The composition root: the one place where the parts are put together.</summary>
internal static class ServerApp
{
    // Each may hold a batch's bytes while it waits for its turn.
    private const int MaxConnections = 512;

    private static readonly TimeSpan TimeToFinish = TimeSpan.FromSeconds(10);

    // As long as the standard recommends at least.
    private static readonly TimeSpan TimeToAnswer = TimeSpan.FromSeconds(15);

    /// <summary>Runs the server until it is told to stop.</summary>
    /// <returns>The exit code: 0 after an orderly stop, 1 if it could not start.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        try
        {
            await RunAsync(ServerOptions.Parse(args, Environment.GetEnvironmentVariable));
            return 0;
        }
        catch (Exception e) when (e is StartRefusedException or LedgerInUseException or LedgerDamagedException or LedgerUnreadyException or IOException or UnauthorizedAccessException or SqliteException)
        {
            // The operator can act on all of these, a full disk and a damaged page included; the messages name the file.
            await Console.Error.WriteLineAsync(e.Message);
            return 1;
        }
    }

    private static async Task RunAsync(ServerOptions options)
    {
        // 1. The data directory and what it keeps secret.
        using var data = DataDirectory.Open(options.Data, options.Mode);
        var testClock = options.HasTestClock ? TestClock.Open(data.TestClock, TimeProvider.System) : null;
        var time = testClock ?? TimeProvider.System;
        var secrets = data.OpenSecrets();
        var operatorKeyHash = data.FindOperatorKeyHash(options.OperatorKey, out var madeOperatorKey);

        // 2. The ledger, and the payments above it.
        using var metrics = new ScrapedMetrics(Ledger.Ledger.MeterName, PaymentSystem.MeterName, "System.Runtime");
        await using var ledger = Ledger.Ledger.Open(
            new LedgerOptions { Directory = data.Ledger, Origin = data.Origin ?? OriginOf(secrets.LedgerKey), CheckpointKey = secrets.LedgerKey, ReportFault = Report }, time);
        foreach (var note in ledger.RecoveryNotes) Console.WriteLine($"Recovery: {note}");
        using var settings = SqliteSettingsStore.Open(data.Settings);
        using var sandbox = options.Mode.IsLive ? null : new SandboxRail(data.SandboxRail, time);
        using var courier = new WebhookCourier(options.AllowsPrivateWebhooks, TimeToAnswer, TimeProvider.System);
        using var sandboxPayouts = options.Mode.IsLive ? null : new SandboxPayoutRail(data.SandboxRail, time);
        using var card = options.Card is null ? null : new CardRail(options.Card, settings, ReportCards);
        using var bankFile = options.BankFile is null ? null : new BankFileRail(options.BankFile, data.BankFileRail, data.BankFiles, $"F{(options.Mode.IsLive ? "" : "TEST")}{MarkOf(secrets.LedgerKey)}", time);
        var system = await PaymentSystem.StartAsync(
            ledger, settings, [.. new IRail?[] { sandbox, card }.OfType<IRail>()], [.. new IPayoutRail?[] { sandboxPayouts, bankFile }.OfType<IPayoutRail>()], secrets, operatorKeyHash, options.ToPaymentOptions(), time, courier);
        if (bankFile is not null) await bankFile.TellAsync(system.Payouts.WakeAsync);
        // What Stripe signs bears the time of the world, whatever the clock here was moved to.
        var cardEvents = card is null ? null : new CardEvents(card, options.Card!.WebhookSecret, system.TopUps, TimeProvider.System);
        var cardSweep = card is null ? null : new CardSweep(card, cardEvents!, TimeProvider.System, ReportCards);

        // 3. The doors.
        using var walletCreations = new WalletCreationLimit(options.WalletsPerMinute);
        var readiness = new Readiness(ledger);
        await using var app = BuildApp(options, data, system, cardSweep, walletCreations, time);
        app.UsePublicAddress(options.Mode);
        app.UseMiddleware<EveryAnswerIsAProblem>();
        // Named here so that they stand behind the step above, and REST calls, which end in routing, do without what only the pages need.
        app.UseRouting();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapHealth(readiness);
        app.MapErrorsPage(options.Mode);
        app.MapWalletPages();
        app.MapRest(system, new LedgerApi(ledger, time), walletCreations, new ChangeFeed(ledger, time, app.Lifetime.ApplicationStopping), metrics,
            new SiteGates(system, options.Mode, app.Services.GetRequiredService<IServer>(), time), cardEvents, new BankFilesApi(bankFile), testClock);
        app.MapOpenApiDescription(options.Mode);

        // 4. Open for business.
        if (!await TryStartAsync(app, $"{options.Mode.Listen} port {options.Port}")) return;
        var server = app.Services.GetRequiredService<IServer>();
        var address = PublicAddress.ListeningAt(server);
        if (options.SampleSite is not null) await SampleSite.PrepareAsync(system, secrets, options.SampleSite, options.SampleState!, address);
        var ownSite = options.OwnSite is null ? null : await OwnSite.PrepareAsync(system, secrets, options.OwnSite, data.OwnSite, options.Mode, PublicAddress.OriginOf(options.Mode, server), address);
        readiness.MarkStarted();
        Greeting.Print(address, options, ownSite, madeOperatorKey);
        if (madeOperatorKey is not null || options.OperatorKey is not null) data.StoreOperatorKeyHash(operatorKeyHash);

        // 5. Until told to stop: Kestrel takes no more, what is in flight is finished, then the ledger closes.
        await app.WaitForShutdownAsync();
    }

    private static WebApplication BuildApp(ServerOptions options, DataDirectory data, PaymentSystem system, CardSweep? cardSweep, WalletCreationLimit walletCreations, TimeProvider time)
    {
        // The content root is where the program is, not where it was started: settings files of a stranger's directory are none of ours.
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory, EnvironmentName = Environments.Production });
        // Nor are the framework's variables, with which it would listen elsewhere, believe any proxy, or show faults to anybody.
        ((IConfigurationBuilder)builder.Configuration).Sources.Clear();
        // Requests run where their bytes arrive: nothing here blocks, and each hand-over to another thread costs as much as a payment's arithmetic.
        builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(options.Mode.Listen, options.Port);
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = MaxConnections;
            // A call refuses a body over its own maximum and Kestrel reads what is left, so that the client hears why; over this one it just hangs up.
            kestrel.Limits.MaxRequestBodySize = 4 * RestCall.MaxBatchBodyBytes;
        });
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Warning).AddSimpleConsole(console => console.SingleLine = true);
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.Critical);
        // As long as this might say something, each request carries a trace through all its steps; what fails is logged by our own outermost step.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        builder.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeToFinish);
        builder.Services.AddSingleton(system);
        builder.Services.AddSingleton(options.Mode);
        builder.Services.AddSingleton(walletCreations);
        builder.Services.AddSingleton<RecoveryLimit>();
        builder.Services.AddSingleton(time);
        builder.Services.AddHostedService<PendingTopUps>();
        if (cardSweep is not null) builder.Services.AddHostedService(_ => cardSweep);
        builder.Services.AddHostedService<DueWork>();
        builder.Services.AddHostedService<WebhookWork>();
        builder.Services.AddOpenApiDescription(options.Mode);
        builder.Services.AddWalletPages(data.FormKeys, options.Mode);
        return builder.Build();
    }

    /// <summary>Opens the doors.</summary>
    /// <returns>False if it was told to stop meanwhile, which is no fault.</returns>
    internal static async Task<bool> TryStartAsync(WebApplication app, string place)
    {
        try
        {
            await app.StartAsync();
            return true;
        }
        catch (OperationCanceledException) when (app.Lifetime.ApplicationStopping.IsCancellationRequested)
        {
            return false;
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            throw new StartRefusedException($"{place} is in use. Choose another with --port.");
        }
    }

    // What anybody may read of it does not name the file.
    private static void Report(string fault, Exception error) => Console.Error.WriteLine($"Ledger: {fault}: {error.Message}");

    private static void ReportCards(string note) => Console.Error.WriteLine($"Card rail: {note}");

    // The name of play money's log says which key signs it, and stays when the port changes.
    private static string OriginOf(SigningKey ledgerKey) =>
        $"farthing.test/{MarkOf(ledgerKey)}";

    // What tells this server from all others.
    private static string MarkOf(SigningKey ledgerKey) => Convert.ToHexStringLower(SHA256.HashData(ledgerKey.Verifier.Bytes))[..8];
}
