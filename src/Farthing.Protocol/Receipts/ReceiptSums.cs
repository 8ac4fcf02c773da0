namespace Farthing.Protocol;

/// <summary>The kinds of record that make up a payment: the numbers of <c>docs/spec/journal.md</c>.</summary>
internal enum ReceiptLegKind : byte
{
    Transfer = 2,
    Hold = 3,
    Post = 4,
    Void = 5,
    Refund = 6,
    Expire = 11,
}

/// <summary>What the records of one payment add up to.</summary>
internal sealed class ReceiptSums
{
    private const ulong LegNumberMask = 0xFF;
    private const ulong FirstSplitLeg = 0x10;
    private const ulong LastSplitLeg = 0x1F;

    // The transfer that a refund must cite: the price itself, or the post of the hold. Zero while nothing is posted.
    private UInt128 posted;
    private UInt128 feeLeg;
    private UInt128 feeUnits;
    private UInt128 feeRefundedUnits;
    private UInt128 refundedUnits;

    // What each payee that shares in the price still has of its share, by the leg's id.
    private readonly Dictionary<UInt128, UInt128> splits = [];
    private UInt128 splitUnits;

    private ReceiptSums(LedgerLeaf first)
    {
        Id = first.Id;
        Payee = first.Payee;
        Amount = first.Amount;
        UnixMilliseconds = first.UnixMilliseconds;
    }

    public UInt128 Id { get; }

    public UInt128 Payee { get; }

    public long UnixMilliseconds { get; }

    public string Status { get; private set; } = "";

    public Amount Amount { get; private set; }

    public Amount Fee => new(Amount.Asset, feeUnits - feeRefundedUnits);

    public Amount Refunded => new(Amount.Asset, refundedUnits);

    /// <summary>Adds the records up, in their order in the log.</summary>
    /// <param name="leaves">At least one.</param>
    /// <param name="sums">What they add up to.</param>
    /// <param name="fault">Why they are not the records of one payment, in words.</param>
    public static bool TryAdd(IReadOnlyList<LedgerLeaf> leaves, out ReceiptSums sums, out string fault)
    {
        sums = new ReceiptSums(leaves[0]);
        for (var i = 0; i < leaves.Count; i++)
        {
            fault = sums.Refuse(leaves[i], isFirst: i == 0) ?? "";
            if (fault.Length > 0) return false;
        }

        fault = "";
        return true;
    }

    private string? Refuse(LedgerLeaf leaf, bool isFirst)
    {
        if (leaf.Outcome != 0) return "one of them is a refusal";
        if (leaf.Amount.Asset != Amount.Asset) return "their currencies differ";
        if (leaf.Amount.Units > Protocol.Amount.MaxUnits) return "an amount is too large";
        if (isFirst) return RefuseFirst(leaf);
        return ((ReceiptLegKind)leaf.Kind, leaf.Code) switch
        {
            (ReceiptLegKind.Transfer, TransferCode.Fee) => RefuseFee(leaf),
            (ReceiptLegKind.Transfer, TransferCode.Split) => RefuseSplit(leaf),
            (ReceiptLegKind.Post or ReceiptLegKind.Void or ReceiptLegKind.Expire, TransferCode.Payment) => RefuseEndOfHold(leaf),
            (ReceiptLegKind.Refund, TransferCode.Refund) => RefuseRefund(leaf),
            (ReceiptLegKind.Refund, TransferCode.FeeRefund) => RefuseFeeRefund(leaf),
            (ReceiptLegKind.Refund, TransferCode.SplitRefund) => RefuseSplitRefund(leaf),
            _ => "one of them has no place in a payment",
        };
    }

    private string? RefuseFirst(LedgerLeaf leaf)
    {
        if ((leaf.Id & LegNumberMask) != UInt128.Zero) return "the first one's id is not that of a payment";
        if (leaf.Code != TransferCode.Payment || leaf.Cited != UInt128.Zero) return "the first one is not a price";
        switch ((ReceiptLegKind)leaf.Kind)
        {
            case ReceiptLegKind.Transfer:
                Status = "posted";
                posted = leaf.Id;
                return null;
            case ReceiptLegKind.Hold:
                Status = "held";
                return null;
            default:
                return "the first one is not a price";
        }
    }

    private string? RefuseFee(LedgerLeaf leaf)
    {
        if (posted == UInt128.Zero || feeLeg != UInt128.Zero || leaf.Id != (posted | UInt128.One)) return "a fee does not belong to the price";
        if (leaf.Amount.Units > Amount.Units - splitUnits) return "the fee is more than the price";
        feeLeg = leaf.Id;
        feeUnits = leaf.Amount.Units;
        return null;
    }

    private string? RefuseEndOfHold(LedgerLeaf leaf)
    {
        if (Status != "held" || leaf.Cited != Id || leaf.Payee != Payee) return "the end of a hold does not belong to it";
        if (leaf.Amount.Units > Amount.Units) return "more was posted than was held";
        switch ((ReceiptLegKind)leaf.Kind)
        {
            case ReceiptLegKind.Post when (leaf.Id & LegNumberMask) == UInt128.Zero:
                Status = "posted";
                Amount = leaf.Amount;
                posted = leaf.Id;
                return null;
            case ReceiptLegKind.Void:
                Status = "voided";
                return null;
            case ReceiptLegKind.Expire when leaf.Id == Id:
                Status = "expired";
                return null;
            default:
                return "the end of a hold has the wrong id";
        }
    }

    private string? RefuseRefund(LedgerLeaf leaf)
    {
        if (posted == UInt128.Zero || leaf.Cited != posted || leaf.Payee != Payee) return "a refund does not belong to the price";
        if (leaf.Amount.Units > Amount.Units - refundedUnits) return "more was given back than was paid";
        refundedUnits += leaf.Amount.Units;
        return null;
    }

    private string? RefuseFeeRefund(LedgerLeaf leaf)
    {
        if (feeLeg == UInt128.Zero || leaf.Cited != feeLeg) return "a refund of the fee does not belong to the fee";
        if (leaf.Amount.Units > feeUnits - feeRefundedUnits) return "more of the fee was given back than was taken";
        feeRefundedUnits += leaf.Amount.Units;
        return null;
    }

    private string? RefuseSplit(LedgerLeaf leaf)
    {
        if (posted == UInt128.Zero || leaf.Id < posted + FirstSplitLeg || leaf.Id > posted + LastSplitLeg) return "a share does not belong to the price";
        // The fee stands before the shares; neither can be more than there is.
        if (leaf.Amount.Units > Amount.Units - feeUnits - splitUnits || !splits.TryAdd(leaf.Id, leaf.Amount.Units)) return "the shares are more than the price";
        splitUnits += leaf.Amount.Units;
        return null;
    }

    private string? RefuseSplitRefund(LedgerLeaf leaf)
    {
        if (!splits.TryGetValue(leaf.Cited, out var left)) return "a refund of a share does not belong to the share";
        if (leaf.Amount.Units > left) return "more of a share was given back than was given";
        splits[leaf.Cited] = left - leaf.Amount.Units;
        return null;
    }
}
