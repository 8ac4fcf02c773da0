using System.Globalization;

namespace Farthing.Protocol.Fees;

/// <summary>What one rail takes in one currency, from a day on until its next schedule.</summary>
/// <remarks>Made from data only: see <see cref="FeeSchedules"/>. All amounts are of one asset. Immutable; safe to share between threads.</remarks>
public sealed record FeeSchedule
{
    internal FeeSchedule()
    {
    }

    /// <summary>The rail: <c>card-us</c>, <c>bank-transfer</c>.</summary>
    public required string Rail { get; init; }

    /// <summary>The currency of all amounts.</summary>
    public required Asset Asset { get; init; }

    /// <summary>The first day, in UTC, that this schedule answers for.</summary>
    public required DateOnly From { get; init; }

    /// <summary>Whether money comes in by this rail: it can be topped up by.</summary>
    public required bool MovesIn { get; init; }

    /// <summary>Whether money goes out by this rail: it can pay out.</summary>
    public required bool MovesOut { get; init; }

    /// <summary>The smallest step of an amount that the rail knows: a cent.</summary>
    public required Amount MinorUnit { get; init; }

    /// <summary>How what the rail takes becomes whole minor units.</summary>
    public required FeeRounding Rounding { get; init; }

    /// <summary>The least amount that the rail moves at all.</summary>
    public required Amount Minimum { get; init; }

    /// <summary>What is taken of which amounts: at least one, the first from zero, ascending.</summary>
    public required IReadOnlyList<FeeStep> Steps { get; init; }

    /// <summary>Where the figures are from, or that they are an assumption.</summary>
    public required string Source { get; init; }

    /// <summary>The day on which the source was read.</summary>
    public required DateOnly ReadOn { get; init; }

    /// <summary>What to know before relying on it.</summary>
    public required string Note { get; init; }

    /// <summary>Names this version of the rail's schedule for good, so that an old payment can be explained: <c>card-us/USD/2023-01-01</c>.</summary>
    public string Version => string.Create(CultureInfo.InvariantCulture, $"{Rail}/{Asset.Code}/{From:yyyy-MM-dd}");

    /// <summary>What the rail takes of <paramref name="amount"/>: whole minor units, possibly more than the amount itself.</summary>
    /// <param name="amount">What is moved. Below <see cref="Minimum"/> the answer is what the rail would take if it moved so little; of nothing, nothing.</param>
    /// <exception cref="ArgumentException">The amount is of another asset.</exception>
    /// <exception cref="OverflowException">The amount is above <see cref="Amount.MaxUnits"/> by far.</exception>
    public Amount CostOf(Amount amount)
    {
        if (amount.Asset != Asset) throw new ArgumentException($"{amount} is not in {Asset}, the currency of {Version}.", nameof(amount));
        return amount.IsZero ? amount : CostBy(StepOf(amount.Units), amount.Units);
    }

    /// <summary>Whether the rail takes at most <paramref name="basisPoints"/> hundredths of a percent of <paramref name="amount"/>, and moves so little at all.</summary>
    /// <exception cref="ArgumentException">The amount is of another asset.</exception>
    public bool IsWithin(Amount amount, uint basisPoints) =>
        CostOf(amount).Units * 10_000 <= amount.Units * basisPoints && amount.Units >= Minimum.Units;

    /// <summary>The amount from which on the rail never takes more than <paramref name="basisPoints"/> hundredths of a percent.</summary>
    /// <returns>
    /// The least amount of whole minor units such that <see cref="IsWithin"/> holds for it and for every greater amount of whole minor units; null if there is none,
    /// because the rail takes a greater share however large the amount. Rounding makes the share of a smaller amount dip within now and then: that is not promised.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">More than 10,000: more than everything.</exception>
    public Amount? LeastWithin(uint basisPoints)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(basisPoints, 10_000u);
        var least = UInt128.Max(Minimum.Units / MinorUnit.Units, UInt128.One);
        // In minor units: everything from here on is within. Null is nowhere yet.
        UInt128? from = null;
        for (var i = Steps.Count - 1; i >= 0; i--)
        {
            var first = UInt128.Max(Steps[i].From.Units / MinorUnit.Units, least);
            if (from <= first) continue;
            if (LeastOfStep(Steps[i], first, from, basisPoints) is not { } found) return null;
            from = found;
            if (found > first) break;
        }

        return new Amount(Asset, from!.Value * MinorUnit.Units);
    }

    /// <summary>The greatest amount of whole minor units that is not above <paramref name="amount"/>: what the rail can move of it.</summary>
    /// <exception cref="ArgumentException">The amount is of another asset.</exception>
    public Amount RoundDown(Amount amount) => amount.Asset == Asset
        ? new Amount(Asset, amount.Units - (amount.Units % MinorUnit.Units))
        : throw new ArgumentException($"{amount} is not in {Asset}, the currency of {Version}.", nameof(amount));

    private FeeStep StepOf(UInt128 units)
    {
        var i = Steps.Count - 1;
        while (units < Steps[i].From.Units) i--;
        return Steps[i];
    }

    private Amount CostBy(FeeStep step, UInt128 units)
    {
        var tenThousandths = (units * step.BasisPoints) + (step.Fixed.Units * 10_000);
        var minor = MinorUnit.Units * 10_000;
        return new Amount(Asset, (tenThousandths + (Rounding == FeeRounding.Up ? minor - 1 : minor / 2)) / minor * MinorUnit.Units);
    }

    /// <summary>
    /// The least count of minor units, from <paramref name="first"/> on, from which all of the step up to <paramref name="end"/> is within: <paramref name="end"/>
    /// if not even its last is. The last step has no end, and the answer is null if it never comes to be within.
    /// </summary>
    private UInt128? LeastOfStep(FeeStep step, UInt128 first, UInt128? end, uint basisPoints)
    {
        if (step.BasisPoints == 0 && step.Fixed.IsZero) return first;
        var count = end;
        if (basisPoints > step.BasisPoints)
        {
            // Rounding adds less than one minor unit, so from here on no amount can be outside; a few below may still be within.
            var fixedTenThousandths = ((step.Fixed.Units * 10_000) + MinorUnit.Units - 1) / MinorUnit.Units;
            var sure = (fixedTenThousandths + 10_000 + (basisPoints - step.BasisPoints) - 1) / (basisPoints - step.BasisPoints);
            if (count is null || sure < count) count = UInt128.Max(sure, first);
        }

        if (count is not { } least) return null;
        // At most some ten thousand turns: one minor unit of rounding against at least one basis point of each amount.
        while (least > first && IsStepWithin(step, least - 1, basisPoints)) least--;
        return least;
    }

    private bool IsStepWithin(FeeStep step, UInt128 count, uint basisPoints)
    {
        var units = count * MinorUnit.Units;
        return CostBy(step, units).Units * 10_000 <= units * basisPoints;
    }
}
