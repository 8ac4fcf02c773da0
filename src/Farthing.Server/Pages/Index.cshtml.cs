using Farthing.Payments;
using Farthing.Payments.Statements;
using Farthing.Payments.Tabs;
using Farthing.Payments.TopUps;
using Farthing.Payments.Wallets;
using Farthing.Protocol;
using Microsoft.AspNetCore.Mvc;

namespace Farthing.Server.Pages;

/// <summary>The wallet: what is in it, how to top it up, what happened last.</summary>
internal sealed class IndexModel(PaymentSystem payments) : WalletPage(payments)
{
    private const int RecentLines = 6;
    private const int ShownTabs = 100;

    /// <summary>This browser's wallets with their money, what is owed on tabs, and their newest lines.</summary>
    public IReadOnlyList<(WalletBalance Balance, bool IsPaused, IReadOnlyList<(Tab Tab, string Payee)> Tabs, IReadOnlyList<StatementLine> Lines)> Wallets { get; private set; } = [];

    /// <summary>Where automatic top-ups stand, to be read behind their name: of several wallets, what most needs to be seen.</summary>
    public string AutomaticTopUpWords { get; private set; } = "";

    public async Task<IActionResult> OnGetAsync()
    {
        GiveSecret();
        var shown = new List<(WalletBalance, bool, IReadOnlyList<(Tab, string)>, IReadOnlyList<StatementLine>)>();
        foreach (var wallet in await FindWalletsAsync())
        {
            var balance = await Payments.Wallets.ReadAsync(wallet.Id);
            if (!balance.IsGiven) return Refuse(balance.Refusal);
            var lines = await Payments.Statements.ReadAsync(Owner(wallet), null, RecentLines);
            if (!lines.IsGiven) return Refuse(lines.Refusal);
            var caps = await Payments.WalletCaps.ReadAsync(wallet.Id);
            if (!caps.IsGiven) return Refuse(caps.Refusal);
            shown.Add((balance.Value, caps.Value.IsPaused, await FindOwedAsync(wallet), lines.Value.Lines));
        }

        Wallets = shown;
        AutomaticTopUpWords = await DescribeAutomaticTopUpsAsync();
        return Page();
    }

    /// <summary>Makes a wallet in US dollars.</summary>
    public async Task<IActionResult> OnPostOpenAsync()
    {
        if (BrowserSecret is not { } secret) return Refuse(new Refusal(RefusalCodes.WalletNotFound, ""));
        var opened = await OpenWalletAsync(secret, Asset.Usd);
        return opened.IsGiven ? RedirectToPage("/Index") : Refuse(opened.Refusal);
    }

    /// <summary>Pays all that a tab owes at this moment.</summary>
    public async Task<IActionResult> OnPostPayTabAsync([FromForm] string? tab, [FromForm] string? key)
    {
        if (!Id<TabKind>.TryParse(tab, out var id) || !IdempotencyKey.TryParse(key, out var idempotencyKey)) return Refuse(new Refusal(RefusalCodes.IdempotencyKeyInvalid, "The form was not complete. Go back and try again."));
        foreach (var wallet in await FindWalletsAsync())
        {
            // Another wallet's tab answers as if there were none.
            if (!(await Payments.Tabs.ReadAsync(Owner(wallet), id)).IsGiven) continue;
            var paid = await Payments.Tabs.PayAsync(wallet.Id, id, idempotencyKey);
            return paid.IsGiven || paid.Refusal.Code == RefusalCodes.NothingOwed ? RedirectToPage("/Index") : Refuse(paid.Refusal);
        }

        return Refuse(new Refusal(RefusalCodes.TabNotFound, "Nothing was paid."));
    }

    /// <summary>Tops a wallet up.</summary>
    public async Task<IActionResult> OnPostTopUpAsync([FromForm] string? currency, [FromForm] string? rail, [FromForm] string? key)
    {
        var wallet = Asset.TryGetCurrency(currency, out var asset) ? await FindWalletAsync(asset) : null;
        if (wallet is null) return Refuse(new Refusal(RefusalCodes.WalletNotFound, ""));
        return After(await TopUpAsync(wallet, key, rail), "/");
    }

    private async ValueTask<string> DescribeAutomaticTopUpsAsync()
    {
        var set = new List<AutomaticTopUp>();
        foreach (var (balance, _, _, _) in Wallets)
        {
            if ((await Payments.AutomaticTopUps.ReadAsync(balance.Wallet.Id)).Value is { } found) set.Add(found);
        }

        if (set.Exists(one => one is { Status: AutomaticTopUpStatus.Off, Fault: not null })) return " stopped itself";
        if (set.Exists(one => one.Status == AutomaticTopUpStatus.Waiting)) return " waits for your card";
        return set.Exists(one => one.IsOn) ? " is on" : "";
    }

    // A wallet has a tab with each payee at most, and reads on no other while one is full.
    private async ValueTask<IReadOnlyList<(Tab, string)>> FindOwedAsync(Wallet wallet)
    {
        var tabs = await Payments.Tabs.ListAsync(Owner(wallet), null, ShownTabs);
        var owed = new List<(Tab, string)>();
        foreach (var tab in tabs.IsGiven ? tabs.Value.Lines.Where(tab => !tab.Owed.IsZero) : [])
            owed.Add((tab, (await Payments.Payees.FindAsync(tab.Payee))?.Name ?? tab.Payee.ToString()));
        return owed;
    }
}
