using System.Diagnostics;
using Farthing.Ledger;
using Farthing.Protocol;

namespace Farthing.Bench.Ledger;

/// <summary>A ledger with the product's settings in a directory of its own, its accounts opened and funded. Dispose closes and deletes it.</summary>
internal sealed class LedgerUnderTest : IAsyncDisposable
{
    /// <summary>As many commands as the ledger puts into one batch.</summary>
    public const int FullBatch = 8192;

    /// <summary>The legs of the chains that are measured.</summary>
    public const int ChainLegs = 5;

    // One batch being flushed, one being applied, one waiting.
    private const int BatchesInFlight = 3;
    private const ulong Funds = 1_000_000_000_000;
    private const uint LegMask = 0xFF;

    private static readonly UInt128 AnyDigest = 7;
    private static readonly SigningKey Key = SigningKey.FromSeed(new byte[32]);

    private readonly UInt128[] accounts;
    private UInt128 acknowledgedUnits;

    private LedgerUnderTest(string directory, int accountCount)
    {
        Directory = directory;
        Ledger = Farthing.Ledger.Ledger.Open(Options(directory), TimeProvider.System);
        var ids = new Workload(accounts: 2);
        accounts = [.. Enumerable.Range(0, accountCount).Select(_ => ids.Next().Id)];
    }

    public string Directory { get; }

    public Farthing.Ledger.Ledger Ledger { get; }

    public IReadOnlyList<UInt128> Accounts => accounts;

    public static LedgerOptions Options(string directory) => new() { Directory = directory, Origin = "bench.example/ledger", CheckpointKey = Key };

    /// <summary>Makes a ledger below a directory.</summary>
    public static async Task<LedgerUnderTest> CreateAsync(string parent, int accountCount)
    {
        var directory = Path.Combine(parent, "ledger");
        if (System.IO.Directory.Exists(directory)) System.IO.Directory.Delete(directory, recursive: true);
        var made = new LedgerUnderTest(directory, accountCount);
        var ids = new Workload(accounts: 2);
        var clearing = ids.Next().Id;
        await made.SubmitAllDoneAsync([Command.OpenAccount(clearing, Asset.Usd, AccountFlags.None)]);
        foreach (var some in made.accounts.Chunk(FullBatch))
        {
            await made.SubmitAllDoneAsync([.. some.Select(account => Command.OpenAccount(account, Asset.Usd, AccountFlags.DebitsMustNotExceedCredits))]);
            await made.SubmitAllDoneAsync([.. some.Select(account => Command.Transfer(ids.Next().Id, AnyDigest, clearing, account, new(Asset.Usd, Funds), TransferCode.TopUp))]);
        }
        return made;
    }

    /// <summary>Full batches, three in flight, of single transfers or of chains; counts transfers.</summary>
    public async Task<Stretch> RunBatchesAsync(Pairing pairing, int legs, TimeSpan warmUp, TimeSpan measured)
    {
        var clock = new Clock(warmUp, measured);
        await RunBatchesAsync(pairing, legs, (commands, began) => clock.Note(began, commands.Length));
        return clock.ToStretch();
    }

    /// <summary>Full batches of single transfers between random pairs, three in flight, until the function that is told of each says false.</summary>
    public Task RunBatchesAsync(Func<Command[], bool> note) => RunBatchesAsync(Pairing.Uniform, legs: 1, (commands, _) => note(commands));

    /// <summary>Callers that each wait for the answer to one transfer before they send the next.</summary>
    public async Task<Stretch> RunSinglesAsync(int callers, TimeSpan warmUp, TimeSpan measured)
    {
        var clock = new Clock(warmUp, measured);
        await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            var workload = new Workload(accounts.Length);
            UInt128 units = 0;
            while (true)
            {
                var movement = workload.Next();
                var began = Stopwatch.GetTimestamp();
                CheckAllDone(await Ledger.SubmitAsync([ToTransfer(movement)]));
                units += movement.Units;
                if (!clock.Note(began, 1)) break;
            }
            Acknowledge(units);
        })));
        return clock.ToStretch();
    }

    /// <summary>Full batches until so many transfers are durable.</summary>
    public Task FillAsync(long transfers)
    {
        long done = 0;
        return RunBatchesAsync(commands => Interlocked.Add(ref done, commands.Length) < transfers);
    }

    /// <summary>Transfers whose ids have no time.</summary>
    /// <returns>The ids.</returns>
    public async Task<IReadOnlyList<UInt128>> TransferTimelessAsync(int count)
    {
        var workload = new Workload(accounts.Length);
        var movements = Enumerable.Range(0, count).Select(_ => workload.Next()).Select(movement => movement with { Id = WithoutTime(movement.Id) }).ToList();
        await SubmitAllDoneAsync([.. movements.Select(movement => ToTransfer(movement))]);
        foreach (var movement in movements) Acknowledge(movement.Units);
        return [.. movements.Select(movement => movement.Id)];
    }

    /// <summary>An id as callers have it who do not send a time.</summary>
    public static UInt128 WithoutTime(UInt128 id) => id & (((UInt128)1 << 80) - 1);

    /// <summary>The accounts must have paid exactly what was acknowledged.</summary>
    public async Task CheckMoneyAsync()
    {
        UInt128 paid = 0;
        foreach (var account in accounts) paid += (await Ledger.ReadAccountAsync(account))!.Value.Balances.DebitsPosted;
        if (paid != acknowledgedUnits) throw new BenchFailedException($"Transfers of {acknowledgedUnits} units were acknowledged, but the accounts paid {paid}.");
    }

    public async ValueTask DisposeAsync()
    {
        await Ledger.DisposeAsync();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    private Task RunBatchesAsync(Pairing pairing, int legs, Func<Command[], long, bool> note) =>
        Task.WhenAll(Enumerable.Range(0, BatchesInFlight).Select(_ => Task.Run(async () =>
        {
            var workload = new Workload(accounts.Length, pairing);
            var commands = new Command[FullBatch / legs * legs];
            long began;
            do
            {
                var units = Fill(commands, workload, legs);
                began = Stopwatch.GetTimestamp();
                CheckAllDone(await Ledger.SubmitAsync(commands));
                Acknowledge(units);
            }
            while (note(commands, began));
        })));

    private UInt128 Fill(Command[] commands, Workload workload, int legs)
    {
        UInt128 units = 0;
        for (var i = 0; i < commands.Length; i += legs)
        {
            // The ids of a chain are neighbours, told apart by their low byte, as those of a payment are.
            var first = workload.Next();
            for (var leg = 0; leg < legs; leg++)
            {
                var movement = (leg == 0 ? first : workload.Next()) with { Id = legs == 1 ? first.Id : (first.Id & ~(UInt128)LegMask) + (UInt128)leg };
                commands[i + leg] = ToTransfer(movement) with { Linked = leg < legs - 1 };
                units += movement.Units;
            }
        }
        return units;
    }

    private Command ToTransfer(in Movement movement) =>
        Command.Transfer(movement.Id, movement.Digest, accounts[movement.Debit], accounts[movement.Credit], new(Asset.Usd, movement.Units), TransferCode.Payment);

    private void Acknowledge(UInt128 units)
    {
        lock (accounts) acknowledgedUnits += units;
    }

    private async Task SubmitAllDoneAsync(Command[] commands) => CheckAllDone(await Ledger.SubmitAsync(commands));

    private static void CheckAllDone(CommandResult[] results)
    {
        foreach (ref readonly var result in results.AsSpan())
        {
            if (result.Outcome != Outcome.Done || result.IsDuplicate) throw new BenchFailedException($"A transfer was answered with {result}.");
        }
    }
}
