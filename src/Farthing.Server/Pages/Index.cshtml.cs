using Farthing.Payments;
using Farthing.Payments.Statements;
using Farthing.Payments.Wallets;
using Farthing.Protocol;
using Microsoft.AspNetCore.Mvc;

namespace Farthing.Server.Pages;

/// <summary>The wallet: what is in it, how to top it up, what happened last.</summary>
internal sealed class IndexModel(PaymentSystem payments) : WalletPage(payments)
{
    private const int RecentLines = 6;

    /// <summary>This browser's wallets with their money and newest lines.</summary>
    public IReadOnlyList<(WalletBalance Balance, IReadOnlyList<StatementLine> Lines)> Wallets { get; private set; } = [];

    public async Task<IActionResult> OnGetAsync()
    {
        GiveSecret();
        var shown = new List<(WalletBalance, IReadOnlyList<StatementLine>)>();
        foreach (var wallet in await FindWalletsAsync())
        {
            var balance = await Payments.Wallets.ReadAsync(wallet.Id);
            if (!balance.IsGiven) return Refuse(balance.Refusal);
            var lines = await Payments.Statements.ReadAsync(Owner(wallet), null, RecentLines);
            if (!lines.IsGiven) return Refuse(lines.Refusal);
            shown.Add((balance.Value, lines.Value.Lines));
        }

        Wallets = shown;
        return Page();
    }

    /// <summary>Makes a wallet in US dollars.</summary>
    public async Task<IActionResult> OnPostOpenAsync()
    {
        if (BrowserSecret is not { } secret) return Refuse(new Refusal(RefusalCodes.WalletNotFound, ""));
        var opened = await OpenWalletAsync(secret, Asset.Usd);
        return opened.IsGiven ? RedirectToPage("/Index") : Refuse(opened.Refusal);
    }

    /// <summary>Tops a wallet up with play money.</summary>
    public async Task<IActionResult> OnPostTopUpAsync([FromForm] string? currency, [FromForm] string? key)
    {
        var wallet = Asset.TryGetCurrency(currency, out var asset) ? await FindWalletAsync(asset) : null;
        if (wallet is null) return Refuse(new Refusal(RefusalCodes.WalletNotFound, ""));
        var toppedUp = await TopUpAsync(wallet, key);
        return toppedUp.IsGiven ? RedirectToPage("/Index") : Refuse(toppedUp.Refusal);
    }
}
