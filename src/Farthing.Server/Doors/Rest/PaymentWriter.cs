using System.Text.Encodings.Web;
using System.Text.Json;
using Farthing.Payments;
using Farthing.Payments.Desk;
using Farthing.Payments.Offers;
using Farthing.Protocol;

namespace Farthing.Server.Doors.Rest;

/// <summary>Writes payments straight into the response, in the form of <see cref="PaymentJson"/>: a batch answers with thousands of them.</summary>
internal static class PaymentWriter
{
    // After so many results a batch's answer is sent on, so that it is not held in memory whole.
    private const int ResultsPerFlush = 256;

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    // Owned by the thread that writes: an answer is written without a wait, and only then sent.
    [ThreadStatic]
    private static Utf8JsonWriter? writerOfThread;

    /// <summary>Answers with a payment.</summary>
    /// <returns>Null: nothing was refused.</returns>
    public static async ValueTask<Refusal?> AnswerAsync(RestRequest request, Payment payment, string? location = null)
    {
        Begin(request);
        if (location is not null) request.Http.Response.Headers.Location = location;
        WriteAlone(request, payment);
        await request.Http.Response.BodyWriter.FlushAsync();
        return null;
    }

    /// <summary>Answers with a page of payments.</summary>
    /// <returns>Null: nothing was refused.</returns>
    public static async ValueTask<Refusal?> AnswerPageAsync(RestRequest request, Page<Payment> page)
    {
        Begin(request);
        var body = request.Http.Response.BodyWriter;
        using (var json = new Utf8JsonWriter(body, Options))
        {
            json.WriteStartObject();
            json.WriteStartArray("lines"u8);
            foreach (var payment in page.Lines) Write(json, payment, request.Caller);
            json.WriteEndArray();
            if (page.Next is not null) json.WriteString("next"u8, page.Next);
            json.WriteEndObject();
        }

        await body.FlushAsync();
        return null;
    }

    /// <summary>Answers with the results of a batch.</summary>
    /// <param name="request">The batch.</param>
    /// <param name="refusals">For each payment of the request why it was not even tried, or null.</param>
    /// <param name="paid">The answers of those that were tried, in order.</param>
    /// <returns>Null: nothing was refused as a whole.</returns>
    public static async ValueTask<Refusal?> AnswerBatchAsync(RestRequest request, Refusal?[] refusals, Answer<Payment>[] paid)
    {
        Begin(request);
        var body = request.Http.Response.BodyWriter;
        using var json = new Utf8JsonWriter(body, Options);
        json.WriteStartObject();
        json.WriteStartArray("results"u8);
        var next = 0;
        for (var i = 0; i < refusals.Length; i++)
        {
            WriteResult(json, refusals[i] is { } refusal ? refusal : paid[next++], request.Caller);
            if (i % ResultsPerFlush != ResultsPerFlush - 1) continue;
            json.Flush();
            await body.FlushAsync();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        await body.FlushAsync();
        return null;
    }

    /// <summary>Writes a payment as the caller may see it.</summary>
    public static void Write(Utf8JsonWriter json, Payment payment, Caller caller)
    {
        json.WriteStartObject();
        WriteId(json, "id"u8, payment.Id);
        json.WriteString("status"u8, WordFor(payment.Status));
        WriteAmount(json, "amount"u8, payment.Amount);
        WriteAmount(json, "fee"u8, payment.Fee);
        WriteAmount(json, "refunded"u8, payment.Refunded);
        WriteId(json, "payee"u8, payment.Payee);
        if (caller.Kind == CallerKind.Wallet) WriteId(json, "wallet"u8, payment.Wallet);
        if (caller.Kind == CallerKind.Payee) WriteId(json, "payer"u8, payment.Payer);
        if (payment.Offer is { } offer) WriteId(json, "offer"u8, offer);
        if (payment.Reference is not null) json.WriteString("reference"u8, payment.Reference);
        if (payment.Resource is not null) json.WriteString("resource"u8, payment.Resource);
        WriteTime(json, "createdAt"u8, payment.CreatedAt);
        if (payment.RefundableUntil is { } until) WriteTime(json, "refundableUntil"u8, until);
        if (payment.Entitlement is not null) json.WriteString("entitlement"u8, payment.Entitlement);
        json.WriteEndObject();
    }

    private static void Begin(RestRequest request)
    {
        var response = request.Http.Response;
        response.StatusCode = request.Call.Status;
        response.ContentType = "application/json";
        response.Headers.CacheControl = "no-store";
    }

    private static void WriteAlone(RestRequest request, Payment payment)
    {
        var response = request.Http.Response;
        var json = writerOfThread ??= new Utf8JsonWriter(response.BodyWriter, Options);
        json.Reset(response.BodyWriter);
        Write(json, payment, request.Caller);
        response.ContentLength = json.BytesPending + json.BytesCommitted;
        json.Flush();
    }

    private static void WriteResult(Utf8JsonWriter json, Answer<Payment> result, Caller caller)
    {
        json.WriteStartObject();
        if (result.IsGiven)
        {
            json.WritePropertyName("payment"u8);
            Write(json, result.Value, caller);
        }
        else
        {
            json.WritePropertyName("problem"u8);
            Problem.Write(json, result.Refusal);
        }

        json.WriteEndObject();
    }

    private static ReadOnlySpan<byte> WordFor(PaymentStatus status) => status switch
    {
        PaymentStatus.Held => "held"u8,
        PaymentStatus.Posted => "posted"u8,
        PaymentStatus.Voided => "voided"u8,
        _ => "expired"u8,
    };

    private static void WriteId<T>(Utf8JsonWriter json, ReadOnlySpan<byte> name, Id<T> id) where T : IIdKind
    {
        Span<byte> text = stackalloc byte[Id<T>.TextLength];
        id.FormatUtf8(text);
        json.WriteString(name, text);
    }

    private static void WriteAmount(Utf8JsonWriter json, ReadOnlySpan<byte> name, Amount amount)
    {
        Span<byte> text = stackalloc byte[96];
        json.WriteStartObject(name);
        json.WriteString("amount"u8, text[..amount.FormatUtf8(text)]);
        json.WriteString("currency"u8, amount.Asset.Code);
        json.WriteEndObject();
    }

    private static void WriteTime(Utf8JsonWriter json, ReadOnlySpan<byte> name, DateTimeOffset time)
    {
        Span<byte> text = stackalloc byte[WireTime.Length];
        json.WriteString(name, text[..WireTime.FormatUtf8(time, text)]);
    }
}
