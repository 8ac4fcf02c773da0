using System.Buffers.Text;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Farthing.AspNetCore;
using Farthing.Protocol;

namespace Farthing.Bench;

/// <summary>What the middleware adds to a request that is paid for: the same handler with and without a price, called in this process, without a network in between.</summary>
internal static class SiteBenchmark
{
    private const int WarmUpRequests = 200_000;
    private const int RequestsAtOnce = 1_000;
    private const int TargetNanoseconds = 5_000;
    private const string Paid = "/paid";
    private const string ForSubscribers = "/plan";
    private const string Metered = "/metered";
    private const string Free = "/free";

    public static async Task<int> RunAsync(BenchOptions options)
    {
        using var operatorKey = SigningKey.Create();
        using var signingKey = SigningKey.Create();
        var (payee, offer, metered) = (Id<PayeeKind>.New(TimeProvider.System), Id<OfferKind>.New(TimeProvider.System), Id<OfferKind>.New(TimeProvider.System));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        // As a site has it: nothing is set but who is paid.
        builder.Services.AddFarthing(site =>
        {
            site.Payee = payee.ToString();
            site.SigningKey = Convert.ToBase64String(signingKey.ExportSeed());
            site.Server = "http://127.0.0.1:5080";
            site.EntitlementKey = operatorKey.Verifier.ToString();
            site.PayeeKey = "fk_pye_bench";
            site.Meters["uses"] = new MeteredOffer { Offer = metered.ToString(), Price = "0.001 USD", Ceiling = "5 USD" };
            site.Plans["reader"] = new SubscriptionPlan { Offer = offer.ToString(), Price = "5 USD" };
        });
        await using var app = builder.Build();
        app.MapGet(Free, Handle);
        app.MapGet(Paid, Handle).RequirePayment("0.02 USD");
        app.MapGet(ForSubscribers, Handle).RequireSubscription("reader");
        app.MapGet(Metered, Handle).Metered("uses");
        var endpoints = ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>().ToDictionary(endpoint => endpoint.RoutePattern.RawText!, endpoint => endpoint.RequestDelegate!);

        // Each with its own cookies: more than a processor keeps near, as on a busy site.
        var browsers = Enumerable.Range(0, 2_000).Select(_ => new Browser(operatorKey, payee, offer, metered)).ToList();
        Row[] rows =
        [
            new("no price", endpoints[Free], Free),
            new("RequirePayment, paid", endpoints[Paid], Paid),
            new("RequireSubscription, subscribed", endpoints[ForSubscribers], ForSubscribers),
            // Not started, the site reports nothing meanwhile.
            new("Metered, counted", endpoints[Metered], Metered),
        ];
        foreach (var row in rows) await row.TakeAsync(browsers, WarmUpRequests);
        foreach (var row in rows) row.Nanoseconds.Clear();
        for (var round = 0; round < options.Rounds; round++)
        {
            foreach (var row in rows)
            {
                var began = Stopwatch.GetTimestamp();
                while (Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(options.Seconds)) await row.TakeAsync(browsers, RequestsAtOnce);
            }
        }

        var bare = rows[0].Median;
        Console.WriteLine($"{"one handler, called in one thread",-36} {"requests",12} {"median ns",10} {"added ns",10}");
        foreach (var row in rows) Console.WriteLine($"{row.Title,-36} {row.Nanoseconds.Count * RequestsAtOnce,12:N0} {row.Median,10:N0} {row.Median - bare,10:N0}");
        var added = rows.Skip(1).Max(row => row.Median) - bare;
        Console.WriteLine($"A paid request costs {added:N0} ns more; the aim is under {TargetNanoseconds:N0}: {(added < TargetNanoseconds ? "met" : "not met")}. Medians over {RequestsAtOnce:N0} requests at a time.");
        return 0;
    }

    private static Task Handle(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    /// <summary>Somebody who has bought the page, subscribed, and started a meter.</summary>
    private sealed class Browser
    {
        public Browser(SigningKey operatorKey, Id<PayeeKind> payee, Id<OfferKind> offer, Id<OfferKind> metered)
        {
            var secret = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
            var nonce = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(secret)));
            // As a browser sends them: a page's own goes with its path, those of plans and meters go everywhere, and a reader of one site rarely has both.
            Cookies = new() { [Free] = $"farthing_browser={secret}" };
            foreach (var (path, cookie) in new[] { (Paid, CookieFor(Paid)), (ForSubscribers, CookieFor($"subscription:{offer}")), (Metered, CookieFor($"meter:{metered}", new MeterCover(Amount.Parse("0.001 USD"), 1, MeterCover.MaxUnits))) })
                Cookies[path] = $"farthing_browser={secret}; {cookie}";

            string CookieFor(string resource, MeterCover? meter = null)
            {
                var now = TimeProvider.System.GetUtcNow();
                var token = new Entitlement { Payee = payee, Payment = Id<PaymentKind>.New(TimeProvider.System), Resource = resource, Nonce = nonce, Issued = now, Expires = now.AddDays(30), Meter = meter }.Sign(operatorKey);
                return $"farthing_paid_{Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(resource)).AsSpan(0, 9))}={token}";
            }
        }

        /// <summary>By path.</summary>
        public Dictionary<string, string> Cookies { get; }
    }

    private sealed record Row(string Title, RequestDelegate Handler, string Path)
    {
        public List<long> Nanoseconds { get; } = [];

        public long Median => Nanoseconds.Order().ElementAt(Nanoseconds.Count / 2);

        public async Task TakeAsync(IReadOnlyList<Browser> browsers, int requests)
        {
            var began = Stopwatch.GetTimestamp();
            for (var i = 0; i < requests; i++)
            {
                var context = new DefaultHttpContext();
                context.Request.Method = HttpMethods.Get;
                context.Request.Path = Path;
                context.Request.Scheme = "http";
                context.Request.Host = new HostString("localhost");
                context.Request.Headers.Accept = "text/html";
                context.Request.Headers.Cookie = browsers[i % browsers.Count].Cookies[Path];
                await Handler(context);
                if (context.Response.StatusCode != StatusCodes.Status204NoContent) throw new BenchFailedException($"{Title}: {context.Response.StatusCode}.");
            }

            Nanoseconds.Add(Stopwatch.GetElapsedTime(began).Ticks * TimeSpan.NanosecondsPerTick / requests);
        }
    }
}
