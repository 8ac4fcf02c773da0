using Farthing.Protocol;

namespace Farthing.Client;

/// <summary>Shows sites the subscriptions that a wallet has: pays nothing, and subscribes to nothing.</summary>
/// <remarks>What the payment server gave for an offer at a site is shown again there until the site accepts it no longer. Thread-safe.</remarks>
internal sealed class ShownSubscriptions(FarthingClient wallet)
{
    // Forgotten ones cost one 402 and one question each.
    private const int MaxRemembered = 10_000;

    private const string NotCovered = "not_covered";

    private readonly Lock gate = new();

    // Guarded by the gate, both of them.
    private readonly Dictionary<string, string> byPlace = [];
    private readonly Dictionary<string, string> placeOfAddress = [];

    /// <summary>What is shown at an address, if that is known.</summary>
    public string? FindForAddress(string address)
    {
        lock (gate) return placeOfAddress.TryGetValue(address, out var place) ? byPlace.GetValueOrDefault(place) : null;
    }

    /// <summary>An address asks for what is shown at a place.</summary>
    public void Remember(string address, string place)
    {
        lock (gate)
        {
            if (placeOfAddress.Count >= MaxRemembered) placeOfAddress.Clear();
            placeOfAddress[address] = place;
        }
    }

    /// <summary>What to show in answer to a challenge: what was shown before, or something new from the payment server.</summary>
    /// <param name="place">The site and the offer.</param>
    /// <param name="refused">What the site has just refused, or null.</param>
    /// <param name="challenge">What the site asks.</param>
    /// <param name="terms">Its terms.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The value of an <c>Authorization</c> header.</returns>
    public async Task<string> FindAsync(string place, string? refused, PaymentChallenge challenge, string terms, CancellationToken cancellation)
    {
        lock (gate)
        {
            if (byPlace.GetValueOrDefault(place) is { } known && known != refused) return known;
        }

        try
        {
            var shown = await wallet.Payments.ShowEntitlementAsync(terms, cancellation).ConfigureAwait(false);
            var authorization = new PaymentCredential(challenge, shown.Entitlement).ToHeader();
            lock (gate)
            {
                if (byPlace.Count >= MaxRemembered) byPlace.Clear();
                byPlace[place] = authorization;
            }

            return authorization;
        }
        catch (FarthingException not) when (not.Problem.Code == NotCovered)
        {
            throw new NotPaidException(NotPaidReason.NotSubscribed, "The site is for subscribers, and the wallet does not subscribe to its plan. Nothing was paid: subscribe from the wallet, and send the request again.", not);
        }
        catch (FarthingException refusal) when (!refusal.IsUnclear)
        {
            throw new NotPaidException(NotPaidReason.Refused, $"The payment server does not show the site a subscription: {refusal.Message}", refusal);
        }
        catch (Exception exception) when (exception is HttpRequestException and not NotPaidException or FarthingException)
        {
            throw new NotPaidException(NotPaidReason.Unreachable, "The payment server did not answer whether the wallet subscribes to what the site asks. Nothing was paid; send the request again.", exception);
        }
    }
}
