using Farthing.Protocol;
using Farthing.Protocol.Fees;

namespace Farthing.Payments.TopUps;

/// <summary>What the operator sets about top-ups. Immutable.</summary>
public sealed record TopUpOptions
{
    /// <summary>By rail, the names of those of <see cref="PaymentOptions.FeeSchedules"/> that say what it takes; the first that has the wallet's currency does. A rail that is not named here takes nothing. Default: none.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> ScheduleNames { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>The greatest part of a top-up that its rail may take, in hundredths of a percent. Default 1,000: ten percent.</summary>
    public uint MostCostBasisPoints { get; init; } = 1_000;

    /// <summary>Whether a wallet must have a recovery code in force before it is topped up, so that a lost cookie or key loses no money. Default false; live money will set it.</summary>
    public bool RequiresRecoveryCode { get; init; }

    /// <summary>Checks the ranges.</summary>
    internal void Validate() => ArgumentOutOfRangeException.ThrowIfGreaterThan(MostCostBasisPoints, 10_000u, nameof(MostCostBasisPoints));

    /// <summary>What a rail takes of a top-up on a day, out of it.</summary>
    /// <returns>The cost; or why the top-up is refused: it is dear, or nobody knows what it costs.</returns>
    internal Answer<Amount> CostOf(FeeSchedules schedules, string rail, Amount amount, DateTimeOffset now)
    {
        if (!ScheduleNames.TryGetValue(rail, out var names)) return new Amount(amount.Asset, UInt128.Zero);
        var day = DateOnly.FromDateTime(now.UtcDateTime);
        var schedule = names.Select(name => schedules.Find(name, amount.Asset, day)).FirstOrDefault(found => found is { MovesIn: true });
        return RailCosts.Find(rail, schedule, amount, MostCostBasisPoints);
    }
}
