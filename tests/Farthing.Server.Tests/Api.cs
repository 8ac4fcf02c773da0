using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Farthing.Protocol;

namespace Farthing.Server.Tests;

/// <summary>An answer of the server.</summary>
public sealed record Reply(int Status, string? MediaType, string Text, HttpResponseHeaders Headers)
{
    public JsonNode Json => JsonNode.Parse(Text)!;

    public string? this[string member] => Json[member]?.ToString();

    /// <summary>The member <c>amount</c> of an amount.</summary>
    public string Amount(string member) => Json[member]!["amount"]!.GetValue<string>();
}

/// <summary>A wallet or payee with its key.</summary>
public sealed record Account(string Id, string Key);

/// <summary>The server's REST calls, as a test writes them.</summary>
public sealed class Api(Func<Uri> address) : IDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(1) }) { Timeout = TimeSpan.FromMinutes(2) };

    public Api(ServerProcess server) : this(() => server.Address)
    {
    }

    public static string NewKey() => Guid.CreateVersion7().ToString();

    public Task<Reply> GetAsync(string path, string? bearer = null) => SendAsync(HttpMethod.Get, path, bearer, null, null);

    /// <summary>Posts JSON; with a new idempotency key if none is given.</summary>
    public Task<Reply> PostAsync(string path, string? bearer, string? json, string? key = null) => SendAsync(HttpMethod.Post, path, bearer, key ?? NewKey(), json is null ? null : JsonContent(json));

    public static HttpContent JsonContent(string json) => new StringContent(json, Encoding.UTF8, "application/json");

    public async Task<Reply> SendAsync(HttpMethod method, string path, string? bearer, string? key, HttpContent? content)
    {
        using var request = new HttpRequestMessage(method, new Uri(address(), path)) { Content = content };
        if (bearer is not null) request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {bearer}");
        if (key is not null) request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        using var response = await http.SendAsync(request);
        return new Reply((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, await response.Content.ReadAsStringAsync(), response.Headers);
    }

    public async Task<Account> NewPayeeAsync(string currency = "USD", string more = "") =>
        ReadAccount(await PostAsync("/v1/payees", ServerProcess.OperatorKey, $$"""{"name":"Shop","currency":"{{currency}}"{{more}}}"""));

    public async Task<Account> NewWalletAsync(string? amount = null, string currency = "USD")
    {
        var wallet = ReadAccount(await PostAsync("/v1/wallets", null, $$"""{"currency":"{{currency}}"}"""));
        if (amount is not null) await TopUpAsync(wallet, amount, currency);
        return wallet;
    }

    public async Task TopUpAsync(Account wallet, string amount, string currency = "USD")
    {
        var reply = await PostAsync($"/v1/wallets/{wallet.Id}/top-ups", wallet.Key, $$"""{"amount":{{Amount(amount, currency)}},"rail":"sandbox"}""");
        Assert.Equal((201, "posted"), (reply.Status, reply["status"]));
    }

    public async Task<string> NewOfferAsync(Account payee, string price = "0.02", string more = "")
    {
        var reply = await PostAsync("/v1/offers", payee.Key, $$$"""{"name":"One article","pricing":{"model":"per-use","price":{{{Amount(price)}}}}{{{more}}}}""");
        Assert.True(reply.Status == 201, reply.Text);
        return reply["id"]!;
    }

    public async Task<string> PayAsync(Account wallet, Account payee, string amount, bool hold = false, string? reference = null)
    {
        var reply = await PostAsync("/v1/payments", wallet.Key, Payment(payee, amount, hold, reference));
        Assert.True(reply.Status == 201, reply.Text);
        return reply["id"]!;
    }

    public static string Amount(string amount, string currency = "USD") => $$"""{"amount":"{{amount}}","currency":"{{currency}}"}""";

    public static string Payment(Account payee, string amount, bool hold = false, string? reference = null) =>
        $$"""{"payee":"{{payee.Id}}","amount":{{Amount(amount)}}{{(hold ? ",\"hold\":true" : "")}}{{(reference is null ? "" : $",\"reference\":\"{reference}\"")}}}""";

    /// <summary>What can be spent, and what is held.</summary>
    public async Task<(string Balance, string Held)> BalanceAsync(Account account)
    {
        var reply = await GetAsync($"/v1/{(account.Id.StartsWith("wal", StringComparison.Ordinal) ? "wallets" : "payees")}/{account.Id}", account.Key);
        Assert.True(reply.Status == 200, reply.Text);
        return (reply.Amount("balance"), reply.Amount("held"));
    }

    /// <summary>All lines of a statement, oldest first.</summary>
    public async Task<List<JsonNode>> StatementAsync(Account account, int pageSize = 200)
    {
        var lines = new List<JsonNode>();
        var path = $"/v1/{(account.Id.StartsWith("wal", StringComparison.Ordinal) ? "wallets" : "payees")}/{account.Id}/statement?pageSize={pageSize}";
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await GetAsync(cursor.Length == 0 ? path : $"{path}&cursor={Uri.EscapeDataString(cursor)}", account.Key);
            Assert.True(page.Status == 200, page.Text);
            lines.AddRange(page.Json["lines"]!.AsArray().Select(line => line!));
            cursor = page["next"];
        }

        lines.Reverse();
        return lines;
    }

    /// <summary>An id of the right form that names nothing.</summary>
    public static string UnknownId<T>() where T : IIdKind => Id<T>.New(TimeProvider.System).ToString();

    /// <summary>A signing key and its public half as a payee registers it.</summary>
    public static (SigningKey Key, string Public) NewSigningKey()
    {
        var key = SigningKey.FromSeed(RandomNumberGenerator.GetBytes(32));
        return (key, key.Verifier.ToString());
    }

    public void Dispose() => http.Dispose();

    private static Account ReadAccount(Reply reply)
    {
        Assert.True(reply.Status == 201, reply.Text);
        return new Account(reply["id"]!, reply["key"]!);
    }
}
