using System.Runtime.CompilerServices;
using Farthing.Protocol;

namespace Farthing.Ledger.State;

// Accounts that end: what they refuse from then on, and how they are forgotten.
internal sealed partial class LedgerState
{
    /// <summary>How long after its end an account is still there: what was sent in time and comes late is told that it has ended, and not that it is unknown.</summary>
    public const long ForgetAfterMilliseconds = 5 * 60 * 1000;

    /// <summary>A batch begins with the ends of at most so many accounts.</summary>
    public const int MaxEndsPerBatch = 1024;

    // When the next account is to be forgotten. No sum that could overflow: an end may be any number.
    private long NextEnd => Math.Min(accounts.NextEnd, long.MaxValue - ForgetAfterMilliseconds) + ForgetAfterMilliseconds;

    private bool OpensEnded(in Command command) =>
        command.Kind == RecordKind.OpenAccount && command.DeadlineUnixMilliseconds != 0 && command.DeadlineUnixMilliseconds <= UnixMilliseconds;

    private bool HasEnded(ref readonly AccountState account) =>
        !Unsafe.IsNullRef(in account) && account.Ends && accounts.EndOf(account).UnixMilliseconds <= UnixMilliseconds;

    // It must always be able to receive, and to owe, until the account has ended; and an account with heirs is not closed.
    private bool CanInherit(UInt128 id, Asset asset)
    {
        ref readonly var heir = ref accounts.Find(id);
        return !Unsafe.IsNullRef(in heir) && (heir.Flags & ~AccountFlags.Frozen) == AccountFlags.None && accounts.AssetOf(heir) == asset;
    }

    /// <summary>The last moment at which a transfer can be refunded, or zero: not after one of its accounts has ended, so that nobody asks for an account that is forgotten.</summary>
    private long LastRefund(long asked, in AccountState debit, in AccountState credit)
    {
        if (asked == 0 || ((debit.Flags | credit.Flags) & AccountFlags.Ends) == 0) return asked;
        var last = asked;
        if (debit.Ends) last = Math.Min(last, accounts.EndOf(debit).UnixMilliseconds - 1);
        if (credit.Ends) last = Math.Min(last, accounts.EndOf(credit).UnixMilliseconds - 1);
        return last > UnixMilliseconds ? last : 0;
    }

    // Whether an account can be forgotten follows from the state alone: one that is held up has holds, or an heir without room, which comes to no end.
    private void EndAccounts(BatchBuffer buffer)
    {
        for (var count = 0; count < MaxEndsPerBatch && accounts.TryPeekEnd(UnixMilliseconds - ForgetAfterMilliseconds, out var ending);)
        {
            if (TryEnd(ending, buffer)) count++;
            else accounts.HoldUp(ending);
        }
    }

    /// <summary>Moves what is left of an account to its heir, or what it owes from there, and forgets it. The record has the account's id and binds nothing.</summary>
    private bool TryEnd(EndingAccount ending, BatchBuffer buffer)
    {
        ref var account = ref accounts[ending.Number];
        ref var heir = ref accounts.Find(ending.End.Heir);
        var owes = account.DebitsPosted > account.CreditsPosted;
        var units = owes ? account.DebitsPosted - account.CreditsPosted : account.CreditsPosted - account.DebitsPosted;
        ref var debit = ref owes ? ref heir : ref account;
        ref var credit = ref owes ? ref account : ref heir;
        if (account.HasHolds || CheckRoom(debit, credit, units) != Outcome.Done) return false;

        accounts.Touch(ref debit);
        accounts.Touch(ref credit);
        debit.DebitsPosted += units;
        credit.CreditsPosted += units;
        var command = Command.FromRecord(RecordKind.EndAccount, account.Id, UInt128.Zero, debit.Id, credit.Id, accounts.AssetOf(account), units, TransferCode.None,
            UInt128.Zero, 0, UInt128.Zero, UInt128.Zero, AccountFlags.None, default, false);
        Append(buffer, command, new Place(NextPosition, 0, true, 0, false), ref debit, ref credit);
        Commit(1);
        accounts.Forget(ref account);
        return true;
    }
}
