using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Farthing.Server.Tests.Rest;

/// <summary>What a receiver was sent.</summary>
internal sealed record Received(string Id, string Timestamp, string Signature, string? ContentType, string Text)
{
    public JsonNode Json => JsonNode.Parse(Text)!;

    public string Type => Json["type"]!.GetValue<string>();

    /// <summary>True if one of the signatures is that of a secret: computed here from RFC 2104 and the standard, and by nothing of ours.</summary>
    public bool IsSignedBy(string secret)
    {
        var expected = Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(secret["whsec_".Length..]), Encoding.UTF8.GetBytes($"{Id}.{Timestamp}.{Text}")));
        return Signature.Split(' ').Contains($"v1,{expected}");
    }
}

/// <summary>A shop's server on loopback, which keeps what it is sent.</summary>
internal sealed class WebhookReceiver : IDisposable
{
    private readonly ReservedPort port = new();
    private readonly HttpListener listener = new();
    private readonly ConcurrentQueue<Received> received = new();

    public WebhookReceiver()
    {
        Url = $"http://127.0.0.1:{port.Number}/farthing/";
        listener.Prefixes.Add(Url);
        listener.Start();
        _ = ReceiveAsync();
    }

    public string Url { get; }

    /// <summary>The status that it answers with. Default 204.</summary>
    public int Status { get; set; } = 204;

    public IReadOnlyList<Received> Received => [.. received];

    /// <summary>Waits until it was sent so much.</summary>
    public async Task<IReadOnlyList<Received>> WaitForAsync(int count)
    {
        await Eventually.TrueAsync(() => Task.FromResult(received.Count >= count));
        return Received;
    }

    public void Dispose()
    {
        listener.Close();
        port.Dispose();
    }

    private async Task ReceiveAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            using var body = new StreamReader(context.Request.InputStream, Encoding.UTF8);
            var headers = context.Request.Headers;
            received.Enqueue(new Received(headers["webhook-id"]!, headers["webhook-timestamp"]!, headers["webhook-signature"]!, context.Request.ContentType, await body.ReadToEndAsync()));
            context.Response.StatusCode = Status;
            context.Response.Close();
        }
    }
}
