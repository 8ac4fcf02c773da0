using System.Text.Json.Nodes;

namespace Farthing.Server.Tests.Rest;

/// <summary>A reader of the change feed: takes events as a browser does, and can be cut off after any of them.</summary>
internal sealed class ChangeReader(Func<Uri> address) : IDisposable
{
    // Without the zero a connection that is given up is read on for two seconds, and takes up one of the feed's places.
    private readonly HttpClient http = new(new SocketsHttpHandler { ResponseDrainTimeout = TimeSpan.Zero }) { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>The ids and records it has, in the order of arrival.</summary>
    public List<(long Id, JsonNode Record)> Events { get; } = [];

    /// <summary>True while it listens.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>How many comments it has heard.</summary>
    public int Comments { get; private set; }

    /// <summary>Connects, goes on behind the last event it has, and hangs up after <paramref name="count"/> more.</summary>
    /// <returns>False if the server ended the feed, cleanly, before.</returns>
    public Task<bool> ReadAsync(int count, CancellationToken cancellation) => ReadUntilAsync(_ => --count == 0, cancellation);

    /// <summary>Connects, goes on behind the last event it has, and hangs up after the first record for which <paramref name="isLast"/> holds.</summary>
    /// <returns>False if the server ended the feed, cleanly, before.</returns>
    public async Task<bool> ReadUntilAsync(Func<JsonNode, bool> isLast, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(address(), "/v1/ledger/changes"));
        request.Headers.Authorization = new("Bearer", ServerProcess.OperatorKey);
        if (Events.Count > 0) request.Headers.Add("Last-Event-ID", Events[^1].Id.ToString(System.Globalization.CultureInfo.InvariantCulture));
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        response.EnsureSuccessStatusCode();
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
        var (id, data) = (-1L, "");
        IsOpen = true;
        using var closing = new Closing(this);
        while (await lines.ReadLineAsync(cancellation) is { } line)
        {
            if (line.StartsWith(':')) Comments++;
            else if (line.StartsWith("id: ", StringComparison.Ordinal)) id = long.Parse(line[4..], System.Globalization.CultureInfo.InvariantCulture);
            else if (line.StartsWith("data: ", StringComparison.Ordinal)) data = line[6..];
            else if (data.Length > 0)
            {
                Assert.Equal("", line);
                Events.Add((id, JsonNode.Parse(data)!));
                data = "";
                if (isLast(Events[^1].Record)) return true;
            }
        }

        return false;
    }

    public void Dispose() => http.Dispose();

    private readonly struct Closing(ChangeReader reader) : IDisposable
    {
        public void Dispose() => reader.IsOpen = false;
    }
}
