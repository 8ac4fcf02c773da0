using System.Text.Json.Serialization;
using Farthing.Protocol;

namespace Farthing.Client;

/// <summary>Addresses that are told of events.</summary>
/// <remarks>Takes a payee's key, for its own events, or the operator's, for those of all. What is sent is checked with <see cref="Protocol.Webhooks.WebhookVerifier"/>.</remarks>
public sealed class WebhookCalls
{
    private readonly Caller caller;

    internal WebhookCalls(Caller caller) => this.caller = caller;

    /// <summary>Asks to be told of events from now on. The answer has the secret that they are signed with.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Webhook> CreateWebhookAsync(NewWebhook webhook, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync("/v1/webhooks", webhook, Wire.Default.NewWebhook, idempotencyKey, Wire.Default.Webhook, cancellation);

    /// <summary>The key's webhooks, newest first, closed ones included.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Listing<Webhook> ListWebhooksAsync() => caller.List("/v1/webhooks", Wire.Default.PageWebhook);

    /// <summary>Reads a webhook.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Webhook> ReadWebhookAsync(Id<WebhookKind> webhook, CancellationToken cancellation = default) =>
        caller.GetAsync($"/v1/webhooks/{webhook}", Wire.Default.Webhook, cancellation);

    /// <summary>What waits to be sent, and the last of what was sent, newest first.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Listing<WebhookDelivery> ListDeliveriesAsync(Id<WebhookKind> webhook) => caller.List($"/v1/webhooks/{webhook}/deliveries", Wire.Default.PageWebhookDelivery);

    /// <summary>Changes where events are sent, or which.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Webhook> ChangeWebhookAsync(Id<WebhookKind> webhook, WebhookChange change, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/webhooks/{webhook}/change", change, Wire.Default.WebhookChange, idempotencyKey, Wire.Default.Webhook, cancellation);

    /// <summary>Stops sending for a while: what happens meanwhile is sent once it is resumed.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Webhook> PauseWebhookAsync(Id<WebhookKind> webhook, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/webhooks/{webhook}/pause", idempotencyKey, Wire.Default.Webhook, cancellation);

    /// <summary>Goes on sending after a pause, or after the webhook was switched off.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Webhook> ResumeWebhookAsync(Id<WebhookKind> webhook, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/webhooks/{webhook}/resume", idempotencyKey, Wire.Default.Webhook, cancellation);

    /// <summary>Issues a new secret, beside which the one before goes on signing for a while.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Webhook> RotateWebhookSecretAsync(Id<WebhookKind> webhook, SecretRotation rotation, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/webhooks/{webhook}/secret/rotate", rotation, Wire.Default.SecretRotation, idempotencyKey, Wire.Default.Webhook, cancellation);

    /// <summary>Sends again what happened in a stretch of time, under the same ids.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Webhook> ReplayWebhookAsync(Id<WebhookKind> webhook, Replay replay, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/webhooks/{webhook}/replays", replay, Wire.Default.Replay, idempotencyKey, Wire.Default.Webhook, cancellation);

    /// <summary>Ends a webhook, for ever.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Webhook> CloseWebhookAsync(Id<WebhookKind> webhook, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/webhooks/{webhook}/close", null, Wire.Default.Webhook, cancellation);
}

/// <summary>An address to be told of events.</summary>
public sealed record NewWebhook
{
    /// <summary>Where they are sent: an <c>https</c> address.</summary>
    public required string Url { get; init; }

    /// <summary>Which types, such as <c>payment.posted</c>; all if null or empty.</summary>
    public IReadOnlyList<string>? Types { get; init; }
}

/// <summary>What is to change of a webhook; what is null stays as it is.</summary>
public sealed record WebhookChange
{
    /// <summary>Where events are sent.</summary>
    public string? Url { get; init; }

    /// <summary>Which types; all if empty.</summary>
    public IReadOnlyList<string>? Types { get; init; }
}

/// <summary>How a webhook's secret is replaced.</summary>
public sealed record SecretRotation
{
    /// <summary>For how long both secrets sign; a day if null, seven days at most.</summary>
    public int? OverlapSeconds { get; init; }
}

/// <summary>A stretch of time whose events are to be sent again.</summary>
public sealed record Replay
{
    /// <summary>Its beginning.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Its end, which does not belong to it; now if null.</summary>
    public DateTimeOffset? Until { get; init; }
}

/// <summary>An address that is told of events.</summary>
public sealed record Webhook
{
    /// <summary>Its id.</summary>
    public required Id<WebhookKind> Id { get; init; }

    /// <summary><c>active</c>, <c>paused</c>, <c>off</c> or <c>closed</c>.</summary>
    public required string Status { get; init; }

    /// <summary>The payee whose events are told; null if it is the operator's.</summary>
    public Id<PayeeKind>? Payee { get; init; }

    /// <summary>Where they are sent.</summary>
    public required string Url { get; init; }

    /// <summary>Which types; null for all.</summary>
    public IReadOnlyList<string>? Types { get; init; }

    /// <summary>The secret that events are signed with, <c>whsec_…</c>, in the answers that issue one; else null.</summary>
    public string? Secret { get; init; }

    /// <summary>Until when the secret before signs too; null if it does not.</summary>
    public DateTimeOffset? PreviousSecretUntil { get; init; }

    /// <summary>How many events were sent, not taken, and are tried again.</summary>
    public required int Waiting { get; init; }

    /// <summary>True while a replay goes on; else null.</summary>
    public bool? Replaying { get; init; }

    /// <summary>Since when each attempt failed; null if the newest did not.</summary>
    public DateTimeOffset? FailingSince { get; init; }

    /// <summary>Why it was switched off, <c>failing</c> or <c>gone</c>; null unless it was.</summary>
    public string? OffReason { get; init; }

    /// <summary>When it was switched off; null unless it was.</summary>
    public DateTimeOffset? OffAt { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>The telling of one event to one webhook.</summary>
public sealed record WebhookDelivery
{
    /// <summary>The event's id, which is also the header <c>webhook-id</c>.</summary>
    public required Id<EventKind> Event { get; init; }

    /// <summary>Its type.</summary>
    public required string Type { get; init; }

    /// <summary>The id of what it happened to.</summary>
    public required string Subject { get; init; }

    /// <summary><c>waiting</c>, <c>delivered</c> or <c>given-up</c>.</summary>
    public required string Status { get; init; }

    /// <summary>How often it was sent.</summary>
    public required int Attempts { get; init; }

    /// <summary>When it was first sent, or null.</summary>
    public DateTimeOffset? FirstAt { get; init; }

    /// <summary>When it was last sent, or null.</summary>
    public DateTimeOffset? LastAt { get; init; }

    /// <summary>When it is sent again; null if it is not.</summary>
    public DateTimeOffset? NextAt { get; init; }

    /// <summary>The HTTP status of the last answer; null if there was none.</summary>
    public int? AnswerStatus { get; init; }

    /// <summary>Why the last attempt failed; null if it did not.</summary>
    public string? Problem { get; init; }

    /// <summary>True if it was sent for a replay; else null.</summary>
    [JsonPropertyName("replay")]
    public bool? IsReplay { get; init; }
}
