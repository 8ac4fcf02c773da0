using Farthing.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Farthing.AspNetCore;

/// <summary>Puts a price on endpoints: minimal ones, controllers, Razor pages, and groups of them.</summary>
public static class PaymentEndpoints
{
    /// <summary>Asks a price for every request of an endpoint, or of all endpoints of a group. The innermost price counts; nothing is asked twice.</summary>
    /// <param name="builder">The endpoint or group.</param>
    /// <param name="price">A positive decimal, one blank and a currency: <c>"0.02 USD"</c>.</param>
    /// <param name="use">What a payment opens, and whether a person can buy it too. Default: a page.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="FormatException">The price is not one.</exception>
    /// <remarks>
    /// What is sold is the path, so a page that differs by query is sold as one; other methods than GET and HEAD are sold apart. Whatever comes to the endpoint
    /// passes the gate first, by any method, also with a range or a condition, and an answer that was paid for is never kept by a shared cache.
    /// </remarks>
    /// <example><code>
    /// app.MapGet("/articles/{slug}", ShowArticle).RequirePayment("0.02 USD");
    /// app.MapGet("/forecast", Forecast).RequirePayment("0.002 USD", PaymentUse.PerCall);
    /// </code></example>
    public static TBuilder RequirePayment<TBuilder>(this TBuilder builder, string price, PaymentUse use = PaymentUse.Page) where TBuilder : IEndpointConventionBuilder
    {
        var requirement = new PaymentRequirement(Amount.Parse(price), use);
        builder.Add(endpoint => endpoint.Metadata.Add(requirement));
        // Last of all, so that filters, binding and whatever else wraps the handler are behind the gate too.
        builder.Finally(Guard);
        return builder;
    }

    /// <summary>Lets in whoever subscribes to a plan of the site. The innermost price or plan of an endpoint and its groups counts.</summary>
    /// <param name="builder">The endpoint or group.</param>
    /// <param name="plan">The name of one of <see cref="FarthingOptions.Plans"/>. One subscription opens all that asks for the plan.</param>
    /// <returns>The same builder.</returns>
    /// <remarks>
    /// A browser that has subscribed is let in without asking anybody until the paid period ends, thirty days at most, and is then renewed by way of the wallet. A program shows a
    /// subscription that its wallet has: its 402 has a challenge for that, by which nothing is paid and nothing subscribed to.
    /// </remarks>
    /// <example><code>
    /// app.MapGroup("/archive").RequireSubscription("reader");
    /// </code></example>
    public static TBuilder RequireSubscription<TBuilder>(this TBuilder builder, string plan) where TBuilder : IEndpointConventionBuilder
    {
        ArgumentException.ThrowIfNullOrEmpty(plan);
        builder.Add(endpoint => endpoint.Metadata.Add(new SubscriptionRequirement(plan)));
        builder.Finally(Guard);
        return builder;
    }

    /// <summary>Counts the requests of an endpoint, or of all endpoints of a group, on the payer's meter. The innermost price, plan or meter counts.</summary>
    /// <param name="builder">The endpoint or group.</param>
    /// <param name="offer">The name of one of <see cref="FarthingOptions.Meters"/>. One meter counts all that names the offer.</param>
    /// <param name="unitsPerRequest">How many units a request is: 0 to a million. Default: 1. A handler adds more with <see cref="GetMeter"/>; with 0 it adds them all.</param>
    /// <returns>The same builder.</returns>
    /// <remarks>
    /// Who comes first starts a meter, by way of the wallet or with the <c>Payment</c> scheme, which holds the offer's ceiling. From then on requests are counted in memory, without asking anybody, and reported in
    /// the background. Beyond the ceiling, or once the meter was stopped, another one is asked for. What fails with a status of 500 or more is not counted.
    /// </remarks>
    /// <example><code>
    /// app.MapGet("/search", Search).Metered("searches");
    /// app.MapPost("/write", Write).Metered("words", unitsPerRequest: 0);
    /// </code></example>
    /// <exception cref="ArgumentOutOfRangeException">Units are fewer than none, or more than a million.</exception>
    public static TBuilder Metered<TBuilder>(this TBuilder builder, string offer, int unitsPerRequest = 1) where TBuilder : IEndpointConventionBuilder
    {
        ArgumentException.ThrowIfNullOrEmpty(offer);
        ArgumentOutOfRangeException.ThrowIfNegative(unitsPerRequest);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(unitsPerRequest, 1_000_000);
        builder.Add(endpoint => endpoint.Metadata.Add(new MeteredRequirement(offer, unitsPerRequest)));
        builder.Finally(Guard);
        return builder;
    }

    /// <summary>The meter that counts this request; null where nothing is metered.</summary>
    public static RequestMeter? GetMeter(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Features.Get<RequestMeter>();
    }

    /// <summary>The payment that opened this endpoint; null where no price is asked.</summary>
    public static RequestPayment? GetPayment(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Features.Get<RequestPayment>();
    }

    private static void Guard(EndpointBuilder endpoint)
    {
        if (endpoint.Metadata.OfType<Guarded>().Any()) return;
        var next = endpoint.RequestDelegate ?? throw new InvalidOperationException($"'{endpoint.DisplayName}' has no handler to ask a price for.");
        var gate = endpoint.ApplicationServices.GetService<PaymentGate>()
            ?? throw new InvalidOperationException("RequirePayment, RequireSubscription and Metered need builder.Services.AddFarthing(…).");
        var demand = endpoint.Metadata.Last(item => item is PaymentRequirement or SubscriptionRequirement or MeteredRequirement) switch
        {
            SubscriptionRequirement { Plan: var plan } => gate.DemandOf(plan) ?? throw new InvalidOperationException($"'{endpoint.DisplayName}' asks for the plan '{plan}', which FarthingOptions.Plans does not have."),
            MeteredRequirement { Offer: var offer } metered => gate.DemandOf(metered) ?? throw new InvalidOperationException($"'{endpoint.DisplayName}' is metered by '{offer}', which FarthingOptions.Meters does not have."),
            var priced => new Demand((PaymentRequirement)priced),
        };
        var forSale = endpoint.Metadata.OfType<ForSale>().LastOrDefault();
        endpoint.RequestDelegate = context => forSale?.Has(context) == false ? next(context) : gate.InvokeAsync(context, demand, next);
        endpoint.Metadata.Add(new Guarded());
    }

    /// <summary>Marks an endpoint whose handler is behind the gate.</summary>
    private sealed class Guarded;
}

/// <summary>What one payment opens.</summary>
public enum PaymentUse
{
    /// <summary>A person buys the page, once for their browser; a program buys the call. A program can pass for a person, so this is for what is worth no more the second time.</summary>
    Page,

    /// <summary>Every call is paid, and only programs can: a browser is asked like a program, without a link to a wallet.</summary>
    PerCall,

    /// <summary>A wallet buys it once, whether a person or a program pays from it, and may then come as often as it likes.</summary>
    Once,
}

/// <summary>The price of an endpoint, in its metadata.</summary>
/// <param name="Price">What is asked.</param>
/// <param name="Use">What a payment opens.</param>
/// <remarks>Immutable; safe to share between threads.</remarks>
public sealed record PaymentRequirement(Amount Price, PaymentUse Use);

/// <summary>The plan that an endpoint asks for, in its metadata.</summary>
/// <param name="Plan">Its name.</param>
/// <remarks>Immutable; safe to share between threads.</remarks>
public sealed record SubscriptionRequirement(string Plan);

/// <summary>The offer that an endpoint is metered by, in its metadata.</summary>
/// <param name="Offer">Its name.</param>
/// <param name="UnitsPerRequest">How many units a request is.</param>
/// <remarks>Immutable; safe to share between threads.</remarks>
public sealed record MeteredRequirement(string Offer, int UnitsPerRequest);

/// <summary>The payment that opened a page or a call.</summary>
/// <param name="Id">The payment.</param>
/// <param name="Price">What this endpoint asks; an earlier payment may have been of another price. Of a subscription, what a period costs; of a meter, what its count of units costs.</param>
/// <param name="Page">Its page at the operator, where the payer can refund it and take the receipt.</param>
/// <param name="RefundableUntil">Until when it can be refunded; null if it cannot. May lie in the past.</param>
/// <remarks>Immutable; safe to share between threads.</remarks>
public sealed record RequestPayment(Id<PaymentKind> Id, Amount Price, Uri Page, DateTimeOffset? RefundableUntil);
