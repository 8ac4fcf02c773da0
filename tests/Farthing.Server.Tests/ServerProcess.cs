using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Farthing.Server.Tests.Rest;

namespace Farthing.Server.Tests;

/// <summary>The built server as a process of its own, on a free port of 127.0.0.1, with a data directory that is removed afterwards.</summary>
public sealed class ServerProcess : IAsyncDisposable
{
    public const string OperatorKey = "operator-key-of-the-tests";

    /// <summary>In place of an argument: the server is started without an operator's key in its environment.</summary>
    public const string WithoutOperatorKey = "(without an operator's key)";

    private const string AddressMark = "Farthing takes payments at ";
    private const int SigTerm = 15;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly string[] arguments;
    private readonly string[] starter;
    private readonly TemporaryDirectory? ownData;
    private Process process;
    private StringBuilder output;

    private ServerProcess(string? data, string[] arguments, params string[] starter)
    {
        ownData = data is null ? new TemporaryDirectory() : null;
        Data = data ?? ownData!.Path;
        this.arguments = arguments;
        this.starter = starter;
        process = null!;
        output = null!;
        Address = null!;
    }

    /// <summary>Where it listens; another port after a restart.</summary>
    public Uri Address { get; private set; }

    public string Data { get; }

    public int ProcessId => process.Id;

    /// <summary>Everything it printed so far, errors included.</summary>
    public string Output
    {
        get { lock (output) return output.ToString(); }
    }

    /// <summary>Waits until it has printed something: what a process writes is read beside what it answers, and may be read later.</summary>
    public async Task UntilPrintedAsync(string text)
    {
        try
        {
            await Eventually.TrueAsync(() => Task.FromResult(Output.Contains(text, StringComparison.Ordinal)));
        }
        catch (OperationCanceledException)
        {
            Assert.Contains(text, Output, StringComparison.Ordinal);
        }
    }

    /// <summary>Starts a server and waits until it takes work.</summary>
    /// <param name="data">Its data directory; a new one, removed afterwards, if null.</param>
    /// <param name="arguments">More of its command line.</param>
    public static Task<ServerProcess> StartAsync(string? data = null, params string[] arguments) => StartAsync(new ServerProcess(data, arguments));

    /// <summary>Starts a server by way of a command that becomes it, such as <c>unshare</c> or <c>strace -D</c>.</summary>
    /// <param name="starter">The command, to which the server's own is added.</param>
    /// <param name="data">Its data directory.</param>
    public static Task<ServerProcess> StartByAsync(string[] starter, string data) => StartAsync(new ServerProcess(data, [], starter));

    private static async Task<ServerProcess> StartAsync(ServerProcess server)
    {
        try
        {
            await server.StartAgainAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a server that is expected to end by itself.</summary>
    public static async Task<(int ExitCode, string Output)> RunToItsEndAsync(string data, params string[] arguments)
    {
        var server = new ServerProcess(data, arguments);
        server.Launch();
        try
        {
            return (await server.WaitForExitAsync(), server.Output);
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    /// <summary>Starts it again on the same data, after it ended.</summary>
    public async Task StartAgainAsync()
    {
        var address = Launch();
        using var http = new HttpClient();
        try
        {
            Address = new Uri(await address.Task.WaitAsync(Patience));
            using var ready = await http.GetAsync(new Uri(Address, "/health/ready"));
            ready.EnsureSuccessStatusCode();
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"The server did not start. It printed:\n{Output}", e);
        }
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await WaitForExitAsync();
    }

    /// <summary>SIGTERM.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> TerminateAsync()
    {
        Terminate();
        return await WaitForExitAsync();
    }

    /// <summary>Sends SIGTERM, and does not wait.</summary>
    public void Terminate() => Assert.Equal(0, SendSignal(process.Id, SigTerm));

    public async Task<int> WaitForExitAsync()
    {
        using var deadline = new CancellationTokenSource(Patience);
        await process.WaitForExitAsync(deadline.Token);
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (process is { HasExited: false }) await KillAsync();
            process?.Dispose();
        }
        finally
        {
            ownData?.Dispose();
        }
    }

    // The source that is returned gets the address once the server has printed it, or fails if it ends before.
    private TaskCompletionSource<string> Launch()
    {
        var address = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var printed = output = new StringBuilder();
        process?.Dispose();
        string[] command = [.. starter, "dotnet", Assembly, "--port", "0", "--data", Data, .. arguments.Where(argument => argument != WithoutOperatorKey && !IsVariable(argument))];
        process = new Process
        {
            EnableRaisingEvents = true,
            StartInfo = new ProcessStartInfo(command[0], command[1..])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = Path.GetTempPath(),
            },
        };
        // One percent, so that a reader of the tests sees the fee at once.
        process.StartInfo.Environment["FARTHING_FEE_BASIS_POINTS"] = "100";
        process.StartInfo.Environment["FARTHING_BANK_FILE_IBAN"] = "DE89 3704 0044 0532 0130 00";
        process.StartInfo.Environment["FARTHING_BANK_FILE_NAME"] = "The operator";
        foreach (var variable in arguments.Where(IsVariable)) process.StartInfo.Environment[variable[..variable.IndexOf('=')]] = variable[(variable.IndexOf('=') + 1)..];
        process.StartInfo.Environment.Remove("FARTHING_OPERATOR_KEY");
        if (!arguments.Contains(WithoutOperatorKey)) process.StartInfo.Environment["FARTHING_OPERATOR_KEY"] = OperatorKey;
        process.OutputDataReceived += (_, line) => Read(line.Data);
        process.ErrorDataReceived += (_, line) => Read(line.Data);
        process.Exited += (_, _) => address.TrySetException(new InvalidOperationException("The server ended."));
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return address;

        void Read(string? line)
        {
            if (line is null) return;
            lock (printed) printed.AppendLine(line);
            var mark = line.IndexOf(AddressMark, StringComparison.Ordinal);
            if (mark >= 0) address.TrySetResult(line[(mark + AddressMark.Length)..].Split(' ')[0]);
        }
    }

    // In place of an argument: a variable of the environment.
    private static bool IsVariable(string argument) => Array.Exists(["FARTHING_", "ASPNETCORE_", "Kestrel__"], prefix => argument.StartsWith(prefix, StringComparison.Ordinal));

    // artifacts/bin/PROJECT/CONFIGURATION/: the server's build stands beside the tests'.
    private static string Assembly
    {
        get
        {
            var here = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/'));
            return Path.Combine(here.Parent!.Parent!.FullName, "Farthing.Server", here.Name, "Farthing.Server.dll");
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int SendSignal(int process, int signal);
}
