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

    // Longer than a payment without texts of its own.
    private const int UsualLength = 768;

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
        var text = new JsonText(stackalloc byte[UsualLength]);
        text.Add("{\"id\":\""u8, payment.Id);
        text.Add(StatusOf(payment.Status));
        text.Add(",\"amount\":{\"amount\":\""u8, payment.Amount);
        text.Add(",\"fee\":{\"amount\":\""u8, payment.Fee);
        text.Add(",\"refunded\":{\"amount\":\""u8, payment.Refunded);
        text.Add(",\"payee\":\""u8, payment.Payee);
        if (caller.Kind == CallerKind.Wallet) text.Add(",\"wallet\":\""u8, payment.Wallet);
        if (caller.Kind == CallerKind.Payee) text.Add(",\"payer\":\""u8, payment.Payer);
        if (payment.Tab is { } tab) text.Add(",\"tab\":\""u8, tab);
        if (payment.Offer is { } offer) text.Add(",\"offer\":\""u8, offer);
        if (payment.Reference is not null) text.Add(",\"reference\":\""u8, payment.Reference);
        if (payment.Resource is not null) text.Add(",\"resource\":\""u8, payment.Resource);
        text.Add(",\"createdAt\":\""u8, payment.CreatedAt);
        if (payment.RefundableUntil is { } until) text.Add(",\"refundableUntil\":\""u8, until);
        if (payment.Entitlement is not null) text.Add(",\"entitlement\":\""u8, payment.Entitlement);
        text.Add("}"u8);
        json.WriteRawValue(text.Written, skipInputValidation: true);
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

    private static ReadOnlySpan<byte> StatusOf(PaymentStatus status) => status switch
    {
        PaymentStatus.Held => ",\"status\":\"held\""u8,
        PaymentStatus.Posted => ",\"status\":\"posted\""u8,
        PaymentStatus.Voided => ",\"status\":\"voided\""u8,
        _ => ",\"status\":\"expired\""u8,
    };
}
