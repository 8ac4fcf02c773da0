using Farthing.Ledger;
using Farthing.Protocol;

namespace Farthing.Payments.Desk;

/// <summary>Where in the journal the payments with a reference are, by blind indexes: one of the payee's, one of the wallet's.</summary>
/// <remarks>Thread-safe. Rebuilt from the journal at start; it never holds a reference itself.</remarks>
internal sealed class ReferenceIndex
{
    private readonly Lock gate = new();
    private readonly Dictionary<UInt128, List<long>> positions = [];

    /// <summary>Remembers a payment, if it has a reference.</summary>
    public void Add(UInt128 payeeReference, ulong walletReference, long position)
    {
        if (payeeReference == UInt128.Zero) return;
        lock (gate)
        {
            Add(payeeReference, position);
            Add(walletReference, position);
        }
    }

    /// <summary>Remembers a record of the journal, if it is a payment with a reference.</summary>
    public void Add(in JournalRecord record)
    {
        if (PaymentRecords.IsPayment(record)) Add(record.Command.Reference1, PaymentTag.Of(record.Command.Reference2).WalletReference, record.Position);
    }

    /// <summary>The newest positions before one, newest first.</summary>
    public IReadOnlyList<long> Find(UInt128 reference, long before, int count)
    {
        lock (gate)
        {
            if (!positions.TryGetValue(reference, out var found)) return [];
            var end = found.BinarySearch(before);
            if (end < 0) end = ~end;
            var start = Math.Max(0, end - count);
            var page = found.GetRange(start, end - start);
            page.Reverse();
            return page;
        }
    }

    private void Add(UInt128 reference, long position)
    {
        if (!positions.TryGetValue(reference, out var found)) positions[reference] = found = [];
        // Answers may arrive out of the journal's order, but never far out of it.
        var index = found.Count;
        while (index > 0 && found[index - 1] > position) index--;
        found.Insert(index, position);
    }
}
