using System.Globalization;
using Farthing.Payments;
using Farthing.Payments.Payouts;
using Farthing.Protocol;
using Farthing.Server.Storage;
using Microsoft.Data.Sqlite;

namespace Farthing.Server.Rails;

/// <summary>A simulator of an outside party that takes play money out, in the database of <see cref="SandboxRail"/>.</summary>
/// <remarks>
/// What a destination's instruction has it do: none pays at once; <c>fail</c> never pays; <c>delay:SECONDS</c> pays after so many seconds; <c>timeout</c> pays and does not
/// answer the first time it is told; <c>lost</c> does not hear that; <c>return:SECONDS</c> pays at once and sends back after so many seconds. Thread-safe; what it was told survives a
/// restart.
/// </remarks>
internal sealed class SandboxPayoutRail : IPayoutRail, IDisposable
{
    private const string Fail = "fail";
    private const string Timeout = "timeout";
    private const string Lost = "lost";
    private const string Delay = "delay:";
    private const string Return = "return:";

    private readonly string connectionString;
    private readonly TimeProvider time;

    /// <summary>Opens the sandbox's database, making it if it is absent.</summary>
    /// <exception cref="StartRefusedException">It is damaged.</exception>
    public SandboxPayoutRail(string file, TimeProvider time)
    {
        connectionString = new SqliteConnectionStringBuilder { DataSource = file }.ToString();
        this.time = time;
        try
        {
            using var connection = Open();
            Execute(connection, """
                CREATE TABLE IF NOT EXISTS Payouts (
                    Reference TEXT PRIMARY KEY,
                    Amount TEXT NOT NULL,
                    Instruction TEXT,
                    ToldUnixMilliseconds INTEGER NOT NULL) WITHOUT ROWID;
                CREATE TABLE IF NOT EXISTS UnheardPayouts (Reference TEXT PRIMARY KEY) WITHOUT ROWID;
                """);
        }
        catch (SqliteException e)
        {
            throw SqliteFaults.Explain(file, e);
        }
    }

    /// <inheritdoc/>
    public string Name => "sandbox";

    /// <inheritdoc/>
    public int? DecimalsOf(Asset asset) => asset == Asset.Btc ? 8 : 2;

    /// <inheritdoc/>
    public Answer<PayoutDestination> Check(PayoutDestination destination, Asset asset) => destination.Instruction switch
    {
        null or Fail or Timeout or Lost => destination,
        { } text when TryReadSeconds(text, Delay, out _) || TryReadSeconds(text, Return, out _) => destination,
        _ => new Refusal(RefusalCodes.InvalidDestination, $"sandbox must be \"fail\", \"timeout\", \"lost\", or \"delay:\" or \"return:\" and 1 to {SandboxRail.MaxDelaySeconds} seconds."),
    };

    /// <inheritdoc/>
    public ValueTask<PayoutRailAnswer> PayAsync(OutgoingPayout payout)
    {
        var instruction = payout.Destination.Instruction;
        using (var connection = Open())
        {
            var reference = payout.Reference.ToString();
            if (instruction == Lost && Execute(connection, "INSERT OR IGNORE INTO UnheardPayouts VALUES ($reference)", ("$reference", reference)) == 1)
                throw new TimeoutException("The sandbox was told to lose this.");
            // A reference that is known keeps what was said first.
            var isNew = Execute(connection, "INSERT OR IGNORE INTO Payouts VALUES ($reference, $amount, $instruction, $told)",
                ("$reference", reference), ("$amount", payout.Amount.ToString()), ("$instruction", (object?)instruction ?? DBNull.Value), ("$told", time.GetUtcNow().ToUnixTimeMilliseconds())) == 1;
            if (isNew && instruction == Timeout) throw new TimeoutException("The sandbox was told not to answer.");
        }

        return AskAsync(payout.Reference);
    }

    /// <inheritdoc/>
    public ValueTask<PayoutRailAnswer> AskAsync(Id<PayoutKind> reference)
    {
        using var connection = Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT Instruction, ToldUnixMilliseconds FROM Payouts WHERE Reference = $reference";
        command.Parameters.AddWithValue("$reference", reference.ToString());
        using var row = command.ExecuteReader();
        if (!row.Read()) return new(new PayoutRailAnswer(PayoutRailStatus.Unknown));
        var instruction = row.IsDBNull(0) ? "" : row.GetString(0);
        if (instruction == Fail) return new(new PayoutRailAnswer(PayoutRailStatus.Failed, "the sandbox was told to fail"));
        var age = TimeSpan.FromMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds() - row.GetInt64(1));
        if (TryReadSeconds(instruction, Delay, out var delay) && age < delay) return new(new PayoutRailAnswer(PayoutRailStatus.Pending, AskAgainAfter: delay - age));
        if (!TryReadSeconds(instruction, Return, out var back)) return new(new PayoutRailAnswer(PayoutRailStatus.Paid));
        return new(age < back ? new PayoutRailAnswer(PayoutRailStatus.Paid, AskAgainAfter: back - age) : new PayoutRailAnswer(PayoutRailStatus.Returned, "the sandbox was told to send it back"));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        using var connection = new SqliteConnection(connectionString);
        SqliteConnection.ClearPool(connection);
    }

    private static bool TryReadSeconds(string instruction, string word, out TimeSpan wait)
    {
        wait = TimeSpan.Zero;
        if (!instruction.StartsWith(word, StringComparison.Ordinal) || !int.TryParse(instruction.AsSpan(word.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)) return false;
        wait = TimeSpan.FromSeconds(seconds);
        return seconds is >= 1 and <= SandboxRail.MaxDelaySeconds;
    }

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection(connectionString);
        connection.Open();
        Execute(connection, "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
        return connection;
    }

    private static int Execute(SqliteConnection connection, string sql, params (string Name, object Value)[] parameters)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters) command.Parameters.AddWithValue(name, value);
        return command.ExecuteNonQuery();
    }
}
