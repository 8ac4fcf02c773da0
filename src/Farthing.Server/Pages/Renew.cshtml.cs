using Farthing.Payments;
using Microsoft.AspNetCore.Mvc;

namespace Farthing.Server.Pages;

/// <summary>Where a site sends a browser whose entitlement is over: it comes straight back with a fresh one, or with the word that nothing is paid.</summary>
internal sealed class RenewModel(PaymentSystem payments) : TermsPage(payments)
{
    public async Task<IActionResult> OnGetAsync([FromQuery] string? terms)
    {
        if (await ExamineAsync(terms) is { } refused) return refused;
        if (Wallet is null || Asked.Paid is null) return GoBack(Asked.Terms, Unpaid);

        var renewed = await Payments.Desk.RenewEntitlementAsync(Wallet.Wallet.Id, Terms);
        return renewed.Refusal is { } refusal ? Refuse(refusal) : GoBack(Asked.Terms, renewed.Value ?? Unpaid);
    }
}
