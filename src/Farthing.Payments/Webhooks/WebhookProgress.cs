using System.Text.Json;
using System.Text.Json.Serialization;
using Farthing.Protocol;

namespace Farthing.Payments.Webhooks;

/// <summary>One delivery as it is stored. Times are Unix milliseconds; see <see cref="Delivery"/>.</summary>
internal sealed record DeliveryState(long Number, EventHead Event, bool IsReplay)
{
    public DeliveryStatus Status { get; init; }

    public int Attempts { get; init; }

    public long? FirstAt { get; init; }

    public long? LastAt { get; init; }

    /// <summary>When it is due; null once it is not sent again.</summary>
    public long? NextAt { get; init; }

    public int? AnswerStatus { get; init; }

    public string? Problem { get; init; }
}

/// <summary>A stretch of journal and rows that is still to be told. Ends are behind the last.</summary>
internal sealed record Stretch(long Position, long End, long Number, long NumberEnd)
{
    [JsonIgnore]
    public bool IsOver => Position >= End && Number + 1 >= NumberEnd;
}

/// <summary>How far a webhook has come: everything before <see cref="Live"/> was told, was given up, or is waiting here. Immutable.</summary>
/// <remarks>
/// However long a webhook takes nothing, at most <see cref="MaxWaiting"/> deliveries wait; what comes behind them stays where it is, in the journal, until there is room. So neither
/// memory nor settings grow with what is not taken.
/// </remarks>
internal sealed record WebhookProgress
{
    /// <summary>The most deliveries that wait.</summary>
    public const int MaxWaiting = 100;

    /// <summary>How many deliveries that are over are remembered.</summary>
    public const int MaxDone = 100;

    /// <summary>What is told as it happens; it has no end.</summary>
    public required Stretch Live { get; init; }

    /// <summary>What is told again; null if nothing is.</summary>
    public Stretch? Replay { get; init; }

    /// <summary>Which of the owner's replays is under way, or was the last.</summary>
    public int ReplaysSeen { get; init; }

    /// <summary>How often the owner had resumed it when this was written.</summary>
    public int ResumesSeen { get; init; }

    /// <summary>How many deliveries there ever were.</summary>
    public long Deliveries { get; init; }

    /// <summary>Since when each attempt failed, in Unix milliseconds.</summary>
    public long? FailingSince { get; init; }

    /// <summary>Why it was switched off; null while it is on.</summary>
    public string? OffReason { get; init; }

    /// <summary>When it was, in Unix milliseconds.</summary>
    public long? OffAt { get; init; }

    /// <summary>What is to be sent, or sent again, lowest number first.</summary>
    public IReadOnlyList<DeliveryState> Waiting { get; init; } = [];

    /// <summary>What is over, newest first.</summary>
    public IReadOnlyList<DeliveryState> Done { get; init; } = [];

    /// <summary>A webhook that was told nothing yet.</summary>
    public static WebhookProgress Begin(WebhookRow row) => new() { Live = new(row.StartPosition, long.MaxValue, row.StartNumber - 1, long.MaxValue) };

    public static WebhookProgress Parse(string json) => JsonSerializer.Deserialize(json, ProgressJson.Default.WebhookProgress)!;

    public override string ToString() => JsonSerializer.Serialize(this, ProgressJson.Default.WebhookProgress);

    /// <summary>What the owner asked for since: to send again what happened before, or to begin anew after it was switched off.</summary>
    public WebhookProgress Adopt(WebhookRow row, long now)
    {
        var next = this;
        if (row.Replays > ReplaysSeen) next = next with { ReplaysSeen = row.Replays, Replay = new(row.ReplayPosition, row.ReplayEnd, row.ReplayNumber - 1, row.ReplayNumberEnd) };
        if (row.Resumes > ResumesSeen)
        {
            next = next with
            {
                ResumesSeen = row.Resumes,
                OffReason = null,
                OffAt = null,
                FailingSince = null,
                Waiting = [.. Waiting.Select(delivery => delivery with { Attempts = 0, FirstAt = null, NextAt = now })],
            };
        }

        return next;
    }

    /// <summary>Takes events up, to be sent.</summary>
    public WebhookProgress Take(IReadOnlyList<EventHead> events, bool isReplay, long now)
    {
        if (events.Count == 0) return this;
        var number = Deliveries;
        return this with { Waiting = [.. Waiting, .. events.Select(head => new DeliveryState(number++, head, isReplay) { NextAt = now })], Deliveries = Deliveries + events.Count };
    }

    /// <summary>What is to be sent now: for each subject that has something due, all that waits of it, in its order.</summary>
    public IReadOnlyList<IReadOnlyList<DeliveryState>> FindDue(long now)
    {
        var latest = now + Backoff.LongestMilliseconds;
        return [.. Waiting.GroupBy(delivery => delivery.Event.Subject)
            // What is due later than ever would be was put off by a clock that has been set back since.
            .Where(subject => subject.First().NextAt <= now || subject.First().NextAt > latest)
            .Select(subject => subject.ToList())];
    }

    /// <summary>When something is next due; null if nothing waits.</summary>
    public long? NextAt => Waiting.Count == 0 ? null : Waiting.GroupBy(delivery => delivery.Event.Subject).Min(subject => subject.First().NextAt);

    /// <summary>What it is after an attempt.</summary>
    public WebhookProgress After(DeliveryState delivery, WebhookReply reply, long at)
    {
        var tried = delivery with { Attempts = delivery.Attempts + 1, FirstAt = delivery.FirstAt ?? at, LastAt = at, AnswerStatus = reply.Status, Problem = reply.IsTaken ? null : reply.Problem ?? $"The answer was {reply.Status}." };
        if (reply.IsTaken) return End(tried with { Status = DeliveryStatus.Delivered, NextAt = null }) with { FailingSince = null };
        var failingSince = FailingSince ?? at;
        var giveUpAt = tried.FirstAt.Value + Backoff.GiveUpAfterMilliseconds;
        if (at >= giveUpAt)
        {
            var ended = End(tried with { Status = DeliveryStatus.GivenUp, NextAt = null }) with { FailingSince = failingSince };
            // Nothing at all was taken in all that time: whoever was there has left.
            return failingSince <= tried.FirstAt ? ended.Off("failing", at) : ended;
        }

        var again = Math.Min(at + Backoff.AfterAttempt(tried.Attempts, tried.Event.Id.Value, reply.RetryAfter), giveUpAt);
        var later = this with { Waiting = [.. Waiting.Select(other => other.Number == tried.Number ? tried with { NextAt = again } : other)], FailingSince = failingSince };
        return reply.IsGone ? later.Off("gone", at) : later;
    }

    private WebhookProgress Off(string reason, long at) => OffReason is null ? this with { OffReason = reason, OffAt = at } : this;

    private WebhookProgress End(DeliveryState ended) => this with { Waiting = [.. Waiting.Where(other => other.Number != ended.Number)], Done = [ended, .. Done.Take(MaxDone - 1)] };
}

/// <summary>Reads and writes <see cref="WebhookProgress"/> without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault, Converters = [typeof(EventIdConverter)])]
[JsonSerializable(typeof(WebhookProgress))]
internal sealed partial class ProgressJson : JsonSerializerContext;

internal sealed class EventIdConverter : JsonConverter<Id<EventKind>>
{
    public override Id<EventKind> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Id<EventKind>.Parse(reader.GetString()!);

    public override void Write(Utf8JsonWriter writer, Id<EventKind> value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
