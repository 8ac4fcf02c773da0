using Farthing.AspNetCore;
using Farthing.Client;
using Farthing.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Farthing.Server.Tests.Sdk;

/// <summary>A site that sells one thing through a server, and its payee.</summary>
internal sealed class SellingSite : IAsyncDisposable
{
    public const string Forecast = "more rain";

    private readonly WebApplication app;
    private readonly SigningKey signingKey;
    private int served;

    private SellingSite(SigningKey signingKey, Id<PayeeKind> payee, WebApplication app)
    {
        this.signingKey = signingKey;
        this.app = app;
        Payee = payee;
        app.MapGet("/forecast", () =>
        {
            Interlocked.Increment(ref served);
            return Forecast;
        }).RequirePayment("0.002 USD", PaymentUse.PerCall);
    }

    public Id<PayeeKind> Payee { get; }

    public Uri ForecastUrl => new(new Uri(app.Urls.Single()), "/forecast");

    /// <summary>How often it was paid for and served.</summary>
    public int Served => served;

    public static async Task<SellingSite> OpenAsync(FarthingClient oper)
    {
        var signingKey = SigningKey.Create();
        var payee = await oper.Payees.CreatePayeeAsync(new NewPayee { Name = "Forecasts", Currency = "USD", SigningKey = signingKey.Verifier.ToString() }, Api.NewKey());
        var entitlementKey = await oper.Ledger.ReadEntitlementKeyAsync();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddFarthing(options =>
        {
            options.Payee = payee.Id.ToString();
            options.SigningKey = Convert.ToBase64String(signingKey.ExportSeed());
            options.Server = oper.Server.GetLeftPart(UriPartial.Authority);
            options.EntitlementKey = entitlementKey.ToString();
            options.PlayMoney = true;
        });
        var site = new SellingSite(signingKey, payee.Id, builder.Build());
        await site.app.StartAsync();
        return site;
    }

    /// <summary>Terms as the site would make them, that end soon.</summary>
    public string Sign(DateTimeOffset expires) => new Terms
    {
        Payee = Payee,
        Amount = Amount.Parse("0.002 USD"),
        Resource = "/forecast",
        Expires = DateTimeOffset.FromUnixTimeSeconds(expires.ToUnixTimeSeconds()),
        Nonce = "nonce-of-these-terms",
    }.Sign(signingKey);

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        signingKey.Dispose();
    }
}
