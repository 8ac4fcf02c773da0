using Farthing.Protocol;

namespace Farthing.Client.Purchases;

/// <summary>A meter that a site takes units from, as this process uses it.</summary>
/// <param name="Purchase">What was begun for it; its price is the ceiling.</param>
/// <param name="Meter">The meter as it was started.</param>
/// <param name="Authorization">What the site accepts.</param>
internal sealed record RunningMeter(Purchase Purchase, Meter Meter, string Authorization);

/// <summary>The meters that run from a budget: one of an offer at a site, and which addresses are known to be counted by it.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class RunningMeters
{
    // Forgotten addresses cost one 402 each.
    private const int MaxAddresses = 10_000;

    private readonly Lock gate = new();

    // Guarded by the gate, all of them.
    private readonly Dictionary<string, SemaphoreSlim> turns = [];
    private readonly Dictionary<string, RunningMeter> byPlace = [];
    private readonly Dictionary<string, string> placeOfAddress = [];

    /// <summary>All that run, as far as is known.</summary>
    public IReadOnlyList<(string Place, RunningMeter Running)> All
    {
        get { lock (gate) return [.. byPlace.Select(pair => (pair.Key, pair.Value))]; }
    }

    /// <summary>One request at a time starts, ends or looks for a meter of a place.</summary>
    public SemaphoreSlim TurnOf(string place)
    {
        lock (gate)
        {
            if (!turns.TryGetValue(place, out var turn)) turns.Add(place, turn = new SemaphoreSlim(1));
            return turn;
        }
    }

    /// <summary>The meter that counts an address, if that is known.</summary>
    public RunningMeter? FindForAddress(string address)
    {
        lock (gate) return placeOfAddress.TryGetValue(address, out var place) ? byPlace.GetValueOrDefault(place) : null;
    }

    public RunningMeter? Find(string place)
    {
        lock (gate) return byPlace.GetValueOrDefault(place);
    }

    public void Set(string place, RunningMeter running)
    {
        lock (gate) byPlace[place] = running;
    }

    public void Remember(string address, string place)
    {
        lock (gate)
        {
            if (placeOfAddress.Count >= MaxAddresses) placeOfAddress.Clear();
            placeOfAddress[address] = place;
        }
    }

    /// <summary>Forgets a meter that is over.</summary>
    public void Remove(string place, RunningMeter running)
    {
        lock (gate)
        {
            if (byPlace.GetValueOrDefault(place) == running) byPlace.Remove(place);
        }
    }
}
