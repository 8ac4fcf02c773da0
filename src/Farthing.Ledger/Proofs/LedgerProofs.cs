using Farthing.Ledger.Journal;
using Farthing.Protocol;

namespace Farthing.Ledger.Proofs;

/// <summary>The tree over the journal: followed, signed and proven from.</summary>
/// <remarks>Thread-safe, but <see cref="Follow"/> is called by one thread at a time.</remarks>
internal sealed class LedgerProofs : IDisposable
{
    public const string TreeDirectory = "tree";

    private readonly RecordReader records;
    private readonly StoredTree stored;
    private readonly TreeFollower follower;
    private readonly CheckpointStore checkpoints;

    public LedgerProofs(LedgerOptions options, IJournal journal, RecordReader records, Action<string, Exception> endProcess, TreeSettings? settings = null)
    {
        this.records = records;
        settings ??= new();
        stored = new(Path.Combine(options.Directory, TreeDirectory), journal, HashLeaves, endProcess, settings);
        follower = new(stored, endProcess, options.ReportFault);
        checkpoints = new(options.Directory, options.Origin, options.CheckpointKey, stored.Tree, follower, settings.Disk);
    }

    public string? NotReadyReason => follower.NotReadyReason;

    public CheckpointKey VerifierKey => checkpoints.VerifierKey;

    /// <summary>How many records the newest checkpoint signs.</summary>
    public long SignedSize => checkpoints.Size;

    /// <summary>How many records are in the tree.</summary>
    public long CoveredSize => follower.Covered.Size;

    /// <summary>How many tiles were found damaged and made again since the start.</summary>
    public int MendedTiles => stored.Mended;

    /// <summary>Behind the last frame that was in the tree when it was opened. Frames before it need not be followed, and are passed over.</summary>
    public JournalMark ResumedAt => stored.ResumedAt;

    public void Start() => follower.Start();

    /// <summary>Does what the follower's thread does, where it was not started: in a simulation.</summary>
    public void Step() => follower.Step();

    public void Follow(in FrameHeader header, ReadOnlyMemory<byte> recordBytes, Action? done) => follower.Enqueue(header, recordBytes, done);

    /// <summary>Holds the journal against its checkpoint; then the ledger is open.</summary>
    /// <exception cref="LedgerDamagedException">The journal does not contain what the checkpoint signs.</exception>
    /// <exception cref="LedgerUnreadyException">There is no room for the tree.</exception>
    public void LoadCheckpoint(long size)
    {
        checkpoints.Load(size);
        follower.BeginOpen();
    }

    /// <summary>From now on nobody waits for room for the tree. Before the writer ends, who may be waiting so.</summary>
    public void BeginClose() => follower.BeginClose();

    public ValueTask<SignedCheckpoint> GetCheckpointAsync(long minimumSize) => checkpoints.GetAsync(minimumSize);

    public LeafProof Prove(long position, long size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(position, size);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, stored.Tree.Stored.Size);
        var leaf = new byte[LedgerLeaf.MaxLength];
        var payerSalt = new byte[LedgerLeaf.SaltLength];
        var length = BuildLeaf(position, leaf, payerSalt);
        return new(leaf[..length], position, stored.Tree.Path(position, size), payerSalt);
    }

    public byte[] ProveConsistency(long oldSize, long newSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(oldSize);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(oldSize, newSize);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(newSize, stored.Tree.Stored.Size);
        return stored.Tree.Consistency(oldSize, newSize);
    }

    public byte[]? ReadTile(TileName tile) => stored.Tree.ReadTile(tile, SignedSize);

    /// <summary>Signs a last checkpoint over all records, and saves the tree.</summary>
    /// <exception cref="LedgerUnreadyException">There is no room for the tree, or the checkpoint could not be stored.</exception>
    public async Task CloseAsync(long size)
    {
        await checkpoints.GetAsync(size);
        await follower.SaveAsync();
    }

    public void Dispose()
    {
        follower.Dispose();
        checkpoints.Dispose();
        stored.Dispose();
    }

    private void HashLeaves(long position, Span<byte> hashes)
    {
        Span<byte> leaf = stackalloc byte[LedgerLeaf.MaxLength];
        Span<byte> salt = stackalloc byte[LedgerLeaf.SaltLength];
        for (; !hashes.IsEmpty; hashes = hashes[MerkleTree.HashLength..])
        {
            var length = BuildLeaf(position++, leaf, salt);
            MerkleTree.HashLeaf(leaf[..length], hashes);
        }
    }

    private int BuildLeaf(long position, Span<byte> leaf, Span<byte> payerSalt)
    {
        Span<byte> seed = stackalloc byte[FrameHeader.SeedLength];
        var record = records.ReadForLeaf(position, seed, out var unixMilliseconds, out var index);
        return new LeafBuilder().Build(record, unixMilliseconds, seed, index, leaf, payerSalt);
    }
}
