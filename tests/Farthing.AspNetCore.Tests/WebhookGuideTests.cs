using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using Farthing.Protocol.Webhooks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Farthing.AspNetCore.Tests;

/// <summary>The receiver that docs/guides/webhooks.md shows.</summary>
public class WebhookGuideTests
{
    [Fact]
    public async Task The_receiver_of_the_guide_takes_what_is_signed_once_and_refuses_the_rest()
    {
        const string Id = "evt_01M844DZG00000000000000007";
        var secret = "whsec_" + Convert.ToBase64String(new byte[32]);
        var dealtWith = new ConcurrentDictionary<string, bool>();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        await using var app = builder.Build();

        // snippet: webhook
        var verifier = new WebhookVerifier(secret);
        app.MapPost("/farthing", async (HttpRequest request) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body);
            var headers = request.Headers;
            string? id = headers[WebhookVerifier.IdHeader];
            var finding = verifier.Verify(id, headers[WebhookVerifier.TimestampHeader], headers[WebhookVerifier.SignatureHeader], body.ToArray());
            if (finding != WebhookFinding.Valid) return Results.BadRequest(finding.ToString());
            // Each event comes at least once: what was dealt with before is taken, and nothing more is done.
            if (!dealtWith.TryAdd(id!, true)) return Results.NoContent();
            var told = JsonNode.Parse(body.ToArray())!;
            Console.WriteLine($"{told["type"]}: {told["data"]!["subject"]}");
            return Results.NoContent();
        });
        // end snippet

        await app.StartAsync(TestContext.Current.CancellationToken);
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
        var body = """{"type":"payment.posted","data":{"subject":"pay_1"}}"""u8.ToArray();
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        Assert.Equal(HttpStatusCode.NoContent, await SendAsync(now, WebhookVerifier.Sign(new byte[32], Id, now, body)));
        Assert.Equal(HttpStatusCode.NoContent, await SendAsync(now, $"v1,AAAA {WebhookVerifier.Sign(new byte[32], Id, now, body)}"));
        Assert.Equal(HttpStatusCode.BadRequest, await SendAsync(now, WebhookVerifier.Sign("another secret"u8, Id, now, body)));
        Assert.Equal(HttpStatusCode.BadRequest, await SendAsync(now - 600, WebhookVerifier.Sign(new byte[32], Id, now - 600, body)));
        Assert.Single(dealtWith);

        async Task<HttpStatusCode> SendAsync(long seconds, string signature)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/farthing") { Content = new ByteArrayContent(body) };
            request.Headers.Add("webhook-id", Id);
            request.Headers.Add("webhook-timestamp", $"{seconds}");
            request.Headers.Add("webhook-signature", signature);
            using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
            return answer.StatusCode;
        }
    }
}
