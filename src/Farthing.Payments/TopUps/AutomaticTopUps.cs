using System.Collections.Concurrent;
using System.Globalization;
using Farthing.Ledger;
using Farthing.Payments.Desk;
using Farthing.Payments.Payees;
using Farthing.Payments.Settings;
using Farthing.Payments.Wallets;
using Farthing.Protocol;

namespace Farthing.Payments.TopUps;

/// <summary>Tops wallets up that have fallen below a floor of their owner's: off by default, at most so often a day, and never beyond what the wallet's caps still let be paid.</summary>
/// <remarks>
/// Looks once a second, so that payments do nothing for it. The keys of the top-ups follow from wallet, day and number: however many payments race, and however often all ends, no more are
/// made than were allowed, one after another. By a rail that first needs a card it is on from when its owner left one at the page of a top-up made for that; each setting has a card of its
/// own, which is forgotten as soon as the setting ends. Thread-safe.
/// </remarks>
public sealed class AutomaticTopUps
{
    /// <summary>The most top-ups a day that can be allowed.</summary>
    public const int MaxPerDay = 10;

    /// <summary>How often in a row it fails before it stops itself; where the rail says why, it stops at the first.</summary>
    public const int MaxFailures = 3;

    private const int AtOnce = 8;

    // The newest row of each wallet that was seen to have one, also of those that are off: an older one that comes late must not put them on again.
    private readonly ConcurrentDictionary<UInt128, AutomaticTopUpRow> seen = new();
    private readonly Abreast looks;
    private readonly ISettingsStore settings;
    private readonly Ledger.Ledger ledger;
    private readonly WalletDirectory wallets;
    private readonly WalletCaps caps;
    private readonly TopUpDesk topUps;
    private readonly IReadOnlyList<IRail> rails;
    private readonly SavedCards cards;
    private readonly TimeProvider time;

    internal AutomaticTopUps(ISettingsStore settings, Ledger.Ledger ledger, WalletDirectory wallets, WalletCaps caps, TopUpDesk topUps, IReadOnlyList<IRail> rails, TimeProvider time)
    {
        this.settings = settings;
        this.ledger = ledger;
        this.wallets = wallets;
        this.caps = caps;
        this.topUps = topUps;
        this.rails = rails;
        this.time = time;
        looks = new(AtOnce, time);
        cards = new(ledger, [.. rails.OfType<ISavingRail>()], IsAgreedAsync, time);
        topUps.CheckCardAsync = cards.CheckAsync;
        topUps.CardLeft = cards.Doubt;
        topUps.DeclinedAsync = DeclineAsync;
    }

    /// <summary>The names of the rails that can do it.</summary>
    public IReadOnlyList<string> Rails => [.. rails.Where(rail => rail.CollectsUnasked).Select(rail => rail.Name)];

    /// <summary>Says how a wallet is to be topped up by itself, in place of what was said before.</summary>
    /// <param name="wallet">Which.</param>
    /// <param name="key">The key of this request.</param>
    /// <param name="floor">Below what.</param>
    /// <param name="amount">By how much.</param>
    /// <param name="mostPerDay">How often on a day, in UTC.</param>
    /// <param name="rail">By what.</param>
    /// <param name="instruction">What the rail is told; for a rail that needs a card, where its page leads back to.</param>
    /// <returns>How it is set. By a rail that needs a card it waits until <see cref="AutomaticTopUp.NextAction"/> was completed, which is a first top-up, too.</returns>
    public async ValueTask<Answer<AutomaticTopUp>> SetAsync(Id<WalletKind> wallet, IdempotencyKey key, Amount floor, Amount amount, int mostPerDay, string rail, string? instruction)
    {
        if (await wallets.LoadAsync(wallet.Value) is not { } entry) return WalletDirectory.NotFound(wallet);
        if (entry.IsErased) return WalletDirectory.Erased;
        if ((Amounts.Check(floor, entry.Asset) ?? Amounts.Check(amount, entry.Asset)) is { } malformed) return malformed;
        if (mostPerDay is < 1 or > MaxPerDay) return new Refusal(RefusalCodes.InvalidField, $"mostPerDay must be from 1 to {MaxPerDay}.");
        if (rails.FirstOrDefault(known => known.Name == rail && known.CollectsUnasked) is not { } found) return new Refusal(RefusalCodes.RailNotAvailable, $"The rail {rail} cannot collect while the payer is away.");
        if (found.Check(amount, instruction) is { } unfit) return unfit;
        var bytes = new CanonicalBytes(stackalloc byte[512]);
        bytes.Add("automatic-top-up");
        bytes.Add(floor);
        bytes.Add(amount);
        bytes.Add((UInt128)(uint)mostPerDay);
        bytes.Add(rail);
        bytes.Add(instruction);
        var digest = bytes.ToDigest();
        if (await settings.FindClaimAsync(ScopeOf(wallet), key.ToHash()) is { } before) return before.Digest == digest ? await ReadAsync(wallet) : PayeeDirectory.Conflict;
        var cost = await topUps.ReadCostAsync(wallet, amount, rail);
        if (!cost.IsGiven) return cost.Refusal;

        // The page is made first, and nobody sees it before the row that it is for is there.
        UInt128? agreed = null;
        if (found is ISavingRail saving)
        {
            var page = await topUps.CollectAsync(wallet, key.For("automatic-top-up"), amount, found, saving.InstructionToSave(instruction!));
            if (!page.IsGiven) return page.Refusal;
            if (page.Value.Status == RailStatus.Failed) return new Refusal(RefusalCodes.RailNotAvailable, $"The rail {rail} does not make a page for this. Try another amount, with a new key.");
            agreed = page.Value.Id.Value;
        }

        return await ChangeAsync(wallet, key, digest, row => new AutomaticTopUpRow(
            wallet.Value, AutomaticTopUpRow.All, Text(floor), Text(amount), mostPerDay, rail, agreed is null ? instruction : null, 0, null, RowState.Active, agreed, row?.Tried, entry.KeyGeneration, (row?.Version ?? 0) + 1));
    }

    /// <summary>Ends it, at once: what is being collected is credited if it comes in, and nothing more is. A card that was left for it is forgotten. Stopping what is off changes nothing.</summary>
    public async ValueTask<Answer<AutomaticTopUp>> StopAsync(Id<WalletKind> wallet, IdempotencyKey key)
    {
        if (await settings.FindAsync<AutomaticTopUpRow>(wallet.Value) is null) return NotSet;
        return await ChangeAsync(wallet, key, 0, row => row! with { State = RowState.Closed, Fault = null, Version = row.Version + 1 });
    }

    /// <summary>How a wallet is topped up by itself.</summary>
    public async ValueTask<Answer<AutomaticTopUp>> ReadAsync(Id<WalletKind> wallet)
    {
        if (await wallets.LoadAsync(wallet.Value) is not { } entry) return WalletDirectory.NotFound(wallet);
        if (entry.IsErased) return WalletDirectory.Erased;
        return await settings.FindAsync<AutomaticTopUpRow>(wallet.Value) is { } row ? await DescribeAsync(row, entry) : NotSet;
    }

    /// <summary>Puts it on at once if its owner comes back from the card page and has paid there; else nothing changes. However often it is called, the rail is asked once a second at most.</summary>
    public async ValueTask ComeBackAsync(Id<WalletKind> wallet)
    {
        if (await settings.FindAsync<AutomaticTopUpRow>(wallet.Value) is not { IsWaiting: true } row || rails.FirstOrDefault(known => known.Name == row.Rail) is not ISavingRail rail) return;
        await topUps.ComeBackAsync(new(row.Agreed!.Value));
        if (await IsAgreedAsync(row.Id, row.Agreed.Value)) await FinishAgreementAsync(row, new Caller(CallerKind.Wallet, row.Id), rail);
    }

    /// <summary>Looks at each wallet that is to be topped up by itself, and does it where it is time; then makes rails forget cards that nobody needs. Called each second, by one caller.</summary>
    /// <exception cref="AggregateException">Some could not be looked at; all others were.</exception>
    public async ValueTask LookAsync()
    {
        var failures = new List<Exception>();
        try
        {
            var active = seen.Values.Where(row => row.State == RowState.Active).Select(row => row.Id);
            await looks.RunAsync(active, id => seen.TryGetValue(id, out var row) && row.State == RowState.Active ? LookAsync(row) : default, "Some wallets could not be topped up by themselves; they are tried again.");
        }
        catch (AggregateException error)
        {
            failures.AddRange(error.InnerExceptions);
        }

        try
        {
            await cards.RemoveUnneededAsync();
        }
        catch (AggregateException error)
        {
            failures.AddRange(error.InnerExceptions);
        }

        if (failures.Count > 0) throw new AggregateException("Some automatic top-ups could not be carried out, or their cards not removed; they are tried again.", failures);
    }

    /// <summary>Reads at start which wallets are to be topped up by themselves, and which cards were left.</summary>
    internal async ValueTask LoadAsync()
    {
        await foreach (var row in settings.ReadAllAsync<AutomaticTopUpRow>(AutomaticTopUpRow.All))
        {
            if (row.State == RowState.Active) Keep(row);
        }

        await cards.LoadAsync();
    }

    /// <summary>Ends it for a wallet, without its owner's doing.</summary>
    /// <param name="wallet">Which.</param>
    /// <param name="fault">Why, for its owner; null if there is none any more.</param>
    internal async ValueTask EndAsync(UInt128 wallet, string? fault)
    {
        if (await settings.FindAsync<AutomaticTopUpRow>(wallet) is not null)
            Keep(await settings.ChangeAsync<AutomaticTopUpRow>(wallet, row => row.State == RowState.Closed ? row : row with { State = RowState.Closed, Fault = fault, Version = row.Version + 1 }));
    }

    private static Refusal NotSet { get; } = new(RefusalCodes.AutomaticTopUpNotSet, "The wallet is not topped up by itself.");

    private static string ScopeOf(Id<WalletKind> wallet) => $"automatic-top-up:{wallet}";

    private async ValueTask LookAsync(AutomaticTopUpRow row)
    {
        if (await wallets.LoadAsync(row.Id) is not { IsErased: false } wallet) return;
        // What the operator has switched off for now stays as it is.
        if (rails.FirstOrDefault(known => known.Name == row.Rail) is not { } rail) return;
        var caller = new Caller(CallerKind.Wallet, row.Id);
        if (wallet.KeyGeneration != row.Generation)
        {
            await WriteAsync(row with { State = RowState.Closed, Fault = AutomaticTopUpFaults.WalletRecovered });
            return;
        }

        if (row.IsWaiting)
        {
            if (await FinishAgreementAsync(row, caller, (ISavingRail)rail) is not { State: RowState.Active } agreed) return;
            row = agreed;
        }

        if (await ReadLowAsync() is null) return;
        if (row.Tried is { } tried)
        {
            // One that a crash kept from being made is none.
            var status = (await topUps.ReadAsync(caller, new(tried))).Value?.Status;
            if (status == RailStatus.Pending) return;
            var failures = status == RailStatus.Failed ? row.Failures + 1 : status == RailStatus.Posted ? 0 : row.Failures;
            var isOver = failures >= MaxFailures;
            if (await WriteAsync(row with { Tried = null, Failures = failures, Fault = failures > 0 ? AutomaticTopUpFaults.Failed : null, State = isOver ? RowState.Closed : row.State }) is not { State: RowState.Active } seenOut) return;
            row = seenOut;
        }

        // Only now: what was tried may have come in since the first look, and would be collected again.
        if (await ReadLowAsync() is not { } balance) return;
        var amount = new Amount(wallet.Asset, Units(row.AmountUnits));
        if (await FindFreeAsync(row, caller) is not { } next || !await IsWithinCapsAsync(wallet, balance + amount.Units)) return;
        // Its owner may have stopped it since: then this is not written, and nothing is made.
        if (await WriteAsync(row with { Tried = next.DeriveId(TopUpDesk.Purpose, caller) }) is not { } trying) return;
        var made = await topUps.CollectAsync(wallet.Wallet.Id, next, amount, rail, row.Instruction);
        // What cannot be made is not tried each second for ever.
        if (made.Refusal is { } refusal && refusal.Code != RefusalCodes.NotReady && refusal.Code != RefusalCodes.RailUnreachable) await WriteAsync(trying with { State = RowState.Closed, Fault = refusal.Code.Code });

        // What is there, if it is below the floor and the wallet may be topped up; else null.
        async ValueTask<UInt128?> ReadLowAsync() =>
            await ledger.ReadAccountAsync(row.Id) is { } account && account.Balances.Available < Units(row.FloorUnits) && !account.Flags.HasFlag(AccountFlags.Frozen) && wallets.CheckPayer(wallet) is null
                ? account.Balances.Available
                : null;
    }

    /// <summary>Puts it on once the card page was completed, and off if it will not be.</summary>
    /// <returns>The row as it then is; null if that is not decided.</returns>
    private async ValueTask<AutomaticTopUpRow?> FinishAgreementAsync(AutomaticTopUpRow row, Caller caller, ISavingRail rail)
    {
        var agreed = new Id<TopUpKind>(row.Agreed!.Value);
        return (await topUps.ReadAsync(caller, agreed)).Value?.Status switch
        {
            RailStatus.Posted => await WriteAsync(await rail.FindSavedAsync(agreed) is not null ? row with { Instruction = rail.InstructionToUse(agreed) } : row with { State = RowState.Closed, Fault = AutomaticTopUpFaults.CardNotSaved }),
            RailStatus.Failed => await WriteAsync(row with { State = RowState.Closed, Fault = AutomaticTopUpFaults.PageExpired }),
            _ => null,
        };
    }

    /// <summary>The key of the next top-up of today; null if the day has had its number.</summary>
    private async ValueTask<IdempotencyKey?> FindFreeAsync(AutomaticTopUpRow row, Caller caller)
    {
        var today = new DateTimeOffset(time.GetUtcNow().UtcDateTime.Date, TimeSpan.Zero);
        for (var number = 0; number < row.MostPerDay; number++)
        {
            // The low bits of a wallet's id are random, so numbers do not meet those of another.
            var key = IdempotencyKey.ForDue(row.Id + (uint)number, today.ToUnixTimeMilliseconds());
            if (await ledger.FindAsync(key.DeriveId(TopUpDesk.Purpose, caller)) is null) return key;
        }

        return null;
    }

    /// <summary>True if the wallet's caps still let all be paid that it would then have.</summary>
    private async ValueTask<bool> IsWithinCapsAsync(WalletEntry wallet, UInt128 units) =>
        wallet.Caps is null || (await caps.ReadAsync(wallet.Wallet.Id)).Value is { } state && state.Caps.All(cap => cap.Headroom.Units >= units);

    /// <summary>Whether a wallet is still to be topped up by the card that was left at this top-up's page.</summary>
    private async ValueTask<bool> IsAgreedAsync(UInt128 wallet, UInt128 agreed) =>
        await settings.FindAsync<AutomaticTopUpRow>(wallet) is { State: RowState.Active } row && row.Agreed == agreed
        && await wallets.LoadAsync(wallet) is { IsErased: false } entry && entry.KeyGeneration == row.Generation;

    /// <summary>Stops it if the rail says why it did not collect: what is declined once is declined again. Told before the top-up has failed.</summary>
    private async ValueTask DeclineAsync(UInt128 wallet, UInt128 topUp, string fault)
    {
        if (await settings.FindAsync<AutomaticTopUpRow>(wallet) is { } row && row.Tried == topUp)
            Keep(await settings.ChangeAsync<AutomaticTopUpRow>(wallet, now => now.State == RowState.Closed || now.Tried != topUp ? now : now with { State = RowState.Closed, Fault = fault, Tried = null, Version = now.Version + 1 }));
    }

    /// <summary>Writes the next version of a row.</summary>
    /// <returns>It; null if its owner changed it meanwhile: that stands, and is looked at in a second.</returns>
    private async ValueTask<AutomaticTopUpRow?> WriteAsync(AutomaticTopUpRow row)
    {
        var next = row with { Version = row.Version + 1 };
        if (!await settings.WriteAsync(next)) return null;
        Keep(next);
        return next;
    }

    private async ValueTask<Answer<AutomaticTopUp>> ChangeAsync(Id<WalletKind> wallet, IdempotencyKey key, UInt128 digest, Func<AutomaticTopUpRow?, AutomaticTopUpRow> change)
    {
        while (true)
        {
            var scope = ScopeOf(wallet);
            if (await settings.FindClaimAsync(scope, key.ToHash()) is { } before) return before.Digest == digest ? await ReadAsync(wallet) : PayeeDirectory.Conflict;
            var row = await settings.FindAsync<AutomaticTopUpRow>(wallet.Value);
            if (await settings.ClaimAsync(new ClaimRow(scope, key.ToHash(), digest, wallet.Value, 0), change(row)) is not { } claim) continue;
            if (claim.Digest != digest) return PayeeDirectory.Conflict;
            if (row?.Agreed is { } earlier) cards.Doubt(earlier);
            if (await settings.FindAsync<AutomaticTopUpRow>(wallet.Value) is { } stands) Keep(stands);
            return await ReadAsync(wallet);
        }
    }

    private void Keep(AutomaticTopUpRow row)
    {
        seen.AddOrUpdate(row.Id, row, (_, standing) => standing.Version > row.Version ? standing : row);
        if (row is { State: RowState.Closed, Agreed: { } agreed }) cards.Doubt(agreed);
    }

    private async ValueTask<AutomaticTopUp> DescribeAsync(AutomaticTopUpRow row, WalletEntry wallet)
    {
        var wasRecovered = row.State == RowState.Active && row.Generation != wallet.KeyGeneration;
        var status = row.State != RowState.Active || wasRecovered ? AutomaticTopUpStatus.Off : row.IsWaiting ? AutomaticTopUpStatus.Waiting : AutomaticTopUpStatus.On;
        var page = status == AutomaticTopUpStatus.Waiting ? (await topUps.ReadAsync(new(CallerKind.Wallet, row.Id), new(row.Agreed!.Value))).Value?.NextAction : null;
        var card = status == AutomaticTopUpStatus.On && row.Agreed is { } agreed && rails.FirstOrDefault(known => known.Name == row.Rail) is ISavingRail saving ? await saving.FindSavedAsync(new(agreed)) : null;
        return new(
            new(wallet.Asset, Units(row.FloorUnits)), new(wallet.Asset, Units(row.AmountUnits)), row.MostPerDay, row.Rail, status, wasRecovered ? AutomaticTopUpFaults.WalletRecovered : row.Fault, page, card);
    }

    private static string Text(Amount amount) => amount.Units.ToString(CultureInfo.InvariantCulture);

    private static UInt128 Units(string text) => UInt128.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}
