using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Farthing.Ledger;
using Farthing.Payments.Mandates;
using Farthing.Payments.Payees;
using Farthing.Payments.Settings;
using Farthing.Payments.TopUps;
using Farthing.Protocol;

namespace Farthing.Payments.Wallets;

/// <summary>A wallet as it is. Immutable; safe to share between threads.</summary>
public sealed record Wallet(Id<WalletKind> Id, Asset Asset);

/// <summary>A wallet and the key that was issued for it.</summary>
public sealed record IssuedWallet(Wallet Wallet, string Key);

/// <summary>A wallet with its money: <see cref="Balance"/> is what can be spent, <see cref="Held"/> what is set aside.</summary>
public sealed record WalletBalance(Wallet Wallet, Amount Balance, Amount Held);

/// <summary>Wallets: making, reading, erasing; those of browsers included.</summary>
/// <remarks>Thread-safe. Every write is idempotent, also across a crash.</remarks>
public sealed class WalletDirectory
{
    private const string CreateScope = "wallet";
    private const string BrowserScope = "browser-wallet";

    private readonly RowCache<WalletEntry> loaded = new();
    private readonly Turns turns = new(64);
    private readonly ISettingsStore settings;
    private readonly Ledger.Ledger ledger;
    private readonly IssuedKeys keys;
    private readonly Debts debts;
    private readonly TimeProvider time;

    internal WalletDirectory(ISettingsStore settings, Ledger.Ledger ledger, IssuedKeys keys, Debts debts, TimeProvider time)
    {
        this.settings = settings;
        this.ledger = ledger;
        this.keys = keys;
        this.debts = debts;
        this.time = time;
    }

    /// <summary>Makes a wallet for whoever asks. The key must be random (<see cref="IdempotencyKey.IsRandomEnough"/>), as it stands for its owner.</summary>
    public async ValueTask<Answer<IssuedWallet>> CreateAsync(IdempotencyKey key, Asset asset)
    {
        if (!key.IsRandomEnough)
            return new Refusal(RefusalCodes.IdempotencyKeyInvalid, "Where there is no account yet, the key must be a random UUID or at least 22 random characters of A-Z a-z 0-9 - _.");
        var answer = await CreateAsync(CreateScope, key.ToHash(), asset);
        return answer.IsGiven ? new IssuedWallet(answer.Value, keys.Issue(answer.Value.Id, 1)) : answer.Refusal;
    }

    /// <summary>The wallet of a browser's cookie, made if there is none. Two calls at once make one wallet.</summary>
    /// <param name="browserSecret">The opaque cookie: 256 random bits as base64url.</param>
    /// <param name="asset">The currency of a new wallet.</param>
    public async ValueTask<Answer<Wallet>> OpenForBrowserAsync(string browserSecret, Asset asset)
    {
        ArgumentNullException.ThrowIfNull(browserSecret);
        var (wallet, next) = await WalkAsync(browserSecret, asset);
        return wallet is null ? await CreateAsync(BrowserScope, BrowserKey(browserSecret, asset, next), asset) : wallet;
    }

    /// <summary>The wallet of a browser's cookie in a currency, or null: also when the wallet was recovered elsewhere since.</summary>
    public async ValueTask<Wallet?> FindForBrowserAsync(string browserSecret, Asset asset)
    {
        ArgumentNullException.ThrowIfNull(browserSecret);
        return (await WalkAsync(browserSecret, asset)).Wallet;
    }

    /// <summary>Makes a wallet, as it now is, that of a browser's cookie, in place of the one before in its currency. Doing it again changes nothing.</summary>
    public async ValueTask GiveToBrowserAsync(string browserSecret, Id<WalletKind> id)
    {
        ArgumentNullException.ThrowIfNull(browserSecret);
        var entry = await LoadAsync(id.Value) ?? throw new InvalidOperationException($"There is no wallet {id}.");
        var (wallet, number) = await WalkAsync(browserSecret, entry.Asset);
        if (wallet?.Id == id) return;
        // What others claim meanwhile is passed by.
        while (await settings.ClaimAsync(new ClaimRow(BrowserScope, BrowserKey(browserSecret, entry.Asset, number), 0, id.Value, entry.KeyGeneration)) is not { } claim || claim.Row != id.Value || claim.Result != entry.KeyGeneration)
            number++;
    }

    /// <summary>A wallet, or null.</summary>
    public async ValueTask<Wallet?> FindAsync(Id<WalletKind> id) => (await LoadAsync(id.Value))?.Wallet;

    /// <summary>A wallet with its balance and what is held: now, or as they stood at a moment.</summary>
    public async ValueTask<Answer<WalletBalance>> ReadAsync(Id<WalletKind> id, DateTimeOffset? at = null)
    {
        if (await LoadAsync(id.Value) is not { } entry) return NotFound(id);
        if (entry.IsErased) return Erased;
        var balances = await ledger.ReadBalancesAsync(id.Value, at);
        return new WalletBalance(entry.Wallet, new Amount(entry.Asset, balances.Available), new Amount(entry.Asset, balances.DebitsHeld));
    }

    /// <summary>Destroys the key of the wallet's memos, for ever, and ends its mandates and monthly tips. What is left of its balance stays in the ledger; the wallet can no longer be used.</summary>
    public async ValueTask<Answer<Wallet>> EraseAsync(Id<WalletKind> id)
    {
        if (await LoadAsync(id.Value) is not { } entry) return NotFound(id);
        using var turn = await EnterAsync(id.Value);
        // The freeze stops payments that were resolved before the key was destroyed.
        if (!await TryFreezeAsync(id) || !await TryEndStandingAsync(id)) return LedgerCalls.NotReady;
        // A row without a key may still have it in the files, if the first erasure was cut off.
        WalletRow row;
        do row = await settings.GetAsync<WalletRow>(id.Value);
        while (!await settings.EraseAsync(row with { MemoKey = null, State = RowState.Erased, Version = row.Version + 1 }));
        await ReloadAsync(id.Value);
        return entry.Wallet;
    }

    /// <summary>Ends what would pay from a wallet without being asked again; false if the ledger takes no work. Set once, before anything is erased.</summary>
    internal Func<Id<WalletKind>, ValueTask<bool>> TryEndStandingAsync { private get; set; } = _ => new(true);

    /// <summary>Waits for whoever changes a wallet or counts what it has, and keeps others from it until the answer is disposed. Nobody may pay meanwhile: a payment may wait for this turn.</summary>
    internal ValueTask<IDisposable> EnterAsync(UInt128 wallet) => turns.EnterAsync(wallet);

    /// <summary>The same, if nobody has it now.</summary>
    internal IDisposable? TryEnter(UInt128 wallet) => turns.TryEnter(wallet);

    internal static Refusal NotFound(Id<WalletKind> id) => new(RefusalCodes.WalletNotFound, $"There is no wallet {id}.");

    internal static Refusal Erased { get; } = new(RefusalCodes.WalletErased, "The wallet was erased. Make a new one.");

    /// <summary>Why a wallet that was found pays nothing at all, or null. Reads memory only.</summary>
    internal Refusal? CheckPayer(WalletEntry wallet) => wallet.IsErased ? Erased : debts.Check(wallet.Account);

    internal bool TryGetLoaded(UInt128 id, out WalletEntry? entry) => loaded.TryGet(id, out entry);

    internal async ValueTask<WalletEntry?> LoadAsync(UInt128 id)
    {
        if (loaded.TryGet(id, out var entry)) return entry;
        var row = await settings.FindAsync<WalletRow>(id);
        return row is null || row.State == RowState.Creating ? null : loaded.Add(id, await ToEntryAsync(row));
    }

    /// <summary>Takes a row into memory that was changed.</summary>
    /// <remarks>Keys end and wallets are erased here: whoever read the row before that and comes late changes nothing.</remarks>
    internal async ValueTask ReloadAsync(UInt128 id) => loaded.SetNewest(id, await ToEntryAsync(await settings.GetAsync<WalletRow>(id)), entry => entry.Version);

    /// <summary>Carries a claimed row on: opens its account, then marks it active. Does nothing that was done before.</summary>
    /// <returns>False if the ledger takes no work.</returns>
    internal async ValueTask<bool> TryFinishAsync(WalletRow row)
    {
        if (row.State != RowState.Creating) return true;
        if (!await ledger.TryEnsureAsync(Command.OpenAccount(row.Id, Currency.Of(row.Currency), AccountFlags.DebitsMustNotExceedCredits))) return false;
        await settings.WriteAsync(row with { State = RowState.Active, Version = row.Version + 1 });
        return true;
    }

    private async ValueTask<bool> TryFreezeAsync(Id<WalletKind> id)
    {
        while (await ledger.ReadAccountAsync(id.Value) is { } account && (account.Flags & (AccountFlags.Frozen | AccountFlags.Closed)) == AccountFlags.None)
        {
            // An erasure that was cut off and then resumed has used up the id of its freeze.
            var next = await FreeNumber.FindAsync(async number => await ledger.FindAsync(FreezeId(id, number)) is not null);
            if (await ledger.TrySubmitAsync(Command.ChangeAccount(RecordKind.FreezeAccount, FreezeId(id, next), id.Value)) is null) return false;
        }

        return true;
    }

    private async ValueTask<Answer<Wallet>> CreateAsync(string scope, byte[] key, Asset asset)
    {
        if (!Currency.IsKnown(asset)) return new Refusal(RefusalCodes.UnknownCurrency, $"{asset} is not a currency of this server.");
        var bytes = new CanonicalBytes(stackalloc byte[64]);
        bytes.Add(scope);
        bytes.Add(asset.Code);
        var row = new WalletRow(Id<WalletKind>.New(time).Value, asset.Code, RandomNumberGenerator.GetBytes(MemoCipher.KeyLength), 1, null, RowState.Creating, time.GetUtcNow());
        if (await settings.ClaimNewAsync(scope, key, bytes.ToDigest(), row) is not { } standing) return PayeeDirectory.Conflict;
        if (!await TryFinishAsync(standing)) return LedgerCalls.NotReady;
        return loaded.Add(standing.Id, await ToEntryAsync(standing)).Wallet;
    }

    private async ValueTask<WalletEntry> ToEntryAsync(WalletRow row)
    {
        var caps = row.Caps is { } id ? CapsRows.Count(await settings.GetAsync<CapsRow>(id)) : null;
        return new(new(row.Id), Currency.Of(row.Currency), row.MemoKey, row.KeyGeneration, caps, row.Version);
    }

    /// <summary>A browser's wallet in a currency, the newest of those that it was given and that were not recovered elsewhere since; and the number of the next.</summary>
    private async ValueTask<(Wallet? Wallet, uint Next)> WalkAsync(string browserSecret, Asset asset)
    {
        Wallet? found = null;
        for (uint number = 0; ; number++)
        {
            if (await settings.FindClaimAsync(BrowserScope, BrowserKey(browserSecret, asset, number)) is not { } claim) return (found, number);
            // One that is just being made is finished by whoever opens it again.
            if (await LoadAsync(claim.Row) is not { } entry) return (found, number);
            // A wallet that a browser made has its first generation.
            if (entry.KeyGeneration == Math.Max(1, claim.Result)) found = entry.Wallet;
        }
    }

    // A browser's cookie is a secret: only its hash is kept.
    private static byte[] BrowserKey(string browserSecret, Asset asset, uint number) =>
        SHA256.HashData(Encoding.UTF8.GetBytes(number == 0 ? $"{asset.Code}:{browserSecret}" : string.Create(CultureInfo.InvariantCulture, $"{asset.Code}:{browserSecret}:{number}")));

    private static UInt128 FreezeId(Id<WalletKind> id, uint number)
    {
        var bytes = new CanonicalBytes(stackalloc byte[64]);
        bytes.Add("erase");
        bytes.Add(id.Value);
        bytes.Add((UInt128)number);
        return bytes.ToLegId();
    }
}
