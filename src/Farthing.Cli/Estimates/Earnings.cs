using System.Numerics;
using Farthing.Protocol;
using Farthing.Protocol.Fees;

namespace Farthing.Cli.Estimates;

/// <summary>What payments come to.</summary>
/// <param name="Payments">How many.</param>
/// <param name="Prices">What was paid.</param>
/// <param name="Fees">What the operator took of it, payment by payment.</param>
internal readonly record struct Earnings(long Payments, Amount Prices, Amount Fees)
{
    public static Earnings None(Asset asset) => new(0, new Amount(asset, 0), new Amount(asset, 0));

    public static Earnings Of(long payments, Amount price, uint feeBasisPoints) => new(
        payments,
        new Amount(price.Asset, price.Units * (UInt128)payments),
        new Amount(price.Asset, price.ShareRoundedDown(feeBasisPoints).Units * (UInt128)payments));

    public static Earnings operator +(Earnings left, Earnings right) => new(left.Payments + right.Payments, left.Prices + right.Prices, left.Fees + right.Fees);

    /// <summary>What reaches the payee when it is paid out <paramref name="payout"/> at a time, rounded down.</summary>
    public Amount AfterPayouts(FeeSchedule rail, Amount payout)
    {
        var cost = rail.CostOf(payout);
        return cost.Units >= payout.Units ? new Amount(payout.Asset, 0) : Scale((Prices - Fees).Units, payout.Units - cost.Units, payout.Units);
    }

    /// <summary>What payers pay in for it when they top up <paramref name="topUp"/> at a time, rounded down; null if a top-up costs all of itself.</summary>
    public Amount? PaidIn(FeeSchedule rail, Amount topUp)
    {
        var cost = rail.CostOf(topUp);
        return cost.Units >= topUp.Units ? null : Scale(Prices.Units, topUp.Units, topUp.Units - cost.Units);
    }

    // Amounts of a long log and large payouts together can be more than 128 bits hold.
    private Amount Scale(UInt128 units, UInt128 by, UInt128 of) => new(Prices.Asset, (UInt128)((BigInteger)units * by / of));
}
