using Farthing.AspNetCore;
using Microsoft.AspNetCore.Http.Features;

namespace Farthing.Server.Doors.Gate;

/// <summary>What a web server wants to know of a visit.</summary>
internal enum GateAnswer
{
    /// <summary>Both: 204 if the visitor may pass, else what the visitor is to be answered.</summary>
    Whole,

    /// <summary>204 if the visitor may pass, else 401.</summary>
    Check,

    /// <summary>What the visitor is to be answered, who may not pass.</summary>
    Page,
}

/// <summary>Somebody's visit to a site, whose web server asks whether it is paid for.</summary>
/// <param name="Gate">The site's gate.</param>
/// <param name="Demand">What it asks there.</param>
/// <param name="Method">The visitor's method.</param>
/// <param name="Address">The address that was asked for, spelled plainly.</param>
internal sealed record Visit(SiteGate Gate, Demand Demand, string Method, AskedAddress Address)
{
    /// <summary>Answers the web server.</summary>
    /// <param name="http">The web server's request, with the visitor's own headers.</param>
    /// <param name="wanted">What it wants to know.</param>
    /// <returns>True if it was answered; false if the visitor may not pass and only that was asked: nothing is answered yet.</returns>
    public async Task<bool> TryAnswerAsync(HttpContext http, GateAnswer wanted)
    {
        var mayPass = false;
        await Gate.Gate.InvokeAsync(ContextFor(http, wanted), Demand, context =>
        {
            mayPass = wanted != GateAnswer.Page;
            // It was refused a moment ago, and the page for that is asked for: what let it pass meanwhile is given back by this status.
            context.Response.StatusCode = mayPass ? StatusCodes.Status204NoContent : StatusCodes.Status503ServiceUnavailable;
            if (!mayPass) context.Response.Headers.RetryAfter = "1";
            return Task.CompletedTask;
        });
        if (mayPass || wanted != GateAnswer.Check) return true;
        http.Response.Clear();
        return false;
    }

    // The visitor's request as the site itself would see it. The answer is written where the web server's is, or nowhere.
    private DefaultHttpContext ContextFor(HttpContext http, GateAnswer wanted)
    {
        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(new HttpRequestFeature
        {
            Protocol = http.Request.Protocol,
            Scheme = Gate.Website.Scheme,
            Method = Method,
            Path = Address.Path,
            QueryString = Address.Query,
            Headers = http.Request.Headers,
        });
        features.Set(http.Features.GetRequiredFeature<IHttpResponseFeature>());
        features.Set(wanted == GateAnswer.Check ? new StreamResponseBodyFeature(Stream.Null) : http.Features.GetRequiredFeature<IHttpResponseBodyFeature>());
        features.Set(http.Features.Get<IHttpRequestLifetimeFeature>());
        return new DefaultHttpContext(features);
    }
}
