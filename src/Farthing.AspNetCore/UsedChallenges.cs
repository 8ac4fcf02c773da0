namespace Farthing.AspNetCore;

/// <summary>Remembers which challenges were answered, so that each opens one call; forgets them when they would be refused as expired anyway.</summary>
/// <remarks>Thread-safe. Never forgets early: when it is full, nothing more is claimed until something has expired.</remarks>
internal sealed class UsedChallenges(int capacity)
{
    /// <summary>How often a challenge can be given back. A site that fails more often than that is not tried again with the same payment.</summary>
    public const int MaxGiveBacks = 3;

    private readonly Lock gate = new();

    // Both hold the same ids, each once.
    private readonly Dictionary<string, Use> uses = new(StringComparer.Ordinal);
    private readonly PriorityQueue<string, DateTimeOffset> byExpiry = new();

    public enum Claim
    {
        Taken,
        UsedBefore,
        Full,
    }

    public Claim Take(string id, DateTimeOffset expires, DateTimeOffset now)
    {
        lock (gate)
        {
            while (byExpiry.TryPeek(out var oldest, out var end) && end <= now)
            {
                byExpiry.Dequeue();
                uses.Remove(oldest);
            }

            if (uses.TryGetValue(id, out var use))
            {
                if (use.IsTaken) return Claim.UsedBefore;
                uses[id] = use with { IsTaken = true };
                return Claim.Taken;
            }

            if (uses.Count >= capacity) return Claim.Full;
            uses.Add(id, new Use(IsTaken: true, GiveBacks: 0));
            byExpiry.Enqueue(id, expires);
            return Claim.Taken;
        }
    }

    /// <summary>Lets a challenge be answered again, up to <see cref="MaxGiveBacks"/> times: the site could not serve what was paid for.</summary>
    public void GiveBack(string id)
    {
        lock (gate)
        {
            if (uses.TryGetValue(id, out var use) && use is { IsTaken: true, GiveBacks: < MaxGiveBacks }) uses[id] = new Use(IsTaken: false, use.GiveBacks + 1);
        }
    }

    private readonly record struct Use(bool IsTaken, int GiveBacks);
}
