using Farthing.Payments.Settings;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;

namespace Farthing.Server.Storage;

/// <summary>Settings in one SQLite file, by EF Core; the default.</summary>
/// <remarks>Thread-safe. Many read at once, one writes at a time. Losing the file loses names, prices and keys, but no money: see <c>README.md</c>.</remarks>
internal sealed class SqliteSettingsStore : ISettingsStore, IDisposable
{
    private readonly PooledDbContextFactory<SettingsDbContext> contexts;
    private readonly string connectionString;

    // SQLite has one writer; waiting here is fair, waiting there is polling.
    private readonly SemaphoreSlim writer = new(1);

    private SqliteSettingsStore(string file)
    {
        connectionString = new SqliteConnectionStringBuilder { DataSource = file }.ToString();
        contexts = new(new DbContextOptionsBuilder<SettingsDbContext>()
            .UseSqlite(connectionString)
            .UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking)
            .AddInterceptors(new SqlitePragmas())
            .Options);
    }

    /// <summary>Opens the file, making it or bringing it up to date if need be.</summary>
    /// <exception cref="StartRefusedException">A newer version of this program has written it, or it is damaged.</exception>
    /// <exception cref="IOException">Another process keeps reading it.</exception>
    public static SqliteSettingsStore Open(string file)
    {
        var store = new SqliteSettingsStore(file);
        try
        {
            using var context = store.contexts.CreateDbContext();
            var unknown = context.Database.GetAppliedMigrations().Except(context.Database.GetMigrations()).FirstOrDefault();
            if (unknown is not null)
                throw new StartRefusedException($"The settings in {file} were written by a newer version (they have the migration {unknown}, which this version does not know). Start that version.");
            context.Database.Migrate();
            // An erasure may have been cut off after its commit, with the old pages still in the log.
            SqliteErasure.Flush(context);
            return store;
        }
        catch (SqliteException e)
        {
            store.Dispose();
            throw SqliteFaults.Explain(file, e);
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    public ValueTask<ClaimRow> ClaimPayeeAsync(ClaimRow claim, PayeeRow row) => ClaimAsync(claim, context => context.Payees.Add(row));

    public ValueTask<ClaimRow> ClaimOfferAsync(ClaimRow claim, OfferRow row) => ClaimAsync(claim, context => context.Offers.Add(row));

    public ValueTask<ClaimRow> ClaimWalletAsync(ClaimRow claim, WalletRow row) => ClaimAsync(claim, context => context.Wallets.Add(row));

    public ValueTask<ClaimRow> ClaimPayeeKeyRotationAsync(ClaimRow claim) => WriteAsync(async context =>
    {
        if (await FindClaimAsync(context, claim.Scope, claim.Key) is { } earlier) return earlier;
        await using var transaction = await context.Database.BeginTransactionAsync();
        await context.Payees.Where(row => row.Id == claim.Row).ExecuteUpdateAsync(set => set.SetProperty(row => row.KeyGeneration, row => row.KeyGeneration + 1));
        var made = claim with { Result = await context.Payees.Where(row => row.Id == claim.Row).Select(row => row.KeyGeneration).SingleAsync() };
        context.Claims.Add(made);
        await context.SaveChangesAsync();
        await transaction.CommitAsync();
        return made;
    });

    public async ValueTask<ClaimRow?> FindClaimAsync(string scope, byte[] key)
    {
        await using var context = await contexts.CreateDbContextAsync();
        return await FindClaimAsync(context, scope, key);
    }

    public async ValueTask ActivatePayeeAsync(UInt128 id) => await WriteAsync(context =>
        context.Payees.Where(row => row.Id == id && row.State == RowState.Creating).ExecuteUpdateAsync(set => set.SetProperty(row => row.State, RowState.Active)));

    public async ValueTask ActivateOfferAsync(UInt128 id) => await WriteAsync(context =>
        context.Offers.Where(row => row.Id == id && row.State == RowState.Creating).ExecuteUpdateAsync(set => set.SetProperty(row => row.State, RowState.Active)));

    public async ValueTask ActivateWalletAsync(UInt128 id) => await WriteAsync(context =>
        context.Wallets.Where(row => row.Id == id && row.State == RowState.Creating).ExecuteUpdateAsync(set => set.SetProperty(row => row.State, RowState.Active)));

    public async ValueTask CloseOfferAsync(UInt128 id) =>
        await WriteAsync(context => context.Offers.Where(row => row.Id == id).ExecuteUpdateAsync(set => set.SetProperty(row => row.State, RowState.Closed)));

    public async ValueTask EraseWalletAsync(UInt128 id) => await WriteAsync(async context =>
    {
        var changed = await context.Wallets.Where(row => row.Id == id)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.MemoKey, (byte[]?)null).SetProperty(row => row.State, RowState.Erased));
        await SqliteErasure.FlushAsync(context);
        return changed;
    });

    public async ValueTask<PayeeRow?> FindPayeeAsync(UInt128 id)
    {
        await using var context = await contexts.CreateDbContextAsync();
        return await context.Payees.SingleOrDefaultAsync(row => row.Id == id);
    }

    public async ValueTask<OfferRow?> FindOfferAsync(UInt128 id)
    {
        await using var context = await contexts.CreateDbContextAsync();
        return await context.Offers.SingleOrDefaultAsync(row => row.Id == id);
    }

    public async ValueTask<WalletRow?> FindWalletAsync(UInt128 id)
    {
        await using var context = await contexts.CreateDbContextAsync();
        return await context.Wallets.SingleOrDefaultAsync(row => row.Id == id);
    }

    public async ValueTask<IReadOnlyList<OfferRow>> ListOffersAsync(UInt128 payee, UInt128? before, int count)
    {
        await using var context = await contexts.CreateDbContextAsync();
        var offers = context.Offers.Where(row => row.Payee == payee && row.State != RowState.Creating);
        // Blobs compare byte by byte, which for big-endian ids is their order; LINQ has no such comparison.
        if (before is { } id) offers = context.Offers.FromSql($"SELECT * FROM Offers WHERE Id < {ToBlob(id)}").Where(row => row.Payee == payee && row.State != RowState.Creating);
        return await offers.OrderByDescending(row => row.Id).Take(count).ToListAsync();
    }

    public async ValueTask<(IReadOnlyList<PayeeRow> Payees, IReadOnlyList<OfferRow> Offers, IReadOnlyList<WalletRow> Wallets)> ListCreatingAsync()
    {
        await using var context = await contexts.CreateDbContextAsync();
        return (
            await context.Payees.Where(row => row.State == RowState.Creating).ToListAsync(),
            await context.Offers.Where(row => row.State == RowState.Creating).ToListAsync(),
            await context.Wallets.Where(row => row.State == RowState.Creating).ToListAsync());
    }

    public void Dispose()
    {
        using var connection = new SqliteConnection(connectionString);
        SqliteConnection.ClearPool(connection);
        writer.Dispose();
    }

    private ValueTask<ClaimRow> ClaimAsync(ClaimRow claim, Action<SettingsDbContext> addRow) => WriteAsync(async context =>
    {
        if (await FindClaimAsync(context, claim.Scope, claim.Key) is { } earlier) return earlier;
        context.Claims.Add(claim);
        addRow(context);
        await context.SaveChangesAsync();
        return claim;
    });

    private async ValueTask<TResult> WriteAsync<TResult>(Func<SettingsDbContext, Task<TResult>> write)
    {
        await writer.WaitAsync();
        try
        {
            await using var context = await contexts.CreateDbContextAsync();
            return await write(context);
        }
        finally
        {
            writer.Release();
        }
    }

    private static Task<ClaimRow?> FindClaimAsync(SettingsDbContext context, string scope, byte[] key) =>
        context.Claims.SingleOrDefaultAsync(row => row.Scope == scope && row.Key == key);

    private static byte[] ToBlob(UInt128 id)
    {
        var blob = new byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(blob, id);
        return blob;
    }
}
