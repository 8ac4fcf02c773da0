using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Farthing.Payments.Webhooks;
using Farthing.Protocol;
using Farthing.Server.Webhooks;

namespace Farthing.Payments.Tests.Webhooks;

/// <summary>What strangers' servers may do to the sender, and where it never sends.</summary>
public class WebhookCourierTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(500);

    private const string OutOfTime = "seconds";
    private const string NotFollowed = "redirects are not followed";

    [Theory]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n", 204, null)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, null)]
    [InlineData("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", 500, "The answer was 500.")]
    [InlineData("HTTP/1.1 304 Not Modified\r\n\r\n", 304, NotFollowed)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\nnever all of it", 200, null)]
    [InlineData("SSH-2.0-OpenSSH_9\r\n", null, "not one of HTTP")]
    [InlineData("HTTP/1.1 2", null, OutOfTime)]
    [InlineData("", null, OutOfTime)]
    public async Task An_answer_is_its_status_and_nothing_else(string answer, int? status, string? problem)
    {
        await using var receiver = HostileReceiver.Saying(answer);
        using var courier = Courier(problem == OutOfTime ? Short : Patience);
        var reply = await CarryAsync(courier, receiver.Url);
        Assert.Equal(status, reply.Status);
        Assert.Equal(status is >= 200 and <= 299, reply.IsTaken);
        if (problem is null) Assert.Null(reply.Problem);
        else Assert.Contains(problem, reply.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n", "X-More: and more\r\n", null)]
    [InlineData("", "HTTP/1.1 100 Continue\r\n\r\n", null)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "5\r\nhello\r\n", 200)]
    [InlineData("HTTP/1.1 500 Oops\r\nContent-Encoding: gzip\r\n\r\n", "zipped and zipped again", 500)]
    public async Task An_answer_without_end_is_given_up_soon(string first, string forEver, int? status)
    {
        await using var receiver = HostileReceiver.Repeating(first, forEver);
        using var courier = Courier(status is null ? Short : Patience);
        Assert.Equal(status, (await CarryAsync(courier, receiver.Url)).Status);
    }

    [Fact]
    public async Task A_redirect_is_not_followed_wherever_it_leads()
    {
        await using var inside = HostileReceiver.Saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        foreach (var status in new[] { 301, 302, 303, 307, 308 })
        {
            await using var receiver = HostileReceiver.Saying($"HTTP/1.1 {status} Over There\r\nLocation: {inside.Url}\r\nContent-Length: 0\r\n\r\n");
            using var courier = Courier(Patience);
            var reply = await CarryAsync(courier, receiver.Url);
            Assert.Equal((status, false), (reply.Status, reply.IsTaken));
        }

        Assert.Equal(0, inside.Connections);
    }

    [Fact]
    public async Task A_server_that_asks_for_time_is_heard()
    {
        await using var seconds = HostileReceiver.Saying("HTTP/1.1 429 Slow Down\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n");
        await using var nonsense = HostileReceiver.Saying("HTTP/1.1 503 Busy\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n");
        using var courier = Courier(Patience);
        Assert.Equal(TimeSpan.FromMinutes(2), (await CarryAsync(courier, seconds.Url)).RetryAfter);
        Assert.Null((await CarryAsync(courier, nonsense.Url)).RetryAfter);
    }

    [Fact]
    public async Task A_name_that_leads_inside_is_refused_at_each_connection_and_nothing_is_sent()
    {
        await using var inside = HostileReceiver.Saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        var looks = 0;
        // First it leads outside, as long as somebody checks it; then inside.
        Task<IPAddress[]> FindAsync(string host, CancellationToken stop) =>
            Task.FromResult<IPAddress[]>(Interlocked.Increment(ref looks) == 1 ? [IPAddress.Parse("1.1.1.1")] : [IPAddress.Loopback, IPAddress.IPv6Loopback, IPAddress.Parse("::ffff:127.0.0.1")]);
        using var courier = new WebhookCourier(allowsPrivate: false, Patience, TimeProvider.System, FindAsync);
        var url = new Uri($"https://rebind.example:{inside.Port}/hook");
        Assert.Null(await courier.FindObstacleAsync(url, TestContext.Current.CancellationToken));
        var reply = await CarryAsync(courier, url);
        Assert.False(reply.IsTaken);
        Assert.Contains("public ones only", reply.Problem, StringComparison.Ordinal);
        Assert.Contains("public ones only", await courier.FindObstacleAsync(url, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal((0, 3), (inside.Connections, looks));
    }

    [Theory]
    [InlineData("https://127.0.0.1/")]
    [InlineData("https://2130706433/")]
    [InlineData("https://0x7f.1/")]
    [InlineData("https://0177.0.0.1/")]
    [InlineData("https://[::1]/")]
    [InlineData("https://[::ffff:10.0.0.1]/")]
    [InlineData("https://[64:ff9b::a00:1]/")]
    [InlineData("https://169.254.169.254/latest/meta-data/")]
    [InlineData("https://localhost/")]
    [InlineData("http://1.1.1.1/")]
    public async Task An_address_inside_is_refused_however_it_is_written(string url)
    {
        using var courier = new WebhookCourier(allowsPrivate: false, Patience, TimeProvider.System);
        Assert.NotNull(await courier.FindObstacleAsync(new Uri(url), TestContext.Current.CancellationToken));
        Assert.False((await CarryAsync(courier, new Uri(url))).IsTaken);
    }

    [Fact]
    public async Task A_name_that_nobody_knows_yet_is_no_obstacle_but_takes_nothing()
    {
        using var courier = new WebhookCourier(allowsPrivate: false, Patience, TimeProvider.System, (_, _) => throw new System.Net.Sockets.SocketException((int)System.Net.Sockets.SocketError.HostNotFound));
        Assert.Null(await courier.FindObstacleAsync(new Uri("https://later.example/"), TestContext.Current.CancellationToken));
        Assert.Equal(new WebhookReply(null, "The host's name has no address."), await CarryAsync(courier, new Uri("https://later.example/")));
    }

    [Fact]
    public async Task A_certificate_that_nobody_vouches_for_is_not_trusted()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        await using var receiver = new HostileReceiver((stream, _) => Task.CompletedTask);
        await using var secure = new SecureReceiver(certificate);
        using var courier = Courier(Patience);
        var reply = await CarryAsync(courier, new Uri($"https://127.0.0.1:{secure.Port}/"));
        Assert.Equal(new WebhookReply(null, "The secure connection failed: look at the host's certificate."), reply);
    }

    private static WebhookCourier Courier(TimeSpan timeToAnswer) => new(allowsPrivate: true, timeToAnswer, TimeProvider.System);

    private static async Task<WebhookReply> CarryAsync(WebhookCourier courier, Uri url)
    {
        var told = new WebhookEvent { Id = new(1), Type = "payout.sent", At = TestSystem.Start, Subject = "pyo_1", Sequence = 1, Payee = new(2), Data = """{"status":"sent"}""" };
        return await courier.CarryAsync(new WebhookAttempt(url, told, TestSystem.Start, [new byte[32]]), TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience, TestContext.Current.CancellationToken);
    }

    /// <summary>Takes one connection of TLS.</summary>
    private sealed class SecureReceiver : IAsyncDisposable
    {
        private readonly System.Net.Sockets.TcpListener listener = new(IPAddress.Loopback, 0);
        private readonly Task accepting;

        public SecureReceiver(X509Certificate2 certificate)
        {
            listener.Start();
            accepting = AcceptAsync(certificate);
        }

        public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

        public async ValueTask DisposeAsync()
        {
            listener.Stop();
            await accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        private async Task AcceptAsync(X509Certificate2 certificate)
        {
            using var client = await listener.AcceptTcpClientAsync();
            await using var stream = new SslStream(client.GetStream());
            await stream.AuthenticateAsServerAsync(certificate);
        }
    }
}
