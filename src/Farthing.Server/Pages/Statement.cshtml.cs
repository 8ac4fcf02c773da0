using Farthing.Payments;
using Farthing.Payments.Offers;
using Farthing.Payments.Statements;
using Farthing.Payments.Wallets;
using Farthing.Protocol;
using Microsoft.AspNetCore.Mvc;

namespace Farthing.Server.Pages;

/// <summary>Every line of a wallet, newest first.</summary>
internal sealed class StatementModel(PaymentSystem payments) : WalletPage(payments)
{
    private const int LinesPerPage = 25;

    /// <summary>The wallet; set unless there is an obstacle.</summary>
    public Wallet Wallet { get; private set; } = null!;

    /// <summary>The lines of this page; set unless there is an obstacle.</summary>
    public Page<StatementLine> Lines { get; private set; } = null!;

    /// <summary>True if this is not the first page.</summary>
    public bool IsOlder { get; private set; }

    public async Task<IActionResult> OnGetAsync([FromQuery] string? currency, [FromQuery] string? cursor)
    {
        var wallet = Asset.TryGetCurrency(currency ?? Asset.Usd.Code, out var asset) ? await FindWalletAsync(asset) : null;
        if (wallet is null) return Refuse(new Refusal(RefusalCodes.WalletNotFound, ""));
        var lines = await Payments.Statements.ReadAsync(Owner(wallet), cursor, LinesPerPage);
        if (!lines.IsGiven) return Refuse(lines.Refusal);
        Wallet = wallet;
        Lines = lines.Value;
        IsOlder = cursor is not null;
        return Page();
    }
}
