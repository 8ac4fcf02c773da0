using Farthing.Ledger;
using Farthing.Payments.Settings;
using Farthing.Protocol;

namespace Farthing.Payments.Payees;

/// <summary>A payee as it is. Immutable; safe to share between threads.</summary>
/// <param name="Id">Its id, which is also its ledger account.</param>
/// <param name="Name">What payers are shown; 1 to 100 characters.</param>
/// <param name="Asset">What it is paid in.</param>
/// <param name="Website">The origin that pay pages may return to, such as <c>https://news.example</c>; null for none.</param>
/// <param name="SigningKey">The key of its terms; null for none.</param>
/// <param name="RefundsPerWalletPerMonth">How many one-click refunds a wallet has with it in a calendar month (UTC).</param>
public sealed record Payee(Id<PayeeKind> Id, string Name, Asset Asset, string? Website, VerifyingKey? SigningKey, int RefundsPerWalletPerMonth)
{
    /// <summary>What the operator says of it, such as <c>news</c>, so that a mandate can be for all payees with a tag.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Whether a browser may be sent back to an address: to the registered website, or, if it is null, nowhere.</summary>
    public bool MayReturnTo(string? address) => address is null || (Origin.TryRead(address, out var origin) && origin == Website);
}

/// <summary>What is asked for a new payee.</summary>
public sealed record NewPayee(string Name, Asset Asset, string? Website = null, VerifyingKey? SigningKey = null, int RefundsPerWalletPerMonth = NewPayee.DefaultRefundsPerWalletPerMonth)
{
    /// <summary>The most tags.</summary>
    public const int MaxTags = 20;

    /// <summary>What the operator says of it: different words of 1 to <see cref="Mandates.MandateScope.MaxTagLength"/> lower-case letters, digits and hyphens.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Five.</summary>
    public const int DefaultRefundsPerWalletPerMonth = 5;

    /// <summary>One thousand.</summary>
    public const int MaxRefundsPerWalletPerMonth = 1000;

    /// <summary>The longest name, in characters.</summary>
    public const int MaxNameLength = 100;
}

/// <summary>A payee and the key that was issued for it.</summary>
public sealed record IssuedPayee(Payee Payee, string Key);

/// <summary>A payee with its money: what it can spend, and what is held for it.</summary>
public sealed record PayeeBalance(Payee Payee, Amount Balance, Amount Held);

/// <summary>A payee as it is kept in memory.</summary>
internal sealed record PayeeEntry(Payee Payee, int KeyGeneration, UInt128 FeesAccount)
{
    public UInt128 Account => Payee.Id.Value;
}

/// <summary>Payees: making, reading, keys.</summary>
/// <remarks>Thread-safe. Every write is idempotent, also across a crash.</remarks>
public sealed class PayeeDirectory
{
    private const string CreateScope = "payee";
    private const int FirstKeyGeneration = 1;

    private readonly RowCache<PayeeEntry> loaded = new();
    private readonly ISettingsStore settings;
    private readonly Ledger.Ledger ledger;
    private readonly ChartOfAccounts chart;
    private readonly IssuedKeys keys;
    private readonly TimeProvider time;

    // Set once, while the server starts.
    private volatile bool isClosed;

    /// <summary>Whether websites of new payees must be reached by TLS, those on this machine aside. Set once, at the start.</summary>
    internal bool RequiresTls { private get; init; }

    internal PayeeDirectory(ISettingsStore settings, Ledger.Ledger ledger, ChartOfAccounts chart, IssuedKeys keys, TimeProvider time)
    {
        this.settings = settings;
        this.ledger = ledger;
        this.chart = chart;
        this.keys = keys;
        this.time = time;
    }

    /// <summary>Makes a payee: settings row, ledger account, then active. The same key gives the same payee and the same issued key.</summary>
    public async ValueTask<Answer<IssuedPayee>> CreateAsync(IdempotencyKey key, NewPayee request)
    {
        ArgumentNullException.ThrowIfNull(request);
        // A repeat is answered as before.
        if (isClosed && await settings.FindClaimAsync(CreateScope, key.ToHash()) is null) return new Refusal(RefusalCodes.OwnSite, "The operator runs this server for one site.");
        if (Check(request, out var origin) is { } refusal) return refusal;

        var id = Id<PayeeKind>.New(time);
        var row = new PayeeRow(id.Value, request.Name, request.Asset.Code, origin, request.SigningKey?.Bytes.ToArray(), FirstKeyGeneration,
            request.RefundsPerWalletPerMonth, string.Join(' ', request.Tags), RowState.Creating, time.GetUtcNow());
        if (await settings.ClaimNewAsync(CreateScope, key.ToHash(), Digest(row), row) is not { } standing) return Conflict;
        if (!await TryFinishAsync(standing)) return LedgerCalls.NotReady;
        var entry = loaded.Add(standing.Id, ToEntry(standing));
        return new IssuedPayee(entry.Payee, keys.Issue(entry.Payee.Id, FirstKeyGeneration));
    }

    /// <summary>Makes no payee from now on: the server is for one site alone.</summary>
    public void Close() => isClosed = true;

    /// <summary>A payee, or null. Answered from memory once it was read.</summary>
    public async ValueTask<Payee?> FindAsync(Id<PayeeKind> id) => (await LoadAsync(id.Value))?.Payee;

    /// <summary>A payee with its balance and what is held for it: now, or as they stood at a moment.</summary>
    public async ValueTask<Answer<PayeeBalance>> ReadAsync(Id<PayeeKind> id, DateTimeOffset? at = null)
    {
        if (await LoadAsync(id.Value) is not { } entry) return NotFound(id);
        var balances = await ledger.ReadBalancesAsync(id.Value, at);
        var asset = entry.Payee.Asset;
        return new PayeeBalance(entry.Payee, new Amount(asset, balances.Available), new Amount(asset, balances.CreditsHeld));
    }

    /// <summary>Issues a new key and ends the old one.</summary>
    /// <returns>The new key.</returns>
    public async ValueTask<Answer<string>> RotateKeyAsync(Id<PayeeKind> id, IdempotencyKey key)
    {
        if (await LoadAsync(id.Value) is null) return NotFound(id);
        var bytes = new CanonicalBytes(stackalloc byte[64]);
        bytes.Add("payee-key");
        bytes.Add(id.Value);
        var digest = bytes.ToDigest();
        ClaimRow? claim = null;
        while (claim is null)
        {
            var before = await settings.GetAsync<PayeeRow>(id.Value);
            var generation = before.KeyGeneration + 1;
            claim = await settings.ClaimAsync(new ClaimRow(RotationScope(id), key.ToHash(), digest, id.Value, generation), before with { KeyGeneration = generation, Version = before.Version + 1 });
        }

        if (claim.Digest != digest) return Conflict;
        loaded.SetNewest(id.Value, ToEntry(await settings.GetAsync<PayeeRow>(id.Value)), entry => entry.KeyGeneration);
        return keys.Issue(id, claim.Result);
    }

    /// <summary>The generation of the key that a rotation issued; null if there was none with this key.</summary>
    internal async ValueTask<int?> FindRotationAsync(Id<PayeeKind> id, IdempotencyKey key) => (await settings.FindClaimAsync(RotationScope(id), key.ToHash()))?.Result;

    internal static Refusal NotFound(Id<PayeeKind> id) => new(RefusalCodes.PayeeNotFound, $"There is no payee {id}.");

    internal static Refusal Conflict { get; } = new(RefusalCodes.IdempotencyConflict, "This key was used for another request. Use a new key for a new request.");

    internal bool TryGetLoaded(UInt128 id, out PayeeEntry? entry) => loaded.TryGet(id, out entry);

    internal async ValueTask<PayeeEntry?> LoadAsync(UInt128 id)
    {
        if (loaded.TryGet(id, out var entry)) return entry;
        var row = await settings.FindAsync<PayeeRow>(id);
        return row is null || row.State == RowState.Creating ? null : loaded.Add(id, ToEntry(row));
    }

    /// <summary>Carries a claimed row on: opens its accounts, then marks it active. Does nothing that was done before.</summary>
    /// <returns>False if the ledger takes no work.</returns>
    internal async ValueTask<bool> TryFinishAsync(PayeeRow row)
    {
        if (row.State != RowState.Creating) return true;
        var asset = Currency.Of(row.Currency);
        if (!await chart.TryOpenAsync(ChartOfAccounts.Fees(asset), asset)) return false;
        if (!await ledger.TryEnsureAsync(Command.OpenAccount(row.Id, asset, AccountFlags.DebitsMustNotExceedCredits))) return false;
        await settings.WriteAsync(row with { State = RowState.Active, Version = row.Version + 1 });
        return true;
    }

    private static string RotationScope(Id<PayeeKind> id) => $"payee-key:{id}";

    private static PayeeEntry ToEntry(PayeeRow row)
    {
        var asset = Currency.Of(row.Currency);
        var signingKey = row.SigningKey is null ? null : VerifyingKey.FromBytes(row.SigningKey);
        return new(new Payee(new(row.Id), row.Name, asset, row.Website, signingKey, row.RefundsPerWalletPerMonth) { Tags = row.Tags.Split(' ', StringSplitOptions.RemoveEmptyEntries) }, row.KeyGeneration, ChartOfAccounts.Fees(asset));
    }

    private static UInt128 Digest(PayeeRow row)
    {
        var bytes = new CanonicalBytes(stackalloc byte[512]);
        bytes.Add("payee");
        bytes.Add(row.Name);
        bytes.Add(row.Currency);
        bytes.Add(row.Website);
        bytes.Add(row.SigningKey is null ? default : row.SigningKey.AsSpan());
        bytes.Add((UInt128)(uint)row.RefundsPerWalletPerMonth);
        bytes.Add(row.Tags);
        return bytes.ToDigest();
    }

    private Refusal? Check(NewPayee request, out string? origin)
    {
        origin = null;
        if (!Words.AreShown(request.Name, NewPayee.MaxNameLength))
            return new(RefusalCodes.InvalidField, $"name must be 1 to {NewPayee.MaxNameLength} characters, not all blank, without control characters.");
        if (!Currency.IsKnown(request.Asset)) return new(RefusalCodes.UnknownCurrency, $"{request.Asset} is not a currency of this server.");
        if (request.Website is not null && !Origin.TryRead(request.Website, out origin))
            return new(RefusalCodes.InvalidField, "website must be an absolute http or https address without a user name, such as https://news.example.");
        if (RequiresTls && origin is not null && new Uri(origin) is { IsLoopback: false, Scheme: not "https" })
            return new(RefusalCodes.InvalidField, "website must begin with https here: whoever hears what a payer brings back to it could read what was bought.");
        if (request.Tags.Count > NewPayee.MaxTags || request.Tags.Distinct().Count() != request.Tags.Count || !request.Tags.All(Mandates.MandateScope.IsTag))
            return new(RefusalCodes.InvalidField, $"tags must be at most {NewPayee.MaxTags} different words of 1 to {Mandates.MandateScope.MaxTagLength} lower-case letters, digits and hyphens.");
        return request.RefundsPerWalletPerMonth is >= 0 and <= NewPayee.MaxRefundsPerWalletPerMonth ? null
            : new(RefusalCodes.InvalidField, $"The refunds of a wallet in a month must be 0 to {NewPayee.MaxRefundsPerWalletPerMonth}.");
    }
}
