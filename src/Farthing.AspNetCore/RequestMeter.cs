using Farthing.Protocol;

namespace Farthing.AspNetCore;

/// <summary>The meter that counts a request, for handlers that add units to it: words that were written, bytes that were sent.</summary>
/// <remarks>Thread-safe. Good until the request ends.</remarks>
public sealed class RequestMeter
{
    private readonly CountedMeter meter;
    private readonly MeterCounts counts;
    private long added;
    private volatile bool isEnded;

    internal RequestMeter(CountedMeter meter, MeterCounts counts, int units)
    {
        this.meter = meter;
        this.counts = counts;
        UnitsOfRequest = units;
    }

    /// <summary>The meter.</summary>
    public Id<MeterKind> Id => meter.Id;

    /// <summary>The price of <see cref="Count"/> units, as the payer agreed to it.</summary>
    public Amount Price => meter.Cover.Price;

    /// <summary>How many units the price is for.</summary>
    public long Count => meter.Cover.Count;

    /// <summary>Units that this request has counted so far. Those that the request itself is count once it is served.</summary>
    public long Units => UnitsOfRequest + Interlocked.Read(ref added);

    /// <summary>Units that are left of what is held, as far as this process knows: other requests take them too.</summary>
    public long Left => meter.Left;

    internal int UnitsOfRequest { get; }

    /// <summary>Counts more units, all or none: call it before they are handed out, or as they are. They stay counted, even if the request then fails.</summary>
    /// <param name="units">How many, more than zero.</param>
    /// <returns>Whether they were counted. Units that are not must not be handed out.</returns>
    public MeterOutcome TryAdd(long units)
    {
        if (isEnded) return MeterOutcome.RequestEnded;
        var outcome = meter.Add(units);
        if (outcome != MeterOutcome.Counted) return outcome;
        Interlocked.Add(ref added, units);
        counts.Hint(meter);
        return outcome;
    }

    /// <summary>Ends the request.</summary>
    internal void End(bool isServed)
    {
        isEnded = true;
        meter.Settle(UnitsOfRequest, isServed);
        counts.Hint(meter);
    }
}

/// <summary>Whether units were counted.</summary>
public enum MeterOutcome
{
    /// <summary>They were.</summary>
    Counted,

    /// <summary>Nothing or less is not counted.</summary>
    UnitsMustBePositive,

    /// <summary>So many are not left of what is held. The payer's next request is asked to start another meter.</summary>
    CeilingReached,

    /// <summary>The payer or somebody else has stopped the meter.</summary>
    MeterStopped,

    /// <summary>The request has ended.</summary>
    RequestEnded,
}
