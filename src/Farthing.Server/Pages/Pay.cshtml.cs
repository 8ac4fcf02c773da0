using Farthing.Payments;
using Farthing.Protocol;
using Microsoft.AspNetCore.Mvc;

namespace Farthing.Server.Pages;

/// <summary>One payment, shown before it is made: who is paid, for what, how much. Looking at it changes nothing.</summary>
internal sealed class PayModel(PaymentSystem payments) : TermsPage(payments)
{
    /// <summary>What is missing in the wallet; null if there is enough, or no wallet yet, or nothing is paid now.</summary>
    public Amount? Missing => Asked.PayAt is null && Wallet is { } wallet && wallet.Balance.Units < Asked.Price.Units ? Asked.Price - wallet.Balance : null;

    /// <summary>True if the wallet lacks nothing for the least that the payer may choose, but something for more.</summary>
    public bool LacksForMore => Missing is null && Asked.Choices.Any(choice => choice.Units > Wallet?.Balance.Units);

    public async Task<IActionResult> OnGetAsync([FromQuery] string? terms)
    {
        GiveSecret();
        if (await ExamineAsync(terms) is { } refused) return refused;
        if (Asked.Paid is null) return Page();

        // Paid before, from this browser: straight back, without asking.
        var renewed = await Payments.Desk.RenewEntitlementAsync(Wallet!.Wallet.Id, Terms);
        if (renewed.Refusal is { } refusal) return Refuse(refusal);
        return renewed.Value is { } entitlement ? GoBack(Asked.Terms, entitlement) : Page();
    }

    /// <summary>Pays, from a new wallet if there is none, and goes back to the site.</summary>
    public async Task<IActionResult> OnPostAsync([FromForm] string? terms, [FromForm] string? amount)
    {
        if (await ExamineAsync(terms) is { } refused) return refused;
        Amount? chosen = null;
        if (amount is not null)
        {
            if (Amount.TryParse(amount, Asked.Price.Asset, out var read) != AmountError.None) return Refuse(new Refusal(RefusalCodes.InvalidAmount, ""));
            chosen = read;
        }

        if (BrowserSecret is not { } secret) return Refuse(new Refusal(RefusalCodes.WalletNotFound, ""));
        if (Wallet is null || Missing is not null)
        {
            var opened = await OpenWalletAsync(secret, Asked.Price.Asset);
            if (!opened.IsGiven) return Refuse(opened.Refusal);
            if (await ReadWalletAsync(opened.Value) is { } unread) return unread;
        }

        var paid = await Payments.Desk.PayOnceAsync(Wallet!.Wallet.Id, Terms, chosen);
        if (paid.IsGiven) return paid.Value.Entitlement is { } entitlement ? GoBack(Asked.Terms, entitlement) : new SeeOtherResult($"/payments/{paid.Value.Id}");
        // The page says what is missing and offers to top up.
        return paid.Refusal.Code == RefusalCodes.InsufficientFunds ? ShowAgain() : Refuse(paid.Refusal);
    }

    /// <summary>Tops the wallet up and shows the payment again.</summary>
    public async Task<IActionResult> OnPostTopUpAsync([FromForm] string? terms, [FromForm] string? key)
    {
        if (await ExamineAsync(terms) is { } refused) return refused;
        if (Wallet is null) return Refuse(new Refusal(RefusalCodes.WalletNotFound, ""));
        var toppedUp = await TopUpAsync(Wallet.Wallet, key);
        return toppedUp.IsGiven ? ShowAgain() : Refuse(toppedUp.Refusal);
    }

    private SeeOtherResult ShowAgain() => new($"/pay{QueryString.Create(TermsField, Terms)}");
}
