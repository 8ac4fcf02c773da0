using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Farthing.Protocol;

/// <summary>What a site accepts as paid: signed by the operator's server, bound to payee, resource and the nonce of the terms.</summary>
/// <remarks>
/// Same token form as <see cref="Terms"/>, with the context <c>farthing-entitlement-v1</c>. Lives at most 60 seconds while a refund is still
/// possible, long afterwards. Immutable; safe to share between threads.
/// </remarks>
public sealed record Entitlement
{
    /// <summary>The longest token that is read, in characters.</summary>
    public const int MaxTokenLength = 4096;

    private const string Context = "farthing-entitlement-v1";

    /// <summary>Whom it was paid to. Member <c>payee</c>.</summary>
    public required Id<PayeeKind> Payee { get; init; }

    /// <summary>The payment. Member <c>payment</c>.</summary>
    public required Id<PaymentKind> Payment { get; init; }

    /// <summary>What was paid for, as in the terms. Member <c>resource</c>.</summary>
    public required string Resource { get; init; }

    /// <summary>The nonce of the terms. Member <c>nonce</c>.</summary>
    public required string Nonce { get; init; }

    /// <summary>When it was issued, to the second. Member <c>issued</c>, Unix seconds.</summary>
    public required DateTimeOffset Issued { get; init; }

    /// <summary>When it ends, to the second. Member <c>expires</c>, Unix seconds.</summary>
    public required DateTimeOffset Expires { get; init; }

    /// <summary>Until when the payer can take the money back, or null if not at all. Member <c>refundableUntil</c>, Unix seconds.</summary>
    public DateTimeOffset? RefundableUntil { get; init; }

    /// <summary>What the payment's meter covers; null for whatever is no meter. Member <c>meter</c>.</summary>
    public MeterCover? Meter { get; init; }

    /// <summary>Signs this entitlement.</summary>
    /// <returns>The token.</returns>
    /// <exception cref="InvalidOperationException">A member is out of its bounds.</exception>
    public string Sign(SigningKey serverKey) => IsWellFormed
        ? SignedToken.Sign(Context, StrictJson.WriteObject(this, WriteMembers), serverKey)
        : throw new InvalidOperationException("This entitlement cannot be signed: an id is zero, the resource or nonce is out of bounds, or a time is before 1970 or before its start.");

    /// <summary>Reads a token and checks its signature; the caller checks payee, resource, nonce and expiry.</summary>
    /// <returns>False for anything but a well-formed entitlement signed by <paramref name="serverKey"/>. Never throws.</returns>
    public static bool TryVerify(string? token, VerifyingKey serverKey, [NotNullWhen(true)] out Entitlement? entitlement)
    {
        ArgumentNullException.ThrowIfNull(serverKey);
        entitlement = null;
        return SignedToken.TryRead(token, MaxTokenLength, out var read)
            && read.IsSignedBy(serverKey, Context)
            && TryReadPayload(read.Payload, out entitlement);
    }

    private bool IsWellFormed =>
        !Payee.IsZero && !Payment.IsZero && Terms.IsResource(Resource) && Terms.IsNonce(Nonce)
        && Issued.ToUnixTimeSeconds() >= 0 && Expires >= Issued && (RefundableUntil is null || RefundableUntil.Value.ToUnixTimeSeconds() >= 0)
        && (Meter is null || Meter.IsWellFormed);

    private static bool TryReadPayload(ReadOnlySpan<byte> payload, [NotNullWhen(true)] out Entitlement? entitlement)
    {
        var draft = new Draft();
        entitlement = null;
        if (!StrictJson.TryReadObject(payload, draft, ReadMember)) return false;
        if (draft.Payee is not { } payee || draft.Payment is not { } payment || draft.Resource is null || draft.Nonce is null) return false;
        if (draft.Issued is not { } issued || draft.Expires is not { } expires) return false;

        var candidate = new Entitlement
        {
            Payee = payee,
            Payment = payment,
            Resource = draft.Resource,
            Nonce = draft.Nonce,
            Issued = issued,
            Expires = expires,
            RefundableUntil = draft.RefundableUntil,
            Meter = draft.Meter,
        };
        if (!candidate.IsWellFormed) return false;
        entitlement = candidate;
        return true;
    }

    private static bool ReadMember(ref Utf8JsonReader reader, string name, Draft draft)
    {
        switch (name)
        {
            case "payee" when StrictJson.TryGetId<PayeeKind>(ref reader, out var payee):
                draft.Payee = payee;
                return true;
            case "payment" when StrictJson.TryGetId<PaymentKind>(ref reader, out var payment):
                draft.Payment = payment;
                return true;
            case "resource" when StrictJson.TryGetText(ref reader, out var resource):
                draft.Resource = resource;
                return true;
            case "nonce" when StrictJson.TryGetText(ref reader, out var nonce):
                draft.Nonce = nonce;
                return true;
            case "issued" when StrictJson.TryGetTime(ref reader, out var issued):
                draft.Issued = issued;
                return true;
            case "expires" when StrictJson.TryGetTime(ref reader, out var expires):
                draft.Expires = expires;
                return true;
            case "refundableUntil" when StrictJson.TryGetTime(ref reader, out var refundableUntil):
                draft.RefundableUntil = refundableUntil;
                return true;
            case "meter" when MeterCover.TryRead(ref reader, out var meter):
                draft.Meter = meter;
                return true;
            default:
                return false;
        }
    }

    private static void WriteMembers(Utf8JsonWriter writer, Entitlement entitlement)
    {
        writer.WriteString("payee", entitlement.Payee.ToString());
        writer.WriteString("payment", entitlement.Payment.ToString());
        writer.WriteString("resource", entitlement.Resource);
        writer.WriteString("nonce", entitlement.Nonce);
        writer.WriteNumber("issued", entitlement.Issued.ToUnixTimeSeconds());
        writer.WriteNumber("expires", entitlement.Expires.ToUnixTimeSeconds());
        if (entitlement.RefundableUntil is { } refundableUntil) writer.WriteNumber("refundableUntil", refundableUntil.ToUnixTimeSeconds());
        if (entitlement.Meter is null) return;
        writer.WriteStartObject("meter");
        entitlement.Meter.WriteMembers(writer);
        writer.WriteEndObject();
    }

    /// <summary>Members as read, before it is known that they fit together.</summary>
    private sealed class Draft
    {
        public Id<PayeeKind>? Payee { get; set; }
        public Id<PaymentKind>? Payment { get; set; }
        public string? Resource { get; set; }
        public string? Nonce { get; set; }
        public DateTimeOffset? Issued { get; set; }
        public DateTimeOffset? Expires { get; set; }
        public DateTimeOffset? RefundableUntil { get; set; }
        public MeterCover? Meter { get; set; }
    }
}
