using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Farthing.Protocol;

/// <summary>The answer to a <see cref="PaymentChallenge"/> of method <c>farthing</c>: <c>Authorization: Payment base64url(JSON)</c>.</summary>
/// <param name="Challenge">The challenge as it was received; the site checks it with <see cref="PaymentChallenge.Check"/>.</param>
/// <param name="Entitlement">The token of the <see cref="Protocol.Entitlement"/> that the payment server gave.</param>
/// <param name="Source">Who pays, if the payer wants to say; the site does not need it.</param>
/// <remarks>The JSON is <c>{"challenge":{…},"payload":{"entitlement":"…"},"source":"…"}</c>. Immutable; safe to share between threads.</remarks>
public sealed record PaymentCredential(PaymentChallenge Challenge, string Entitlement, string? Source = null)
{
    private const string Prefix = PaymentChallenge.Scheme + " ";

    /// <summary>The value for <c>Authorization</c>.</summary>
    public string ToHeader() => Prefix + Base64Url.EncodeToString(StrictJson.WriteObject(this, static (writer, credential) =>
    {
        writer.WriteStartObject("challenge");
        credential.Challenge.WriteMembers(writer);
        writer.WriteEndObject();
        writer.WriteStartObject("payload");
        writer.WriteString("entitlement", credential.Entitlement);
        writer.WriteEndObject();
        if (credential.Source is not null) writer.WriteString("source", credential.Source);
    }));

    /// <summary>Reads the value of <c>Authorization</c>.</summary>
    /// <returns>False for another scheme, and for anything but a well-formed credential of method <c>farthing</c>. Never throws.</returns>
    public static bool TryParse(string? header, [NotNullWhen(true)] out PaymentCredential? credential)
    {
        credential = null;
        if (header is null || header.Length > PaymentChallenge.MaxHeaderLength || !header.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)) return false;
        if (!SignedToken.TryDecodeBase64Url(header.AsSpan(Prefix.Length).Trim(' '), out var json)) return false;
        var draft = new Draft();
        if (!StrictJson.TryReadObject(json, draft, ReadMember)) return false;
        if (PaymentChallenge.FromParameters(draft.Challenge) is not { Method: PaymentChallenge.Farthing } challenge || draft.Entitlement is null) return false;
        credential = new PaymentCredential(challenge, draft.Entitlement, draft.Source);
        return true;
    }

    private static bool ReadMember(ref Utf8JsonReader reader, string name, Draft draft)
    {
        switch (name)
        {
            case "challenge":
                return StrictJson.TryReadMembers(ref reader, draft, static (ref reader, name, draft) =>
                    StrictJson.TryGetText(ref reader, out var value) && draft.Challenge.TryAdd(name, value));
            case "payload":
                return StrictJson.TryReadMembers(ref reader, draft, static (ref reader, name, draft) =>
                {
                    if (name != "entitlement" || !StrictJson.TryGetText(ref reader, out var value)) return false;
                    draft.Entitlement = value;
                    return true;
                });
            case "source" when StrictJson.TryGetText(ref reader, out var source):
                draft.Source = source;
                return true;
            default:
                return false;
        }
    }

    /// <summary>Members as read, before it is known that they fit together.</summary>
    private sealed class Draft
    {
        public Dictionary<string, string> Challenge { get; } = new(StringComparer.Ordinal);
        public string? Entitlement { get; set; }
        public string? Source { get; set; }
    }
}

/// <summary>What a site says of a payment it accepted: <c>Payment-Receipt: base64url(JSON)</c>. A courtesy, not a proof: that is <see cref="Receipt"/>.</summary>
/// <param name="Method">How it was paid.</param>
/// <param name="Timestamp">When the site accepted it.</param>
/// <param name="Reference">The payment: <c>pay_…</c> for method <c>farthing</c>.</param>
/// <remarks>The JSON is <c>{"status":"success","method":"…","timestamp":"…","reference":"…"}</c>. Immutable; safe to share between threads.</remarks>
public sealed record PaymentReceiptHeader(string Method, DateTimeOffset Timestamp, string Reference)
{
    /// <summary>The name of the header.</summary>
    public const string Name = "Payment-Receipt";

    /// <summary>The value of the header.</summary>
    public string ToHeader() => Base64Url.EncodeToString(StrictJson.WriteObject(this, static (writer, receipt) =>
    {
        writer.WriteString("status", "success");
        writer.WriteString("method", receipt.Method);
        writer.WriteString("timestamp", Rfc3339.Format(receipt.Timestamp));
        writer.WriteString("reference", receipt.Reference);
    }));

    /// <summary>Reads the value of the header; members that are not known are passed over.</summary>
    /// <returns>False if it is malformed or does not say success. Never throws.</returns>
    public static bool TryParse(string? header, [NotNullWhen(true)] out PaymentReceiptHeader? receipt)
    {
        receipt = null;
        if (header is null || header.Length > PaymentChallenge.MaxHeaderLength || !SignedToken.TryDecodeBase64Url(header, out var json)) return false;
        var members = new Dictionary<string, string>(StringComparer.Ordinal);
        var isObject = StrictJson.TryReadObject(json, members, static (ref reader, name, members) =>
        {
            if (StrictJson.TryGetText(ref reader, out var value)) members.Add(name, value);
            else reader.Skip();
            return true;
        });
        if (!isObject || members.GetValueOrDefault("status") != "success") return false;
        if (!members.TryGetValue("method", out var method) || !members.TryGetValue("reference", out var reference)) return false;
        if (!members.TryGetValue("timestamp", out var timestamp) || !Rfc3339.TryParse(timestamp, out var time)) return false;
        receipt = new PaymentReceiptHeader(method, time, reference);
        return true;
    }
}
