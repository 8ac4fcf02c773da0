using System.Diagnostics;
using System.Security.Cryptography;
using Farthing.Ledger;
using Farthing.Protocol;

namespace Farthing.Bench.Ledger;

/// <summary>Takes every measure in turns, so that a noisy minute falls on all of them.</summary>
internal sealed class Benchmark(Options options)
{
    private const int Accounts = 10_000;
    private const int ManyAccounts = 1_000_000;
    private const int ReadTransfers = 1_000_000;
    private const int Reads = 5_000;
    private const int PostgresConnections = 8;
    private const int SqliteBatch = 1_000;
    private const int PageLength = 100;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);
    private static readonly int[] CallerCounts = [64, 1024];

    private readonly Results results = new(options);
    private FrameShape shape;

    public async Task<bool> RunAsync()
    {
        if (Directory.Exists(options.Output)) Directory.Delete(options.Output, recursive: true);
        Directory.CreateDirectory(options.Output);
        await WarmUpAsync();
        using var postgres = IsAsked("postgres") ? StartPostgres() : null;
        if (IsAsked("sqlite")) results.Notes.Add($"SQLite: {SqlitePeer.Tuning}.");
        for (var round = 1; round <= options.Rounds; round++)
        {
            Console.Error.WriteLine($"round {round} of {options.Rounds}");
            await TakeRatesAsync();
            if (postgres is not null) await TakePostgresAsync(postgres);
            if (IsAsked("sqlite")) TakeSqlite();
            if (IsAsked("reads")) await TakeReadsAsync();
            if (IsAsked("opening")) await TakeOpeningAsync();
            if (IsAsked("accounts")) await TakeAccountsAsync();
        }
        return results.Print();
    }

    private bool IsAsked(string name) => options.Only.Contains(name);

    /// <summary>Lets everything be compiled, and learns how many bytes the ledger writes, which the bare loops then write too.</summary>
    private async Task WarmUpAsync()
    {
        await using var tested = await LedgerUnderTest.CreateAsync(options.Output, Accounts);
        await tested.RunBatchesAsync(Pairing.Uniform, 1, WarmUp, WarmUp);
        var (_, records, bytes) = JournalFiles.Measure(tested.Directory);
        shape = new((int)((bytes + records - 1) / records));
        await tested.RunSinglesAsync(CallerCounts[^1], WarmUp, WarmUp);
        results.Notes.Add($"The ledger writes {shape.RecordBytes} bytes for each transfer, and {shape.FrameBytes(LedgerUnderTest.FullBatch):N0} for a full batch; so do the bare loops.");
    }

    private async Task TakeRatesAsync()
    {
        var bare = new BareLoops(options.Output, shape);
        await BatchesAsync("batch", "batches of 8,192", Pairing.Uniform, 1);
        if (IsAsked("bare"))
        {
            results.Add("bare", "  bare pipelined loop, as many bytes", bare.Pipelined(LedgerUnderTest.FullBatch, isApplied: true, WarmUp, options.Measured));
            results.Add("bare-bytes", "  the same without ids and balances", bare.Pipelined(LedgerUnderTest.FullBatch, isApplied: false, WarmUp, options.Measured));
        }
        foreach (var callers in CallerCounts)
        {
            if (IsAsked("singles")) await SinglesAsync($"singles-{callers}", $"{callers:N0} concurrent single transfers", callers);
            if (IsAsked("bare-singles")) results.Add($"bare-singles-{callers}", $"  bare group commit of {callers:N0} concurrent singles", await bare.GroupCommitAsync(callers, WarmUp, options.Measured));
        }
        if (IsAsked("lone")) await SinglesAsync("lone", "lone transfers", 1);
        if (IsAsked("bare-lone")) results.Add("bare-lone", "  bare write and flush of 4 KiB", bare.Lone(WarmUp, options.Measured));
        await BatchesAsync("hot", "batches of 8,192 to one hot account", Pairing.OneHotAccount, 1);
        await BatchesAsync("zipf", "batches of 8,192 between Zipf pairs", Pairing.Zipf, 1);
        await BatchesAsync("chains", "batches of five-leg chains, each leg", Pairing.Uniform, LedgerUnderTest.ChainLegs);
    }

    private Task BatchesAsync(string name, string title, Pairing pairing, int legs) => IsAsked(name)
        ? LedgerAsync(name, title, tested => tested.RunBatchesAsync(pairing, legs, WarmUp, options.Measured))
        : Task.CompletedTask;

    private Task SinglesAsync(string name, string title, int callers) =>
        LedgerAsync(name, title, tested => tested.RunSinglesAsync(callers, WarmUp, options.Measured));

    private async Task LedgerAsync(string name, string title, Func<LedgerUnderTest, Task<Stretch>> run)
    {
        await using var tested = await LedgerUnderTest.CreateAsync(options.Output, Accounts);
        results.Add(name, title, await run(tested));
        await tested.CheckMoneyAsync();
    }

    private PostgresServer? StartPostgres()
    {
        var (server, note) = PostgresServer.Start();
        results.Notes.Add(note);
        return server;
    }

    private async Task TakePostgresAsync(PostgresServer server)
    {
        using (var peer = new PostgresPeer(server, Accounts, hasHistory: true))
            results.Add("postgres", $"PostgreSQL, one per transaction, {PostgresConnections} connections", await peer.RunSinglesAsync(PostgresConnections, Pairing.Uniform, WarmUp, options.Measured));
        using (var peer = new PostgresPeer(server, Accounts, hasHistory: true))
            results.Add("postgres-hot", "  to one hot account", await peer.RunSinglesAsync(PostgresConnections, Pairing.OneHotAccount, WarmUp, options.Measured));
        foreach (var (name, title, hasHistory) in new[] { ("postgres-sets", "PostgreSQL, sets of 8,192", true), ("postgres-sets-bare", "  without what statements are read by", false) })
        {
            using var peer = new PostgresPeer(server, Accounts, hasHistory);
            results.Add(name, title, peer.RunBatches(LedgerUnderTest.FullBatch, WarmUp, options.Measured));
        }
    }

    private void TakeSqlite()
    {
        foreach (var (name, title, hasHistory) in new[] { ("sqlite", $"SQLite, transactions of {SqliteBatch:N0}", true), ("sqlite-bare", "  without what statements are read by", false) })
        {
            using var peer = new SqlitePeer(options.Output, Accounts, hasHistory);
            results.Add(name, title, peer.RunBatches(SqliteBatch, WarmUp, options.Measured));
        }
    }

    private async Task TakeReadsAsync()
    {
        await using var tested = await LedgerUnderTest.CreateAsync(options.Output, Accounts);
        await tested.FillAsync(ReadTransfers);
        var size = tested.Ledger.DurableSize;
        var checkpoint = (await tested.Ledger.GetCheckpointAsync(size)).Checkpoint;
        var numbers = new Numbers(RandomNumberGenerator.GetBytes(8));

        var longest = 0;
        results.Add("proof", "inclusion proofs of random records", await ReadAsync(_ =>
        {
            var proof = tested.Ledger.Prove(numbers.Below((int)checkpoint.Size), checkpoint.Size);
            longest = Math.Max(longest, proof.Leaf.Length + proof.Proof.Length);
            return ValueTask.CompletedTask;
        }));
        results.AddFigure("proof-bytes", $"longest proof, its leaf included, in a tree of {checkpoint.Size:N0}", "bytes", longest);
        results.Add("statement", $"statement pages of {PageLength}", await ReadAsync(async i =>
        {
            var page = await tested.Ledger.ReadStatementAsync(tested.Accounts[i % tested.Accounts.Count], before: null, PageLength);
            if (page.Count != PageLength) throw new BenchFailedException($"A page has {page.Count} lines.");
        }));
        results.Add("find", "looking up random ids", await ReadAsync(async _ =>
        {
            var record = tested.Ledger.Read(numbers.Below((int)size));
            if (record.Command.Kind == RecordKind.Transfer && await tested.Ledger.FindAsync(record.Command.Id) is not { }) throw new BenchFailedException("A record was not found by its id.");
        }));
        results.AddFigure("disk-bytes", "disk, all files, for each transfer", "bytes", (double)JournalFiles.BytesInUse(tested.Directory) / size);
    }

    // The first pass warms memory and code up.
    private static async Task<Stretch> ReadAsync(Func<int, ValueTask> read)
    {
        for (var i = 0; i < Reads; i++) await read(i);
        var latencies = new Latencies();
        var from = Stopwatch.GetTimestamp();
        for (var i = 0; i < Reads; i++)
        {
            var began = Stopwatch.GetTimestamp();
            await read(i);
            latencies.Add(began);
        }
        return new(Reads, Stopwatch.GetElapsedTime(from), latencies);
    }

    private async Task TakeOpeningAsync()
    {
        await using var tested = await LedgerUnderTest.CreateAsync(options.Output, Accounts);
        await tested.FillAsync(ReadTransfers);
        await tested.Ledger.DisposeAsync();
        var opened = await OpenedLedger.OpenAsync(tested.Directory);
        results.AddFigure("opening", $"opening {opened.Records:N0} records", "ms", opened.Milliseconds);
        JournalFiles.DeleteDerived(tested.Directory);
        opened = await OpenedLedger.OpenAsync(tested.Directory);
        results.AddFigure("replay", "replay without any derived file", "records/s", opened.Records * 1000.0 / opened.Milliseconds);
    }

    private async Task TakeAccountsAsync()
    {
        OpenedLedger few, many;
        await using (var tested = await LedgerUnderTest.CreateAsync(options.Output, 1))
        {
            await tested.Ledger.DisposeAsync();
            few = await OpenedLedger.OpenAsync(tested.Directory);
        }
        await using (var tested = await LedgerUnderTest.CreateAsync(options.Output, ManyAccounts))
        {
            await tested.Ledger.DisposeAsync();
            many = await OpenedLedger.OpenAsync(tested.Directory);
        }
        results.AddFigure("opening-accounts", $"opening with {ManyAccounts:N0} accounts", "s", many.Milliseconds / 1000.0);
        results.AddFigure("fixed-bytes", "memory of an empty ledger's process", "MB", few.ResidentBytes / 1e6);
        results.AddFigure("account-bytes", $"memory for each of {ManyAccounts:N0} accounts", "bytes", (many.OwnBytes - few.OwnBytes) / (double)ManyAccounts);
    }
}
