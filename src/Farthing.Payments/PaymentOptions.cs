using Farthing.Payments.Offers;
using Farthing.Payments.Payouts;
using Farthing.Payments.TopUps;
using Farthing.Protocol.Fees;

namespace Farthing.Payments;

/// <summary>What the operator sets.</summary>
public sealed record PaymentOptions
{
    /// <summary>The operator's fee in hundredths of a percent of each payment, out of the payee's share, rounded down. Default 50: half a percent.</summary>
    public uint FeeBasisPoints { get; init; } = OperatorFee.DefaultBasisPoints;

    /// <summary>What rails take. Default: what comes with this version.</summary>
    public FeeSchedules FeeSchedules { get; init; } = FeeSchedules.Published;

    /// <summary>How long a held payment waits for its post. Default seven days.</summary>
    public TimeSpan HoldLifetime { get; init; } = TimeSpan.FromDays(7);

    /// <summary>The refund window of payments that name no offer. Default fifteen minutes.</summary>
    public TimeSpan DefaultRefundWindow { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>How long an entitlement lives once no refund is possible. Default 30 days.</summary>
    public TimeSpan EntitlementLifetime { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Whether websites of new payees must be reached by TLS, those on this machine aside. Default false; live money sets it.</summary>
    public bool RequiresTls { get; init; }

    /// <summary>What the operator sets about top-ups.</summary>
    public TopUpOptions TopUps { get; init; } = new();

    /// <summary>What is set for payouts.</summary>
    public PayoutOptions Payouts { get; init; } = new();

    /// <summary>Checks the ranges.</summary>
    internal void Validate()
    {
        TopUps.Validate();
        ArgumentOutOfRangeException.ThrowIfGreaterThan(FeeBasisPoints, 10_000u, nameof(FeeBasisPoints));
        ArgumentOutOfRangeException.ThrowIfLessThan(HoldLifetime, TimeSpan.FromSeconds(1), nameof(HoldLifetime));
        ArgumentOutOfRangeException.ThrowIfLessThan(DefaultRefundWindow, TimeSpan.Zero, nameof(DefaultRefundWindow));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(DefaultRefundWindow.TotalSeconds, NewOffer.MaxRefundWindowSeconds, nameof(DefaultRefundWindow));
        ArgumentOutOfRangeException.ThrowIfLessThan(EntitlementLifetime, TimeSpan.FromSeconds(60), nameof(EntitlementLifetime));
        Payouts.Validate();
    }
}
