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
        if (!accounts.TryFind(saved.Debit, out var debit) || !accounts.TryFind(saved.Credit, out var credit)) return false;
        holds.Add(new OpenHold
        {
            Id = saved.Id,
            Debit = debit,
            Credit = credit,
            Units = saved.Units,
            Code = saved.Code,
            Deadline = saved.Deadline,
            Position = saved.Position,
            ChainStart = saved.ChainStart,
        });
        holds.Commit();
        return true;
    }

    /// <summary>Takes over what can still be refunded.</summary>
    /// <returns>False if one of its accounts is not there, or another refundable has its position.</returns>
    public bool TryRestore(in SavedRefundable saved)
    {
        if (!accounts.TryFind(saved.Giver, out var giver) || !accounts.TryFind(saved.Receiver, out var receiver)) return false;
        if (refundables.TryFind(saved.Position, out _)) return false;
        refundables.Add(new Refundable
        {
            Id = saved.Id,
            Giver = giver,
            Receiver = receiver,
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
