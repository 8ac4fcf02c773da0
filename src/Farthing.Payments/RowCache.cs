using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Farthing.Payments;

/// <summary>Rows of the settings store that were read, so that a payment needs no disk to be resolved.</summary>
/// <remarks>Thread-safe. Whoever changes a row sets it here after the store has it; whoever only read it adds it, which never replaces a newer one.</remarks>
internal sealed class RowCache<T> where T : class
{
    // What is dropped when the cache is full is read again when it is needed.
    private const int MaxRows = 200_000;

    private readonly ConcurrentDictionary<UInt128, T> rows = new();

    public bool TryGet(UInt128 id, [NotNullWhen(true)] out T? row) => rows.TryGetValue(id, out row);

    public T Add(UInt128 id, T row)
    {
        if (rows.Count >= MaxRows) rows.Clear();
        return rows.GetOrAdd(id, row);
    }

    public void Set(UInt128 id, T row) => rows[id] = row;

    /// <summary>Sets a row unless the one that is there is newer: of two who changed it at once, either may come here last.</summary>
    public void SetNewest(UInt128 id, T row, Func<T, int> version) => rows.AddOrUpdate(id, row, (_, standing) => version(standing) > version(row) ? standing : row);
}
