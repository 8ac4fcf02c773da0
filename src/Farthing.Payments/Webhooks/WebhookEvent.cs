using Farthing.Payments.Desk;
using Farthing.Payments.Subscriptions;
using Farthing.Protocol;

namespace Farthing.Payments.Webhooks;

/// <summary>Something that happened, as the payee that it concerns may know it. Exactly one of the last four members but <see cref="Refund"/> is there.</summary>
/// <remarks>The same event is made anew for each attempt, from the journal or the row that tells of it, and is the same each time. Immutable; safe to share between threads.</remarks>
public sealed record WebhookEvent
{
    /// <summary>Its id, which follows from its place.</summary>
    public required Id<EventKind> Id { get; init; }

    /// <summary>Its type, one of <see cref="EventTypes"/>.</summary>
    public required string Type { get; init; }

    /// <summary>When it happened.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The id of what it happened to, as text.</summary>
    public required string Subject { get; init; }

    /// <summary>Of two events of one subject the later one has the greater number.</summary>
    public required long Sequence { get; init; }

    /// <summary>Whom it concerns.</summary>
    public required Id<PayeeKind> Payee { get; init; }

    /// <summary>The payment as it then was.</summary>
    public Payment? Payment { get; init; }

    /// <summary>The refund, beside the payment.</summary>
    public Refund? Refund { get; init; }

    /// <summary>What happened to a subscription.</summary>
    public SubscriptionNews? Subscription { get; init; }

    /// <summary>A JSON object that tells of anything else.</summary>
    public string? Data { get; init; }
}

/// <summary>What happened to a subscription, with whose it is.</summary>
/// <param name="Event">What happened.</param>
/// <param name="Payer">The payer's pseudonym with the payee.</param>
public sealed record SubscriptionNews(SubscriptionEvent Event, Id<PayerKind> Payer);
