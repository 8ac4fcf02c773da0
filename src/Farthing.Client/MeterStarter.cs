using Farthing.Client.Purchases;
using Farthing.Protocol;

namespace Farthing.Client;

/// <summary>Starts meters for a paying handler, and finds out what they have cost.</summary>
/// <remarks>
/// A meter's ceiling counts against the budget from before it is started until the payment server says what it cost; then the rest is there again. It is started under one key, which a
/// budget with a file remembers: the next process goes on with the same meter. Thread-safe.
/// </remarks>
internal sealed class MeterStarter(FarthingClient wallet, Budget budget, string payer)
{
    /// <summary>The meter to use in answer to a challenge: the one that runs, or a new one.</summary>
    /// <param name="place">The site and the offer.</param>
    /// <param name="digest">The same as a digest.</param>
    /// <param name="refused">The meter that the site has just refused to count on, or null.</param>
    /// <param name="challenge">What the site asks.</param>
    /// <param name="asked">The same, read and checked.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<RunningMeter> FindAsync(string place, string digest, RunningMeter? refused, PaymentChallenge challenge, MeterRequest asked, CancellationToken cancellation)
    {
        var turn = budget.Meters.TurnOf(place);
        await turn.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (budget.Meters.Find(place) is { } current)
            {
                if (current != refused) return current;
                // The site counts on it no longer, so nobody may: what it cost by now is what it cost.
                await EndAsync(place, current, cancellation).ConfigureAwait(false);
            }

            while (budget.Purchases.Resume(digest, null, payer) is { } begun)
            {
                if (await TryStartAsync(begun, cancellation).ConfigureAwait(false) is { } resumed && resumed.Meter.Id != refused?.Meter.Id) return Use(place, resumed);
            }

            await CheckOfferAsync(asked, cancellation).ConfigureAwait(false);
            var purchase = await BeginAsync(digest, challenge, asked, cancellation).ConfigureAwait(false);
            return await TryStartAsync(purchase, cancellation).ConfigureAwait(false) is { } started
                ? Use(place, started)
                : throw (purchase.Refusal ?? new NotPaidException(NotPaidReason.GivenBack, "The meter was stopped as soon as it was started. Send the request again."));
        }
        finally
        {
            turn.Release();
        }
    }

    private RunningMeter Use(string place, RunningMeter running)
    {
        budget.Meters.Set(place, running);
        return running;
    }

    /// <summary>Sees to it that the offer is no dearer than the site says: a challenge is a stranger's word, and the offer is what is paid.</summary>
    private async Task CheckOfferAsync(MeterRequest asked, CancellationToken cancellation)
    {
        try
        {
            var named = Terms.TryParse(asked.Terms, out var terms) && terms.Offer is { } id ? id : throw new InvalidOperationException("Terms without an offer were chosen.");
            var pricing = (await wallet.Offers.ReadOfferAsync(named, cancellation).ConfigureAwait(false)).Pricing;
            if (pricing is not Metered { Per: "unit" } metered) throw new NotPaidException(NotPaidReason.TermsUnusable, "The site's terms cannot be paid: their offer counts no units.");
            var count = metered.Count ?? 1;
            if (metered.Price.Asset != asked.Price.Asset || metered.Price.Units * (UInt128)asked.Count > asked.Price.Units * count)
                throw new NotPaidException(NotPaidReason.TermsUnusable, $"The site's terms cannot be paid: it says {asked.Price} for {asked.Count} units, and its offer takes {metered.Price} for {count}.");
        }
        catch (FarthingException refused) when (!refused.IsUnclear)
        {
            throw new NotPaidException(NotPaidReason.Refused, $"The payment server refused: {refused.Message}", refused);
        }
        catch (Exception exception) when (exception is HttpRequestException and not NotPaidException or FarthingException)
        {
            throw new NotPaidException(NotPaidReason.Unreachable, "The payment server does not say what the site's offer costs, so nothing was held.", exception);
        }
    }

    private async Task<Purchase> BeginAsync(string digest, PaymentChallenge challenge, MeterRequest asked, CancellationToken cancellation)
    {
        var charge = new ChargeRequest(asked.Ceiling, asked.Payee, asked.Server, asked.Terms);
        try
        {
            return budget.Purchases.Begin(wallet.NewKey(), digest, null, payer, challenge, charge, wallet.Connection.Now);
        }
        catch (NotPaidException exception) when (exception.Reason == NotPaidReason.OverBudget)
        {
            // Others may have stopped, and their rest is there again.
            foreach (var (place, running) in budget.Meters.All)
            {
                if (running.Purchase.Payer == payer) await SettleIfStoppedAsync(place, running, cancellation).ConfigureAwait(false);
            }

            return budget.Purchases.Begin(wallet.NewKey(), digest, null, payer, challenge, charge, wallet.Connection.Now);
        }
    }

    /// <summary>Starts a meter, or finds it started; null if it is not running and counts no more than it cost.</summary>
    private async Task<RunningMeter?> TryStartAsync(Purchase purchase, CancellationToken cancellation)
    {
        try
        {
            var meter = await wallet.Meters.StartMeterAsync(new NewMeter { Terms = purchase.Charge.Terms, Ceiling = purchase.Price }, purchase.Key, cancellation).ConfigureAwait(false);
            purchase.MayBePaid = true;
            if (meter.Entitlement is not null) return new RunningMeter(purchase, meter, new PaymentCredential(purchase.Challenge, meter.Entitlement).ToHeader());
            meter = await wallet.Meters.StopMeterAsync(meter.Id, cancellation).ConfigureAwait(false);
            budget.Purchases.EndSettled(purchase, meter.Cost);
            return null;
        }
        catch (FarthingException refused) when (!refused.IsUnclear && !(purchase.MayBePaid && refused.IsAboutTheKey))
        {
            budget.Purchases.EndUnpaid(purchase);
            purchase.Refusal = new NotPaidException(NotPaidReason.Refused, $"The payment server refused: {refused.Message}", refused);
            return null;
        }
        catch (Exception exception) when (exception is HttpRequestException and not NotPaidException or FarthingException)
        {
            purchase.MayBePaid = true;
            budget.Purchases.GiveUp(purchase);
            throw new NotPaidException(NotPaidReason.Unclear, $"The payment server did not answer, so it is not known whether {purchase.Price} is held. Send the request again: it is not held twice.", exception);
        }
        catch (OperationCanceledException)
        {
            purchase.MayBePaid = true;
            budget.Purchases.GiveUp(purchase);
            throw;
        }
    }

    private async Task EndAsync(string place, RunningMeter running, CancellationToken cancellation)
    {
        try
        {
            var meter = await wallet.Meters.StopMeterAsync(running.Meter.Id, cancellation).ConfigureAwait(false);
            budget.Purchases.EndSettled(running.Purchase, meter.Cost);
        }
        catch (Exception exception) when (exception is FarthingException or HttpRequestException and not NotPaidException)
        {
            throw new NotPaidException(NotPaidReason.Unclear, "The site counts on the meter no longer, and the payment server does not say what it cost. No other one was started; send the request again.", exception);
        }

        budget.Meters.Remove(place, running);
    }

    private async Task SettleIfStoppedAsync(string place, RunningMeter running, CancellationToken cancellation)
    {
        try
        {
            var meter = await wallet.Meters.ReadMeterAsync(running.Meter.Id, cancellation).ConfigureAwait(false);
            if (meter.StoppedAt is null) return;
            budget.Purchases.EndSettled(running.Purchase, meter.Cost);
            budget.Meters.Remove(place, running);
        }
        catch (Exception exception) when (exception is FarthingException or HttpRequestException and not NotPaidException)
        {
            // Its ceiling goes on counting.
        }
    }
}
