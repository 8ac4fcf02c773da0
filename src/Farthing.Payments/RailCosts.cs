using Farthing.Protocol;
using Farthing.Protocol.Fees;

namespace Farthing.Payments;

/// <summary>What a rail takes of a top-up or payout, and why one is refused that is dear or whose cost nobody knows.</summary>
internal static class RailCosts
{
    /// <summary>The cost of moving an amount.</summary>
    /// <param name="rail">The rail's name, for whoever is refused.</param>
    /// <param name="schedule">What says what it takes; null if nothing does.</param>
    /// <param name="amount">How much is moved.</param>
    /// <param name="mostBasisPoints">The greatest part of it that the rail may take, in hundredths of a percent.</param>
    /// <returns>Less than the amount, unless that is nothing; or the refusal, with the least amount that is fine if there is one.</returns>
    public static Answer<Amount> Find(string rail, FeeSchedule? schedule, Amount amount, uint mostBasisPoints)
    {
        if (schedule is null) return new Refusal(RefusalCodes.RailNotAvailable, $"The rail {rail} does not move {amount.Asset} here: no schedule says what that costs.");
        var cost = schedule.CostOf(amount);
        if (amount.IsZero || (schedule.IsWithin(amount, mostBasisPoints) && cost.Units < amount.Units)) return cost;
        var facts = new Dictionary<string, object> { ["cost"] = AmountJson.From(cost) };
        if (schedule.LeastWithin(mostBasisPoints) is not { } least)
            return new Refusal(RefusalCodes.RailCostTooHigh, $"The rail {rail} would take {cost.ToPriceString()} of {amount.ToPriceString()}, and too much of any amount. Choose another rail.", facts);
        facts["least"] = AmountJson.From(least);
        return new Refusal(RefusalCodes.RailCostTooHigh, $"The rail {rail} would take {cost.ToPriceString()} of {amount.ToPriceString()}. From {least.ToPriceString()} on it costs little enough.", facts);
    }
}
