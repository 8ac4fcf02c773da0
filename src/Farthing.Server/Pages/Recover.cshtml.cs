using Farthing.Payments;
using Farthing.Payments.Wallets;
using Farthing.Protocol;
using Farthing.Server.Doors.Rest;
using Microsoft.AspNetCore.Mvc;

namespace Farthing.Server.Pages;

/// <summary>The way back into a wallet: shows a code to write down, takes it back to put it in force, and gives the wallet to whoever has it.</summary>
internal sealed class RecoverModel(PaymentSystem payments) : WalletPage(payments)
{
    /// <summary>This browser's wallets, and whether a code of theirs is in force.</summary>
    public IReadOnlyList<(Wallet Wallet, bool IsConfirmed)> Wallets { get; private set; } = [];

    /// <summary>The code that is shown, and of which wallet; null if none is.</summary>
    public (string Currency, string Code, string Key)? Shown { get; private set; }

    /// <summary>True if a wallet has just come back to this browser.</summary>
    public bool IsBack => Request.Query.ContainsKey("back");

    /// <summary>What is wrong with what was typed, or null.</summary>
    public string? Fault { get; private set; }

    public Task<IActionResult> OnGetAsync()
    {
        GiveSecret();
        return ShowAsync();
    }

    /// <summary>Shows a new code.</summary>
    public async Task<IActionResult> OnPostCodeAsync([FromForm] string? currency, [FromForm] string? key) => await ShowCodeAsync(currency, key) ?? await ShowAsync();

    /// <summary>Puts the code in force that was typed back.</summary>
    public async Task<IActionResult> OnPostConfirmAsync([FromForm] string? currency, [FromForm] string? key, [FromForm] string? code)
    {
        if (await FindWalletOfFormAsync(currency) is not { } wallet) return Refuse(new Refusal(RefusalCodes.WalletNotFound, ""));
        if (Count() is { } tooMany) return Refuse(tooMany);
        var confirmed = await Payments.RecoveryCodes.ConfirmAsync(wallet.Id, code ?? "");
        if (confirmed.IsGiven) return RedirectToPage("/Recover");
        if (confirmed.Refusal.Code != RefusalCodes.RecoveryCodeInvalid) return Refuse(confirmed.Refusal);
        // The same key shows the same code again.
        if (await ShowCodeAsync(currency, key) is { } obstacle) return obstacle;
        return await ShowFaultAsync("What you typed is not the code that is shown.");
    }

    /// <summary>Gives a wallet to this browser.</summary>
    public async Task<IActionResult> OnPostRecoverAsync([FromForm] string? key, [FromForm] string? code)
    {
        if (BrowserSecret is not { } secret) return Refuse(new Refusal(RefusalCodes.WalletNotFound, ""));
        if (!IdempotencyKey.TryParse(key, out var formKey)) return Refuse(IncompleteForm);
        if (Count() is { } tooMany) return Refuse(tooMany);
        // A browser has one wallet in a currency: the one that it has must not be lost over another. Those in other currencies stay.
        if (await Payments.RecoveryCodes.FindAsync(code ?? "") is { } sought && await FindWalletAsync(sought.Asset) is { } wallet && wallet.Id != sought.Id)
        {
            var own = await Payments.Wallets.ReadAsync(wallet.Id);
            if (own.IsGiven && !(own.Value.Balance.IsZero && own.Value.Held.IsZero) && !await Payments.RecoveryCodes.IsConfirmedAsync(wallet.Id))
                return await ShowFaultAsync($"This browser has a wallet with {own.Value.Balance.ToPriceString()} in it, which another one would take the place of. Write down its own code first, below.");
        }

        var found = await Payments.RecoveryCodes.RecoverAsync(code ?? "", formKey);
        if (!found.IsGiven) return found.Refusal.Code == RefusalCodes.RecoveryCodeInvalid ? await ShowFaultAsync(found.Refusal.Detail) : Refuse(found.Refusal);
        await Payments.Wallets.GiveToBrowserAsync(secret, found.Value.Wallet.Id);
        return RedirectToPage("/Recover", new { back = found.Value.Wallet.Asset.Code });
    }

    private static Refusal IncompleteForm { get; } = new(RefusalCodes.IdempotencyKeyInvalid, "The form was not complete. Go back and try again.");

    private async ValueTask<IActionResult?> ShowCodeAsync(string? currency, string? key)
    {
        if (await FindWalletOfFormAsync(currency) is not { } wallet) return Refuse(new Refusal(RefusalCodes.WalletNotFound, ""));
        if (!IdempotencyKey.TryParse(key, out var formKey)) return Refuse(IncompleteForm);
        var made = await Payments.RecoveryCodes.CreateAsync(wallet.Id, formKey);
        if (!made.IsGiven) return Refuse(made.Refusal);
        Shown = (wallet.Asset.Code, made.Value.Text, key!);
        return null;
    }

    private Task<IActionResult> ShowFaultAsync(string fault)
    {
        Fault = fault;
        Response.StatusCode = RefusalCodes.RecoveryCodeInvalid.HttpStatus;
        return ShowAsync();
    }

    private async Task<IActionResult> ShowAsync()
    {
        var shown = new List<(Wallet, bool)>();
        foreach (var wallet in await FindWalletsAsync()) shown.Add((wallet, await Payments.RecoveryCodes.IsConfirmedAsync(wallet.Id)));
        Wallets = shown;
        return Page();
    }

    private Refusal? Count() => HttpContext.RequestServices.GetRequiredService<RecoveryLimit>().Count(HttpContext);

    private async ValueTask<Wallet?> FindWalletOfFormAsync(string? currency) => Asset.TryGetCurrency(currency, out var asset) ? await FindWalletAsync(asset) : null;
}
