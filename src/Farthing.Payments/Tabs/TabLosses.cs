using Farthing.Ledger;
using Farthing.Payments.Schedules;
using Farthing.Protocol;

namespace Farthing.Payments.Tabs;

/// <summary>Books what a tab owes as a loss once its oldest read was not paid in time.</summary>
/// <remarks>
/// Thread-safe. Each tab is looked at when its oldest read that is not paid falls due, or after as long if it owes nothing: whatever is read in between falls due later.
/// Payments pay reads in their order.
/// </remarks>
internal sealed class TabLosses(Ledger.Ledger ledger, TabDirectory tabs, TimeProvider time) : IDue
{
    // A tab that is paid after all undoes its loss, which the ledger lets be undone for so long.
    private static readonly TimeSpan MadeGoodWithin = TimeSpan.FromDays(3650);

    public async ValueTask<DueResult> RunAsync(UInt128 subject, long dueUnixMilliseconds)
    {
        var tab = await tabs.GetAsync(subject);
        var now = ledger.NowUnixMilliseconds(time);
        var later = DueResult.Next(now + tab.DueAfterMilliseconds);
        if ((await tabs.ReadAsync(tab)).IsLost || await FindOldestUnpaidAsync(tab, now) is not { } oldest) return later;
        if (oldest + tab.DueAfterMilliseconds > now) return DueResult.Next(oldest + tab.DueAfterMilliseconds);

        var asset = TabAccounts.AssetOf(tab.Currency);
        var owed = (await ledger.ReadAccountAsync(tab.Owed))!.Value.Balances.Available;
        var id = LossOf(subject, dueUnixMilliseconds);
        var loss = Command.Transfer(id, id, tab.Owed, TabAccounts.Loss(tab.Payee, asset), new Amount(asset, owed), TransferCode.Allowance, now + (long)MadeGoodWithin.TotalMilliseconds);
        // Whatever is refunded at this moment makes the loss less: it is looked at again.
        if (await ledger.TrySubmitAsync(loss, Command.ChangeAccount(RecordKind.FreezeAccount, id | 1, tab.Room)) is not { } results) return DueResult.Undecided(RefusalCodes.NotReady);
        return results[0].Outcome == Outcome.Done ? later : DueResult.Next(now + 1);
    }

    /// <summary>When the oldest read was made that is not paid, Unix milliseconds; null if all are.</summary>
    public async ValueTask<long?> FindOldestUnpaidAsync(TabEntry tab, long now)
    {
        var balances = (await ledger.ReadAccountAsync(tab.Owed))!.Value.Balances;
        if (balances.Available == UInt128.Zero) return null;
        var (paid, unpaid) = (tab.CreatedAt.ToUnixTimeMilliseconds() - 1, now);
        while (unpaid - paid > 1)
        {
            var middle = paid + ((unpaid - paid) / 2);
            if (await ledger.ReadBalanceAsync(tab.Owed, middle) is { } past && past.Balances.CreditsPosted > balances.DebitsPosted) unpaid = middle;
            else paid = middle;
        }

        return unpaid;
    }

    /// <summary>The loss that a tab is booked as, if it is.</summary>
    public async ValueTask<JournalRecord?> FindLossAsync(TabEntry tab)
    {
        var loss = TabAccounts.Loss(tab.Payee, TabAccounts.AssetOf(tab.Currency));
        long? before = null;
        while (true)
        {
            // What came behind it is at most refunds of reads that raced with it.
            var records = await ledger.ReadStatementAsync(tab.Owed, before, RecordsAtOnce);
            foreach (var record in records)
            {
                if (record.Command.Credit == loss) return record;
                before = record.Position;
            }

            if (records.Count < RecordsAtOnce) return null;
        }
    }

    private const int RecordsAtOnce = 16;

    private static UInt128 LossOf(UInt128 tab, long dueUnixMilliseconds)
    {
        var bytes = new CanonicalBytes(stackalloc byte[64]);
        bytes.Add("tab-loss");
        bytes.Add(tab);
        bytes.Add((UInt128)(ulong)dueUnixMilliseconds);
        return bytes.ToLegId(dueUnixMilliseconds);
    }
}
