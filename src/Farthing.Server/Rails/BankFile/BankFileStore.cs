using System.Globalization;
using Farthing.Payments.Payouts;
using Farthing.Protocol;
using Farthing.Server.Storage;
using Microsoft.Data.Sqlite;

namespace Farthing.Server.Rails.BankFile;

/// <summary>A transfer as it stands.</summary>
internal sealed record KnownTransfer(Amount Amount, PayoutRailStatus Status, string? Note, long? File, Amount? CameBack);

/// <summary>What the bank-file rail remembers: transfers, and which file each is in. SQLite; each call is one transaction, or part of the one around it.</summary>
/// <remarks>Thread-safe: one connection behind one lock, as the calls are few and short.</remarks>
internal sealed class BankFileStore : IDisposable
{
    /// <summary>The most transfers of a file; what is beyond waits for the next.</summary>
    public const int MaxTransfers = 100_000;

    private readonly Lock gate = new();
    private readonly SqliteConnection connection;
    private readonly string mark;

    private BankFileStore(string database, string mark)
    {
        this.mark = mark;
        connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = database, Pooling = false }.ToString());
    }

    /// <summary>Opens the database, making it if it is absent.</summary>
    /// <exception cref="StartRefusedException">It is damaged.</exception>
    public static BankFileStore Open(string database, string mark)
    {
        var store = new BankFileStore(database, mark);
        try
        {
            store.connection.Open();
            store.Execute("PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
            store.Execute("""
                CREATE TABLE IF NOT EXISTS Files (
                    Number INTEGER PRIMARY KEY,
                    MessageId TEXT NOT NULL UNIQUE,
                    IdempotencyKey TEXT NOT NULL UNIQUE,
                    CreatedUnixMilliseconds INTEGER NOT NULL,
                    IsWritten INTEGER NOT NULL);
                CREATE TABLE IF NOT EXISTS Transfers (
                    Reference TEXT PRIMARY KEY,
                    Cents INTEGER NOT NULL,
                    Name TEXT NOT NULL,
                    Iban TEXT NOT NULL,
                    Bic TEXT,
                    ToldUnixMilliseconds INTEGER NOT NULL,
                    File INTEGER REFERENCES Files (Number),
                    Status INTEGER NOT NULL,
                    Note TEXT,
                    Changes INTEGER NOT NULL,
                    Heard INTEGER NOT NULL) WITHOUT ROWID;
                CREATE TABLE IF NOT EXISTS CameBack (
                    Reference TEXT PRIMARY KEY REFERENCES Transfers (Reference),
                    Cents INTEGER NOT NULL) WITHOUT ROWID;
                CREATE TABLE IF NOT EXISTS Taken (
                    Digest BLOB PRIMARY KEY,
                    MessageId TEXT NOT NULL,
                    TakenUnixMilliseconds INTEGER NOT NULL) WITHOUT ROWID;
                CREATE INDEX IF NOT EXISTS TransfersOfFiles ON Transfers (File, Reference);
                CREATE INDEX IF NOT EXISTS UnheardTransfers ON Transfers (Reference) WHERE Heard < Changes;
                """);
            return store;
        }
        catch (SqliteException e)
        {
            store.Dispose();
            throw SqliteFaults.Explain(database, e);
        }
    }

    /// <summary>Keeps a transfer to be paid; one that is known keeps what was said first.</summary>
    public void Add(BankTransfer transfer, long nowUnixMilliseconds) => Execute(
        "INSERT OR IGNORE INTO Transfers VALUES ($reference, $cents, $name, $iban, $bic, $told, NULL, $status, NULL, 0, 0)",
        ("$reference", transfer.Payout.ToString()), ("$cents", Cents(transfer.Amount)), ("$name", transfer.Name), ("$iban", transfer.Iban), ("$bic", (object?)transfer.Bic ?? DBNull.Value),
        ("$told", nowUnixMilliseconds), ("$status", (int)PayoutRailStatus.Pending));

    public KnownTransfer? Find(Id<PayoutKind> payout) => Read(
        "SELECT Cents, Status, Note, File, (SELECT CameBack.Cents FROM CameBack WHERE CameBack.Reference = Transfers.Reference) FROM Transfers WHERE Reference = $reference",
        row => new KnownTransfer(Euros(row.GetInt64(0)), (PayoutRailStatus)row.GetInt32(1), row.IsDBNull(2) ? null : row.GetString(2), row.IsDBNull(3) ? null : row.GetInt64(3), row.IsDBNull(4) ? null : Euros(row.GetInt64(4))),
        ("$reference", payout.ToString())).SingleOrDefault();

    /// <summary>Notes what became of a transfer; it is news until it was heard.</summary>
    public void Set(Id<PayoutKind> payout, PayoutRailStatus status, string? note) => Execute(
        "UPDATE Transfers SET Status = $status, Note = $note, Changes = Changes + 1 WHERE Reference = $reference",
        ("$status", (int)status), ("$note", (object?)note ?? DBNull.Value), ("$reference", payout.ToString()));

    /// <summary>Notes that a transfer came back, and how much of it. To be called within one transaction.</summary>
    public void SetReturned(Id<PayoutKind> payout, Amount cameBack, string? note)
    {
        Execute("INSERT INTO CameBack VALUES ($reference, $cents)", ("$reference", payout.ToString()), ("$cents", Cents(cameBack)));
        Set(payout, PayoutRailStatus.Returned, note);
    }

    /// <summary>News, with the number of each.</summary>
    public IReadOnlyList<(Id<PayoutKind> Payout, int Number)> ListUnheard() =>
        Read("SELECT Reference, Changes FROM Transfers WHERE Heard < Changes", row => (Id<PayoutKind>.Parse(row.GetString(0)), row.GetInt32(1)));

    /// <summary>Notes that news was heard; what came since is news still.</summary>
    public void MarkHeard(Id<PayoutKind> payout, int number) =>
        Execute("UPDATE Transfers SET Heard = $number WHERE Reference = $reference AND Heard < $number", ("$number", number), ("$reference", payout.ToString()));

    /// <summary>Puts all that waits into a new file, or finds the file that the key made; null if nothing waits.</summary>
    public BankFile? MakeFile(string key, long nowUnixMilliseconds)
    {
        BankFile? made = null;
        InOne(() =>
        {
            made = ReadFiles("WHERE IdempotencyKey = $key", ("$key", key)).SingleOrDefault();
            if (made is not null || ReadWaiting().Count == 0) return;
            var number = Read("SELECT COALESCE(MAX(Number), 0) + 1 FROM Files", row => row.GetInt64(0)).Single();
            var messageId = $"{mark}-{number.ToString("D8", CultureInfo.InvariantCulture)}";
            Execute("INSERT INTO Files VALUES ($number, $message, $key, $now, 0)", ("$number", number), ("$message", messageId), ("$key", key), ("$now", nowUnixMilliseconds));
            Execute("UPDATE Transfers SET File = $number WHERE Reference IN (SELECT Reference FROM Transfers WHERE File IS NULL AND Status = $pending ORDER BY Reference LIMIT $most)",
                ("$number", number), ("$pending", (int)PayoutRailStatus.Pending), ("$most", MaxTransfers));
            made = FindFile(messageId);
        });
        return made;
    }

    public (int Count, Amount Sum) ReadWaiting() => Read(
        "SELECT COUNT(*), COALESCE(SUM(Cents), 0) FROM Transfers WHERE File IS NULL AND Status = $pending", row => (row.GetInt32(0), Euros(row.GetInt64(1))), ("$pending", (int)PayoutRailStatus.Pending)).Single();

    public BankFile? FindFile(string messageId) => ReadFiles("WHERE MessageId = $message", ("$message", messageId)).SingleOrDefault();

    /// <summary>The number by which transfers name a file; null if there is none.</summary>
    public long? NumberOf(string messageId) => Read("SELECT Number FROM Files WHERE MessageId = $message", row => (long?)row.GetInt64(0), ("$message", messageId)).SingleOrDefault();

    public IReadOnlyList<BankFile> ListFiles(int count) => ReadFiles("ORDER BY Number DESC LIMIT $count", ("$count", count));

    public IReadOnlyList<BankFile> ListUnwritten() => ReadFiles("WHERE IsWritten = 0 ORDER BY Number");

    public void MarkWritten(string messageId) => Execute("UPDATE Files SET IsWritten = 1 WHERE MessageId = $message", ("$message", messageId));

    /// <summary>The transfers of a file, always in the same sequence.</summary>
    public IReadOnlyList<BankTransfer> ListTransfers(string messageId) => Read(
        "SELECT Reference, Cents, Name, Iban, Bic FROM Transfers WHERE File = (SELECT Number FROM Files WHERE MessageId = $message) ORDER BY Reference",
        row => new BankTransfer(Id<PayoutKind>.Parse(row.GetString(0)), Euros(row.GetInt64(1)), row.GetString(2), row.GetString(3), row.IsDBNull(4) ? null : row.GetString(4)), ("$message", messageId));

    /// <summary>Notes that a file of the bank was taken.</summary>
    /// <returns>Whether it had not been before.</returns>
    public bool MarkTaken(byte[] digest, string messageId, long nowUnixMilliseconds) =>
        Execute("INSERT OR IGNORE INTO Taken VALUES ($digest, $message, $now)", ("$digest", digest), ("$message", messageId), ("$now", nowUnixMilliseconds)) == 1;

    /// <summary>Makes calls one transaction: all of them, or none.</summary>
    public void InOne(Action calls)
    {
        lock (gate)
        {
            Execute("BEGIN IMMEDIATE");
            try
            {
                calls();
                Execute("COMMIT");
            }
            catch
            {
                Execute("ROLLBACK");
                throw;
            }
        }
    }

    public void Dispose() => connection.Dispose();

    private List<BankFile> ReadFiles(string which, params (string Name, object Value)[] parameters) => Read(
        $"SELECT MessageId, CreatedUnixMilliseconds, IsWritten, (SELECT COUNT(*) FROM Transfers WHERE File = Number), (SELECT COALESCE(SUM(Cents), 0) FROM Transfers WHERE File = Number) FROM Files {which}",
        row => new BankFile(row.GetString(0), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(1)), row.GetInt32(3), Euros(row.GetInt64(4)), row.GetBoolean(2)), parameters);

    private List<T> Read<T>(string sql, Func<SqliteDataReader, T> read, params (string Name, object Value)[] parameters)
    {
        lock (gate)
        {
            using var command = Command(sql, parameters);
            using var row = command.ExecuteReader();
            var rows = new List<T>();
            while (row.Read()) rows.Add(read(row));
            return rows;
        }
    }

    private int Execute(string sql, params (string Name, object Value)[] parameters)
    {
        lock (gate)
        {
            using var command = Command(sql, parameters);
            return command.ExecuteNonQuery();
        }
    }

    private SqliteCommand Command(string sql, (string Name, object Value)[] parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters) command.Parameters.AddWithValue(name, value);
        return command;
    }

    private static long Cents(Amount amount) => (long)(amount.Units / 10_000);

    private static Amount Euros(long cents) => new(Asset.Eur, (UInt128)cents * 10_000);
}
