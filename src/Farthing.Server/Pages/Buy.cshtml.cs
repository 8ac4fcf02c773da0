using Farthing.Payments;
using Farthing.Protocol;
using Microsoft.AspNetCore.Mvc;

namespace Farthing.Server.Pages;

/// <summary>Where a site that cannot sign terms sends a browser: on to the pay page of what an offer names. Changes nothing.</summary>
internal sealed class BuyModel(PaymentSystem payments) : WalletPage(payments)
{
    public async Task<IActionResult> OnGetAsync([FromQuery] string? offer, [FromQuery] string? resource, [FromQuery(Name = "return")] string? back, [FromQuery] string? nonce)
    {
        if (!Id<OfferKind>.TryParse(offer, out var id)) return Refuse(new Refusal(RefusalCodes.OfferNotFound, ""));
        var terms = await Payments.Desk.WriteTermsAsync(id, resource, back, nonce);
        return terms.IsGiven ? new SeeOtherResult($"/pay{QueryString.Create(TermsField, terms.Value)}") : Refuse(terms.Refusal);
    }
}
