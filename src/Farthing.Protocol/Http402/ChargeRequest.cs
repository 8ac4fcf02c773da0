using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Farthing.Protocol;

/// <summary>What the <c>request</c> of a challenge says for method <c>farthing</c> and intent <c>charge</c>.</summary>
/// <param name="Amount">The price of one request.</param>
/// <param name="Recipient">Who is paid.</param>
/// <param name="Server">The payment server where a wallet of the payer's must be, such as <c>http://127.0.0.1:5080</c>. A payer pays only at a server it already trusts.</param>
/// <param name="Terms">The token of the signed <see cref="Protocol.Terms"/>; the terms decide what is paid, and must say the same price.</param>
/// <remarks>
/// On the wire: base64url, no padding, of JSON in the canonical form of RFC 8785:
/// <c>{"amount":"0.02","currency":"USD","methodDetails":{"server":"…","terms":"…"},"recipient":"pye_…"}</c>. Immutable; safe to share between threads.
/// </remarks>
public sealed record ChargeRequest(Amount Amount, Id<PayeeKind> Recipient, Uri Server, string Terms)
{
    private const int MaxLength = 8 << 10;

    /// <summary>The value for <see cref="PaymentChallenge.Request"/>.</summary>
    public string ToRequest() => Base64Url.EncodeToString(StrictJson.WriteObject(this, static (writer, request) =>
    {
        // The names in the order of RFC 8785; the values are ASCII without quotes, so every writer escapes them alike: not at all.
        writer.WriteString("amount", request.Amount.ToDecimalString());
        writer.WriteString("currency", request.Amount.Asset.Code);
        writer.WriteStartObject("methodDetails");
        writer.WriteString("server", request.Server.GetLeftPart(UriPartial.Authority));
        writer.WriteString("terms", request.Terms);
        writer.WriteEndObject();
        writer.WriteString("recipient", request.Recipient.ToString());
    }));

    /// <summary>Reads the <c>request</c> of a challenge. The terms are not looked into.</summary>
    /// <returns>False for anything but a well-formed request of a positive amount at an http or https server. Never throws.</returns>
    public static bool TryRead(string? request, [NotNullWhen(true)] out ChargeRequest? charge)
    {
        charge = null;
        if (request is null || request.Length > MaxLength || !SignedToken.TryDecodeBase64Url(request, out var json)) return false;
        var draft = new Draft();
        if (!StrictJson.TryReadObject(json, draft, ReadMember)) return false;
        if (draft.Amount is null || draft.Currency is null || draft.Recipient is not { } recipient || draft.Server is null || draft.Terms is null) return false;
        if (!Asset.TryGetCurrency(draft.Currency, out var asset)) return false;
        if (Protocol.Amount.TryParse(draft.Amount, asset, out var amount) != AmountError.None || amount.IsZero) return false;
        if (!TryReadServer(draft.Server, out var server)) return false;
        charge = new ChargeRequest(amount, recipient, server, draft.Terms);
        return true;
    }

    /// <summary>Reads the scheme, host and port of a payment server, and nothing else.</summary>
    internal static bool TryReadServer(string text, [NotNullWhen(true)] out Uri? server) =>
        Uri.TryCreate(text, UriKind.Absolute, out server) && (server.Scheme == Uri.UriSchemeHttp || server.Scheme == Uri.UriSchemeHttps)
        && server.UserInfo.Length == 0 && server.PathAndQuery == "/" && server.Fragment.Length == 0;

    private static bool ReadMember(ref Utf8JsonReader reader, string name, Draft draft)
    {
        switch (name)
        {
            case "amount" when StrictJson.TryGetText(ref reader, out var amount):
                draft.Amount = amount;
                return true;
            case "currency" when StrictJson.TryGetText(ref reader, out var currency):
                draft.Currency = currency;
                return true;
            case "recipient" when StrictJson.TryGetId<PayeeKind>(ref reader, out var recipient):
                draft.Recipient = recipient;
                return true;
            case "methodDetails":
                return StrictJson.TryReadMembers(ref reader, draft, ReadDetail);
            default:
                return false;
        }
    }

    private static bool ReadDetail(ref Utf8JsonReader reader, string name, Draft draft)
    {
        switch (name)
        {
            case "server" when StrictJson.TryGetText(ref reader, out var server):
                draft.Server = server;
                return true;
            case "terms" when StrictJson.TryGetText(ref reader, out var terms):
                draft.Terms = terms;
                return true;
            default:
                return false;
        }
    }

    /// <summary>Members as read, before it is known that they fit together.</summary>
    private sealed class Draft
    {
        public string? Amount { get; set; }
        public string? Currency { get; set; }
        public Id<PayeeKind>? Recipient { get; set; }
        public string? Server { get; set; }
        public string? Terms { get; set; }
    }
}
