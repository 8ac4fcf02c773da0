using Farthing.Ledger.Journal;
using Farthing.Protocol;

namespace Farthing.Ledger.Proofs;

/// <summary>The tree over the journal: followed, signed and proven from.</summary>
/// <remarks>Thread-safe, but <see cref="Follow"/> is called by one thread at a time.</remarks>
internal sealed class LedgerProofs : IDisposable
{
    private const string TreeFile = "tree.bin";

    private readonly RecordReader records;
    private readonly HashStore store;
    private readonly HashTree tree;
    private readonly TreeFollower follower;
    private readonly CheckpointStore checkpoints;

    public LedgerProofs(LedgerOptions options, RecordReader records, Action<string, Exception> endProcess)
    {
        this.records = records;
        store = new(Path.Combine(options.Directory, TreeFile));
        tree = new(store);
        follower = new(tree, endProcess);
        checkpoints = new(options.Directory, options.Origin, options.CheckpointKey, tree, follower.Covered);
    }

    public string? NotReadyReason => follower.NotReadyReason;

    public CheckpointKey VerifierKey => checkpoints.VerifierKey;

    public void Follow(in FrameHeader header, ReadOnlyMemory<byte> recordBytes, Action? done) => follower.Enqueue(header, recordBytes, done);

    public void LoadCheckpoint(long size) => checkpoints.Load(size);

    public ValueTask<SignedCheckpoint> GetCheckpointAsync(long minimumSize) => checkpoints.GetAsync(minimumSize);

    public LeafProof Prove(long position, long size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(position, size);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, follower.Covered.Size);
        var (seed, index) = records.ReadSeed(position);
        var leaf = new byte[LedgerLeaf.MaxLength];
        var payerSalt = new byte[LedgerLeaf.SaltLength];
        var length = LeafBuilder.Build(records.Read(position), seed, index, leaf, payerSalt);
        return new(leaf[..length], position, tree.Path(position, size), payerSalt);
    }

    public byte[] ProveConsistency(long oldSize, long newSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(oldSize);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(oldSize, newSize);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(newSize, follower.Covered.Size);
        return tree.Consistency(oldSize, newSize);
    }

    public void Dispose()
    {
        follower.Dispose();
        checkpoints.Dispose();
        store.Dispose();
    }
}
