using Microsoft.EntityFrameworkCore;

namespace Farthing.Server.Storage;

/// <summary>Makes sure that what was overwritten in the database is in none of its files any more.</summary>
internal static class SqliteErasure
{
    private const int MaxTries = 100;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Moves the write-ahead log into the database and cuts it to nothing: older pages in it still hold what was there before.</summary>
    /// <exception cref="IOException">Readers kept the log in use; the erasure is to be repeated.</exception>
    public static async Task FlushAsync(SettingsDbContext context)
    {
        for (var tries = 0; tries < MaxTries; tries++)
        {
            if ((await Checkpoint(context).ToListAsync())[0] == 0) return;
            await Task.Delay(Pause);
        }

        throw new IOException("The settings database was in use all the time, so what was erased may still be in its log. Repeat the erasure.");
    }

    /// <summary>The same at start, when nobody else reads; the connection's own busy timeout is patience enough.</summary>
    /// <exception cref="IOException">Another process keeps the log in use.</exception>
    public static void Flush(SettingsDbContext context)
    {
        if (Checkpoint(context).ToList()[0] != 0)
            throw new IOException("Another process uses the settings database, so what was erased may still be in its log. End that process and start again.");
    }

    // The first column is 1 if a reader still needs the log.
    private static IQueryable<int> Checkpoint(SettingsDbContext context) => context.Database.SqlQueryRaw<int>("PRAGMA wal_checkpoint(TRUNCATE)");
}
