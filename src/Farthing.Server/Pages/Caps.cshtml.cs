using Farthing.Payments;
using Farthing.Payments.Calendars;
using Farthing.Payments.Mandates;
using Farthing.Payments.Wallets;
using Farthing.Protocol;
using Microsoft.AspNetCore.Mvc;

namespace Farthing.Server.Pages;

/// <summary>What the owner puts on all that a wallet pays: a pause, and caps for a day, a week and a month.</summary>
internal sealed class CapsModel(PaymentSystem payments) : WalletPage(payments)
{
    /// <summary>This browser's wallets with what their owner put on them.</summary>
    public IReadOnlyList<(Wallet Wallet, WalletCapsState Caps)> Wallets { get; private set; } = [];

    /// <summary>What was sent and cannot be read, to be shown with the form again; null if nothing was.</summary>
    public CapsForm? Unread { get; private set; }

    /// <summary>What is wrong with it.</summary>
    public string? Fault { get; private set; }

    public Task<IActionResult> OnGetAsync() => ShowAsync();

    public Task<IActionResult> OnPostPauseAsync([FromForm] string? currency, [FromForm] string? key) => ChangeAsync(currency, key, Payments.WalletCaps.PauseAsync);

    public Task<IActionResult> OnPostResumeAsync([FromForm] string? currency, [FromForm] string? key) => ChangeAsync(currency, key, Payments.WalletCaps.ResumeAsync);

    /// <summary>Puts new caps in the place of the old ones; an empty field is no cap.</summary>
    public async Task<IActionResult> OnPostCapsAsync([FromForm] CapsForm form)
    {
        if (await FindWalletOfFormAsync(form.Currency) is not { } wallet) return Refuse(new Refusal(RefusalCodes.WalletNotFound, ""));
        if (!IdempotencyKey.TryParse(form.Key, out var key)) return Refuse(IncompleteForm);
        Amount? perDay = null, perWeek = null, perMonth = null;
        Fault = Read(form.PerDay, "a day", ref perDay) ?? Read(form.PerWeek, "a week", ref perWeek) ?? Read(form.PerMonth, "a month", ref perMonth);
        var timeZone = string.IsNullOrWhiteSpace(form.TimeZone) ? null : form.TimeZone.Trim();
        if (timeZone is not null && !TimeZones.TryFind(timeZone, out _)) Fault ??= "The time zone is not known. Write it as a place, such as Europe/Paris or America/New_York.";
        if (Fault is null)
        {
            var set = await Payments.WalletCaps.SetAsync(wallet.Id, key, new Caps(perDay, perWeek, perMonth), timeZone);
            return set.IsGiven ? RedirectToPage("/Caps") : Refuse(set.Refusal);
        }

        Unread = form;
        Response.StatusCode = RefusalCodes.InvalidField.HttpStatus;
        return await ShowAsync();

        string? Read(string? text, string period, ref Amount? cap)
        {
            if (string.IsNullOrWhiteSpace(text)) return null;
            if (Amount.TryParse(text.Trim(), wallet.Asset, out var read) != AmountError.None) return $"What may be paid in {period} is not an amount. Write it as 2 or 0.50.";
            cap = read;
            return read.IsZero ? $"Nothing at all in {period} is no cap but a pause: use the button above." : null;
        }
    }

    private static Refusal IncompleteForm { get; } = new(RefusalCodes.IdempotencyKeyInvalid, "The form was not complete. Go back and try again.");

    private async Task<IActionResult> ShowAsync()
    {
        var shown = new List<(Wallet, WalletCapsState)>();
        foreach (var wallet in await FindWalletsAsync())
        {
            var caps = await Payments.WalletCaps.ReadAsync(wallet.Id);
            if (!caps.IsGiven) return Refuse(caps.Refusal);
            shown.Add((wallet, caps.Value));
        }

        Wallets = shown;
        return Page();
    }

    private async Task<IActionResult> ChangeAsync(string? currency, string? formKey, Func<Id<WalletKind>, IdempotencyKey, ValueTask<Answer<Wallet>>> change)
    {
        if (await FindWalletOfFormAsync(currency) is not { } wallet) return Refuse(new Refusal(RefusalCodes.WalletNotFound, ""));
        if (!IdempotencyKey.TryParse(formKey, out var key)) return Refuse(IncompleteForm);
        var changed = await change(wallet.Id, key);
        return changed.IsGiven ? RedirectToPage("/Caps") : Refuse(changed.Refusal);
    }

    private async ValueTask<Wallet?> FindWalletOfFormAsync(string? currency) => Asset.TryGetCurrency(currency, out var asset) ? await FindWalletAsync(asset) : null;
}

/// <summary>The form of a wallet's caps, as it was filled in.</summary>
internal sealed record CapsForm(string? Currency, string? Key, string? PerDay, string? PerWeek, string? PerMonth, string? TimeZone)
{
    /// <summary>The form as it shows what is in force.</summary>
    public static CapsForm Of(Wallet wallet, WalletCapsState caps) => new(
        wallet.Asset.Code, null, TextOf(caps, CalendarPeriod.Day), TextOf(caps, CalendarPeriod.Week), TextOf(caps, CalendarPeriod.Month), caps.TimeZone);

    private static string? TextOf(WalletCapsState caps, CalendarPeriod period) => caps.Caps.FirstOrDefault(cap => cap.Period == period)?.Amount is { } amount ? Words.Figure(amount) : null;
}
