using Farthing.Payments.Schedules;
using Farthing.Payments.Settings;
using Microsoft.Data.Sqlite;

namespace Farthing.CrashHost;

/// <summary>Real settings whose writes are steps of making a row.</summary>
internal sealed class KillingSettings(ISettingsStore settings, Moments moments) : ISettingsStore
{
    private static readonly string[] Tables = ["Payees", "Offers", "Wallets", "Tips"];

    /// <summary>How many payees, offers, wallets and tips there are, and how many are still in the making.</summary>
    public static string CountRows(string file)
    {
        using var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        var creating = Tables.Sum(table => Read($"SELECT COUNT(*) FROM {table} WHERE State = 0"));
        return $"{string.Join(' ', Tables.Select(table => $"{table} {Read($"SELECT COUNT(*) FROM {table}")}"))} creating {creating}";

        long Read(string sql)
        {
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            return (long)command.ExecuteScalar()!;
        }
    }

    public ValueTask<ClaimRow?> ClaimAsync(ClaimRow claim, params ISettingsRow[] rows) => StepAsync(() => settings.ClaimAsync(claim, rows));

    public ValueTask<bool> WriteAsync(params ISettingsRow[] rows) => StepAsync(() => settings.WriteAsync(rows));

    public ValueTask<bool> EraseAsync(ISettingsRow row) => StepAsync(() => settings.EraseAsync(row));

    public ValueTask<ClaimRow?> FindClaimAsync(string scope, byte[] key) => settings.FindClaimAsync(scope, key);

    public ValueTask<TRow?> FindAsync<TRow>(UInt128 id) where TRow : class, ISettingsRow => settings.FindAsync<TRow>(id);

    public ValueTask<IReadOnlyList<TRow>> ListAsync<TRow>(UInt128 owner, UInt128? before, int count) where TRow : class, IOwnedRow => settings.ListAsync<TRow>(owner, before, count);

    public ValueTask<IReadOnlyList<TRow>> ListCreatingAsync<TRow>() where TRow : class, ISettingsRow => settings.ListCreatingAsync<TRow>();

    public ValueTask<IReadOnlyList<DueRow>> ListDueAsync(int count) => settings.ListDueAsync(count);

    public ValueTask<IReadOnlyList<DueRow>> ListFailingAsync(UInt128? before, int count) => settings.ListFailingAsync(before, count);

    public ValueTask<Backlog> ReadBacklogAsync(long nowUnixMilliseconds) => settings.ReadBacklogAsync(nowUnixMilliseconds);

    private async ValueTask<T> StepAsync<T>(Func<ValueTask<T>> write)
    {
        moments.Pass();
        var result = await write();
        moments.Pass();
        return result;
    }
}
