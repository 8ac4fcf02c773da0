using Farthing.Ledger.Journal;
using Farthing.Protocol;

namespace Farthing.Ledger.Tests;

/// <summary>Shorthand for ledgers and commands in tests.</summary>
internal static class TestLedger
{
    public const int SegmentBytes = 1 << 20;

    public static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    public static readonly UInt128 Clearing = 1;
    public static readonly UInt128 Alice = 2;
    public static readonly UInt128 Shop = 3;

    public static SigningKey Key { get; } = SigningKey.FromSeed([.. Enumerable.Range(0, 32).Select(i => (byte)i)]);

    public static LedgerOptions Options(TemporaryDirectory directory) => Options(directory.Path);

    public static LedgerOptions Options(string directory) =>
        new() { Directory = directory, Origin = "test.example/ledger", CheckpointKey = Key, SegmentBytes = SegmentBytes };

    public static Ledger Open(TemporaryDirectory directory, TimeProvider? time = null) => Ledger.Open(Options(directory), time ?? TimeProvider.System);

    /// <summary>Opens over a journal that a test can hold up or make fail.</summary>
    public static Ledger Open(TemporaryDirectory directory, Func<IJournal, IJournal> wrap, Action<string, Exception> endProcess, TimeProvider? time = null) =>
        Ledger.Open(Options(directory), time ?? TimeProvider.System, path => wrap(FileJournal.Open(path, SegmentBytes)), endProcess);

    public static Amount Usd(ulong units) => new(Asset.Usd, units);

    public static Command Transfer(UInt128 id, ulong units, UInt128? debit = null, UInt128? credit = null) =>
        Command.Transfer(id, digest: 7, debit ?? Alice, credit ?? Shop, Usd(units), TransferCode.Payment);

    /// <summary>Opens the three accounts and gives Alice money.</summary>
    public static async Task FundAsync(Ledger ledger, ulong units = 1_000_000)
    {
        var results = await ledger.SubmitAsync(
        [
            Command.OpenAccount(Clearing, Asset.Usd, AccountFlags.None),
            Command.OpenAccount(Alice, Asset.Usd, AccountFlags.DebitsMustNotExceedCredits),
            Command.OpenAccount(Shop, Asset.Usd, AccountFlags.DebitsMustNotExceedCredits),
            Command.Transfer(10, 7, Clearing, Alice, Usd(units), TransferCode.TopUp),
        ]);
        Assert.All(results, result => Assert.Equal(Outcome.Done, result.Outcome));
    }

    /// <summary>The same task, with a deadline.</summary>
    public static Task<T> InTimeAsync<T>(this Task<T> task) => task.WaitAsync(Deadline, TestContext.Current.CancellationToken);

    /// <summary>The same task, with a deadline.</summary>
    public static Task InTimeAsync(this Task task) => task.WaitAsync(Deadline, TestContext.Current.CancellationToken);

    /// <summary>Waits for a condition, with a deadline.</summary>
    public static async Task UntilAsync(Func<ValueTask<bool>> condition)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (!await condition()) await Task.Delay(5, deadline.Token);
    }
}
