using System.Globalization;
using Farthing.Payments.TopUps;
using Farthing.Protocol;
using Farthing.Server.Storage;
using Microsoft.Data.Sqlite;

namespace Farthing.Server.Rails;

/// <summary>A simulator of an outside party that pays in play money. It has a database of its own, as an outside party would.</summary>
/// <remarks>
/// Instructions: none pays at once, <c>fail</c> never pays, <c>delay:SECONDS</c> (up to 30 days) pays after so many seconds. Anything else pays at once too:
/// the door checks what a caller may write. Thread-safe; what it was told survives a restart.
/// </remarks>
internal sealed class SandboxRail : IRail, IDisposable
{
    /// <summary>Its name on the wire.</summary>
    public const string RailName = "sandbox";

    /// <summary>The longest delay, in seconds.</summary>
    public const int MaxDelaySeconds = 30 * 24 * 3600;

    private const string Fail = "fail";
    private const string Delay = "delay:";

    private readonly string connectionString;
    private readonly TimeProvider time;

    /// <summary>Opens the sandbox's database, making it if it is absent.</summary>
    /// <exception cref="StartRefusedException">It is damaged.</exception>
    public SandboxRail(string file, TimeProvider time)
    {
        connectionString = new SqliteConnectionStringBuilder { DataSource = file }.ToString();
        this.time = time;
        try
        {
            using var connection = Open();
            Execute(connection, """
                CREATE TABLE IF NOT EXISTS Collections (
                    Reference TEXT PRIMARY KEY,
                    Amount TEXT NOT NULL,
                    Instruction TEXT,
                    DueUnixMilliseconds INTEGER NOT NULL) WITHOUT ROWID;
                CREATE TABLE IF NOT EXISTS Returns (
                    Reference TEXT PRIMARY KEY,
                    TopUp TEXT NOT NULL,
                    Amount TEXT NOT NULL) WITHOUT ROWID
                """);
        }
        catch (SqliteException e)
        {
            throw SqliteFaults.Explain(file, e);
        }
    }

    /// <inheritdoc/>
    public string Name => RailName;

    /// <inheritdoc/>
    public ValueTask<RailAnswer> CollectAsync(Id<TopUpKind> reference, Amount amount, string? instruction)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var due = TryReadDelay(instruction, out var seconds) ? now + (seconds * 1000L) : now;
        using (var connection = Open())
        {
            // A reference that is known keeps what was said first.
            Execute(connection, "INSERT OR IGNORE INTO Collections VALUES ($reference, $amount, $instruction, $due)",
                ("$reference", reference.ToString()), ("$amount", amount.ToString()), ("$instruction", (object?)instruction ?? DBNull.Value), ("$due", due));
        }

        return AskAsync(reference);
    }

    /// <inheritdoc/>
    public ValueTask<RailAnswer> AskAsync(Id<TopUpKind> reference)
    {
        using var connection = Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT Instruction, DueUnixMilliseconds FROM Collections WHERE Reference = $reference";
        command.Parameters.AddWithValue("$reference", reference.ToString());
        using var row = command.ExecuteReader();
        if (!row.Read()) return new(new RailAnswer(RailStatus.Unknown));
        if (!row.IsDBNull(0) && row.GetString(0) == Fail) return new(new RailAnswer(RailStatus.Failed));
        return new(new RailAnswer(row.GetInt64(1) <= time.GetUtcNow().ToUnixTimeMilliseconds() ? RailStatus.Posted : RailStatus.Pending));
    }

    /// <inheritdoc/>
    public bool CollectsUnasked => true;

    /// <inheritdoc/>
    public bool CanReturn => true;

    /// <inheritdoc/>
    public async ValueTask<RailAnswer> ReturnAsync(string reference, Id<TopUpKind> topUp, Amount amount)
    {
        if ((await AskAsync(topUp)).Status != RailStatus.Posted) return new(RailStatus.Failed);
        using var connection = Open();
        Execute(connection, "INSERT OR IGNORE INTO Returns VALUES ($reference, $topUp, $amount)", ("$reference", reference), ("$topUp", topUp.ToString()), ("$amount", amount.ToString()));
        return new(RailStatus.Posted);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        using var connection = new SqliteConnection(connectionString);
        SqliteConnection.ClearPool(connection);
    }

    private static bool TryReadDelay(string? instruction, out int seconds)
    {
        seconds = 0;
        return instruction is not null && instruction.StartsWith(Delay, StringComparison.Ordinal)
            && int.TryParse(instruction.AsSpan(Delay.Length), NumberStyles.None, CultureInfo.InvariantCulture, out seconds) && seconds <= MaxDelaySeconds;
    }

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection(connectionString);
        connection.Open();
        Execute(connection, "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
        return connection;
    }

    private static void Execute(SqliteConnection connection, string sql, params (string Name, object Value)[] parameters)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters) command.Parameters.AddWithValue(name, value);
        command.ExecuteNonQuery();
    }
}
