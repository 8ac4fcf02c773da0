using System.Buffers.Binary;
using System.Text;

namespace Farthing.Protocol;

/// <summary>One record of the ledger as the Merkle log covers it: what a receipt shows, and nothing else.</summary>
/// <remarks>
/// Bytes, all numbers big-endian: version 2 (1), kind (1), members (1), code (2), Unix milliseconds (8), id (16), payee (16), payer commitment (32); then, if the
/// bits of the members say so, memo commitment (32), cited id (16), outcome (1); then asset scale (1), length of the asset code (1), asset code (ASCII), and the units
/// in as few bytes as they need. A leaf has exactly one form.
/// The payee is the account credited, except that of a refund or its kin it is the account debited: a receipt never shows a payer's account.
/// A commitment is SHA-256(salt of 16 bytes ‖ payer account, 16 bytes big-endian) or SHA-256(salt of 16 bytes ‖ memo as journaled); each has its own salt.
/// Immutable; safe to share between threads.
/// </remarks>
public readonly record struct LedgerLeaf
{
    /// <summary>The longest leaf.</summary>
    public const int MaxLength = HeadLength + MerkleTree.HashLength + WideLength + 1 + AssetHeadLength + Asset.MaxCodeLength + WideLength;

    /// <summary>Bytes of a salt.</summary>
    public const int SaltLength = 16;

    /// <summary>The last millisecond of the year 9999.</summary>
    private const long MaxUnixMilliseconds = 253_402_300_799_999;

    private const byte Version = 2;
    private const int PayerCommitmentOffset = 45;
    private const int HeadLength = PayerCommitmentOffset + MerkleTree.HashLength;
    private const int WideLength = 16;

    /// <summary>Scale and length of the asset's code.</summary>
    private const int AssetHeadLength = 2;

    [Flags]
    private enum Members : byte
    {
        Memo = 1,
        Cited = 2,
        Outcome = 4,
        All = Memo | Cited | Outcome,
    }

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

    /// <summary>32 bytes, or empty if there is no memo.</summary>
    public ReadOnlyMemory<byte> MemoCommitment { get; init; }

    private Members Present =>
        (MemoCommitment.IsEmpty ? 0 : Members.Memo) | (Cited == UInt128.Zero ? 0 : Members.Cited) | (Outcome == 0 ? 0 : Members.Outcome);

    /// <summary>Writes the leaf; needs at most <see cref="MaxLength"/> bytes.</summary>
    /// <returns>How many bytes were written.</returns>
    public int Write(Span<byte> destination)
    {
        destination[0] = Version;
        destination[1] = Kind;
        destination[2] = (byte)Present;
        BinaryPrimitives.WriteUInt16BigEndian(destination[3..], (ushort)Code);
        BinaryPrimitives.WriteInt64BigEndian(destination[5..], UnixMilliseconds);
        BinaryPrimitives.WriteUInt128BigEndian(destination[13..], Id);
        BinaryPrimitives.WriteUInt128BigEndian(destination[29..], Payee);
        PayerCommitment.Span[..MerkleTree.HashLength].CopyTo(destination[PayerCommitmentOffset..]);

        var at = HeadLength;
        if (!MemoCommitment.IsEmpty)
        {
            MemoCommitment.Span[..MerkleTree.HashLength].CopyTo(destination[at..]);
            at += MerkleTree.HashLength;
        }
        if (Cited != UInt128.Zero)
        {
            BinaryPrimitives.WriteUInt128BigEndian(destination[at..], Cited);
            at += WideLength;
        }
        if (Outcome != 0) destination[at++] = Outcome;

        var codeLength = Encoding.ASCII.GetBytes(Amount.Asset.Code ?? "", destination[(at + AssetHeadLength)..]);
        destination[at] = Amount.Asset.Scale;
        destination[at + 1] = (byte)codeLength;
        at += AssetHeadLength + codeLength;

        Span<byte> units = stackalloc byte[WideLength];
        BinaryPrimitives.WriteUInt128BigEndian(units, Amount.Units);
        units = units.TrimStart((byte)0);
        units.CopyTo(destination[at..]);
        return at + units.Length;
    }

    /// <summary>Reads a leaf.</summary>
    /// <returns>False for anything but exactly one well-formed leaf. Never throws.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out LedgerLeaf leaf)
    {
        leaf = default;
        if (bytes.Length < HeadLength || bytes[0] != Version || bytes[2] > (byte)Members.All) return false;
        var members = (Members)bytes[2];
        var unixMilliseconds = BinaryPrimitives.ReadInt64BigEndian(bytes[5..]);
        if (unixMilliseconds is < 0 or > MaxUnixMilliseconds) return false;

        var rest = bytes[HeadLength..];
        var isWhole = TryTake(ref rest, LengthOf(members, Members.Memo, MerkleTree.HashLength), out var memo);
        isWhole &= TryTake(ref rest, LengthOf(members, Members.Cited, WideLength), out var citedBytes);
        isWhole &= TryTake(ref rest, LengthOf(members, Members.Outcome, 1), out var outcome);
        isWhole &= TryTake(ref rest, AssetHeadLength, out var assetHead);
        if (!isWhole || !TryTake(ref rest, assetHead[1], out var code) || !Asset.TryRead(code, assetHead[0], out var asset)) return false;

        // What is there says something, and units have no zeros before them: else a leaf would have two forms.
        var cited = ReadNumber(citedBytes);
        if ((!citedBytes.IsEmpty && cited == UInt128.Zero) || outcome is [0] || rest is [0, ..] || rest.Length > WideLength) return false;
        leaf = new LedgerLeaf
        {
            Kind = bytes[1],
            Outcome = outcome.IsEmpty ? (byte)0 : outcome[0],
            Code = (TransferCode)BinaryPrimitives.ReadUInt16BigEndian(bytes[3..]),
            UnixMilliseconds = unixMilliseconds,
            Id = BinaryPrimitives.ReadUInt128BigEndian(bytes[13..]),
            Payee = BinaryPrimitives.ReadUInt128BigEndian(bytes[29..]),
            Cited = cited,
            Amount = new Amount(asset, ReadNumber(rest)),
            PayerCommitment = bytes.Slice(PayerCommitmentOffset, MerkleTree.HashLength).ToArray(),
            MemoCommitment = memo.ToArray(),
        };
        return true;
    }

    private static int LengthOf(Members members, Members member, int length) => (members & member) == 0 ? 0 : length;

    private static bool TryTake(ref ReadOnlySpan<byte> rest, int length, out ReadOnlySpan<byte> taken)
    {
        taken = default;
        if (rest.Length < length) return false;
        taken = rest[..length];
        rest = rest[length..];
        return true;
    }

    // Big-endian, of at most 16 bytes; none is zero.
    private static UInt128 ReadNumber(ReadOnlySpan<byte> bytes)
    {
        var number = UInt128.Zero;
        foreach (var value in bytes) number = number << 8 | value;
        return number;
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

    /// <summary>Money out, from a payee to a rail.</summary>
    Payout = 12,

    /// <summary>What a rail takes of a top-up or payout.</summary>
    RailCost = 13,

    /// <summary>What a rail took back of a top-up, or gave back of that, between its clearing account and what the wallet owes.</summary>
    Chargeback = 14,

    /// <summary>Between a wallet and what it owes for chargebacks.</summary>
    Debt = 15,

    /// <summary>A payer's unspent money, back to where it was topped up from.</summary>
    WalletPayout = 16,
}
