using System.Runtime.CompilerServices;
using Farthing.Protocol;

namespace Farthing.Ledger.State;

/// <summary>The ledger's state machine: no clock, no I/O, no async. The same commands at the same times give the same state and the same bytes.</summary>
/// <remarks>
/// Not thread-safe: the owner serialises. A chain goes through three gates, each over all its commands before the next: is it well-formed, are its ids free
/// or is it a repetition, and can it be carried out. The first command that fails the earliest gate names the refusal.
/// </remarks>
/// <param name="maxCount">No count of an account passes this; lowered only by tests.</param>
internal sealed partial class LedgerState(UInt128 maxCount)
{
    /// <summary>The most commands in a chain.</summary>
    public const int MaxChainLength = RecordCodec.MaxChainLength;

    /// <summary>How far an id's time may be after the batch's: five minutes.</summary>
    public const long MaxIdLeadMilliseconds = 5 * 60 * 1000;

    /// <summary>A batch begins with at most so many expiries, and the rest of the last one's chain.</summary>
    public const int MaxExpiriesPerBatch = 1024;

    /// <summary>How many refundables are forgotten with each record, if they are due. Each record makes at most one, so two keep up.</summary>
    public const int ForgottenPerRecord = 2;

    private readonly IdIndex ids = new();
    private readonly AccountTable accounts = new();
    private readonly HoldTable holds = new();
    private readonly RefundableTable refundables = new();

    public LedgerState() : this(UInt128.One << 127)
    {
    }

    /// <summary>The position of the next record.</summary>
    public long NextPosition { get; private set; }

    /// <summary>The last batch's time, Unix milliseconds.</summary>
    public long UnixMilliseconds { get; private set; }

    /// <summary>An order-independent digest of all accounts, open holds and what can be refunded, kept up to date as they change.</summary>
    public UInt128 Digest => unchecked(accounts.Digest + holds.Digest + refundables.Digest);

    /// <summary>When the next hold expires, or the next account that has ended is to be forgotten; or long.MaxValue.</summary>
    public long NextDeadline => Math.Min(holds.NextDeadline, NextEnd);

    /// <summary>How many accounts there are.</summary>
    public int AccountCount => accounts.Count;

    /// <summary>How many accounts there is memory for that was ever used.</summary>
    public int AccountRoom => accounts.LastNumber;

    /// <summary>
    /// Begins a batch: sets the time, which must not go back, and journals the expiries that are due, at most 1,024 and the rest of the last one's chain; then
    /// the ends of accounts that are due, at most 1,024.
    /// </summary>
    public void BeginBatch(long unixMilliseconds, BatchBuffer buffer)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(unixMilliseconds, UnixMilliseconds);
        UnixMilliseconds = unixMilliseconds;
        holds.Sweep();
        refundables.Sweep();
        accounts.Sweep();

        var chainStart = -1L;
        for (var count = 0; holds.TryPeekDue(unixMilliseconds, out var hold); count++)
        {
            if (count >= MaxExpiriesPerBatch && hold.ChainStart != chainStart) break;
            chainStart = hold.ChainStart;
            Expire(hold, buffer);
            Commit(1);
        }

        EndAccounts(buffer);
    }

    /// <summary>Carries out one chain, all or none; appends its records, refused ones included, unless the refusal is one that is not journaled or all are duplicates.</summary>
    /// <param name="chain">One or more commands, all but the last <see cref="Command.Linked"/>.</param>
    /// <param name="results">One answer per command.</param>
    /// <param name="buffer">Where the records go.</param>
    /// <exception cref="InvalidOperationException">An invariant would be broken: a bug. The state must not be used any more.</exception>
    public void ApplyChain(ReadOnlySpan<Command> chain, Span<CommandResult> results, BatchBuffer buffer)
    {
        ArgumentOutOfRangeException.ThrowIfZero(chain.Length);
        results = results[..chain.Length];
        if (chain.Length > MaxChainLength || chain[^1].Linked)
        {
            results.Fill(new CommandResult(Outcome.ChainTooLong, -1, false));
            return;
        }

        if (FindMalformed(chain, results) || FindBoundIds(chain, results)) return;

        // From here on, an answer of Done and position -1 marks what is to be journaled; the others are accounts that are already open.
        Span<Place> places = stackalloc Place[chain.Length];
        var recordCount = LayOut(chain, results, places);
        var firstRecord = buffer.Offsets.Count;
        for (var i = 0; i < chain.Length; i++)
        {
            var isOpen = results[i].IsDuplicate;
            var outcome = OpensEnded(chain[i]) ? Outcome.AccountEnded : isOpen ? Outcome.Done : CarryOut(chain[i], places[i], buffer);
            if (outcome != Outcome.Done)
            {
                buffer.CutTo(firstRecord);
                RollBack();
                if (outcome < Outcome.ChainRefused) RefuseUnbound(chain, results, i, outcome);
                else Refuse(chain, results, places, i, outcome, buffer);
                return;
            }

            if (!isOpen) results[i] = new CommandResult(Outcome.Done, places[i].Position, false, UnixMilliseconds);
        }

        Commit(recordCount);
    }

    public bool TryGetAccount(UInt128 id, out AccountSnapshot account)
    {
        ref readonly var state = ref accounts.Find(id);
        var isFound = !Unsafe.IsNullRef(in state);
        account = isFound ? new(id, accounts.AssetOf(state), state.Flags, state.Balances, state.LastPosition) : default;
        return isFound;
    }

    /// <summary>Open holds with a code, oldest first.</summary>
    public List<UInt128> OpenHolds(TransferCode code) =>
        [.. holds.All.Where(hold => hold.Code == code).OrderBy(hold => hold.Position).Select(hold => hold.Id)];

    /// <summary>Totals per asset of posted debits and credits over all accounts that are not forgotten; equal if the ledger is sound.</summary>
    public IReadOnlyDictionary<Asset, (UInt128 Debits, UInt128 Credits)> Totals()
    {
        var totals = new Dictionary<Asset, (UInt128 Debits, UInt128 Credits)>();
        for (var number = 1; number <= accounts.LastNumber; number++)
        {
            ref readonly var account = ref accounts[number];
            if (account.Id == UInt128.Zero) continue;
            var asset = accounts.AssetOf(account);
            var (debits, credits) = totals.GetValueOrDefault(asset);
            totals[asset] = (debits + account.DebitsPosted, credits + account.CreditsPosted);
        }

        return totals;
    }

    // An account that was refused can be opened later.
    private static bool BindsItsId(in Command command) => command.Kind != RecordKind.OpenAccount;

    /// <summary>Gives each command that is to be journaled its place.</summary>
    /// <returns>How many there are.</returns>
    private int LayOut(ReadOnlySpan<Command> chain, ReadOnlySpan<CommandResult> results, Span<Place> places)
    {
        int recordCount = 0, boundCount = 0;
        for (var i = 0; i < chain.Length; i++)
        {
            if (results[i].IsDuplicate) continue;
            recordCount++;
            if (BindsItsId(chain[i])) boundCount++;
        }

        int chainIndex = 0, boundIndex = 0;
        for (var i = 0; i < chain.Length; i++)
        {
            if (results[i].IsDuplicate) continue;
            var isLastBound = BindsItsId(chain[i]) && boundIndex == boundCount - 1;
            places[i] = new Place(NextPosition + chainIndex, chainIndex, chainIndex == recordCount - 1, boundIndex, isLastBound);
            chainIndex++;
            if (BindsItsId(chain[i])) boundIndex++;
        }

        return recordCount;
    }

    /// <summary>Journals the chain as refused, so that its ids are bound and a late repetition cannot pay.</summary>
    private void Refuse(ReadOnlySpan<Command> chain, Span<CommandResult> results, ReadOnlySpan<Place> places, int culprit, Outcome outcome, BatchBuffer buffer)
    {
        var recordCount = 0;
        for (var i = 0; i < chain.Length; i++)
        {
            // An account that was not opened can be opened later: its id is not bound, and there is no position to find it by.
            var own = i == culprit ? outcome : Outcome.ChainRefused;
            var position = BindsItsId(chain[i]) ? places[i].Position : -1;
            if (!results[i].IsDuplicate)
            {
                ref readonly var debit = ref accounts.Find(chain[i].Debit);
                if (BindsItsId(chain[i])) ids.Bind(chain[i].Id, chain[i].Digest, chain[i].Kind, own, places[i]);
                else ids.Unbind(chain[i].Id);
                RecordCodec.Append(buffer, new JournalRecord
                {
                    Command = chain[i] with { Linked = !places[i].IsLast },
                    Outcome = own,
                    Position = places[i].Position,
                    UnixMilliseconds = UnixMilliseconds,
                    ChainIndex = (byte)places[i].ChainIndex,
                    PreviousOfDebit = -1,
                    PreviousOfCredit = -1,
                    PreviousCitation = -1,
                    DebitAfter = own == outcome && !Unsafe.IsNullRef(in debit) ? debit.Balances : default,
                });
                recordCount++;
            }

            results[i] = new CommandResult(own, position, false, position < 0 ? 0 : UnixMilliseconds);
        }

        Commit(recordCount);
    }

    /// <summary>Answers that the chain is refused, for a reason that is not journaled and binds nothing.</summary>
    private void RefuseUnbound(ReadOnlySpan<Command> chain, Span<CommandResult> results, int culprit, Outcome outcome)
    {
        for (var i = 0; i < chain.Length; i++)
        {
            if (!results[i].IsDuplicate) ids.Unbind(chain[i].Id);
        }

        RefuseUnjournaled(results, culprit, outcome);
    }

    private void RollBack()
    {
        accounts.RollBack();
        holds.RollBack();
        refundables.RollBack();
        ids.RollBack();
    }

    private void Commit(int recordCount)
    {
        accounts.Commit();
        holds.Commit();
        refundables.Commit();
        ids.Commit();
        NextPosition += recordCount;
        refundables.Forget(UnixMilliseconds, ForgottenPerRecord * recordCount);
    }
}
