using System.Diagnostics.CodeAnalysis;
using Farthing.Protocol;

namespace Farthing.Ledger.State;

/// <summary>An account as it is now. Written only by <see cref="LedgerState"/>, after <see cref="AccountTable.Touch"/>.</summary>
/// <param name="id">The account.</param>
/// <param name="asset">What it counts.</param>
/// <param name="flags">What it allows.</param>
/// <param name="openedPosition">The record that opened it.</param>
internal sealed class AccountState(UInt128 id, Asset asset, AccountFlags flags, long openedPosition)
{
    public UInt128 Id { get; } = id;

    public Asset Asset { get; } = asset;

    public AccountFlags Flags { get; set; } = flags;

    public Balances Balances { get; set; }

    public long OpenedPosition { get; } = openedPosition;

    public long LastPosition { get; set; } = -1;

    public bool IsFrozen => (Flags & AccountFlags.Frozen) != 0;

    public bool IsClosed => (Flags & AccountFlags.Closed) != 0;

    /// <summary>What the account allowed when it was opened.</summary>
    public AccountFlags FlagsOfOpening => Flags & ~(AccountFlags.Frozen | AccountFlags.Closed);

    /// <summary>What it adds to the digest of all accounts; owned by <see cref="AccountTable"/>.</summary>
    internal UInt128 DigestShare { get; set; }

    internal bool IsDigestStale { get; set; }

    /// <summary>The chain that touched it last; owned by <see cref="AccountTable"/>.</summary>
    internal long TouchedByChain { get; set; }

    public AccountSnapshot ToSnapshot() => new(Id, Asset, Flags, Balances, LastPosition);
}

/// <summary>All accounts, with what is needed to undo the current chain and to know their digest.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class AccountTable
{
    private readonly Dictionary<UInt128, AccountState> accounts = [];
    private readonly List<AccountState> opened = [];
    private readonly List<(AccountState Account, AccountFlags Flags, Balances Balances, long LastPosition)> touched = [];

    // Accounts whose share of the digest is out of date: a busy account is hashed once a batch, not once a transfer.
    private readonly List<AccountState> stale = [];
    private UInt128 digest;
    private long chain = 1;

    public IEnumerable<AccountState> All => accounts.Values;

    /// <summary>The sum of all accounts' hashes, modulo 2^128.</summary>
    public UInt128 Digest
    {
        get
        {
            foreach (var account in stale)
            {
                var share = StateDigest.Of(account);
                digest = unchecked(digest - account.DigestShare + share);
                account.DigestShare = share;
                account.IsDigestStale = false;
            }

            stale.Clear();
            return digest;
        }
    }

    public bool TryFind(UInt128 id, [NotNullWhen(true)] out AccountState? account) => accounts.TryGetValue(id, out account);

    public AccountState Open(UInt128 id, Asset asset, AccountFlags flags, long position)
    {
        var account = new AccountState(id, asset, flags, position);
        accounts.Add(id, account);
        opened.Add(account);
        Touch(account);
        return account;
    }

    /// <summary>Makes room for so many accounts.</summary>
    public void Expect(int count) => accounts.EnsureCapacity(count);

    /// <summary>Takes over an account of a snapshot, in no chain.</summary>
    public void Restore(in SavedAccount saved)
    {
        var account = new AccountState(saved.Id, saved.Asset, saved.Flags, saved.OpenedPosition)
        {
            Balances = saved.Balances,
            LastPosition = saved.LastPosition,
            DigestShare = StateDigest.Of(saved),
        };
        accounts.Add(account.Id, account);
        digest = unchecked(digest + account.DigestShare);
    }

    /// <summary>Remembers an account as it was before the current chain. To be called before any change.</summary>
    public void Touch(AccountState account)
    {
        if (account.TouchedByChain == chain) return;
        account.TouchedByChain = chain;
        touched.Add((account, account.Flags, account.Balances, account.LastPosition));
    }

    /// <summary>Keeps what the chain changed, once it is sure that the chain made or destroyed nothing.</summary>
    /// <exception cref="InvalidOperationException">The chain would have broken an invariant: a bug.</exception>
    public void Commit()
    {
        CheckInvariants();
        foreach (var (account, _, _, _) in touched)
        {
            if (account.IsDigestStale) continue;
            account.IsDigestStale = true;
            stale.Add(account);
        }

        EndChain();
    }

    /// <summary>Puts back what the chain changed.</summary>
    public void RollBack()
    {
        foreach (var (account, flags, balances, lastPosition) in touched)
        {
            account.Flags = flags;
            account.Balances = balances;
            account.LastPosition = lastPosition;
        }

        foreach (var account in opened) accounts.Remove(account.Id);
        EndChain();
    }

    private void EndChain()
    {
        touched.Clear();
        opened.Clear();
        chain++;
    }

    private void CheckInvariants()
    {
        UInt128 postedOut = 0, postedIn = 0, heldOut = 0, heldIn = 0;
        unchecked
        {
            foreach (var (account, _, before, _) in touched)
            {
                var after = account.Balances;
                postedOut += after.DebitsPosted - before.DebitsPosted;
                postedIn += after.CreditsPosted - before.CreditsPosted;
                heldOut += after.DebitsHeld - before.DebitsHeld;
                heldIn += after.CreditsHeld - before.CreditsHeld;
            }
        }

        if (postedOut != postedIn || heldOut != heldIn)
            throw new InvalidOperationException($"A chain would debit {postedOut} and credit {postedIn}, hold {heldOut} out and {heldIn} in.");

        foreach (var (account, _, _, _) in touched)
        {
            var after = account.Balances;
            if ((account.Flags & AccountFlags.DebitsMustNotExceedCredits) != 0 && after.DebitsPosted + after.DebitsHeld > after.CreditsPosted)
                throw new InvalidOperationException($"Account {account.Id:x32} would have more debits than credits.");
            if ((account.Flags & AccountFlags.CreditsMustNotExceedDebits) != 0 && after.CreditsPosted + after.CreditsHeld > after.DebitsPosted)
                throw new InvalidOperationException($"Account {account.Id:x32} would have more credits than debits.");
        }
    }
}
