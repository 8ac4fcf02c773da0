using System.Diagnostics;
using System.Net;
using System.Text;

namespace Farthing.Server.Tests;

/// <summary>The first of the two commands: <c>./run</c>, as a new user starts it, on what <c>./test</c> has built.</summary>
[Collection(typeof(Alone))]
public sealed class RunScriptTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    [Fact]
    public async Task Run_starts_server_and_sample_site_stops_on_SIGTERM_and_starts_again_without_a_build()
    {
        using var data = new TemporaryDirectory();
        using ReservedPort port = new(), samplePort = new();
        for (var start = 1; start <= 2; start++)
        {
            using var run = Run.Start("--port", $"{port.Number}", "--sample-port", $"{samplePort.Number}", "--data", data.Path);
            await run.UntilPrintedAsync("Ctrl+C stops.");
            using var http = new HttpClient();
            Assert.Equal(HttpStatusCode.OK, await StatusOfAsync(http, $"http://127.0.0.1:{port.Number}/health/ready"));
            Assert.Equal(HttpStatusCode.OK, await StatusOfAsync(http, $"http://localhost:{samplePort.Number}/"));
            Assert.Contains($"http://localhost:{samplePort.Number}", run.Output, StringComparison.Ordinal);
            // The server prints beside the script, and may have the key still to print when it is found to answer.
            if (start == 1) await run.UntilPrintedAsync("fk_op_");
            Assert.Equal(0, await run.TerminateAsync());
            if (start == 1) continue;
            Assert.DoesNotContain("fk_op_", run.Output, StringComparison.Ordinal);
            Assert.DoesNotContain("Building", run.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Run_without_the_sample_starts_the_server_alone()
    {
        using var data = new TemporaryDirectory();
        using var port = new ReservedPort();
        using var run = Run.Start("--no-sample", "--port", $"{port.Number}", "--data", data.Path);
        await run.UntilPrintedAsync("Ctrl+C stops.");
        using var http = new HttpClient();
        Assert.Equal(HttpStatusCode.OK, await StatusOfAsync(http, $"http://127.0.0.1:{port.Number}/health/ready"));
        Assert.DoesNotContain("sample site", run.Output, StringComparison.Ordinal);
        Assert.Equal(0, await run.TerminateAsync());
    }

    private static async Task<HttpStatusCode> StatusOfAsync(HttpClient http, string address)
    {
        using var answer = await http.GetAsync(new Uri(address));
        return answer.StatusCode;
    }

    /// <summary>The script as a process; ended with all it started if a test leaves it running.</summary>
    private sealed class Run : IDisposable
    {
        private readonly Process process;
        private readonly StringBuilder output = new();
        private readonly SemaphoreSlim printed = new(0);

        private Run(Process process)
        {
            this.process = process;
            process.OutputDataReceived += (_, line) => Add(line.Data);
            process.ErrorDataReceived += (_, line) => Add(line.Data);
            process.Start();
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
        }

        public string Output
        {
            get { lock (output) return output.ToString(); }
        }

        public static Run Start(params string[] arguments)
        {
            var start = new ProcessStartInfo("bash", [Path.Combine(Root(), "run"), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
            start.Environment.Remove("FARTHING_OPERATOR_KEY");
            return new Run(new Process { StartInfo = start });
        }

        public async Task UntilPrintedAsync(string text)
        {
            using var deadline = new CancellationTokenSource(Patience);
            try
            {
                while (!Output.Contains(text, StringComparison.Ordinal))
                {
                    if (process.HasExited) throw new InvalidOperationException("It ended.");
                    await printed.WaitAsync(deadline.Token);
                }
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"./run did not print '{text}'. It printed:\n{Output}", e);
            }
        }

        public async Task<int> TerminateAsync()
        {
            using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
            using var deadline = new CancellationTokenSource(Patience);
            await process.WaitForExitAsync(deadline.Token);
            return process.ExitCode;
        }

        public void Dispose()
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
            process.Dispose();
            printed.Dispose();
        }

        private void Add(string? line)
        {
            if (line is null) return;
            lock (output) output.AppendLine(line);
            printed.Release();
        }

        private static string Root()
        {
            var directory = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(directory.FullName, "Farthing.slnx"))) directory = directory.Parent!;
            return directory.FullName;
        }
    }
}
