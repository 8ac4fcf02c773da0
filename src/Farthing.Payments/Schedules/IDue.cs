using Farthing.Payments.Settings;

namespace Farthing.Payments.Schedules;

/// <summary>Does what is due, for one <see cref="DueKind"/>.</summary>
internal interface IDue
{
    /// <summary>
    /// Does what a subject is due for. It may be called again for the same instant, after a crash or a change of the rows that it gave back: what it does in the ledger
    /// must have ids derived from subject and instant, and what it changes in the settings is given back, not written.
    /// </summary>
    /// <param name="subject">The subject's id.</param>
    /// <param name="dueUnixMilliseconds">The instant that it is due at, which may be long ago.</param>
    ValueTask<DueResult> RunAsync(UInt128 subject, long dueUnixMilliseconds);
}

/// <summary>What became of something due, with the rows that are written in the same transaction.</summary>
internal sealed record DueResult
{
    private DueResult(long? next, RefusalCode? fault, long? again, ISettingsRow[] rows)
    {
        NextUnixMilliseconds = next;
        Fault = fault;
        AgainUnixMilliseconds = again;
        Rows = rows;
    }

    /// <summary>When the subject is next due, if the two below are null; null for never again.</summary>
    public long? NextUnixMilliseconds { get; }

    /// <summary>Why nothing could be decided, or null.</summary>
    public RefusalCode? Fault { get; }

    /// <summary>When the same instant is to be tried again, or null.</summary>
    public long? AgainUnixMilliseconds { get; }

    /// <summary>Rows to write.</summary>
    public ISettingsRow[] Rows { get; }

    /// <summary>Done, or no longer to be done; nothing is to come.</summary>
    public static DueResult Done(params ISettingsRow[] rows) => new(null, null, null, rows);

    /// <summary>Done, and due again at a later instant.</summary>
    public static DueResult Next(long dueUnixMilliseconds, params ISettingsRow[] rows) => new(dueUnixMilliseconds, null, null, rows);

    /// <summary>Not done, as its own rules foresee; to be tried again for the same due instant at a later time.</summary>
    public static DueResult Again(long unixMilliseconds, params ISettingsRow[] rows) => new(null, null, unixMilliseconds, rows);

    /// <summary>Nothing could be decided; to be tried again soon.</summary>
    public static DueResult Undecided(RefusalCode fault) => new(null, fault, null, []);
}
