using Farthing.Ledger;
using Farthing.Payments.Desk;
using Farthing.Payments.Offers;

namespace Farthing.Payments.Tabs;

/// <summary>Finds the tab that a read goes on, and whether there is room; the ledger has the last word on the room.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class TabReads(Ledger.Ledger ledger, TabDirectory tabs)
{
    /// <summary>Pays a wallet's full tabs as far as its balance suffices. Set once, before anything is read: payments are made by what puts reads on tabs.</summary>
    public Func<UInt128, ValueTask<bool>> PayFullAsync { get; set; } = _ => new(false);

    /// <summary>The tab of a read, opened if it is the wallet's first with this payee for offers that share alike.</summary>
    public async ValueTask<Answer<TabEntry>> FindAsync(PreparedPayment read, OnTab pricing)
    {
        // The wallet itself is not debited, so that its pause is asked for.
        if (await ledger.ReadAccountAsync(read.Wallet.Account) is { } wallet && (wallet.Flags & AccountFlags.Frozen) != 0) return Refusals.OfPayment(Outcome.DebitAccountFrozen);
        if (await tabs.FindAsync(read.Wallet.Account, read.Payee.Account, read.Splits) is { } tab)
        {
            var balance = await tabs.ReadAsync(tab);
            return balance.IsLost || balance.Owed.Units + read.Price.Units > tab.Cap.Units ? TabRefusals.Unpaid(tab, balance.Owed, balance.IsLost) : tab;
        }

        if (read.Price.Units > pricing.PayAt.Units) return new Refusal(RefusalCodes.InvalidField, $"A tab with this payee takes at most {pricing.PayAt}. Read less at once.");
        await foreach (var other in tabs.ReadAllOfWalletAsync(read.Wallet.Account))
        {
            var balance = await tabs.ReadAsync(other);
            if (balance.IsLost || IsFull(other, balance)) return TabRefusals.Unpaid(other, balance.Owed, balance.IsLost);
        }

        return await tabs.OpenAsync(read, pricing) is { } opened ? opened : LedgerCalls.NotReady;
    }

    /// <summary>True if there is no room for another read.</summary>
    public static bool IsFull(TabEntry tab, in TabBalance balance) => balance.Owed.Units + tab.PriceUnits > tab.Cap.Units;

    /// <summary>Why the ledger refused to put a read on its tab: the same as it was then, whenever it is asked.</summary>
    public async ValueTask<Refusal> ExplainAsync(JournalRecord read)
    {
        var tab = await tabs.GetAsync(read.Command.Debit);
        return read.Outcome is Outcome.InsufficientFunds or Outcome.DebitAccountFrozen
            ? TabRefusals.Unpaid(tab, new(tab.Currency, tab.Cap.Units - read.DebitAfter.Available), read.Outcome == Outcome.DebitAccountFrozen)
            : Refusals.OfPayment(read.Outcome);
    }
}
