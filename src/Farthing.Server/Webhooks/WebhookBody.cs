using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Farthing.Payments;
using Farthing.Payments.Webhooks;
using Farthing.Server.Doors;
using Farthing.Server.Doors.Rest;

namespace Farthing.Server.Webhooks;

/// <summary>What is sent to a webhook, in the words of the API: a payment is written as its payee reads it there.</summary>
internal static class WebhookBody
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>The bytes of an event.</summary>
    public static byte[] Write(WebhookEvent told)
    {
        var output = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(output, Options))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, told.Type);
            json.WriteString("timestamp"u8, WireTime.Format(told.At));
            json.WriteStartObject("data"u8);
            json.WriteString("payee"u8, told.Payee.ToString());
            json.WriteString("subject"u8, told.Subject);
            json.WriteNumber("sequence"u8, told.Sequence);
            if (told.Payment is { } payment)
            {
                json.WritePropertyName("payment"u8);
                PaymentWriter.Write(json, payment, new Caller(CallerKind.Payee, told.Payee.Value));
            }

            if (told.Refund is { } refund) WriteMember(json, "refund"u8, PaymentActionsApi.From(refund), Wire.Default.RefundJson);
            if (told.Subscription is { } news)
            {
                WriteMember(json, "event"u8, SubscriptionsApi.From(news.Event), Wire.Default.SubscriptionEventJson);
                json.WriteString("payer"u8, news.Payer.ToString());
            }

            if (told.Data is { } data)
            {
                json.WritePropertyName("event"u8);
                json.WriteRawValue(data);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return output.WrittenSpan.ToArray();
    }

    private static void WriteMember<T>(Utf8JsonWriter json, ReadOnlySpan<byte> name, T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        json.WritePropertyName(name);
        JsonSerializer.Serialize(json, value, type);
    }
}
