using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Farthing.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Farthing.Simulator;

/// <summary>A simulator of a paid site and of a payment server, each on a free port of the loopback interface, as the specification of the Payment scheme describes them.</summary>
/// <remarks>It keeps money in a counter and remembers every idempotency key. Tests change its settings only between requests.</remarks>
internal sealed class PaidWorld : IAsyncDisposable
{
    public const string Article = "<p>Rain falls on everyone.</p>";
    public const string WalletKey = "fk_wal_simulated";

    private readonly byte[] secret = RandomNumberGenerator.GetBytes(32);
    private readonly SigningKey payeeKey = SigningKey.Create();
    private readonly SigningKey serverKey = SigningKey.Create();
    private readonly Id<PayeeKind> payee = Id<PayeeKind>.New(TimeProvider.System);
    private readonly ConcurrentDictionary<string, (string Body, JsonObject Answer)> remembered = new();
    private readonly WebApplication site;
    private readonly WebApplication server;
    private int attempts;

    private PaidWorld()
    {
        site = Build();
        site.MapMethods("/articles/rain", ["GET", "POST"], ReadAsync);
        site.MapGet("/free", () => "free");
        site.MapGet("/moved", () => Results.Redirect("/articles/rain"));
        site.MapGet("/other-method", http =>
        {
            http.Response.StatusCode = StatusCodes.Status402PaymentRequired;
            http.Response.Headers.WWWAuthenticate = "Payment id=\"a\", realm=\"b\", method=\"evm\", intent=\"charge\", request=\"e30\"";
            return Task.CompletedTask;
        });
        server = Build();
        server.Use(async (http, next) =>
        {
            // Empty, it is not sent at all.
            if (IsTimeless) http.Response.Headers.Date = "";
            await next(http);
        });
        server.MapPost("/v1/payments", PayAsync);
        server.MapGet("/v1/ledger/key", () => VerifierKey);
        server.MapGet("/v1/wallets/{id}/statement", (HttpRequest request) =>
        {
            LastQuery = request.QueryString.Value;
            return Results.Json(new { lines = Array.Empty<object>(), next = "further" });
        });
        server.MapGet("/v1/wallets/{id}", (string id, HttpRequest request) =>
        {
            LastQuery = request.QueryString.Value;
            return Results.Json(new { id, currency = "USD", balance = Money("9.98"), held = Money("0"), newMember = true });
        });
    }

    public Uri Site => new(site.Urls.Single());

    public Uri Server => new(server.Urls.Single());

    public Uri ArticleUrl => new(Site, "/articles/rain");

    /// <summary>The query of the last reading of a wallet.</summary>
    public string? LastQuery { get; private set; }

    /// <summary>What the article costs.</summary>
    public Amount Price { get; set; } = Amount.Parse("0.02 USD");

    /// <summary>What the terms say that it costs, if not the same.</summary>
    public Amount? PriceInTerms { get; set; }

    /// <summary>The server that the challenge names, if not the simulated one.</summary>
    public Uri? ServerInChallenge { get; set; }

    /// <summary>What the site asks for.</summary>
    public string Intent { get; set; } = PaymentChallenge.Charge;

    /// <summary>How long terms last from now on; negative for terms that are over.</summary>
    public TimeSpan TermsLifetime { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How many answers of the payment server are lost after the payment was made.</summary>
    public int AnswersToLose { get; set; }

    /// <summary>The status and code of a refusal of every payment, or null.</summary>
    public (int Status, string Code)? Refusal { get; set; }

    /// <summary>What the payment server says of when to ask again; null for nothing.</summary>
    public string? RetryAfter { get; set; }

    /// <summary>How many refusals there are before payments are made after all.</summary>
    public int RefusalsLeft { get; set; } = int.MaxValue;

    /// <summary>True if the payment server does not say what time it is.</summary>
    public bool IsTimeless { get; set; }

    /// <summary>The status with which the site answers what was paid for.</summary>
    public int PaidStatus { get; set; } = StatusCodes.Status200OK;

    /// <summary>The key of the wallet that is in force.</summary>
    public string Key { get; set; } = WalletKey;

    /// <summary>True once all that was paid is given back: nothing more is opened by it.</summary>
    public bool IsGivenBack { get; set; }

    /// <summary>What the site does with a request that was paid for, in place of answering it; null to answer.</summary>
    public Func<HttpContext, Task>? InsteadOfAnswering { get; set; }

    public string VerifierKey { get; set; } = "none";

    /// <summary>How many payments were made.</summary>
    public int Payments => remembered.Count;

    /// <summary>How often a payment was asked for.</summary>
    public int Attempts => attempts;

    /// <summary>The keys of the payments that were made.</summary>
    public IEnumerable<string> Keys => remembered.Keys;

    /// <summary>The bodies that the site was sent with a valid credential.</summary>
    public ConcurrentQueue<string> PaidBodies { get; } = new();

    public static async Task<PaidWorld> StartAsync()
    {
        var world = new PaidWorld();
        await world.site.StartAsync();
        await world.server.StartAsync();
        return world;
    }

    /// <summary>Takes the payment server away; the site goes on asking to be paid there.</summary>
    public async Task StopServerAsync()
    {
        ServerInChallenge = Server;
        await server.StopAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await site.DisposeAsync();
        await server.DisposeAsync();
        payeeKey.Dispose();
        serverKey.Dispose();
    }

    private async Task ReadAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body);
        var body = await reader.ReadToEndAsync();
        if (PaymentCredential.TryParse(http.Request.Headers.Authorization, out var credential)
            && credential.Challenge.Check(secret, DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds())) == ChallengeError.None
            && Entitlement.TryVerify(credential.Entitlement, serverKey.Verifier, out var entitlement)
            && ChargeRequest.TryRead(credential.Challenge.Request, out var charge) && Terms.TryParse(charge.Terms, out var terms)
            && entitlement.Nonce == terms.Nonce && entitlement.Payee == payee)
        {
            PaidBodies.Enqueue(body);
            if (InsteadOfAnswering is { } act)
            {
                await act(http);
                return;
            }

            http.Response.StatusCode = PaidStatus;
            http.Response.Headers[PaymentReceiptHeader.Name] = new PaymentReceiptHeader(PaymentChallenge.Farthing, TimeProvider.System.GetUtcNow(), entitlement.Payment.ToString()).ToHeader();
            await http.Response.WriteAsync(Article);
            return;
        }

        http.Response.StatusCode = StatusCodes.Status402PaymentRequired;
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers.WWWAuthenticate = Challenge().ToHeader();
    }

    /// <summary>What the site asks of whoever has not paid.</summary>
    public (PaymentChallenge Challenge, ChargeRequest Charge) Ask()
    {
        var challenge = Challenge();
        return (challenge, ChargeRequest.TryRead(challenge.Request, out var charge) ? charge : throw new InvalidOperationException("The challenge is malformed."));
    }

    private PaymentChallenge Challenge()
    {
        var expires = DateTimeOffset.FromUnixTimeSeconds((TimeProvider.System.GetUtcNow() + TermsLifetime).ToUnixTimeSeconds());
        var terms = new Terms
        {
            Payee = payee,
            Amount = PriceInTerms ?? Price,
            Resource = "/articles/rain",
            Expires = expires,
            Nonce = Convert.ToHexString(RandomNumberGenerator.GetBytes(16)),
        };
        var request = new ChargeRequest(Price, payee, ServerInChallenge ?? Server, terms.Sign(payeeKey)).ToRequest();
        return PaymentChallenge.Create(secret, "localhost", PaymentChallenge.Farthing, Intent, request, expires);
    }

    private async Task PayAsync(HttpContext http)
    {
        Interlocked.Increment(ref attempts);
        using var reader = new StreamReader(http.Request.Body);
        var body = await reader.ReadToEndAsync();
        if (http.Request.Headers.Authorization != $"Bearer {Key}")
        {
            await RefuseAsync(http, StatusCodes.Status401Unauthorized, "unauthorized");
            return;
        }

        // As the server does, so that no key is used before its time.
        if (MillisecondsOf(http.Request.Headers["Idempotency-Key"].ToString()) > TimeProvider.System.GetUtcNow().AddMinutes(5).ToUnixTimeMilliseconds())
        {
            await RefuseAsync(http, StatusCodes.Status400BadRequest, "idempotency_key_in_future");
            return;
        }

        if (Refusal is { } refusal && RefusalsLeft-- > 0)
        {
            if (RetryAfter is not null) http.Response.Headers.RetryAfter = RetryAfter;
            await RefuseAsync(http, refusal.Status, refusal.Code);
            return;
        }

        var first = remembered.GetOrAdd(http.Request.Headers["Idempotency-Key"].ToString(), _ => (body, Pay(body)));
        if (first.Body != body)
        {
            await RefuseAsync(http, StatusCodes.Status409Conflict, "idempotency_conflict");
            return;
        }

        if (AnswersToLose > 0)
        {
            AnswersToLose--;
            http.Abort();
            return;
        }

        http.Response.StatusCode = StatusCodes.Status201Created;
        http.Response.ContentType = "application/json";
        var answer = first.Answer.DeepClone().AsObject();
        if (IsGivenBack) answer.Remove("entitlement");
        await http.Response.WriteAsync(answer.ToJsonString());
    }

    private JsonObject Pay(string body)
    {
        var token = JsonDocument.Parse(body).RootElement.GetProperty("terms").GetString();
        if (!Terms.TryParse(token, out var terms) || !Terms.VerifySignature(token!, payeeKey.Verifier)) throw new InvalidOperationException("Terms that the site did not sign.");
        var now = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds());
        var payment = Id<PaymentKind>.New(TimeProvider.System);
        var entitlement = new Entitlement { Payee = terms.Payee, Payment = payment, Resource = terms.Resource, Nonce = terms.Nonce, Issued = now, Expires = now.AddSeconds(60) };
        return new JsonObject
        {
            ["id"] = payment.ToString(),
            ["status"] = "posted",
            ["amount"] = Money(terms.Amount!.Value.ToDecimalString()),
            ["fee"] = Money("0.001"),
            ["refunded"] = Money("0"),
            ["payee"] = terms.Payee.ToString(),
            ["createdAt"] = "2026-11-23T00:00:00.000Z",
            ["entitlement"] = entitlement.Sign(serverKey),
        };
    }

    private static JsonObject Money(string amount) => new() { ["amount"] = amount, ["currency"] = "USD" };

    // A UUID of version 7 begins with 48 bits of Unix milliseconds.
    private static long MillisecondsOf(string key) => Convert.ToInt64(key.Replace("-", "", StringComparison.Ordinal)[..12], 16);

    private static Task RefuseAsync(HttpContext http, int status, string code)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/problem+json";
        return http.Response.WriteAsync(new JsonObject { ["type"] = $"/docs/errors#{code}", ["title"] = "Refused.", ["status"] = status, ["detail"] = "As the test wants it.", ["code"] = code, ["retry"] = "new_key" }.ToJsonString(), Encoding.UTF8);
    }

    private static WebApplication Build()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        return builder.Build();
    }
}
