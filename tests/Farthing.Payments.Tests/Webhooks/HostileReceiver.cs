using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Farthing.Payments.Tests.Webhooks;

/// <summary>A server on loopback that reads what it is sent and then does what a test says, connection by connection.</summary>
internal sealed class HostileReceiver : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly Func<NetworkStream, CancellationToken, Task> answer;
    private readonly Task accepting;
    private int connections;

    public HostileReceiver(Func<NetworkStream, CancellationToken, Task> answer)
    {
        this.answer = answer;
        listener.Start();
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public Uri Url => new($"http://127.0.0.1:{Port}/hook");

    public int Connections => Volatile.Read(ref connections);

    /// <summary>Says something, and nothing more.</summary>
    public static HostileReceiver Saying(string text) => new((stream, stop) => stream.WriteAsync(Encoding.ASCII.GetBytes(text), stop).AsTask());

    /// <summary>Says something for ever after something else.</summary>
    public static HostileReceiver Repeating(string first, string forEver) => new(async (stream, stop) =>
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes(first), stop);
        var more = Encoding.ASCII.GetBytes(forEver);
        while (true) await stream.WriteAsync(more, stop);
    });

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            var client = await listener.AcceptTcpClientAsync(stop.Token);
            Interlocked.Increment(ref connections);
            _ = AnswerAsync(client);
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                await stream.ReadAtLeastAsync(new byte[64], 64, throwOnEndOfStream: false, stop.Token);
                await answer(stream, stop.Token);
                // Until the other side has had enough.
                var rest = new byte[4096];
                while (await stream.ReadAsync(rest, stop.Token) > 0)
                {
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
            {
                // The other side has gone, or all ends.
            }
        }
    }
}
