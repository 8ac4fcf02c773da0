namespace Farthing.Protocol.Fees;

/// <summary>What reaches the payee of one price: paid directly over a rail, and paid from a wallet that was topped up over that rail.</summary>
/// <remarks>
/// Through Farthing the shares are of what the payer pays in: the top-up's cost is spread over all that the rest of it buys, and the payout's over all that it
/// pays out. They and <see cref="Kept"/> add up to the whole. Immutable; safe to share between threads.
/// </remarks>
public sealed record FeeComparison
{
    // Shares are computed in millionths of millionths, so that rounding down three times is not seen in millionths.
    private static readonly UInt128 Fine = (UInt128)FeeShare.Whole * FeeShare.Whole;

    private FeeComparison()
    {
    }

    /// <summary>What the rail takes of a direct payment and of a top-up.</summary>
    public required FeeSchedule In { get; init; }

    /// <summary>What the payout's rail takes.</summary>
    public required FeeSchedule Out { get; init; }

    /// <summary>What the payer pays for one thing.</summary>
    public required Amount Price { get; init; }

    /// <summary>The usual top-up of a wallet.</summary>
    public required Amount TopUp { get; init; }

    /// <summary>The usual payout of a payee.</summary>
    public required Amount Payout { get; init; }

    /// <summary>The operator's fee, in hundredths of a percent of the price.</summary>
    public required uint FeeBasisPoints { get; init; }

    /// <summary>What the rail takes of the price when it is paid directly.</summary>
    public required Amount DirectCost { get; init; }

    /// <summary>The direct cost as a share of the price; often many times the whole.</summary>
    public FeeShare DirectShare => FeeShare.Of(DirectCost, Price);

    /// <summary>Whether the rail moves so little at all.</summary>
    public bool IsMovedDirectly => Price.Units >= In.Minimum.Units;

    /// <summary>What the rail takes of a top-up.</summary>
    public required Amount TopUpCost { get; init; }

    /// <summary>What the operator takes of the price.</summary>
    public required Amount Fee { get; init; }

    /// <summary>What the rail takes of a payout.</summary>
    public required Amount PayoutCost { get; init; }

    /// <summary>The rail's part of what the payer pays in.</summary>
    public required FeeShare TopUpShare { get; init; }

    /// <summary>The operator's part of it.</summary>
    public required FeeShare OperatorShare { get; init; }

    /// <summary>The payout rail's part of it.</summary>
    public required FeeShare PayoutShare { get; init; }

    /// <summary>What reaches the payee of it, rounded down.</summary>
    public required FeeShare Kept { get; init; }

    /// <summary>All that does not reach the payee.</summary>
    public FeeShare Cost => new(FeeShare.Whole - Kept.Millionths);

    /// <summary>What reaches the payee of so much paid in as the price is, rounded down to the asset's unit.</summary>
    public required Amount KeptOfPrice { get; init; }

    /// <summary>Compares.</summary>
    /// <param name="moneyIn">The rail of the direct payment and of top-ups.</param>
    /// <param name="moneyOut">The rail of payouts, in the same currency.</param>
    /// <param name="price">The price of one thing; not zero.</param>
    /// <param name="topUp">What payers usually top up by; not zero.</param>
    /// <param name="payout">What is usually paid out to the payee at once; not zero.</param>
    /// <param name="feeBasisPoints">The operator's fee in hundredths of a percent, at most 10,000.</param>
    /// <exception cref="ArgumentException">The assets differ, or an amount is zero or above <see cref="Amount.MaxUnits"/>.</exception>
    public static FeeComparison Of(FeeSchedule moneyIn, FeeSchedule moneyOut, Amount price, Amount topUp, Amount payout, uint feeBasisPoints)
    {
        ArgumentNullException.ThrowIfNull(moneyIn);
        ArgumentNullException.ThrowIfNull(moneyOut);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(feeBasisPoints, 10_000u);
        foreach (var amount in new[] { price, topUp, payout })
        {
            if (amount.IsZero || amount.Units > Amount.MaxUnits) throw new ArgumentException($"{amount} cannot be compared.");
        }

        var topUpCost = moneyIn.CostOf(topUp);
        var fee = price.ShareRoundedDown(feeBasisPoints);
        var payoutCost = moneyOut.CostOf(payout);
        var afterTopUp = LeftOf(Fine, topUp, topUpCost);
        var afterFee = LeftOf(afterTopUp, price, fee);
        var afterPayout = LeftOf(afterFee, payout, payoutCost);
        return new FeeComparison
        {
            In = moneyIn,
            Out = moneyOut,
            Price = price,
            TopUp = topUp,
            Payout = payout,
            FeeBasisPoints = feeBasisPoints,
            DirectCost = moneyIn.CostOf(price),
            TopUpCost = topUpCost,
            Fee = fee,
            PayoutCost = payoutCost,
            TopUpShare = ShareBetween(Fine, afterTopUp),
            OperatorShare = ShareBetween(afterTopUp, afterFee),
            PayoutShare = ShareBetween(afterFee, afterPayout),
            Kept = new FeeShare(afterPayout / FeeShare.Whole),
            KeptOfPrice = new Amount(price.Asset, price.Units * afterPayout / Fine),
        };
    }

    private static UInt128 LeftOf(UInt128 fine, Amount whole, Amount cost) =>
        cost.Units >= whole.Units ? UInt128.Zero : fine * (whole.Units - cost.Units) / whole.Units;

    // Between the rounded ends, so that the shares add up.
    private static FeeShare ShareBetween(UInt128 before, UInt128 after) => new((before / FeeShare.Whole) - (after / FeeShare.Whole));
}
