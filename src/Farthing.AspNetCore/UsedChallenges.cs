namespace Farthing.AspNetCore;

/// <summary>Remembers which challenges were answered, so that each opens one call; forgets them when they would be refused as expired anyway.</summary>
/// <remarks>Thread-safe. Never forgets early: when it is full, nothing more is claimed until something has expired.</remarks>
internal sealed class UsedChallenges(int capacity)
{
    private readonly Lock gate = new();
    private readonly HashSet<string> ids = new(StringComparer.Ordinal);
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
                ids.Remove(oldest);
            }

            if (ids.Contains(id)) return Claim.UsedBefore;
            // The queue also holds what was given back, so it is what is bounded.
            if (byExpiry.Count >= capacity) return Claim.Full;
            ids.Add(id);
            byExpiry.Enqueue(id, expires);
            return Claim.Taken;
        }
    }

    /// <summary>Lets a challenge be answered again: the site could not serve what was paid for.</summary>
    public void GiveBack(string id)
    {
        lock (gate) ids.Remove(id);
    }
}
