using Farthing.Protocol;

namespace Farthing.Cli.Audit;

/// <summary>What an audit found.</summary>
/// <param name="Problem">What is wrong, or null if all is as signed.</param>
/// <param name="IsLie">True if the log contradicts what it signed; false if it did not answer.</param>
/// <param name="Tiles">How many tiles were read.</param>
internal readonly record struct AuditFinding(string? Problem, bool IsLie, long Tiles);

/// <summary>Hashes a log's whole tree again from its leaves' hashes, and holds each tile above them, an earlier checkpoint and the newest one against it. Not thread-safe.</summary>
/// <param name="readTile">Reads a tile; its answer is exactly as long as the tile.</param>
/// <param name="progress">Told now and then how many leaves were hashed.</param>
internal sealed class TreeAudit(Func<TileName, CancellationToken, Task<LogAnswer>> readTile, Action<long> progress)
{
    /// <summary>Tiles asked for at once: over a slow line the answers' way is longer than the hashing.</summary>
    private const int Ahead = 16;

    private const long ReportEvery = 1 << 20;

    private readonly TreeEdge edge = new();
    private readonly byte[] completed = new byte[TreeEdge.MaxLevels * MerkleTree.HashLength];

    // For each level, the hashes of its growing tile, made from the level below.
    private readonly List<byte>[] growing = [.. Enumerable.Range(0, TileName.MaxLevel + 1).Select(_ => new List<byte>())];
    private long tiles;

    /// <param name="newest">What the tree must give.</param>
    /// <param name="earlier">A checkpoint of the same log with at most as many leaves, which the tree must begin with; or null.</param>
    /// <param name="cancellation">Ends it with an exception.</param>
    public async Task<AuditFinding> RunAsync(Checkpoint newest, Checkpoint? earlier, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var answers = new Queue<Task<LogAnswer>>();
        try
        {
            var (asked, read) = (0L, 0L);
            if (Compare(earlier) is { } cut) return Lie(cut);
            while (edge.Size < newest.Size)
            {
                for (; answers.Count < Ahead && Tile(newest.Size, 0, asked) is { Width: > 0 } next; asked++) answers.Enqueue(readTile(next, stop.Token));
                var answer = await answers.Dequeue();
                if (answer.Problem is not null) return new(answer.Problem, answer.IsLie, tiles);
                tiles++;
                for (var at = 0; at < answer.Bytes.Length; at += MerkleTree.HashLength)
                {
                    Add(answer.Bytes.AsSpan(at, MerkleTree.HashLength));
                    if (Compare(earlier) is { } changed) return Lie(changed);
                }
                if (await CheckTilesAboveAsync(read++, isLast: edge.Size == newest.Size, newest.Size, stop.Token) is { } finding) return finding;
                if (edge.Size / ReportEvery != (edge.Size - answer.Bytes.Length / MerkleTree.HashLength) / ReportEvery) progress(edge.Size);
            }
            return edge.Root().AsSpan().SequenceEqual(newest.Root)
                ? new(null, IsLie: false, tiles)
                : Lie($"The tiles give the root {Convert.ToBase64String(edge.Root())} for {newest.Size} records, but the checkpoint signs {Convert.ToBase64String(newest.Root)}.");
        }
        finally
        {
            await stop.CancelAsync();
            // What was still asked for is of no use; its end is awaited, its fate is not.
            await Task.WhenAll(answers).ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }

    private static TileName Tile(long size, int level, long index) => new(level, index, TileName.WidthIn(size, level, index));

    private void Add(ReadOnlySpan<byte> leafHash)
    {
        var count = edge.Add(leafHash, completed);
        for (var level = 1; level * TileName.Height < count; level++)
            growing[level].AddRange(completed.AsSpan(level * TileName.Height * MerkleTree.HashLength, MerkleTree.HashLength));
    }

    private string? Compare(Checkpoint? earlier) =>
        earlier is null || earlier.Size != edge.Size || edge.Root().AsSpan().SequenceEqual(earlier.Root)
            ? null
            : $"The first {earlier.Size} records are not those that were signed before: the root was {Convert.ToBase64String(earlier.Root)}, and now it is {Convert.ToBase64String(edge.Root())}. History was changed.";

    // The tiles above that became full with the tile just read, or at the end all that grow.
    private async Task<AuditFinding?> CheckTilesAboveAsync(long index, bool isLast, long size, CancellationToken cancellation)
    {
        for (var level = 1; level <= TileName.MaxLevel; level++)
        {
            index >>= TileName.Height;
            var made = growing[level];
            var isFull = made.Count == TileName.FullWidth * MerkleTree.HashLength;
            if (made.Count == 0 || !(isFull || isLast)) continue;
            var tile = Tile(size, level, index);
            var answer = await readTile(tile, cancellation);
            if (answer.Problem is not null) return new(answer.Problem, answer.IsLie, tiles);
            tiles++;
            if (!answer.Bytes.AsSpan().SequenceEqual(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(made))) return Lie($"{tile} has other hashes than the tiles below it give.");
            made.Clear();
        }
        return null;
    }

    private AuditFinding Lie(string problem) => new(problem, IsLie: true, tiles);
}
