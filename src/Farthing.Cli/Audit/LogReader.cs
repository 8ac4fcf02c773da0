using System.Net;
using Farthing.Protocol;

namespace Farthing.Cli.Audit;

/// <summary>What a log answered: bytes, or in words why it is none that can be used.</summary>
/// <param name="Bytes">At most as many as were wanted, and one more if there were more.</param>
/// <param name="Problem">What is wrong with the answer, or null.</param>
/// <param name="IsLie">True if a log that keeps what it signed does not answer so; false if there was no answer.</param>
internal readonly record struct LogAnswer(byte[] Bytes, string? Problem, bool IsLie);

/// <summary>Reads a C2SP log over HTTP and believes nothing: an answer is bounded in size and in time. Thread-safe.</summary>
/// <param name="server">The server's address; the log is below <c>/v1/ledger</c>.</param>
/// <param name="patience">The most time for one answer.</param>
internal sealed class LogReader(Uri server, TimeSpan patience) : IDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
    {
        BaseAddress = new Uri(server.AbsoluteUri.TrimEnd('/') + "/v1/ledger/"),
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>The newest checkpoint's note.</summary>
    public Task<LogAnswer> ReadCheckpointAsync(CancellationToken cancellation) => GetAsync("checkpoint", Checkpoint.MaxNoteLength, cancellation);

    /// <summary>A tile, exactly as long as it must be.</summary>
    public async Task<LogAnswer> ReadTileAsync(TileName tile, CancellationToken cancellation)
    {
        var answer = await GetAsync(tile.ToString(), tile.ByteLength, cancellation);
        // A log may drop a narrow tile once it is full.
        if (answer.IsLie && answer.Bytes.Length == 0 && !tile.IsFull)
        {
            var full = await GetAsync(new TileName(tile.Level, tile.Index, TileName.FullWidth).ToString(), TileName.FullWidth * MerkleTree.HashLength, cancellation);
            if (full.Problem is null && full.Bytes.Length == TileName.FullWidth * MerkleTree.HashLength) return full with { Bytes = full.Bytes[..tile.ByteLength] };
        }
        if (answer.Problem is not null || answer.Bytes.Length == tile.ByteLength) return answer;
        return answer with { Problem = $"The answer for {tile} has {(answer.Bytes.Length > tile.ByteLength ? "more than " : "")}{Math.Min(answer.Bytes.Length, tile.ByteLength)} bytes; the tile has {tile.ByteLength}.", IsLie = true };
    }

    public void Dispose() => http.Dispose();

    private async Task<LogAnswer> GetAsync(string path, int most, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(patience);
        try
        {
            using var response = await http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, deadline.Token);
            if (response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Gone) return new([], $"The server says that there is no {path}, though it signed what is there.", IsLie: true);
            if (response.StatusCode != HttpStatusCode.OK) return new([], $"The server answered {(int)response.StatusCode} when asked for {path}.", IsLie: false);
            await using var body = await response.Content.ReadAsStreamAsync(deadline.Token);
            var bytes = new byte[most + 1];
            var length = await body.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, deadline.Token);
            return new(bytes[..length], null, IsLie: false);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return new([], $"{path} cannot be read: {exception.Message}", IsLie: false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new([], $"{path} did not arrive within {patience.TotalSeconds:0} seconds.", IsLie: false);
        }
    }
}
