namespace Farthing.Payments.Webhooks;

/// <summary>The port through which events leave: it sends one of them to one address.</summary>
/// <remarks>Thread-safe.</remarks>
public interface IWebhookCourier
{
    /// <summary>Says why an address is never sent to, as far as that is known without sending anything.</summary>
    /// <returns>A sentence; null if it may be sent to.</returns>
    ValueTask<string?> FindObstacleAsync(Uri url, CancellationToken stop);

    /// <summary>Sends an event once, and waits a bounded time for the answer. What goes wrong on the way is an answer too; an exception means that nothing was sent, or that all ends.</summary>
    ValueTask<WebhookReply> CarryAsync(WebhookAttempt attempt, CancellationToken stop);
}

/// <summary>One attempt to tell a webhook of an event.</summary>
/// <param name="Url">Where to.</param>
/// <param name="Event">What.</param>
/// <param name="At">The time of the attempt.</param>
/// <param name="Secrets">What it is signed with: one, or two while a secret is being replaced, the newest first.</param>
public sealed record WebhookAttempt(Uri Url, WebhookEvent Event, DateTimeOffset At, IReadOnlyList<byte[]> Secrets);

/// <summary>What came of an attempt.</summary>
/// <param name="Status">The HTTP status of the answer; null if there was none.</param>
/// <param name="Problem">Why it failed, in words that name no address; null if it did not.</param>
/// <param name="RetryAfter">For how long the answer asked not to be tried again; null if it did not.</param>
public readonly record struct WebhookReply(int? Status, string? Problem, TimeSpan? RetryAfter = null)
{
    /// <summary>True if the event was taken.</summary>
    public bool IsTaken => Status is >= 200 and <= 299 && Problem is null;

    /// <summary>True if the answer says that nothing is wanted here any more.</summary>
    public bool IsGone => Status == 410;
}
