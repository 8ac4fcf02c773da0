namespace Farthing.Payments.Settings;

/// <summary>What most writes of settings are: a new row for a key, or a change of a row as it now is.</summary>
internal static class SettingsCalls
{
    private const int RowsAtOnce = 100;

    /// <summary>Claims a key for a new row, and writes what else belongs to it.</summary>
    /// <returns>The row that the key stands for, be it this one or that of an earlier call; null if the earlier call asked for something else.</returns>
    public static async ValueTask<TRow?> ClaimNewAsync<TRow>(this ISettingsStore settings, string scope, byte[] key, UInt128 digest, TRow row, params ISettingsRow[] others) where TRow : class, ISettingsRow
    {
        var claim = await settings.ClaimAsync(new ClaimRow(scope, key, digest, row.Id, 0), [row, .. others]) ?? throw new InvalidOperationException($"The id {row.Id:x32} of a new row is taken.");
        return claim.Digest == digest ? await settings.GetAsync<TRow>(claim.Row) : null;
    }

    /// <summary>All rows of an owner that are made, newest first.</summary>
    public static async IAsyncEnumerable<TRow> ReadAllAsync<TRow>(this ISettingsStore settings, UInt128 owner) where TRow : class, IOwnedRow
    {
        UInt128? before = null;
        while (true)
        {
            var page = await settings.ListAsync<TRow>(owner, before, RowsAtOnce);
            foreach (var row in page) yield return row;
            if (page.Count < RowsAtOnce) yield break;
            before = page[^1].Id;
        }
    }

    /// <summary>A row that is known to be there.</summary>
    public static async ValueTask<TRow> GetAsync<TRow>(this ISettingsStore settings, UInt128 id) where TRow : class, ISettingsRow =>
        await settings.FindAsync<TRow>(id) ?? throw new InvalidOperationException($"The row {id:x32} of {typeof(TRow).Name} is lost.");

    /// <summary>Changes a row that is known to be there, again if another change comes first.</summary>
    /// <param name="settings">Where it is.</param>
    /// <param name="id">Its id.</param>
    /// <param name="change">Gives the row's next version, or the row as it is if there is nothing to change.</param>
    /// <returns>The row as it then is.</returns>
    public static async ValueTask<TRow> ChangeAsync<TRow>(this ISettingsStore settings, UInt128 id, Func<TRow, TRow> change) where TRow : class, ISettingsRow
    {
        while (true)
        {
            var row = await settings.GetAsync<TRow>(id);
            var next = change(row);
            if (ReferenceEquals(next, row) || await settings.WriteAsync(next)) return next;
        }
    }
}
