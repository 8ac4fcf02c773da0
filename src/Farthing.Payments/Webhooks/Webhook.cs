using Farthing.Protocol;

namespace Farthing.Payments.Webhooks;

/// <summary>Whether a webhook is told of events.</summary>
public enum WebhookStatus : byte
{
    /// <summary>It is.</summary>
    Active,

    /// <summary>Its owner paused it. What happens meanwhile is told once it is resumed.</summary>
    Paused,

    /// <summary>It was switched off, as it took nothing for days or answered that it is gone. What happens meanwhile is told once it is resumed.</summary>
    Off,

    /// <summary>Its owner closed it.</summary>
    Closed,
}

/// <summary>An address that a payee, or the operator, wants to be told at of events. Immutable; safe to share between threads.</summary>
public sealed record Webhook
{
    /// <summary>Its id.</summary>
    public required Id<WebhookKind> Id { get; init; }

    /// <summary>The payee whose events are told; null if it is the operator's, who is told all.</summary>
    public required Id<PayeeKind>? Payee { get; init; }

    /// <summary>Where they are sent.</summary>
    public required string Url { get; init; }

    /// <summary>Which types of events; empty for all, those of later versions of this program included.</summary>
    public required IReadOnlyList<string> Types { get; init; }

    /// <summary>Whether it is told of events now.</summary>
    public required WebhookStatus Status { get; init; }

    /// <summary>Why it was switched off; null unless it was.</summary>
    public string? OffReason { get; init; }

    /// <summary>When it was switched off; null unless it was.</summary>
    public DateTimeOffset? OffAt { get; init; }

    /// <summary>Since when each attempt failed; null if the newest one did not.</summary>
    public DateTimeOffset? FailingSince { get; init; }

    /// <summary>How many events wait to be sent again.</summary>
    public required int Waiting { get; init; }

    /// <summary>Until when the secret before the newest one signs too; null if it does not.</summary>
    public DateTimeOffset? PreviousSecretUntil { get; init; }

    /// <summary>True while a replay goes on.</summary>
    public required bool IsReplaying { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>What is asked for a new webhook.</summary>
/// <param name="Url">Where events are to be sent: an absolute <c>https</c> address.</param>
public sealed record NewWebhook(string Url)
{
    /// <summary>The longest address, in characters.</summary>
    public const int MaxUrlLength = 500;

    /// <summary>The longest time for which the secret before the newest one goes on signing: seven days.</summary>
    public const int MaxOverlapSeconds = 7 * 24 * 3600;

    /// <summary>One day.</summary>
    public const int DefaultOverlapSeconds = 24 * 3600;

    /// <summary>Which types of events; empty, as by default, for all.</summary>
    public IReadOnlyList<string> Types { get; init; } = [];
}

/// <summary>A webhook with the secret that what is sent to it is signed with: <c>whsec_</c> and base64.</summary>
public sealed record IssuedWebhook(Webhook Webhook, string Secret);

/// <summary>How far the telling of one event has come.</summary>
public enum DeliveryStatus : byte
{
    /// <summary>It was not taken yet, and is tried again.</summary>
    Waiting = 0,

    /// <summary>It was taken: the answer's status was 200 to 299.</summary>
    Delivered = 1,

    /// <summary>It was not taken for three days. A replay sends it again.</summary>
    GivenUp = 2,
}

/// <summary>The telling of one event to one webhook. Immutable; safe to share between threads.</summary>
/// <param name="Event">The event's id, which is also the header <c>webhook-id</c>.</param>
/// <param name="Type">The event's type.</param>
/// <param name="Subject">What it happened to.</param>
/// <param name="Status">How far it has come.</param>
/// <param name="Attempts">How often it was sent.</param>
/// <param name="FirstAt">When it was first sent; null if it waits for an earlier event of its subject.</param>
/// <param name="LastAt">When it was last sent.</param>
/// <param name="NextAt">When it is sent again; null if it is not.</param>
/// <param name="AnswerStatus">The HTTP status of the last answer; null if there was none.</param>
/// <param name="Problem">Why the last attempt failed; null if it did not.</param>
/// <param name="IsReplay">True if it was sent for a replay.</param>
public sealed record Delivery(
    Id<EventKind> Event, string Type, string Subject, DeliveryStatus Status, int Attempts, DateTimeOffset? FirstAt, DateTimeOffset? LastAt, DateTimeOffset? NextAt, int? AnswerStatus, string? Problem, bool IsReplay);
