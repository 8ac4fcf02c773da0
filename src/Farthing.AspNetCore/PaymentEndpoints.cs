using Farthing.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Farthing.AspNetCore;

/// <summary>Puts a price on endpoints.</summary>
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
        var requirement = endpoint.Metadata.OfType<PaymentRequirement>().Last();
        var gate = endpoint.ApplicationServices.GetService<PaymentGate>()
            ?? throw new InvalidOperationException("RequirePayment needs builder.Services.AddFarthing(…).");
        endpoint.RequestDelegate = context => gate.InvokeAsync(context, requirement, next);
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

/// <summary>The payment that opened a page or a call.</summary>
/// <param name="Id">The payment.</param>
/// <param name="Price">What this endpoint asks; an earlier payment may have been of another price.</param>
/// <param name="Page">Its page at the operator, where the payer can refund it and take the receipt.</param>
/// <param name="RefundableUntil">Until when it can be refunded; null if it cannot. May lie in the past.</param>
/// <remarks>Immutable; safe to share between threads.</remarks>
public sealed record RequestPayment(Id<PaymentKind> Id, Amount Price, Uri Page, DateTimeOffset? RefundableUntil);
