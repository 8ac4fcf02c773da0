using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Farthing.Payments.Webhooks;
using Farthing.Protocol.Webhooks;

namespace Farthing.Server.Webhooks;

/// <summary>Finds the addresses of a host's name.</summary>
/// <exception cref="SocketException">There are none, or nobody can say.</exception>
internal delegate Task<IPAddress[]> FindAddresses(string host, CancellationToken stop);

/// <summary>Sends events over HTTP, to addresses that strangers choose.</summary>
/// <remarks>
/// Thread-safe. A host's name is resolved for each connection, every address is held against <see cref="AddressRules"/>, and the connection is made to the very address that was checked:
/// a name that changes its mind in between gains nothing. Redirects are not followed, no proxy of the environment is used, and nothing of an answer but its status and
/// Retry-After is read.
/// </remarks>
internal sealed class WebhookCourier : IWebhookCourier, IDisposable
{
    // A name with more addresses than this has enough of them that work.
    private const int MaxAddresses = 4;
    private const int MaxHeaderKilobytes = 16;
    private const int MaxDrainBytes = 16 * 1024;

    private static readonly TimeSpan TimeToConnect = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan TimeToDrain = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(2);

    private readonly HttpClient http;
    private readonly FindAddresses findAddresses;
    private readonly bool allowsPrivate;
    private readonly TimeSpan timeToAnswer;
    private readonly TimeProvider time;

    /// <param name="allowsPrivate">True if loopback and private addresses, and http, are allowed.</param>
    /// <param name="timeToAnswer">How long an attempt may take from the look-up of the name to the head of the answer.</param>
    /// <param name="time">The clock that this is counted by.</param>
    /// <param name="findAddresses">Resolves names; the system's resolver by default.</param>
    public WebhookCourier(bool allowsPrivate, TimeSpan timeToAnswer, TimeProvider time, FindAddresses? findAddresses = null)
    {
        this.allowsPrivate = allowsPrivate;
        this.timeToAnswer = timeToAnswer;
        this.time = time;
        this.findAddresses = findAddresses ?? Dns.GetHostAddressesAsync;
        http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ActivityHeadersPropagator = null,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectCallback = ConnectAsync,
            ConnectTimeout = TimeToConnect,
            MaxResponseHeadersLength = MaxHeaderKilobytes,
            MaxResponseDrainSize = MaxDrainBytes,
            ResponseDrainTimeout = TimeToDrain,
            PooledConnectionLifetime = ConnectionLifetime,
            SslOptions = new SslClientAuthenticationOptions { EnabledSslProtocols = SslProtocols.None },
        })
        {
            // Counted below, by our own clock.
            Timeout = Timeout.InfiniteTimeSpan,
            DefaultRequestVersion = HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("Farthing", null));
    }

    /// <inheritdoc/>
    public async ValueTask<string?> FindObstacleAsync(Uri url, CancellationToken stop)
    {
        if (url.Scheme != Uri.UriSchemeHttps && !allowsPrivate) return "Webhooks are sent to https only.";
        if (allowsPrivate) return null;
        try
        {
            var found = await FindAsync(url.IdnHost, stop);
            return found.Length == 0 || found.Any(AddressRules.IsPublic) ? null : Refused;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ArgumentException)
        {
            // A name may be made known later; each connection asks again.
            return null;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<WebhookReply> CarryAsync(WebhookAttempt attempt, CancellationToken stop)
    {
        if (attempt.Url.Scheme != Uri.UriSchemeHttps && !allowsPrivate) return new(null, "Webhooks are sent to https only.");
        using var deadline = new CancellationTokenSource(timeToAnswer, time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, stop);
        try
        {
            using var request = RequestFor(attempt);
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, end.Token);
            var status = (int)response.StatusCode;
            var retryAfter = response.Headers.RetryAfter is { } asked ? asked.Delta ?? asked.Date - attempt.At : null;
            return status switch
            {
                >= 200 and <= 299 => new(status, null),
                >= 300 and <= 399 => new(status, $"The answer was {status}; redirects are not followed. Change the webhook's url.", retryAfter),
                _ => new(status, $"The answer was {status}.", retryAfter),
            };
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return new(null, deadline.IsCancellationRequested ? $"There was no answer within {(int)timeToAnswer.TotalSeconds} seconds." : "No connection could be made in time.");
        }
        catch (HttpRequestException e)
        {
            return new(null, e.InnerException is AddressRefusedException ? Refused : ProblemOf(e.HttpRequestError));
        }
    }

    public void Dispose() => http.Dispose();

    private const string Refused = "The host's addresses are loopback, private or otherwise special; this server sends to public ones only.";

    private static HttpRequestMessage RequestFor(WebhookAttempt attempt)
    {
        var body = WebhookBody.Write(attempt.Event);
        var id = attempt.Event.Id.ToString();
        var seconds = attempt.At.ToUnixTimeSeconds();
        var request = new HttpRequestMessage(HttpMethod.Post, attempt.Url) { Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } } };
        request.Headers.Add(WebhookVerifier.IdHeader, id);
        request.Headers.Add(WebhookVerifier.TimestampHeader, seconds.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add(WebhookVerifier.SignatureHeader, string.Join(' ', attempt.Secrets.Select(secret => WebhookVerifier.Sign(secret, id, seconds, body))));
        return request;
    }

    // Whose certificate is not good, or who closes the door, is for the owner to know; what exactly failed in which library is not.
    private static string ProblemOf(HttpRequestError error) => error switch
    {
        HttpRequestError.NameResolutionError => "The host's name has no address.",
        HttpRequestError.ConnectionError => "No connection could be made.",
        HttpRequestError.SecureConnectionError => "The secure connection failed: look at the host's certificate.",
        HttpRequestError.ConfigurationLimitExceeded => "The head of the answer was too long.",
        HttpRequestError.InvalidResponse or HttpRequestError.ResponseEnded => "The answer was not one of HTTP.",
        _ => "The connection broke.",
    };

    private async Task<IPAddress[]> FindAsync(string host, CancellationToken stop) => IPAddress.TryParse(host.Trim('[', ']'), out var address) ? [address] : await findAddresses(host, stop);

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken stop)
    {
        var found = await FindAsync(context.DnsEndPoint.Host, stop);
        var allowed = allowsPrivate ? found : Array.FindAll(found, AddressRules.IsPublic);
        if (allowed.Length == 0) throw found.Length == 0 ? new SocketException((int)SocketError.HostNotFound) : new AddressRefusedException();
        SocketException? last = null;
        foreach (var address in allowed.Take(MaxAddresses))
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(new IPEndPoint(address, context.DnsEndPoint.Port), stop);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException e)
            {
                socket.Dispose();
                last = e;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        throw last!;
    }

    private sealed class AddressRefusedException() : IOException(Refused);
}
