using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Farthing.Protocol;

/// <summary>What the <c>request</c> of a challenge says for method <c>farthing</c> and intent <c>meter</c>: what is used is counted, and paid up to a ceiling that is held.</summary>
/// <param name="Price">The price of <paramref name="Count"/> units.</param>
/// <param name="Count">How many units the price is for.</param>
/// <param name="Ceiling">What is held while the meter runs; at most so much is paid.</param>
/// <param name="Payee">Who is paid.</param>
/// <param name="Server">The payment server where a wallet of the payer's must be. A payer pays only at a server it already trusts.</param>
/// <param name="Terms">The token of the signed <see cref="Protocol.Terms"/>, which name the metered offer.</param>
/// <remarks>
/// On the wire: base64url, no padding, of JSON in the canonical form of RFC 8785:
/// <c>{"amount":"0.001","ceiling":"0.5","count":750,"currency":"USD","methodDetails":{"server":"…","terms":"…"},"recipient":"pye_…"}</c>. What the payment server holds
/// is what the offer says: a payer sends the ceiling along, so that more is refused. Immutable; safe to share between threads.
/// </remarks>
public sealed record MeterRequest(Amount Price, long Count, Amount Ceiling, Id<PayeeKind> Payee, Uri Server, string Terms)
{
    private const int MaxLength = 8 << 10;

    /// <summary>The value for <see cref="PaymentChallenge.Request"/>.</summary>
    public string ToRequest() => Base64Url.EncodeToString(StrictJson.WriteObject(this, static (writer, request) =>
    {
        // The names in the order of RFC 8785; the values are ASCII without quotes, so every writer escapes them alike: not at all.
        writer.WriteString("amount", request.Price.ToDecimalString());
        writer.WriteString("ceiling", request.Ceiling.ToDecimalString());
        writer.WriteNumber("count", request.Count);
        writer.WriteString("currency", request.Price.Asset.Code);
        writer.WriteStartObject("methodDetails");
        writer.WriteString("server", request.Server.GetLeftPart(UriPartial.Authority));
        writer.WriteString("terms", request.Terms);
        writer.WriteEndObject();
        writer.WriteString("recipient", request.Payee.ToString());
    }));

    /// <summary>Reads the <c>request</c> of a challenge. The terms are not looked into.</summary>
    /// <returns>False for anything but a well-formed request of positive amounts at an http or https server. Never throws.</returns>
    public static bool TryRead(string? request, [NotNullWhen(true)] out MeterRequest? meter)
    {
        meter = null;
        if (request is null || request.Length > MaxLength || !SignedToken.TryDecodeBase64Url(request, out var json)) return false;
        var draft = new Draft();
        if (!StrictJson.TryReadObject(json, draft, ReadMember)) return false;
        if (draft.Payee is not { } payee || draft.Server is null || draft.Terms is null || !Asset.TryGetCurrency(draft.Currency, out var asset)) return false;
        if (draft.Count is not (>= 1 and <= MeterCover.MaxUnits)) return false;
        if (draft.Amount is null || Amount.TryParse(draft.Amount, asset, out var price) != AmountError.None || price.IsZero) return false;
        if (draft.Ceiling is null || Amount.TryParse(draft.Ceiling, asset, out var ceiling) != AmountError.None || ceiling.Units < price.Units) return false;
        if (!ChargeRequest.TryReadServer(draft.Server, out var server)) return false;
        meter = new MeterRequest(price, draft.Count.Value, ceiling, payee, server, draft.Terms);
        return true;
    }

    private static bool ReadMember(ref Utf8JsonReader reader, string name, Draft draft)
    {
        switch (name)
        {
            case "amount" when StrictJson.TryGetText(ref reader, out var amount):
                draft.Amount = amount;
                return true;
            case "ceiling" when StrictJson.TryGetText(ref reader, out var ceiling):
                draft.Ceiling = ceiling;
                return true;
            case "count" when StrictJson.TryGetCount(ref reader, out var count):
                draft.Count = count;
                return true;
            case "currency" when StrictJson.TryGetText(ref reader, out var currency):
                draft.Currency = currency;
                return true;
            case "recipient" when StrictJson.TryGetId<PayeeKind>(ref reader, out var payee):
                draft.Payee = payee;
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
        public string? Ceiling { get; set; }
        public long? Count { get; set; }
        public string? Currency { get; set; }
        public Id<PayeeKind>? Payee { get; set; }
        public string? Server { get; set; }
        public string? Terms { get; set; }
    }
}
