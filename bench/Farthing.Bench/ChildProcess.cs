using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Farthing.Bench;

/// <summary>A server in a process of its own, on a free loopback port; Dispose ends it.</summary>
internal sealed class ChildProcess : IDisposable
{
    private readonly Process process;
    private readonly StreamWriter log;

    private ChildProcess(Process process, StreamWriter log, int port)
    {
        this.process = process;
        this.log = log;
        Address = new IPEndPoint(IPAddress.Loopback, port);
    }

    public IPEndPoint Address { get; }

    public Uri Url => new($"http://{Address}/");

    /// <summary>Processor time used so far.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    /// <summary>Starts <c>dotnet assembly arguments --port N</c> and waits until <paramref name="readyPath"/> answers, whatever it answers if it is null.</summary>
    public static async Task<ChildProcess> StartAsync(string assembly, IReadOnlyList<string> arguments, string logFile, string? readyPath, IReadOnlyDictionary<string, string> environment)
    {
        var port = FreePort();
        var start = new ProcessStartInfo("dotnet", [assembly, .. arguments, "--port", $"{port}"]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        var log = new StreamWriter(logFile) { AutoFlush = true };
        var child = new ChildProcess(Process.Start(start)!, log, port);
        child.process.OutputDataReceived += (_, line) => child.Log(line.Data);
        child.process.ErrorDataReceived += (_, line) => child.Log(line.Data);
        child.process.BeginOutputReadLine();
        child.process.BeginErrorReadLine();
        try
        {
            await child.WaitUntilReadyAsync(readyPath, logFile);
            return child;
        }
        catch
        {
            child.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        if (!process.HasExited) process.Kill();
        process.WaitForExit();
        process.Dispose();
        lock (log) log.Dispose();
    }

    private async Task WaitUntilReadyAsync(string? readyPath, string logFile)
    {
        using var http = new HttpClient { BaseAddress = Url };
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (await pause.WaitForNextTickAsync(deadline.Token))
        {
            if (process.HasExited) throw new BenchFailedException($"A server ended at once; {logFile} says why.");
            try
            {
                var answer = await http.GetAsync(readyPath ?? "", deadline.Token);
                if (readyPath is null || answer.IsSuccessStatusCode) return;
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }
        }
    }

    private void Log(string? line)
    {
        if (line is null) return;
        lock (log) log.WriteLine(line);
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
