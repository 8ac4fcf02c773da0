using Farthing.Payments.Payouts;
using Farthing.Payments.Schedules;

namespace Farthing.Payments.Settings;

/// <summary>The port to relational settings: rows of any kind, and the keys that made or changed them. Never a balance.</summary>
/// <remarks>
/// Thread-safe. Each method is one transaction and durable when it returns. A row of <see cref="ISettingsRow.Version"/> 1 is new; one of version n takes the place of
/// version n - 1 and of no other, so that of two who read the same row and change it at once one is told to read it again. No row is ever removed.
/// </remarks>
public interface ISettingsStore
{
    /// <summary>Claims a key and writes rows: all, or nothing.</summary>
    /// <returns>The claim, or the earlier one if the key was claimed before; null if another change of one of the rows came first, so that it is to be read again.</returns>
    ValueTask<ClaimRow?> ClaimAsync(ClaimRow claim, params ISettingsRow[] rows);

    /// <summary>Writes rows: all, or nothing.</summary>
    /// <returns>False if another change of one of the rows came first.</returns>
    ValueTask<bool> WriteAsync(params ISettingsRow[] rows);

    /// <summary>Writes a row so that what stood in it before is in no file any more. A repeat, with the row's next version, completes what was cut off.</summary>
    /// <returns>False if another change of the row came first.</returns>
    ValueTask<bool> EraseAsync(ISettingsRow row);

    /// <summary>Finds an earlier claim.</summary>
    ValueTask<ClaimRow?> FindClaimAsync(string scope, byte[] key);

    /// <summary>One row, or null.</summary>
    ValueTask<TRow?> FindAsync<TRow>(UInt128 id) where TRow : class, ISettingsRow;

    /// <summary>An owner's rows that are made, newest first, from before an id (null for the newest), at most <paramref name="count"/>.</summary>
    ValueTask<IReadOnlyList<TRow>> ListAsync<TRow>(UInt128 owner, UInt128? before, int count) where TRow : class, IOwnedRow;

    /// <summary>Rows whose making was cut off.</summary>
    ValueTask<IReadOnlyList<TRow>> ListCreatingAsync<TRow>() where TRow : class, ISettingsRow;

    /// <summary>Payouts, newest first, from before an id (null for the newest), at most <paramref name="count"/>: those of an owner, or of all if it is null, in a state, or in any.</summary>
    ValueTask<IReadOnlyList<PayoutRow>> ListPayoutsAsync(UInt128? owner, PayoutState? state, UInt128? before, int count);

    /// <summary>The longest refund window, in seconds, of the offers that a payee has or shares in, closed ones included; zero if there are none.</summary>
    ValueTask<int> ReadLongestRefundWindowAsync(UInt128 payee);

    /// <summary>All rows of a kind that are active, in no order.</summary>
    ValueTask<IReadOnlyList<TRow>> ListActiveAsync<TRow>() where TRow : class, ISettingsRow;

    /// <summary>The numbers of rows that tell of something, lowest first, from behind a number; at most <paramref name="count"/>.</summary>
    /// <param name="owner">Only rows of this owner; null for all.</param>
    /// <param name="after">Only numbers above this one; 0 for the first.</param>
    /// <param name="count">At most so many.</param>
    ValueTask<IReadOnlyList<EventNumber>> ListEventsAsync(UInt128? owner, long after, int count);

    /// <summary>The highest number of a row that tells of something, or of those made before a moment; 0 if there is none.</summary>
    ValueTask<long> CountEventsAsync(long beforeUnixMilliseconds = long.MaxValue);

    /// <summary>Called after a row was written that tells of something. Set once, before anything is written.</summary>
    Action EventWritten { set; }

    /// <summary>The rows of the schedule that are to be done soonest, soonest first, be they due or not; at most <paramref name="count"/>.</summary>
    ValueTask<IReadOnlyList<DueRow>> ListDueAsync(int count);

    /// <summary>The rows of the schedule that failed when they were last tried, newest subject first, from before an id (null for the newest), at most <paramref name="count"/>.</summary>
    ValueTask<IReadOnlyList<DueRow>> ListFailingAsync(UInt128? before, int count);

    /// <summary>How much of the schedule is due at a time.</summary>
    ValueTask<Backlog> ReadBacklogAsync(long nowUnixMilliseconds);
}
