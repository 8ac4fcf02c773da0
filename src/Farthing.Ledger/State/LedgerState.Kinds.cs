using System.Runtime.CompilerServices;
using Farthing.Protocol;

namespace Farthing.Ledger.State;

// The third gate: what each kind of command needs and does. Checks stand in the order of Outcome; after them the command must succeed.
internal sealed partial class LedgerState
{
    private static ref AccountState NoAccount => ref Unsafe.NullRef<AccountState>();

    private Outcome CarryOut(in Command command, in Place place, BatchBuffer buffer) => command.Kind switch
    {
        RecordKind.OpenAccount => OpenAccount(command, place, buffer),
        RecordKind.Transfer or RecordKind.Hold => TransferOrHold(command, place, buffer),
        RecordKind.Post => Post(command, place, buffer),
        RecordKind.Void => Void(command, place, buffer),
        RecordKind.Refund => Refund(command, place, buffer),
        RecordKind.Claim => Claim(command, place, buffer),
        RecordKind.FreezeAccount or RecordKind.UnfreezeAccount or RecordKind.CloseAccount => ChangeAccount(command, place, buffer),
        _ => throw new InvalidOperationException($"A {command.Kind} is not a command."),
    };

    private Outcome OpenAccount(in Command command, in Place place, BatchBuffer buffer)
    {
        var end = new AccountEnd(command.DeadlineUnixMilliseconds, command.Cited);
        if (!end.IsNever && !CanInherit(end.Heir, command.Asset)) return Outcome.HeirCannotInherit;
        ref var account = ref accounts.Open(command.Id, command.Asset, command.Flags, place.Position, end);
        ids.Bind(command.Id, command.Digest, command.Kind, Outcome.Done, place);
        Append(buffer, command, place, ref account, ref NoAccount);
        return Outcome.Done;
    }

    private Outcome TransferOrHold(in Command command, in Place place, BatchBuffer buffer)
    {
        ref var debit = ref accounts.Find(command.Debit);
        ref var credit = ref accounts.Find(command.Credit);
        if (HasEnded(ref debit) || HasEnded(ref credit)) return Outcome.AccountEnded;
        if (Unsafe.IsNullRef(ref debit)) return Outcome.DebitAccountNotFound;
        if (Unsafe.IsNullRef(ref credit)) return Outcome.CreditAccountNotFound;
        if (debit.AssetNumber != credit.AssetNumber || command.Asset != accounts.AssetOf(debit)) return Outcome.AssetsMustMatch;
        var isHold = command.Kind == RecordKind.Hold;
        var deadline = command.DeadlineUnixMilliseconds;
        if ((isHold || deadline != 0) && deadline <= UnixMilliseconds) return Outcome.DeadlineMustBeInFuture;
        if (debit.IsClosed) return Outcome.DebitAccountClosed;
        if (credit.IsClosed) return Outcome.CreditAccountClosed;
        if (debit.IsFrozen) return Outcome.DebitAccountFrozen;
        var units = command.Balancing == Balancing.None ? command.Units : WhatIsThere(command, debit.Balances, credit.Balances);
        var room = CheckRoom(debit, credit, units);
        if (room != Outcome.Done) return room;

        accounts.Touch(ref debit);
        accounts.Touch(ref credit);
        var lastRefund = deadline;
        if (isHold)
        {
            debit.DebitsHeld += units;
            credit.CreditsHeld += units;
            AddHold(new(command.Id, command.Debit, command.Credit, units, command.Code, deadline, place.Position, place.ChainStart), debit, credit);
        }
        else
        {
            debit.DebitsPosted += units;
            credit.CreditsPosted += units;
            lastRefund = MakeRefundable(command, place, debit, credit, units);
        }

        ids.Bind(command.Id, command.Digest, command.Kind, Outcome.Done, place);
        if (command.Balancing == Balancing.None && lastRefund == deadline)
            Append(buffer, command, place, ref debit, ref credit);
        else
            AppendAsCarriedOut(buffer, command, place, ref debit, ref credit, units, lastRefund);
        return Outcome.Done;
    }

    // Apart, as it copies a command, which the usual transfer need not even make room for.
    private void AppendAsCarriedOut(BatchBuffer buffer, in Command command, in Place place, ref AccountState debit, ref AccountState credit, UInt128 units, long lastRefund)
    {
        var carriedOut = command.AsCarriedOut(command.Debit, command.Credit, new Amount(command.Asset, units), command.Code).RefundableUntil(lastRefund);
        Append(buffer, carriedOut, place, ref debit, ref credit, unitsAsked: UnitsAsked(command));
    }

    private static UInt128 UnitsAsked(in Command command) => command.Balancing == Balancing.None ? UInt128.Zero : command.Units;

    /// <summary>What a balancing command moves.</summary>
    private static UInt128 WhatIsThere(in Command command, in Balances debit, in Balances credit)
    {
        var units = command.Units;
        if ((command.Balancing & Balancing.Debit) != 0) units = UInt128.Min(units, debit.Available);
        return (command.Balancing & Balancing.Credit) != 0 ? UInt128.Min(units, credit.Owed) : units;
    }

    private Outcome Post(in Command command, in Place place, BatchBuffer buffer)
    {
        var state = FindHold(command.Cited, out var hold);
        if (state != Outcome.Done) return state;
        var units = command.Units == UInt128.Zero ? hold!.Units : command.Units;
        if (units > hold!.Units) return Outcome.ExceedsHeld;
        var refundableUntil = command.DeadlineUnixMilliseconds;
        if (refundableUntil != 0 && refundableUntil <= UnixMilliseconds) return Outcome.DeadlineMustBeInFuture;

        ref var debit = ref accounts[hold.Debit];
        ref var credit = ref accounts[hold.Credit];
        Resolve(hold, command.Kind, place.Position, ref debit, ref credit);
        debit.DebitsPosted += units;
        credit.CreditsPosted += units;
        var lastRefund = MakeRefundable(command, place, debit, credit, units);
        BindAndAppend(buffer, command.RefundableUntil(lastRefund), place, ref debit, ref credit, units, hold.Code, previousCitation: -1);
        return Outcome.Done;
    }

    private Outcome Void(in Command command, in Place place, BatchBuffer buffer)
    {
        var state = FindHold(command.Cited, out var hold);
        if (state != Outcome.Done) return state;

        ref var debit = ref accounts[hold!.Debit];
        ref var credit = ref accounts[hold.Credit];
        Resolve(hold, command.Kind, place.Position, ref debit, ref credit);
        BindAndAppend(buffer, command, place, ref debit, ref credit, hold.Units, hold.Code, previousCitation: -1);
        return Outcome.Done;
    }

    private Outcome Refund(in Command command, in Place place, BatchBuffer buffer)
    {
        ref readonly var cited = ref ids.Find(command.Cited);
        if (Unsafe.IsNullRef(in cited)) return Outcome.CitedNotFound;
        if (cited.Outcome != Outcome.Done) return Outcome.CitedWasRefused;
        if (cited.Kind is not (RecordKind.Transfer or RecordKind.Post)) return Outcome.CitedIsNotRefundable;
        var isBalancing = command.Balancing != Balancing.None;
        if (!refundables.TryFind(cited.Position, out var refundable) || refundable.Deadline < UnixMilliseconds)
            return isBalancing ? RefundNothing(command, place, buffer) : Outcome.RefundWindowOver;
        var units = command.Units == UInt128.Zero || (isBalancing && command.Units > refundable.UnitsLeft) ? refundable.UnitsLeft : command.Units;
        if (units == UInt128.Zero && isBalancing) return RefundNothing(command, place, buffer);
        if (units == UInt128.Zero || units > refundable.UnitsLeft) return Outcome.ExceedsRefundable;
        ref var giver = ref accounts[refundable.Giver];
        ref var receiver = ref accounts[refundable.Receiver];
        if (giver.IsClosed) return Outcome.DebitAccountClosed;
        if (receiver.IsClosed) return Outcome.CreditAccountClosed;
        var room = CheckRoom(giver, receiver, units);
        if (room != Outcome.Done) return room;

        var previousCitation = refundables.Take(refundable, units, place.Position);
        ids.Cite(command.Cited, place.Position, command.Kind);
        accounts.Touch(ref giver);
        accounts.Touch(ref receiver);
        giver.DebitsPosted += units;
        receiver.CreditsPosted += units;
        BindAndAppend(buffer, command, place, ref giver, ref receiver, units, command.Code, previousCitation);
        return Outcome.Done;
    }

    /// <summary>Carries out a balancing refund that finds nothing to give back. It names no accounts, which may be forgotten, and is no citation.</summary>
    private Outcome RefundNothing(in Command command, in Place place, BatchBuffer buffer)
    {
        ids.Bind(command.Id, command.Digest, command.Kind, Outcome.Done, place);
        var carriedOut = command.AsCarriedOut(UInt128.Zero, UInt128.Zero, default, command.Code);
        Append(buffer, carriedOut, place, ref NoAccount, ref NoAccount, unitsWereZero: command.Units == UInt128.Zero, unitsAsked: command.Units);
        return Outcome.Done;
    }

    private Outcome Claim(in Command command, in Place place, BatchBuffer buffer)
    {
        ids.Bind(command.Id, command.Digest, command.Kind, Outcome.Done, place);
        Append(buffer, command, place, ref NoAccount, ref NoAccount);
        return Outcome.Done;
    }

    private Outcome ChangeAccount(in Command command, in Place place, BatchBuffer buffer)
    {
        ref var account = ref accounts.Find(command.Debit);
        if (Unsafe.IsNullRef(ref account)) return Outcome.DebitAccountNotFound;
        if (account.IsClosed || (command.Kind != RecordKind.CloseAccount && account.IsFrozen == (command.Kind == RecordKind.FreezeAccount)))
            return Outcome.AccountStateUnchanged;
        var isEmpty = account.DebitsPosted == account.CreditsPosted && !account.HasHolds && !accounts.IsHeir(account.Id);
        if (command.Kind == RecordKind.CloseAccount && !isEmpty) return Outcome.AccountNotEmpty;

        accounts.Touch(ref account);
        account.Flags = command.Kind switch
        {
            RecordKind.FreezeAccount => account.Flags | AccountFlags.Frozen,
            RecordKind.UnfreezeAccount => account.Flags & ~AccountFlags.Frozen,
            _ => account.Flags | AccountFlags.Closed,
        };
        ids.Bind(command.Id, command.Digest, command.Kind, Outcome.Done, place);
        Append(buffer, command, place, ref account, ref NoAccount);
        return Outcome.Done;
    }

    /// <summary>Gives a hold back whose deadline has passed. The record has the hold's id, cites it and binds nothing.</summary>
    private void Expire(OpenHold hold, BatchBuffer buffer)
    {
        ref var debit = ref accounts[hold.Debit];
        ref var credit = ref accounts[hold.Credit];
        Resolve(hold, RecordKind.Expire, NextPosition, ref debit, ref credit);
        var command = Command.FromRecord(RecordKind.Expire, hold.Id, UInt128.Zero, debit.Id, credit.Id, accounts.AssetOf(debit), hold.Units, hold.Code,
            hold.Id, 0, UInt128.Zero, UInt128.Zero, AccountFlags.None, default, false);
        Append(buffer, command, new Place(NextPosition, 0, true, 0, false), ref debit, ref credit);
    }

    /// <summary>An open hold whose deadline is still to come, or why there is none.</summary>
    private Outcome FindHold(UInt128 id, out OpenHold? hold)
    {
        if (holds.TryFind(id, out hold)) return hold.Deadline <= UnixMilliseconds ? Outcome.HoldExpired : Outcome.Done;
        // Before the id itself: of a hold that this very chain resolved nothing more need be known.
        if (ids.TryFindCitation(id, out var citation) && citation.Kind != RecordKind.Refund)
            return citation.Kind switch { RecordKind.Post => Outcome.HoldAlreadyPosted, RecordKind.Void => Outcome.HoldAlreadyVoided, _ => Outcome.HoldExpired };
        ref readonly var cited = ref ids.Find(id);
        if (Unsafe.IsNullRef(in cited)) return Outcome.CitedNotFound;
        if (cited.Outcome != Outcome.Done) return Outcome.CitedWasRefused;
        return cited.Kind != RecordKind.Hold ? Outcome.CitedIsNotAHold : throw new InvalidOperationException($"Hold {id:x32} is not open, and nothing says why.");
    }

    private Outcome CheckRoom(in AccountState debit, in AccountState credit, UInt128 units)
    {
        // Held units count as if posted, so that posting them cannot overflow.
        var debits = debit.DebitsPosted + debit.DebitsHeld + units;
        var credits = credit.CreditsPosted + credit.CreditsHeld + units;
        if ((debit.Flags & AccountFlags.DebitsMustNotExceedCredits) != 0 && debits > debit.CreditsPosted) return Outcome.InsufficientFunds;
        if ((credit.Flags & AccountFlags.CreditsMustNotExceedDebits) != 0 && credits > credit.DebitsPosted) return Outcome.ExceedsDebits;
        return debits > maxCount || credits > maxCount ? Outcome.BalanceOverflow : Outcome.Done;
    }

    private void AddHold(in SavedHold hold, in AccountState debit, in AccountState credit) => holds.Add(new OpenHold
    {
        Id = hold.Id,
        Debit = debit.Number,
        Credit = credit.Number,
        Units = hold.Units,
        Code = hold.Code,
        Deadline = hold.Deadline,
        Position = hold.Position,
        ChainStart = hold.ChainStart,
        DigestShare = StateDigest.Of(hold),
    });

    /// <summary>Takes a hold's units back and notes why. A hold is resolved once, so no citation goes before this one.</summary>
    private void Resolve(OpenHold hold, RecordKind kind, long position, ref AccountState debit, ref AccountState credit)
    {
        ids.Cite(hold.Id, position, kind);
        holds.Remove(hold);
        accounts.Touch(ref debit);
        accounts.Touch(ref credit);
        debit.DebitsHeld -= hold.Units;
        credit.CreditsHeld -= hold.Units;
    }

    /// <returns>The last moment at which it can be refunded, or zero.</returns>
    private long MakeRefundable(in Command command, in Place place, in AccountState debit, in AccountState credit, UInt128 units)
    {
        var last = LastRefund(command.DeadlineUnixMilliseconds, debit, credit);
        if (last == 0) return last;
        refundables.Add(new Refundable
        {
            Id = command.Id,
            Giver = credit.Number,
            Receiver = debit.Number,
            Deadline = last,
            Position = place.Position,
            UnitsLeft = units,
            LastCitation = -1,
        });
        return last;
    }

    /// <summary>Binds and journals a command that cites another, with what that other one says filled in.</summary>
    private void BindAndAppend(BatchBuffer buffer, in Command command, in Place place, ref AccountState debit, ref AccountState credit, UInt128 units,
        TransferCode code, long previousCitation)
    {
        ids.Bind(command.Id, command.Digest, command.Kind, Outcome.Done, place);
        var carriedOut = command.AsCarriedOut(debit.Id, credit.Id, new Amount(accounts.AssetOf(debit), units), code);
        Append(buffer, carriedOut, place, ref debit, ref credit, previousCitation, command.Units == UInt128.Zero, UnitsAsked(command));
    }

    /// <summary>Journals a command that was carried out and makes it the newest of its accounts' histories.</summary>
    private void Append(BatchBuffer buffer, in Command command, in Place place, ref AccountState debit, ref AccountState credit,
        long previousCitation = -1, bool unitsWereZero = false, UInt128 unitsAsked = default)
    {
        var hasDebit = !Unsafe.IsNullRef(ref debit);
        var hasCredit = !Unsafe.IsNullRef(ref credit);
        RecordCodec.Append(buffer, new JournalRecord
        {
            Command = command with { Linked = !place.IsLast },
            UnitsWereZero = unitsWereZero,
            UnitsAsked = unitsAsked,
            Outcome = Outcome.Done,
            Position = place.Position,
            UnixMilliseconds = UnixMilliseconds,
            ChainIndex = (byte)place.ChainIndex,
            PreviousOfDebit = hasDebit ? debit.LastPosition : -1,
            PreviousOfCredit = hasCredit ? credit.LastPosition : -1,
            PreviousCitation = previousCitation,
            DebitAfter = hasDebit ? debit.Balances : default,
            CreditAfter = hasCredit ? credit.Balances : default,
        });
        if (hasDebit) debit.LastPosition = place.Position;
        if (hasCredit) credit.LastPosition = place.Position;
    }
}
