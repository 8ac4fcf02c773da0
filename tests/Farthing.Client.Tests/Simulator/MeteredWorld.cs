using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Farthing.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Farthing.Simulator;

/// <summary>A simulator of a site that meters words, and of a payment server, each on a free port of the loopback interface. What the site says of its offer need not be so.</summary>
/// <remarks>Tests change its settings only between requests.</remarks>
internal sealed class MeteredWorld : IAsyncDisposable
{
    public const string WalletKey = "fk_wal_simulated";

    private readonly byte[] secret = RandomNumberGenerator.GetBytes(32);
    private readonly SigningKey payeeKey = SigningKey.Create();
    private readonly SigningKey serverKey = SigningKey.Create();
    private readonly Id<PayeeKind> payee = Id<PayeeKind>.New(TimeProvider.System);
    private readonly Id<OfferKind> offer = Id<OfferKind>.New(TimeProvider.System);
    private readonly ConcurrentDictionary<string, RunningMeter> meters = new();
    private readonly WebApplication site = Build();
    private readonly WebApplication server = Build();

    private MeteredWorld()
    {
        site.MapGet("/words", Read);
        server.MapGet("/v1/offers/{id}", (string id) => id == offer.ToString() ? Results.Json(new JsonObject
        {
            ["id"] = id, ["payee"] = payee.ToString(), ["name"] = "Words", ["pricing"] = Pricing.DeepClone(), ["refundWindowSeconds"] = 0, ["status"] = "open", ["createdAt"] = "2026-11-23T00:00:00.000Z",
        }) : Refusal(404, "offer_not_found"));
        server.MapPost("/v1/meters", (Delegate)BeginAsync);
        server.MapGet("/v1/meters/{id}", (string id) => Results.Json(Describe(Find(id))));
        server.MapPost("/v1/meters/{id}/stop", (string id) =>
        {
            Find(id).IsStopped = true;
            return Results.Json(Describe(Find(id)));
        });
    }

    public Uri Server => new(server.Urls.Single());

    public Uri WordsUrl => new(new Uri(site.Urls.Single()), "/words");

    /// <summary>What the site says that a count of words costs.</summary>
    public Amount Price { get; set; } = Amount.Parse("0.001 USD");

    /// <summary>How many words the site says that is for.</summary>
    public long Count { get; set; } = 1;

    /// <summary>What the site says that is held.</summary>
    public Amount Ceiling { get; set; } = Amount.Parse("0.003 USD");

    /// <summary>How the offer is priced in truth.</summary>
    public JsonObject Pricing { get; set; } = Metered("0.001", 1, "0.003");

    /// <summary>How many meters were started.</summary>
    public int Started => meters.Count;

    /// <summary>How many of them run.</summary>
    public int Running => meters.Values.Count(meter => !meter.IsStopped);

    /// <summary>How many words the site has served.</summary>
    public int Served => meters.Values.Sum(meter => meter.Units);

    public static JsonObject Metered(string price, long count, string ceiling, string per = "unit", string currency = "USD") => new()
    {
        ["model"] = "metered", ["price"] = Money(price, currency), ["per"] = per, ["count"] = count, ["ceiling"] = Money(ceiling, currency), ["silentAfterSeconds"] = 600,
    };

    public static JsonObject Money(string amount, string currency = "USD") => new() { ["amount"] = amount, ["currency"] = currency };

    public static async Task<MeteredWorld> StartAsync()
    {
        var world = new MeteredWorld();
        await world.site.StartAsync();
        await world.server.StartAsync();
        return world;
    }

    public async ValueTask DisposeAsync()
    {
        await site.DisposeAsync();
        await server.DisposeAsync();
        payeeKey.Dispose();
        serverKey.Dispose();
    }

    private IResult Read(HttpContext http)
    {
        if (PaymentCredential.TryParse(http.Request.Headers.Authorization, out var credential) && credential.Challenge.Intent == PaymentChallenge.Meter
            && Entitlement.TryVerify(credential.Entitlement, serverKey.Verifier, out var entitlement) && entitlement.Resource == $"meter:{offer}"
            && meters.Values.Single(meter => meter.Id.Value == entitlement.Payment.Value) is { IsStopped: false } meter && meter.Units < entitlement.Meter!.Units)
        {
            meter.Units++;
            return Results.Text("a word");
        }

        var expires = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().AddMinutes(10).ToUnixTimeSeconds());
        var terms = new Terms { Payee = payee, Offer = offer, Resource = $"meter:{offer}", Expires = expires, Nonce = Convert.ToHexString(RandomNumberGenerator.GetBytes(16)) }.Sign(payeeKey);
        var request = new MeterRequest(Price, Count, Ceiling, payee, Server, terms).ToRequest();
        http.Response.Headers.WWWAuthenticate = PaymentChallenge.Create(secret, "localhost", PaymentChallenge.Farthing, PaymentChallenge.Meter, request, expires).ToHeader();
        return Results.StatusCode(StatusCodes.Status402PaymentRequired);
    }

    private async Task<IResult> BeginAsync(HttpContext http)
    {
        var body = (await JsonNode.ParseAsync(http.Request.Body))!;
        if (http.Request.Headers.Authorization != $"Bearer {WalletKey}") return Refusal(401, "unauthorized");
        var most = Amount.Parse($"{body["ceiling"]!["amount"]} {body["ceiling"]!["currency"]}");
        var held = Amount.Parse($"{Pricing["ceiling"]!["amount"]} {Pricing["ceiling"]!["currency"]}");
        if (most.Asset != held.Asset || held.Units > most.Units) return Refusal(409, "ceiling_too_high");
        var meter = meters.GetOrAdd(http.Request.Headers["Idempotency-Key"].ToString(), _ => new RunningMeter(Id<MeterKind>.New(TimeProvider.System)));
        var answer = Describe(meter);
        if (!meter.IsStopped && Terms.TryParse((string?)body["terms"], out var terms))
        {
            var now = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds());
            var price = PriceOf();
            answer["entitlement"] = new Entitlement
            {
                Payee = payee, Payment = new(meter.Id.Value), Resource = terms.Resource, Nonce = terms.Nonce, Issued = now, Expires = now.AddSeconds(60),
                Meter = new MeterCover(price, (long)Pricing["count"]!, (long)(held.Units / price.Units) * (long)Pricing["count"]!),
            }.Sign(serverKey);
        }

        return Results.Json(answer, statusCode: StatusCodes.Status201Created);
    }

    private RunningMeter Find(string id) => meters.Values.Single(meter => meter.Id.ToString() == id);

    private Amount PriceOf() => Amount.Parse($"{Pricing["price"]!["amount"]} {Pricing["price"]!["currency"]}");

    private JsonObject Describe(RunningMeter meter)
    {
        var answer = new JsonObject
        {
            ["id"] = meter.Id.ToString(),
            ["status"] = meter.IsStopped ? "stopped" : "running",
            ["payment"] = new Id<PaymentKind>(meter.Id.Value).ToString(),
            ["offer"] = offer.ToString(),
            ["payee"] = payee.ToString(),
            ["cost"] = Money((PriceOf() * (uint)meter.Units).ToDecimalString()),
            ["ceiling"] = Pricing["ceiling"]!.DeepClone(),
            ["units"] = meter.Units,
            ["startedAt"] = "2026-11-23T00:00:00.000Z",
            ["reportedAt"] = "2026-11-23T00:00:00.000Z",
        };
        if (meter.IsStopped) answer["stoppedAt"] = "2026-11-23T00:01:00.000Z";
        return answer;
    }

    private static IResult Refusal(int status, string code) =>
        Results.Text(new JsonObject { ["type"] = $"/docs/errors#{code}", ["title"] = "Refused.", ["status"] = status, ["detail"] = "As the test wants it.", ["code"] = code, ["retry"] = "new_key" }.ToJsonString(), "application/problem+json", Encoding.UTF8, status);

    private static WebApplication Build()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        return builder.Build();
    }

    // Written only by requests, of which a test sends one at a time.
    private sealed class RunningMeter(Id<MeterKind> id)
    {
        public Id<MeterKind> Id => id;

        public int Units { get; set; }

        public bool IsStopped { get; set; }
    }
}
