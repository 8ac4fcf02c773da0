using Farthing.Payments.Payouts;
using Farthing.Payments.Schedules;
using Farthing.Payments.Settings;
using Farthing.Protocol;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;

namespace Farthing.Server.Storage;

/// <summary>Settings in one SQLite file, by EF Core; the default.</summary>
/// <remarks>Thread-safe. Many read at once, one writes at a time. Losing the file loses names, prices and keys, but no money: see <c>README.md</c>.</remarks>
internal sealed class SqliteSettingsStore : ISettingsStore, IDisposable
{
    // SQLITE_CONSTRAINT_PRIMARYKEY.
    private const int PrimaryKeyTaken = 1555;

    private readonly PooledDbContextFactory<SettingsDbContext> contexts;
    private readonly string connectionString;

    // SQLite has one writer; waiting here is fair, waiting there is polling.
    private readonly SemaphoreSlim writer = new(1);

    private Action eventWritten = () => { };

    private SqliteSettingsStore(string file)
    {
        connectionString = new SqliteConnectionStringBuilder { DataSource = file }.ToString();
        contexts = new(new DbContextOptionsBuilder<SettingsDbContext>()
            .UseSqlite(connectionString)
            .UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking)
            .AddInterceptors(new SqlitePragmas())
            .Options);
    }

    public Action EventWritten
    {
        set => eventWritten = value;
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
            var (applied, known) = (context.Database.GetAppliedMigrations().ToHashSet(), context.Database.GetMigrations().ToHashSet());
            if (applied.Except(known).FirstOrDefault() is { } unknown)
                throw new StartRefusedException($"The settings in {file} were written by a newer version (they have the migration {unknown}, which this version does not know). Start that version.");
            // Even with nothing to do, this compares all of the model with itself, which is most of what opening costs.
            if (!applied.SetEquals(known)) context.Database.Migrate();
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

    public ValueTask<ClaimRow?> ClaimAsync(ClaimRow claim, params ISettingsRow[] rows) => WriteAsync<ClaimRow?>(async context =>
    {
        if (await FindClaimAsync(context, claim.Scope, claim.Key) is { } earlier) return earlier;
        context.Claims.Add(claim);
        return await TrySaveAsync(context, rows) ? claim : null;
    });

    public ValueTask<bool> WriteAsync(params ISettingsRow[] rows) => WriteAsync(context => TrySaveAsync(context, rows));

    public ValueTask<bool> EraseAsync(ISettingsRow row) => WriteAsync(async context =>
    {
        if (!await TrySaveAsync(context, row)) return false;
        await SqliteErasure.FlushAsync(context);
        return true;
    });

    public async ValueTask<ClaimRow?> FindClaimAsync(string scope, byte[] key)
    {
        await using var context = await contexts.CreateDbContextAsync();
        return await FindClaimAsync(context, scope, key);
    }

    public async ValueTask<TRow?> FindAsync<TRow>(UInt128 id) where TRow : class, ISettingsRow
    {
        await using var context = await contexts.CreateDbContextAsync();
        return await context.Set<TRow>().SingleOrDefaultAsync(row => row.Id == id);
    }

    public async ValueTask<IReadOnlyList<TRow>> ListAsync<TRow>(UInt128 owner, UInt128? before, int count) where TRow : class, IOwnedRow
    {
        await using var context = await contexts.CreateDbContextAsync();
        var rows = context.Set<TRow>().Where(row => row.Owner == owner && row.State != RowState.Creating && row.State != RowState.Refused);
        // Blobs compare byte by byte, which for big-endian ids is their order.
        if (before is { } id) rows = rows.Where(row => row.Id < id);
        return await rows.OrderByDescending(row => row.Id).Take(count).ToListAsync();
    }

    public async ValueTask<IReadOnlyList<TRow>> ListCreatingAsync<TRow>() where TRow : class, ISettingsRow
    {
        await using var context = await contexts.CreateDbContextAsync();
        return await context.Set<TRow>().Where(row => row.State == RowState.Creating).ToListAsync();
    }

    public async ValueTask<IReadOnlyList<PayoutRow>> ListPayoutsAsync(UInt128? owner, PayoutState? state, UInt128? before, int count)
    {
        await using var context = await contexts.CreateDbContextAsync();
        IQueryable<PayoutRow> rows = context.Payouts;
        if (owner is { } payee) rows = rows.Where(row => row.Owner == payee);
        if (state is { } stage) rows = rows.Where(row => row.Stage == stage);
        if (before is { } id) rows = rows.Where(row => row.Id < id);
        return await rows.OrderByDescending(row => row.Id).Take(count).ToListAsync();
    }

    public async ValueTask<int> ReadLongestRefundWindowAsync(UInt128 payee)
    {
        await using var context = await contexts.CreateDbContextAsync();
        var own = await context.Offers.Where(row => row.Owner == payee).MaxAsync(row => (int?)row.RefundWindowSeconds) ?? 0;
        var shared = await context.Shares.Where(row => row.Owner == payee).MaxAsync(row => (int?)row.RefundWindowSeconds) ?? 0;
        return Math.Max(own, shared);
    }

    public async ValueTask<IReadOnlyList<TRow>> ListActiveAsync<TRow>() where TRow : class, ISettingsRow
    {
        await using var context = await contexts.CreateDbContextAsync();
        return await context.Set<TRow>().Where(row => row.State == RowState.Active).ToListAsync();
    }

    public async ValueTask<IReadOnlyList<EventNumber>> ListEventsAsync(UInt128? owner, long after, int count)
    {
        await using var context = await contexts.CreateDbContextAsync();
        var numbers = context.EventNumbers.Where(row => row.Number > after);
        if (owner is { } id) numbers = numbers.Where(row => row.Owner == id);
        return await numbers.OrderBy(row => row.Number).Take(count).ToListAsync();
    }

    public async ValueTask<long> CountEventsAsync(long beforeUnixMilliseconds = long.MaxValue)
    {
        await using var context = await contexts.CreateDbContextAsync();
        var numbers = beforeUnixMilliseconds == long.MaxValue ? context.EventNumbers : context.EventNumbers.Where(row => row.UnixMilliseconds < beforeUnixMilliseconds);
        return await numbers.MaxAsync(row => (long?)row.Number) ?? 0;
    }

    public async ValueTask<IReadOnlyList<DueRow>> ListDueAsync(int count)
    {
        await using var context = await contexts.CreateDbContextAsync();
        return await context.Due.Where(row => row.RunUnixMilliseconds != null).OrderBy(row => row.RunUnixMilliseconds).ThenBy(row => row.Id).Take(count).ToListAsync();
    }

    public async ValueTask<IReadOnlyList<DueRow>> ListFailingAsync(UInt128? before, int count)
    {
        await using var context = await contexts.CreateDbContextAsync();
        var rows = context.Due.Where(row => row.Attempt > 0);
        if (before is { } id) rows = rows.Where(row => row.Id < id);
        return await rows.OrderByDescending(row => row.Id).Take(count).ToListAsync();
    }

    public async ValueTask<Backlog> ReadBacklogAsync(long nowUnixMilliseconds)
    {
        await using var context = await contexts.CreateDbContextAsync();
        var due = context.Due.Where(row => row.RunUnixMilliseconds <= nowUnixMilliseconds);
        return new Backlog(
            await due.CountAsync(),
            await due.MinAsync(row => row.DueUnixMilliseconds),
            await context.Due.Where(row => row.RunUnixMilliseconds > nowUnixMilliseconds).MinAsync(row => row.RunUnixMilliseconds),
            await context.Due.CountAsync(row => row.Attempt > 0));
    }

    public void Dispose()
    {
        using var connection = new SqliteConnection(connectionString);
        SqliteConnection.ClearPool(connection);
        writer.Dispose();
    }

    // The version before is part of each UPDATE's condition; one transaction with what else was added to the context.
    private async Task<bool> TrySaveAsync(SettingsDbContext context, params ISettingsRow[] rows)
    {
        var tells = false;
        foreach (var row in rows)
        {
            if (row.Version == 1) context.Add((object)row);
            else context.Update((object)row).Property(nameof(ISettingsRow.Version)).OriginalValue = row.Version - 1;
            if (row is IEventRow { Version: 1 } told) Number(told);
            // Written more than once, it tells the same.
            if (row is not ITellingRow telling || telling.Tell() is not { } news || await context.Events.AnyAsync(known => known.Id == news.Id)) continue;
            context.Add(news);
            Number(news);
        }

        void Number(IEventRow told)
        {
            context.Add(new EventNumber(0, told.RowKind, told.Id, told.Owner, IdBytes.TimeOf(told.Id)));
            tells = true;
        }

        try
        {
            await context.SaveChangesAsync();
            if (tells) eventWritten();
            return true;
        }
        catch (DbUpdateConcurrencyException)
        {
            return false;
        }
        catch (DbUpdateException e) when (e.InnerException is SqliteException { SqliteExtendedErrorCode: PrimaryKeyTaken })
        {
            return false;
        }
    }

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
}
