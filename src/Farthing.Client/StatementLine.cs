using Farthing.Protocol;

namespace Farthing.Client;

/// <summary>One line of a statement.</summary>
public sealed record StatementLine
{
    /// <summary>What happened, such as <c>payment</c> or <c>top-up</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>By how much the balance changed: a decimal, with a minus sign where it fell.</summary>
    public required AmountJson Amount { get; init; }

    /// <summary>By how much what is set aside changed, in the same way.</summary>
    public required AmountJson Held { get; init; }

    /// <summary>What could be spent afterwards.</summary>
    public required Amount Balance { get; init; }

    /// <summary>The payment, if it was one.</summary>
    public Id<PaymentKind>? Payment { get; init; }

    /// <summary>The top-up, if it was one.</summary>
    public Id<TopUpKind>? TopUp { get; init; }

    /// <summary>The payment between people, if it was one.</summary>
    public Id<PersonalPaymentKind>? PersonalPayment { get; init; }

    /// <summary>The campaign, if it was for one.</summary>
    public Id<CampaignKind>? Campaign { get; init; }

    /// <summary>The pledge, if it was one.</summary>
    public Id<PledgeKind>? Pledge { get; init; }

    /// <summary>The payout, if it was one.</summary>
    public Id<PayoutKind>? Payout { get; init; }

    /// <summary>Who was on the other side, if there was someone.</summary>
    public string? Counterparty { get; init; }

    /// <summary>What was sold, if it has a name.</summary>
    public string? Title { get; init; }

    /// <summary>The payer's words for it, or null.</summary>
    public string? Reference { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}
