using Farthing.Ledger;
using Farthing.Payments.Calendars;
using Farthing.Payments.Desk;
using Farthing.Payments.Mandates;
using Farthing.Payments.Payees;
using Farthing.Payments.Settings;
using Farthing.Protocol;

namespace Farthing.Payments.Wallets;

/// <summary>A wallet's own caps, with what is left of them.</summary>
/// <param name="Caps">Each cap in the window of the moment; empty if the wallet has none, and only its balance says how much can be paid.</param>
/// <param name="TimeZone">Whose days, weeks and months they count by.</param>
/// <param name="IsPaused">True while the wallet pays nothing.</param>
public sealed record WalletCapsState(IReadOnlyList<CapState> Caps, string TimeZone, bool IsPaused);

/// <summary>What a wallet's owner puts on all that the wallet pays: caps, and a pause.</summary>
/// <remarks>
/// Thread-safe; every write is idempotent, also across a crash. New caps count what the old ones counted in the current day, week and month; what is refunded later
/// of older payments gives no room under the new ones.
/// </remarks>
public sealed class WalletCaps
{
    /// <summary>How often a wallet's caps can be changed within 24 hours: what the ledger counts each set on stays there.</summary>
    public const int MaxChangesADay = 20;

    private readonly ISettingsStore settings;
    private readonly Ledger.Ledger ledger;
    private readonly ChartOfAccounts chart;
    private readonly WalletDirectory wallets;
    private readonly TimeProvider time;

    internal WalletCaps(ISettingsStore settings, Ledger.Ledger ledger, ChartOfAccounts chart, WalletDirectory wallets, TimeProvider time)
    {
        this.settings = settings;
        this.ledger = ledger;
        this.chart = chart;
        this.wallets = wallets;
        this.time = time;
    }

    /// <summary>Stops all payments from a wallet, at once; money still comes in. Doing it again changes nothing.</summary>
    public ValueTask<Answer<Wallet>> PauseAsync(Id<WalletKind> id, IdempotencyKey key) => ChangeAsync(id, key, "pause", RecordKind.FreezeAccount);

    /// <summary>Lets a paused wallet pay again. Doing it again changes nothing.</summary>
    public ValueTask<Answer<Wallet>> ResumeAsync(Id<WalletKind> id, IdempotencyKey key) => ChangeAsync(id, key, "resume", RecordKind.UnfreezeAccount);

    /// <summary>Puts caps on all that a wallet pays, in place of those it has.</summary>
    /// <param name="id">The wallet.</param>
    /// <param name="key">The key of this request.</param>
    /// <param name="caps">The caps; none at all takes them off.</param>
    /// <param name="timeZone">A name of the IANA database; null for UTC.</param>
    public async ValueTask<Answer<WalletCapsState>> SetAsync(Id<WalletKind> id, IdempotencyKey key, Caps caps, string? timeZone)
    {
        ArgumentNullException.ThrowIfNull(caps);
        // Caps of one wallet are changed one after another, and not while it is erased.
        using var turn = await wallets.EnterAsync(id.Value);
        if (await wallets.LoadAsync(id.Value) is not { } wallet) return WalletDirectory.NotFound(id);
        if (wallet.IsErased) return WalletDirectory.Erased;
        if (CapsRows.Check(caps, timeZone, wallet.Asset) is { } refusal) return refusal;
        var bytes = new CanonicalBytes(stackalloc byte[256]);
        bytes.Add("caps");
        bytes.Add(id.Value);
        bytes.Add(caps.PerDay);
        bytes.Add(caps.PerWeek);
        bytes.Add(caps.PerMonth);
        bytes.Add(timeZone);
        var digest = bytes.ToDigest();

        // What an earlier call could not finish goes before this one, and must never come into force over it.
        if (!await TryFinishAsync(id)) return LedgerCalls.NotReady;
        var now = time.GetUtcNow();
        var (scope, hash) = ($"caps:{id}", key.ToHash());
        if (await settings.FindClaimAsync(scope, hash) is null
            && await settings.ListAsync<CapsRow>(id.Value, null, MaxChangesADay) is { Count: MaxChangesADay } newest && newest[^1].CreatedAt > now.AddDays(-1))
            return new Refusal(RefusalCodes.TooManyCapChanges, $"The wallet's caps were changed {MaxChangesADay} times within 24 hours.");
        var row = CapsRows.New(Id<WalletKind>.New(time).Value, id, wallet.Asset, caps, timeZone ?? TimeZones.Utc, now);
        if (await settings.ClaimNewAsync(scope, hash, digest, row) is not { } standing) return PayeeDirectory.Conflict;
        if (!await TryFinishAsync(standing)) return LedgerCalls.NotReady;
        return await ReadAsync(standing);
    }

    /// <summary>A wallet's caps as they are.</summary>
    public async ValueTask<Answer<WalletCapsState>> ReadAsync(Id<WalletKind> id)
    {
        if (await settings.FindAsync<WalletRow>(id.Value) is not { } row) return WalletDirectory.NotFound(id);
        if (row.State == RowState.Erased) return WalletDirectory.Erased;
        return row.Caps is { } caps ? await ReadAsync(await settings.GetAsync<CapsRow>(caps)) : new WalletCapsState([], TimeZones.Utc, await IsPausedAsync(id.Value));
    }

    /// <summary>Carries on what earlier calls for a wallet could not finish, in their order.</summary>
    /// <returns>False if the ledger takes no work.</returns>
    private async ValueTask<bool> TryFinishAsync(Id<WalletKind> id)
    {
        foreach (var row in (await settings.ListCreatingAsync<CapsRow>()).Where(row => row.Owner == id.Value).OrderBy(row => row.Id))
        {
            if (!await TryFinishAsync(row)) return false;
        }

        return true;
    }

    /// <summary>The same, for a payment that found a gate shut: else all payments would find it so until the caps are changed again.</summary>
    internal async ValueTask FinishAsync(Id<WalletKind> id)
    {
        // Whoever has the turn now sees to it, and may be waiting for the schedule, which may be what pays here.
        using var turn = wallets.TryEnter(id.Value);
        if (turn is not null) await TryFinishAsync(id);
    }

    /// <summary>The caps behind a gate.</summary>
    internal async ValueTask<Caps> ReadCapsAsync(UInt128 gate) => CapsRows.CapsOf(await settings.GetAsync<CapsRow>(gate));

    /// <summary>Carries claimed caps on: shuts the gate of those before, counts what went through it, opens the new gate, and puts the caps in force.</summary>
    /// <returns>False if the ledger takes no work.</returns>
    internal async ValueTask<bool> TryFinishAsync(CapsRow row)
    {
        if (row.State != RowState.Creating) return true;
        var counted = CapsRows.Count(row);
        if (!await chart.TryOpenAsync(ChartOfAccounts.AllowanceIssuer(counted.Asset), counted.Asset)) return false;
        if (!await ledger.TryEnsureAsync(Command.OpenAccount(row.Id, counted.Asset, AccountFlags.None))) return false;
        var wallet = await settings.GetAsync<WalletRow>(row.Owner);
        if (wallet.Caps is { } before && before != row.Id)
        {
            var old = CapsRows.Count(await settings.GetAsync<CapsRow>(before));
            // Nothing goes through the old gate any more once what was used is read.
            if (await ledger.TrySubmitAsync(Command.ChangeAccount(RecordKind.FreezeAccount, ShutOf(before), before)) is null) return false;
            if (!await counted.TryTakeOverAsync(ledger, old, ledger.NowUnixMilliseconds(time))) return false;
        }

        // In the making only one at a time: nobody else writes these rows, but for an erasure, after which there is nothing to pay from.
        while (!await settings.WriteAsync(row with { State = RowState.Active, Version = row.Version + 1 }, wallet with { Caps = CapsRows.CapsOf(row).AreNone ? null : row.Id, Version = wallet.Version + 1 }))
            wallet = await settings.GetAsync<WalletRow>(row.Owner);
        await wallets.ReloadAsync(row.Owner);
        return true;
    }

    private async ValueTask<WalletCapsState> ReadAsync(CapsRow row) =>
        new(await CapsRows.Count(row).ReadAsync(ledger, Currency.Of(row.Currency), ledger.NowUnixMilliseconds(time)), row.TimeZone, await IsPausedAsync(row.Owner));

    private async ValueTask<bool> IsPausedAsync(UInt128 wallet) => await ledger.ReadAccountAsync(wallet) is { } account && account.Flags.HasFlag(AccountFlags.Frozen);

    private async ValueTask<Answer<Wallet>> ChangeAsync(Id<WalletKind> id, IdempotencyKey key, string purpose, RecordKind kind)
    {
        // A resume must not come after the freeze of an erasure.
        using var turn = await wallets.EnterAsync(id.Value);
        if (await wallets.LoadAsync(id.Value) is not { } wallet) return WalletDirectory.NotFound(id);
        if (wallet.IsErased) return WalletDirectory.Erased;
        if (await ledger.TrySubmitAsync(Command.ChangeAccount(kind, key.DeriveId(purpose, new Caller(CallerKind.Wallet, id.Value)), id.Value)) is not { } results) return LedgerCalls.NotReady;
        return results[0].Outcome is Outcome.Done or Outcome.AccountStateUnchanged ? wallet.Wallet : Refusals.OfPayment(results[0].Outcome);
    }

    private static UInt128 ShutOf(UInt128 gate)
    {
        var bytes = new CanonicalBytes(stackalloc byte[64]);
        bytes.Add("shut");
        bytes.Add(gate);
        return bytes.ToLegId();
    }
}
