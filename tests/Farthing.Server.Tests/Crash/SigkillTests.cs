using System.Diagnostics;
using System.Numerics;
using System.Text;
using System.Text.Json.Nodes;
using Farthing.Ledger;
using Farthing.Protocol;
using Farthing.Server.Tests.Rest;

namespace Farthing.Server.Tests.Crash;

/// <summary>The server is killed at random moments under load, again and again, and nothing that it said is lost or doubled.</summary>
[Collection(typeof(Alone))]
public sealed class SigkillTests(ITestOutputHelper output)
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("FARTHING_LONG") == "1";

    // Ten times as many in ./test --long.
    private static readonly int LeastKills = IsLong ? 200 : 20;
    private const int LeastOfEachAct = 20;
    private const int Clients = 16;
    private const int MostAnswersPerLife = 150;

    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(IsLong ? 60 : 10);

    // Set to replay the choices of a run that failed; the moments of the machine itself cannot be replayed.
    private const string SeedVariable = "FARTHING_TEST_SEED";

    [Fact]
    public async Task Twenty_kills_and_more_lose_no_acknowledged_payment_and_double_none()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable(SeedVariable), out var given) ? given : Environment.TickCount;
        output.WriteLine($"{SeedVariable}={seed}");
        using var data = new TemporaryDirectory();
        var shoppers = await ShopUnderFireAsync(data.Path, seed);
        CheckJournal(data.Path, shoppers);
    }

    private async Task<List<Shopper>> ShopUnderFireAsync(string data, int seed)
    {
        var random = new Random(seed);
        await using var server = await ServerProcess.StartAsync(data, "--wallets-per-minute", "1000000");
        using var api = new Api(server);
        var back = new Gate();
        var line = new UnreliableLine(api, () => back.WaitAsync());
        var shops = new List<Shop>();
        for (var i = 0; i < 3; i++)
        {
            var payee = await api.NewPayeeAsync();
            shops.Add(new Shop(payee, await api.NewOfferAsync(payee, "0.02")));
        }

        var shoppers = new List<Shopper>();
        for (var i = 0; i < Clients; i++) shoppers.Add(new Shopper(line, await api.NewWalletAsync("1000"), [.. shops], new Random(random.Next())));

        // 1. Everyone shops while the server is killed; then each finishes what it is at, and stops.
        back.Open();
        var isOver = false;
        var shopping = shoppers.Select(shopper => Task.Run(async () =>
        {
            while (!Volatile.Read(ref isOver)) await shopper.ActAsync();
        })).ToArray();
        var watch = Stopwatch.StartNew();
        var kills = 0;
        while ((kills < LeastKills || line.Repeats < LeastKills || CountActs(shoppers).Any(count => count < LeastOfEachAct)) && watch.Elapsed < Longest)
        {
            // The moment is the thing that is tested: anything from the first request after the start to full load.
            await await Task.WhenAny(line.WhenAnsweredAsync(random.Next(MostAnswersPerLife)), Task.WhenAny(shopping).Unwrap());
            back.Close();
            await server.KillAsync();
            kills++;
            await server.StartAgainAsync();
            back.Open();
        }

        Volatile.Write(ref isOver, true);
        await Task.WhenAll(shopping);
        var acts = CountActs(shoppers);
        output.WriteLine($"{kills} kills in {watch.Elapsed}: {string.Join(", ", ActNames.Zip(acts, (name, count) => $"{count} {name}"))}, {line.Repeats} answers lost and asked for again");

        // Not vacuous: everything happened, and kills did cut answers off.
        Assert.True(kills >= LeastKills, $"Only {kills} kills in {watch.Elapsed}.");
        Assert.True(line.Repeats >= LeastKills, $"Only {line.Repeats} answers were lost.");
        Assert.All(acts, count => Assert.True(count >= LeastOfEachAct, $"Something happened only {count} times."));

        // 2. What was answered, and nothing else, is there, once.
        var left = BigInteger.Zero;
        foreach (var shopper in shoppers) left += await CheckWalletAsync(api, shopper);
        foreach (var shop in shops) left += await CheckPayeeAsync(api, shop);
        Assert.Equal(Money.Units("1000") * Clients, left);

        // 3. Every receipt still holds.
        foreach (var receipt in shoppers.SelectMany(shopper => shopper.Receipts)) await Receipts.AssertValidAsync(api, receipt);
        Assert.Equal(0, await server.TerminateAsync());
        return shoppers;
    }

    private static readonly string[] ActNames = ["payments", "refunds", "posts", "voids", "batches", "refused", "receipts"];

    // Read while the shoppers go on: the counts only grow.
    private static int[] CountActs(List<Shopper> shoppers) =>
    [
        shoppers.Sum(shopper => shopper.Payments.Count), shoppers.Sum(shopper => shopper.Refunds.Count), shoppers.Sum(shopper => shopper.Posts), shoppers.Sum(shopper => shopper.Voids),
        shoppers.Sum(shopper => shopper.Batches), shoppers.Sum(shopper => shopper.Refused), shoppers.Sum(shopper => shopper.Receipts.Count),
    ];

    /// <returns>What the wallet has, held included.</returns>
    private static async Task<BigInteger> CheckWalletAsync(Api api, Shopper shopper)
    {
        var lines = await api.StatementAsync(shopper.Wallet);
        var made = lines.Where(line => KindOf(line) is "payment" or "hold").Select(line => line["payment"]!.GetValue<string>()).ToList();
        Assert.Equal(shopper.Payments.Keys.Order(StringComparer.Ordinal), made.Order(StringComparer.Ordinal));
        Assert.Equal(shopper.Posts, lines.Count(line => KindOf(line) == "post"));
        Assert.Equal(shopper.Voids, lines.Count(line => KindOf(line) == "void"));
        Assert.Equal(shopper.Refunds.Count, lines.Count(line => KindOf(line) == "refund"));
        Assert.Equal(shopper.Refunds.Aggregate(BigInteger.Zero, (sum, refund) => sum + refund.Units), Money.Sum(lines.Where(line => KindOf(line) == "refund"), "amount"));
        foreach (var line in lines.Where(line => KindOf(line) is "payment" or "hold"))
        {
            var paid = Money.Units(shopper.Payments[line["payment"]!.GetValue<string>()]["amount"]!["amount"]!.GetValue<string>());
            Assert.Equal(paid, KindOf(line) == "hold" ? Money.Sum([line], "held") : -Money.Sum([line], "amount"));
        }

        var (balance, held) = await api.BalanceAsync(shopper.Wallet);
        Assert.Equal(Money.Sum(lines, "amount"), Money.Units(balance) + Money.Units(held));
        return Money.Units(balance) + Money.Units(held);
    }

    /// <returns>What the payee has, and what the operator has from it in fees.</returns>
    private static async Task<BigInteger> CheckPayeeAsync(Api api, Shop shop)
    {
        var lines = await api.StatementAsync(shop.Payee);
        var (balance, held) = await api.BalanceAsync(shop.Payee);
        Assert.Equal(Money.Sum(lines, "amount"), Money.Units(balance));
        Assert.Equal(Money.Sum(lines, "held"), Money.Units(held));
        return Money.Units(balance) - Money.Sum(lines.Where(line => KindOf(line) is "fee" or "fee_refund"), "amount");
    }

    private static void CheckJournal(string data, List<Shopper> shoppers)
    {
        // 4. The journal from its first byte: undamaged, and the sums of each asset zero.
        var directory = Path.Combine(data, "ledger");
        using var key = SigningKey.FromSeed(File.ReadAllBytes(Path.Combine(data, "keys", "ledger")));
        var report = LedgerCheck.Run(directory);
        Assert.True(report.IsSound, report.Damage ?? report.Checkpoint?.Finding ?? string.Join(", ", report.Totals));
        Assert.All(report.Totals.Values, total => Assert.Equal(total.Debits, total.Credits));

        // 5. Every leaf of every receipt is in the log as it stands at the end.
        var leaves = 0;
        foreach (var reply in shoppers.SelectMany(shopper => shopper.Receipts))
        {
            Assert.True(Receipt.TryParse(Encoding.UTF8.GetBytes(reply.Text), out var receipt));
            leaves += receipt.Legs.Count;
        }

        Assert.True(leaves >= 20);
        AssertLeavesProvable(directory, key, shoppers);
    }

    private static void AssertLeavesProvable(string directory, SigningKey key, List<Shopper> shoppers)
    {
        var first = JsonNode.Parse(shoppers.SelectMany(shopper => shopper.Receipts).First().Text)!;
        var origin = first["checkpoint"]!.GetValue<string>().Split('\n')[0];
        var ledger = Ledger.Ledger.Open(new LedgerOptions { Directory = directory, Origin = origin, CheckpointKey = key }, TimeProvider.System);
        try
        {
            var checkpoint = ledger.GetCheckpointAsync().AsTask().GetAwaiter().GetResult().Checkpoint;
            Span<byte> hash = stackalloc byte[MerkleTree.HashLength];
            foreach (var reply in shoppers.SelectMany(shopper => shopper.Receipts))
            {
                foreach (var leg in reply.Json["legs"]!.AsArray())
                {
                    var leaf = Convert.FromBase64String(leg!["leaf"]!.GetValue<string>());
                    var index = leg["index"]!.GetValue<long>();
                    var proven = ledger.Prove(index, checkpoint.Size);
                    Assert.Equal(leaf, proven.Leaf);
                    MerkleTree.HashLeaf(leaf, hash);
                    Assert.True(MerkleTree.VerifyInclusion(hash, index, checkpoint.Size, proven.Proof, checkpoint.Root));
                }
            }
        }
        finally
        {
            ledger.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private static string KindOf(JsonNode line) => line["kind"]!.GetValue<string>();

    /// <summary>Closed while the server is down.</summary>
    private sealed class Gate
    {
        private TaskCompletionSource opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task WaitAsync() => Volatile.Read(ref opened).Task;

        public void Open() => opened.TrySetResult();

        public void Close() => Volatile.Write(ref opened, new(TaskCreationOptions.RunContinuationsAsynchronously));
    }
}
