using Farthing.Ledger.State;

namespace Farthing.Ledger.Journal;

/// <summary>Asks for the memory of the accounts of a frame's records, some records before they are read. Changes nothing.</summary>
/// <param name="frame">The frame.</param>
/// <param name="accounts">Where its accounts will be looked for.</param>
internal readonly ref struct AccountsAhead<T>(Frame frame, IdTable<T> accounts) where T : unmanaged, IIdentified
{
    // Memory takes about as long as four records.
    private const int SlotsAhead = 8;
    private const int ItemsAhead = 4;

    // So many are in the processor's cache anyway.
    private const int FewAccounts = 1 << 14;

    private readonly bool isWorthIt = accounts.Count > FewAccounts;

    /// <summary>To be called before the record with an index is read, in order.</summary>
    public void Ask(int index)
    {
        if (!isWorthIt) return;
        if (index + SlotsAhead < frame.Header.RecordCount)
        {
            var (debit, credit) = RecordCodec.PeekAccounts(frame.RecordAt(index + SlotsAhead));
            accounts.PrefetchSlot(debit);
            accounts.PrefetchSlot(credit);
        }
        if (index + ItemsAhead < frame.Header.RecordCount)
        {
            var (debit, credit) = RecordCodec.PeekAccounts(frame.RecordAt(index + ItemsAhead));
            accounts.PrefetchItem(debit);
            accounts.PrefetchItem(credit);
        }
    }
}
