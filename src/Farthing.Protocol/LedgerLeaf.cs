using System.Buffers.Binary;
using System.Text;

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
    public const int MaxLength = FixedLength + 1 + Asset.MaxCodeLength;

    /// <summary>Bytes of a salt.</summary>
    public const int SaltLength = 16;

    /// <summary>The last millisecond of the year 9999.</summary>
    private const long MaxUnixMilliseconds = 253_402_300_799_999;

    private const byte Version = 1;
    private const int FixedLength = 142;
    private const int PayerCommitmentOffset = 78;
    private const int MemoCommitmentOffset = 110;

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
    public int Write(Span<byte> destination)
    {
        destination[0] = Version;
        destination[1] = Kind;
        destination[2] = Outcome;
        destination[3] = Amount.Asset.Scale;
        BinaryPrimitives.WriteUInt16BigEndian(destination[4..], (ushort)Code);
        BinaryPrimitives.WriteInt64BigEndian(destination[6..], UnixMilliseconds);
        BinaryPrimitives.WriteUInt128BigEndian(destination[14..], Id);
        BinaryPrimitives.WriteUInt128BigEndian(destination[30..], Payee);
        BinaryPrimitives.WriteUInt128BigEndian(destination[46..], Cited);
        BinaryPrimitives.WriteUInt128BigEndian(destination[62..], Amount.Units);
        PayerCommitment.Span[..MerkleTree.HashLength].CopyTo(destination[PayerCommitmentOffset..]);
        MemoCommitment.Span[..MerkleTree.HashLength].CopyTo(destination[MemoCommitmentOffset..]);
        var codeLength = Encoding.ASCII.GetBytes(Amount.Asset.Code ?? "", destination[(FixedLength + 1)..]);
        destination[FixedLength] = (byte)codeLength;
        return FixedLength + 1 + codeLength;
    }

    /// <summary>Reads a leaf.</summary>
    /// <returns>False for anything but exactly one well-formed leaf. Never throws.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out LedgerLeaf leaf)
    {
        leaf = default;
        if (bytes.Length is <= FixedLength or > MaxLength || bytes[0] != Version) return false;
        var code = bytes[(FixedLength + 1)..];
        if (bytes[FixedLength] != code.Length || !Asset.TryRead(code, bytes[3], out var asset)) return false;

        var unixMilliseconds = BinaryPrimitives.ReadInt64BigEndian(bytes[6..]);
        if (unixMilliseconds is < 0 or > MaxUnixMilliseconds) return false;
        leaf = new LedgerLeaf
        {
            Kind = bytes[1],
            Outcome = bytes[2],
            Code = (TransferCode)BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]),
            UnixMilliseconds = unixMilliseconds,
            Id = BinaryPrimitives.ReadUInt128BigEndian(bytes[14..]),
            Payee = BinaryPrimitives.ReadUInt128BigEndian(bytes[30..]),
            Cited = BinaryPrimitives.ReadUInt128BigEndian(bytes[46..]),
            Amount = new Amount(asset, BinaryPrimitives.ReadUInt128BigEndian(bytes[62..])),
            PayerCommitment = bytes.Slice(PayerCommitmentOffset, MerkleTree.HashLength).ToArray(),
            MemoCommitment = bytes.Slice(MemoCommitmentOffset, MerkleTree.HashLength).ToArray(),
        };
        return true;
    }

    /// <summary>SHA-256(salt ‖ payer), 32 bytes into <paramref name="destination"/>.</summary>
    /// <param name="salt">16 bytes.</param>
    /// <param name="payer">The payer's account.</param>
    /// <param name="destination">At least 32 bytes.</param>
    public static void CommitToPayer(ReadOnlySpan<byte> salt, UInt128 payer, Span<byte> destination)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, payer);
        CommitToMemo(salt, bytes, destination);
    }

    /// <summary>SHA-256(salt ‖ memo), 32 bytes into <paramref name="destination"/>.</summary>
    /// <param name="salt">16 bytes.</param>
    /// <param name="memo">The memo as journaled.</param>
    /// <param name="destination">At least 32 bytes.</param>
    /// <exception cref="ArgumentException">The salt is not 16 bytes: another length would let two contents share a commitment.</exception>
    public static void CommitToMemo(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> memo, Span<byte> destination)
    {
        if (salt.Length != SaltLength) throw new ArgumentException("A salt is 16 bytes.", nameof(salt));
        Sha256.Hash(salt, memo, destination);
    }
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

    /// <summary>A payee's share of a payment, from the payee of the price.</summary>
    Split = 7,

    /// <summary>A share that a refund takes back.</summary>
    SplitRefund = 8,

    /// <summary>A payment from one wallet to another.</summary>
    PersonalPayment = 9,

    /// <summary>A pledge, from wallet to campaign.</summary>
    Pledge = 10,

    /// <summary>What a campaign has come to, from the campaign to its payee.</summary>
    Campaign = 11,
}
