using System.Globalization;
using System.Text;

namespace Farthing.Protocol;

/// <summary>The lines that the operator signs in a receipt: <c>docs/spec/receipt.md</c>.</summary>
internal static class ReceiptStatement
{
    public const int MaxLegs = 10_000;

    private const string Context = "farthing-receipt-v1";

    /// <summary>What keeps the members from having one canonical text, in words, or null.</summary>
    public static string? FindFault(ReceiptPayment payment, IReadOnlyList<ReceiptLeg> legs)
    {
        if (!Id<PaymentKind>.TryParse(payment.Id, out _)) return "its payment id is malformed";
        if (payment.Status is not ("held" or "posted" or "voided" or "expired")) return "its status is unknown";
        if (!TryReadAmount(payment.Amount, out var amount)) return "its amount is malformed";
        if (!TryReadAmount(payment.Fee, out var fee) || fee.Asset != amount.Asset) return "its fee is malformed or of another currency";
        if (!TryReadAmount(payment.Refunded, out var refunded) || refunded.Asset != amount.Asset) return "its refunded amount is malformed or of another currency";
        if (!Id<PayeeKind>.TryParse(payment.Payee, out _)) return "its payee id is malformed";
        if (!Rfc3339.TryParse(payment.CreatedAt, out _)) return "its time is malformed";
        if (legs.Count is 0 or > MaxLegs) return "it has no records, or too many";
        for (var i = 0; i < legs.Count; i++)
        {
            if (legs[i].Index < 0 || (i > 0 && legs[i].Index <= legs[i - 1].Index)) return "its records are not in order";
            if (!TryReadLeaf(legs[i], out _, out _)) return $"its record {legs[i].Index.ToString(CultureInfo.InvariantCulture)} is malformed";
        }

        return null;
    }

    /// <summary>The signed bytes. Every member has one canonical text without line feeds, so no two statements share theirs.</summary>
    public static byte[] Write(ReceiptPayment payment, IReadOnlyList<ReceiptLeg> legs, Checkpoint checkpoint)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Context}\n");
        text.Append(CultureInfo.InvariantCulture, $"checkpoint {checkpoint.Size} {Convert.ToBase64String(checkpoint.Root)}\n");
        text.Append(CultureInfo.InvariantCulture, $"id {payment.Id}\n");
        text.Append(CultureInfo.InvariantCulture, $"status {payment.Status}\n");
        text.Append(CultureInfo.InvariantCulture, $"amount {payment.Amount.Amount} {payment.Amount.Currency}\n");
        text.Append(CultureInfo.InvariantCulture, $"fee {payment.Fee.Amount} {payment.Fee.Currency}\n");
        text.Append(CultureInfo.InvariantCulture, $"refunded {payment.Refunded.Amount} {payment.Refunded.Currency}\n");
        text.Append(CultureInfo.InvariantCulture, $"payee {payment.Payee}\n");
        text.Append(CultureInfo.InvariantCulture, $"createdAt {payment.CreatedAt}\n");
        Span<byte> hash = stackalloc byte[MerkleTree.HashLength];
        foreach (var leg in legs)
        {
            MerkleTree.HashLeaf(Convert.FromBase64String(leg.Leaf), hash);
            text.Append(CultureInfo.InvariantCulture, $"leg {leg.Index} {Convert.ToBase64String(hash)}\n");
        }

        return Encoding.ASCII.GetBytes(text.ToString());
    }

    public static bool TryReadAmount(AmountJson json, out Amount amount)
    {
        amount = default;
        return Asset.TryGetCurrency(json.Currency, out var asset)
            && Amount.TryParse(json.Amount, asset, out amount) == AmountError.None
            && amount.ToDecimalString() == json.Amount;
    }

    public static bool TryReadLeaf(ReceiptLeg leg, out LedgerLeaf leaf, out byte[] bytes)
    {
        leaf = default;
        return SignedNote.TryDecodeBase64(leg.Leaf, out bytes) && LedgerLeaf.TryRead(bytes, out leaf);
    }
}
