using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Farthing.Ledger;
using Farthing.Payments;
using Farthing.Protocol;

namespace Farthing.Server.Doors.Rest;

/// <summary><c>GET /v1/ledger/changes</c>: every record of the journal, once and in order, as server-sent events.</summary>
/// <remarks>
/// An event's id is its record's position, so a reader that was cut off says the last one it has and goes on behind it, over restarts of the server too.
/// A slow reader keeps nothing waiting: its records stay in the journal until it takes them, and Kestrel hangs up on one that takes almost nothing. Thread-safe.
/// </remarks>
/// <param name="ledger">What is followed.</param>
/// <param name="time">Counts out the heartbeats.</param>
/// <param name="stopping">Cancelled when the server stops: feeds then end, between two events.</param>
internal sealed class ChangeFeed(Ledger.Ledger ledger, TimeProvider time, CancellationToken stopping)
{
    /// <summary>The most readers at once: each holds a batch of records in memory.</summary>
    public const int MaxReaders = 16;

    /// <summary>After so long without a record a comment is sent, so that nobody on the way takes the connection for dead.</summary>
    public static readonly TimeSpan HeartbeatAfter = TimeSpan.FromSeconds(15);

    private const int FlushAfterBytes = 32 * 1024;
    private const int RetryAfterSeconds = 5;

    private int readers;

    public void Map(RestRoutes door) => door.Get("/v1/ledger/changes", AnswerAsync, new RestCall
    {
        OperationId = "followChanges",
        Tag = "Ledger",
        Summary = "Follow every record of the journal",
        Description = "Server-sent events without end: first the records that are there, then each new one once it is on disk. The id of an event is its record's position; "
            + "a reader that was cut off sends the last id it has as Last-Event-ID, and nothing is left out or told twice. Ids are those of the API without their prefix. "
            + "Memos are left out. A comment every 15 seconds says that the connection stands.",
        Key = KeyOwner.Operator,
        Query = [new QueryMember("from", "The first position wanted; without it and without Last-Event-ID, 0.")],
        AnswerMediaType = "text/event-stream",
        AnswerExample = "id: 7\ndata: {\"position\":7,\"time\":\"2026-11-23T09:30:00.000Z\",\"kind\":\"transfer\",\"outcome\":\"done\",\"id\":\"01JD8Y2M6K3T5V7W9XAZBCDEFG\","
            + "\"debit\":\"01JD8Y2M6K3T5V7W9XAZBCDEFG\",\"credit\":\"01JD8Y2M6K3T5V7W9XAZBCDEFG\",\"amount\":{\"amount\":\"0.02\",\"currency\":\"USD\"},\"code\":\"payment\"}\n\n",
        Refusals = [RefusalCodes.RateLimited],
    });

    public async ValueTask<Refusal?> AnswerAsync(RestRequest request)
    {
        if (ReadStart(request.Http.Request, out var position) is { } refusal) return refusal;
        if (position > ledger.DurableSize) return new Refusal(RefusalCodes.InvalidField, $"The journal has {ledger.DurableSize} records, so none of {position} or later was ever told here.");
        try
        {
            if (Interlocked.Increment(ref readers) > MaxReaders)
                return new Refusal(RefusalCodes.RateLimited, $"{MaxReaders} readers follow already.", new Dictionary<string, object> { ["retryAfterSeconds"] = RetryAfterSeconds });
            await SendAsync(request.Http, position);
            return null;
        }
        finally
        {
            Interlocked.Decrement(ref readers);
        }
    }

    /// <summary>The header goes before the address: a browser repeats the address as it was, with the header added.</summary>
    private static Refusal? ReadStart(HttpRequest request, out long position)
    {
        position = 0;
        var ids = request.Headers["Last-Event-ID"];
        if (ids.Count > 0)
        {
            if (ids.Count > 1 || !TryReadPosition(ids[0], out var last)) return new Refusal(RefusalCodes.InvalidField, "Last-Event-ID must be the id of an event of this feed.");
            position = last + 1;
            return null;
        }

        if (!request.Query.TryGetValue("from", out var values)) return null;
        return values.Count == 1 && TryReadPosition(values[0], out position) ? null : new Refusal(RefusalCodes.InvalidField, "from must be a position: 0, or a whole number.");
    }

    private static bool TryReadPosition(string? text, out long position) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out position) && position < long.MaxValue;

    private async Task SendAsync(HttpContext http, long position)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping);
        var response = http.Response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        // Proxies that gather an answer before they pass it on would gather for ever.
        response.Headers["X-Accel-Buffering"] = "no";
        try
        {
            Comment(response.BodyWriter, "open");
            await FlushAsync(response.BodyWriter, end.Token);
            await SendRecordsAsync(response.BodyWriter, position, end);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested && !http.RequestAborted.IsCancellationRequested)
        {
            // The feed ends as an answer does that is complete; the reader comes back later.
        }
    }

    private async Task SendRecordsAsync(PipeWriter output, long position, CancellationTokenSource end)
    {
        var records = ledger.FollowAsync(position, end.Token).GetAsyncEnumerator(CancellationToken.None);
        var next = Task.FromResult(false);
        try
        {
            using var json = new Utf8JsonWriter(Stream.Null);
            var unflushed = 0L;
            while (true)
            {
                next = records.MoveNextAsync().AsTask();
                if (!next.IsCompleted || unflushed >= FlushAfterBytes)
                {
                    await FlushAsync(output, end.Token);
                    unflushed = 0;
                }

                while (!await EndsInTimeAsync(next))
                {
                    Comment(output, "still here");
                    await FlushAsync(output, end.Token);
                }

                if (!await next) return;
                unflushed += Write(output, json, records.Current);
            }
        }
        finally
        {
            // What waits must end before it can be disposed of.
            await end.CancelAsync();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await records.DisposeAsync();
        }
    }

    /// <summary>False if there is still no next record when it is time for a heartbeat.</summary>
    private async ValueTask<bool> EndsInTimeAsync(Task next)
    {
        if (next.IsCompleted) return true;
        try
        {
            await next.WaitAsync(HeartbeatAfter, time, CancellationToken.None);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private static async ValueTask FlushAsync(PipeWriter output, CancellationToken end)
    {
        await output.FlushAsync(end);
        // Behind a flush this may run where sockets are read, and a backlog would keep them waiting.
        await Task.Yield();
    }

    private static void Comment(IBufferWriter<byte> output, string text) => Encoding.ASCII.GetBytes($": {text}\n\n", output);

    private static long Write(IBufferWriter<byte> output, Utf8JsonWriter json, in JournalRecord record)
    {
        var head = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"id: {record.Position}\ndata: "), output);
        json.Reset(output);
        JsonSerializer.Serialize(json, ChangeJson.From(record), Wire.Default.ChangeJson);
        json.Flush();
        output.Write("\n\n"u8);
        return head + json.BytesCommitted + 2;
    }
}

/// <summary>One record of the journal. Ids stand without prefix; what a record does not have is left out, and its memo is told by its length only.</summary>
internal sealed record ChangeJson
{
    public required long Position { get; init; }
    public required string Time { get; init; }
    public required string Kind { get; init; }
    public required string Outcome { get; init; }
    public required string Id { get; init; }
    public int? ChainIndex { get; init; }
    public bool? Linked { get; init; }
    public string? Debit { get; init; }
    public string? Credit { get; init; }
    public AmountJson? Amount { get; init; }
    public string? AmountAsked { get; init; }
    public string? Code { get; init; }
    public string? Cited { get; init; }
    public string? Deadline { get; init; }
    public string? Reference1 { get; init; }
    public string? Reference2 { get; init; }
    public int? MemoBytes { get; init; }
    public CountsJson? DebitAfter { get; init; }
    public CountsJson? CreditAfter { get; init; }

    public static ChangeJson From(in JournalRecord record)
    {
        var command = record.Command;
        var isMovement = command.Asset.Code is not null;
        var isDone = record.Outcome == Ledger.Outcome.Done;
        return new ChangeJson
        {
            Position = record.Position,
            Time = WireTime.Format(DateTimeOffset.FromUnixTimeMilliseconds(record.UnixMilliseconds)),
            Kind = RecordWords.Of(command.Kind),
            Outcome = RecordWords.Of(record.Outcome),
            Id = IdBytes.ToText(command.Id),
            ChainIndex = record.ChainIndex > 0 ? record.ChainIndex : null,
            Linked = command.Linked ? true : null,
            Debit = IdOf(command.Debit),
            Credit = IdOf(command.Credit),
            Amount = isMovement ? AmountJson.From(new Amount(command.Asset, command.Units)) : null,
            AmountAsked = record.UnitsAsked == UInt128.Zero || !isMovement ? null : new Amount(command.Asset, record.UnitsAsked).ToDecimalString(),
            Code = command.Code == TransferCode.None ? null : RecordWords.Of(command.Code),
            Cited = IdOf(command.Cited),
            Deadline = TimeOf(command.DeadlineUnixMilliseconds),
            Reference1 = IdOf(command.Reference1),
            Reference2 = IdOf(command.Reference2),
            MemoBytes = command.Memo.IsEmpty ? null : command.Memo.Length,
            DebitAfter = isMovement && isDone ? CountsJson.From(command.Asset, record.DebitAfter) : null,
            CreditAfter = isMovement && isDone && command.Credit != UInt128.Zero ? CountsJson.From(command.Asset, record.CreditAfter) : null,
        };
    }

    private static string? IdOf(UInt128 id) => id == UInt128.Zero ? null : IdBytes.ToText(id);

    // A refused command may name any number as its deadline.
    private static string? TimeOf(long unixMilliseconds) =>
        unixMilliseconds == 0 || unixMilliseconds < DateTimeOffset.MinValue.ToUnixTimeMilliseconds() || unixMilliseconds > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? null
            : WireTime.Format(DateTimeOffset.FromUnixTimeMilliseconds(unixMilliseconds));
}

/// <summary>The four counts of an account, as decimals of the record's currency.</summary>
internal sealed record CountsJson(string DebitsPosted, string DebitsHeld, string CreditsPosted, string CreditsHeld)
{
    public static CountsJson From(Asset asset, in Balances counts) => new(
        new Amount(asset, counts.DebitsPosted).ToDecimalString(),
        new Amount(asset, counts.DebitsHeld).ToDecimalString(),
        new Amount(asset, counts.CreditsPosted).ToDecimalString(),
        new Amount(asset, counts.CreditsHeld).ToDecimalString());
}
