using System.Globalization;
using Farthing.Payments;
using Farthing.Payments.TopUps;
using Farthing.Payments.Wallets;
using Farthing.Protocol;
using Farthing.Server.Rails.Card;
using Microsoft.AspNetCore.Mvc;

namespace Farthing.Server.Pages;

/// <summary>Whether, below what, by how much and how often a wallet is topped up by itself; with a card, what its owner agrees to before.</summary>
internal sealed class AutomaticTopUpModel(PaymentSystem payments) : WalletPage(payments)
{
    /// <summary>The rail that takes cards.</summary>
    public const string Card = CardRail.RailName;

    /// <summary>The query parameter of the address to which the card page leads back.</summary>
    public const string BackMark = "back";

    /// <summary>This browser's wallets with how they are topped up, null for one that never was to be; and what the rail takes of each top-up that is to be agreed.</summary>
    public IReadOnlyList<(Wallet Wallet, AutomaticTopUp? Set, Amount? Cost)> Wallets { get; private set; } = [];

    /// <summary>What can collect while the payer is away; cards first.</summary>
    public IReadOnlyList<string> Rails { get; } = [.. payments.AutomaticTopUps.Rails.OrderByDescending(rail => rail == Card)];

    /// <summary>What was sent and cannot be read, to be shown with the form again; null if nothing was.</summary>
    public AutomaticTopUpForm? Unread { get; private set; }

    /// <summary>What is wrong with it.</summary>
    public string? Fault { get; private set; }

    /// <summary>True if the browser comes back from the card page, whether it was paid there or not.</summary>
    public bool IsBack => Request.Query.ContainsKey(BackMark);

    public async Task<IActionResult> OnGetAsync()
    {
        if (IsBack)
        {
            foreach (var wallet in await FindWalletsAsync()) await Payments.AutomaticTopUps.ComeBackAsync(wallet.Id);
        }

        return await ShowAsync();
    }

    public async Task<IActionResult> OnPostSetAsync([FromForm] AutomaticTopUpForm form)
    {
        if (await FindWalletOfFormAsync(form.Currency) is not { } wallet) return Refuse(new Refusal(RefusalCodes.WalletNotFound, ""));
        if (!IdempotencyKey.TryParse(form.Key, out var key)) return Refuse(IncompleteForm);
        if (Amount.TryParse(form.Floor?.Trim() ?? "", wallet.Asset, out var floor) != AmountError.None || Amount.TryParse(form.Amount?.Trim() ?? "", wallet.Asset, out var amount) != AmountError.None)
            return await ShowAgainAsync(form, "That is not an amount. Write it as 2 or 0.50.");
        if (!int.TryParse(form.MostPerDay?.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var mostPerDay) || mostPerDay is < 1 or > AutomaticTopUps.MaxPerDay) return await ShowAgainAsync(form, $"How often a day is a whole number from 1 to {AutomaticTopUps.MaxPerDay}.");
        var returnUrl = form.Rail == Card ? $"{Request.Scheme}://{Request.Host}/automatic-top-up?{BackMark}=1" : null;
        var set = await Payments.AutomaticTopUps.SetAsync(wallet.Id, key, floor, amount, mostPerDay, form.Rail ?? "", returnUrl);
        if (set.IsGiven) return RedirectToPage("/AutomaticTopUp");
        return set.Refusal.Code.HttpStatus == StatusCodes.Status400BadRequest ? await ShowAgainAsync(form, $"{set.Refusal.Code.Title} {set.Refusal.Detail}") : Refuse(set.Refusal);
    }

    public async Task<IActionResult> OnPostStopAsync([FromForm] string? currency, [FromForm] string? key)
    {
        if (await FindWalletOfFormAsync(currency) is not { } wallet) return Refuse(new Refusal(RefusalCodes.WalletNotFound, ""));
        if (!IdempotencyKey.TryParse(key, out var idempotencyKey)) return Refuse(IncompleteForm);
        var stopped = await Payments.AutomaticTopUps.StopAsync(wallet.Id, idempotencyKey);
        return stopped.IsGiven ? RedirectToPage("/AutomaticTopUp") : Refuse(stopped.Refusal);
    }

    private static Refusal IncompleteForm { get; } = new(RefusalCodes.IdempotencyKeyInvalid, "The form was not complete. Go back and try again.");

    private async Task<IActionResult> ShowAgainAsync(AutomaticTopUpForm form, string fault)
    {
        (Unread, Fault) = (form, fault);
        Response.StatusCode = RefusalCodes.InvalidField.HttpStatus;
        return await ShowAsync();
    }

    private async Task<IActionResult> ShowAsync()
    {
        var shown = new List<(Wallet, AutomaticTopUp?, Amount?)>();
        foreach (var wallet in await FindWalletsAsync())
        {
            var set = await Payments.AutomaticTopUps.ReadAsync(wallet.Id);
            if (!set.IsGiven && set.Refusal.Code != RefusalCodes.AutomaticTopUpNotSet) return Refuse(set.Refusal);
            var cost = set.Value is { Status: AutomaticTopUpStatus.Waiting } waiting ? await Payments.TopUps.ReadCostAsync(wallet.Id, waiting.Amount, waiting.Rail) : default;
            shown.Add((wallet, set.Value, cost.IsGiven ? cost.Value.Cost : null));
        }

        Wallets = shown;
        return Page();
    }

    private async ValueTask<Wallet?> FindWalletOfFormAsync(string? currency) => Asset.TryGetCurrency(currency, out var asset) ? await FindWalletAsync(asset) : null;
}

/// <summary>The form of a wallet's automatic top-up, as it was filled in.</summary>
internal sealed record AutomaticTopUpForm(string? Currency, string? Key, string? Floor, string? Amount, string? MostPerDay, string? Rail)
{
    /// <summary>The form as it shows what was set last.</summary>
    public static AutomaticTopUpForm Of(Wallet wallet, AutomaticTopUp? set) => new(
        wallet.Asset.Code, null, set is null ? null : Words.Figure(set.Floor), set is null ? null : Words.Figure(set.Amount), (set?.MostPerDay ?? 1).ToString(CultureInfo.InvariantCulture), set?.Rail);
}
