using System.Buffers.Binary;
using Farthing.Ledger.Journal;
using Farthing.Ledger.State;
using Farthing.Protocol;

namespace Farthing.Ledger.Proofs;

/// <summary>Makes the leaf of a record. Every record has one; its index is the record's position.</summary>
internal static class LeafBuilder
{
    /// <summary>Hashes the leaves of a frame.</summary>
    /// <param name="header">The frame.</param>
    /// <param name="records">The bytes of its records.</param>
    /// <param name="hashes">Receives 32 bytes for each record.</param>
    /// <exception cref="InvalidOperationException">A record cannot be read: the caller has checked that it can.</exception>
    public static void HashLeaves(in FrameHeader header, ReadOnlySpan<byte> records, Span<byte> hashes)
    {
        Span<byte> leaf = stackalloc byte[LedgerLeaf.MaxLength];
        Span<byte> salt = stackalloc byte[LedgerLeaf.SaltLength];
        for (var index = 0; index < header.RecordCount; index++)
        {
            var position = header.FirstPosition + index;
            if (!RecordCodec.TryRead(records, position, header.UnixMilliseconds, out var record, out var length))
                throw new InvalidOperationException($"Record {position} cannot be read back.");
            records = records[length..];
            var leafLength = Build(record, header.Seed.Span, index, leaf, salt);
            MerkleTree.HashLeaf(leaf[..leafLength], hashes.Slice(index * MerkleTree.HashLength, MerkleTree.HashLength));
        }
    }

    /// <param name="record">The record.</param>
    /// <param name="seed">The seed of its batch.</param>
    /// <param name="indexInBatch">Its index in the batch.</param>
    /// <param name="destination">Room for <see cref="LedgerLeaf.MaxLength"/> bytes.</param>
    /// <param name="payerSalt">Receives 16 bytes: what opens the payer commitment.</param>
    /// <returns>The leaf's length.</returns>
    public static int Build(in JournalRecord record, ReadOnlySpan<byte> seed, int indexInBatch, Span<byte> destination, Span<byte> payerSalt)
    {
        Span<byte> index = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(index, indexInBatch);
        Span<byte> salts = stackalloc byte[MerkleTree.HashLength];
        Sha256.Hash(seed, index, salts);
        salts[..LedgerLeaf.SaltLength].CopyTo(payerSalt);

        var command = record.Command;
        // A refund goes the other way: who gives back is the payee.
        var (payee, payer) = command.Kind == RecordKind.Refund ? (command.Debit, command.Credit) : (command.Credit, command.Debit);
        var commitments = new byte[2 * MerkleTree.HashLength];
        LedgerLeaf.CommitToPayer(salts[..LedgerLeaf.SaltLength], payer, commitments.AsSpan(0, MerkleTree.HashLength));
        LedgerLeaf.CommitToMemo(salts[LedgerLeaf.SaltLength..], command.Memo.Span, commitments.AsSpan(MerkleTree.HashLength));
        return new LedgerLeaf
        {
            Kind = (byte)command.Kind,
            Outcome = (byte)record.Outcome,
            Code = command.Code,
            UnixMilliseconds = record.UnixMilliseconds,
            Id = command.Id,
            Payee = payee,
            Cited = command.Cited,
            Amount = new Amount(command.Asset, command.Units),
            PayerCommitment = commitments.AsMemory(0, MerkleTree.HashLength),
            MemoCommitment = commitments.AsMemory(MerkleTree.HashLength),
        }.Write(destination);
    }
}
