using Farthing.Protocol;

namespace Farthing.Payments.Payouts;

/// <summary>The rails that pay out here, and what they cost.</summary>
/// <remarks>Immutable; safe to share between threads.</remarks>
internal sealed class PayoutRails(IReadOnlyList<IPayoutRail> rails, PaymentOptions options)
{
    public IPayoutRail? Find(string name) => rails.FirstOrDefault(rail => rail.Name == name);

    public Refusal NotAvailable { get; } = new(RefusalCodes.RailNotAvailable, rails.Count == 0 ? "No rail pays out here." : $"Use one of: {string.Join(", ", rails.Select(rail => rail.Name))}.");

    /// <summary>The largest amount that a rail can pay out of this one.</summary>
    public static Amount RoundDown(IPayoutRail rail, Amount amount) => new(amount.Asset, UnitOf(rail, amount.Asset) is { } unit ? amount.Units - (amount.Units % unit) : UInt128.Zero);

    /// <summary>What a rail takes of a payout on a day; or why the payout is refused: it is dear, or nobody knows what it costs.</summary>
    public Answer<Amount> FindCost(IPayoutRail rail, Amount amount, DateTimeOffset now)
    {
        if (!options.Payouts.CostSchedules.TryGetValue(rail.Name, out var named)) return new Amount(amount.Asset, UInt128.Zero);
        var schedule = options.FeeSchedules.Find(named, amount.Asset, DateOnly.FromDateTime(now.UtcDateTime));
        // What is left after the cost must be something that the rail can pay: a schedule of finer amounts is another rail's.
        var isOfRail = schedule is { MovesOut: true } && UnitOf(rail, amount.Asset) is { } unit && schedule.MinorUnit.Units % unit == UInt128.Zero;
        return RailCosts.Find(rail.Name, isOfRail ? schedule : null, amount, options.Payouts.MostCostBasisPoints);
    }

    // The smallest amount that a rail pays, in units of the asset; null if it pays none of it.
    private static UInt128? UnitOf(IPayoutRail rail, Asset asset)
    {
        if (rail.DecimalsOf(asset) is not { } decimals) return null;
        var unit = UInt128.One;
        for (var i = decimals; i < asset.Scale; i++) unit *= 10;
        return unit;
    }
}
