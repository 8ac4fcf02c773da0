namespace Farthing.Payments.Webhooks;

/// <summary>A type of event.</summary>
/// <param name="Name">Its name, such as <c>payment.posted</c>.</param>
/// <param name="Summary">What has happened, in a sentence.</param>
public sealed record EventType(string Name, string Summary);

/// <summary>The types of events that webhooks are told of.</summary>
public static class EventTypes
{
    /// <summary>A payment was held.</summary>
    public const string PaymentHeld = "payment.held";

    /// <summary>A payment was made, or a held one posted.</summary>
    public const string PaymentPosted = "payment.posted";

    /// <summary>A held payment was voided.</summary>
    public const string PaymentVoided = "payment.voided";

    /// <summary>A held payment expired.</summary>
    public const string PaymentExpired = "payment.expired";

    /// <summary>A payment was given back, in whole or in part.</summary>
    public const string PaymentRefunded = "payment.refunded";

    internal const string CampaignSucceeded = "campaign.succeeded";
    internal const string CampaignFailed = "campaign.failed";
    internal const string SubscriptionPrefix = "subscription.";

    /// <summary>All types.</summary>
    public static IReadOnlyList<EventType> All { get; } =
    [
        new(PaymentHeld, "A payment was held, and waits to be posted."),
        new(PaymentPosted, "A payment was made, or a held one was posted. What is read on a tab is told once the tab is paid."),
        new(PaymentVoided, "A held payment was voided."),
        new(PaymentExpired, "A held payment was neither posted nor voided in time."),
        new(PaymentRefunded, "A payment was given back, in whole or in part."),
        new("subscription.started", "A wallet subscribed, and paid the first period."),
        new("subscription.renewed", "The next period was paid."),
        new("subscription.renewal_refused", "The next period could not be paid; it is tried again."),
        new("subscription.changed", "The payer chose another offer."),
        new("subscription.paused", "The payer paused it, from the end of the period on."),
        new("subscription.resumed", "The payer resumed it."),
        new("subscription.cancelled", "Payer or payee cancelled it: data.event.by says who."),
        new("subscription.ended", "It is over."),
        new("payout.preparing", "The money of a payout is set aside; it goes to the rail next."),
        new("payout.reviewing", "The operator looks at a payout first."),
        new("payout.sent", "The rail has it."),
        new("payout.done", "The rail says that it has arrived."),
        new("payout.returned", "It was refused, not paid, or came back: data.event says why."),
        new(CampaignSucceeded, "The deadline came, and the pledges were paid."),
        new(CampaignFailed, "The deadline came, and the pledges were given back."),
    ];

    internal static bool IsKnown(string name) => All.Any(type => type.Name == name);
}
