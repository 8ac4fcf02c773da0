using System.Globalization;
using System.Text;
using Farthing.Protocol;

namespace Farthing.Client;

/// <summary>What anyone may check a server by, and what its operator watches.</summary>
/// <remarks>Checkpoint, tiles, proofs and keys are public; following, the schedule and the metrics take the operator's key.</remarks>
public sealed class LedgerCalls
{
    private readonly Caller caller;

    internal LedgerCalls(Caller caller) => this.caller = caller;

    /// <summary>Reads the newest checkpoint: a signed note of C2SP <c>tlog-checkpoint</c>. It is not checked.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<string> ReadCheckpointAsync(CancellationToken cancellation = default) => caller.ReadTextAsync("/v1/ledger/checkpoint", cancellation);

    /// <summary>Reads a tile of the log's Merkle tree: its hashes of 32 bytes, one behind the other.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<byte[]> ReadTileAsync(TileName tile, CancellationToken cancellation = default) => caller.ReadBytesAsync($"/v1/ledger/{tile}", cancellation);

    /// <summary>Proves that the log only grew between two sizes.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Consistency> ProveConsistencyAsync(long from, long to, CancellationToken cancellation = default) =>
        caller.GetAsync(string.Create(CultureInfo.InvariantCulture, $"/v1/ledger/consistency?from={from}&to={to}"), Wire.Default.Consistency, cancellation);

    /// <summary>Reads the key that receipts and checkpoints are verified with. Keep it: a server that lies about its log can also lie about its key.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<CheckpointKey> ReadLedgerKeyAsync(CancellationToken cancellation = default) =>
        caller.ReadAsync("/v1/ledger/key", static bytes => CheckpointKey.TryParse(Encoding.UTF8.GetString(bytes).TrimEnd('\n'), out var key) ? key : null, cancellation);

    /// <summary>Reads the key that sites verify entitlements with.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<VerifyingKey> ReadEntitlementKeyAsync(CancellationToken cancellation = default) =>
        caller.ReadAsync("/v1/entitlement-key", static bytes => VerifyingKey.TryParse(Encoding.UTF8.GetString(bytes).TrimEnd('\n'), out var key) ? key : null, cancellation);

    /// <summary>Follows every record of the journal, once and in order, without end: first those that are there, then each new one once it is on disk. A lost connection is made again.</summary>
    /// <param name="from">The first position that is wanted.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public IAsyncEnumerable<Change> FollowChangesAsync(long from = 0, CancellationToken cancellation = default) =>
        ChangeReader.FollowAsync(caller, from, cancellation);

    /// <summary>Reads what is due and a page of what fails.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Schedule> ReadScheduleAsync(string? cursor = null, int pageSize = 50, CancellationToken cancellation = default) =>
        caller.GetAsync($"/v1/schedule{Query.Page(cursor, pageSize)}", Wire.Default.Schedule, cancellation);

    /// <summary>Reads what the server measures of itself, in the text format of Prometheus.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<string> ReadMetricsAsync(CancellationToken cancellation = default) => caller.ReadTextAsync("/metrics", cancellation);
}

/// <summary>What shows that a log only grew.</summary>
public sealed record Consistency
{
    /// <summary>The size of the older tree.</summary>
    public required long From { get; init; }

    /// <summary>The size of the newer one.</summary>
    public required long To { get; init; }

    /// <summary>The consistency proof of RFC 9162, in base64.</summary>
    public required IReadOnlyList<string> Hashes { get; init; }
}

/// <summary>What falls due by itself, and what of it fails.</summary>
public sealed record Schedule
{
    /// <summary>How much is due now.</summary>
    public required int DueNow { get; init; }

    /// <summary>Since when the oldest is due, or null.</summary>
    public DateTimeOffset? OldestDue { get; init; }

    /// <summary>When the next is, or null.</summary>
    public DateTimeOffset? NextDue { get; init; }

    /// <summary>How much failed when it was last tried.</summary>
    public required int Failing { get; init; }

    /// <summary>A page of that, newest first.</summary>
    public required IReadOnlyList<Failing> Lines { get; init; }

    /// <summary>The cursor of the next page, or null.</summary>
    public string? Next { get; init; }
}

/// <summary>Something that failed when it was last tried; it is tried again by itself.</summary>
public sealed record Failing
{
    /// <summary>What it does.</summary>
    public required string Kind { get; init; }

    /// <summary>For what: an id.</summary>
    public required string Subject { get; init; }

    /// <summary>When it was due.</summary>
    public required DateTimeOffset DueAt { get; init; }

    /// <summary>When it is tried again.</summary>
    public required DateTimeOffset TriedAgainAt { get; init; }

    /// <summary>How often it was tried.</summary>
    public required int Attempt { get; init; }

    /// <summary>The code of the refusal.</summary>
    public required string Code { get; init; }
}
