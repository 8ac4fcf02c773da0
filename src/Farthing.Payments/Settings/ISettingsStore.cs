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

    /// <summary>The rows of the schedule that are to be done soonest, soonest first, be they due or not; at most <paramref name="count"/>.</summary>
    ValueTask<IReadOnlyList<DueRow>> ListDueAsync(int count);

    /// <summary>The rows of the schedule that failed when they were last tried, newest subject first, from before an id (null for the newest), at most <paramref name="count"/>.</summary>
    ValueTask<IReadOnlyList<DueRow>> ListFailingAsync(UInt128? before, int count);

    /// <summary>How much of the schedule is due at a time.</summary>
    ValueTask<Backlog> ReadBacklogAsync(long nowUnixMilliseconds);
}
