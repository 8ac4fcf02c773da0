using System.Diagnostics;
using Farthing.AspNetCore;
using Farthing.Client;
using Farthing.Protocol;

namespace Farthing.Bench;

/// <summary>What paying adds to reading: GETs with a plain client, through the paying handler where nothing is asked, and where each one is paid.</summary>
internal static class ClientBenchmark
{
    private const int WarmUpReads = 200;
    private const string Price = "0.0005 USD";
    private const string OperatorKey = "bench-operator-key-of-this-machine-only";

    public static async Task<int> RunAsync(BenchOptions options)
    {
        if (Directory.Exists(options.Output)) Directory.Delete(options.Output, recursive: true);
        Directory.CreateDirectory(options.Output);
        var data = Path.Combine(options.Output, "data");
        var flushMicroseconds = DiskProbe.MedianFlushMicroseconds(options.Output);
        using (var server = await ChildProcess.StartAsync(options.Server, ["--data", data], Path.Combine(options.Output, "server.log"), "health/ready", new Dictionary<string, string> { ["FARTHING_OPERATOR_KEY"] = OperatorKey }))
        {
            await MeasureAsync(server.Url, options);
        }

        Directory.Delete(data, recursive: true);
        Console.WriteLine($"Writing 4 KiB to this disk and flushing it takes {flushMicroseconds} us (median). {Environment.ProcessorCount} processors shared by reader, site, server and the rest.");
        return 0;
    }

    private static async Task MeasureAsync(Uri server, BenchOptions options)
    {
        using var anyone = new FarthingClient(server);
        using var signingKey = SigningKey.Create();
        await using var site = await OpenSiteAsync(anyone, signingKey);
        var free = new Uri($"{site.Urls.Single()}/free");
        var sold = new Uri($"{site.Urls.Single()}/sold");

        var made = await anyone.Wallets.CreateWalletAsync("USD", anyone.NewKey());
        var payer = anyone.WithKey(made.Key);
        await payer.TopUps.CreateTopUpAsync(made.Id, new NewTopUp { Amount = Amount.Parse("1000 USD"), Rail = "sandbox" }, anyone.NewKey());
        using var kept = Budget.InAll("1000 USD").KeptIn(Path.Combine(options.Output, "budget"));
        using var memory = Budget.InAll("1000 USD");
        using var plain = new HttpClient();
        using var idle = payer.CreateHttpClient(memory);
        using var keeping = payer.CreateHttpClient(kept);

        Row[] rows =
        [
            new("GET, plain client", plain, free),
            new("GET through the paying handler", idle, free),
            new("GET, asked, paid and read", idle, sold),
            new("the same, budget in a file", keeping, sold),
        ];
        foreach (var row in rows) await row.TakeAsync(WarmUpReads);
        foreach (var row in rows) row.Microseconds.Clear();
        for (var round = 0; round < options.Rounds; round++)
        {
            foreach (var row in rows)
            {
                var began = Stopwatch.GetTimestamp();
                while (Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(options.Seconds)) await row.TakeAsync(10);
            }
        }

        Console.WriteLine($"{"one reader, one read after another",-36} {"reads",8} {"p50 us",9} {"p99 us",9}");
        foreach (var row in rows)
        {
            row.Microseconds.Sort();
            Console.WriteLine($"{row.Title,-36} {row.Microseconds.Count,8:N0} {row.Microseconds[row.Microseconds.Count / 2],9:N0} {row.Microseconds[row.Microseconds.Count * 99 / 100],9:N0}");
        }

        var wallet = await payer.Wallets.ReadWalletAsync(made.Id);
        var spent = memory.Spent + kept.Spent;
        if (wallet.Balance + spent != Amount.Parse("1000 USD")) throw new BenchFailedException($"The budgets say that {spent} was spent, but the wallet has {wallet.Balance}.");
        Console.WriteLine($"The wallet paid exactly the {spent} that the budgets counted.");
    }

    private static async Task<WebApplication> OpenSiteAsync(FarthingClient anyone, SigningKey signingKey)
    {
        var payee = await anyone.WithKey(OperatorKey).Payees.CreatePayeeAsync(new NewPayee { Name = "Bench", Currency = "USD", SigningKey = signingKey.Verifier.ToString() }, anyone.NewKey());
        var entitlementKey = await anyone.Ledger.ReadEntitlementKeyAsync();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddFarthing(site =>
        {
            site.Payee = payee.Id.ToString();
            site.SigningKey = Convert.ToBase64String(signingKey.ExportSeed());
            site.Server = anyone.Server.GetLeftPart(UriPartial.Authority);
            site.EntitlementKey = entitlementKey.ToString();
            site.PlayMoney = true;
        });
        var app = builder.Build();
        app.MapGet("/free", () => "more rain");
        app.MapGet("/sold", () => "more rain").RequirePayment(Price, PaymentUse.PerCall);
        await app.StartAsync();
        return app;
    }

    private sealed record Row(string Title, HttpClient Http, Uri Url)
    {
        public List<long> Microseconds { get; } = [];

        public async Task TakeAsync(int reads)
        {
            for (var i = 0; i < reads; i++)
            {
                var began = Stopwatch.GetTimestamp();
                await Http.GetStringAsync(Url);
                Microseconds.Add((long)Stopwatch.GetElapsedTime(began).TotalMicroseconds);
            }
        }
    }
}
