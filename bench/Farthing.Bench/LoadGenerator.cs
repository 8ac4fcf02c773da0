using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Farthing.Bench;

/// <summary>What one stretch of load came to.</summary>
/// <param name="Done">Requests answered as expected within the measured time.</param>
/// <param name="Elapsed">The measured time.</param>
/// <param name="LatenciesMicroseconds">Of those requests, sorted.</param>
/// <param name="DoneInAll">Requests answered as expected, warm-up and the last ones in flight included.</param>
/// <param name="Failed">Requests answered otherwise.</param>
/// <param name="FirstFailure">What the first of those was answered.</param>
internal sealed record LoadResult(int Done, TimeSpan Elapsed, int[] LatenciesMicroseconds, long DoneInAll, long Failed, string? FirstFailure);

/// <summary>Sends requests over several connections, one in flight on each, as fast as they are answered.</summary>
/// <remarks>One thread waits for all sockets with poll(2): a generator that costs little leaves the machine to what is measured.</remarks>
internal sealed partial class LoadGenerator : IDisposable
{
    private readonly List<Connection> connections = [];
    private readonly Func<ResponseReader, bool> isExpected;

    /// <exception cref="BenchFailedException">The target is not of this machine: load is never sent to a stranger.</exception>
    public LoadGenerator(IPEndPoint target, IEnumerable<RequestTemplate> templates, Func<ResponseReader, bool> isExpected)
    {
        if (!IPAddress.IsLoopback(target.Address)) throw new BenchFailedException($"{target} is not a loopback address; load is only sent to this machine.");
        this.isExpected = isExpected;
        foreach (var template in templates) connections.Add(new Connection(target, template));
    }

    public LoadResult Run(TimeSpan warmUp, TimeSpan measured)
    {
        var polled = new PolledSocket[connections.Count];
        for (var i = 0; i < polled.Length; i++) polled[i] = new() { Descriptor = connections[i].Descriptor, Events = PollIn };

        var began = Stopwatch.GetTimestamp();
        var measureFrom = began + ToTicks(warmUp);
        var measureTo = measureFrom + ToTicks(measured);
        var latencies = new List<int>(1 << 18);
        long doneInAll = 0, failed = 0;
        string? firstFailure = null;

        foreach (var connection in connections) connection.Send();
        var inFlight = connections.Count;
        while (inFlight > 0)
        {
            if (Poll(polled, (nuint)polled.Length, PollTimeoutMilliseconds) == 0) throw new BenchFailedException("No answer within thirty seconds.");
            for (var i = 0; i < polled.Length; i++)
            {
                if (polled[i].Returned == 0 || !connections[i].Receive()) continue;

                var now = Stopwatch.GetTimestamp();
                if (isExpected(connections[i].Response))
                {
                    doneInAll++;
                    if (now >= measureFrom && now < measureTo) latencies.Add((int)((now - connections[i].SentAt) * 1_000_000 / Stopwatch.Frequency));
                }
                else
                {
                    failed++;
                    firstFailure ??= $"{connections[i].Response.Status} {Encoding.UTF8.GetString(connections[i].Response.Body)}";
                }

                if (now < measureTo) connections[i].Send();
                else inFlight--;
            }
        }

        latencies.Sort();
        return new(latencies.Count, measured, [.. latencies], doneInAll, failed, firstFailure);
    }

    public void Dispose()
    {
        foreach (var connection in connections) connection.Dispose();
    }

    private static long ToTicks(TimeSpan time) => time.Ticks * Stopwatch.Frequency / TimeSpan.TicksPerSecond;

    private sealed class Connection : IDisposable
    {
        private readonly Socket socket;
        private readonly RequestTemplate template;

        public Connection(IPEndPoint target, RequestTemplate template)
        {
            this.template = template;
            socket = new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            socket.Connect(target);
        }

        public ResponseReader Response { get; } = new();

        public long SentAt { get; private set; }

        public int Descriptor => (int)socket.Handle;

        public void Send()
        {
            Response.Clear();
            var request = template.Next();
            SentAt = Stopwatch.GetTimestamp();
            while (request.Length > 0) request = request[socket.Send(request)..];
        }

        /// <summary>Takes what has arrived.</summary>
        /// <returns>True if the answer is complete.</returns>
        public bool Receive()
        {
            var count = socket.Receive(Response.Free);
            if (count == 0) throw new BenchFailedException("The server closed a connection.");
            return Response.Received(count);
        }

        public void Dispose() => socket.Dispose();
    }

    private const short PollIn = 1;
    private const int PollTimeoutMilliseconds = 30_000;

    [StructLayout(LayoutKind.Sequential)]
    private struct PolledSocket
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int Poll([In, Out] PolledSocket[] sockets, nuint count, int timeoutMilliseconds);
}
