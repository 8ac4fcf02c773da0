using Farthing.Protocol;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OutputCaching;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Farthing.AspNetCore;

/// <summary>Stands before every handler with a price. Whoever has paid passes; everyone else gets a 402 and not one byte of the page.</summary>
internal sealed class PaymentGate(FarthingSite site, BrowserDoor browsers, ProgramDoor programs, MeterDoor? meters)
{
    /// <summary>A gate of its own, for whoever has more than one site.</summary>
    /// <param name="options">The site's options, which must be valid.</param>
    /// <param name="renewals">What continues entitlements.</param>
    /// <param name="time">The clock.</param>
    public static PaymentGate For(FarthingOptions options, Renewals renewals, TimeProvider time)
    {
        var site = new FarthingSite(Options.Create(options), time);
        var programs = new ProgramDoor(site);
        return new PaymentGate(site, new BrowserDoor(site, programs, renewals), programs, meters: null);
    }

    /// <summary>What a plan asks; null if there is none of this name.</summary>
    public Demand? DemandOf(string plan) => site.Plans.GetValueOrDefault(plan);

    /// <summary>What a meter asks; null if there is none of this name.</summary>
    public Demand? DemandOf(MeteredRequirement metered) => site.Meters.GetValueOrDefault(metered.Offer) is { Meter: { } meter } demand ? demand with { Meter = meter with { UnitsPerRequest = metered.UnitsPerRequest } } : null;

    public async Task InvokeAsync(HttpContext context, Demand demand, RequestDelegate next)
    {
        context.Response.Headers.Append(HeaderNames.Vary, "Accept, Authorization, Cookie");
        // A site may cache its output by address alone: what was paid for by one must not be served to all.
        if (context.Features.Get<IOutputCacheFeature>() is { } cache) cache.Context.AllowCacheStorage = false;

        var sale = new Sale(context, demand, demand.Resource ?? ResourceOf(context.Request), next);
        if (demand.Meter is not null) await meters!.AdmitAsync(sale);
        else if (ProgramDoor.BringsCredential(context.Request)) await (demand.Plan is null ? programs.AdmitAsync(sale) : programs.AdmitSubscriberAsync(sale));
        // What a person buys stays open to their browser, so the browsers' door would sell every call for the price of one.
        else if (demand.Use == PaymentUse.PerCall) await programs.AskAsync(sale, ProgramProblem.PaymentRequired);
        else await browsers.AdmitAsync(sale);
    }

    /// <summary>The path; with the method in front unless that only reads, as <c>POST</c> may cost more than <c>GET</c>.</summary>
    private static string ResourceOf(HttpRequest request)
    {
        var path = (request.PathBase + request.Path).Value is { Length: > 0 } value ? value : "/";
        return HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) ? path : $"{request.Method} {path}";
    }
}

/// <summary>One request of something that has a price.</summary>
/// <param name="Context">The request.</param>
/// <param name="Demand">What is asked.</param>
/// <param name="Resource">What is sold, as terms and entitlements name it.</param>
/// <param name="Handler">What runs once it is paid.</param>
internal sealed record Sale(HttpContext Context, Demand Demand, string Resource, RequestDelegate Handler)
{
    public HttpRequest Request => Context.Request;

    public HttpResponse Response => Context.Response;

    /// <summary>Runs the handler for a payment.</summary>
    public Task ServeAsync(Entitlement entitlement, Uri page, string cacheControl)
    {
        Context.Features.Set(new RequestPayment(entitlement.Payment, Demand.Price, page, entitlement.RefundableUntil));
        Response.OnStarting(() =>
        {
            if (!Response.Headers.CacheControl.ToString().Contains("no-store", StringComparison.OrdinalIgnoreCase)) Response.Headers.CacheControl = cacheControl;
            return Task.CompletedTask;
        });
        return Handler(Context);
    }
}
