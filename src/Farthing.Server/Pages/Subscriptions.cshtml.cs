using Farthing.Payments;
using Farthing.Payments.Offers;
using Farthing.Payments.Subscriptions;
using Farthing.Protocol;
using Microsoft.AspNetCore.Mvc;

namespace Farthing.Server.Pages;

/// <summary>What this browser's wallets subscribe to, and how to cancel it.</summary>
internal sealed class SubscriptionsModel(PaymentSystem payments) : WalletPage(payments)
{
    private const int Shown = 100;

    /// <summary>The newest first: each with whom it pays, for what, and how much.</summary>
    public IReadOnlyList<(Subscription Subscription, string Payee, string Offer, string Price)> Subscriptions { get; private set; } = [];

    public async Task<IActionResult> OnGetAsync()
    {
        var shown = new List<(Subscription, string, string, string)>();
        foreach (var wallet in await FindWalletsAsync())
        {
            var listed = await Payments.Subscriptions.ListAsync(wallet.Id, null, Shown);
            if (!listed.IsGiven) return Refuse(listed.Refusal);
            foreach (var subscription in listed.Value.Lines)
            {
                var offer = await Payments.Offers.FindAsync(subscription.Offer);
                var payee = (await Payments.Payees.FindAsync(subscription.Payee))?.Name ?? subscription.Payee.ToString();
                shown.Add((subscription, payee, offer?.Name ?? subscription.Offer.ToString(), offer?.Pricing is PerPeriod plan ? Words.Each(plan.Price, plan.Every) : ""));
            }
        }

        Subscriptions = shown;
        return Page();
    }

    /// <summary>Cancels one: what is paid goes on to its end.</summary>
    public async Task<IActionResult> OnPostAsync([FromForm] string? subscription, [FromForm] string? key)
    {
        if (!Id<SubscriptionKind>.TryParse(subscription, out var id) || !IdempotencyKey.TryParse(key, out var idempotencyKey)) return Refuse(new Refusal(RefusalCodes.IdempotencyKeyInvalid, "The form was not complete. Go back and try again."));
        foreach (var wallet in await FindWalletsAsync())
        {
            // Another wallet's answers as if there were none.
            if (!(await Payments.Subscriptions.ReadAsync(Owner(wallet), id)).IsGiven) continue;
            var cancelled = await Payments.Subscriptions.CancelAsync(Owner(wallet), idempotencyKey, id);
            return cancelled.IsGiven ? RedirectToPage("/Subscriptions") : Refuse(cancelled.Refusal);
        }

        return Refuse(new Refusal(RefusalCodes.SubscriptionNotFound, "Nothing was cancelled."));
    }
}
