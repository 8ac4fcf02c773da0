using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Farthing.Protocol;

namespace Farthing.Bench;

/// <summary>A payee with an offer and wallets with money, made over REST as any site and any payer would.</summary>
internal sealed class Market : IDisposable
{
    /// <summary>Enough for a fee of five millionths at the default rate: a payment without a fee would have one leg less.</summary>
    public const string Price = "0.0005";

    private const int TopUpsPerWallet = 10;
    private const string TopUpAmount = "1000";

    private readonly HttpClient http;
    private readonly SigningKey signingKey = SigningKey.Create();

    private Market(Uri server) => http = new HttpClient { BaseAddress = server };

    public string Offer { get; private set; } = "";

    /// <summary>The same at the same price, shared with another payee.</summary>
    public string SharedOffer { get; private set; } = "";

    public IReadOnlyList<Wallet> Wallets { get; private set; } = [];

    private Id<PayeeKind> Payee { get; set; }

    public sealed record Wallet(string Id, string Key, string Mandate);

    public static async Task<Market> OpenAsync(Uri server, string operatorKey, int wallets)
    {
        var market = new Market(server);
        var payee = await market.PostAsync("v1/payees", operatorKey, new()
        {
            ["name"] = "Bench", ["currency"] = "USD", ["website"] = "http://localhost:9", ["signingKey"] = Convert.ToBase64String(market.signingKey.Verifier.Bytes),
        });
        market.Payee = Id<PayeeKind>.Parse(Text(payee, "id"));
        var offer = await market.PostAsync("v1/offers", Text(payee, "key"), new()
        {
            ["name"] = "One call", ["pricing"] = new JsonObject { ["model"] = "per-use", ["price"] = Money(Price) },
        });
        market.Offer = Text(offer, "id");
        var other = await market.PostAsync("v1/payees", operatorKey, new() { ["name"] = "Share", ["currency"] = "USD" });
        var shared = await market.PostAsync("v1/offers", Text(payee, "key"), new()
        {
            ["name"] = "One call, shared",
            ["pricing"] = new JsonObject { ["model"] = "per-use", ["price"] = Money(Price) },
            ["splits"] = new JsonArray(Share(payee, 7_000), Share(other, 3_000)),
        });
        market.SharedOffer = Text(shared, "id");
        market.Wallets = await Task.WhenAll(Enumerable.Range(0, wallets).Select(_ => market.OpenWalletAsync()));
        return market;
    }

    /// <summary>Signed terms of the same price, each for another page.</summary>
    public string[] SignTerms(int count)
    {
        var expires = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + 3600);
        var price = Amount.Parse($"{Price} USD");
        return [.. Enumerable.Range(0, count).Select(i => new Terms
        {
            Payee = Payee, Amount = price, Resource = $"/articles/{i}", Title = "An article", Expires = expires, Nonce = $"bench-nonce-{i:00000000000}",
        }.Sign(signingKey))];
    }

    /// <summary>What all wallets hold together, in millionths.</summary>
    public async Task<Int128> TotalBalanceAsync()
    {
        var total = Int128.Zero;
        foreach (var wallet in Wallets)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"v1/wallets/{wallet.Id}");
            var answer = await SendAsync(request, wallet.Key);
            var balance = answer["balance"] is JsonObject money ? Text(money, "amount") : Text(answer, "balance");
            total += Int128.Parse(Amount.Parse($"{balance} USD").Units.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        }
        return total;
    }

    public void Dispose()
    {
        http.Dispose();
        signingKey.Dispose();
    }

    private async Task<Wallet> OpenWalletAsync()
    {
        var answer = await PostAsync("v1/wallets", null, new() { ["currency"] = "USD" });
        var (id, key) = (Text(answer, "id"), Text(answer, "key"));
        for (var i = 0; i < TopUpsPerWallet; i++)
        {
            var topUp = await PostAsync($"v1/wallets/{id}/top-ups", key, new() { ["amount"] = Money(TopUpAmount), ["rail"] = "sandbox" });
            if (Text(topUp, "status") != "posted") throw new BenchFailedException($"A top-up was not posted: {topUp.ToJsonString()}");
        }

        var mandate = await PostAsync("v1/mandates", key, new() { ["anyone"] = true, ["perMonth"] = Money("1000000") });
        return new(id, key, Text(mandate, "id"));
    }

    private async Task<JsonObject> PostAsync(string path, string? bearer, JsonObject body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body, MediaTypeHeaderValue.Parse("application/json")) };
        request.Headers.Add("Idempotency-Key", Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString());
        return await SendAsync(request, bearer);
    }

    private async Task<JsonObject> SendAsync(HttpRequestMessage request, string? bearer)
    {
        if (bearer is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        using var response = await http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        if (!response.IsSuccessStatusCode) throw new BenchFailedException($"{request.Method} {request.RequestUri} was answered {(int)response.StatusCode}: {text}");
        return JsonSerializer.Deserialize<JsonObject>(text)!;
    }

    private static JsonObject Share(JsonObject payee, int basisPoints) => new() { ["payee"] = Text(payee, "id"), ["basisPoints"] = basisPoints };

    private static JsonObject Money(string amount) => new() { ["amount"] = amount, ["currency"] = "USD" };

    private static string Text(JsonObject json, string member) => (string)json[member]!;
}
