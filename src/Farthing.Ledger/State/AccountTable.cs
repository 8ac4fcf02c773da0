using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Farthing.Protocol;

namespace Farthing.Ledger.State;

/// <summary>An account as it is now, where it stays. Written only by <see cref="LedgerState"/>, after <see cref="AccountTable.Touch"/>.</summary>
internal struct AccountState : IIdentified
{
    public required UInt128 Id { get; init; }

    public UInt128 DebitsPosted;
    public UInt128 DebitsHeld;
    public UInt128 CreditsPosted;
    public UInt128 CreditsHeld;

    /// <summary>What the account adds to the digest of all; owned by <see cref="AccountTable"/>.</summary>
    public UInt128 DigestShare;

    /// <summary>The newest record that touched it.</summary>
    public long LastPosition;

    /// <summary>The record that opened it.</summary>
    public required long OpenedPosition { get; init; }

    /// <summary>What it is found by in <see cref="AccountTable"/>, by those who have no id at hand.</summary>
    public required int Number { get; init; }

    /// <summary>What it counts: see <see cref="AccountTable.AssetOf"/>.</summary>
    public required int AssetNumber { get; init; }

    /// <summary>What it allows.</summary>
    public AccountFlags Flags;

    /// <summary>True if <see cref="DigestShare"/> is out of date; owned by <see cref="AccountTable"/>.</summary>
    public bool IsStale;

    /// <summary>True if the current chain touched it; owned by <see cref="AccountTable"/>.</summary>
    public bool IsTouched;

    public readonly Balances Balances => new(DebitsPosted, DebitsHeld, CreditsPosted, CreditsHeld);

    public readonly bool IsFrozen => (Flags & AccountFlags.Frozen) != 0;

    public readonly bool IsClosed => (Flags & AccountFlags.Closed) != 0;

    /// <summary>True if it has an end: see <see cref="AccountTable.EndOf"/>.</summary>
    public readonly bool Ends => (Flags & AccountFlags.Ends) != 0;

    public readonly bool HasHolds => (DebitsHeld | CreditsHeld) != UInt128.Zero;

    /// <summary>What the account allowed when it was opened.</summary>
    public readonly AccountFlags FlagsOfOpening => Flags & (AccountFlags.DebitsMustNotExceedCredits | AccountFlags.CreditsMustNotExceedDebits);
}

/// <summary>All accounts, with what is needed to undo the current chain and to know their digest.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class AccountTable
{
    // Memory takes about as long as to hash so many accounts.
    private const int PrefetchedAhead = 8;

    private readonly IdTable<AccountState> accounts = new();
    private readonly EndingAccounts ends = new();
    private readonly List<Asset> assets = [];
    private readonly Dictionary<Asset, int> assetNumbers = [];

    // What the current chain touched, as it was before.
    private readonly AccountState[] touched = new AccountState[2 * LedgerState.MaxChainLength];
    private int touchedCount;

    // The numbers of those it opened.
    private readonly List<int> opened = [];

    // Numbers of accounts whose share of the digest is out of date: a busy account is hashed once a batch, not once a transfer.
    private readonly List<int> stale = [];
    private UInt128 digest;

    /// <summary>How many accounts there are.</summary>
    public int Count => accounts.Count;

    /// <summary>No account has a higher number. They are numbered from one; where one was forgotten, the id is zero until another takes its place.</summary>
    public int LastNumber => accounts.LastNumber;

    /// <summary>The end of the next account that is not held up, Unix milliseconds, or long.MaxValue.</summary>
    public long NextEnd => ends.NextEnd;

    /// <summary>All heirs of accounts that end.</summary>
    public IEnumerable<UInt128> Heirs => ends.Heirs;

    /// <summary>The sum of all accounts' hashes, modulo 2^128.</summary>
    public UInt128 Digest
    {
        get
        {
            var numbers = CollectionsMarshal.AsSpan(stale);
            for (var i = 0; i < numbers.Length; i++)
            {
                if (i + PrefetchedAhead < numbers.Length) accounts.PrefetchItem(numbers[i + PrefetchedAhead]);
                ref var account = ref accounts[numbers[i]];
                if (account.Id == UInt128.Zero) continue;
                var share = StateDigest.Of(account, AssetOf(account), EndOf(account));
                digest = unchecked(digest - account.DigestShare + share);
                account.DigestShare = share;
                account.IsStale = false;
            }

            stale.Clear();
            return digest;
        }
    }

    /// <summary>The account with a number.</summary>
    public ref AccountState this[int number] => ref accounts[number];

    /// <summary>The account with an id, or a null reference.</summary>
    public ref AccountState Find(UInt128 id) => ref accounts.Find(id);

    public Asset AssetOf(in AccountState account) => assets[account.AssetNumber];

    /// <summary>When an account ends.</summary>
    public AccountEnd EndOf(in AccountState account) => account.Ends ? ends[account.Number] : default;

    /// <summary>True if an account ends whose heir has this id.</summary>
    public bool IsHeir(UInt128 id) => ends.IsHeir(id);

    public ref AccountState Open(UInt128 id, Asset asset, AccountFlags flags, long position, in AccountEnd end = default)
    {
        ref var account = ref Add(new()
        {
            Id = id,
            Number = accounts.NextNumber,
            AssetNumber = NumberOf(asset),
            Flags = end.IsNever ? flags : flags | AccountFlags.Ends,
            OpenedPosition = position,
            LastPosition = -1,
        });
        opened.Add(account.Number);
        if (!end.IsNever) ends.Add(account.Number, end, position);
        Touch(ref account);
        return ref account;
    }

    /// <summary>Makes room for so many accounts.</summary>
    public void Expect(int count) => accounts.Expect(count);

    /// <summary>Takes over an account of a snapshot, in no chain.</summary>
    public void Restore(in SavedAccount saved)
    {
        ref var account = ref Add(new()
        {
            Id = saved.Id,
            DebitsPosted = saved.Balances.DebitsPosted,
            DebitsHeld = saved.Balances.DebitsHeld,
            CreditsPosted = saved.Balances.CreditsPosted,
            CreditsHeld = saved.Balances.CreditsHeld,
            DigestShare = StateDigest.Of(saved),
            Number = accounts.NextNumber,
            AssetNumber = NumberOf(saved.Asset),
            Flags = saved.Flags,
            OpenedPosition = saved.OpenedPosition,
            LastPosition = saved.LastPosition,
        });
        if (!saved.End.IsNever) ends.Add(account.Number, saved.End, saved.OpenedPosition);
        digest = unchecked(digest + account.DigestShare);
    }

    /// <summary>Remembers an account as it was before the current chain. To be called before any change.</summary>
    public void Touch(ref AccountState account)
    {
        if (account.IsTouched) return;
        touched[touchedCount++] = account;
        account.IsTouched = true;
    }

    /// <summary>Keeps what the chain changed, once it is sure that the chain made or destroyed nothing.</summary>
    /// <exception cref="InvalidOperationException">The chain would have broken an invariant: a bug.</exception>
    public void Commit()
    {
        UInt128 postedOut = 0, postedIn = 0, heldOut = 0, heldIn = 0;
        foreach (ref readonly var before in touched.AsSpan(0, touchedCount))
        {
            ref var after = ref accounts[before.Number];
            unchecked
            {
                postedOut += after.DebitsPosted - before.DebitsPosted;
                postedIn += after.CreditsPosted - before.CreditsPosted;
                heldOut += after.DebitsHeld - before.DebitsHeld;
                heldIn += after.CreditsHeld - before.CreditsHeld;
            }

            if ((after.Flags & AccountFlags.DebitsMustNotExceedCredits) != 0 && after.DebitsPosted + after.DebitsHeld > after.CreditsPosted)
                throw new InvalidOperationException($"Account {after.Id:x32} would have more debits than credits.");
            if ((after.Flags & AccountFlags.CreditsMustNotExceedDebits) != 0 && after.CreditsPosted + after.CreditsHeld > after.DebitsPosted)
                throw new InvalidOperationException($"Account {after.Id:x32} would have more credits than debits.");

            after.IsTouched = false;
            if (after.Ends && !after.HasHolds) ends.GoOn(after.Number);
            if (after.IsStale) continue;
            after.IsStale = true;
            stale.Add(after.Number);
        }

        if (postedOut != postedIn || heldOut != heldIn)
            throw new InvalidOperationException($"A chain would debit {postedOut} and credit {postedIn}, hold {heldOut} out and {heldIn} in.");
        touchedCount = 0;
        opened.Clear();
    }

    /// <summary>Puts back what the chain changed.</summary>
    public void RollBack()
    {
        foreach (ref readonly var before in touched.AsSpan(0, touchedCount)) accounts[before.Number] = before;
        touchedCount = 0;
        foreach (var number in opened) Remove(ref accounts[number]);
        opened.Clear();
    }

    /// <summary>The first account, by end and then by opening, whose end is not after <paramref name="time"/> and that is not held up.</summary>
    public bool TryPeekEnd(long time, [NotNullWhen(true)] out EndingAccount? account) => ends.TryPeek(time, out account);

    /// <summary>Passes over the account that was peeked at, until its holds are resolved.</summary>
    public void HoldUp(EndingAccount account) => ends.HoldUp(account);

    /// <summary>Between two chains: forgets an account that has ended. Its number and its memory go to another one.</summary>
    public void Forget(ref AccountState account)
    {
        digest = unchecked(digest - account.DigestShare);
        Remove(ref account);
    }

    /// <summary>Between two batches: drops what is no longer needed.</summary>
    public void Sweep() => ends.Sweep();

    /// <summary>Asks for the memory where an account is looked for. Changes nothing.</summary>
    public void PrefetchSlot(UInt128 id) => accounts.PrefetchSlot(id);

    /// <summary>Asks for the memory of an account, once that of its slot is there. Changes nothing.</summary>
    public void Prefetch(UInt128 id) => accounts.PrefetchItem(id);

    private ref AccountState Add(scoped in AccountState account)
    {
        var countBefore = accounts.Count;
        ref var added = ref accounts.Add(account);
        if (accounts.Count == countBefore) throw new InvalidOperationException($"Account {account.Id:x32} was open already.");
        return ref added;
    }

    private void Remove(ref AccountState account)
    {
        if (account.Ends) ends.Remove(account.Number);
        accounts.Remove(account.Number);
    }

    private int NumberOf(Asset asset)
    {
        if (assetNumbers.TryGetValue(asset, out var number)) return number;
        number = assets.Count;
        assets.Add(asset);
        assetNumbers.Add(asset, number);
        return number;
    }
}
