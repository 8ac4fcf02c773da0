using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Unicode;

namespace Farthing.Protocol;

/// <summary>Proof that a payment is in the journal, and the operator's signed word on its state when the checkpoint was made. Checked offline.</summary>
/// <remarks>
/// JSON, camelCase. <see cref="Statement"/> is Ed25519 by the ledger's key over the ASCII text <c>farthing-receipt-v1</c>, a line feed, and the canonical lines of
/// <c>docs/spec/receipt.md</c>: an operator who leaves out a later leg has signed a provable lie. Immutable; safe to share between threads.
/// </remarks>
public sealed record Receipt
{
    /// <summary>The payment as its state was at the checkpoint.</summary>
    public required ReceiptPayment Payment { get; init; }

    /// <summary>Every record of the payment up to the checkpoint: price, fee, post, void, expiry, refunds; in order.</summary>
    public required IReadOnlyList<ReceiptLeg> Legs { get; init; }

    /// <summary>The leaf, if there is a single leg; else null.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Leaf { get; init; }

    /// <summary>The index, if there is a single leg; else null.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Index { get; init; }

    /// <summary>The proof, if there is a single leg; else null.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Proof { get; init; }

    /// <summary>The signed checkpoint that the proofs lead to.</summary>
    public required string Checkpoint { get; init; }

    /// <summary>Base64 signature over the payment's state, the legs' leaf hashes and the checkpoint's size.</summary>
    public required string Statement { get; init; }

    /// <summary>The longest JSON that is read, in bytes.</summary>
    public const int MaxJsonLength = 4 << 20;

    // Escapes only what JSON requires: base64 and the dash of a signed note stay as they are.
    private static readonly ReceiptJson Json =
        new(new JsonSerializerOptions(ReceiptJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>Signs the statement of a receipt whose other members are complete.</summary>
    /// <param name="payment">The payment as the legs say it.</param>
    /// <param name="legs">In the order of their indexes, the price first.</param>
    /// <param name="checkpoint">The signed note that the proofs lead to.</param>
    /// <param name="key">The key of the checkpoint.</param>
    /// <returns>The same receipt with <see cref="Statement"/>, and with the top-level leaf for a single leg.</returns>
    /// <exception cref="InvalidOperationException">A member is malformed, or the checkpoint is not signed by this key.</exception>
    public static Receipt Sign(ReceiptPayment payment, IReadOnlyList<ReceiptLeg> legs, string checkpoint, SigningKey key)
    {
        ArgumentNullException.ThrowIfNull(payment);
        ArgumentNullException.ThrowIfNull(legs);
        ArgumentNullException.ThrowIfNull(checkpoint);
        ArgumentNullException.ThrowIfNull(key);
        if (ReceiptStatement.FindFault(payment, legs) is { } fault) throw new InvalidOperationException($"This receipt cannot be signed: {fault}.");
        var origin = checkpoint[..Math.Max(0, checkpoint.IndexOf('\n', StringComparison.Ordinal))];
        if (!Protocol.Checkpoint.TryVerify(checkpoint, new CheckpointKey(origin, key.Verifier), out var verified))
            throw new InvalidOperationException("This receipt cannot be signed: its checkpoint is not signed by the same key.");

        var single = legs.Count == 1 ? legs[0] : null;
        return new Receipt
        {
            Payment = payment,
            Legs = legs,
            Leaf = single?.Leaf,
            Index = single?.Index,
            Proof = single?.Proof,
            Checkpoint = checkpoint,
            Statement = Convert.ToBase64String(key.Sign(ReceiptStatement.Write(payment, legs, verified))),
        };
    }

    /// <summary>Checks everything that can be checked offline: the checkpoint's signature, each leg's inclusion, the statement, that the legs add up to the
    /// payment's status, amount, fee and refunded sum, and the payer's opening where it is given.</summary>
    /// <returns>What was found, with sentences for people. Never throws.</returns>
    public ReceiptVerdict Verify(CheckpointKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return ReceiptCheck.Run(this, key);
    }

    /// <summary>The receipt as compact JSON.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Json.Receipt);

    /// <summary>Reads a receipt's JSON.</summary>
    /// <returns>False if it is not a receipt; unknown, repeated and missing members are refused. Never throws.</returns>
    public static bool TryParse(ReadOnlySpan<byte> json, [NotNullWhen(true)] out Receipt? receipt)
    {
        receipt = null;
        if (json.Length > MaxJsonLength || !Utf8.IsValid(json)) return false;
        try
        {
            receipt = JsonSerializer.Deserialize(json, Json.Receipt);
        }
        catch (JsonException)
        {
            return false;
        }

        return receipt is not null && receipt.Legs.All(leg => leg is not null);
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    MaxDepth = 8)]
[JsonSerializable(typeof(Receipt))]
internal sealed partial class ReceiptJson : JsonSerializerContext;

/// <summary>The payment of a receipt. Amounts are decimal strings. Immutable; safe to share between threads.</summary>
public sealed record ReceiptPayment
{
    /// <summary>The payment's id.</summary>
    public required string Id { get; init; }

    /// <summary><c>held</c>, <c>posted</c>, <c>voided</c> or <c>expired</c>.</summary>
    public required string Status { get; init; }

    /// <summary>The price, as posted or held.</summary>
    public required AmountJson Amount { get; init; }

    /// <summary>The operator's fee that was taken and not given back.</summary>
    public required AmountJson Fee { get; init; }

    /// <summary>What was given back of the price.</summary>
    public required AmountJson Refunded { get; init; }

    /// <summary>Who was paid.</summary>
    public required string Payee { get; init; }

    /// <summary>The time of the first leg, RFC 3339 UTC.</summary>
    public required string CreatedAt { get; init; }
}

/// <summary>One record of a payment with its proof. Immutable; safe to share between threads.</summary>
public sealed record ReceiptLeg
{
    /// <summary>Base64 of the bytes of <see cref="LedgerLeaf"/>.</summary>
    public required string Leaf { get; init; }

    /// <summary>The leaf's place in the log.</summary>
    public required long Index { get; init; }

    /// <summary>Base64 of the sibling hashes, leaf upward.</summary>
    public required string Proof { get; init; }

    /// <summary>The payer's wallet, only in a receipt made for the payer.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Payer { get; init; }

    /// <summary>Base64 of the 16-byte salt that opens the payer commitment, with <see cref="Payer"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? PayerSalt { get; init; }
}

/// <summary>An amount on the wire: <c>{"amount":"0.02","currency":"USD"}</c>.</summary>
/// <param name="Amount">A decimal string.</param>
/// <param name="Currency">The asset's code.</param>
public sealed record AmountJson(string Amount, string Currency)
{
    /// <summary>Writes an amount; see <see cref="Amount.ToDecimalString"/>.</summary>
    public static AmountJson From(Amount amount) => new(amount.ToDecimalString(), amount.Asset.Code);
}

/// <summary>What checking a receipt found.</summary>
/// <param name="IsValid">True if nothing failed.</param>
/// <param name="Findings">One sentence per check, in order, each saying what holds or what failed.</param>
public sealed record ReceiptVerdict(bool IsValid, IReadOnlyList<string> Findings);
