using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Npgsql;

namespace Farthing.Bench.Ledger;

/// <summary>A PostgreSQL server of our own: in a directory of its own, on a free loopback port, as its own user. Dispose stops it and removes its data.</summary>
internal sealed partial class PostgresServer : IDisposable
{
    private const string Programs = "/usr/lib/postgresql";
    private const string Owner = "postgres";
    private const int FastShutdown = 2;
    private static readonly TimeSpan StartsWithin = TimeSpan.FromSeconds(60);

    // Flushed as the ledger is; with memory, log space and checkpoints as somebody who knows the load would set them.
    private static readonly string[] Settings =
    [
        "fsync=on", "synchronous_commit=on", "full_page_writes=on", "shared_buffers=1GB", "wal_buffers=64MB", "max_wal_size=16GB", "checkpoint_timeout=30min",
        "wal_level=minimal", "max_wal_senders=0", "jit=off", "max_connections=20",
    ];

    private readonly string directory;
    private readonly int port;
    private readonly Thread keeper;
    private Process? process;

    private PostgresServer(string directory, int port, string programs)
    {
        this.directory = directory;
        this.port = port;
        // The server is told to stop when the thread that started it ends, so that it never outlives us: that thread waits for it.
        using var started = new ManualResetEventSlim();
        keeper = new Thread(() =>
        {
            string[] arguments = [Path.Combine(programs, "postgres"), "-D", directory, "-h", "127.0.0.1", "-p", $"{port}", "-c", "unix_socket_directories=", .. Settings.SelectMany(setting => new[] { "-c", setting })];
            process = StartAsOwner(arguments);
            started.Set();
            process.WaitForExit();
        });
        keeper.Start();
        started.Wait();
    }

    /// <summary>How it is tuned, for the foot of the table.</summary>
    public static string Tuning => string.Join(", ", Settings);

    /// <summary>Initialises and starts a server. Null, and why in words, if this machine has none.</summary>
    public static (PostgresServer? Server, string Note) Start()
    {
        var programs = Directory.Exists(Programs)
            ? Directory.EnumerateDirectories(Programs).Select(version => Path.Combine(version, "bin")).Where(path => File.Exists(Path.Combine(path, "postgres"))).Order().LastOrDefault()
            : null;
        if (programs is null) return (null, $"PostgreSQL was not measured: there is none in {Programs}.");

        // Its own user cannot go into everybody's directories.
        var directory = Path.Combine("/var/tmp", $"farthing-bench-postgres-{Environment.ProcessId}");
        Directory.CreateDirectory(directory);
        if (Environment.IsPrivilegedProcess) Run("chown", Owner, directory);
        using (var made = StartAsOwner([Path.Combine(programs, "initdb"), "-D", directory, "-U", "bench", "--auth=trust", "--no-sync", "--no-locale", "--encoding=UTF8"]))
        {
            made.WaitForExit();
            if (made.ExitCode != 0) throw new BenchFailedException($"initdb failed: {made.StandardError.ReadToEnd()}");
        }
        var server = new PostgresServer(directory, FreePort(), programs);
        server.WaitUntilReady();
        using var connection = server.Connect();
        using var version = new NpgsqlCommand("SHOW server_version", connection);
        return (server, $"PostgreSQL {version.ExecuteScalar()} in {directory}: {Tuning}.");
    }

    /// <summary>An open connection.</summary>
    public NpgsqlConnection Connect()
    {
        var connection = new NpgsqlConnection($"Host=127.0.0.1;Port={port};Username=bench;Database=postgres;SSL Mode=Disable;Pooling=false;Command Timeout=120");
        connection.Open();
        return connection;
    }

    public void Dispose()
    {
        if (process is { HasExited: false } running) _ = Kill(running.Id, FastShutdown);
        keeper.Join();
        process?.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    private void WaitUntilReady()
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                Connect().Dispose();
                return;
            }
            catch (NpgsqlException) when (Stopwatch.GetElapsedTime(began) < StartsWithin && process is { HasExited: false })
            {
                Thread.Yield();
            }
            catch (NpgsqlException error)
            {
                Dispose();
                throw new BenchFailedException($"PostgreSQL does not start: {error.Message}");
            }
        }
    }

    // The system's superuser may not run it.
    private static Process StartAsOwner(string[] command)
    {
        string[] asOwner = Environment.IsPrivilegedProcess ? ["--reuid", Owner, "--regid", Owner, "--clear-groups"] : [];
        var start = new ProcessStartInfo("setpriv", ["--pdeathsig", "INT", .. asOwner, .. command]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = "/" };
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        return process;
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        if (process.ExitCode != 0) throw new BenchFailedException($"{program} {string.Join(' ', arguments)} failed.");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
