using Farthing.Payments.Offers;

namespace Farthing.Payments;

/// <summary>What the operator sets.</summary>
public sealed record PaymentOptions
{
    /// <summary>The operator's fee in hundredths of a percent of each payment, out of the payee's share, rounded down. Default 100: one percent.</summary>
    public uint FeeBasisPoints { get; init; } = 100;

    /// <summary>How long a held payment waits for its post. Default seven days.</summary>
    public TimeSpan HoldLifetime { get; init; } = TimeSpan.FromDays(7);

    /// <summary>The refund window of payments that name no offer. Default fifteen minutes.</summary>
    public TimeSpan DefaultRefundWindow { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>How long an entitlement lives once no refund is possible. Default 30 days.</summary>
    public TimeSpan EntitlementLifetime { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Checks the ranges.</summary>
    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(FeeBasisPoints, 10_000u, nameof(FeeBasisPoints));
        ArgumentOutOfRangeException.ThrowIfLessThan(HoldLifetime, TimeSpan.FromSeconds(1), nameof(HoldLifetime));
        ArgumentOutOfRangeException.ThrowIfLessThan(DefaultRefundWindow, TimeSpan.Zero, nameof(DefaultRefundWindow));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(DefaultRefundWindow.TotalSeconds, NewOffer.MaxRefundWindowSeconds, nameof(DefaultRefundWindow));
        ArgumentOutOfRangeException.ThrowIfLessThan(EntitlementLifetime, TimeSpan.FromSeconds(60), nameof(EntitlementLifetime));
    }
}
