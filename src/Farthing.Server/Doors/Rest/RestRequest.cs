using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Farthing.Payments;
using Farthing.Protocol;

namespace Farthing.Server.Doors.Rest;

/// <summary>One request whose key was checked.</summary>
/// <param name="Http">The request.</param>
/// <param name="System">The payments.</param>
/// <param name="Call">What is called.</param>
/// <param name="Caller">Who asks.</param>
/// <param name="Key">The idempotency key, if the call takes one.</param>
internal readonly record struct RestRequest(HttpContext Http, PaymentSystem System, RestCall Call, Caller Caller, IdempotencyKey Key)
{
    private const int DefaultPageSize = 50;
    private const int MaxPageSize = 200;

    /// <summary>Reads the body. An optional one that is absent is read as an empty object.</summary>
    public ValueTask<Answer<T>> ReadBodyAsync<T>(JsonTypeInfo<T> type, Turn? turn = null) where T : class => JsonBody.ReadAsync(Http.Request, type, Call, turn);

    /// <summary>Reads a body that is not ours to read as JSON, to the byte.</summary>
    public ValueTask<Answer<byte[]>> ReadBytesAsync() => JsonBody.ReadBytesAsync(Http.Request, Call);

    /// <summary>The wallet that pays what the caller asks for: its own, or that of its mandate. Null if that is not known.</summary>
    public ValueTask<Id<WalletKind>?> FindPayerAsync() => Caller.Kind == CallerKind.Mandate ? System.Mandates.FindWalletAsync(Caller.Mandate) : new(Caller.Wallet);

    /// <summary>Reads an id from the path.</summary>
    public Refusal? ReadId<T>(string name, out Id<T> id) where T : IIdKind => WireIds.Read(Http.Request.RouteValues[name] as string, out id);

    /// <summary>Reads <c>pageSize</c> and <c>cursor</c>.</summary>
    public Refusal? ReadPage(out string? cursor, out int pageSize)
    {
        cursor = null;
        pageSize = DefaultPageSize;
        var query = Http.Request.Query;
        if (query.TryGetValue("pageSize", out var size)
            && (size.Count != 1 || !int.TryParse(size[0], NumberStyles.None, CultureInfo.InvariantCulture, out pageSize) || pageSize is < 1 or > MaxPageSize))
            return new Refusal(RefusalCodes.InvalidField, $"pageSize must be a whole number from 1 to {MaxPageSize}.");
        if (!query.TryGetValue("cursor", out var cursors)) return null;
        if (cursors.Count != 1 || string.IsNullOrEmpty(cursors[0])) return new Refusal(RefusalCodes.InvalidCursor, "Give one cursor, as it was in next of the page before.");
        cursor = cursors[0];
        return null;
    }

    /// <summary>Reads a time from the query; null if it is not there.</summary>
    public Refusal? ReadTime(QueryMember member, out DateTimeOffset? time)
    {
        time = null;
        if (!Http.Request.Query.TryGetValue(member.Name, out var values)) return null;
        if (values.Count != 1 || !WireTime.TryParse(values[0] ?? "", out var read)) return new Refusal(RefusalCodes.InvalidField, $"{member.Name} must be a time such as 2026-11-23T09:30:00Z.");
        time = read;
        return null;
    }

    /// <summary>Answers with JSON.</summary>
    /// <returns>Null: nothing was refused.</returns>
    public async ValueTask<Refusal?> AnswerAsync<T>(T value, JsonTypeInfo<T> type, string? location = null)
    {
        var response = Http.Response;
        response.StatusCode = Call.Status;
        response.ContentType = "application/json";
        response.Headers.CacheControl = "no-store";
        if (location is not null) response.Headers.Location = location;
        await JsonSerializer.SerializeAsync(response.BodyWriter, value, type);
        return null;
    }

    /// <summary>Answers with text.</summary>
    /// <returns>Null: nothing was refused.</returns>
    public async ValueTask<Refusal?> AnswerTextAsync(string text)
    {
        Http.Response.ContentType = "text/plain; charset=utf-8";
        Http.Response.Headers.CacheControl = "no-store";
        await Http.Response.WriteAsync(text);
        return null;
    }
}
