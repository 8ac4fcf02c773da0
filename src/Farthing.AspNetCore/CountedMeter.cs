using System.Security.Cryptography;
using Farthing.Protocol;

namespace Farthing.AspNetCore;

/// <summary>How a request that wants units of a meter fares.</summary>
internal enum MeterTake
{
    /// <summary>It has them.</summary>
    Taken,

    /// <summary>Nobody has heard for too long that the meter runs.</summary>
    Unheard,

    /// <summary>The meter was stopped, or has not so many units left.</summary>
    Over,

    /// <summary>It is counted here no longer: count it anew.</summary>
    Forgotten,
}

/// <summary>One meter as this process counts it: units are taken when a request begins, count when it was served, and are reported later.</summary>
/// <remarks>
/// Thread-safe. Taken and counted units together never exceed what the meter covers, less what other processes of the site have reported. What is counted never falls, as
/// reports must not; what is only taken can be given back.
/// </remarks>
internal sealed class CountedMeter(Entitlement entitlement)
{
    private readonly Lock gate = new();

    // Guarded by the gate, all of them.
    private long counted;
    private long taken;
    private int running;
    private long reported;
    private long others;
    private DateTimeOffset openUntil = entitlement.Expires;
    private DateTimeOffset keptUntil = entitlement.Expires;
    private DateTimeOffset reportedAt = entitlement.Issued;
    private TimeSpan silence = TimeSpan.MaxValue;
    private bool isUsedUp;
    private bool isStopped;
    private bool isForgotten;
    private TaskCompletionSource? quiet;

    public Id<PaymentKind> Payment { get; } = entitlement.Payment;

    /// <summary>Under which name this counts: random, so that what was counted before under another one, here or elsewhere, is added up.</summary>
    public string Counter { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>The meter, which has the number of its payment.</summary>
    public Id<MeterKind> Id { get; } = new(entitlement.Payment.Value);

    public MeterCover Cover { get; } = entitlement.Meter!;

    /// <summary>One report at a time, so that none overtakes another.</summary>
    public SemaphoreSlim Reporting { get; } = new(1);

    /// <summary>Units that are left for this process to count, as far as it knows.</summary>
    public long Left
    {
        get { lock (gate) return isStopped ? 0 : LeftNow; }
    }

    /// <summary>True once the payment server has said so, and nothing counts any more.</summary>
    public bool IsStopped
    {
        get { lock (gate) return isStopped; }
    }

    /// <summary>True once a request wanted more than was left: then the meter is to be stopped.</summary>
    public bool IsUsedUp
    {
        get { lock (gate) return isUsedUp && !isStopped; }
    }

    /// <summary>Units that count and were not reported.</summary>
    public long Unreported
    {
        get { lock (gate) return isStopped ? 0 : counted - reported; }
    }

    private long LeftNow => Cover.Units - others - counted - taken;

    /// <summary>Takes units for a request that begins.</summary>
    public MeterTake TryTake(Entitlement shown, int units, DateTimeOffset now)
    {
        lock (gate)
        {
            if (isForgotten) return MeterTake.Forgotten;
            if (shown.Expires > keptUntil) keptUntil = shown.Expires;
            // Whoever signed it knew that the meter runs until then.
            if (shown.Expires > openUntil) openUntil = shown.Expires;
            if (isStopped || isUsedUp) return MeterTake.Over;
            if (now >= openUntil) return MeterTake.Unheard;
            if (LeftNow < Math.Max(units, 1))
            {
                isUsedUp = true;
                return MeterTake.Over;
            }

            taken += units;
            running++;
            return MeterTake.Taken;
        }
    }

    /// <summary>Ends a request: its units count, or are given back.</summary>
    public void Settle(int units, bool counts)
    {
        lock (gate)
        {
            taken -= units;
            if (counts) counted += units;
            if (--running == 0) quiet?.TrySetResult();
        }
    }

    /// <summary>Waits until no request runs that has units of it. Of a meter that is used up no other begins.</summary>
    public Task WhenQuietAsync()
    {
        lock (gate) return running == 0 ? Task.CompletedTask : (quiet ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
    }

    /// <summary>Counts more for a request that runs.</summary>
    public MeterOutcome Add(long units)
    {
        if (units <= 0) return MeterOutcome.UnitsMustBePositive;
        lock (gate)
        {
            if (isStopped) return MeterOutcome.MeterStopped;
            if (units > LeftNow)
            {
                isUsedUp = true;
                return MeterOutcome.CeilingReached;
            }

            counted += units;
            return MeterOutcome.Counted;
        }
    }

    /// <summary>What to report, if there is something: new units, the end, or that a request runs for so long that the meter would fall silent.</summary>
    public bool IsDue(DateTimeOffset now)
    {
        lock (gate) return !isStopped && (counted > reported || isUsedUp || (running > 0 && now - reportedAt >= silence / 2));
    }

    /// <summary>All units that count so far.</summary>
    public long Counted
    {
        get { lock (gate) return counted; }
    }

    /// <summary>Takes what the payment server answered to a report.</summary>
    /// <param name="units">What was reported.</param>
    /// <param name="sent">When.</param>
    /// <param name="answer">The answer, which is not that nobody answered.</param>
    /// <returns>How many units count and will never be paid, because the meter was stopped before they were reported.</returns>
    public long Hear(long units, DateTimeOffset sent, MeterAnswer answer)
    {
        lock (gate)
        {
            if (isStopped) return 0;
            if (answer.Units is { } all)
            {
                reported = units;
                reportedAt = sent;
                others = Math.Max(others, all - units);
            }

            isStopped = answer.State != MeterState.Running;
            if (isStopped)
            {
                keptUntil = sent + MeterCounts.OverIsRemembered;
                return counted - reported;
            }

            // The server counts silence from when it heard, which was later.
            silence = answer.Silence;
            if (sent + silence > openUntil) openUntil = sent + silence;
            return 0;
        }
    }

    /// <summary>Ends the counting here, if nothing is lost by that.</summary>
    public bool TryForget(DateTimeOffset now)
    {
        lock (gate) return isForgotten = running == 0 && now >= keptUntil && (isStopped || (now >= openUntil && counted == reported && !isUsedUp));
    }
}
