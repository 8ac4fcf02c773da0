using Farthing.Protocol;

namespace Farthing.Ledger;

/// <summary>Settings of a ledger.</summary>
public sealed record LedgerOptions
{
    /// <summary>The directory that holds the journal, its checkpoint and its lock.</summary>
    public required string Directory { get; init; }

    /// <summary>The log's unique name in checkpoints, such as <c>farthing.example/ledger</c>.</summary>
    public required string Origin { get; init; }

    /// <summary>Signs checkpoints and receipts.</summary>
    public required SigningKey CheckpointKey { get; init; }

    /// <summary>The size of a segment file in bytes, a multiple of 4 KiB. Default 64 MiB.</summary>
    public long SegmentBytes { get; init; } = 64 << 20;

    /// <summary>The most commands in a batch. Default 8,192.</summary>
    public int MaxBatchCommands { get; init; } = 8192;
}

/// <summary>The only place where money moves: accounts, transfers, holds and refunds over a durable journal.</summary>
/// <remarks>
/// Thread-safe. One writer applies batches; every answer, be it a success, a refusal, a duplicate or a read, comes only once what it saw is on disk.
/// An error of the disk ends the process.
/// </remarks>
public sealed class Ledger : IAsyncDisposable
{
    /// <summary>Opens the ledger in a directory, creating it if it is empty, and replays the journal.</summary>
    /// <exception cref="LedgerDamagedException">The journal is damaged somewhere else than in a torn last frame, or was written by a newer version.</exception>
    /// <exception cref="LedgerInUseException">Another process has it open.</exception>
    public static Ledger Open(LedgerOptions options, TimeProvider time) => throw new NotImplementedException();

    /// <summary>What recovery cut or repaired on opening, in words; empty if nothing.</summary>
    public IReadOnlyList<string> RecoveryNotes => throw new NotImplementedException();

    /// <summary>Null if new work is accepted; else why not, in words (a clock that leapt).</summary>
    public string? NotReadyReason => throw new NotImplementedException();

    /// <summary>How many records are on disk.</summary>
    public long DurableSize => throw new NotImplementedException();

    /// <summary>The name and key that checkpoints are verified with.</summary>
    public CheckpointKey VerifierKey => throw new NotImplementedException();

    /// <summary>Carries out commands in order; chains (<see cref="Command.Linked"/>) as a whole, and no chain affects the next.</summary>
    /// <param name="commands">One or more commands; not copied, and must not change until the answer.</param>
    /// <returns>One answer per command, once all of them are durable.</returns>
    /// <exception cref="LedgerUnreadyException">See <see cref="NotReadyReason"/>; or the ledger is closing. Nothing was done.</exception>
    public ValueTask<CommandResult[]> SubmitAsync(Command[] commands) => throw new NotImplementedException();

    /// <summary>An account, or null. What it shows is durable.</summary>
    public ValueTask<AccountSnapshot?> ReadAccountAsync(UInt128 account) => throw new NotImplementedException();

    /// <summary>The record bound to an id, refused ones included, or null. What it shows is durable.</summary>
    public ValueTask<JournalRecord?> FindAsync(UInt128 id) => throw new NotImplementedException();

    /// <summary>The durable record at a position below <see cref="DurableSize"/>.</summary>
    public JournalRecord Read(long position) => throw new NotImplementedException();

    /// <summary>All durable records that cite an id (posts, voids, expiry, refunds), oldest first.</summary>
    public ValueTask<IReadOnlyList<JournalRecord>> ReadCitationsAsync(UInt128 id) => throw new NotImplementedException();

    /// <summary>Records that moved or held units of an account, newest first; refused ones are left out.</summary>
    /// <param name="account">The account.</param>
    /// <param name="before">Only records before this position; null for the newest.</param>
    /// <param name="count">At most so many.</param>
    public ValueTask<IReadOnlyList<JournalRecord>> ReadStatementAsync(UInt128 account, long? before, int count) => throw new NotImplementedException();

    /// <summary>Ids of the holds with a code that are neither posted, voided nor expired, oldest first.</summary>
    public ValueTask<IReadOnlyList<UInt128>> ReadOpenHoldsAsync(TransferCode code) => throw new NotImplementedException();

    /// <summary>All durable records from a position on, for those who keep a projection; ends at <see cref="DurableSize"/>.</summary>
    public IEnumerable<JournalRecord> ReadFrom(long position) => throw new NotImplementedException();

    /// <summary>A signed and stored checkpoint that covers at least <paramref name="minimumSize"/> records. At most one is made per commit; an older one that covers enough is reused.</summary>
    public ValueTask<SignedCheckpoint> GetCheckpointAsync(long minimumSize = 0) => throw new NotImplementedException();

    /// <summary>The leaf at a position and its proof towards a checkpoint of <paramref name="size"/> records.</summary>
    public LeafProof Prove(long position, long size) => throw new NotImplementedException();

    /// <summary>Finishes what is queued, stores a last checkpoint and releases the directory.</summary>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}

/// <summary>A checkpoint and its signed note.</summary>
public sealed record SignedCheckpoint(Checkpoint Checkpoint, string Note);

/// <summary>A leaf, where it stands, the sibling hashes from the leaf upward (32 bytes each, concatenated), and the salt that opens its payer commitment.</summary>
public sealed record LeafProof(byte[] Leaf, long Index, byte[] Proof, byte[] PayerSalt);

/// <summary>The journal is damaged; the message names the place and what to do.</summary>
public sealed class LedgerDamagedException(string message) : Exception(message);

/// <summary>Another process has the directory open.</summary>
public sealed class LedgerInUseException(string message) : Exception(message);

/// <summary>The ledger takes no work now; nothing was done.</summary>
public sealed class LedgerUnreadyException(string message) : Exception(message);
