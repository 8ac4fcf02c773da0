using Farthing.Payments;
using Farthing.Protocol;
using Microsoft.AspNetCore.Mvc;

namespace Farthing.Server.Pages;

/// <summary>One payment, shown before it is made: who is paid, for what, how much. Looking at it changes nothing.</summary>
internal sealed class PayModel(PaymentSystem payments) : TermsPage(payments)
{
    // A browser without JavaScript does not say where it is.
    private const string TimeZone = "Etc/UTC";

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
    public async Task<IActionResult> OnPostAsync([FromForm] string? terms, [FromForm] string? amount, [FromForm] string? key)
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

        if (Asked.Every is not null) return await SubscribeAsync(key);
        if (Asked.Meter is not null) return await StartMeterAsync();
        var paid = await Payments.Desk.PayOnceAsync(Wallet!.Wallet.Id, Terms, chosen);
        if (paid.IsGiven) return paid.Value.Entitlement is { } entitlement ? GoBack(Asked.Terms, entitlement) : new SeeOtherResult($"/payments/{paid.Value.Id}");
        // The page says what is missing and offers to top up.
        return paid.Refusal.Code == RefusalCodes.InsufficientFunds ? ShowAgain() : Refuse(paid.Refusal);
    }

    /// <summary>Tops the wallet up and shows the payment again.</summary>
    public async Task<IActionResult> OnPostTopUpAsync([FromForm] string? terms, [FromForm] string? rail, [FromForm] string? key)
    {
        if (await ExamineAsync(terms) is { } refused) return refused;
        if (Wallet is null) return Refuse(new Refusal(RefusalCodes.WalletNotFound, ""));
        return After(await TopUpAsync(Wallet.Wallet, key, rail), Address);
    }

    private async Task<IActionResult> StartMeterAsync()
    {
        var started = await Payments.Meters.StartOnceAsync(Wallet!.Wallet.Id, Terms);
        if (started.IsGiven) return GoBack(Asked.Terms, started.Value.Entitlement!);
        return started.Refusal.Code == RefusalCodes.InsufficientFunds ? ShowAgain() : Refuse(started.Refusal);
    }

    private async Task<IActionResult> SubscribeAsync(string? formKey)
    {
        if (!IdempotencyKey.TryParse(formKey, out var key)) return Refuse(new Refusal(RefusalCodes.IdempotencyKeyInvalid, "The form was not complete. Go back and try again."));
        if (await Payments.Subscriptions.SubscribeOnceAsync(Wallet!.Wallet.Id, key, Asked.Terms.Offer!.Value, TimeZone) is { } refusal)
            return refusal.Code == RefusalCodes.InsufficientFunds ? ShowAgain() : Refuse(refusal);
        var entitled = await Payments.Desk.RenewEntitlementAsync(Wallet.Wallet.Id, Terms);
        return entitled.Refusal is { } over ? Refuse(over) : entitled.Value is { } entitlement ? GoBack(Asked.Terms, entitlement) : new SeeOtherResult("/subscriptions");
    }

    private string Address => $"/pay{QueryString.Create(TermsField, Terms)}";

    private SeeOtherResult ShowAgain() => new(Address);
}
