using System.Diagnostics;
using Npgsql;
using NpgsqlTypes;

namespace Farthing.Bench.Ledger;

/// <summary>The same work in PostgreSQL: an id once only, two balances with a check for overdraft, a row that the statements of both accounts find.</summary>
internal sealed class PostgresPeer : IDisposable
{
    // A function, so that a transfer takes one round trip. Rows are locked in the order of accounts, so that no two transfers wait for each other.
    private const string Schema = """
        DROP TABLE IF EXISTS transfers, accounts;
        CREATE TABLE accounts (account int PRIMARY KEY, debits bigint NOT NULL, credits bigint NOT NULL) WITH (fillfactor = 50);
        CREATE TABLE transfers (position bigint GENERATED ALWAYS AS IDENTITY, id uuid PRIMARY KEY, digest uuid NOT NULL, debit int NOT NULL, credit int NOT NULL, units bigint NOT NULL);
        CREATE OR REPLACE FUNCTION transfer(new_id uuid, new_digest uuid, payer int, payee int, amount bigint) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM FROM accounts WHERE account IN (payer, payee) ORDER BY account FOR UPDATE;
            UPDATE accounts SET debits = debits + amount WHERE account = payer AND debits + amount <= credits;
            IF NOT FOUND THEN RAISE EXCEPTION 'insufficient funds'; END IF;
            UPDATE accounts SET credits = credits + amount WHERE account = payee;
            INSERT INTO transfers (id, digest, debit, credit, units) VALUES (new_id, new_digest, payer, payee, amount);
        END $$;
        CREATE OR REPLACE FUNCTION transfer_all(ids uuid[], digests uuid[], payers int[], payees int[], amounts bigint[]) RETURNS void LANGUAGE plpgsql AS $$
        DECLARE
            touched int;
            expected int;
        BEGIN
            WITH moved AS (
                SELECT account, sum(outgoing) AS outgoing, sum(incoming) AS incoming
                FROM (SELECT payer AS account, amount AS outgoing, 0 AS incoming FROM unnest(payers, amounts) AS one (payer, amount)
                      UNION ALL SELECT payee, 0, amount FROM unnest(payees, amounts) AS one (payee, amount)) AS sides
                GROUP BY account),
            updated AS (
                UPDATE accounts SET debits = debits + outgoing, credits = credits + incoming
                FROM moved WHERE accounts.account = moved.account AND debits + outgoing <= credits + incoming
                RETURNING 1)
            SELECT (SELECT count(*) FROM updated), (SELECT count(*) FROM moved) INTO touched, expected;
            IF touched <> expected THEN RAISE EXCEPTION 'insufficient funds'; END IF;
            INSERT INTO transfers (id, digest, debit, credit, units) SELECT * FROM unnest(ids, digests, payers, payees, amounts);
        END $$;
        """;

    private const string Indexes = "CREATE INDEX ON transfers (debit, position); CREATE INDEX ON transfers (credit, position)";
    private const long Funds = 1_000_000_000_000;

    private readonly PostgresServer server;
    private readonly int accounts;
    private long acknowledgedUnits;

    /// <param name="server">Its tables are made anew.</param>
    /// <param name="accounts">How many there are.</param>
    /// <param name="hasHistory">False to leave out what statements are read by.</param>
    public PostgresPeer(PostgresServer server, int accounts, bool hasHistory)
    {
        this.server = server;
        this.accounts = accounts;
        using var connection = server.Connect();
        Execute(connection, Schema);
        if (hasHistory) Execute(connection, Indexes);
        Execute(connection, $"INSERT INTO accounts SELECT account, 0, {Funds} FROM generate_series(0, {accounts - 1}) AS account; VACUUM ANALYZE accounts; CHECKPOINT");
    }

    /// <summary>One transfer in each transaction.</summary>
    public async Task<Stretch> RunSinglesAsync(int connections, Pairing pairing, TimeSpan warmUp, TimeSpan measured)
    {
        var clock = new Clock(warmUp, measured);
        await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => Task.Run(async () =>
        {
            var workload = new Workload(accounts, pairing);
            await using var connection = server.Connect();
            await using var command = Prepare<Guid, int, long>(connection, "SELECT transfer($1, $2, $3, $4, $5)");
            while (true)
            {
                var movement = workload.Next();
                var began = Stopwatch.GetTimestamp();
                Set(command, 0, ToGuid(movement.Id));
                Set(command, 1, ToGuid(movement.Digest));
                Set(command, 2, movement.Debit);
                Set(command, 3, movement.Credit);
                Set(command, 4, (long)movement.Units);
                await command.ExecuteNonQueryAsync();
                Interlocked.Add(ref acknowledgedUnits, movement.Units);
                if (!clock.Note(began, 1)) return;
            }
        })));
        CheckMoney();
        return clock.ToStretch() with { ProcessorTime = null };
    }

    /// <summary>Many transfers in each transaction, as sets; one connection, as each batch touches most accounts.</summary>
    public Stretch RunBatches(int batch, TimeSpan warmUp, TimeSpan measured)
    {
        var workload = new Workload(accounts);
        using var connection = server.Connect();
        using var command = Prepare<Guid[], int[], long[]>(connection, "SELECT transfer_all($1, $2, $3, $4, $5)");
        var clock = new Clock(warmUp, measured);
        while (true)
        {
            var movements = Enumerable.Range(0, batch).Select(_ => workload.Next()).ToArray();
            var began = Stopwatch.GetTimestamp();
            Set(command, 0, Array.ConvertAll(movements, movement => ToGuid(movement.Id)));
            Set(command, 1, Array.ConvertAll(movements, movement => ToGuid(movement.Digest)));
            Set(command, 2, Array.ConvertAll(movements, movement => movement.Debit));
            Set(command, 3, Array.ConvertAll(movements, movement => movement.Credit));
            Set(command, 4, Array.ConvertAll(movements, movement => (long)movement.Units));
            command.ExecuteNonQuery();
            acknowledgedUnits += movements.Sum(movement => movement.Units);
            if (!clock.Note(began, batch)) break;
        }
        CheckMoney();
        return clock.ToStretch() with { ProcessorTime = null };
    }

    public void Dispose()
    {
        using var connection = server.Connect();
        Execute(connection, "DROP TABLE transfers, accounts");
    }

    private void CheckMoney()
    {
        using var connection = server.Connect();
        using var command = new NpgsqlCommand("SELECT (SELECT sum(debits) FROM accounts)::bigint", connection);
        if (command.ExecuteScalar() is not long paid || paid != acknowledgedUnits)
            throw new BenchFailedException("PostgreSQL's accounts did not pay what was acknowledged.");
    }

    private static NpgsqlCommand Prepare<TId, TAccount, TUnits>(NpgsqlConnection connection, string text)
    {
        var array = typeof(TId).IsArray ? NpgsqlDbType.Array : 0;
        var command = new NpgsqlCommand(text, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<TId> { NpgsqlDbType = NpgsqlDbType.Uuid | array },
                new NpgsqlParameter<TId> { NpgsqlDbType = NpgsqlDbType.Uuid | array },
                new NpgsqlParameter<TAccount> { NpgsqlDbType = NpgsqlDbType.Integer | array },
                new NpgsqlParameter<TAccount> { NpgsqlDbType = NpgsqlDbType.Integer | array },
                new NpgsqlParameter<TUnits> { NpgsqlDbType = NpgsqlDbType.Bigint | array },
            },
        };
        command.Prepare();
        return command;
    }

    private static void Set<T>(NpgsqlCommand command, int index, T value) => ((NpgsqlParameter<T>)command.Parameters[index]).TypedValue = value;

    private static Guid ToGuid(UInt128 value)
    {
        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, value);
        return new(bytes, bigEndian: true);
    }

    private static void Execute(NpgsqlConnection connection, string text)
    {
        foreach (var statement in text.Contains("$$", StringComparison.Ordinal) ? [text] : text.Split(';'))
        {
            using var command = new NpgsqlCommand(statement, connection);
            command.ExecuteNonQuery();
        }
    }
}
