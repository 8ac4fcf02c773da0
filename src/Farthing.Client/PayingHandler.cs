using System.Net;
using System.Net.Http.Headers;
using Farthing.Protocol;

namespace Farthing.Client;

/// <summary>Pays for what it is asked: meets a 402 with <c>WWW-Authenticate: Payment method="farthing"</c> from a wallet, within a budget, and repeats the request.</summary>
/// <remarks>
/// <para>Steps: 1. send the request; 2. on a 402, find a challenge that the wallet's own server can settle; 3. check that terms and challenge agree and are open;
/// 4. take the price from the budget; 5. pay the terms at the wallet's server, under a UUIDv7 idempotency key; 6. repeat the request with the entitlement.
/// The wallet's key is sent only to the wallet's server, whatever a challenge says.</para>
/// <para>One request message is one logical request: if it is sent again, by a retrying handler outside of this one for example, it is paid under the same key
/// with the same terms, so never twice. The answer to the paid request is final, a second 402 included.</para>
/// <para>A 402 without a challenge of this method is handed on as it is. Where one is there but cannot be paid, <see cref="NotPaidException"/> says why.
/// Bodies of requests are buffered, up to <see cref="MaxBodyBytes"/>. Thread-safe.</para>
/// </remarks>
public sealed class PayingHandler : DelegatingHandler
{
    /// <summary>The largest body of a request.</summary>
    public const int MaxBodyBytes = 4 << 20;

    /// <summary>Where a request message keeps the payment that it made, from when the payment server has answered: there too if the site then fails to answer.</summary>
    public static readonly HttpRequestOptionsKey<Payment> PaymentOption = new("Farthing.Client.Payment");

    private static readonly HttpRequestOptionsKey<Purchase> PurchaseKey = new("Farthing.Client.Purchase");

    private readonly FarthingClient wallet;
    private readonly Budget budget;

    /// <summary>Pays from a wallet within a budget. Set <see cref="DelegatingHandler.InnerHandler"/> unless a factory does.</summary>
    /// <param name="wallet">The wallet; not disposed with this.</param>
    /// <param name="budget">What may be spent; shared by all handlers that it is given to.</param>
    public PayingHandler(FarthingClient wallet, Budget budget)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        ArgumentNullException.ThrowIfNull(budget);
        this.wallet = wallet;
        this.budget = budget;
    }

    /// <inheritdoc/>
    /// <exception cref="NotPaidException">The site asked to be paid, and it was not.</exception>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Content is not null) await request.Content.LoadIntoBufferAsync(MaxBodyBytes, cancellationToken);

        if (!request.Options.TryGetValue(PurchaseKey, out var purchase))
        {
            var response = await base.SendAsync(request, cancellationToken);
            if (response.StatusCode != HttpStatusCode.PaymentRequired) return response;
            var challenges = ReadChallenges(response);
            if (challenges.Count == 0) return response;

            response.Dispose();
            if (request.Headers.Authorization is not null)
                throw new NotPaidException(NotPaidReason.AlreadyAuthorized, "The site asks to be paid, but the request already has an Authorization header, which the payment needs.");
            purchase = Choose(challenges);
            request.Options.Set(PurchaseKey, purchase);
        }

        purchase.Entitlement ??= await PayAsync(request, purchase, cancellationToken);
        var credential = new PaymentCredential(purchase.Challenge, purchase.Entitlement).ToHeader();
        request.Headers.Authorization = AuthenticationHeaderValue.Parse(credential);
        try
        {
            return await base.SendAsync(request, cancellationToken);
        }
        finally
        {
            request.Headers.Authorization = null;
        }
    }

    private Purchase Choose(List<PaymentChallenge> challenges)
    {
        NotPaidException? refusal = null;
        foreach (var challenge in challenges)
        {
            if (!ChargeRequest.TryRead(challenge.Request, out var charge))
                refusal ??= new NotPaidException(NotPaidReason.TermsUnusable, "The site's payment challenge is malformed. Tell its operator.");
            else if (Uri.Compare(charge.Server, wallet.Server, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) != 0)
                refusal ??= new NotPaidException(NotPaidReason.OtherServer, $"The site wants to be paid at {Origin(charge.Server)}, but the wallet is at {Origin(wallet.Server)}. Use a wallet there.");
            else if (FindFault(challenge, charge) is { } fault)
                refusal ??= new NotPaidException(NotPaidReason.TermsUnusable, $"The site's terms cannot be paid: {fault}.");
            else
                return new Purchase(challenge, charge, wallet.NewKey());
        }

        throw refusal!;
    }

    private string? FindFault(PaymentChallenge challenge, ChargeRequest charge)
    {
        var now = wallet.Time.GetUtcNow();
        if (challenge.IsOver(now)) return "the challenge is over; ask the site again";
        if (!Terms.TryParse(charge.Terms, out var terms)) return "they are malformed";
        if (terms.Expires <= now) return "they are over; ask the site again";
        // Without a price of their own the terms could cost more than the challenge says, and more than the budget.
        if (terms.Amount is not { } price) return "they name an offer and no price";
        return price != charge.Amount || terms.Payee != charge.Recipient ? "they ask for something else than the challenge" : null;
    }

    private async Task<string> PayAsync(HttpRequestMessage request, Purchase purchase, CancellationToken cancellation)
    {
        var price = purchase.Charge.Amount;
        if (purchase.Taken is null)
        {
            var now = wallet.Time.GetUtcNow();
            if (budget.TryTake(price, now) is { } fault)
            {
                Forget(request);
                throw new NotPaidException(NotPaidReason.OverBudget, $"The site was not paid: {fault}.");
            }

            purchase.Taken = now;
        }

        Payment payment;
        try
        {
            payment = await wallet.PayAsync(new NewPayment { Terms = purchase.Charge.Terms }, purchase.IdempotencyKey, cancellation);
        }
        catch (FarthingException refused) when (!refused.IsUnclear)
        {
            budget.GiveBack(price, purchase.Taken.Value);
            Forget(request);
            throw new NotPaidException(NotPaidReason.Refused, $"The payment server refused: {refused.Message}", refused);
        }
        catch (Exception exception) when (exception is HttpRequestException or FarthingException)
        {
            throw new NotPaidException(NotPaidReason.Unclear, $"The payment server did not answer, so it is not known whether {price} was paid. Send the same request message again: it is not paid twice.", exception);
        }

        request.Options.Set(PaymentOption, payment);
        return payment.Entitlement
            ?? throw new NotPaidException(NotPaidReason.Unclear, $"The payment server took {payment.Amount} (payment {payment.Id}, {payment.Status}) and gave no entitlement for the site.");
    }

    private static List<PaymentChallenge> ReadChallenges(HttpResponseMessage response)
    {
        // As sent: the framework's own reading of the header drops what it does not know.
        if (!response.Headers.NonValidated.TryGetValues("WWW-Authenticate", out var headers)) return [];
        return [.. headers.SelectMany(PaymentChallenge.ReadAll).Where(challenge => challenge is { Method: PaymentChallenge.Farthing, Intent: PaymentChallenge.Charge })];
    }

    // Nothing was paid: sent again, the message begins anew, with new terms and a new key.
    private static void Forget(HttpRequestMessage request) => ((IDictionary<string, object?>)request.Options).Remove(PurchaseKey.Key);

    private static string Origin(Uri uri) => uri.GetLeftPart(UriPartial.Authority);

    /// <summary>What one request message buys. Written only by whoever sends that message, which is one at a time.</summary>
    private sealed class Purchase(PaymentChallenge challenge, ChargeRequest charge, string idempotencyKey)
    {
        public PaymentChallenge Challenge { get; } = challenge;

        public ChargeRequest Charge { get; } = charge;

        public string IdempotencyKey { get; } = idempotencyKey;

        /// <summary>When the price was taken from the budget; null before.</summary>
        public DateTimeOffset? Taken { get; set; }

        public string? Entitlement { get; set; }
    }
}
