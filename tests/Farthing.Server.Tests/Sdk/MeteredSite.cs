using System.Collections.Concurrent;
using Farthing.AspNetCore;
using Farthing.Client;
using Farthing.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Farthing.Server.Tests.Sdk;

/// <summary>A site that meters words through a server: its own payee, and as many processes of it as a test starts.</summary>
public sealed class MeteredSite : IAsyncDisposable
{
    public const string Words = "more rain";

    private readonly WebApplication app;
    private readonly ReservedPort? port;
    private readonly Amount ceiling;
    private readonly ConcurrentDictionary<Id<MeterKind>, long> served;

    private MeteredSite(WebApplication app, ReservedPort? port, Account payee, byte[] seed, Id<OfferKind> offer, Amount ceiling, ConcurrentDictionary<Id<MeterKind>, long> served)
    {
        this.app = app;
        this.port = port;
        this.served = served;
        this.ceiling = ceiling;
        (Payee, Seed, Offer) = (payee, seed, offer);
        app.MapGet("/words", (HttpContext context) =>
        {
            served.AddOrUpdate(context.GetMeter()!.Id, 1, (_, before) => before + 1);
            return Words;
        }).Metered("words");
        app.MapGet("/many/{count:int}", (HttpContext context, int count) => context.GetMeter()!.TryAdd(count) == MeterOutcome.Counted ? Results.Text(Words) : Results.Text("too many", statusCode: 409)).Metered("words", unitsPerRequest: 0);
    }

    public Account Payee { get; }

    public Id<OfferKind> Offer { get; }

    public byte[] Seed { get; }

    public Uri Address => new(app.Urls.Single().Replace("127.0.0.1", "localhost", StringComparison.Ordinal));

    /// <summary>How many requests of which meter were served, by all processes.</summary>
    public IReadOnlyDictionary<Id<MeterKind>, long> Served => served;

    /// <summary>Starts a site with a payee and a metered offer of its own.</summary>
    /// <param name="server">Where it is paid.</param>
    /// <param name="ceiling">In thousandths of a dollar, of which each pays a word.</param>
    public static async Task<MeteredSite> OpenAsync(Uri server, int ceiling = 10)
    {
        // Its payee is registered with the address, before it is there.
        var port = new ReservedPort();
        using var anyone = new FarthingClient(server);
        using var signingKey = SigningKey.Create();
        var made = await anyone.WithKey(ServerProcess.OperatorKey).Payees.CreatePayeeAsync(new NewPayee { Name = "Words", Currency = "USD", SigningKey = signingKey.Verifier.ToString(), Website = $"http://localhost:{port.Number}" }, Api.NewKey());
        var offer = await anyone.WithKey(made.Key!).Offers.CreateOfferAsync(new NewOffer
        {
            Name = "Words",
            Pricing = new Metered { Price = Amount.Parse("0.001 USD"), Per = "unit", Ceiling = new Amount(Asset.Usd, (UInt128)(ceiling * 1000)), SilentAfterSeconds = 600 },
        }, Api.NewKey());
        return await StartAsync(server, new Account(made.Id.ToString(), made.Key!), signingKey.ExportSeed(), offer.Id, new Amount(Asset.Usd, (UInt128)(ceiling * 1000)), port, new());
    }

    /// <summary>Another process of the same site.</summary>
    public Task<MeteredSite> OpenAnotherAsync(Uri server) => StartAsync(server, Payee, Seed, Offer, ceiling, null, served);

    /// <summary>Stops it in peace, as a machine that is shut down does.</summary>
    public Task StopAsync() => app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        port?.Dispose();
    }

    private static async Task<MeteredSite> StartAsync(Uri server, Account payee, byte[] seed, Id<OfferKind> offer, Amount ceiling, ReservedPort? port, ConcurrentDictionary<Id<MeterKind>, long> served)
    {
        using var anyone = new FarthingClient(server);
        var entitlementKey = await anyone.Ledger.ReadEntitlementKeyAsync();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port?.Number ?? 0}");
        builder.Services.AddFarthing(options =>
        {
            options.Payee = payee.Id;
            options.PayeeKey = payee.Key;
            options.SigningKey = Convert.ToBase64String(seed);
            options.Server = server.GetLeftPart(UriPartial.Authority);
            options.EntitlementKey = entitlementKey.ToString();
            options.PlayMoney = true;
            options.ReportEvery = TimeSpan.FromMilliseconds(100);
            options.Meters["words"] = new MeteredOffer { Offer = offer.ToString(), Price = "0.001 USD", Ceiling = ceiling.ToPriceString(), Unit = "word" };
        });
        var site = new MeteredSite(builder.Build(), port, payee, seed, offer, ceiling, served);
        await site.app.StartAsync();
        return site;
    }
}
