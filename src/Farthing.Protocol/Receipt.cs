using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

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

    /// <summary>Signs the statement of a receipt whose other members are complete.</summary>
    /// <returns>The same receipt with <see cref="Statement"/>, and with the top-level leaf for a single leg.</returns>
    public static Receipt Sign(ReceiptPayment payment, IReadOnlyList<ReceiptLeg> legs, string checkpoint, SigningKey key) => throw new NotImplementedException();

    /// <summary>Checks everything that can be checked offline: the checkpoint's signature, each leg's inclusion, the statement, that the legs add up to the
    /// payment's status, amount, fee and refunded sum, and the payer's opening where it is given.</summary>
    /// <returns>What was found, with sentences for people. Never throws.</returns>
    public ReceiptVerdict Verify(CheckpointKey key) => throw new NotImplementedException();

    /// <summary>Reads a receipt's JSON.</summary>
    /// <returns>False if it is not a receipt. Never throws.</returns>
    public static bool TryParse(ReadOnlySpan<byte> json, [NotNullWhen(true)] out Receipt? receipt) => throw new NotImplementedException();
}

/// <summary>The payment of a receipt. Amounts are decimal strings.</summary>
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

    /// <summary>When, RFC 3339 UTC.</summary>
    public required string CreatedAt { get; init; }
}

/// <summary>One record of a payment with its proof.</summary>
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
    /// <summary>Writes an amount.</summary>
    public static AmountJson From(Amount amount) => new(amount.ToDecimalString(), amount.Asset.Code);
}

/// <summary>What checking a receipt found.</summary>
/// <param name="IsValid">True if nothing failed.</param>
/// <param name="Findings">One sentence per check, in order, each saying what holds or what failed.</param>
public sealed record ReceiptVerdict(bool IsValid, IReadOnlyList<string> Findings);
