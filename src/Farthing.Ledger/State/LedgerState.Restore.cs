using System.Runtime.CompilerServices;

namespace Farthing.Ledger.State;

// How a state that is still empty takes over a snapshot: accounts first, then what belongs to them, then its place in the journal.
internal sealed partial class LedgerState
{
    /// <summary>Makes room for as many accounts as will be restored.</summary>
    public void Expect(int accountCount) => accounts.Expect(accountCount);

    /// <summary>Takes over an account that it does not have yet.</summary>
    public void Restore(in SavedAccount saved) => accounts.Restore(saved);

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
    /// <returns>False if one of its accounts is not there, or another refundable has its position.</returns>
    public bool TryRestore(in SavedRefundable saved)
    {
        ref readonly var giver = ref accounts.Find(saved.Giver);
        ref readonly var receiver = ref accounts.Find(saved.Receiver);
        if (Unsafe.IsNullRef(in giver) || Unsafe.IsNullRef(in receiver)) return false;
        if (refundables.TryFind(saved.Position, out _)) return false;
        refundables.Add(new Refundable
        {
            Id = saved.Id,
            Giver = giver.Number,
            Receiver = receiver.Number,
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
