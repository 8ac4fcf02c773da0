using System.Buffers.Binary;
using Farthing.Ledger.Journal;
using Farthing.Ledger.State;
using Farthing.Protocol;

namespace Farthing.Ledger.Proofs;

/// <summary>Makes the leaves of records. Every record has one; its index is the record's position. Not thread-safe.</summary>
internal sealed class LeafBuilder
{
    private readonly byte[] commitments = new byte[2 * MerkleTree.HashLength];

    /// <summary>Hashes the leaves of a frame.</summary>
    /// <param name="header">The frame.</param>
    /// <param name="records">The bytes of its records.</param>
    /// <param name="hashes">Receives 32 bytes for each record.</param>
    /// <exception cref="InvalidOperationException">A record cannot be read: the caller has checked that it can.</exception>
    public void HashLeaves(in FrameHeader header, ReadOnlySpan<byte> records, Span<byte> hashes)
    {
        Span<byte> leaf = stackalloc byte[LedgerLeaf.MaxLength];
        Span<byte> salt = stackalloc byte[LedgerLeaf.SaltLength];
        for (var index = 0; index < header.RecordCount; index++)
        {
            var position = header.FirstPosition + index;
            if (!RecordCodec.TryView(records, position, out var record)) throw new InvalidOperationException($"Record {position} cannot be read back.");
            records = records[record.Length..];
            var length = Build(record, header.UnixMilliseconds, header.Seed.Span, index, leaf, salt);
            MerkleTree.HashLeaf(leaf[..length], hashes.Slice(index * MerkleTree.HashLength, MerkleTree.HashLength));
        }
    }

    /// <param name="record">The record.</param>
    /// <param name="unixMilliseconds">The time of its batch.</param>
    /// <param name="seed">The seed of its batch.</param>
    /// <param name="indexInBatch">Its index in the batch.</param>
    /// <param name="destination">Room for <see cref="LedgerLeaf.MaxLength"/> bytes.</param>
    /// <param name="payerSalt">Receives 16 bytes: what opens the payer commitment.</param>
    /// <returns>The leaf's length.</returns>
    public int Build(in RecordView record, long unixMilliseconds, ReadOnlySpan<byte> seed, int indexInBatch, Span<byte> destination, Span<byte> payerSalt)
    {
        Span<byte> index = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(index, indexInBatch);
        Span<byte> salts = stackalloc byte[MerkleTree.HashLength];
        Sha256.Hash(seed, index, salts);
        salts[..LedgerLeaf.SaltLength].CopyTo(payerSalt);

        // A refund goes the other way: who gives back is the payee.
        var (payee, payer) = record.Kind == RecordKind.Refund ? (record.Debit, record.Credit) : (record.Credit, record.Debit);
        LedgerLeaf.CommitToPayer(salts[..LedgerLeaf.SaltLength], payer, commitments.AsSpan(0, MerkleTree.HashLength));
        var hasMemo = !record.Memo.IsEmpty;
        if (hasMemo) LedgerLeaf.CommitToMemo(salts[LedgerLeaf.SaltLength..], record.Memo, commitments.AsSpan(MerkleTree.HashLength));
        return new LedgerLeaf
        {
            Kind = (byte)record.Kind,
            Outcome = (byte)record.Outcome,
            Code = record.Code,
            UnixMilliseconds = unixMilliseconds,
            Id = record.Id,
            Payee = payee,
            Cited = record.Cited,
            Amount = new Amount(record.Asset, record.Units),
            PayerCommitment = commitments.AsMemory(0, MerkleTree.HashLength),
            MemoCommitment = hasMemo ? commitments.AsMemory(MerkleTree.HashLength) : default,
        }.Write(destination);
    }
}
