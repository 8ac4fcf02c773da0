using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;

namespace Farthing.Client;

/// <summary>The way to one payment server: tries again what was not answered, and knows what the server's clock shows.</summary>
/// <remarks>Redirects are not followed, so keys go to this server only. Thread-safe.</remarks>
internal sealed class Connection : IDisposable
{
    // A batch of 10,000 payments is answered with some 6 MB.
    private const int MaxAnswerBytes = 32 << 20;
    private const int FirstPauseMilliseconds = 200;

    private readonly HttpClient http;
    private readonly TimeProvider time;

    // Written after each answer, read anywhere.
    private volatile HeardTime? heard;

    public Connection(Uri server, HttpMessageHandler? handler, TimeProvider? time)
    {
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
    }

    public Uri Server { get; }

    public TimeProvider Time => time;

    /// <summary>True once the server has said what time it is.</summary>
    public bool HasHeardTheTime => heard is not null;

    /// <summary>What time it is by the server's clock, to the second, once it has said so; else by ours.</summary>
    /// <remarks>From then on our own clock may be wrong, or set: only what has passed since is measured.</remarks>
    public DateTimeOffset Now => heard is { } last ? last.Date + time.GetElapsedTime(last.Timestamp) : time.GetUtcNow();

    public void Dispose() => http.Dispose();

    /// <summary>Calls the server until it has answered, at most <see cref="FarthingClient.MaxAttempts"/> times.</summary>
    /// <param name="create">Makes the request anew for each try: always the same one.</param>
    /// <param name="read">Reads an answer of success.</param>
    /// <param name="completion">Whether the body is waited for within the time of a try.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task<TAnswer> CallAsync<TAnswer>(
        Func<HttpRequestMessage> create, Func<HttpResponseMessage, CancellationToken, Task<TAnswer>> read, HttpCompletionOption completion, CancellationToken cancellation)
    {
        var isUnclear = false;
        for (var attempt = 1; ; attempt++)
        {
            TimeSpan? retryAfter = null;
            try
            {
                using var request = create();
                using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(FarthingClient.CallTimeoutSeconds), time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
                var response = await http.SendAsync(request, completion, either.Token).ConfigureAwait(false);
                // Whoever reads a stream disposes of its response.
                if (response.IsSuccessStatusCode && completion == HttpCompletionOption.ResponseHeadersRead) return await read(response, cancellation).ConfigureAwait(false);
                using (response)
                {
                    NoteTime(response);
                    if (response.IsSuccessStatusCode) return await read(response, either.Token).ConfigureAwait(false);
                    retryAfter = ReadRetryAfter(response);
                    var refusal = new FarthingException(await ReadProblemAsync(response, either.Token).ConfigureAwait(false), retryAfter, isUnclear);
                    if (attempt == FarthingClient.MaxAttempts || !refusal.IsWorthRepeating || retryAfter > TimeSpan.FromSeconds(FarthingClient.MaxPauseSeconds)) throw refusal;
                    isUnclear |= refusal.IsUnclear;
                }
            }
            catch (HttpRequestException) when (attempt < FarthingClient.MaxAttempts)
            {
                // Tried again below with the same key: what was carried out before is answered, not repeated.
                isUnclear = true;
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                if (attempt == FarthingClient.MaxAttempts)
                    throw new HttpRequestException($"{Server} did not answer within {FarthingClient.CallTimeoutSeconds} seconds, {FarthingClient.MaxAttempts} times.");
                isUnclear = true;
            }

            await Task.Delay(PauseAfter(attempt, retryAfter), time, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>How long to wait after a try that failed: twice as long after each, the upper half of it by chance, so that clients that failed together do not come back together.</summary>
    public static TimeSpan PauseAfter(int attempt, TimeSpan? retryAfter)
    {
        var most = FirstPauseMilliseconds << (attempt - 1);
        var pause = TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32(most / 2, most + 1));
        return retryAfter is { } asked ? asked + pause : pause;
    }

    public static FarthingException NotUnderstood(HttpStatusCode status) =>
        new(new Problem { Status = (int)status, Detail = "The server's answer is not that of a Farthing payment server of this version. Check its address." });

    private void NoteTime(HttpResponseMessage response)
    {
        if (response.Headers.Date is { } date) heard = new HeardTime(date, time.GetTimestamp());
    }

    private TimeSpan? ReadRetryAfter(HttpResponseMessage response)
    {
        var wait = response.Headers.RetryAfter switch
        {
            { Delta: { } seconds } => seconds,
            // Both are the server's clock.
            { Date: { } date } => date - (response.Headers.Date ?? time.GetUtcNow()),
            _ => (TimeSpan?)null,
        };
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    private static async Task<Problem> ReadProblemAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var status = (int)response.StatusCode;
        if (response.Content.Headers.ContentType?.MediaType is not ("application/problem+json" or "application/json")) return new Problem { Status = status };
        try
        {
            return await response.Content.ReadFromJsonAsync(Wire.Default.Problem, cancellation).ConfigureAwait(false) is { } problem
                ? problem with { Status = status }
                : new Problem { Status = status };
        }
        catch (JsonException)
        {
            return new Problem { Status = status };
        }
    }

    private sealed record HeardTime(DateTimeOffset Date, long Timestamp);
}
