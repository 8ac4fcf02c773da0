using System.Globalization;
using System.Net;
using Farthing.Payments.TopUps;
using Stripe;

namespace Farthing.Server.Rails.Card;

/// <summary>Calls of Stripe: once for each idempotency key, and with its refusals and its silence turned into answers.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class StripeCalls : IDisposable
{
    // Set by Stripe on an answer that was kept under an idempotency key.
    private const string Replayed = "Idempotent-Replayed";

    // Said of a key that stands for a call with other parameters: then something was begun under it.
    private const string AnotherCall = "idempotency_error";
    private const int MaxKeys = 4;

    private readonly HttpClient http;
    private readonly Action<string> report;

    /// <summary>Speaks to Stripe when it is first used.</summary>
    public StripeCalls(CardOptions options, Action<string> report)
    {
        this.report = report;
        http = new HttpClient { Timeout = options.Timeout };
        // Nothing is repeated here: a top-up is asked about again anyway, and its payer repeats with the same key.
        Stripe = new StripeClient(new StripeClientOptions
        {
            ApiKey = options.Key,
            ApiBase = options.Api?.GetLeftPart(UriPartial.Authority),
            HttpClient = new SystemNetHttpClient(http, maxNetworkRetries: 0, appInfo: null, enableTelemetry: false),
        });
    }

    /// <summary>What calls are made with.</summary>
    public StripeClient Stripe { get; }

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    /// <summary>
    /// Makes something under an idempotency key. Stripe tells an error of its own again under the same key, for a day, although nothing may be made any more: then the next key is
    /// tried. Whoever calls this must be sure that what a lost answer may have made does no harm.
    /// </summary>
    public static async Task<T> OnceAsync<T>(string key, Func<RequestOptions, Task<T>> make)
    {
        for (var number = 1; ; number++)
        {
            try
            {
                return await make(new RequestOptions { IdempotencyKey = string.Create(CultureInfo.InvariantCulture, $"farthing-{key}-{number}") });
            }
            catch (StripeException e) when (number < MaxKeys && e.HttpStatusCode >= HttpStatusCode.InternalServerError && e.StripeResponse?.Headers is { } headers && headers.Contains(Replayed))
            {
                // The error is of an earlier call.
            }
        }
    }

    /// <summary>Turns what Stripe refuses, and its silence, into answers.</summary>
    /// <param name="isNew">True if the call begins something: what Stripe refuses for good then was not begun, and has failed.</param>
    /// <param name="call">The call.</param>
    public async ValueTask<RailAnswer> TryAsync(bool isNew, Func<Task<RailAnswer>> call)
    {
        try
        {
            return await call();
        }
        catch (StripeException e) when (isNew && e.HttpStatusCode is (HttpStatusCode.BadRequest or HttpStatusCode.PaymentRequired) && e.StripeError?.Type != AnotherCall)
        {
            // The message may repeat what was sent; the code does not.
            report($"Stripe refused a call for good: {e.StripeError?.Code ?? e.StripeError?.Type ?? "no reason given"}.");
            return new(RailStatus.Failed) { Fault = CardFaults.Of(e.StripeError) };
        }
        catch (StripeException e)
        {
            if (e.HttpStatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound) report($"Stripe does not accept the key of this server, or does not know what it made: status {(int)e.HttpStatusCode}.");
            return new(RailStatus.Unreachable);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            return new(RailStatus.Unreachable);
        }
    }
}
