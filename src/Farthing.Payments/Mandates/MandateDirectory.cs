using Farthing.Ledger;
using Farthing.Payments.Calendars;
using Farthing.Payments.Desk;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Payments.Settings;
using Farthing.Payments.Wallets;
using Farthing.Protocol;

namespace Farthing.Payments.Mandates;

/// <summary>Mandates: giving, reading, revoking.</summary>
/// <remarks>Thread-safe. Every write is idempotent, also across a crash. A mandate never changes: who wants other caps gives another one and revokes the old.</remarks>
public sealed class MandateDirectory
{
    /// <summary>How many mandates of a wallet hold at most, neither ended nor revoked.</summary>
    public const int MaxHeld = 100;

    private readonly RowCache<MandateEntry> loaded = new();
    private readonly ISettingsStore settings;
    private readonly Ledger.Ledger ledger;
    private readonly ChartOfAccounts chart;
    private readonly WalletDirectory wallets;
    private readonly PayeeDirectory payees;
    private readonly IssuedKeys keys;
    private readonly Cursor cursor;
    private readonly TimeProvider time;

    internal MandateDirectory(ISettingsStore settings, Ledger.Ledger ledger, ChartOfAccounts chart, WalletDirectory wallets, PayeeDirectory payees, IssuedKeys keys,
        LabelledSecrets secrets, TimeProvider time)
    {
        this.settings = settings;
        this.ledger = ledger;
        this.chart = chart;
        this.wallets = wallets;
        this.payees = payees;
        this.keys = keys;
        cursor = new Cursor(secrets, "mandates");
        this.time = time;
    }

    /// <summary>Gives a mandate.</summary>
    public async ValueTask<Answer<IssuedMandate>> CreateAsync(Id<WalletKind> wallet, IdempotencyKey key, NewMandate request)
    {
        ArgumentNullException.ThrowIfNull(request);
        using var turn = await wallets.EnterAsync(wallet.Value);
        if (await wallets.LoadAsync(wallet.Value) is not { } owner) return WalletDirectory.NotFound(wallet);
        if (owner.IsErased) return WalletDirectory.Erased;
        if (await FindFaultAsync(request, owner.Asset) is { } refusal) return await RepeatAsync(wallet, key, request, owner.Asset) ?? refusal;
        if (await settings.FindClaimAsync(ScopeOf(wallet), key.ToHash()) is null && await CountHeldAsync(wallet) >= MaxHeld)
            return new Refusal(RefusalCodes.TooManyMandates, $"The wallet has {MaxHeld} mandates that hold. Revoke one that is no longer needed, then repeat.");
        var row = ToRow(wallet, request, owner.Asset);
        if (await settings.ClaimNewAsync(ScopeOf(wallet), key.ToHash(), Digest(wallet, request), row) is not { } standing) return PayeeDirectory.Conflict;
        if (!await TryFinishAsync(standing)) return LedgerCalls.NotReady;
        return await IssueAsync(loaded.Add(standing.Id, ToEntry(standing)));
    }

    /// <summary>A mandate of a wallet, with what is left of its caps.</summary>
    public async ValueTask<Answer<MandateState>> ReadAsync(Id<WalletKind> wallet, Id<MandateKind> id)
    {
        if (await IsErasedAsync(wallet)) return WalletDirectory.Erased;
        return await LoadAsync(id.Value) is { } entry && entry.Mandate.Wallet == wallet ? await ReadAsync(entry) : NotFound(id);
    }

    /// <summary>A mandate for whoever has its key; as if unknown once its wallet is erased.</summary>
    public async ValueTask<Answer<MandateState>> ReadOwnAsync(Id<MandateKind> own, Id<MandateKind> id) =>
        id == own && await LoadAsync(id.Value) is { } entry && !await IsErasedAsync(entry.Mandate.Wallet) ? await ReadAsync(entry) : NotFound(id);

    /// <summary>Whose mandate it is, and so who pays what its key asks for; null if there is none.</summary>
    public async ValueTask<Id<WalletKind>?> FindWalletAsync(Id<MandateKind> id) => (await LoadAsync(id.Value))?.Mandate.Wallet;

    /// <summary>A wallet's mandates, newest first, those that no longer hold included.</summary>
    public async ValueTask<Answer<Page<MandateState>>> ListAsync(Id<WalletKind> wallet, string? from, int pageSize)
    {
        if (await IsErasedAsync(wallet)) return WalletDirectory.Erased;
        if (!cursor.TryRead(wallet.Value, from, out var before)) return Cursor.Invalid;
        pageSize = Cursor.ClampPageSize(pageSize);
        var rows = await settings.ListAsync<MandateRow>(wallet.Value, before, pageSize + 1);
        var lines = new List<MandateState>(rows.Count);
        foreach (var row in rows.Take(pageSize)) lines.Add(await ReadAsync(loaded.Add(row.Id, ToEntry(row))));
        return new Page<MandateState>(lines, rows.Count > pageSize ? cursor.Write(wallet.Value, rows[pageSize - 1].Id) : null);
    }

    /// <summary>Takes a mandate back, at once: payments that are under way in the ledger's queue are refused. Doing it again changes nothing.</summary>
    public async ValueTask<Answer<MandateState>> RevokeAsync(Id<WalletKind> wallet, Id<MandateKind> id)
    {
        if (await IsErasedAsync(wallet)) return WalletDirectory.Erased;
        if (await LoadAsync(id.Value) is not { } entry || entry.Mandate.Wallet != wallet) return NotFound(id);
        return await TryRevokeAsync(id) is { } revoked ? await ReadAsync(revoked) : LedgerCalls.NotReady;
    }

    /// <summary>Revokes all mandates of a wallet that were made until a moment.</summary>
    /// <returns>False if the ledger takes no work.</returns>
    internal async ValueTask<bool> TryRevokeAllAsync(Id<WalletKind> wallet, DateTimeOffset until)
    {
        await foreach (var row in settings.ReadAllAsync<MandateRow>(wallet.Value))
        {
            if (row.State == RowState.Active && row.CreatedAt.ToUnixTimeMilliseconds() <= until.ToUnixTimeMilliseconds() && await TryRevokeAsync(new(row.Id)) is null) return false;
        }

        return true;
    }

    internal static Refusal NotFound(Id<MandateKind> id) => new(RefusalCodes.MandateNotFound, $"There is no mandate {id} of this wallet.");

    internal bool TryGetLoaded(UInt128 id, out MandateEntry? entry) => loaded.TryGet(id, out entry);

    internal async ValueTask<MandateEntry?> LoadAsync(UInt128 id)
    {
        if (loaded.TryGet(id, out var entry)) return entry;
        var row = await settings.FindAsync<MandateRow>(id);
        return row is null || row.State == RowState.Creating ? null : loaded.Add(id, ToEntry(row));
    }

    /// <summary>Carries a claimed row on: opens its gate, then marks it active. Does nothing that was done before.</summary>
    /// <returns>False if the ledger takes no work.</returns>
    internal async ValueTask<bool> TryFinishAsync(MandateRow row)
    {
        if (row.State != RowState.Creating) return true;
        var asset = ChartOfAccounts.AllowanceOf(Currency.Of(row.Currency));
        var issuer = ChartOfAccounts.AllowanceIssuer(asset);
        if (!await chart.TryOpenAsync(issuer, asset)) return false;
        var open = row.EndsAt is { } end
            ? Command.OpenAccount(row.Id, asset, AccountFlags.None, end.ToUnixTimeMilliseconds(), issuer)
            : Command.OpenAccount(row.Id, asset, AccountFlags.None);
        if (await ledger.TrySubmitAsync(open) is not { } results) return false;
        // A gate whose end has come since the row was claimed stays unopened: nothing can pass it any more.
        if (results[0].Outcome is not (Outcome.Done or Outcome.AccountEnded)) throw new InvalidOperationException($"The ledger refused the gate {row.Id:x32}: {results[0].Outcome}.");
        await settings.WriteAsync(row with { State = RowState.Active, Version = row.Version + 1 });
        return true;
    }

    /// <summary>Revokes a mandate; null if the ledger takes no work.</summary>
    private async ValueTask<MandateEntry?> TryRevokeAsync(Id<MandateKind> id)
    {
        // A mandate that has ended needs no freeze: its gate is shut for good, or gone.
        if (await ledger.TrySubmitAsync(Command.ChangeAccount(RecordKind.FreezeAccount, RevocationOf(id), id.Value)) is null) return null;
        var row = await settings.ChangeAsync<MandateRow>(id.Value, row => row.State == RowState.Closed ? row : row with { State = RowState.Closed, Version = row.Version + 1 });
        var revoked = ToEntry(row);
        loaded.Set(id.Value, revoked);
        return revoked;
    }

    private async ValueTask<bool> IsErasedAsync(Id<WalletKind> wallet) => await wallets.LoadAsync(wallet.Value) is { IsErased: true };

    private async ValueTask<int> CountHeldAsync(Id<WalletKind> wallet)
    {
        var now = DateTimeOffset.FromUnixTimeMilliseconds(ledger.NowUnixMilliseconds(time));
        return await settings.ReadAllAsync<MandateRow>(wallet.Value).Where(row => row.State == RowState.Active && (row.EndsAt is not { } end || end > now)).Take(MaxHeld).CountAsync();
    }

    private static string ScopeOf(Id<WalletKind> wallet) => $"mandate:{wallet}";

    // What would be refused now may have been given before: a payee that is gone, an end that has come.
    private async ValueTask<Answer<IssuedMandate>?> RepeatAsync(Id<WalletKind> wallet, IdempotencyKey key, NewMandate request, Asset asset)
    {
        if (await settings.FindClaimAsync(ScopeOf(wallet), key.ToHash()) is not { } claim) return null;
        if (claim.Digest != Digest(wallet, request)) return PayeeDirectory.Conflict;
        return await LoadAsync(claim.Row) is { } entry ? await IssueAsync(entry) : LedgerCalls.NotReady;
    }

    private async ValueTask<Answer<IssuedMandate>> IssueAsync(MandateEntry entry) => new IssuedMandate(await ReadAsync(entry), keys.Issue(entry.Mandate.Id));

    private async ValueTask<MandateState> ReadAsync(MandateEntry entry)
    {
        var now = ledger.NowUnixMilliseconds(time);
        var currency = entry.Mandate.Each.Asset;
        var used = await ledger.ReadAccountAsync(entry.Gate) is { } gate
            ? new Amount(currency, gate.Balances.DebitsPosted + gate.Balances.DebitsHeld - gate.Balances.CreditsPosted)
            : default(Amount?);
        return new(entry.Mandate, await entry.Counted.ReadAsync(ledger, currency, now), used, entry.HasEnded(now));
    }

    private async ValueTask<Refusal?> FindFaultAsync(NewMandate request, Asset currency)
    {
        if (request.Scope is { Payee: not null, Tag: not null }) return new(RefusalCodes.InvalidField, "A mandate is for one payee, for a tag, or for anyone: name one of them.");
        if (request.Scope.Tag is { } tag && !MandateScope.IsTag(tag)) return new(RefusalCodes.InvalidField, $"tag must be 1 to {MandateScope.MaxTagLength} lower-case letters, digits and hyphens.");
        if (request.Each is { } each && Amounts.Check(each, currency) is { } malformed) return malformed;
        if (CapsRows.Check(request.Caps, request.TimeZone, currency) is { } refusal) return refusal;
        if (request.EndsAt is { } end && end.ToUnixTimeMilliseconds() <= ledger.NowUnixMilliseconds(time)) return new(RefusalCodes.InvalidField, "endsAt must be in the future.");
        if (request.Scope.Payee is not { } id) return null;
        if (await payees.FindAsync(id) is not { } payee) return PayeeDirectory.NotFound(id);
        return payee.Asset == currency ? null : new(RefusalCodes.CurrencyMismatch, $"The payee is paid in {payee.Asset}, but the wallet holds {currency}.");
    }

    private MandateRow ToRow(Id<WalletKind> wallet, NewMandate request, Asset currency)
    {
        var caps = request.Caps.AreNone ? Caps.Default(currency) : request.Caps;
        var each = request.Each ?? caps.Smallest!.Value;
        return new MandateRow(Id<MandateKind>.New(time).Value, wallet.Value, currency.Code, request.Scope.Payee?.Value, request.Scope.Tag,
            CapsRows.UnitsOf(each)!, CapsRows.UnitsOf(caps.PerDay), CapsRows.UnitsOf(caps.PerWeek), CapsRows.UnitsOf(caps.PerMonth),
            request.TimeZone ?? TimeZones.Utc, request.EndsAt, RowState.Creating, time.GetUtcNow());
    }

    private static MandateEntry ToEntry(MandateRow row)
    {
        var scope = new MandateScope(row.Payee is { } payee ? new(payee) : null, row.Tag);
        var caps = CapsRows.CapsOf(row.Currency, row.PerDayUnits, row.PerWeekUnits, row.PerMonthUnits);
        var each = CapsRows.AmountOf(row.Currency, row.EachUnits)!.Value;
        return new(new Mandate(new(row.Id), new(row.Owner), scope, each, caps, row.TimeZone, row.EndsAt, row.State == RowState.Closed, row.CreatedAt), CapsRows.ZoneOf(row.TimeZone));
    }

    private static UInt128 Digest(Id<WalletKind> wallet, NewMandate request)
    {
        var bytes = new CanonicalBytes(stackalloc byte[512]);
        bytes.Add("mandate");
        bytes.Add(wallet.Value);
        bytes.Add(request.Scope.Payee?.Value);
        bytes.Add(request.Scope.Tag);
        bytes.Add(request.Each);
        bytes.Add(request.Caps.PerDay);
        bytes.Add(request.Caps.PerWeek);
        bytes.Add(request.Caps.PerMonth);
        bytes.Add(request.TimeZone);
        bytes.Add(request.EndsAt is { } end ? (UInt128)unchecked((ulong)end.ToUnixTimeMilliseconds()) : null);
        return bytes.ToDigest();
    }

    private static UInt128 RevocationOf(Id<MandateKind> id)
    {
        var bytes = new CanonicalBytes(stackalloc byte[64]);
        bytes.Add("revoke");
        bytes.Add(id.Value);
        return bytes.ToLegId();
    }
}
