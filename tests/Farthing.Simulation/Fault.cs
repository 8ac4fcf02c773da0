namespace Farthing.Simulation;

/// <summary>What is done to the ledger, and what is seen to come of it. Each is counted, and none may be missing over all seeds.</summary>
internal enum Fault
{
    /// <summary>The power failed before, in or after a write, a flush, a new name or a flush of names.</summary>
    PowerCutAtWrite,
    PowerCutAtFlush,
    PowerCutAtName,
    PowerCutAtNameFlush,

    /// <summary>The process was killed there: what it wrote is still in the system's memory.</summary>
    KilledAtWrite,
    KilledAtFlush,
    KilledAtName,
    KilledAtNameFlush,

    /// <summary>The power failed or the process was killed while it recovered from the time before.</summary>
    CrashWhileOpening,

    /// <summary>A page reached the disk in part.</summary>
    TornWrite,

    /// <summary>A page reached the disk, and one that was written before it did not.</summary>
    ReorderedWrite,

    /// <summary>A name that was not flushed was gone.</summary>
    LostName,

    FailedWrite,

    /// <summary>A flush failed, and of what was written nothing, a part, or all reached the disk; the system's memory shows all of it as clean.</summary>
    FailedFlush,
    FailedButPersistedFlush,

    DiskFull,

    /// <summary>The disk said that all is well, and nothing was written, or elsewhere, or something else.</summary>
    LostWrite,
    MisdirectedWrite,
    FlippedWrite,

    /// <summary>A bit changed on the disk after it was written.</summary>
    FlippedAtRest,

    /// <summary>The same was done to a file that can be made again from the journal: an index, a snapshot, a tile, the tree's resume point. Or it was cut off, or removed.</summary>
    DerivedLie,
    DerivedDamaged,

    ClockJumpForward,
    ClockJumpBack,

    /// <summary>Work was refused because the clock could not be trusted, or because there was no room.</summary>
    RefusedForClock,
    RefusedForRoom,

    /// <summary>An unfinished frame was cut; one that had not been answered was found whole.</summary>
    TornEndCut,
    UnansweredFrameKept,
    UnansweredFrameLost,

    /// <summary>Commands without an answer were sent again, and had been carried out, or not.</summary>
    RepeatedAfterAll,
    CarriedOutAtLast,

    /// <summary>Of a command that was repeated, only the index of a sealed segment still knew.</summary>
    RepeatedFromSealed,

    /// <summary>An opening found a ledger that had forgotten accounts that ended.</summary>
    AccountsForgotten,

    /// <summary>The followers did their work: a segment was sealed, a snapshot made, the tree saved.</summary>
    SegmentSealed,
    SnapshotMade,
    TreeSaved,

    /// <summary>An opening went on from a snapshot, or from the tree on disk; or could not use a snapshot that was there.</summary>
    OpenedFromSnapshot,
    TreeResumed,
    SnapshotNotUsed,

    /// <summary>A tile that was not right was made again from the journal.</summary>
    TileMended,

    /// <summary>An opening that went on from a snapshot did not come by damage before it; the check of the whole journal did.</summary>
    DamageFoundByCheck,

    /// <summary>Damage was reported, by the journal or by its checkpoint.</summary>
    DamageReported,
    CheckpointContradicted,

    /// <summary>A disk that lied about the very last frame was believed: no checkpoint signed it.</summary>
    LieAboutTheEnd,
}

/// <summary>How often each happened.</summary>
internal sealed class FaultCounts
{
    private readonly long[] counts = new long[Enum.GetValues<Fault>().Length];

    public long this[Fault fault] => counts[(int)fault];

    public void Add(Fault fault) => counts[(int)fault]++;

    public void Add(FaultCounts others)
    {
        for (var i = 0; i < counts.Length; i++) counts[i] += others.counts[i];
    }

    public override string ToString() => string.Join(", ", Enum.GetValues<Fault>().Select(fault => $"{fault} {this[fault]}"));
}
