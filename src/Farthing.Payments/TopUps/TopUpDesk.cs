using System.Collections.Concurrent;
using System.Text;
using Farthing.Ledger;
using Farthing.Payments.Desk;
using Farthing.Payments.Payees;
using Farthing.Payments.Wallets;
using Farthing.Protocol;

namespace Farthing.Payments.TopUps;

/// <summary>Top-ups: a hold from the rail's clearing account, the rail's call, then a post or a void.</summary>
/// <remarks>Thread-safe. Idempotent, also across a crash: what was cut off is asked of the rail again by reference.</remarks>
public sealed class TopUpDesk
{
    /// <summary>The largest single top-up, in whole units of the currency. 1,000.</summary>
    public const int MaxWholeAmount = 1000;

    /// <summary>The longest instruction, in characters.</summary>
    public const int MaxInstructionLength = 200;

    // A rail that has not decided by then leaves the hold to expire; if the money comes in later, it is credited all the same. What the rail has
    // not even heard of by then has failed.
    private static readonly TimeSpan HoldLifetime = TimeSpan.FromDays(7);
    private static readonly TimeSpan LateLifetime = TimeSpan.FromDays(30);

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);

    /// <summary>What ids of top-ups are derived for.</summary>
    internal const string Purpose = "top-up";

    // How many rails are asked at once.
    private const int AtOnce = 8;

    private readonly Abreast asks;
    private readonly Ledger.Ledger ledger;
    private readonly ChartOfAccounts chart;
    private readonly WalletDirectory wallets;
    private readonly IReadOnlyList<IRail> rails;
    private readonly Debts debts;
    private readonly TopUpBook book;
    private readonly PaymentOptions options;
    private readonly TimeProvider time;

    // A rail's answer is carried out before the next one is asked for: an old answer must not come after a new one.
    private readonly Turns turns = new(64);

    // Top-ups whose rail has not decided, those whose hold has expired included. Rebuilt from the journal at start; changed by whoever makes or settles one.
    private readonly ConcurrentDictionary<UInt128, Wait> undecided = new();

    /// <summary>Told, once it is in, that money came to a wallet; perhaps more than once. Set once, before the first top-up.</summary>
    internal Func<UInt128, ValueTask> CreditedAsync { get; set; } = _ => default;

    /// <summary>Whether a wallet's owner could come back in without its key. Set once, before the first top-up.</summary>
    internal Func<Id<WalletKind>, ValueTask<bool>> HasWayBackAsync { get; set; } = _ => new(true);

    /// <summary>Told what was given back and could not be delivered; false if the ledger takes no work. Set once, before the first top-up.</summary>
    internal Func<IReadOnlyList<string>, ValueTask<bool>> ReturnsFailedAsync { get; set; } = _ => new(true);

    /// <summary>Whether a rail may be told to collect by a card that was left with it: null if so, else where that stands. Set once, before the first top-up.</summary>
    internal Func<UInt128, IRail, string?, ValueTask<RailStatus?>> CheckCardAsync { get; set; } = (_, _, _) => new(default(RailStatus?));

    /// <summary>Told of a top-up at whose page a card was left, before it is posted. Set once, before the first top-up.</summary>
    internal Action<UInt128> CardLeft { get; set; } = _ => { };

    /// <summary>Told of a wallet's top-up why its rail did not collect, before it has failed. Set once, before the first top-up.</summary>
    internal Func<UInt128, UInt128, string, ValueTask> DeclinedAsync { get; set; } = (_, _, _) => default;

    internal TopUpDesk(Ledger.Ledger ledger, ChartOfAccounts chart, WalletDirectory wallets, IReadOnlyList<IRail> rails, Debts debts, TopUpBook book, PaymentOptions options, TimeProvider time)
    {
        this.ledger = ledger;
        this.chart = chart;
        this.wallets = wallets;
        this.rails = rails;
        this.debts = debts;
        this.book = book;
        this.options = options;
        this.time = time;
        asks = new(AtOnce, time);
    }

    /// <summary>Tops up a wallet.</summary>
    public async ValueTask<Answer<TopUp>> TopUpAsync(Id<WalletKind> wallet, IdempotencyKey key, Amount amount, string rail, string? instruction)
    {
        if (await wallets.LoadAsync(wallet.Value) is not { } entry) return WalletDirectory.NotFound(wallet);
        if (entry.IsErased) return WalletDirectory.Erased;
        var found = FindRail(rail);
        if (!found.IsGiven) return found.Refusal;
        if (Check(amount, entry.Asset) is { } refusal) return refusal;
        if (instruction?.Length > MaxInstructionLength) return new Refusal(RefusalCodes.InvalidField, $"The instruction to the rail is at most {MaxInstructionLength} characters.");
        return found.Value.Check(amount, instruction) is { } unfit ? unfit : await CollectAsync(wallet, key, amount, found.Value, instruction);
    }

    /// <summary>The same, with an instruction of ours in place of what a payer may say.</summary>
    internal async ValueTask<Answer<TopUp>> CollectAsync(Id<WalletKind> wallet, IdempotencyKey key, Amount amount, IRail chosen, string? instruction)
    {
        if (await wallets.LoadAsync(wallet.Value) is not { } entry) return WalletDirectory.NotFound(wallet);
        if (entry.IsErased) return WalletDirectory.Erased;
        if (Check(amount, entry.Asset) is { } refusal) return refusal;
        var rail = chosen.Name;
        var id = key.DeriveId(Purpose, new Caller(CallerKind.Wallet, wallet.Value));
        var digest = Digest(wallet, amount, rail, instruction);
        if (await ledger.FindAsync(id) is null)
        {
            if (options.TopUps.RequiresRecoveryCode && !await HasWayBackAsync(wallet)) return new Refusal(RefusalCodes.RecoveryCodeRequired, "Make a recovery code for the wallet, write it down and confirm it, then top up.");
            var cost = options.TopUps.CostOf(options.FeeSchedules, rail, amount, time.GetUtcNow());
            if (!cost.IsGiven) return cost.Refusal;
            var clearing = ChartOfAccounts.RailClearing(rail, amount.Asset);
            var costs = ChartOfAccounts.RailCost(rail, amount.Asset);
            if (!await chart.TryOpenAsync(clearing, amount.Asset) || (!cost.Value.IsZero && !await chart.TryOpenAsync(costs, amount.Asset))) return LedgerCalls.NotReady;
            var deadline = (time.GetUtcNow() + HoldLifetime).ToUnixTimeMilliseconds();
            var hold = Command.Hold(id, digest, clearing, wallet.Value, amount - cost.Value, TransferCode.TopUp, deadline, memo: entry.Memos!.Seal(id, Encoding.UTF8.GetBytes(instruction ?? "")));
            Command[] chain = cost.Value.IsZero ? [hold] : [hold, Command.Hold(TopUpLegs.CostOf(id), digest, clearing, costs, cost.Value, TransferCode.RailCost, deadline)];
            if (await ledger.TrySubmitAsync(chain) is not { } results) return LedgerCalls.NotReady;
            if (results[0] is { Outcome: not (Outcome.Done or Outcome.IdAlreadyUsed) }) return Refusals.OfPayment(results[0].Outcome);
            undecided.TryAdd(id, new Wait(time.GetUtcNow(), time.GetUtcNow(), FirstPause, null));
        }

        using var turn = await turns.EnterAsync(id);
        var held = await ReadHoldAsync(id);
        if (held.Command.Digest != digest) return PayeeDirectory.Conflict;
        if (held.Outcome != Outcome.Done) return Refusals.OfPayment(held.Outcome);
        var end = await EndOfAsync(held);
        if (StatusBy(end) is { } settled)
        {
            // Whoever asks again may not have been answered because the process ended before this.
            if (settled == RailStatus.Posted) await CreditedAsync(wallet.Value);
            return await ToTopUpAsync(held, settled, null);
        }

        // Collecting again with the same reference collects once; after the hold's end nothing new is collected.
        return await SettleAsync(held, HasEnded(held, end) ? await AskEndedAsync(chosen, held) : await CollectAsync(chosen, held, amount, instruction));
    }

    /// <summary>What a top-up would cost now, and whether it would be made at all.</summary>
    /// <returns>The amount and what the rail would take of it; or why it would be refused.</returns>
    public async ValueTask<Answer<(Amount Amount, Amount Cost)>> ReadCostAsync(Id<WalletKind> wallet, Amount amount, string rail)
    {
        if (await wallets.LoadAsync(wallet.Value) is not { } entry) return WalletDirectory.NotFound(wallet);
        if (entry.IsErased) return WalletDirectory.Erased;
        var chosen = FindRail(rail);
        if (!chosen.IsGiven) return chosen.Refusal;
        if (Check(amount, entry.Asset) is { } refusal) return refusal;
        var cost = options.TopUps.CostOf(options.FeeSchedules, rail, amount, time.GetUtcNow());
        return cost.IsGiven ? (amount, cost.Value) : cost.Refusal;
    }

    /// <summary>A top-up as its wallet may see it.</summary>
    public async ValueTask<Answer<TopUp>> ReadAsync(Caller caller, Id<TopUpKind> id)
    {
        if (caller.Kind == CallerKind.Wallet && await wallets.LoadAsync(caller.Account) is not { IsErased: false }) return WalletDirectory.Erased;
        if (await ledger.FindAsync(id.Value) is not { Outcome: Outcome.Done, Command: { Kind: RecordKind.Hold, Code: TransferCode.TopUp } } held
            || caller.Kind != CallerKind.Wallet || held.Command.Credit != caller.Account)
            return new Refusal(RefusalCodes.TopUpNotFound, $"There is no top-up {id} of this wallet.");

        var end = await EndOfAsync(held);
        if (StatusBy(end) is { } settled) return await ToTopUpAsync(held, settled, null);
        if (RailOf(held) is not { } rail) return await ToTopUpAsync(held, RailStatus.Pending, null);
        // What the rail said last goes for as long as it is not to be asked again: whoever reads often does not make us ask often.
        if (!HasEnded(held, end)) return await ToTopUpAsync(held, RailStatus.Pending, undecided.TryGetValue(id.Value, out var wait) && wait.AskAt > time.GetUtcNow() ? wait.NextAction : (await rail.AskAsync(id)).NextAction);
        // Money that is in is pending still, until it is credited.
        var answer = await AskEndedAsync(rail, held);
        return await ToTopUpAsync(held, answer.Status == RailStatus.Failed ? RailStatus.Failed : RailStatus.Pending, answer.NextAction);
    }

    /// <summary>Asks the rail about a top-up, whatever became of it, and carries out what it says: money that came in, and what was taken back of it since.</summary>
    /// <remarks>For whoever hears news of a rail: the news itself is never believed.</remarks>
    public async ValueTask<Answer<TopUp>> LookAsync(Id<TopUpKind> id)
    {
        if (await ledger.FindAsync(id.Value) is not { Outcome: Outcome.Done, Command: { Kind: RecordKind.Hold, Code: TransferCode.TopUp } }) return new Refusal(RefusalCodes.TopUpNotFound, $"There is no top-up {id}.");
        return await AskAsync(id.Value);
    }

    /// <summary>Asks the rail about a top-up whose payer comes back from its page, before it is time; at most once a second, however often the payer comes.</summary>
    internal async ValueTask ComeBackAsync(Id<TopUpKind> id)
    {
        if (!undecided.TryGetValue(id.Value, out var wait) || time.GetUtcNow() < wait.AskedAt + FirstPause || !undecided.TryUpdate(id.Value, wait with { AskedAt = time.GetUtcNow(), Pause = FirstPause }, wait)) return;
        await AskAsync(id.Value);
    }

    /// <summary>Asks the rails about everything that is pending and finishes what is decided. Called at start-up and then every second.</summary>
    /// <exception cref="AggregateException">Rails failed to answer; all others were asked, a few at once, and what hangs holds up nobody else.</exception>
    public async ValueTask AskPendingAsync()
    {
        var now = time.GetUtcNow();
        await asks.RunAsync(undecided.Where(pair => pair.Value.AskAt <= now).Select(pair => pair.Key), async id => await AskAsync(id), "Some top-ups could not be asked about; they stay pending.");
    }

    /// <summary>Learns from a record of the journal which top-ups are not decided.</summary>
    internal void Observe(in JournalRecord record)
    {
        if (record is not { Outcome: Outcome.Done, Command.Code: TransferCode.TopUp }) return;
        if (record.Command.Kind == RecordKind.Hold) undecided[record.Command.Id] = new(DateTimeOffset.MinValue, DateTimeOffset.MinValue, FirstPause, null);
        else if (record.Command.Kind != RecordKind.Expire) undecided.TryRemove(LegIds.HeadOf(record.Command.Id), out _);
    }

    private async ValueTask<Answer<TopUp>> AskAsync(UInt128 id)
    {
        using var turn = await turns.EnterAsync(id);
        var held = await ReadHoldAsync(id);
        if (RailOf(held) is not { } rail) return await ToTopUpAsync(held, RailStatus.Pending, null);
        var end = await EndOfAsync(held);
        // What is in can be taken back however late.
        var isIn = StatusBy(end) == RailStatus.Posted;
        var answer = HasEnded(held, end) && !isIn ? await AskEndedAsync(rail, held) : await rail.AskAsync(new(id));
        if (answer.Status == RailStatus.Unknown && isIn) throw new InvalidOperationException($"The rail {rail.Name} does not know the top-up {new Id<TopUpKind>(id)} any more, which is in.");
        if (answer.Status == RailStatus.Unknown)
        {
            // The crash came between the hold and the rail's call.
            var entry = await wallets.LoadAsync(held.Command.Credit);
            var words = entry?.Memos?.TryOpen(id, held.Command.Memo.Span);
            answer = words is null
                ? new(RailStatus.Failed)
                : await CollectAsync(rail, held, (await ToTopUpAsync(held, RailStatus.Pending, null)).Amount, words.Length == 0 ? null : Encoding.UTF8.GetString(words));
        }

        return await SettleAsync(held, answer);
    }

    private async ValueTask<RailAnswer> CollectAsync(IRail rail, JournalRecord held, Amount amount, string? instruction)
    {
        var id = new Id<TopUpKind>(held.Command.Id);
        if (await CheckCardAsync(held.Command.Credit, rail, instruction) is not { } ended) return await rail.CollectAsync(id, amount, instruction);
        // Only now that the card is forgotten it is sure that what the rail does not know of will not come.
        return ended != RailStatus.Pending && await rail.AskAsync(id) is { Status: not RailStatus.Unknown } answer ? answer : new(ended);
    }

    /// <summary>Posts or voids the hold as the rail has decided; money that came in after the hold's end is credited by a transfer of its own. Then what was taken back of it.</summary>
    private async ValueTask<Answer<TopUp>> SettleAsync(JournalRecord held, RailAnswer answer)
    {
        var id = held.Command.Id;
        if (answer.Status is RailStatus.Pending or RailStatus.Unknown or RailStatus.Unreachable)
        {
            PutOff(held, answer.NextAction);
            return answer.Status == RailStatus.Unreachable ? new Refusal(RefusalCodes.RailUnreachable, "The rail does not answer. Repeat with the same key: nothing is collected twice.") : await ToTopUpAsync(held, RailStatus.Pending, answer.NextAction);
        }

        var isIn = answer.Status == RailStatus.Posted;
        var (wallet, asset) = (held.Command.Credit, held.Command.Asset);
        if (answer.LeftCard) CardLeft(id);
        if (answer.Fault is { } fault) await DeclinedAsync(wallet, id, fault);
        var cost = await ledger.FindAsync(TopUpLegs.CostOf(id)) is { Outcome: Outcome.Done } found ? found : default(JournalRecord?);
        if (await SubmitAsync(hold => isIn ? Command.Post(TopUpLegs.PostOf(hold.Id), id, hold.Id, UInt128.Zero) : Command.Void(TopUpLegs.VoidOf(hold.Id), id, hold.Id)) is not { } results)
            return LedgerCalls.NotReady;
        if (isIn && results[0].Outcome is Outcome.HoldExpired or Outcome.HoldAlreadyVoided
            && await SubmitAsync(hold => Command.Transfer(TopUpLegs.LateOf(hold.Id), id, hold.Debit, hold.Credit, new Amount(asset, hold.Units), hold.Code)) is null)
            return LedgerCalls.NotReady;
        if (isIn) book.Observe((await ledger.FindAsync(TopUpLegs.LateOf(id)) ?? await ledger.FindAsync(TopUpLegs.PostOf(id)))!.Value);
        if (!await ReturnsFailedAsync(answer.FailedReturns)) return LedgerCalls.NotReady;
        if (!await debts.TryApplyAsync(id, wallet, held.Command.Debit, answer.Takings)) return LedgerCalls.NotReady;

        undecided.TryRemove(id, out _);
        if (isIn)
        {
            if (!await debts.TrySettleAsync(wallet, asset)) return LedgerCalls.NotReady;
            await CreditedAsync(wallet);
        }

        return await ToTopUpAsync(held, isIn ? RailStatus.Posted : RailStatus.Failed, null);

        ValueTask<CommandResult[]?> SubmitAsync(Func<Command, Command> next) =>
            cost is { } beside ? ledger.TrySubmitAsync(next(held.Command), next(beside.Command)) : ledger.TrySubmitAsync(next(held.Command));
    }

    /// <summary>Waits twice as long as before, up to what the rail bears.</summary>
    private void PutOff(JournalRecord held, string? nextAction)
    {
        var id = held.Command.Id;
        if (RailOf(held) is not { } rail || !undecided.TryGetValue(id, out var wait)) return;
        var pause = wait.Pause < rail.LongestPause ? wait.Pause : rail.LongestPause;
        var now = time.GetUtcNow();
        undecided.TryUpdate(id, new Wait(now, now + pause, pause * 2, nextAction), wait);
    }

    /// <summary>What a rail says of a top-up whose hold has ended: what it never heard of, or has not decided in all the time since, has failed.</summary>
    private async ValueTask<RailAnswer> AskEndedAsync(IRail rail, JournalRecord held)
    {
        if (time.GetUtcNow() > DeadlineOf(held) + LateLifetime) return new(RailStatus.Failed);
        var answer = await rail.AskAsync(new(held.Command.Id));
        return answer.Status == RailStatus.Unknown ? new(RailStatus.Failed) : answer;
    }

    /// <summary>What ended the hold: its post, void or expiry, or the credit of money that came in after one of the latter; null if it stands.</summary>
    private async ValueTask<Command?> EndOfAsync(JournalRecord held)
    {
        foreach (var citation in await ledger.ReadCitationsAsync(held.Command.Id))
        {
            if (citation.Outcome != Outcome.Done) continue;
            if (citation.Command.Kind == RecordKind.Post) return citation.Command;
            return await ledger.FindAsync(TopUpLegs.LateOf(held.Command.Id)) is { Outcome: Outcome.Done } late ? late.Command : citation.Command;
        }

        return null;
    }

    /// <summary>Where a top-up stands by the end of its hold alone; null if that is for the rail to say.</summary>
    private static RailStatus? StatusBy(Command? end) => end?.Kind switch
    {
        null or RecordKind.Expire => null,
        RecordKind.Void => RailStatus.Failed,
        _ => RailStatus.Posted,
    };

    // An expiry is journaled only with the next batch, which may be long in coming.
    private bool HasEnded(JournalRecord held, Command? end) => end is not null || time.GetUtcNow() >= DeadlineOf(held);

    private static DateTimeOffset DeadlineOf(JournalRecord held) => DateTimeOffset.FromUnixTimeMilliseconds(held.Command.DeadlineUnixMilliseconds);

    private async ValueTask<JournalRecord> ReadHoldAsync(UInt128 id) =>
        await ledger.FindAsync(id) ?? throw new InvalidOperationException($"The top-up {id:x32} has no record.");

    private IRail? RailOf(JournalRecord held) =>
        rails.FirstOrDefault(rail => ChartOfAccounts.RailClearing(rail.Name, held.Command.Asset) == held.Command.Debit);

    private Answer<IRail> FindRail(string name) => rails.FirstOrDefault(rail => rail.Name == name) is { } rail
        ? Answer<IRail>.Of(rail)
        : new Refusal(RefusalCodes.RailNotAvailable, rails.Count == 0 ? "No rail is configured here." : $"Use one of: {string.Join(", ", rails.Select(candidate => candidate.Name))}.");

    private async ValueTask<TopUp> ToTopUpAsync(JournalRecord held, RailStatus status, string? nextAction)
    {
        var credited = new Amount(held.Command.Asset, held.Command.Units);
        var cost = new Amount(credited.Asset, await ledger.FindAsync(TopUpLegs.CostOf(held.Command.Id)) is { } beside ? beside.Command.Units : UInt128.Zero);
        return new(new(held.Command.Id), new(held.Command.Credit), credited + cost, cost, status, nextAction);
    }

    private static Refusal? Check(Amount amount, Asset asset)
    {
        if (Amounts.Check(amount, asset) is { } refusal) return refusal;
        var most = new Amount(asset, UInt128.One);
        for (var i = 0; i < asset.Scale; i++) most *= 10;
        most *= MaxWholeAmount;
        return amount.Units <= most.Units ? null : new(RefusalCodes.AmountTooLarge, $"A single top-up is at most {most}.");
    }

    private static UInt128 Digest(Id<WalletKind> wallet, Amount amount, string rail, string? instruction)
    {
        var bytes = new CanonicalBytes(stackalloc byte[512]);
        bytes.Add("top-up");
        bytes.Add(wallet.Value);
        bytes.Add(amount);
        bytes.Add(rail);
        bytes.Add(instruction);
        return bytes.ToDigest();
    }

    /// <summary>When a rail was asked last and is asked again, how much longer it is put off each time, and what it said last.</summary>
    private sealed record Wait(DateTimeOffset AskedAt, DateTimeOffset AskAt, TimeSpan Pause, string? NextAction);
}
