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

    private readonly Ledger.Ledger ledger;
    private readonly ChartOfAccounts chart;
    private readonly WalletDirectory wallets;
    private readonly IReadOnlyList<IRail> rails;
    private readonly TimeProvider time;

    // Top-ups whose rail has not decided, those whose hold has expired included. Rebuilt from the journal at start; changed by whoever makes or settles one.
    private readonly ConcurrentDictionary<UInt128, bool> undecided = new();

    /// <summary>Told, once it is in, that money came to a wallet; perhaps more than once. Set once, before the first top-up.</summary>
    internal Func<UInt128, ValueTask> CreditedAsync { get; set; } = _ => default;

    internal TopUpDesk(Ledger.Ledger ledger, ChartOfAccounts chart, WalletDirectory wallets, IReadOnlyList<IRail> rails, TimeProvider time)
    {
        this.ledger = ledger;
        this.chart = chart;
        this.wallets = wallets;
        this.rails = rails;
        this.time = time;
    }

    /// <summary>Tops up a wallet.</summary>
    public async ValueTask<Answer<TopUp>> TopUpAsync(Id<WalletKind> wallet, IdempotencyKey key, Amount amount, string rail, string? instruction)
    {
        if (await wallets.LoadAsync(wallet.Value) is not { } entry) return WalletDirectory.NotFound(wallet);
        if (entry.IsErased) return WalletDirectory.Erased;
        if (rails.FirstOrDefault(candidate => candidate.Name == rail) is not { } chosen)
            return new Refusal(RefusalCodes.RailNotAvailable, rails.Count == 0 ? "No rail is configured here." : $"Use one of: {string.Join(", ", rails.Select(candidate => candidate.Name))}.");
        if (Check(amount, entry.Asset) is { } refusal) return refusal;
        if (instruction?.Length > MaxInstructionLength) return new Refusal(RefusalCodes.InvalidField, $"The instruction to the rail is at most {MaxInstructionLength} characters.");

        var id = key.DeriveId("top-up", new Caller(CallerKind.Wallet, wallet.Value));
        var digest = Digest(wallet, amount, rail, instruction);
        if (await ledger.FindAsync(id) is null)
        {
            var clearing = ChartOfAccounts.RailClearing(rail, amount.Asset);
            if (!await chart.TryOpenAsync(clearing, amount.Asset)) return LedgerCalls.NotReady;
            var hold = Command.Hold(id, digest, clearing, wallet.Value, amount, TransferCode.TopUp, (time.GetUtcNow() + HoldLifetime).ToUnixTimeMilliseconds(),
                memo: entry.Memos!.Seal(id, Encoding.UTF8.GetBytes(instruction ?? "")));
            if (await ledger.TrySubmitAsync(hold) is not { } results) return LedgerCalls.NotReady;
            if (results[0] is { Outcome: not (Outcome.Done or Outcome.IdAlreadyUsed) }) return Refusals.OfPayment(results[0].Outcome);
            undecided[id] = true;
        }

        var held = await ReadHoldAsync(id);
        if (held.Command.Digest != digest) return PayeeDirectory.Conflict;
        if (held.Outcome != Outcome.Done) return Refusals.OfPayment(held.Outcome);
        var end = await EndOfAsync(held);
        if (StatusBy(end) is { } settled)
        {
            // Whoever asks again may not have been answered because the process ended before this.
            if (settled == RailStatus.Posted) await CreditedAsync(wallet.Value);
            return ToTopUp(held, settled, null);
        }

        // Collecting again with the same reference collects once; after the hold's end nothing new is collected.
        return await SettleAsync(held, HasEnded(held, end) ? await AskEndedAsync(chosen, held) : await chosen.CollectAsync(new(id), amount, instruction));
    }

    /// <summary>A top-up as its wallet may see it.</summary>
    public async ValueTask<Answer<TopUp>> ReadAsync(Caller caller, Id<TopUpKind> id)
    {
        if (caller.Kind == CallerKind.Wallet && await wallets.LoadAsync(caller.Account) is not { IsErased: false }) return WalletDirectory.Erased;
        if (await ledger.FindAsync(id.Value) is not { Outcome: Outcome.Done, Command: { Kind: RecordKind.Hold, Code: TransferCode.TopUp } } held
            || caller.Kind != CallerKind.Wallet || held.Command.Credit != caller.Account)
            return new Refusal(RefusalCodes.TopUpNotFound, $"There is no top-up {id} of this wallet.");

        var end = await EndOfAsync(held);
        if (StatusBy(end) is { } settled) return ToTopUp(held, settled, null);
        if (RailOf(held) is not { } rail) return ToTopUp(held, RailStatus.Pending, null);
        if (!HasEnded(held, end)) return ToTopUp(held, RailStatus.Pending, (await rail.AskAsync(id)).NextAction);
        // Money that is in is pending still, until it is credited.
        var answer = await AskEndedAsync(rail, held);
        return ToTopUp(held, answer.Status == RailStatus.Failed ? RailStatus.Failed : RailStatus.Pending, answer.NextAction);
    }

    /// <summary>Asks the rails about everything that is pending and finishes what is decided. Called at start-up and then every second.</summary>
    /// <exception cref="AggregateException">Rails failed to answer; all others were asked.</exception>
    public async ValueTask AskPendingAsync()
    {
        var failures = new List<Exception>();
        foreach (var id in undecided.Keys)
        {
            try
            {
                await AskAsync(id);
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                failures.Add(error);
            }
        }

        if (failures.Count > 0) throw new AggregateException("Some top-ups could not be asked about; they stay pending.", failures);
    }

    /// <summary>Learns from a record of the journal which top-ups are not decided.</summary>
    internal void Observe(in JournalRecord record)
    {
        if (record is not { Outcome: Outcome.Done, Command.Code: TransferCode.TopUp }) return;
        if (record.Command.Kind == RecordKind.Hold) undecided[record.Command.Id] = true;
        else if (record.Command.Kind != RecordKind.Expire) undecided.TryRemove(LegIds.HeadOf(record.Command.Id), out _);
    }

    private async ValueTask AskAsync(UInt128 id)
    {
        var held = await ReadHoldAsync(id);
        if (RailOf(held) is not { } rail) return;
        var hasEnded = HasEnded(held, await EndOfAsync(held));
        var answer = hasEnded ? await AskEndedAsync(rail, held) : await rail.AskAsync(new(id));
        if (answer.Status == RailStatus.Unknown)
        {
            // The crash came between the hold and the rail's call.
            var entry = await wallets.LoadAsync(held.Command.Credit);
            var words = entry?.Memos?.TryOpen(id, held.Command.Memo.Span);
            answer = words is null
                ? new(RailStatus.Failed)
                : await rail.CollectAsync(new(id), new Amount(held.Command.Asset, held.Command.Units), words.Length == 0 ? null : Encoding.UTF8.GetString(words));
        }

        await SettleAsync(held, answer);
    }

    /// <summary>Posts or voids the hold as the rail has decided; money that came in after the hold's end is credited by a transfer of its own.</summary>
    private async ValueTask<Answer<TopUp>> SettleAsync(JournalRecord held, RailAnswer answer)
    {
        var id = held.Command.Id;
        if (answer.Status is RailStatus.Pending or RailStatus.Unknown) return ToTopUp(held, RailStatus.Pending, answer.NextAction);

        var isIn = answer.Status == RailStatus.Posted;
        var end = isIn ? Command.Post(TopUpLegs.PostOf(id), id, id, UInt128.Zero) : Command.Void(TopUpLegs.VoidOf(id), id, id);
        if (await ledger.TrySubmitAsync(end) is not { } results) return LedgerCalls.NotReady;
        if (isIn && results[0].Outcome is Outcome.HoldExpired or Outcome.HoldAlreadyVoided)
        {
            var command = held.Command;
            var credit = Command.Transfer(TopUpLegs.LateOf(id), id, command.Debit, command.Credit, new Amount(command.Asset, command.Units), TransferCode.TopUp);
            if (await ledger.TrySubmitAsync(credit) is null) return LedgerCalls.NotReady;
        }

        undecided.TryRemove(id, out _);
        if (isIn) await CreditedAsync(held.Command.Credit);
        return ToTopUp(held, isIn ? RailStatus.Posted : RailStatus.Failed, null);
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

    private static TopUp ToTopUp(in JournalRecord held, RailStatus status, string? nextAction) =>
        new(new(held.Command.Id), new(held.Command.Credit), new Amount(held.Command.Asset, held.Command.Units), status, nextAction);

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
}
