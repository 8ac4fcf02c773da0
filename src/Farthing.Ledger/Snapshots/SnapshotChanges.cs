using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Farthing.Ledger.Journal;
using Farthing.Ledger.State;
using Farthing.Protocol;

namespace Farthing.Ledger.Snapshots;

/// <summary>What the frames behind a snapshot changed, taken from what their records say came out: nothing is carried out a second time.</summary>
/// <remarks>Memory follows what changed, not what there is. Not thread-safe.</remarks>
internal sealed class SnapshotChanges
{
    private readonly IdTable<AccountChange> accounts = new();
    private readonly List<UInt128> accountIds = [];
    private readonly Dictionary<UInt128, AccountEnd> ends = [];
    private readonly List<Asset> assets = [];
    private readonly Dictionary<Asset, int> assetNumbers = [];

    private readonly Dictionary<UInt128, SavedHold> heldSince = [];
    private readonly HashSet<UInt128> resolvedOfBefore = [];

    // In the order of positions, as they were paid; what was paid back of them, and of those before, stands apart: that is rare, and there are many of them.
    private readonly List<SavedRefundable> refundableSince = [];
    private readonly Dictionary<UInt128, Refunded> refunded = [];

    // How much each frame forgot at most, and whose deadline was before what.
    private readonly List<(long UnixMilliseconds, int Most)> forgetting = [];

    /// <summary>How many things are kept in memory.</summary>
    public int Count => accountIds.Count + heldSince.Count + resolvedOfBefore.Count + refundableSince.Count + refunded.Count + forgetting.Count;

    /// <summary>Adds the next frame.</summary>
    /// <exception cref="LedgerDamagedException">A record cannot be read.</exception>
    public void Add(Frame frame)
    {
        var header = frame.Header;
        var ahead = new AccountsAhead<AccountChange>(frame, accounts);
        for (var index = 0; index < header.RecordCount; index++)
        {
            var position = header.FirstPosition + index;
            ahead.Ask(index);
            if (!RecordCodec.TryView(frame.RecordAt(index), position, out var record)) throw Damage.At(header, $"record {position} cannot be read");
            if (record.IsDone) Add(record, position);
        }
        forgetting.Add((header.UnixMilliseconds, LedgerState.ForgottenPerRecord * header.RecordCount));
    }

    /// <summary>Writes what was before, with the changes made in it.</summary>
    /// <param name="before">Null for nothing.</param>
    /// <param name="after">Where it goes.</param>
    /// <exception cref="SnapshotException">The snapshot before is damaged.</exception>
    /// <exception cref="InvalidOperationException">The changes do not belong to it.</exception>
    public void Merge(SnapshotReader? before, SnapshotWriter after)
    {
        MergeAccounts(before?.ReadAccounts() ?? [], after);
        MergeHolds(before?.ReadHolds() ?? [], after);
        MergeRefundables(before?.ReadRefundables() ?? [], after);
    }

    private void Add(in RecordView record, long position)
    {
        if (record.IsEmptyRefund) return;
        switch (record.Kind)
        {
            case RecordKind.OpenAccount:
                Open(record, position);
                break;
            case RecordKind.Transfer or RecordKind.Refund or RecordKind.Hold or RecordKind.Post or RecordKind.Void or RecordKind.Expire:
                Move(record.Debit, record.DebitAfter, position);
                Move(record.Credit, record.CreditAfter, position);
                break;
            case RecordKind.FreezeAccount:
                Move(record.Debit, record.DebitAfter, position).Add(AccountFlags.Frozen);
                break;
            case RecordKind.UnfreezeAccount:
                Move(record.Debit, record.DebitAfter, position).Remove(AccountFlags.Frozen);
                break;
            case RecordKind.CloseAccount:
                Move(record.Debit, record.DebitAfter, position).Add(AccountFlags.Closed);
                break;
            case RecordKind.EndAccount:
                Move(record.Debit, record.DebitAfter, position);
                Move(record.Credit, record.CreditAfter, position);
                accounts.Find(record.Id).IsForgotten = true;
                ends.Remove(record.Id);
                break;
        }

        if (record.Kind == RecordKind.Hold) Hold(record, position);
        if (record.Kind is RecordKind.Post or RecordKind.Void or RecordKind.Expire && !heldSince.Remove(record.Cited)) resolvedOfBefore.Add(record.Cited);
        if (record.Kind is RecordKind.Transfer or RecordKind.Post && record.DeadlineUnixMilliseconds != 0)
        {
            refundableSince.Add(new(record.Id, record.Credit, record.Debit, record.Units, record.DeadlineUnixMilliseconds, position, LastCitation: -1));
        }
        if (record.Kind == RecordKind.Refund) Refund(record, position);
    }

    private ref AccountChange Touch(UInt128 account, long position)
    {
        ref var change = ref accounts.Find(account);
        if (Unsafe.IsNullRef(ref change))
        {
            change = ref accounts.Add(new() { Id = account, OpenedPosition = -1 });
            accountIds.Add(account);
        }
        change.LastPosition = position;
        return ref change;
    }

    private ref AccountChange Move(UInt128 account, in Balances after, long position)
    {
        ref var change = ref Touch(account, position);
        change.Balances = after;
        return ref change;
    }

    private void Open(in RecordView record, long position)
    {
        ref var change = ref Touch(record.Id, position);
        change.OpenedPosition = position;
        change.Added = record.Flags;
        if (record.DeadlineUnixMilliseconds != 0)
        {
            change.Added |= AccountFlags.Ends;
            ends.Add(record.Id, new(record.DeadlineUnixMilliseconds, record.Cited));
        }
        var asset = record.Asset;
        ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(assetNumbers, asset, out var isThere);
        if (!isThere)
        {
            number = assets.Count;
            assets.Add(asset);
        }
        change.Asset = number;
    }

    private void Hold(in RecordView record, long position) => heldSince.Add(record.Id,
        new(record.Id, record.Debit, record.Credit, record.Units, record.Code, record.DeadlineUnixMilliseconds, position, position - record.ChainIndex));

    private void Refund(in RecordView record, long position)
    {
        ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(refunded, record.Cited, out _);
        sum = new(sum.Units + record.Units, position);
    }

    private void MergeAccounts(IEnumerable<SavedAccount> before, SnapshotWriter after)
    {
        accountIds.Sort();
        var next = 0;
        foreach (var account in before)
        {
            for (; next < accountIds.Count && accountIds[next] < account.Id; next++) AddOpened(accountIds[next], after);
            if (next < accountIds.Count && accountIds[next] == account.Id) AddChanged(account, accounts.Find(accountIds[next++]), after);
            else after.Add(account);
        }
        for (; next < accountIds.Count; next++) AddOpened(accountIds[next], after);
    }

    private static void AddChanged(in SavedAccount account, in AccountChange change, SnapshotWriter after)
    {
        if (change.OpenedPosition >= 0) throw new InvalidOperationException($"A snapshot has account {account.Id:x32}, which was opened behind it.");
        if (change.IsForgotten) return;
        after.Add(account with { Flags = (account.Flags | change.Added) & ~change.Removed, Balances = change.Balances, LastPosition = change.LastPosition });
    }

    private void AddOpened(UInt128 id, SnapshotWriter after)
    {
        ref var change = ref accounts.Find(id);
        if (change.OpenedPosition < 0) throw new InvalidOperationException($"A snapshot lacks account {id:x32}, which was opened before it.");
        if (change.IsForgotten) return;
        after.Add(new SavedAccount(id, assets[change.Asset], change.Added & ~change.Removed, change.Balances, change.OpenedPosition, change.LastPosition, ends.GetValueOrDefault(id)));
    }

    private void MergeHolds(IEnumerable<SavedHold> before, SnapshotWriter after)
    {
        var opened = heldSince.Values.OrderBy(hold => hold.Id).ToArray();
        var next = 0;
        foreach (var hold in before)
        {
            for (; next < opened.Length && opened[next].Id < hold.Id; next++) after.Add(opened[next]);
            if (!resolvedOfBefore.Contains(hold.Id)) after.Add(hold);
        }
        for (; next < opened.Length; next++) after.Add(opened[next]);
    }

    // The state machine forgets in the order of deadlines and positions, and what is due in a batch was there before it. So what it has forgotten by now
    // stands at the head of all that there was, and how much that is follows from the batches' times and sizes.
    private void MergeRefundables(IEnumerable<SavedRefundable> before, SnapshotWriter after)
    {
        var frame = 0;
        var left = forgetting.Count > 0 ? forgetting[0].Most : 0;
        foreach (var refundable in InOrder(before))
        {
            while (frame < forgetting.Count && (left == 0 || refundable.Deadline >= forgetting[frame].UnixMilliseconds))
            {
                frame++;
                if (frame < forgetting.Count) left = forgetting[frame].Most;
            }
            if (frame < forgetting.Count) left--;
            else after.Add(refundable);
        }
    }

    private IEnumerable<SavedRefundable> InOrder(IEnumerable<SavedRefundable> before)
    {
        SortByDeadline(refundableSince);
        var next = 0;
        foreach (var refundable in before)
        {
            for (; next < refundableSince.Count && CompareDeadlines(refundableSince[next], refundable) < 0; next++) yield return Left(refundableSince[next]);
            yield return Left(refundable);
        }
        for (; next < refundableSince.Count; next++) yield return Left(refundableSince[next]);
    }

    private SavedRefundable Left(in SavedRefundable refundable) => refunded.Count > 0 && refunded.TryGetValue(refundable.Id, out var sum)
        ? refundable with { UnitsLeft = refundable.UnitsLeft - sum.Units, LastCitation = sum.LastCitation }
        : refundable;

    // Most offers have the same window, so that most often they are in order as they came.
    private static void SortByDeadline(List<SavedRefundable> refundables)
    {
        var span = CollectionsMarshal.AsSpan(refundables);
        for (var i = 1; i < span.Length; i++)
        {
            if (CompareDeadlines(span[i - 1], span[i]) <= 0) continue;
            span.Sort(static (a, b) => CompareDeadlines(a, b));
            return;
        }
    }

    private static int CompareDeadlines(in SavedRefundable a, in SavedRefundable b) => (a.Deadline, a.Position).CompareTo((b.Deadline, b.Position));

    private readonly record struct Refunded(UInt128 Units, long LastCitation);

    private struct AccountChange : IIdentified
    {
        public UInt128 Id { get; init; }

        public Balances Balances;
        public long OpenedPosition; // -1 if it was open before
        public long LastPosition;
        public int Asset;
        public AccountFlags Added;
        public AccountFlags Removed;
        public bool IsForgotten;

        public void Add(AccountFlags flags)
        {
            Added |= flags;
            Removed &= ~flags;
        }

        public void Remove(AccountFlags flags)
        {
            Removed |= flags;
            Added &= ~flags;
        }
    }
}
