namespace Farthing.StripeSimulator;

/// <summary>What was answered under an idempotency key: for at least a day the same call gets the same answer, errors included.</summary>
internal sealed class Idempotency(TimeProvider time)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    private readonly Dictionary<string, (string Call, Answer Answer, DateTimeOffset At)> kept = [];

    /// <summary>The first answer to a key; an error if it stood for another call; null if the key is new.</summary>
    public Answer? Find(string key, string call)
    {
        if (!kept.TryGetValue(key, out var found) || found.At + Lifetime < time.GetUtcNow()) return null;
        return found.Call == call
            ? found.Answer
            : Answer.Error(400, "idempotency_error", null, "Keys for idempotent requests can only be used with the same parameters they were first used with.");
    }

    public void Keep(string key, string call, Answer answer) => kept[key] = (call, answer, time.GetUtcNow());
}
