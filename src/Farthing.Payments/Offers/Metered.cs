using Farthing.Protocol;

namespace Farthing.Payments.Offers;

/// <summary>What a meter counts.</summary>
public enum MeteredBy : byte
{
    /// <summary>Units that the payee reports.</summary>
    Unit,

    /// <summary>Seconds from start to stop.</summary>
    Second,

    /// <summary>Minutes from start to stop.</summary>
    Minute,

    /// <summary>Hours from start to stop.</summary>
    Hour,
}

/// <summary>A price for what is used between start and stop: for time, or for units that the payee reports.</summary>
/// <remarks>The cost is exact to the millisecond; only at the end it is rounded, up to the next smallest unit of the currency. It never exceeds the ceiling, which is held meanwhile.</remarks>
/// <param name="Price">The price of <paramref name="Count"/> of them.</param>
/// <param name="By">What is counted.</param>
/// <param name="Count">How many of them the price is for.</param>
/// <param name="Ceiling">What is held: at most so much is paid.</param>
/// <param name="SilentAfterSeconds">A meter of which the payee reports nothing for so long is stopped.</param>
public sealed record Metered(Amount Price, MeteredBy By, uint Count, Amount Ceiling, int SilentAfterSeconds) : Pricing
{
    /// <summary>A billion.</summary>
    public const uint MaxCount = 1_000_000_000;

    /// <summary>Ten seconds.</summary>
    public const int MinSilentAfterSeconds = 10;

    /// <summary>One day.</summary>
    public const int MaxSilentAfterSeconds = 24 * 3600;

    /// <summary>The longest that a meter runs: 31 days.</summary>
    public static readonly TimeSpan LongestRun = TimeSpan.FromDays(31);

    /// <summary>After how many milliseconds the ceiling is reached; no longer than <see cref="LongestRun"/>.</summary>
    internal long CeilingMilliseconds
    {
        get
        {
            var longest = (UInt128)(long)LongestRun.TotalMilliseconds;
            return MillisecondsPerCount is not { } perCount ? (long)longest : (long)UInt128.Min(longest, ((Ceiling.Units * perCount) + Price.Units - 1) / Price.Units);
        }
    }

    /// <summary>What was used costs so much.</summary>
    /// <param name="milliseconds">For how long it ran.</param>
    /// <param name="units">How many units were reported.</param>
    internal Amount CostOf(long milliseconds, long units)
    {
        var (used, per) = MillisecondsPerCount is { } perCount ? ((UInt128)milliseconds, perCount) : ((UInt128)units, (UInt128)Count);
        var cost = ((Price.Units * used) + per - 1) / per;
        return cost > Ceiling.Units ? Ceiling : new(Price.Asset, cost);
    }

    /// <summary>The most units that the ceiling pays for in full.</summary>
    internal long CeilingUnits => (long)UInt128.Min(MeterCover.MaxUnits, Ceiling.Units * Count / Price.Units);

    // For a count of time.
    private UInt128? MillisecondsPerCount => By switch
    {
        MeteredBy.Second => Count * (UInt128)1000,
        MeteredBy.Minute => Count * (UInt128)60_000,
        MeteredBy.Hour => Count * (UInt128)3_600_000,
        _ => null,
    };

    /// <inheritdoc/>
    public override PricingJson ToJson() => new MeteredJson(AmountJson.From(Price), By.ToString().ToLowerInvariant(), AmountJson.From(Ceiling), SilentAfterSeconds) { Count = Count };

    private protected override IEnumerable<Amount> Amounts => [Price, Ceiling];

    private protected override string? FindFault()
    {
        if (Count is 0 or > MaxCount) return $"count must be 1 to {MaxCount}.";
        if (Ceiling.Units < Price.Units) return $"The ceiling is less than the price, {Price}.";
        return SilentAfterSeconds is < MinSilentAfterSeconds or > MaxSilentAfterSeconds ? $"silentAfterSeconds must be {MinSilentAfterSeconds} to {MaxSilentAfterSeconds}." : null;
    }

    internal override Refusal? PriceOf(uint quantity, Amount? chosen, out Amount price)
    {
        price = Ceiling;
        return quantity == 1 && chosen is null ? null : new(RefusalCodes.InvalidField, "The meter counts, so there is neither an amount nor a quantity.");
    }
}
