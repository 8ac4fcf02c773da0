using System.Collections.Immutable;
using Farthing.Protocol;
using static Farthing.Ledger.Outcome;

namespace Farthing.Ledger.Tests.State;

/// <summary>The ledger's rules once more, as plainly as they can be said: immutable maps, no undo, nothing forgotten, nothing fast.</summary>
internal sealed class NaiveLedger(UInt128 maxCount)
{
    private World world = new(ImmutableDictionary<UInt128, Account>.Empty, ImmutableDictionary<UInt128, Bound>.Empty,
        ImmutableDictionary<UInt128, Hold>.Empty, ImmutableDictionary<UInt128, Refundable>.Empty);
    private long now;
    private long nextPosition;

    public IEnumerable<(UInt128 Id, Balances Balances, AccountFlags Flags)> Accounts =>
        world.Accounts.Where(a => !a.Value.IsForgotten).Select(a => (a.Key, a.Value.Balances, a.Value.Flags));

    /// <summary>Accounts that have ended and are forgotten; here they are not.</summary>
    public IEnumerable<UInt128> Forgotten => world.Accounts.Where(a => a.Value.IsForgotten).Select(a => a.Key);

    public long NextPosition => nextPosition;

    /// <summary>The same ledger once more, that goes its own way from here on. Costs next to nothing.</summary>
    public NaiveLedger Copy() => (NaiveLedger)MemberwiseClone();

    public void BeginBatch(long time)
    {
        now = time;
        foreach (var (id, hold) in world.Holds.Where(h => h.Value.Became == Done && h.Value.Deadline <= now).OrderBy(h => world.Bound[h.Key].Position))
        {
            world = Release(world, id, hold, HoldExpired);
            nextPosition++;
        }
        foreach (var (id, end) in world.Accounts.Where(a => a.Value is { IsForgotten: false, IsKept: false, Ends: not 0 } account && account.Ends + 300_000 <= now)
            .Select(a => (a.Key, a.Value)).OrderBy(a => a.Value.Ends).ThenBy(a => a.Value.Opened))
        {
            var (spare, lack) = (Excess(end.Balances.CreditsPosted, end.Balances.DebitsPosted), Excess(end.Balances.DebitsPosted, end.Balances.CreditsPosted));
            var heir = world.Accounts[end.Heir];
            if (end.Balances.DebitsHeld != 0 || end.Balances.CreditsHeld != 0) continue;
            if ((lack > 0 ? Room(heir, end, lack) : Room(end, heir, spare)) != Done)
            {
                world = world with { Accounts = world.Accounts.SetItem(id, end with { IsKept = true }) };
                continue;
            }

            world = lack > 0 ? Moved(world, end.Heir, id, lack) : Moved(world, id, end.Heir, spare);
            world = world with { Accounts = world.Accounts.SetItem(id, world.Accounts[id] with { IsForgotten = true }) };
            nextPosition++;
        }
    }

    public CommandResult[] Apply(Command[] chain)
    {
        if (chain.Length > 32 || chain[^1].Linked) return [.. chain.Select(_ => new CommandResult(ChainTooLong, -1, false))];
        foreach (var check in new Func<Command[], int, Outcome>[] { Form, Ids })
        {
            for (var i = 0; i < chain.Length; i++)
            {
                if (check(chain, i) is not Done and var refusal) return Unjournaled(chain, i, refusal);
            }
        }

        var keyed = chain.Where(c => c.Kind != RecordKind.OpenAccount).ToArray();
        var known = keyed.Where(c => world.Bound.ContainsKey(c.Id)).ToArray();
        var isOpen = chain.Select(c => c.Kind == RecordKind.OpenAccount && world.Accounts.ContainsKey(c.Id)).ToArray();
        if (known.Length > 0)
        {
            var first = world.Bound[known[0].Id];
            var missing = chain.Where((c, i) => c.Kind == RecordKind.OpenAccount && !isOpen[i]).Any();
            if (!first.Chain.SequenceEqual(keyed.Select(c => c.Id)) || (first.Outcome == Done && missing))
                return Unjournaled(chain, Array.IndexOf(chain, known[0]), IdAlreadyUsed);
            return [.. chain.Select((c, i) => c.Kind == RecordKind.OpenAccount
                ? first.Outcome == Done ? new CommandResult(Done, world.Accounts[c.Id].Opened, true) : new CommandResult(ChainRefused, -1, true)
                : new CommandResult(world.Bound[c.Id].Outcome, world.Bound[c.Id].Position, true))];
        }

        if (isOpen.All(open => open)) return [.. chain.Select(c => new CommandResult(Done, world.Accounts[c.Id].Opened, true))];
        var ids = keyed.Select(c => c.Id).ToImmutableArray();
        var positions = chain.Select((_, i) => nextPosition + isOpen.Take(i).Count(open => !open)).ToArray();
        var (after, culprit, outcome) = (world, -1, Done);
        for (var i = 0; i < chain.Length && outcome == Done; i++)
        {
            if (chain[i].Kind == RecordKind.OpenAccount && chain[i].DeadlineUnixMilliseconds is not 0 and var end && end <= now) outcome = AccountEnded;
            else if (!isOpen[i]) (after, outcome) = Carry(after, chain[i], positions[i], ids);
            culprit = i;
        }

        if (outcome is AccountEnded or HeirCannotInherit) return Unjournaled(chain, culprit, outcome);
        nextPosition += isOpen.Count(open => !open);
        if (outcome == Done)
        {
            world = after;
            return [.. chain.Select((c, i) => isOpen[i] ? new CommandResult(Done, world.Accounts[c.Id].Opened, true) : new CommandResult(Done, positions[i], false, now))];
        }

        var answers = chain.Select((c, i) => c.Kind == RecordKind.OpenAccount
            ? new CommandResult(ChainRefused, -1, false)
            : new CommandResult(i == culprit ? outcome : ChainRefused, positions[i], false, now)).ToArray();
        for (var i = 0; i < chain.Length; i++)
        {
            if (answers[i].Position >= 0)
                world = world with { Bound = world.Bound.Add(chain[i].Id, new(chain[i].Digest, chain[i].Kind, answers[i].Outcome, positions[i], ids)) };
        }

        return answers;
    }

    private static Outcome First(params ReadOnlySpan<(bool Fails, Outcome Outcome)> checks)
    {
        foreach (var (fails, outcome) in checks)
        {
            if (fails) return outcome;
        }

        return Done;
    }

    private static CommandResult[] Unjournaled(Command[] chain, int culprit, Outcome outcome) =>
        [.. chain.Select((_, i) => new CommandResult(i == culprit ? outcome : ChainRefused, -1, false))];

    private Outcome Form(Command[] chain, int index)
    {
        var c = chain[index];
        var before = chain.Take(index).ToArray();
        var moves = c.Kind is RecordKind.Transfer or RecordKind.Hold;
        var codeIsBad = string.IsNullOrEmpty(c.Asset.Code) || c.Asset.Code.Any(x => !char.IsAsciiLetterOrDigit(x) && !":/._-".Contains(x));
        return First(
            (c.Id == 0, IdMustNotBeZero),
            ((long)(ulong)(c.Id >> 80) > now + 300_000, IdTooFarInFuture),
            (before.Any(b => b.Id == c.Id), IdRepeatedInChain),
            (c.Memo.Length > 1024, MemoTooLong),
            ((moves || c.Kind == RecordKind.OpenAccount) && (codeIsBad || c.Asset.Scale > 36), AssetInvalid),
            (moves && c.Units == 0, AmountMustNotBeZero),
            (c.Units > Amount.MaxUnits, AmountTooLarge),
            (moves && c.Debit == c.Credit, AccountsMustDiffer),
            (c.Kind == RecordKind.Hold && before.Any(b => b.Kind == RecordKind.Hold && b.DeadlineUnixMilliseconds != c.DeadlineUnixMilliseconds), LinkedDeadlinesMustMatch));
    }

    private Outcome Ids(Command[] chain, int index)
    {
        var c = chain[index];
        var account = world.Accounts.GetValueOrDefault(c.Id);
        var bound = world.Bound.GetValueOrDefault(c.Id);
        var opens = c.Kind == RecordKind.OpenAccount;
        var differs = account is not null && (account.Asset != c.Asset || ((int)account.Flags & 3) != (int)c.Flags || (account.Ends, account.Heir) != (c.DeadlineUnixMilliseconds, c.Cited));
        return First(
            ((account is not null && !opens) || (bound is not null && (bound.Kind != c.Kind || bound.Digest != c.Digest)), IdAlreadyUsed),
            (differs && account!.IsForgotten, IdAlreadyUsed),
            (differs, AccountExistsDifferently));
    }

    private (World, Outcome) Carry(World w, Command c, long position, ImmutableArray<UInt128> chain)
    {
        var after = w with { Bound = w.Bound.SetItem(c.Id, new(c.Digest, c.Kind, Done, position, chain)) };
        switch (c.Kind)
        {
            case RecordKind.OpenAccount:
            {
                var (heir, ends) = (w.Find(c.Cited), c.DeadlineUnixMilliseconds);
                if (ends != 0 && (heir is null || heir.Asset != c.Asset || heir.Ends != 0 || heir.Flags is not (AccountFlags.None or AccountFlags.Frozen))) return (w, HeirCannotInherit);
                var opened = new Account(c.Asset, c.Flags | (ends == 0 ? 0 : AccountFlags.Ends), default, position, ends, c.Cited, IsForgotten: false);
                return (w with { Accounts = w.Accounts.Add(c.Id, opened) }, Done);
            }

            case RecordKind.Claim:
                return (after, Done);

            case RecordKind.Transfer or RecordKind.Hold:
            {
                var (from, to, late) = (w.Find(c.Debit), w.Find(c.Credit), c.DeadlineUnixMilliseconds <= now);
                var outcome = First(
                    (HasEnded(from) || HasEnded(to), AccountEnded),
                    (from is null, DebitAccountNotFound),
                    (to is null, CreditAccountNotFound),
                    (from?.Asset != c.Asset || to?.Asset != c.Asset, AssetsMustMatch),
                    (late && (c.Kind == RecordKind.Hold || c.DeadlineUnixMilliseconds != 0), DeadlineMustBeInFuture),
                    (Is(from, AccountFlags.Closed), DebitAccountClosed),
                    (Is(to, AccountFlags.Closed), CreditAccountClosed),
                    (Is(from, AccountFlags.Frozen), DebitAccountFrozen));
                if (outcome != Done) return (w, outcome);
                var units = c.Units;
                if (c.Balancing.HasFlag(Balancing.Debit)) units = UInt128.Min(units, Excess(from!.Balances.CreditsPosted, from.Balances.DebitsPosted + from.Balances.DebitsHeld));
                if (c.Balancing.HasFlag(Balancing.Credit)) units = UInt128.Min(units, Excess(to!.Balances.DebitsPosted, to.Balances.CreditsPosted + to.Balances.CreditsHeld));
                outcome = Room(from!, to!, units);
                if (outcome != Done) return (w, outcome);
                return c.Kind == RecordKind.Hold
                    ? (Held(after, c.Debit, c.Credit, units, 1) with { Holds = w.Holds.Add(c.Id, new(c.Debit, c.Credit, units, c.DeadlineUnixMilliseconds, Done)) }, Done)
                    : (Posted(after, c, c.Debit, c.Credit, units, now), Done);
            }

            case RecordKind.Post or RecordKind.Void:
            {
                var cited = w.Bound.GetValueOrDefault(c.Cited);
                var hold = w.Holds.GetValueOrDefault(c.Cited);
                var (isPost, late) = (c.Kind == RecordKind.Post, c.DeadlineUnixMilliseconds <= now);
                var outcome = First(
                    (cited is null && !w.Accounts.ContainsKey(c.Cited), CitedNotFound),
                    (cited is not null && cited.Outcome != Done, CitedWasRefused),
                    (cited?.Kind != RecordKind.Hold, CitedIsNotAHold),
                    (hold is not null && hold.Became != Done, hold?.Became ?? Done),
                    (hold?.Deadline <= now, HoldExpired),
                    (isPost && c.Units > hold?.Units, ExceedsHeld),
                    (isPost && late && c.DeadlineUnixMilliseconds != 0, DeadlineMustBeInFuture));
                if (outcome != Done) return (w, outcome);
                after = Release(after, c.Cited, hold!, isPost ? HoldAlreadyPosted : HoldAlreadyVoided);
                return (isPost ? Posted(after, c, hold!.Debit, hold.Credit, c.Units == 0 ? hold.Units : c.Units, now) : after, Done);
            }

            case RecordKind.Refund:
            {
                var cited = w.Bound.GetValueOrDefault(c.Cited);
                var paid = w.Refundable.GetValueOrDefault(c.Cited);
                var isOver = paid is null || paid.Deadline < now;
                var units = c.Units == 0 ? paid?.Left ?? 0 : c.Units;
                if (c.Balancing != Balancing.None) units = isOver ? 0 : UInt128.Min(units, paid!.Left);
                var findsNothing = c.Balancing != Balancing.None && units == 0;
                var (giver, receiver) = (w.Accounts.GetValueOrDefault(paid?.Credit ?? 0), w.Accounts.GetValueOrDefault(paid?.Debit ?? 0));
                var outcome = First(
                    (cited is null && !w.Accounts.ContainsKey(c.Cited), CitedNotFound),
                    (cited is not null && cited.Outcome != Done, CitedWasRefused),
                    (cited?.Kind is not (RecordKind.Transfer or RecordKind.Post), CitedIsNotRefundable));
                if (outcome == Done && findsNothing) return (after, Done);
                if (outcome == Done) outcome = First(
                    (isOver, RefundWindowOver),
                    (units == 0 || units > paid?.Left, ExceedsRefundable),
                    (Is(giver, AccountFlags.Closed), DebitAccountClosed),
                    (Is(receiver, AccountFlags.Closed), CreditAccountClosed));
                if (outcome == Done) outcome = Room(giver!, receiver!, units);
                if (outcome != Done) return (w, outcome);
                after = after with { Refundable = after.Refundable.SetItem(c.Cited, paid! with { Left = paid.Left - units }) };
                return (Moved(after, paid.Credit, paid.Debit, units), Done);
            }

            default:
            {
                var account = w.Find(c.Debit);
                var isHeir = w.Accounts.Values.Any(a => !a.IsForgotten && a.Heir == c.Debit);
                var b = account?.Balances ?? default;
                var (isClose, isFreeze) = (c.Kind == RecordKind.CloseAccount, c.Kind == RecordKind.FreezeAccount);
                var outcome = First(
                    (account is null, DebitAccountNotFound),
                    (Is(account, AccountFlags.Closed), AccountStateUnchanged),
                    (!isClose && Is(account, AccountFlags.Frozen) == isFreeze, AccountStateUnchanged),
                    (isClose && (b.DebitsPosted != b.CreditsPosted || b.DebitsHeld != 0 || b.CreditsHeld != 0 || isHeir), AccountNotEmpty));
                if (outcome != Done) return (w, outcome);
                var changed = account! with { Flags = isClose ? account.Flags | AccountFlags.Closed : account.Flags ^ AccountFlags.Frozen };
                return (after with { Accounts = w.Accounts.SetItem(c.Debit, changed) }, Done);
            }
        }
    }

    private static UInt128 Excess(UInt128 one, UInt128 other) => one > other ? one - other : 0;

    private bool HasEnded(Account? account) => account is { Ends: not 0 } && account.Ends <= now;

    private static bool Is(Account? account, AccountFlags flag) => account is not null && account.Flags.HasFlag(flag);

    private Outcome Room(Account from, Account to, UInt128 units)
    {
        var (debits, credits) = (from.Balances.DebitsPosted + from.Balances.DebitsHeld + units, to.Balances.CreditsPosted + to.Balances.CreditsHeld + units);
        return First(
            (Is(from, AccountFlags.DebitsMustNotExceedCredits) && debits > from.Balances.CreditsPosted, InsufficientFunds),
            (Is(to, AccountFlags.CreditsMustNotExceedDebits) && credits > to.Balances.DebitsPosted, ExceedsDebits),
            (debits > maxCount || credits > maxCount, BalanceOverflow));
    }

    private static World Release(World w, UInt128 id, Hold hold, Outcome became) =>
        Held(w, hold.Debit, hold.Credit, hold.Units, -1) with { Holds = w.Holds.SetItem(id, hold with { Became = became }) };

    private static World Posted(World w, Command c, UInt128 debit, UInt128 credit, UInt128 units, long now)
    {
        var ends = new[] { debit, credit }.Select(id => w.Accounts[id].Ends).Where(end => end != 0).Select(end => end - 1);
        var until = c.DeadlineUnixMilliseconds == 0 ? 0 : ends.Append(c.DeadlineUnixMilliseconds).Min();
        return Moved(until <= now ? w : w with { Refundable = w.Refundable.Add(c.Id, new(debit, credit, units, until)) }, debit, credit, units);
    }

    private static World Moved(World w, UInt128 debit, UInt128 credit, UInt128 units) => Change(w, debit, credit,
        b => b with { DebitsPosted = b.DebitsPosted + units }, b => b with { CreditsPosted = b.CreditsPosted + units });

    private static World Held(World w, UInt128 debit, UInt128 credit, UInt128 units, int sign) => Change(w, debit, credit,
        b => b with { DebitsHeld = sign > 0 ? b.DebitsHeld + units : b.DebitsHeld - units }, b => b with { CreditsHeld = sign > 0 ? b.CreditsHeld + units : b.CreditsHeld - units });

    private static World Change(World w, UInt128 debit, UInt128 credit, Func<Balances, Balances> ofDebit, Func<Balances, Balances> ofCredit)
    {
        var (giver, taker) = (w.Accounts[debit], w.Accounts[credit]);
        return w with
        {
            Accounts = w.Accounts.SetItem(debit, giver with { Balances = ofDebit(giver.Balances) }).SetItem(credit, taker with { Balances = ofCredit(taker.Balances) }),
        };
    }

    /// <param name="IsKept">An account whose heir had no room for what is left when nothing was held any more is kept for ever, whatever becomes of the heir.</param>
    private sealed record Account(Asset Asset, AccountFlags Flags, Balances Balances, long Opened, long Ends, UInt128 Heir, bool IsForgotten, bool IsKept = false);

    private sealed record Bound(UInt128 Digest, RecordKind Kind, Outcome Outcome, long Position, ImmutableArray<UInt128> Chain);

    private sealed record Hold(UInt128 Debit, UInt128 Credit, UInt128 Units, long Deadline, Outcome Became);

    private sealed record Refundable(UInt128 Debit, UInt128 Credit, UInt128 Left, long Deadline);

    private sealed record World(ImmutableDictionary<UInt128, Account> Accounts, ImmutableDictionary<UInt128, Bound> Bound,
        ImmutableDictionary<UInt128, Hold> Holds, ImmutableDictionary<UInt128, Refundable> Refundable)
    {
        public Account? Find(UInt128 id) => Accounts.GetValueOrDefault(id) is { IsForgotten: false } account ? account : null;
    }
}
