using Farthing.Payments.Settings;
using Microsoft.Data.Sqlite;

namespace Farthing.CrashHost;

/// <summary>Real settings whose writes are steps of making a row.</summary>
internal sealed class KillingSettings(ISettingsStore settings, Moments moments) : ISettingsStore
{
    private static readonly string[] Tables = ["Payees", "Offers", "Wallets"];

    /// <summary>How many payees, offers and wallets there are, and how many are still in the making.</summary>
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

    public ValueTask<ClaimRow> ClaimPayeeAsync(ClaimRow claim, PayeeRow row) => StepAsync(() => settings.ClaimPayeeAsync(claim, row));

    public ValueTask<ClaimRow> ClaimOfferAsync(ClaimRow claim, OfferRow row) => StepAsync(() => settings.ClaimOfferAsync(claim, row));

    public ValueTask<ClaimRow> ClaimWalletAsync(ClaimRow claim, WalletRow row) => StepAsync(() => settings.ClaimWalletAsync(claim, row));

    public ValueTask<ClaimRow> ClaimPayeeKeyRotationAsync(ClaimRow claim) => StepAsync(() => settings.ClaimPayeeKeyRotationAsync(claim));

    public ValueTask<ClaimRow?> FindClaimAsync(string scope, byte[] key) => settings.FindClaimAsync(scope, key);

    public async ValueTask ActivatePayeeAsync(UInt128 id) => await StepAsync(() => Counted(settings.ActivatePayeeAsync(id)));

    public async ValueTask ActivateOfferAsync(UInt128 id) => await StepAsync(() => Counted(settings.ActivateOfferAsync(id)));

    public async ValueTask ActivateWalletAsync(UInt128 id) => await StepAsync(() => Counted(settings.ActivateWalletAsync(id)));

    public async ValueTask CloseOfferAsync(UInt128 id) => await StepAsync(() => Counted(settings.CloseOfferAsync(id)));

    public ValueTask EraseWalletAsync(UInt128 id) => settings.EraseWalletAsync(id);

    public ValueTask<PayeeRow?> FindPayeeAsync(UInt128 id) => settings.FindPayeeAsync(id);

    public ValueTask<OfferRow?> FindOfferAsync(UInt128 id) => settings.FindOfferAsync(id);

    public ValueTask<WalletRow?> FindWalletAsync(UInt128 id) => settings.FindWalletAsync(id);

    public ValueTask<IReadOnlyList<OfferRow>> ListOffersAsync(UInt128 payee, UInt128? before, int count) => settings.ListOffersAsync(payee, before, count);

    public ValueTask<(IReadOnlyList<PayeeRow> Payees, IReadOnlyList<OfferRow> Offers, IReadOnlyList<WalletRow> Wallets)> ListCreatingAsync() => settings.ListCreatingAsync();

    private async ValueTask<T> StepAsync<T>(Func<ValueTask<T>> write)
    {
        moments.Pass();
        var result = await write();
        moments.Pass();
        return result;
    }

    private static async ValueTask<bool> Counted(ValueTask write)
    {
        await write;
        return true;
    }
}
