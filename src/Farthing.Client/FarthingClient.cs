using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Farthing.Protocol;

namespace Farthing.Client;

/// <summary>A payer's calls to one payment server: wallets, top-ups, payments, refunds, receipts.</summary>
/// <remarks>
/// Every write takes an idempotency key; repeat a write whose answer was lost with the same key. A call is repeated by itself, with its key, up to
/// <see cref="MaxAttempts"/> times when the server cannot be reached, answers with 429 or a 5xx, or takes more than <see cref="CallTimeoutSeconds"/> seconds.
/// Redirects are not followed, so the key goes to this server only. Thread-safe. Dispose closes the connections.
/// </remarks>
public sealed class FarthingClient : IDisposable
{
    /// <summary>How often a call is tried.</summary>
    public const int MaxAttempts = 3;

    /// <summary>How long one try may take, in seconds.</summary>
    public const int CallTimeoutSeconds = 20;

    private const int MaxAnswerBytes = 4 << 20;
    private const int FirstPauseMilliseconds = 200;

    private readonly HttpClient http;
    private readonly TimeProvider time;

    /// <summary>Connects to a server.</summary>
    /// <param name="server">Its address, such as <c>http://127.0.0.1:5080</c>; only scheme, host and port are used.</param>
    /// <param name="walletKey">The wallet's key; null to make a wallet or read what is public.</param>
    /// <param name="handler">How to reach it; by default sockets. Disposed with this.</param>
    /// <param name="time">The clock; by default the system's.</param>
    public FarthingClient(Uri server, string? walletKey = null, HttpMessageHandler? handler = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(server);
        if (!server.IsAbsoluteUri || (server.Scheme != Uri.UriSchemeHttp && server.Scheme != Uri.UriSchemeHttps))
            throw new ArgumentException("The server's address is an absolute http or https URL.", nameof(server));
        Server = new Uri(server.GetLeftPart(UriPartial.Authority));
        this.time = time ?? TimeProvider.System;
        http = new HttpClient(handler ?? new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
        {
            BaseAddress = Server,
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = MaxAnswerBytes,
        };
        if (walletKey is not null) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", walletKey);
    }

    /// <summary>The server's scheme, host and port.</summary>
    public Uri Server { get; }

    internal TimeProvider Time => time;

    /// <summary>A new idempotency key: a UUID of version 7, which the server remembers for ever.</summary>
    public string NewKey() => Guid.CreateVersion7(time.GetUtcNow()).ToString();

    /// <summary>An HTTP client that pays 402s of method <c>farthing</c> from this wallet within a budget; see <see cref="PayingHandler"/>.</summary>
    public HttpClient CreateHttpClient(Budget budget) => new(new PayingHandler(this, budget) { InnerHandler = new SocketsHttpHandler() });

    /// <summary>Makes a wallet.</summary>
    /// <param name="currency">Its currency's code.</param>
    /// <param name="idempotencyKey">A random one: whoever knows it can learn the wallet's key.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached.</exception>
    public Task<WalletMade> CreateWalletAsync(string currency, string idempotencyKey, CancellationToken cancellation = default) =>
        PostAsync("/v1/wallets", new NewWallet(currency), Wire.Default.NewWallet, Wire.Default.WalletMade, idempotencyKey, cancellation);

    /// <summary>Reads a wallet.</summary>
    /// <inheritdoc cref="CreateWalletAsync" path="/exception"/>
    public Task<Wallet> ReadWalletAsync(Id<WalletKind> wallet, CancellationToken cancellation = default) =>
        GetAsync($"/v1/wallets/{wallet}", Wire.Default.Wallet, cancellation);

    /// <summary>Reads a wallet with its money as it stood at a moment: none before it was made.</summary>
    /// <inheritdoc cref="CreateWalletAsync" path="/exception"/>
    public Task<Wallet> ReadWalletAsync(Id<WalletKind> wallet, DateTimeOffset at, CancellationToken cancellation = default) =>
        GetAsync($"/v1/wallets/{wallet}?at={Text(at)}", Wire.Default.Wallet, cancellation);

    /// <summary>Reads a page of a wallet's statement, newest first.</summary>
    /// <param name="wallet">The wallet.</param>
    /// <param name="cursor">The <see cref="StatementPage.Next"/> of the page before; null for the newest.</param>
    /// <param name="pageSize">1 to 200 lines.</param>
    /// <param name="since">Only lines of this time or later; the same for all pages.</param>
    /// <param name="until">Only lines before this time; the same for all pages.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <inheritdoc cref="CreateWalletAsync" path="/exception"/>
    public Task<StatementPage> ReadStatementAsync(
        Id<WalletKind> wallet, string? cursor = null, int pageSize = 50, DateTimeOffset? since = null, DateTimeOffset? until = null, CancellationToken cancellation = default)
    {
        var query = string.Create(CultureInfo.InvariantCulture, $"pageSize={pageSize}");
        if (cursor is not null) query += $"&cursor={Uri.EscapeDataString(cursor)}";
        if (since is { } first) query += $"&since={Text(first)}";
        if (until is { } end) query += $"&until={Text(end)}";
        return GetAsync($"/v1/wallets/{wallet}/statement?{query}", Wire.Default.StatementPage, cancellation);
    }

    /// <summary>Puts money into a wallet.</summary>
    /// <param name="wallet">The wallet.</param>
    /// <param name="amount">How much.</param>
    /// <param name="idempotencyKey">The key of this top-up.</param>
    /// <param name="rail">Where the money comes from; <c>sandbox</c> is play money.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <inheritdoc cref="CreateWalletAsync" path="/exception"/>
    public Task<TopUp> TopUpAsync(Id<WalletKind> wallet, Amount amount, string idempotencyKey, string rail = "sandbox", CancellationToken cancellation = default) =>
        PostAsync($"/v1/wallets/{wallet}/top-ups", new NewTopUp(amount, rail), Wire.Default.NewTopUp, Wire.Default.TopUp, idempotencyKey, cancellation);

    /// <summary>Pays.</summary>
    /// <inheritdoc cref="CreateWalletAsync" path="/exception"/>
    public Task<Payment> PayAsync(NewPayment payment, string idempotencyKey, CancellationToken cancellation = default) =>
        PostAsync("/v1/payments", payment, Wire.Default.NewPayment, Wire.Default.Payment, idempotencyKey, cancellation);

    /// <summary>Reads a payment of the wallet.</summary>
    /// <inheritdoc cref="CreateWalletAsync" path="/exception"/>
    public Task<Payment> ReadPaymentAsync(Id<PaymentKind> payment, CancellationToken cancellation = default) =>
        GetAsync($"/v1/payments/{payment}", Wire.Default.Payment, cancellation);

    /// <summary>Takes a payment back, while its refund window is open: <paramref name="amount"/> of it, or all that is left if null.</summary>
    /// <inheritdoc cref="CreateWalletAsync" path="/exception"/>
    public Task<Refund> RefundAsync(Id<PaymentKind> payment, string idempotencyKey, Amount? amount = null, CancellationToken cancellation = default) =>
        PostAsync($"/v1/payments/{payment}/refunds", new NewRefund(amount), Wire.Default.NewRefund, Wire.Default.Refund, idempotencyKey, cancellation);

    /// <summary>Reads a payment's receipt. It is not checked: see <see cref="Receipt.Verify"/>.</summary>
    /// <inheritdoc cref="CreateWalletAsync" path="/exception"/>
    public async Task<Receipt> ReadReceiptAsync(Id<PaymentKind> payment, CancellationToken cancellation = default)
    {
        var answer = await ReadBytesAsync($"/v1/payments/{payment}/receipt", cancellation);
        return Receipt.TryParse(answer, out var receipt) ? receipt : throw NotUnderstood(HttpStatusCode.OK);
    }

    /// <summary>Reads the key that receipts and checkpoints are verified with. Keep it: a server that lies about its log can also lie about its key.</summary>
    /// <inheritdoc cref="CreateWalletAsync" path="/exception"/>
    public async Task<CheckpointKey> ReadVerifierKeyAsync(CancellationToken cancellation = default)
    {
        var answer = await ReadBytesAsync("/v1/ledger/key", cancellation);
        return CheckpointKey.TryParse(System.Text.Encoding.UTF8.GetString(answer).TrimEnd('\n'), out var key) ? key : throw NotUnderstood(HttpStatusCode.OK);
    }

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);

    private Task<TAnswer> PostAsync<TBody, TAnswer>(string path, TBody body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<TAnswer> answerType, string key, CancellationToken cancellation)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(body, bodyType);
        return CallAsync(
            () =>
            {
                var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(bytes) };
                request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
                request.Headers.Add("Idempotency-Key", key);
                return request;
            },
            response => ReadAsync(response, answerType, cancellation), cancellation);
    }

    private Task<TAnswer> GetAsync<TAnswer>(string path, JsonTypeInfo<TAnswer> answerType, CancellationToken cancellation) =>
        CallAsync(() => new HttpRequestMessage(HttpMethod.Get, path), response => ReadAsync(response, answerType, cancellation), cancellation);

    private Task<byte[]> ReadBytesAsync(string path, CancellationToken cancellation) =>
        CallAsync(() => new HttpRequestMessage(HttpMethod.Get, path), response => response.Content.ReadAsByteArrayAsync(cancellation), cancellation);

    private async Task<TAnswer> CallAsync<TAnswer>(Func<HttpRequestMessage> create, Func<HttpResponseMessage, Task<TAnswer>> read, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                using var request = create();
                using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(CallTimeoutSeconds), time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
                using var response = await http.SendAsync(request, either.Token);
                if (response.IsSuccessStatusCode) return await read(response);
                var refusal = new FarthingException(await ReadProblemAsync(response, either.Token));
                if (attempt == MaxAttempts || !refusal.IsUnclear) throw refusal;
            }
            catch (HttpRequestException) when (attempt < MaxAttempts)
            {
                // Tried again below with the same key: what was carried out before is answered, not repeated.
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                if (attempt == MaxAttempts) throw new HttpRequestException($"{Server} did not answer within {CallTimeoutSeconds} seconds, {MaxAttempts} times.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(FirstPauseMilliseconds << (attempt - 1)), time, cancellation);
        }
    }

    private static async Task<TAnswer> ReadAsync<TAnswer>(HttpResponseMessage response, JsonTypeInfo<TAnswer> type, CancellationToken cancellation)
    {
        try
        {
            return await response.Content.ReadFromJsonAsync(type, cancellation) ?? throw NotUnderstood(response.StatusCode);
        }
        catch (JsonException)
        {
            throw NotUnderstood(response.StatusCode);
        }
    }

    private static async Task<Problem> ReadProblemAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var status = (int)response.StatusCode;
        if (response.Content.Headers.ContentType?.MediaType is not ("application/problem+json" or "application/json")) return new Problem(status, null, null, null, null);
        try
        {
            return await response.Content.ReadFromJsonAsync(Wire.Default.Problem, cancellation) is { } problem
                ? problem with { Status = status }
                : new Problem(status, null, null, null, null);
        }
        catch (JsonException)
        {
            return new Problem(status, null, null, null, null);
        }
    }

    private static FarthingException NotUnderstood(HttpStatusCode status) =>
        new(new Problem((int)status, null, null, "The server's answer is not that of a Farthing payment server of this version. Check its address.", null));
}
