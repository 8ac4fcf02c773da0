using System.Collections.Concurrent;
using Farthing.Payments.Webhooks;

namespace Farthing.Payments.Tests.Webhooks;

/// <summary>Keeps what is sent, and answers as a test says.</summary>
internal sealed class RecordingCourier : IWebhookCourier
{
    private readonly ConcurrentQueue<WebhookAttempt> attempts = new();

    /// <summary>What became of an attempt; by default it was taken.</summary>
    public Func<WebhookAttempt, ValueTask<WebhookReply>> Answer { get; set; } = _ => new(Taken);

    public static WebhookReply Taken { get; } = new(204, null);

    public static WebhookReply Failed { get; } = new(500, "The answer was 500.");

    /// <summary>Everything that was sent, in its order.</summary>
    public IReadOnlyList<WebhookAttempt> Attempts => [.. attempts];

    /// <summary>What was sent to one address.</summary>
    public IReadOnlyList<WebhookAttempt> To(string url) => [.. attempts.Where(attempt => attempt.Url.OriginalString == url)];

    /// <summary>What is sent to an address, type by type and with the status and what was refunded of the payment.</summary>
    public IReadOnlyList<string> WordsTo(string url) => [.. To(url).Select(attempt => WordsOf(attempt.Event))];

    public ValueTask<string?> FindObstacleAsync(Uri url, CancellationToken stop) => new(url.Scheme == "https" ? null : "Webhooks are sent to https only.");

    public ValueTask<WebhookReply> CarryAsync(WebhookAttempt attempt, CancellationToken stop)
    {
        attempts.Enqueue(attempt);
        return Answer(attempt);
    }

    private static string WordsOf(WebhookEvent told) => told.Payment is { } payment
        ? $"{told.Type} {payment.Status} {payment.Amount.ToDecimalString()} refunded {payment.Refunded.ToDecimalString()}{(told.Refund is { } refund ? $" by {refund.Amount.ToDecimalString()}" : "")}"
        : told.Subscription is { } news ? $"{told.Type} {news.Event.By}" : $"{told.Type} {told.Data}";
}
