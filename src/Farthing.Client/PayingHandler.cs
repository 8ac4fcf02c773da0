using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Farthing.Client.Purchases;
using Farthing.Protocol;

namespace Farthing.Client;

/// <summary>Pays for what it is asked: meets a 402 with <c>WWW-Authenticate: Payment method="farthing"</c> from a wallet, within a budget, and repeats the request.</summary>
/// <remarks>
/// <para>Steps: 1. send the request; 2. on a 402, find a challenge that the wallet's own server can settle; 3. check that terms and challenge agree and are open;
/// 4. take the price from the budget, and write the purchase down; 5. pay the terms at the wallet's server, under a UUIDv7 idempotency key; 6. repeat the request with
/// the entitlement. The wallet's key is sent only to the wallet's server, whatever a challenge says.</para>
/// <para>A logical request is paid at most once. A request message that is sent again, by a retrying handler outside of this one for example, is paid under the same key.
/// So is a new message for the same thing (method, address and body) after one that ended without the site's answer; and if the budget is kept in a file, even after the
/// process was killed at any moment. Once the site has answered, the next message is another request, unless both have the same <see cref="NameOption"/>.
/// The answer to the paid request is final, a second 402 included: <see cref="PaymentOption"/> says what was paid, which the wallet can ask back.</para>
/// <para>Where a site meters what is used, a meter is started once, and its ceiling counts as spent until it is known what it cost: when the site asks for another one, or the budget is needed. From then on requests to
/// the same address carry its entitlement at once. Each message that the site serves is counted by the site, also one that is sent again; a meter is never started twice for one.</para>
/// <para>What is for subscribers is opened by a subscription that the wallet has: the payment server is asked to show it, which pays nothing, and the site sees it for up to an hour before it is asked again. A handler
/// subscribes to nothing by itself, whatever the budget is; a mandate's key shows none.</para>
/// <para>A 402 without a challenge of this method is handed on as it is. Where one is there but cannot be paid, <see cref="NotPaidException"/> says why.
/// Bodies of requests are buffered, up to <see cref="MaxBodyBytes"/>. Thread-safe.</para>
/// </remarks>
public sealed class PayingHandler : DelegatingHandler
{
    /// <summary>The largest body of a request.</summary>
    public const int MaxBodyBytes = 4 << 20;

    // Half of what an entitlement lives at least.
    private const int FreshSeconds = 30;

    /// <summary>Where a request message keeps the payment that it made, from when the payment server has answered: there too if the site then fails to answer.</summary>
    public static readonly HttpRequestOptionsKey<Payment> PaymentOption = new("Farthing.Client.Payment");

    /// <summary>Where a caller names a logical request, such as <c>order 42</c>: all messages of one name are paid once, in 30 days and in all processes that keep their budget in one file.</summary>
    public static readonly HttpRequestOptionsKey<string> NameOption = new("Farthing.Client.Name");

    /// <summary>Where a request message keeps the meter that the site counted it on, as it was when it was started.</summary>
    public static readonly HttpRequestOptionsKey<Meter> MeterOption = new("Farthing.Client.Meter");

    private static readonly HttpRequestOptionsKey<Purchase> PurchaseKey = new("Farthing.Client.Purchase");

    private readonly FarthingClient wallet;
    private readonly PurchaseBook purchases;
    private readonly RunningMeters meters;
    private readonly MeterStarter starter;
    private readonly ShownSubscriptions subscriptions;
    private readonly string payer;

    /// <summary>Pays from a wallet within a budget. Set <see cref="DelegatingHandler.InnerHandler"/> unless a factory does.</summary>
    /// <param name="wallet">A client with the key of a wallet or of a mandate; not disposed with this.</param>
    /// <param name="budget">What may be spent; shared by all handlers that it is given to; not disposed with this.</param>
    public PayingHandler(FarthingClient wallet, Budget budget)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        ArgumentNullException.ThrowIfNull(budget);
        this.wallet = wallet;
        purchases = budget.Purchases;
        payer = Digest(Encoding.UTF8.GetBytes($"{Origin(wallet.Server)}\n{OwnerOf(wallet.Key)}"));
        meters = budget.Meters;
        starter = new MeterStarter(wallet, budget, payer);
        subscriptions = new ShownSubscriptions(wallet);
    }

    /// <inheritdoc/>
    /// <exception cref="NotPaidException">The site asked to be paid, and it was not.</exception>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Content is not null) await request.Content.LoadIntoBufferAsync(MaxBodyBytes, cancellationToken).ConfigureAwait(false);
        if (!request.Options.TryGetValue(PurchaseKey, out var purchase))
        {
            // Before it is sent: a redirect changes the message.
            var digest = await DigestAsync(request, cancellationToken).ConfigureAwait(false);
            var name = request.Options.TryGetValue(NameOption, out var given) ? Digest(Encoding.UTF8.GetBytes(given)) : null;
            var address = AddressOf(request);
            var shown = request.Headers.Authorization is null ? meters.FindForAddress(address) : null;
            var subscribed = shown is null && request.Headers.Authorization is null ? subscriptions.FindForAddress(address) : null;
            var response = subscribed is null ? await SendOnAsync(request, shown, cancellationToken).ConfigureAwait(false) : await SendAsAsync(request, subscribed, cancellationToken).ConfigureAwait(false);
            if (response.StatusCode != HttpStatusCode.PaymentRequired) return response;
            var challenges = ReadChallenges(response, PaymentChallenge.Charge);
            if (challenges.Count == 0)
            {
                if (ReadChallenges(response, PaymentChallenge.Meter) is { Count: > 0 } metered) return await CountAsync(request, address, response, metered, shown, cancellationToken).ConfigureAwait(false);
                return ReadChallenges(response, PaymentChallenge.Subscription) is { Count: > 0 } plans ? await ShowAsync(request, address, response, plans, subscribed, cancellationToken).ConfigureAwait(false) : response;
            }

            response.Dispose();
            CheckUnauthorized(request);
            purchase = await ResumeAsync(digest, name, cancellationToken).ConfigureAwait(false)
                ?? await BeginAsync(digest, name, challenges, cancellationToken).ConfigureAwait(false);
            request.Options.Set(PurchaseKey, purchase);
        }

        return await PayAndSendAsync(request, purchase, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Answers a challenge to start a meter with the one that runs, or with a new one, which is at most one for each message.</summary>
    private async Task<HttpResponseMessage> CountAsync(HttpRequestMessage request, string address, HttpResponseMessage response, List<PaymentChallenge> challenges, RunningMeter? shown, CancellationToken cancellation)
    {
        response.Dispose();
        CheckUnauthorized(request);
        await HearTheTimeAsync(cancellation).ConfigureAwait(false);
        var (challenge, asked, offer) = ChooseMeter(challenges);
        var place = $"{payer}\n{address[..address.IndexOf('\n', StringComparison.Ordinal)]}\n{offer}";
        var digest = Digest(Encoding.UTF8.GetBytes($"meter\n{place}"));
        var running = await starter.FindAsync(place, digest, shown, challenge, asked, cancellation).ConfigureAwait(false);
        var counted = await SendOnAsync(request, running, cancellation).ConfigureAwait(false);
        if (counted.StatusCode == HttpStatusCode.PaymentRequired && running.Purchase.Challenge.Id != challenge.Id && ReadChallenges(counted, PaymentChallenge.Meter).Count > 0)
        {
            // It ran before, and is over by now. What the first answer asked is still open.
            counted.Dispose();
            running = await starter.FindAsync(place, digest, running, challenge, asked, cancellation).ConfigureAwait(false);
            counted = await SendOnAsync(request, running, cancellation).ConfigureAwait(false);
        }

        if (counted.StatusCode != HttpStatusCode.PaymentRequired) meters.Remember(address, place);
        return counted;
    }

    /// <summary>Answers a challenge for subscribers with the subscription that the wallet has.</summary>
    private async Task<HttpResponseMessage> ShowAsync(HttpRequestMessage request, string address, HttpResponseMessage response, List<PaymentChallenge> challenges, string? refused, CancellationToken cancellation)
    {
        response.Dispose();
        CheckUnauthorized(request);
        await HearTheTimeAsync(cancellation).ConfigureAwait(false);
        var (challenge, asked, offer) = ChoosePlan(challenges);
        var place = $"{address[..address.IndexOf('\n', StringComparison.Ordinal)]}\n{offer}";
        var shown = await subscriptions.FindAsync(place, refused, challenge, asked.Terms, cancellation).ConfigureAwait(false);
        var seen = await SendAsAsync(request, shown, cancellation).ConfigureAwait(false);
        if (seen.StatusCode == HttpStatusCode.PaymentRequired && refused is null && ReadChallenges(seen, PaymentChallenge.Subscription).Count > 0)
        {
            // It was shown at another address before, and is over by now. What the first answer asked is still open.
            seen.Dispose();
            shown = await subscriptions.FindAsync(place, shown, challenge, asked.Terms, cancellation).ConfigureAwait(false);
            seen = await SendAsAsync(request, shown, cancellation).ConfigureAwait(false);
        }

        if (seen.StatusCode != HttpStatusCode.PaymentRequired) subscriptions.Remember(address, place);
        return seen;
    }

    private async Task<HttpResponseMessage> SendOnAsync(HttpRequestMessage request, RunningMeter? running, CancellationToken cancellation)
    {
        if (running is null) return await base.SendAsync(request, cancellation).ConfigureAwait(false);
        request.Options.Set(MeterOption, running.Meter);
        return await SendAsAsync(request, running.Authorization, cancellation).ConfigureAwait(false);
    }

    private async Task<HttpResponseMessage> SendAsAsync(HttpRequestMessage request, string authorization, CancellationToken cancellation)
    {
        request.Headers.Authorization = AuthenticationHeaderValue.Parse(authorization);
        try
        {
            return await base.SendAsync(request, cancellation).ConfigureAwait(false);
        }
        finally
        {
            request.Headers.Authorization = null;
        }
    }

    private (PaymentChallenge Challenge, MeterRequest Asked, Id<OfferKind> Offer) ChooseMeter(List<PaymentChallenge> challenges)
    {
        NotPaidException? refusal = null;
        foreach (var challenge in challenges)
        {
            if (!MeterRequest.TryRead(challenge.Request, out var asked))
                refusal ??= new NotPaidException(NotPaidReason.TermsUnusable, "The site's payment challenge is malformed. Tell its operator.");
            else if (Uri.Compare(asked.Server, wallet.Server, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) != 0)
                refusal ??= new NotPaidException(NotPaidReason.OtherServer, $"The site wants to be paid at {Origin(asked.Server)}, but the wallet is at {Origin(wallet.Server)}. Use a wallet there.");
            else if (challenge.IsOver(wallet.Connection.Now))
                refusal ??= new NotPaidException(NotPaidReason.TermsUnusable, "The site's terms cannot be paid: the challenge is over; ask the site again.");
            else if (!Terms.TryParse(asked.Terms, out var terms) || terms.Offer is not { } offer || terms.Payee != asked.Payee || terms.Expires <= wallet.Connection.Now)
                refusal ??= new NotPaidException(NotPaidReason.TermsUnusable, "The site's terms cannot be paid: they are malformed, over, or ask for something else than the challenge.");
            else
                return (challenge, asked, offer);
        }

        throw refusal!;
    }

    private (PaymentChallenge Challenge, ChargeRequest Asked, Id<OfferKind> Offer) ChoosePlan(List<PaymentChallenge> challenges)
    {
        NotPaidException? refusal = null;
        foreach (var challenge in challenges)
        {
            if (!ChargeRequest.TryRead(challenge.Request, out var asked))
                refusal ??= new NotPaidException(NotPaidReason.TermsUnusable, "The site's payment challenge is malformed. Tell its operator.");
            else if (Uri.Compare(asked.Server, wallet.Server, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) != 0)
                refusal ??= new NotPaidException(NotPaidReason.OtherServer, $"The site asks for a subscription at {Origin(asked.Server)}, but the wallet is at {Origin(wallet.Server)}. Use a wallet there.");
            else if (challenge.IsOver(wallet.Connection.Now) || !Terms.TryParse(asked.Terms, out var terms) || terms.Offer is not { } offer || terms.Payee != asked.Recipient || terms.Expires <= wallet.Connection.Now)
                refusal ??= new NotPaidException(NotPaidReason.TermsUnusable, "The site's terms cannot be answered: they are malformed, over, or ask for something else than the challenge.");
            else
                return (challenge, asked, offer);
        }

        throw refusal!;
    }

    /// <summary>Whose key it is: what its wallet or mandate has begun goes on under a key that took the place of another. The whole of a key that does not say.</summary>
    private static string? OwnerOf(string? key) =>
        key is ['f', 'k', '_', .. var rest] && rest.IndexOf('_', StringComparison.Ordinal) is > 0 and var prefix && rest.IndexOf('_', prefix + 1) is > 0 and var end
        && (Id<WalletKind>.TryParse(rest.AsSpan(0, end), out _) || Id<MandateKind>.TryParse(rest.AsSpan(0, end), out _)) ? rest[..end] : key;

    /// <summary>Site and path; the query is no part of what is metered.</summary>
    private static string AddressOf(HttpRequestMessage request) =>
        request.RequestUri is { IsAbsoluteUri: true } address ? $"{Origin(address)}\n{request.Method} {address.AbsolutePath}" : "\n";

    /// <summary>What was begun before and can go on; null to begin anew. What the payment server says was never paid, and will not be, is over.</summary>
    private async Task<Purchase?> ResumeAsync(string digest, string? name, CancellationToken cancellation)
    {
        while (purchases.Resume(digest, name, payer) is { } purchase)
        {
            try
            {
                await PayAsync(purchase, cancellation).ConfigureAwait(false);
                return purchase;
            }
            catch (NotPaidException exception) when (exception.Reason == NotPaidReason.Refused || (exception.Reason == NotPaidReason.GivenBack && name is null))
            {
                // Its terms may be over by now: the site has just made others. What was given back is bought anew, but for a name, which is paid once.
            }
            catch
            {
                purchases.GiveUp(purchase);
                throw;
            }
        }

        return null;
    }

    private async Task<Purchase> BeginAsync(string digest, string? name, List<PaymentChallenge> challenges, CancellationToken cancellation)
    {
        await HearTheTimeAsync(cancellation).ConfigureAwait(false);
        var (challenge, charge) = Choose(challenges);
        return purchases.Begin(wallet.NewKey(), digest, name, payer, challenge, charge, wallet.Connection.Now);
    }

    private async Task<HttpResponseMessage> PayAndSendAsync(HttpRequestMessage request, Purchase purchase, CancellationToken cancellation)
    {
        CheckUnauthorized(request);
        var isOver = false;
        try
        {
            var payment = await PayAsync(purchase, cancellation).ConfigureAwait(false);
            request.Options.Set(PaymentOption, payment);
            request.Headers.Authorization = AuthenticationHeaderValue.Parse(new PaymentCredential(purchase.Challenge, payment.Entitlement!).ToHeader());
            var response = await base.SendAsync(request, cancellation).ConfigureAwait(false);
            purchases.EndAnswered(purchase);
            isOver = true;
            return response;
        }
        catch (NotPaidException exception) when (exception.Reason is NotPaidReason.Refused or NotPaidReason.GivenBack)
        {
            // Sent again, the message begins anew, with new terms and a new key.
            ((IDictionary<string, object?>)request.Options).Remove(PurchaseKey.Key);
            isOver = true;
            throw;
        }
        finally
        {
            if (!isOver) purchases.GiveUp(purchase);
            request.Headers.Authorization = null;
        }
    }

    /// <summary>Pays, or finds out what was paid; the entitlement is there afterwards.</summary>
    private async Task<Payment> PayAsync(Purchase purchase, CancellationToken cancellation)
    {
        await purchase.Turn.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (purchase.Refusal is { } refusal) throw new NotPaidException(refusal.Reason, refusal.Message, refusal.InnerException);
            // What the site accepts as paid may live a minute only: asked again, the payment server makes it anew.
            if (purchase.Payment is null || Math.Abs((wallet.Connection.Time.GetUtcNow() - purchase.PaymentHeard).TotalSeconds) > FreshSeconds)
            {
                purchase.Payment = await AskForPaymentAsync(purchase, cancellation).ConfigureAwait(false);
                purchase.PaymentHeard = wallet.Connection.Time.GetUtcNow();
            }

            return purchase.Payment;
        }
        finally
        {
            purchase.Turn.Release();
        }
    }

    private async Task<Payment> AskForPaymentAsync(Purchase purchase, CancellationToken cancellation)
    {
        try
        {
            var payment = await wallet.Payments.CreatePaymentAsync(new NewPayment { Terms = purchase.Charge.Terms }, purchase.Key, cancellation).ConfigureAwait(false);
            purchase.MayBePaid = true;
            if (payment.Entitlement is not null) return payment;
            // Its price stays counted, as it was paid; the next request like it is another one.
            purchases.EndAnswered(purchase);
            purchase.Refusal = new NotPaidException(NotPaidReason.GivenBack, $"{payment.Amount} was paid before (payment {payment.Id}, {payment.Status}, {payment.Refunded} given back), and opens nothing any more.");
            throw purchase.Refusal;
        }
        catch (FarthingException refused) when (!refused.IsUnclear && !(purchase.MayBePaid && refused.IsAboutTheKey))
        {
            purchases.EndUnpaid(purchase);
            purchase.Refusal = new NotPaidException(NotPaidReason.Refused, $"The payment server refused: {refused.Message}", refused);
            throw purchase.Refusal;
        }
        catch (Exception exception) when (exception is HttpRequestException and not NotPaidException or FarthingException)
        {
            purchase.MayBePaid = true;
            throw new NotPaidException(NotPaidReason.Unclear, $"The payment server did not answer, so it is not known whether {purchase.Price} was paid. Send the same request again: it is not paid twice.", exception);
        }
        catch (OperationCanceledException)
        {
            purchase.MayBePaid = true;
            throw;
        }
    }

    /// <summary>Keys, days and ends of terms go by the payment server's clock: ours may be wrong.</summary>
    private async Task HearTheTimeAsync(CancellationToken cancellation)
    {
        if (wallet.Connection.HasHeardTheTime) return;
        try
        {
            await wallet.Ledger.ReadEntitlementKeyAsync(cancellation).ConfigureAwait(false);
        }
        catch (FarthingException)
        {
            // Whatever it answers has the time, or it keeps it from us and ours must do.
        }
        catch (HttpRequestException exception)
        {
            throw new NotPaidException(NotPaidReason.Unreachable, $"The payment server {Origin(wallet.Server)} cannot be reached, so nothing was paid: {exception.Message}", exception);
        }
    }

    private (PaymentChallenge Challenge, ChargeRequest Charge) Choose(List<PaymentChallenge> challenges)
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
                return (challenge, charge);
        }

        throw refusal!;
    }

    private string? FindFault(PaymentChallenge challenge, ChargeRequest charge)
    {
        var now = wallet.Connection.Now;
        if (challenge.IsOver(now)) return "the challenge is over; ask the site again";
        if (!Terms.TryParse(charge.Terms, out var terms)) return "they are malformed";
        if (terms.Expires <= now) return "they are over; ask the site again";
        // Without a price of their own the terms could cost more than the challenge says, and more than the budget.
        if (terms.Amount is not { } price) return "they name an offer and no price";
        return price != charge.Amount || terms.Payee != charge.Recipient ? "they ask for something else than the challenge" : null;
    }

    private static void CheckUnauthorized(HttpRequestMessage request)
    {
        if (request.Headers.Authorization is not null)
            throw new NotPaidException(NotPaidReason.AlreadyAuthorized, "The site asks to be paid, but the request already has an Authorization header, which the payment needs.");
    }

    private static List<PaymentChallenge> ReadChallenges(HttpResponseMessage response, string intent)
    {
        // As sent: the framework's own reading of the header drops what it does not know.
        if (!response.Headers.NonValidated.TryGetValues("WWW-Authenticate", out var headers)) return [];
        return [.. headers.SelectMany(PaymentChallenge.ReadAll).Where(challenge => challenge is { Method: PaymentChallenge.Farthing } && challenge.Intent == intent)];
    }

    /// <summary>What a request asks for. A digest, so that no address or body lies in the budget's file.</summary>
    private static async Task<string> DigestAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        var body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false);
        return Digest([.. Encoding.UTF8.GetBytes($"{request.Method}\n{request.RequestUri?.AbsoluteUri}\n"), .. body]);
    }

    private static string Digest(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(SHA256.HashData(bytes));

    private static string Origin(Uri uri) => uri.GetLeftPart(UriPartial.Authority);
}
