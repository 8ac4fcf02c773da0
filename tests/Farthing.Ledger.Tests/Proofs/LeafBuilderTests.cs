using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using CsCheck;
using Farthing.Ledger.Journal;
using Farthing.Ledger.Proofs;
using Farthing.Ledger.State;
using Farthing.Ledger.Tests.State;
using Farthing.Protocol;

namespace Farthing.Ledger.Tests.Proofs;

public sealed class LeafBuilderTests
{
    private static readonly byte[] Seed = [.. Enumerable.Range(1, FrameHeader.SeedLength).Select(i => (byte)i)];

    [Fact]
    public void The_leaf_of_any_record_has_the_bytes_that_are_published() => Gen.Select(RecordCodecTests.GenRecord, Gen.Int[0, int.MaxValue]).Sample((record, index) =>
    {
        Span<byte> leaf = stackalloc byte[LedgerLeaf.MaxLength], salt = stackalloc byte[LedgerLeaf.SaltLength];
        Assert.True(RecordCodec.TryView(RecordCodecTests.Write(record), record.Position, out var view));
        var length = new LeafBuilder().Build(view, record.UnixMilliseconds, Seed, index, leaf, salt);
        Assert.Equal(NaiveLeaf(record, index), leaf[..length].ToArray());
        Assert.Equal(Salts(index)[..LedgerLeaf.SaltLength], salt.ToArray());
    }, iter: 5_000);

    [Fact]
    public void Leaves_of_a_frame_are_hashed_one_by_one_and_without_allocating()
    {
        const int Count = 1_000;
        var buffer = new BatchBuffer();
        var expected = new List<byte>();
        for (var i = 0; i < Count; i++)
        {
            var record = new JournalRecord
            {
                Command = Command.Transfer((UInt128)i + 1, 7, 8, 9, new(Asset.Usd, 10), TransferCode.Payment, memo: new byte[i % 400]),
                Position = i,
                UnixMilliseconds = 1_700_000_000_000,
                PreviousOfDebit = i - 1,
                PreviousOfCredit = i - 1,
                PreviousCitation = -1,
            };
            RecordCodec.Append(buffer, record);
            expected.AddRange(NaiveTree.HashLeaf(NaiveLeaf(record, i)));
        }
        var header = new FrameHeader { UnixMilliseconds = 1_700_000_000_000, RecordCount = Count, RecordBytes = buffer.Length, Seed = Seed };
        var hashes = new byte[Count * MerkleTree.HashLength];
        var leaves = new LeafBuilder();
        leaves.HashLeaves(header, buffer.Bytes.AsSpan(0, buffer.Length), hashes);
        Assert.Equal(expected, hashes);

        var before = GC.GetAllocatedBytesForCurrentThread();
        leaves.HashLeaves(header, buffer.Bytes.AsSpan(0, buffer.Length), hashes);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Count / 10);
    }

    // As docs/spec and LedgerLeaf describe it.
    private static byte[] NaiveLeaf(in JournalRecord record, int index)
    {
        var command = record.Command;
        var (payee, payer) = command.Kind == RecordKind.Refund ? (command.Debit, command.Credit) : (command.Credit, command.Debit);
        var salts = Salts(index);
        var (memo, cited, outcome) = (command.Memo.Length > 0, command.Cited != 0, record.Outcome != 0);
        var code = Encoding.ASCII.GetBytes(command.Asset.Code ?? "");
        return
        [
            2, (byte)command.Kind, (byte)((memo ? 1 : 0) + (cited ? 2 : 0) + (outcome ? 4 : 0)), .. Wide((ushort)command.Code)[14..],
            .. Wide(unchecked((ulong)record.UnixMilliseconds))[8..], .. Wide(command.Id), .. Wide(payee), .. SHA256.HashData([.. salts[..16], .. Wide(payer)]),
            .. memo ? SHA256.HashData([.. salts[16..], .. command.Memo.Span]) : [], .. cited ? Wide(command.Cited) : [], .. outcome ? [(byte)record.Outcome] : Array.Empty<byte>(),
            command.Asset.Scale, (byte)code.Length, .. code, .. Wide(command.Units).SkipWhile(value => value == 0),
        ];
    }

    private static byte[] Salts(int index) => SHA256.HashData([.. Seed, .. Wide((uint)index)[12..]]);

    private static byte[] Wide(UInt128 value)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, value);
        return bytes;
    }
}
