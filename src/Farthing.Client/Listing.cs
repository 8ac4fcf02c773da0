namespace Farthing.Client;

/// <summary>A list on the server, newest first, which is read page by page as it is walked through.</summary>
/// <remarks>Nothing is read before the first line is asked for; each walk begins anew. Thread-safe.</remarks>
/// <typeparam name="T">A line.</typeparam>
public sealed class Listing<T> : IAsyncEnumerable<T>
{
    /// <summary>The most lines of a page.</summary>
    public const int MaxPageSize = 200;

    private readonly Func<string?, int, CancellationToken, Task<Page<T>>> read;

    internal Listing(Func<string?, int, CancellationToken, Task<Page<T>>> read) => this.read = read;

    /// <summary>Reads one page, for those who show pages.</summary>
    /// <param name="cursor">The <see cref="Page{T}.Next"/> of the page before; null for the first.</param>
    /// <param name="pageSize">1 to <see cref="MaxPageSize"/> lines.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Page<T>> ReadPageAsync(string? cursor = null, int pageSize = 50, CancellationToken cancellation = default) => read(cursor, pageSize, cancellation);

    /// <inheritdoc/>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public async IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        string? cursor = null;
        do
        {
            var page = await read(cursor, MaxPageSize, cancellationToken).ConfigureAwait(false);
            foreach (var line in page.Lines) yield return line;
            cursor = page.Next;
        }
        while (cursor is not null);
    }
}

/// <summary>A page of a list.</summary>
/// <typeparam name="T">A line.</typeparam>
public sealed record Page<T>
{
    /// <summary>The lines.</summary>
    public required IReadOnlyList<T> Lines { get; init; }

    /// <summary>The cursor of the next page, or null at the end.</summary>
    public string? Next { get; init; }
}
