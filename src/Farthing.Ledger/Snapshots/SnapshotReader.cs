using System.Buffers.Binary;
using System.Globalization;
using Farthing.Ledger.Journal;
using Farthing.Ledger.State;
using Farthing.Protocol;

namespace Farthing.Ledger.Snapshots;

/// <summary>Reads a snapshot front to back in a little memory, and believes no byte that its hash does not cover.</summary>
/// <remarks>Used in this order, each to its end: <see cref="ReadAccounts"/>, <see cref="ReadHolds"/>, <see cref="ReadRefundables"/>. Not thread-safe.</remarks>
internal sealed class SnapshotReader : IDisposable
{
    private const AccountFlags AllFlags = AccountFlags.DebitsMustNotExceedCredits | AccountFlags.CreditsMustNotExceedDebits | AccountFlags.Frozen | AccountFlags.Closed | AccountFlags.Ends;

    private readonly DurableFile file;
    private readonly List<Asset> assets = [];
    private readonly byte[] block = new byte[SnapshotBlock.HeadLength + SnapshotBlock.MaxBytes];
    private int at;
    private int end;
    private long read = SnapshotHeader.Length;
    private UInt128 blockHash;

    /// <exception cref="SnapshotException">The file is not a snapshot, or its header is damaged.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public SnapshotReader(string path, Disk? disk = null)
    {
        file = DurableFile.OpenForReading(path, disk);
        try
        {
            var head = block.AsSpan(0, SnapshotHeader.Length);
            Header = SnapshotHeader.Read(head[..file.Read(head, 0)], file.Length);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public SnapshotHeader Header { get; }

    /// <summary>All accounts; ids ascend.</summary>
    /// <exception cref="SnapshotException">The file is damaged.</exception>
    public IEnumerable<SavedAccount> ReadAccounts()
    {
        var previous = UInt128.Zero;
        for (var i = 0L; i < Header.Accounts; i++)
        {
            if (!TryReadAccount(out var account) || account.Id <= previous) throw Damaged();
            previous = account.Id;
            yield return account;
        }
    }

    /// <summary>All open holds; ids ascend.</summary>
    /// <exception cref="SnapshotException">The file is damaged.</exception>
    public IEnumerable<SavedHold> ReadHolds()
    {
        var previous = UInt128.Zero;
        for (var i = 0L; i < Header.Holds; i++)
        {
            if (!TryReadHold(out var hold) || hold.Id <= previous) throw Damaged();
            previous = hold.Id;
            yield return hold;
        }
    }

    /// <summary>All that can still be refunded; deadlines ascend, and positions within one deadline. At its end, that of the file was checked too.</summary>
    /// <exception cref="SnapshotException">The file is damaged.</exception>
    public IEnumerable<SavedRefundable> ReadRefundables()
    {
        (long Deadline, long Position) previous = default;
        for (var i = 0L; i < Header.Refundables; i++)
        {
            if (!TryReadRefundable(out var refundable) || (refundable.Deadline, refundable.Position).CompareTo(previous) <= 0) throw Damaged();
            previous = (refundable.Deadline, refundable.Position);
            yield return refundable;
        }
        if (at != end || read != Header.Bytes || blockHash != Header.LastBlockHash) throw Damaged();
    }

    public void Dispose() => file.Dispose();

    private SnapshotException Damaged() => new(string.Create(CultureInfo.InvariantCulture, $"is damaged before byte {read}"));

    private ReadOnlySpan<byte> Rest()
    {
        if (at == end) ReadBlock();
        return block.AsSpan(at, end - at);
    }

    private void Advance(ReadOnlySpan<byte> rest) => at = end - rest.Length;

    private void ReadBlock()
    {
        var head = block.AsSpan(0, SnapshotBlock.HeadLength);
        if (file.Read(head, read) < head.Length) throw Damaged();
        var length = BinaryPrimitives.ReadInt32LittleEndian(head[16..]);
        if (length is <= 0 or > SnapshotBlock.MaxBytes) throw Damaged();
        var bytes = block.AsSpan(SnapshotBlock.HeadLength, length);
        if (file.Read(bytes, read + head.Length) < length) throw Damaged();
        blockHash = SnapshotBlock.HashOf(blockHash, block.AsSpan(16, SnapshotBlock.HeadLength - 16 + length));
        if (BinaryPrimitives.ReadUInt128LittleEndian(head) != blockHash) throw Damaged();
        at = SnapshotBlock.HeadLength;
        end = at + length;
        read += end;
    }

    private bool TryReadAccount(out SavedAccount account)
    {
        account = default;
        var rest = Rest();
        if (!TryReadWide(ref rest, out var id) || !TryReadAsset(ref rest, out var asset) || rest.IsEmpty) return false;
        var flags = (AccountFlags)rest[0];
        rest = rest[1..];
        if ((flags & ~AllFlags) != 0
            || !Varint.TryRead(ref rest, out UInt128 debitsPosted)
            || !Varint.TryRead(ref rest, out UInt128 debitsHeld)
            || !Varint.TryRead(ref rest, out UInt128 creditsPosted)
            || !Varint.TryRead(ref rest, out UInt128 creditsHeld)
            || !TryReadPosition(ref rest, 0, out var opened)
            || !TryReadPosition(ref rest, opened, out var last)
            || !TryReadEnd(ref rest, flags, out var accountEnd))
            return false;
        account = new(id, asset, flags, new(debitsPosted, debitsHeld, creditsPosted, creditsHeld), opened, last, accountEnd);
        Advance(rest);
        return true;
    }

    private bool TryReadHold(out SavedHold hold)
    {
        hold = default;
        var rest = Rest();
        if (!TryReadWide(ref rest, out var id)
            || !TryReadWide(ref rest, out var debit)
            || !TryReadWide(ref rest, out var credit)
            || !Varint.TryRead(ref rest, out UInt128 units)
            || !Varint.TryRead(ref rest, out ulong code) || code > ushort.MaxValue
            || !Varint.TryRead(ref rest, out ulong deadline) || deadline > long.MaxValue
            || !TryReadPosition(ref rest, 0, out var chainStart)
            || !TryReadPosition(ref rest, chainStart, out var position))
            return false;
        hold = new(id, debit, credit, units, (TransferCode)code, (long)deadline, position, chainStart);
        Advance(rest);
        return true;
    }

    private bool TryReadRefundable(out SavedRefundable refundable)
    {
        refundable = default;
        var rest = Rest();
        if (!TryReadWide(ref rest, out var id)
            || !TryReadWide(ref rest, out var giver)
            || !TryReadWide(ref rest, out var receiver)
            || !Varint.TryRead(ref rest, out UInt128 unitsLeft)
            || !Varint.TryRead(ref rest, out ulong deadline) || deadline > long.MaxValue
            || !TryReadPosition(ref rest, 0, out var position)
            || !TryReadPosition(ref rest, position, out var citation))
            return false;
        refundable = new(id, giver, receiver, unitsLeft, (long)deadline, position, citation == position ? -1 : citation);
        Advance(rest);
        return true;
    }

    private bool TryReadAsset(ref ReadOnlySpan<byte> rest, out Asset asset)
    {
        asset = default;
        if (!Varint.TryRead(ref rest, out ulong number) || number > (ulong)assets.Count) return false;
        if (number == (ulong)assets.Count)
        {
            if (rest.Length < 2 || rest.Length < 2 + rest[1] || rest[1] == 0) return false;
            if (!Asset.TryRead(rest.Slice(2, rest[1]), rest[0], out var added)) return false;
            assets.Add(added);
            rest = rest[(2 + rest[1])..];
        }

        asset = assets[(int)number];
        return true;
    }

    private static bool TryReadEnd(ref ReadOnlySpan<byte> rest, AccountFlags flags, out AccountEnd accountEnd)
    {
        accountEnd = default;
        if ((flags & AccountFlags.Ends) == 0) return true;
        if (!Varint.TryRead(ref rest, out ulong time) || time is 0 or > long.MaxValue || !TryReadWide(ref rest, out var heir)) return false;
        accountEnd = new((long)time, heir);
        return true;
    }

    private static bool TryReadWide(ref ReadOnlySpan<byte> rest, out UInt128 value)
    {
        value = UInt128.Zero;
        if (rest.Length < 16) return false;
        value = BinaryPrimitives.ReadUInt128LittleEndian(rest);
        rest = rest[16..];
        return true;
    }

    // A distance forward from a position; what it leads to is before the end of the snapshot's part of the journal.
    private bool TryReadPosition(ref ReadOnlySpan<byte> rest, long from, out long position)
    {
        position = 0;
        if (!Varint.TryRead(ref rest, out ulong distance) || distance >= (ulong)Header.NextPosition || from >= Header.NextPosition - (long)distance) return false;
        position = from + (long)distance;
        return true;
    }
}
