using System.Buffers.Binary;
using System.Text;
using Farthing.Ledger.Journal;
using Farthing.Ledger.State;
using Farthing.Protocol;

namespace Farthing.Ledger.Snapshots;

/// <summary>Writes a snapshot front to back in a little memory: accounts, then open holds, then refundables, each in its order; then the header.</summary>
/// <remarks>Not thread-safe. The file is no snapshot before <see cref="Complete"/>.</remarks>
internal sealed class SnapshotWriter : IDisposable
{
    // All members of an account, an asset not named before among them, at their longest.
    private const int MaxSavedBytes = 256;

    // In steps, so that the journal's own flush never waits behind many dirty pages.
    private const long FlushEveryBytes = 4 << 20;

    private readonly DurableFile file;
    private readonly CancellationToken cancellation;
    private readonly Dictionary<Asset, int> assets = [];
    private readonly byte[] block = new byte[SnapshotBlock.HeadLength + SnapshotBlock.MaxBytes];
    private int used = SnapshotBlock.HeadLength;
    private long written = SnapshotHeader.Length;
    private long flushed;
    private UInt128 blockHash;
    private UInt128 digest;
    private long accounts;
    private long holds;
    private long refundables;

    /// <param name="path">The file, made anew.</param>
    /// <param name="disk">Default: the real one.</param>
    /// <param name="cancellation">Looked at with each block.</param>
    public SnapshotWriter(string path, Disk? disk = null, CancellationToken cancellation = default)
    {
        file = DurableFile.Create(path, disk);
        this.cancellation = cancellation;
    }

    /// <summary>Adds an account; ids ascend.</summary>
    /// <exception cref="IOException">No room.</exception>
    /// <exception cref="OperationCanceledException">It is wanted no more.</exception>
    public void Add(in SavedAccount account)
    {
        var destination = Room();
        BinaryPrimitives.WriteUInt128LittleEndian(destination, account.Id);
        var at = 16 + WriteAsset(destination[16..], account.Asset);
        destination[at++] = (byte)account.Flags;
        at += Varint.Write(destination[at..], account.Balances.DebitsPosted);
        at += Varint.Write(destination[at..], account.Balances.DebitsHeld);
        at += Varint.Write(destination[at..], account.Balances.CreditsPosted);
        at += Varint.Write(destination[at..], account.Balances.CreditsHeld);
        at += Varint.Write(destination[at..], (ulong)account.OpenedPosition);
        at += Varint.Write(destination[at..], (ulong)(account.LastPosition - account.OpenedPosition));
        if (!account.End.IsNever)
        {
            at += Varint.Write(destination[at..], (ulong)account.End.UnixMilliseconds);
            BinaryPrimitives.WriteUInt128LittleEndian(destination[at..], account.End.Heir);
            at += 16;
        }
        Take(at, StateDigest.Of(account));
        accounts++;
    }

    /// <summary>Adds an open hold; ids ascend.</summary>
    public void Add(in SavedHold hold)
    {
        var destination = Room();
        BinaryPrimitives.WriteUInt128LittleEndian(destination, hold.Id);
        BinaryPrimitives.WriteUInt128LittleEndian(destination[16..], hold.Debit);
        BinaryPrimitives.WriteUInt128LittleEndian(destination[32..], hold.Credit);
        var at = 48 + Varint.Write(destination[48..], hold.Units);
        at += Varint.Write(destination[at..], (ulong)hold.Code);
        at += Varint.Write(destination[at..], (ulong)hold.Deadline);
        at += Varint.Write(destination[at..], (ulong)hold.ChainStart);
        at += Varint.Write(destination[at..], (ulong)(hold.Position - hold.ChainStart));
        Take(at, StateDigest.Of(hold));
        holds++;
    }

    /// <summary>Adds what can still be refunded; deadlines ascend, and positions within one deadline.</summary>
    public void Add(in SavedRefundable refundable)
    {
        var destination = Room();
        BinaryPrimitives.WriteUInt128LittleEndian(destination, refundable.Id);
        BinaryPrimitives.WriteUInt128LittleEndian(destination[16..], refundable.Giver);
        BinaryPrimitives.WriteUInt128LittleEndian(destination[32..], refundable.Receiver);
        var at = 48 + Varint.Write(destination[48..], refundable.UnitsLeft);
        at += Varint.Write(destination[at..], (ulong)refundable.Deadline);
        at += Varint.Write(destination[at..], (ulong)refundable.Position);
        at += Varint.Write(destination[at..], refundable.LastCitation < 0 ? 0 : (ulong)(refundable.LastCitation - refundable.Position));
        Take(at, StateDigest.Of(refundable));
        refundables++;
    }

    /// <summary>Writes the header and forces everything to disk.</summary>
    /// <param name="behind">What the snapshot stands behind.</param>
    /// <returns>The whole header.</returns>
    /// <exception cref="InvalidOperationException">What was added is not the state whose digest the header has.</exception>
    public SnapshotHeader Complete(in SnapshotHeader behind)
    {
        if (digest != behind.StateDigest) throw new InvalidOperationException($"A snapshot would have other balances than the journal at {behind.Place}. This is a bug.");
        EndBlock();
        var header = behind with { Accounts = accounts, Holds = holds, Refundables = refundables, Bytes = written, LastBlockHash = blockHash };
        Span<byte> bytes = stackalloc byte[SnapshotHeader.Length];
        header.Write(bytes);
        file.Write(bytes, 0);
        file.Flush();
        return header;
    }

    public void Dispose() => file.Dispose();

    // An asset is its number in order of appearance; where it appears first, its scale and code follow.
    private int WriteAsset(Span<byte> destination, Asset asset)
    {
        if (assets.TryGetValue(asset, out var number)) return Varint.Write(destination, (ulong)number);
        var at = Varint.Write(destination, (ulong)assets.Count);
        assets.Add(asset, assets.Count);
        destination[at++] = asset.Scale;
        destination[at++] = (byte)asset.Code.Length;
        return at + Encoding.ASCII.GetBytes(asset.Code, destination[at..]);
    }

    private Span<byte> Room()
    {
        if (block.Length - used < MaxSavedBytes) EndBlock();
        return block.AsSpan(used);
    }

    private void Take(int length, UInt128 share)
    {
        used += length;
        digest = unchecked(digest + share);
    }

    private void EndBlock()
    {
        if (used == SnapshotBlock.HeadLength) return;
        cancellation.ThrowIfCancellationRequested();
        BinaryPrimitives.WriteInt32LittleEndian(block.AsSpan(16), used - SnapshotBlock.HeadLength);
        blockHash = SnapshotBlock.HashOf(blockHash, block.AsSpan(16, used - 16));
        BinaryPrimitives.WriteUInt128LittleEndian(block, blockHash);
        file.Write(block.AsSpan(0, used), written);
        written += used;
        used = SnapshotBlock.HeadLength;
        if (written - flushed < FlushEveryBytes) return;
        file.Flush();
        flushed = written;
    }
}
