using System.Runtime.CompilerServices;

namespace Farthing.Ledger.State;

// How a state that is still empty takes over a snapshot: accounts first, then what belongs to them, then its place in the journal.
internal sealed partial class LedgerState
{
    /// <summary>Makes room for as many accounts as will be restored.</summary>
    public void Expect(int accountCount) => accounts.Expect(accountCount);

    /// <summary>Takes over an account that it does not have yet.</summary>
    public void Restore(in SavedAccount saved) => accounts.Restore(saved);

    /// <summary>True if the heirs of all accounts taken over are there.</summary>
    public bool HasAllHeirs => accounts.Heirs.All(heir => !Unsafe.IsNullRef(in accounts.Find(heir)));

    /// <summary>Takes over an open hold.</summary>
    /// <returns>False if one of its accounts is not there.</returns>
    public bool TryRestore(in SavedHold saved)
    {
        ref readonly var debit = ref accounts.Find(saved.Debit);
        ref readonly var credit = ref accounts.Find(saved.Credit);
        if (Unsafe.IsNullRef(in debit) || Unsafe.IsNullRef(in credit)) return false;
        AddHold(saved, debit, credit);
        holds.Commit();
        return true;
    }

    /// <summary>Takes over what can still be refunded.</summary>
    /// <param name="saved">It.</param>
    /// <param name="unixMilliseconds">The time of the batch that it stands behind. What is over by then waits to be forgotten, and its accounts may be already.</param>
    /// <returns>False if one of its accounts is not there, or another refundable has its position.</returns>
    public bool TryRestore(in SavedRefundable saved, long unixMilliseconds)
    {
        ref readonly var giver = ref accounts.Find(saved.Giver);
        ref readonly var receiver = ref accounts.Find(saved.Receiver);
        var isComplete = !Unsafe.IsNullRef(in giver) && !Unsafe.IsNullRef(in receiver);
        if (!isComplete && saved.Deadline >= unixMilliseconds) return false;
        if (refundables.TryFind(saved.Position, out _)) return false;
        refundables.Add(new Refundable
        {
            Id = saved.Id,
            Giver = isComplete ? giver.Number : 0,
            Receiver = isComplete ? receiver.Number : 0,
            Deadline = saved.Deadline,
            Position = saved.Position,
            UnitsLeft = saved.UnitsLeft,
            LastCitation = saved.LastCitation,
        });
        refundables.Commit();
        return true;
    }

    /// <summary>Stands behind the batch whose state was restored.</summary>
    public void StandAt(long nextPosition, long unixMilliseconds)
    {
        NextPosition = nextPosition;
        UnixMilliseconds = unixMilliseconds;
    }
}
