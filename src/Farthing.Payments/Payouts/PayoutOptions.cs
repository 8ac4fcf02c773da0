namespace Farthing.Payments.Payouts;

/// <summary>What the operator sets for payouts.</summary>
public sealed record PayoutOptions
{
    /// <summary>Above so many whole units of a currency the operator looks at a payout before it leaves; null for never. Default 1,000.</summary>
    public uint? ReviewAboveWholeUnits { get; init; } = 1_000;

    /// <summary>Whether the operator looks at payouts to a destination until one was released. Default true: who finds a payee's key can change where its money goes.</summary>
    public bool ReviewNewDestinations { get; init; } = true;

    /// <summary>How long those who topped up by card may dispute that with their bank; what payees received meanwhile stays. Default zero: no rail here can be disputed.</summary>
    public TimeSpan DisputeWindow { get; init; }

    /// <summary>Of what was received within <see cref="DisputeWindow"/>, the part that stays, in hundredths of a percent, rounded up; null, the default, for all of it.</summary>
    public uint? KeptBasisPoints { get; init; }

    /// <summary>The most that a rail may cost, in hundredths of a percent of what is paid out. Default 1,000: ten percent.</summary>
    public uint MostCostBasisPoints { get; init; } = 1_000;

    /// <summary>What rails cost: by the rail's name, the rail of the fee schedules whose figures hold for it, such as <c>bank-transfer</c>. A rail that is not named costs nothing. Default empty.</summary>
    public IReadOnlyDictionary<string, string> CostSchedules { get; init; } = new Dictionary<string, string>();

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(DisputeWindow, TimeSpan.Zero, nameof(DisputeWindow));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(DisputeWindow, TimeSpan.FromDays(730), nameof(DisputeWindow));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(KeptBasisPoints ?? 0, 10_000u, nameof(KeptBasisPoints));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MostCostBasisPoints, 10_000u, nameof(MostCostBasisPoints));
    }
}
