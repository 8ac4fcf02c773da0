using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Farthing.Payments;
using Farthing.Protocol;

namespace Farthing.Server.Doors;

/// <summary>Refusals on the wire: problem details of RFC 9457.</summary>
internal static class Problem
{
    public const string MediaType = "application/problem+json";

    /// <summary>How long a caller waits before it repeats what was refused with 503, in seconds.</summary>
    public const int UnavailableRetryAfterSeconds = 1;

    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The page that explains a code.</summary>
    public static string TypeOf(RefusalCode code) => $"/docs/errors#{code.Code}";

    /// <summary>The word for the advice on the wire.</summary>
    public static string WordFor(RetryAdvice advice) => advice switch
    {
        RetryAdvice.SameKey => "same_key",
        RetryAdvice.NewKey => "new_key",
        _ => "never",
    };

    /// <summary>Answers with a refusal. The response must not have started.</summary>
    public static async Task AnswerAsync(HttpContext http, Refusal refusal)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, Readable)) Write(json, refusal);

        var response = http.Response;
        response.StatusCode = refusal.Code.HttpStatus;
        response.ContentType = MediaType;
        response.ContentLength = buffer.WrittenCount;
        response.Headers.CacheControl = "no-store";
        if (refusal.Code == RefusalCodes.Unauthorized) response.Headers.WWWAuthenticate = "Bearer";
        if (refusal.Code.HttpStatus == StatusCodes.Status503ServiceUnavailable) response.Headers.RetryAfter = UnavailableRetryAfterSeconds.ToString(CultureInfo.InvariantCulture);
        if (refusal.Code == RefusalCodes.RateLimited && refusal.Facts?.GetValueOrDefault("retryAfterSeconds") is int seconds)
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        if (!HttpMethods.IsHead(http.Request.Method)) await response.BodyWriter.WriteAsync(buffer.WrittenMemory);
    }

    /// <summary>Writes a refusal as an object.</summary>
    public static void Write(Utf8JsonWriter json, Refusal refusal)
    {
        json.WriteStartObject();
        json.WriteString("type", TypeOf(refusal.Code));
        json.WriteString("title", refusal.Code.Title);
        json.WriteNumber("status", refusal.Code.HttpStatus);
        json.WriteString("detail", refusal.Detail);
        json.WriteString("code", refusal.Code.Code);
        json.WriteString("retry", WordFor(refusal.Code.Retry));
        foreach (var (name, value) in refusal.Facts ?? new Dictionary<string, object>()) WriteFact(json, name, value);
        json.WriteEndObject();
    }

    private static void WriteFact(Utf8JsonWriter json, string name, object value)
    {
        json.WritePropertyName(name);
        switch (value)
        {
            case Amount amount:
                WriteAmount(json, amount.ToDecimalString(), amount.Asset.Code);
                break;
            case AmountJson amount:
                WriteAmount(json, amount.Amount, amount.Currency);
                break;
            case IReadOnlyList<AmountJson> amounts:
                json.WriteStartArray();
                foreach (var amount in amounts) WriteAmount(json, amount.Amount, amount.Currency);
                json.WriteEndArray();
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case int number:
                json.WriteNumberValue(number);
                break;
            case long number:
                json.WriteNumberValue(number);
                break;
            case DateTimeOffset time:
                json.WriteStringValue(WireTime.Format(time));
                break;
            default:
                json.WriteStringValue(Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
        }
    }

    private static void WriteAmount(Utf8JsonWriter json, string amount, string currency)
    {
        json.WriteStartObject();
        json.WriteString("amount", amount);
        json.WriteString("currency", currency);
        json.WriteEndObject();
    }
}
