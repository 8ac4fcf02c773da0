using System.Diagnostics.CodeAnalysis;

namespace Farthing.Protocol;

/// <summary>One record of the ledger as the Merkle log covers it: what a receipt shows, and nothing else.</summary>
/// <remarks>
/// Bytes, all numbers big-endian: version 1 (1), kind (1), outcome (1), asset scale (1), code (2), Unix milliseconds (8), id (16), payee (16),
/// cited id (16), units (16), payer commitment (32), memo commitment (32), length of the asset code (1), asset code (ASCII).
/// The payee is the account credited, except that of a refund or its kin it is the account debited: a receipt never shows a payer's account.
/// A commitment is SHA-256(salt of 16 bytes ‖ payer account, 16 bytes big-endian) or SHA-256(salt of 16 bytes ‖ memo as journaled); each has its own salt.
/// Immutable; safe to share between threads.
/// </remarks>
public readonly record struct LedgerLeaf
{
    /// <summary>The longest leaf.</summary>
    public const int MaxLength = 142 + Asset.MaxCodeLength + 1;

    /// <summary>What kind of record: the numbers of <c>docs/spec/journal.md</c>.</summary>
    public byte Kind { get; init; }

    /// <summary>0 if carried out, else the number of the refusal.</summary>
    public byte Outcome { get; init; }

    /// <summary>What the movement is for: the numbers of <see cref="TransferCode"/>.</summary>
    public TransferCode Code { get; init; }

    /// <summary>The batch's time, Unix milliseconds.</summary>
    public long UnixMilliseconds { get; init; }

    /// <summary>The record's id.</summary>
    public UInt128 Id { get; init; }

    /// <summary>Who is paid, or who gives back.</summary>
    public UInt128 Payee { get; init; }

    /// <summary>The transfer that this one posts, voids, expires or refunds; zero for none.</summary>
    public UInt128 Cited { get; init; }

    /// <summary>How much; the asset with its scale.</summary>
    public Amount Amount { get; init; }

    /// <summary>32 bytes.</summary>
    public ReadOnlyMemory<byte> PayerCommitment { get; init; }

    /// <summary>32 bytes.</summary>
    public ReadOnlyMemory<byte> MemoCommitment { get; init; }

    /// <summary>Writes the leaf; needs at most <see cref="MaxLength"/> bytes.</summary>
    /// <returns>How many bytes were written.</returns>
    public int Write(Span<byte> destination) => throw new NotImplementedException();

    /// <summary>Reads a leaf.</summary>
    /// <returns>False for anything but exactly one well-formed leaf. Never throws.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out LedgerLeaf leaf) => throw new NotImplementedException();

    /// <summary>SHA-256(salt ‖ payer), 32 bytes into <paramref name="destination"/>.</summary>
    public static void CommitToPayer(ReadOnlySpan<byte> salt, UInt128 payer, Span<byte> destination) => throw new NotImplementedException();

    /// <summary>SHA-256(salt ‖ memo), 32 bytes into <paramref name="destination"/>.</summary>
    public static void CommitToMemo(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> memo, Span<byte> destination) => throw new NotImplementedException();
}

/// <summary>What a movement of money is for.</summary>
public enum TransferCode : ushort
{
    /// <summary>Not a movement of money, such as an account's opening.</summary>
    None = 0,

    /// <summary>A payment's price, from wallet to payee.</summary>
    Payment = 1,

    /// <summary>The operator's fee, from payee to operator.</summary>
    Fee = 2,

    /// <summary>Money in, from a rail's clearing account to a wallet.</summary>
    TopUp = 3,

    /// <summary>The fee that a refund gives back to the payee.</summary>
    FeeRefund = 4,

    /// <summary>A price given back, from payee to wallet.</summary>
    Refund = 5,

    /// <summary>The issue or use of an allowance.</summary>
    Allowance = 6,
}
