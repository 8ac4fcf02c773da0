using Farthing.Payments;
using Farthing.Payments.Calendars;
using Farthing.Payments.Mandates;
using Farthing.Payments.Wallets;
using Farthing.Protocol;
using Microsoft.AspNetCore.Mvc;

namespace Farthing.Server.Pages;

/// <summary>What the owner puts on all that a wallet pays: a pause, and caps for a day, a week and a month.</summary>
internal sealed class LimitsModel(PaymentSystem payments) : WalletPage(payments)
{
    /// <summary>This browser's wallets with what their owner put on them.</summary>
    public IReadOnlyList<(Wallet Wallet, WalletCapsState Limits)> Wallets { get; private set; } = [];

    /// <summary>What was sent and cannot be read, to be shown with the form again; null if nothing was.</summary>
    public LimitsForm? Unread { get; private set; }

    /// <summary>What is wrong with it.</summary>
    public string? Fault { get; private set; }

    public Task<IActionResult> OnGetAsync() => ShowAsync();

    public Task<IActionResult> OnPostPauseAsync([FromForm] string? currency, [FromForm] string? key) => ChangeAsync(currency, key, Payments.WalletCaps.PauseAsync);

    public Task<IActionResult> OnPostResumeAsync([FromForm] string? currency, [FromForm] string? key) => ChangeAsync(currency, key, Payments.WalletCaps.ResumeAsync);

    /// <summary>Puts new caps in the place of the old ones; an empty field is no cap.</summary>
    public async Task<IActionResult> OnPostCapsAsync([FromForm] LimitsForm form)
    {
        if (await FindWalletOfFormAsync(form.Currency) is not { } wallet) return Refuse(new Refusal(RefusalCodes.WalletNotFound, ""));
        if (!IdempotencyKey.TryParse(form.Key, out var key)) return Refuse(IncompleteForm);
        Amount? perDay = null, perWeek = null, perMonth = null;
        Fault = Read(form.PerDay, "a day", ref perDay) ?? Read(form.PerWeek, "a week", ref perWeek) ?? Read(form.PerMonth, "a month", ref perMonth);
        if (Fault is null)
        {
            var set = await Payments.WalletCaps.SetAsync(wallet.Id, key, new Caps(perDay, perWeek, perMonth), string.IsNullOrWhiteSpace(form.TimeZone) ? null : form.TimeZone.Trim());
            if (set.IsGiven) return RedirectToPage("/Limits");
            if (set.Refusal.Code != RefusalCodes.InvalidField) return Refuse(set.Refusal);
            Fault = "The time zone is not known. Write it as a place, such as Europe/Paris or America/New_York.";
        }

        Unread = form;
        Response.StatusCode = RefusalCodes.InvalidField.HttpStatus;
        return await ShowAsync();

        string? Read(string? text, string period, ref Amount? cap)
        {
            if (string.IsNullOrWhiteSpace(text)) return null;
            if (Amount.TryParse(text.Trim(), wallet.Asset, out var read) != AmountError.None) return $"What may be paid in {period} is not an amount. Write it as 2 or 0.50.";
            cap = read;
            return read.IsZero ? $"Nothing at all in {period} is no limit but a pause: use the button above." : null;
        }
    }

    private static Refusal IncompleteForm { get; } = new(RefusalCodes.IdempotencyKeyInvalid, "The form was not complete. Go back and try again.");

    private async Task<IActionResult> ShowAsync()
    {
        var shown = new List<(Wallet, WalletCapsState)>();
        foreach (var wallet in await FindWalletsAsync())
        {
            var limits = await Payments.WalletCaps.ReadAsync(wallet.Id);
            if (!limits.IsGiven) return Refuse(limits.Refusal);
            shown.Add((wallet, limits.Value));
        }

        Wallets = shown;
        return Page();
    }

    private async Task<IActionResult> ChangeAsync(string? currency, string? formKey, Func<Id<WalletKind>, IdempotencyKey, ValueTask<Answer<Wallet>>> change)
    {
        if (await FindWalletOfFormAsync(currency) is not { } wallet) return Refuse(new Refusal(RefusalCodes.WalletNotFound, ""));
        if (!IdempotencyKey.TryParse(formKey, out var key)) return Refuse(IncompleteForm);
        var changed = await change(wallet.Id, key);
        return changed.IsGiven ? RedirectToPage("/Limits") : Refuse(changed.Refusal);
    }

    private async ValueTask<Wallet?> FindWalletOfFormAsync(string? currency) => Asset.TryGetCurrency(currency, out var asset) ? await FindWalletAsync(asset) : null;
}

/// <summary>The form of a wallet's caps, as it was filled in.</summary>
internal sealed record LimitsForm(string? Currency, string? Key, string? PerDay, string? PerWeek, string? PerMonth, string? TimeZone)
{
    /// <summary>The form as it shows what is in force.</summary>
    public static LimitsForm Of(Wallet wallet, WalletCapsState limits) => new(
        wallet.Asset.Code, null, TextOf(limits, CalendarPeriod.Day), TextOf(limits, CalendarPeriod.Week), TextOf(limits, CalendarPeriod.Month), limits.TimeZone);

    private static string? TextOf(WalletCapsState limits, CalendarPeriod period) => limits.Caps.FirstOrDefault(cap => cap.Period == period)?.Amount is { } amount ? Words.Figure(amount) : null;
}
