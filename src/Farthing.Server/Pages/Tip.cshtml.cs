using Farthing.Payments;
using Farthing.Payments.Payees;
using Farthing.Payments.Tips;
using Farthing.Payments.Wallets;
using Farthing.Protocol;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;

namespace Farthing.Server.Pages;

/// <summary>A tip of the payer's own amount. Looking at it changes nothing.</summary>
internal sealed class TipModel(PaymentSystem payments) : WalletPage(payments)
{
    private const int MaxSuggested = 6;
    private const string Given = "tipped";

    private static readonly string[] Usual = ["0.10", "0.50", "1"];

    /// <summary>Who is tipped; set unless there is an obstacle.</summary>
    public Payee Payee { get; private set; } = null!;

    /// <summary>The site that is gone back to, whose payee registered it; null for none.</summary>
    public string? Back { get; private set; }

    /// <summary>Amounts to choose from.</summary>
    public IReadOnlyList<Amount> Suggested { get; private set; } = [];

    /// <summary>The amounts as they were asked for, for the form.</summary>
    public string Amounts { get; private set; } = "";

    /// <summary>The wallet that pays, or null if this browser has none in the currency.</summary>
    public WalletBalance? Wallet { get; private set; }

    /// <summary>Why the amount that was sent is none.</summary>
    public string? Fault { get; private set; }

    /// <summary>Whether the wallet had too little for the tip that was sent.</summary>
    public bool IsShort { get; private set; }

    public async Task<IActionResult> OnGetAsync([FromQuery] string? payee, [FromQuery] string? amounts, [FromQuery(Name = "return")] string? back)
    {
        GiveSecret();
        return await ExamineAsync(payee, amounts, back) ?? Page();
    }

    /// <summary>Tips, from a new wallet if there is none, and goes back to the site.</summary>
    public async Task<IActionResult> OnPostAsync(
        [FromForm] string? payee, [FromForm] string? amounts, [FromForm(Name = "return")] string? back, [FromForm] string? key, [FromForm] string? amount)
    {
        if (await ExamineAsync(payee, amounts, back) is { } refused) return refused;
        if (Amount.TryParse(amount?.Trim() ?? "", Payee.Asset, out var tip) != AmountError.None || tip.IsZero)
        {
            Fault = "That is not an amount. Write it as 2 or 0.50.";
            Response.StatusCode = RefusalCodes.InvalidAmount.HttpStatus;
            return Page();
        }

        if (!IdempotencyKey.TryParse(key, out var idempotencyKey)) return Refuse(new Refusal(RefusalCodes.IdempotencyKeyInvalid, "The form was not complete. Go back and try again."));
        if (BrowserSecret is not { } secret) return Refuse(new Refusal(RefusalCodes.WalletNotFound, ""));
        var opened = await OpenWalletAsync(secret, Payee.Asset);
        if (!opened.IsGiven) return Refuse(opened.Refusal);
        var given = await Payments.Tips.TipAsync(opened.Value.Id, idempotencyKey, new NewTip(Payee.Id, tip, null, null));
        if (given.IsGiven) return new SeeOtherResult(Back is null ? $"/payments/{given.Value.Payment.Id}" : QueryHelpers.AddQueryString(Back, TermsPage.AnswerParameter, Given));
        if (given.Refusal.Code != RefusalCodes.InsufficientFunds) return Refuse(given.Refusal);
        IsShort = true;
        return await ReadWalletAsync(opened.Value) ?? Page();
    }

    /// <summary>Tops the wallet up and shows the tip again.</summary>
    public async Task<IActionResult> OnPostTopUpAsync([FromForm] string? payee, [FromForm] string? amounts, [FromForm(Name = "return")] string? back, [FromForm] string? rail, [FromForm] string? key)
    {
        if (await ExamineAsync(payee, amounts, back) is { } refused) return refused;
        if (Wallet is null) return Refuse(new Refusal(RefusalCodes.WalletNotFound, ""));
        var query = QueryString.Create("payee", Payee.Id.ToString()).Add("amounts", Amounts);
        return After(await TopUpAsync(Wallet.Wallet, key, rail), $"/tip{(Back is null ? query : query.Add("return", Back))}");
    }

    private async ValueTask<IActionResult?> ExamineAsync(string? payee, string? amounts, string? back)
    {
        if (!Id<PayeeKind>.TryParse(payee, out var id) || await Payments.Payees.FindAsync(id) is not { } found) return Refuse(new Refusal(RefusalCodes.PayeeNotFound, ""));
        if (!found.MayReturnTo(back)) return Refuse(new Refusal(RefusalCodes.TermsForAnotherSite, ""));
        (Payee, Back, Amounts) = (found, back, amounts ?? "");
        if (found.Website is { } website) HttpContext.Features.Set(new ReturnSite(new Uri(website).GetLeftPart(UriPartial.Authority)));
        var suggested = Read(Amounts.Split(' ', StringSplitOptions.RemoveEmptyEntries).Take(MaxSuggested));
        Suggested = suggested.Count > 0 ? suggested : Read(Usual);
        return await FindWalletAsync(found.Asset) is { } wallet ? await ReadWalletAsync(wallet) : null;

        List<Amount> Read(IEnumerable<string> texts) =>
            [.. texts.Select(text => Amount.TryParse(text, found.Asset, out var amount) == AmountError.None ? amount : default).Where(amount => !amount.IsZero).Distinct()];
    }

    private async ValueTask<IActionResult?> ReadWalletAsync(Wallet wallet)
    {
        var read = await Payments.Wallets.ReadAsync(wallet.Id);
        if (!read.IsGiven) return Refuse(read.Refusal);
        Wallet = read.Value;
        return null;
    }
}
