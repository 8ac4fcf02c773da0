using System.Net;
using System.Reflection;
using Farthing.Protocol;

namespace Farthing.Bench;

/// <summary>Measures the echo, single payments, those under a mandate, those by terms and the batch call in turns, so that a noisy minute falls on all of them.</summary>
internal static class Benchmark
{
    private const int Clients = 64;
    private const int BatchClients = 4;
    private const int PaymentsPerBatch = 5_000;
    private const int TermsSigned = 40_000;
    private const string OperatorKey = "bench-operator-key-of-this-machine-only";
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FirstWarmUp = TimeSpan.FromSeconds(8);

    public static async Task<int> RunAsync(BenchOptions options)
    {
        if (Directory.Exists(options.Output)) Directory.Delete(options.Output, recursive: true);
        Directory.CreateDirectory(options.Output);
        var data = Path.Combine(options.Output, "data");
        var results = new BenchResults(options, DiskProbe.MedianFlushMicroseconds(options.Output));
        await MeasureAsync(options, data, results);
        // The server, which writes there of its own accord too, has ended.
        Directory.Delete(data, recursive: true);
        return results.Print();
    }

    private static async Task MeasureAsync(BenchOptions options, string data, BenchResults results)
    {
        using var echo = await ChildProcess.StartAsync(Assembly.GetExecutingAssembly().Location, ["echo"], Path.Combine(options.Output, "echo.log"), null, new Dictionary<string, string>());
        using var server = await ChildProcess.StartAsync(options.Server, ["--data", data, "--wallets-per-minute", "1000000"], Path.Combine(options.Output, "server.log"), "health/ready",
            new Dictionary<string, string> { ["FARTHING_OPERATOR_KEY"] = OperatorKey });
        using var market = await Market.OpenAsync(server.Url, OperatorKey, Clients);
        var before = await market.TotalBalanceAsync();

        var measures = Measures(echo, server, market).Where(measure => options.Only.Contains(measure.Name)).ToList();
        foreach (var measure in measures) Take(measure, FirstWarmUp, TimeSpan.Zero);
        for (var round = 1; round <= options.Rounds; round++)
        {
            foreach (var measure in measures)
            {
                var used = measure.Target.ProcessorTime;
                var result = Take(measure, WarmUp, TimeSpan.FromSeconds(options.Seconds));
                results.Add(measure, result, measure.Target.ProcessorTime - used);
                Console.Error.WriteLine($"round {round} of {options.Rounds}: {measure.Name,-9} {result.Done * measure.PaymentsPerRequest / options.Seconds,9:N0} /s");
            }
        }

        var paid = before - await market.TotalBalanceAsync();
        results.CheckMoney(paid, Amount.Parse($"{Market.Price} USD").Units);
    }

    private static LoadResult Take(Measure measure, TimeSpan warmUp, TimeSpan measured)
    {
        using var generator = new LoadGenerator(measure.Target.Address, measure.Templates(), measure.IsExpected);
        var result = generator.Run(warmUp, measured);
        measure.Acknowledged += result.DoneInAll * measure.PaymentsPerRequest;
        if (result.Failed > 0) throw new BenchFailedException($"{measure.Name}: {result.Failed:N0} requests failed, the first with {result.FirstFailure}");
        return result;
    }

    private static IEnumerable<Measure> Measures(ChildProcess echo, ChildProcess server, Market market)
    {
        var keys = new UuidKeys();
        var pay = $$$"""{"offer":"{{{market.Offer}}}"}""";
        yield return new Measure("echo", "echo of the same JSON", echo, Clients, () => PerWallet(pay), IsCreated);
        yield return new Measure("payments", "POST /v1/payments", server, Clients, () => PerWallet(pay), IsCreated) { Pays = true };
        yield return new Measure("mandate", "the same, mandate and split", server, Clients, PerWalletUnderMandate, IsCreated) { Pays = true };
        yield return new Measure("terms", "POST /v1/payments {terms}", server, Clients, PerWalletByTerms, IsCreated) { Pays = true };
        var one = $$$"""{"idempotencyKey":"{{{RequestTemplate.KeyPlaceholder}}}","offer":"{{{market.Offer}}}"}""";
        var batch = $$$"""{"payments":[{{{string.Join(',', Enumerable.Repeat(one, PaymentsPerBatch))}}}]}""";
        yield return new Measure("batch", $"POST /v1/payments/batch of {PaymentsPerBatch:N0}", server, BatchClients,
            () => market.Wallets.Take(BatchClients).Select(wallet => new RequestTemplate("/v1/payments/batch", wallet.Key, [batch], keys)), IsAllPosted)
        { Pays = true, PaymentsPerRequest = PaymentsPerBatch };

        IEnumerable<RequestTemplate> PerWallet(string body) => market.Wallets.Select(wallet => new RequestTemplate("/v1/payments", wallet.Key, [body], keys));

        // Five linked transfers: price, fee, the other payee's share, and the uses of the mandate's gate and of its month.
        IEnumerable<RequestTemplate> PerWalletUnderMandate() =>
            market.Wallets.Select(wallet => new RequestTemplate("/v1/payments", wallet.Key, [$$$"""{"offer":"{{{market.SharedOffer}}}","mandate":"{{{wallet.Mandate}}}"}"""], keys));

        // Each request has terms of its own, as each visit to a site has; they are signed before the clock runs.
        IEnumerable<RequestTemplate> PerWalletByTerms()
        {
            var bodies = market.SignTerms(TermsSigned).Select(terms => $$$"""{"terms":"{{{terms}}}"}""").Chunk(TermsSigned / Clients).ToList();
            return market.Wallets.Select((wallet, i) => new RequestTemplate("/v1/payments", wallet.Key, bodies[i], keys));
        }
    }

    private static bool IsCreated(ResponseReader response) => response.Status == (int)HttpStatusCode.Created;

    // Chunk boundaries may fall into a word, a few times in megabytes; the sum of money at the end is exact.
    private static bool IsAllPosted(ResponseReader response) =>
        response.Status == (int)HttpStatusCode.OK && response.Body.Count("\"status\":\"posted\""u8) >= PaymentsPerBatch - response.Body.Count("\r\n"u8) / 2;
}

/// <summary>One line of the table: what is sent where.</summary>
internal sealed record Measure(string Name, string Title, ChildProcess Target, int Clients, Func<IEnumerable<RequestTemplate>> Templates, Func<ResponseReader, bool> IsExpected)
{
    public bool Pays { get; init; }

    public int PaymentsPerRequest { get; init; } = 1;

    /// <summary>Payments that were answered as posted, warm-ups included.</summary>
    public long Acknowledged { get; set; }
}
