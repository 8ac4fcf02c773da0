using System.Collections.Concurrent;

namespace Farthing.Server.Tests.Sdk;

/// <summary>Hands requests on, and keeps which of them were answered with success.</summary>
internal sealed class CountingLine() : DelegatingHandler(new SocketsHttpHandler())
{
    private readonly ConcurrentDictionary<(string Verb, string Path), int> answered = new();

    public ICollection<(string Verb, string Path)> Answered => answered.Keys;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        if (response.IsSuccessStatusCode) answered.AddOrUpdate((request.Method.Method, request.RequestUri!.AbsolutePath), 1, (_, count) => count + 1);
        return response;
    }
}
