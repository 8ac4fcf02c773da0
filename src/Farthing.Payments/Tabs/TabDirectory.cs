using System.Globalization;
using System.Security.Cryptography;
using Farthing.Ledger;
using Farthing.Payments.Desk;
using Farthing.Payments.Offers;
using Farthing.Payments.Schedules;
using Farthing.Payments.Settings;
using Farthing.Protocol;

namespace Farthing.Payments.Tabs;

/// <summary>Tabs: opening and finding them, and what their accounts say.</summary>
/// <remarks>Thread-safe. Opening is idempotent, also across a crash: a wallet has one tab with a payee for all offers with the same splits, whichever opens it first.</remarks>
internal sealed class TabDirectory(ISettingsStore settings, Ledger.Ledger ledger, ChartOfAccounts chart, Schedule schedule, TimeProvider time)
{
    private const int RowsAtOnce = 500;

    private readonly RowCache<TabEntry> loaded = new();

    // By wallet, payee and splits.
    private readonly RowCache<TabEntry> byParties = new();

    public static Refusal NotFound(Id<TabKind> id) => new(RefusalCodes.TabNotFound, $"There is no tab {id} of this wallet or payee.");

    /// <summary>The tab of a wallet with a payee for offers with these splits, or null.</summary>
    public async ValueTask<TabEntry?> FindAsync(UInt128 wallet, UInt128 payee, IReadOnlyList<Split> splits)
    {
        var parties = PartiesOf(wallet, payee, splits);
        if (byParties.TryGet(parties, out var known)) return known;
        return await settings.FindClaimAsync(ScopeOf(payee), KeyOf(parties)) is { } claim && await LoadAsync(claim.Row) is { } entry ? byParties.Add(parties, entry) : null;
    }

    /// <summary>A tab by its id, or null.</summary>
    public async ValueTask<TabEntry?> LoadAsync(UInt128 id)
    {
        if (loaded.TryGet(id, out var entry)) return entry;
        var row = await settings.FindAsync<TabRow>(id);
        return row is null || row.State == RowState.Creating ? null : loaded.Add(id, new(row));
    }

    /// <summary>The tab that a read was put on.</summary>
    public async ValueTask<TabEntry> GetAsync(UInt128 id) => await LoadAsync(id) ?? throw new InvalidOperationException($"The tab {id:x32} has no row.");

    /// <summary>Opens the tab of a read, as its offer says; if there is one, that is it.</summary>
    /// <returns>Null if the ledger takes no work.</returns>
    public async ValueTask<TabEntry?> OpenAsync(PreparedPayment read, OnTab pricing)
    {
        var (wallet, payee) = (read.Wallet.Account, read.Payee.Account);
        var parties = PartiesOf(wallet, payee, read.Splits);
        var row = new TabRow(LegIds.HeadOf(Id<TabKind>.New(time).Value), wallet, payee, read.Splits.Count == 0 ? null : read.Memo.Offer!.Value.Value, pricing.Price.Asset.Code, UnitsOf(pricing.Price),
            UnitsOf(pricing.PayAt), pricing.DueAfterSeconds, RowState.Creating, time.GetUtcNow());
        var standing = await settings.ClaimNewAsync(ScopeOf(payee), KeyOf(parties), parties, row) ?? throw new InvalidOperationException("Two tabs have one key.");
        if (!await TryFinishAsync(standing)) return null;
        return byParties.Add(parties, loaded.Add(standing.Id, new(standing)));
    }

    /// <summary>Carries a claimed row on: opens its accounts, fills its room, and puts it on the schedule. Does nothing that was done before.</summary>
    /// <returns>False if the ledger takes no work.</returns>
    public async ValueTask<bool> TryFinishAsync(TabRow row)
    {
        if (row.State != RowState.Creating) return true;
        var tab = new TabEntry(row);
        var asset = TabAccounts.AssetOf(tab.Currency);
        foreach (var account in new[] { TabAccounts.Issuer(tab.Payee, asset), TabAccounts.Paid(tab.Payee, asset), TabAccounts.Loss(tab.Payee, asset) })
        {
            if (!await chart.TryOpenAsync(account, asset)) return false;
        }

        var issue = TabAccounts.IssueOf(row.Id);
        if (!await ledger.TryEnsureAsync(
            Command.OpenAccount(tab.Room, asset, AccountFlags.DebitsMustNotExceedCredits),
            Command.OpenAccount(tab.Owed, asset, AccountFlags.DebitsMustNotExceedCredits),
            Command.Transfer(issue, issue, TabAccounts.Issuer(tab.Payee, asset), tab.Room, new Amount(asset, tab.Cap.Units), TransferCode.Allowance)))
            return false;
        var due = DueRow.New(row.Id, DueKind.Tab, ledger.NowUnixMilliseconds(time) + tab.DueAfterMilliseconds);
        if (await settings.WriteAsync(row with { State = RowState.Active, Version = row.Version + 1 }, new PayeeTabRow(row.Id, row.Payee, RowState.Active), due)) schedule.Notice();
        return true;
    }

    /// <summary>What a tab's accounts say.</summary>
    public async ValueTask<TabBalance> ReadAsync(TabEntry tab)
    {
        var room = await ledger.ReadAccountAsync(tab.Room) ?? throw new InvalidOperationException($"The tab {tab.Id} has no account.");
        return new(new Amount(tab.Currency, tab.Cap.Units - room.Balances.Available), (room.Flags & AccountFlags.Frozen) != 0);
    }

    /// <summary>A wallet's tabs, newest first, from before an id, at most so many.</summary>
    public async ValueTask<IReadOnlyList<TabEntry>> ListOfWalletAsync(UInt128 wallet, UInt128? before, int count) =>
        [.. (await settings.ListAsync<TabRow>(wallet, before, count)).Select(row => loaded.Add(row.Id, new(row)))];

    /// <summary>A payee's tabs, newest first, from before an id, at most so many.</summary>
    public async ValueTask<IReadOnlyList<TabEntry>> ListOfPayeeAsync(UInt128 payee, UInt128? before, int count)
    {
        var tabs = new List<TabEntry>();
        foreach (var row in await settings.ListAsync<PayeeTabRow>(payee, before, count)) tabs.Add(await GetAsync(row.Id));
        return tabs;
    }

    /// <summary>All tabs of a wallet, newest first.</summary>
    public IAsyncEnumerable<TabEntry> ReadAllOfWalletAsync(UInt128 wallet) => ReadAllAsync(before => ListOfWalletAsync(wallet, before, RowsAtOnce));

    /// <summary>All tabs of a payee, newest first.</summary>
    public IAsyncEnumerable<TabEntry> ReadAllOfPayeeAsync(UInt128 payee) => ReadAllAsync(before => ListOfPayeeAsync(payee, before, RowsAtOnce));

    private static async IAsyncEnumerable<TabEntry> ReadAllAsync(Func<UInt128?, ValueTask<IReadOnlyList<TabEntry>>> list)
    {
        UInt128? before = null;
        while (true)
        {
            var page = await list(before);
            foreach (var tab in page) yield return tab;
            if (page.Count < RowsAtOnce) yield break;
            before = page[^1].Id.Value;
        }
    }

    private static UInt128 PartiesOf(UInt128 wallet, UInt128 payee, IReadOnlyList<Split> splits)
    {
        var bytes = new CanonicalBytes(stackalloc byte[512]);
        bytes.Add("tab");
        bytes.Add(wallet);
        bytes.Add(payee);
        foreach (var split in splits)
        {
            bytes.Add(split.Payee.Value);
            bytes.Add((UInt128)split.BasisPoints);
        }

        return bytes.ToDigest();
    }

    private static string ScopeOf(UInt128 payee) => $"tab:{new Id<PayeeKind>(payee)}";

    private static byte[] KeyOf(UInt128 parties) => SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(parties.ToString("x32", CultureInfo.InvariantCulture)));

    private static string UnitsOf(Amount amount) => amount.Units.ToString(CultureInfo.InvariantCulture);
}
