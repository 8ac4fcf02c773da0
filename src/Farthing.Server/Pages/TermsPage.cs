using Farthing.Payments;
using Farthing.Payments.Desk;
using Farthing.Payments.Wallets;
using Farthing.Protocol;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;

namespace Farthing.Server.Pages;

/// <summary>What the pages share that a site sends a browser to with its terms.</summary>
internal abstract class TermsPage(PaymentSystem payments) : WalletPage(payments)
{
    /// <summary>The answer to a site when its page is not paid for.</summary>
    protected const string Unpaid = "unpaid";

    /// <summary>The parameter in which a site is answered.</summary>
    public const string AnswerParameter = "farthing";

    /// <summary>What the site asks; set unless there is an obstacle.</summary>
    public ExaminedTerms Asked { get; private set; } = null!;

    /// <summary>What it asks that for, in words.</summary>
    public string For { get; private set; } = "";

    /// <summary>The token of the terms.</summary>
    public string Terms { get; private set; } = "";

    /// <summary>The wallet that pays, or null if this browser has none in the currency.</summary>
    public WalletBalance? Wallet { get; private set; }

    /// <summary>Checks the terms and finds the wallet.</summary>
    /// <returns>The answer if there is an obstacle, else null.</returns>
    protected async ValueTask<IActionResult?> ExamineAsync(string? token)
    {
        Terms = token ?? "";
        var examined = await Payments.Desk.ExamineTermsAsync(Terms, null);
        if (!examined.IsGiven) return Refuse(examined.Refusal, await FindWayBackAsync(examined.Refusal));
        Asked = examined.Value;
        For = Asked.Terms.Title ?? await NameAsync(Asked.Terms.Resource, Asked.Terms.Offer) ?? "";
        if (Asked.Payee.Website is { } website) HttpContext.Features.Set(new ReturnSite(new Uri(website).GetLeftPart(UriPartial.Authority)));
        if (!Asked.Terms.Once) return Refuse(new Refusal(RefusalCodes.TermsInvalid, "These terms are for a program, which pays for each call."));

        if (await FindWalletAsync(Asked.Price.Asset) is not { } wallet) return null;
        var examinedFor = await Payments.Desk.ExamineTermsAsync(Terms, wallet.Id);
        if (!examinedFor.IsGiven) return Refuse(examinedFor.Refusal);
        Asked = examinedFor.Value;
        return await ReadWalletAsync(wallet);
    }

    /// <summary>Reads what is in the wallet.</summary>
    /// <returns>The answer if there is an obstacle, else null.</returns>
    protected async ValueTask<IActionResult?> ReadWalletAsync(Wallet wallet)
    {
        var read = await Payments.Wallets.ReadAsync(wallet.Id);
        if (!read.IsGiven) return Refuse(read.Refusal);
        Wallet = read.Value;
        return null;
    }

    /// <summary>Goes back to the site with an answer; without an address to go back to, to the wallet.</summary>
    /// <remarks>The desk has checked that the payee registered the site. The address is extended as a URL, never put together from parts.</remarks>
    protected static IActionResult GoBack(Terms terms, string answer) =>
        new SeeOtherResult(terms.ReturnUrl is { } address ? QueryHelpers.AddQueryString(address, AnswerParameter, answer) : "/");

    // Terms that are only too old still say where the payer came from; the site is looked up again, as nothing else of a refusal is to be trusted.
    private async ValueTask<string?> FindWayBackAsync(Refusal refusal)
    {
        if (refusal.Code != RefusalCodes.TermsExpired || !Protocol.Terms.TryParse(Terms, out var terms) || terms.ReturnUrl is not { } address) return null;
        var payee = await Payments.Payees.FindAsync(terms.Payee);
        return payee?.Website is { } website && new Uri(website).GetLeftPart(UriPartial.Authority) == new Uri(address).GetLeftPart(UriPartial.Authority) ? address : null;
    }
}

/// <summary>See Other: after a form, the browser goes there by GET.</summary>
/// <param name="address">A path of this server, or an absolute URL that is known to be safe.</param>
internal sealed class SeeOtherResult(string address) : ActionResult
{
    /// <inheritdoc/>
    public override void ExecuteResult(ActionContext context)
    {
        context.HttpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.HttpContext.Response.Headers.Location = address;
    }
}
