using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Farthing.Client;

/// <summary>Calls a server with one key. Thread-safe.</summary>
internal sealed class Caller(Connection connection, string? key)
{
    public Connection Connection => connection;

    public Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellation) =>
        connection.CallAsync(() => Create(HttpMethod.Get, path), (response, stop) => ReadAsync(response, type, stop), HttpCompletionOption.ResponseContentRead, cancellation);

    public Task<T> PostAsync<T>(string path, string? idempotencyKey, JsonTypeInfo<T> type, CancellationToken cancellation) => PostAsync(path, null, idempotencyKey, type, cancellation);

    public Task<T> PostAsync<TBody, T>(string path, TBody body, JsonTypeInfo<TBody> bodyType, string? idempotencyKey, JsonTypeInfo<T> type, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(body);
        return PostAsync(path, JsonSerializer.SerializeToUtf8Bytes(body, bodyType), idempotencyKey, type, cancellation);
    }

    public Listing<T> List<T>(string path, JsonTypeInfo<Page<T>> type) =>
        new((cursor, pageSize, cancellation) => GetAsync($"{path}{(path.Contains('?') ? '&' : '?')}{Query.Page(cursor, pageSize)[1..]}", type, cancellation));

    public Task<byte[]> ReadBytesAsync(string path, CancellationToken cancellation) => connection.CallAsync(
        () => Create(HttpMethod.Get, path), (response, stop) => response.Content.ReadAsByteArrayAsync(stop), HttpCompletionOption.ResponseContentRead, cancellation);

    public async Task<string> ReadTextAsync(string path, CancellationToken cancellation) => Encoding.UTF8.GetString(await ReadBytesAsync(path, cancellation).ConfigureAwait(false));

    /// <summary>Reads an answer that is not JSON of ours; null is one that cannot be understood.</summary>
    public async Task<T> ReadAsync<T>(string path, Func<byte[], T?> read, CancellationToken cancellation) where T : class =>
        read(await ReadBytesAsync(path, cancellation).ConfigureAwait(false)) ?? throw Connection.NotUnderstood(HttpStatusCode.OK);

    /// <summary>Opens an answer without end. Dispose of it.</summary>
    public Task<HttpResponseMessage> OpenAsync(string path, string? lastEvent, CancellationToken cancellation) => connection.CallAsync(
        () =>
        {
            var request = Create(HttpMethod.Get, path);
            if (lastEvent is not null) request.Headers.Add("Last-Event-ID", lastEvent);
            return request;
        },
        (response, _) => Task.FromResult(response), HttpCompletionOption.ResponseHeadersRead, cancellation);

    private Task<T> PostAsync<T>(string path, byte[]? body, string? idempotencyKey, JsonTypeInfo<T> type, CancellationToken cancellation) => connection.CallAsync(
        () =>
        {
            var request = Create(HttpMethod.Post, path);
            if (idempotencyKey is not null) request.Headers.Add("Idempotency-Key", idempotencyKey);
            if (body is not null) request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
            return request;
        },
        (response, stop) => ReadAsync(response, type, stop), HttpCompletionOption.ResponseContentRead, cancellation);

    private HttpRequestMessage Create(HttpMethod method, string path)
    {
        var request = new HttpRequestMessage(method, path);
        if (key is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return request;
    }

    private static async Task<T> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken cancellation)
    {
        try
        {
            return await response.Content.ReadFromJsonAsync(type, cancellation).ConfigureAwait(false) ?? throw Connection.NotUnderstood(response.StatusCode);
        }
        catch (JsonException)
        {
            throw Connection.NotUnderstood(response.StatusCode);
        }
    }
}

/// <summary>Queries, as the server reads them. Each begins with a question mark, but for those that go behind another.</summary>
internal static class Query
{
    public static string At(DateTimeOffset? at) => Member("at", at is { } time ? Text(time) : null);

    public static string Period(DateTimeOffset? since, DateTimeOffset? until) => (since, until) switch
    {
        ({ } first, { } end) => $"?since={Text(first)}&until={Text(end)}",
        ({ } first, null) => $"?since={Text(first)}",
        (null, { } end) => $"?until={Text(end)}",
        _ => "",
    };

    public static string Page(string? cursor, int pageSize)
    {
        var size = string.Create(CultureInfo.InvariantCulture, $"?pageSize={pageSize}");
        return cursor is null ? size : $"{size}&cursor={Uri.EscapeDataString(cursor)}";
    }

    public static string Member(string name, string? value) => value is null ? "" : $"?{name}={Uri.EscapeDataString(value)}";

    /// <summary>A date behind another member.</summary>
    public static string AndDate(DateOnly? date) => date is { } day ? string.Create(CultureInfo.InvariantCulture, $"&date={day:yyyy-MM-dd}") : "";

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
}
