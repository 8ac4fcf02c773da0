using System.Net;
using System.Security.Cryptography;
using Farthing.Ledger;
using Farthing.Payments;
using Farthing.Protocol;
using Farthing.Server.Doors;
using Farthing.Server.Doors.Rest;
using Farthing.Server.Pages;
using Farthing.Server.Rails;
using Farthing.Server.Storage;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Console;

namespace Farthing.Server;

/// <summary>The composition root: the one place where the parts are put together.</summary>
internal static class ServerApp
{
    // Each may hold a batch's bytes while it waits for its turn.
    private const int MaxConnections = 512;

    private static readonly TimeSpan TimeToFinish = TimeSpan.FromSeconds(10);

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
        using var data = DataDirectory.Open(options.Data, options.HasTestClock);
        var testClock = options.HasTestClock ? TestClock.Open(data.TestClock, TimeProvider.System) : null;
        var time = testClock ?? TimeProvider.System;
        var secrets = data.OpenSecrets();
        var operatorKeyHash = data.FindOperatorKeyHash(options.OperatorKey, out var madeOperatorKey);

        // 2. The ledger, and the payments above it.
        using var metrics = new ScrapedMetrics(Ledger.Ledger.MeterName, PaymentSystem.MeterName, "System.Runtime");
        await using var ledger = Ledger.Ledger.Open(
            new LedgerOptions { Directory = data.Ledger, Origin = OriginOf(secrets.LedgerKey), CheckpointKey = secrets.LedgerKey, ReportFault = Report }, time);
        foreach (var note in ledger.RecoveryNotes) Console.WriteLine($"Recovery: {note}");
        using var settings = SqliteSettingsStore.Open(data.Settings);
        using var sandbox = new SandboxRail(data.SandboxRail, time);
        var system = await PaymentSystem.StartAsync(
            ledger, settings, [sandbox], secrets, operatorKeyHash, new PaymentOptions { FeeBasisPoints = options.FeeBasisPoints }, time);

        // 3. The doors.
        using var walletCreations = new WalletCreationLimit(options.WalletsPerMinute);
        var readiness = new Readiness(ledger);
        await using var app = BuildApp(options.Port, data, system, walletCreations, time);
        app.UseMiddleware<EveryAnswerIsAProblem>();
        // Named here so that they stand behind the step above, and REST calls, which end in routing, do without what only the pages need.
        app.UseRouting();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapHealth(readiness);
        app.MapErrorsPage();
        app.MapWalletPages();
        app.MapRest(system, new LedgerApi(ledger, time), walletCreations, new ChangeFeed(ledger, time, app.Lifetime.ApplicationStopping), metrics, testClock);
        app.MapOpenApiDescription();

        // 4. Open for business.
        await StartAsync(app, options.Port);
        var address = app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
        if (options.SampleSite is not null) await SampleSite.PrepareAsync(system, secrets, options.SampleSite, options.SampleState!, address);
        readiness.MarkStarted();
        Greeting.Print(address, options, madeOperatorKey);
        if (madeOperatorKey is not null || options.OperatorKey is not null) data.StoreOperatorKeyHash(operatorKeyHash);

        // 5. Until told to stop: Kestrel takes no more, what is in flight is finished, then the ledger closes.
        await app.WaitForShutdownAsync();
    }

    private static WebApplication BuildApp(int port, DataDirectory data, PaymentSystem system, WalletCreationLimit walletCreations, TimeProvider time)
    {
        // The content root is where the program is, not where it was started: settings files of a stranger's directory are none of ours.
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        // Requests run where their bytes arrive: nothing here blocks, and each hand-over to another thread costs as much as a payment's arithmetic.
        builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            // Play money only, so this machine only.
            kestrel.Listen(IPAddress.Loopback, port);
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
        builder.Services.AddSingleton(walletCreations);
        builder.Services.AddSingleton(time);
        builder.Services.AddHostedService<PendingTopUps>();
        builder.Services.AddHostedService<DueWork>();
        builder.Services.AddOpenApiDescription();
        builder.Services.AddWalletPages(data.FormKeys);
        return builder.Build();
    }

    private static async Task StartAsync(WebApplication app, int port)
    {
        try
        {
            await app.StartAsync();
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            throw new StartRefusedException($"Port {port} is in use. Choose another with --port.");
        }
    }

    // What anybody may read of it does not name the file.
    private static void Report(string fault, Exception error) => Console.Error.WriteLine($"Ledger: {fault}: {error.Message}");

    // The log's name says which key signs it, and stays when the port changes.
    private static string OriginOf(SigningKey ledgerKey) =>
        $"farthing.test/{Convert.ToHexStringLower(SHA256.HashData(ledgerKey.Verifier.Bytes))[..8]}";
}
