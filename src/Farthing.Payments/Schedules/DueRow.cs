using Farthing.Payments.Settings;

namespace Farthing.Payments.Schedules;

/// <summary>What is done when something falls due. Numbers are stored; those that are missing were never used.</summary>
public enum DueKind : byte
{
    /// <summary>A monthly tip.</summary>
    Tip = 1,

    /// <summary>The end of a subscription's period.</summary>
    Subscription = 2,

    /// <summary>The deadline of a campaign.</summary>
    Campaign = 3,

    /// <summary>The oldest read of a tab that is not paid.</summary>
    Tab = 5,

    /// <summary>A meter that stops by itself.</summary>
    Meter = 6,

    /// <summary>A month of a round-up.</summary>
    RoundUp = 7,

    /// <summary>The end of a fare day, and what late taps change of it.</summary>
    FareDay = 8,

    /// <summary>The next step of a payout.</summary>
    Payout = 9,

    /// <summary>A payee's day, week or month of being paid out.</summary>
    PayoutSetting = 11,
}

/// <summary>When something is next due. Times are Unix milliseconds.</summary>
/// <param name="Id">The subject: what it is about, such as the tip or the campaign. Each has one such row.</param>
/// <param name="Kind">What is done.</param>
/// <param name="DueUnixMilliseconds">The instant that it is due at, from which ids are derived; null when nothing is to come.</param>
/// <param name="RunUnixMilliseconds">When it is to be done: the same, or later after a failure; null when nothing is to come.</param>
/// <param name="Attempt">How often in a row it failed.</param>
/// <param name="Fault">The code of the last failure, or null.</param>
/// <param name="State">Always active.</param>
/// <param name="Version">As of every row.</param>
public sealed record DueRow(UInt128 Id, DueKind Kind, long? DueUnixMilliseconds, long? RunUnixMilliseconds, int Attempt, string? Fault, RowState State, int Version = 1) : ISettingsRow
{
    /// <summary>A new subject's row, to be written with the subject's own.</summary>
    public static DueRow New(UInt128 subject, DueKind kind, long dueUnixMilliseconds) => new(subject, kind, dueUnixMilliseconds, dueUnixMilliseconds, 0, null, RowState.Active);

    /// <summary>The row as it is when the subject is next due at another instant, or never again.</summary>
    public DueRow MovedTo(long? dueUnixMilliseconds) =>
        this with { DueUnixMilliseconds = dueUnixMilliseconds, RunUnixMilliseconds = dueUnixMilliseconds, Attempt = 0, Fault = null, Version = Version + 1 };
}
