using Farthing.Payments.Desk;
using Farthing.Payments.Settings;
using Farthing.Protocol;

namespace Farthing.Payments.Subscriptions;

/// <summary>What a subscription opens: whatever terms of its offer ask, until the end of the paid period.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class SubscriptionCover(ISettingsStore settings, Ledger.Ledger ledger, TimeProvider time)
{
    // At the end of a period its subscriber is let in for a minute at a time until the next one is paid, or refused; that is soon, unless the server was off.
    private const long RenewalMilliseconds = 10 * 60_000;
    private const long WhileRenewedMilliseconds = 60_000;

    /// <summary>The newest payment of a wallet's subscription to an offer whose period is paid, and when that is over; null if there is none.</summary>
    public async ValueTask<StandingPurchase?> FindAsync(UInt128 wallet, Id<OfferKind> offer)
    {
        await foreach (var row in settings.ReadAllAsync<SubscriptionRow>(wallet))
        {
            if (row.Offer != offer.Value || EndOf(row, ledger.NowUnixMilliseconds(time)) is not { } end) continue;
            await foreach (var told in settings.ReadAllAsync<SubscriptionEventRow>(wallet))
            {
                if (told.Subscription == row.Id && told.Payment != UInt128.Zero && await PaymentRecords.FindAsync(ledger, told.Payment) is { } paid) return new StandingPurchase(paid, end);
            }
        }

        return null;
    }

    private static long? EndOf(SubscriptionRow row, long now) => row.Status switch
    {
        SubscriptionStatus.Active or SubscriptionStatus.Pausing or SubscriptionStatus.Cancelled when now < row.PeriodEnd => row.PeriodEnd,
        SubscriptionStatus.Active when now < row.PeriodEnd + RenewalMilliseconds => now + WhileRenewedMilliseconds,
        _ => null,
    };
}
