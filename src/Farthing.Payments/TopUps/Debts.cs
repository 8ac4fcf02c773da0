using System.Collections.Concurrent;
using Farthing.Ledger;
using Farthing.Protocol;

namespace Farthing.Payments.TopUps;

/// <summary>What rails took back of top-ups, and what wallets therefore owe. A wallet that owes pays nothing; what comes to it goes to the debt first.</summary>
/// <remarks>
/// A wallet has an account of what it owes, which is debited with each chargeback and credited with what the wallet then has; see <c>docs/adr</c>. Thread-safe; each
/// step is idempotent, and what a crash cut off is finished at the next start.
/// </remarks>
public sealed class Debts
{
    private readonly Turns turns = new(64);
    private readonly Ledger.Ledger ledger;
    private readonly ChartOfAccounts chart;
    private readonly TopUpBook book;
    private readonly TimeProvider time;

    // What wallets owe, as far as it was seen. Written under the wallet's turn; at start from the journal.
    private readonly ConcurrentDictionary<UInt128, Amount> owed = new();

    // Wallets in debt that tried to pay: they may have got money in other ways than by a top-up.
    private readonly ConcurrentDictionary<UInt128, Asset> noticed = new();

    /// <summary>Told that something is about to be taken back of a wallet's top-up; perhaps more than once. Set once, before the first top-up.</summary>
    internal Func<UInt128, ValueTask> TakingAsync { get; set; } = _ => default;

    internal Debts(Ledger.Ledger ledger, ChartOfAccounts chart, TopUpBook book, TimeProvider time)
    {
        this.ledger = ledger;
        this.chart = chart;
        this.book = book;
        this.time = time;
    }

    /// <summary>What a wallet owes; zero for nothing.</summary>
    public async ValueTask<Amount> ReadAsync(Id<WalletKind> wallet, Asset asset) =>
        new(asset, owed.ContainsKey(wallet.Value) && await ledger.ReadAccountAsync(ChartOfAccounts.Debt(wallet.Value, asset)) is { } account ? account.Balances.Owed : UInt128.Zero);

    /// <summary>Why a wallet in debt does not pay, or null. Reads memory only.</summary>
    internal Refusal? Check(UInt128 wallet)
    {
        if (owed.IsEmpty || !owed.TryGetValue(wallet, out var debt)) return null;
        noticed[wallet] = debt.Asset;
        return new(RefusalCodes.WalletInDebt, $"A top-up of this wallet was taken back, and it owes {debt}. Top up at least that much.",
            new Dictionary<string, object> { ["owed"] = AmountJson.From(debt) });
    }

    /// <summary>Carries out in the ledger what a rail says it has taken back of a top-up, or has returned of that.</summary>
    /// <param name="topUp">The top-up's id.</param>
    /// <param name="wallet">Whose it is.</param>
    /// <param name="clearing">What the rail owes us.</param>
    /// <param name="takings">All that was ever taken of it, as it is now.</param>
    /// <returns>False if the ledger takes no work.</returns>
    internal async ValueTask<bool> TryApplyAsync(UInt128 topUp, UInt128 wallet, UInt128 clearing, IReadOnlyList<RailTaking> takings)
    {
        if (takings.Count == 0) return true;
        var asset = takings[0].Amount.Asset;
        var debt = ChartOfAccounts.Debt(wallet, asset);
        using var turn = await turns.EnterAsync(wallet);
        foreach (var taking in takings)
        {
            var (standing, next) = await FindStepsAsync(topUp, taking.Reference);
            if ((standing?.Command.Debit == debt) == taking.IsTaken) continue;
            if (!await chart.TryOpenAsync(debt, asset)) return false;
            if (taking.IsTaken) await TakingAsync(wallet);
            // What is returned is what was taken, whatever is said of it later.
            var amount = taking.IsTaken ? taking.Amount : new(asset, standing!.Value.Command.Units);
            // From here on the wallet pays nothing, until what it has was seen to be enough.
            if (taking.IsTaken) owed.TryAdd(wallet, amount);
            var step = taking.IsTaken
                ? Command.Transfer(next, next, debt, clearing, amount, TransferCode.Chargeback, reference1: wallet, reference2: topUp)
                : Command.Transfer(next, next, clearing, debt, amount, TransferCode.Chargeback, reference1: wallet, reference2: topUp);
            if (await ledger.TrySubmitAsync(step) is not { } results) return false;
            if (results[0].Outcome != Outcome.Done) throw new InvalidOperationException($"The ledger refused a chargeback with {results[0].Outcome}.");
            book.Observe((await ledger.FindAsync(next))!.Value);
        }

        return await TrySettleInTurnAsync(wallet, asset);
    }

    /// <summary>Pays what a wallet owes with what it has, and gives it what it has paid too much.</summary>
    /// <returns>False if the ledger takes no work.</returns>
    internal async ValueTask<bool> TrySettleAsync(UInt128 wallet, Asset asset)
    {
        if (!owed.ContainsKey(wallet)) return true;
        using var turn = await turns.EnterAsync(wallet);
        return await TrySettleInTurnAsync(wallet, asset);
    }

    /// <summary>Settles what wallets owe that tried to pay in spite of it. Called each second.</summary>
    public async ValueTask SettleNoticedAsync()
    {
        foreach (var (wallet, asset) in noticed)
        {
            noticed.TryRemove(wallet, out _);
            if (!await TrySettleAsync(wallet, asset)) noticed[wallet] = asset;
        }
    }

    /// <summary>Learns from a record of the journal whose debts there ever were: they are settled with the first <see cref="SettleNoticedAsync"/>, and nothing is paid until then.</summary>
    internal void Observe(in JournalRecord record)
    {
        if (record is not { Outcome: Outcome.Done, Command: { Code: TransferCode.Chargeback, Kind: RecordKind.Transfer } command }) return;
        owed[command.Reference1] = new(command.Asset, command.Units);
        noticed[command.Reference1] = command.Asset;
    }

    private async ValueTask<bool> TrySettleInTurnAsync(UInt128 wallet, Asset asset)
    {
        var debt = ChartOfAccounts.Debt(wallet, asset);
        var (has, owes) = await ReadAsync(wallet, debt);
        if (owes.Available > UInt128.Zero && await SubmitAsync(debt, wallet, owes.Available, Balancing.Debit) is null) return false;
        if (owes.Owed > UInt128.Zero && has.Available > UInt128.Zero && await SubmitAsync(wallet, debt, owes.Owed, Balancing.Debit | Balancing.Credit) is null) return false;

        // A wallet that is paused keeps what it has, and its debt.
        (_, owes) = await ReadAsync(wallet, debt);
        if (owes.Owed == UInt128.Zero) owed.TryRemove(wallet, out _);
        else owed[wallet] = new(asset, owes.Owed);
        return true;

        ValueTask<CommandResult[]?> SubmitAsync(UInt128 from, UInt128 to, UInt128 units, Balancing balancing)
        {
            // Doing it twice moves nothing more, so its id need not follow from anything.
            var id = Id<PaymentKind>.New(time).Value;
            return ledger.TrySubmitAsync(Command.Transfer(id, id, from, to, new Amount(asset, units), TransferCode.Debt, balancing: balancing));
        }
    }

    private async ValueTask<(Balances Wallet, Balances Debt)> ReadAsync(UInt128 wallet, UInt128 debt) =>
        ((await ledger.ReadAccountAsync(wallet))?.Balances ?? default, (await ledger.ReadAccountAsync(debt))?.Balances ?? default);

    /// <summary>The last step of a taking that was carried out, taken or returned, and the id of the next. What the ledger refused was no step, but its id is used.</summary>
    private async ValueTask<(JournalRecord? Standing, UInt128 Next)> FindStepsAsync(UInt128 topUp, string reference)
    {
        JournalRecord? standing = null;
        for (var number = 0u; ; number++)
        {
            var id = StepOf(topUp, reference, number);
            if (await ledger.FindAsync(id) is not { } step) return (standing, id);
            if (step.Outcome == Outcome.Done) standing = step;
        }
    }

    private static UInt128 StepOf(UInt128 topUp, string reference, uint number)
    {
        var bytes = new CanonicalBytes(stackalloc byte[128]);
        bytes.Add("chargeback");
        bytes.Add(topUp);
        bytes.Add(reference);
        bytes.Add((UInt128)number);
        return bytes.ToLegId();
    }
}
