using Microsoft.Data.Sqlite;

namespace Farthing.Server.Storage;

/// <summary>What is told to the operator when a database cannot be opened.</summary>
internal static class SqliteFaults
{
    // SQLITE_CORRUPT and SQLITE_NOTADB.
    private const int Corrupt = 11;
    private const int NotADatabase = 26;

    public static StartRefusedException Explain(string file, SqliteException fault) => new(fault.SqliteErrorCode is Corrupt or NotADatabase
        ? $"{file} is damaged ({fault.Message}) Restore the whole data directory from a backup."
        : $"{file} cannot be used: {fault.Message}");
}
