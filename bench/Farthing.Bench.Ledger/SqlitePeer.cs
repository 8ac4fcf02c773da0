using System.Buffers.Binary;
using System.Diagnostics;
using Microsoft.Data.Sqlite;

namespace Farthing.Bench.Ledger;

/// <summary>The same work in SQLite, in this process: an id once only, two balances with a check for overdraft, a row that the statements of both accounts find.</summary>
internal sealed class SqlitePeer : IDisposable
{
    private const string Schema = """
        CREATE TABLE accounts (account INTEGER PRIMARY KEY, debits INTEGER NOT NULL, credits INTEGER NOT NULL);
        CREATE TABLE transfers (position INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, digest BLOB NOT NULL, debit INTEGER NOT NULL, credit INTEGER NOT NULL, units INTEGER NOT NULL);
        """;

    private const string Indexes = "CREATE INDEX transfers_by_debit ON transfers (debit); CREATE INDEX transfers_by_credit ON transfers (credit);";
    private const long Funds = 1_000_000_000_000;

    // Flushed at each commit as the ledger is; a large cache, and checkpoints seldom enough not to count.
    private static readonly string[] Settings = ["journal_mode=WAL", "synchronous=FULL", "cache_size=-1000000", "wal_autocheckpoint=10000", "temp_store=MEMORY"];

    private readonly string path;
    private readonly SqliteConnection connection;
    private readonly int accounts;
    private long acknowledgedUnits;

    /// <param name="parent">Where the database goes.</param>
    /// <param name="accounts">How many there are.</param>
    /// <param name="hasHistory">False to leave out what statements are read by.</param>
    public SqlitePeer(string parent, int accounts, bool hasHistory)
    {
        this.accounts = accounts;
        path = Path.Combine(parent, "sqlite");
        Delete();
        connection = new($"Data Source={path};Pooling=False");
        connection.Open();
        foreach (var setting in Settings) Execute($"PRAGMA {setting}");
        Execute(Schema + (hasHistory ? Indexes : ""));
        using var transaction = connection.BeginTransaction();
        for (var account = 0; account < accounts; account++) Execute($"INSERT INTO accounts VALUES ({account}, 0, {Funds})");
        transaction.Commit();
    }

    /// <summary>How it is tuned, for the foot of the table.</summary>
    public static string Tuning => string.Join(", ", Settings);

    public Stretch RunBatches(int batch, TimeSpan warmUp, TimeSpan measured)
    {
        using var pay = Prepare("UPDATE accounts SET debits = debits + $units WHERE account = $account AND debits + $units <= credits", "$units", "$account");
        using var receive = Prepare("UPDATE accounts SET credits = credits + $units WHERE account = $account", "$units", "$account");
        using var insert = Prepare("INSERT INTO transfers (id, digest, debit, credit, units) VALUES ($id, $digest, $debit, $credit, $units)", "$id", "$digest", "$debit", "$credit", "$units");
        var workload = new Workload(accounts);
        var clock = new Clock(warmUp, measured);
        while (true)
        {
            var began = Stopwatch.GetTimestamp();
            using (var transaction = connection.BeginTransaction())
            {
                pay.Transaction = receive.Transaction = insert.Transaction = transaction;
                for (var i = 0; i < batch; i++)
                {
                    var movement = workload.Next();
                    if (Run(pay, (long)movement.Units, (long)movement.Debit) != 1 || Run(receive, (long)movement.Units, (long)movement.Credit) != 1)
                        throw new BenchFailedException("SQLite refused a transfer.");
                    Run(insert, ToBytes(movement.Id), ToBytes(movement.Digest), (long)movement.Debit, (long)movement.Credit, (long)movement.Units);
                    acknowledgedUnits += movement.Units;
                }
                transaction.Commit();
            }
            if (!clock.Note(began, batch)) break;
        }
        using var sum = connection.CreateCommand();
        sum.CommandText = "SELECT sum(debits) FROM accounts";
        if (sum.ExecuteScalar() is not long paid || paid != acknowledgedUnits) throw new BenchFailedException("SQLite's accounts did not pay what was acknowledged.");
        return clock.ToStretch();
    }

    public void Dispose()
    {
        connection.Dispose();
        Delete();
    }

    private void Delete()
    {
        foreach (var suffix in new[] { "", "-wal", "-shm" }) File.Delete(path + suffix);
    }

    private void Execute(string text)
    {
        using var command = connection.CreateCommand();
        command.CommandText = text;
        command.ExecuteNonQuery();
    }

    private SqliteCommand Prepare(string text, params string[] parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = text;
        foreach (var name in parameters) command.Parameters.Add(new SqliteParameter { ParameterName = name });
        return command;
    }

    private static int Run(SqliteCommand command, params ReadOnlySpan<object> values)
    {
        for (var i = 0; i < values.Length; i++) command.Parameters[i].Value = values[i];
        return command.ExecuteNonQuery();
    }

    private static byte[] ToBytes(UInt128 value)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, value);
        return bytes;
    }
}
