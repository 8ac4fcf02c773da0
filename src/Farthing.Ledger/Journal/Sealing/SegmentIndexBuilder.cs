using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Farthing.Ledger.State;

namespace Farthing.Ledger.Journal.Sealing;

/// <summary>Makes the index of a segment out of its frames. Used again for the next one, so that its memory is taken once. Not thread-safe.</summary>
internal sealed class SegmentIndexBuilder
{
    /// <summary>Of an account's records in a segment each so manieth is noted, and the last.</summary>
    public const int MarkEvery = 64;

    private readonly List<FrameHeader> frames = [];
    private readonly List<UInt128> ids = [];
    private readonly List<int> idOrdinals = [];
    private readonly Dictionary<UInt128, int> citations = [];
    private readonly IdTable<Touches> accounts = new();
    private readonly List<Mark> marks = [];
    private IdTimes times;
    private byte[] file = [];

    /// <summary>Makes the whole file of a segment from all its frames.</summary>
    /// <returns>The bytes, valid until the next call.</returns>
    /// <exception cref="LedgerDamagedException">A record cannot be read.</exception>
    public ReadOnlyMemory<byte> Build(UInt128 journal, IEnumerable<Frame> segment)
    {
        Clear();
        foreach (var frame in segment) Add(frame);
        var header = new SegmentIndexHeader
        {
            Segment = frames[0].Place.Segment,
            Journal = journal,
            PreviousHash = frames[0].PreviousHash,
            LastFrameHash = frames[^1].Hash,
            FirstSequence = frames[0].Sequence,
            FirstPosition = frames[0].FirstPosition,
            RecordCount = checked((int)(frames[^1].EndPosition - frames[0].FirstPosition)),
            FrameCount = frames.Count,
            FirstUnixMilliseconds = frames[0].UnixMilliseconds,
            LastUnixMilliseconds = frames[^1].UnixMilliseconds,
            Times = times,
            IdCount = ids.Count,
            CitationCount = citations.Count,
            AccountCount = accounts.Count,
            MarkCount = marks.Count,
            PartHashes = new UInt128[SegmentIndexHeader.PartCount],
        };
        var offsets = header.Offsets();
        var length = checked((int)offsets[^1]);
        if (file.Length < length) file = new byte[length];
        file.AsSpan(0, length).Clear();

        WriteFrames(PartOf(IndexPart.Frames));
        WriteIds(journal, PartOf(IndexPart.IdFilter), PartOf(IndexPart.Ids), CollectionsMarshal.AsSpan(ids), CollectionsMarshal.AsSpan(idOrdinals));
        WriteIds(journal, PartOf(IndexPart.CitationFilter), PartOf(IndexPart.Citations), [.. citations.Keys], [.. citations.Values]);
        WriteAccounts(PartOf(IndexPart.Accounts), PartOf(IndexPart.Marks));
        for (var part = 0; part < SegmentIndexHeader.PartCount; part++) header.PartHashes[part] = XxHash128.HashToUInt128(PartOf((IndexPart)part));
        header.Write(file);
        return file.AsMemory(0, length);

        Span<byte> PartOf(IndexPart part) => file.AsSpan((int)offsets[(int)part], (int)header.LengthOf(part));
    }

    private void Clear()
    {
        frames.Clear();
        ids.Clear();
        idOrdinals.Clear();
        citations.Clear();
        accounts.Clear();
        marks.Clear();
        times = default;
    }

    private void Add(Frame frame)
    {
        var header = frame.Header;
        var ordinal = frames.Count == 0 ? 0 : (int)(header.FirstPosition - frames[0].FirstPosition);
        frames.Add(header);
        var ahead = new AccountsAhead<Touches>(frame, accounts);
        for (var index = 0; index < header.RecordCount; index++, ordinal++)
        {
            ahead.Ask(index);
            if (!RecordCodec.TryViewCommand(frame.RecordAt(index), out var record)) throw Damage.At(header, $"record {header.FirstPosition + index} cannot be read");
            if (record.BindsItsId)
            {
                ids.Add(record.Id);
                idOrdinals.Add(ordinal);
                times = times.With(record.Id);
            }
            if (record.IsCitation) citations[record.Cited] = ordinal;
            if (!record.IsDone) continue;
            if (record.Debit != UInt128.Zero) Touch(record.Debit, ordinal);
            if (record.Credit != UInt128.Zero) Touch(record.Credit, ordinal);
        }
    }

    private void Touch(UInt128 account, int ordinal)
    {
        ref var touches = ref accounts.Find(account);
        if (Unsafe.IsNullRef(ref touches)) touches = ref accounts.Add(new() { Id = account });
        touches.Last = ordinal;
        if (++touches.Count % MarkEvery == 0) marks.Add(new(account, ordinal));
    }

    private void WriteFrames(Span<byte> part)
    {
        foreach (var frame in frames)
        {
            BinaryPrimitives.WriteInt64LittleEndian(part, frame.FirstPosition);
            BinaryPrimitives.WriteInt64LittleEndian(part[8..], frame.UnixMilliseconds);
            BinaryPrimitives.WriteInt32LittleEndian(part[16..], frame.Place.Block);
            BinaryPrimitives.WriteInt32LittleEndian(part[20..], frame.RecordCount);
            BinaryPrimitives.WriteInt32LittleEndian(part[24..], frame.RecordBytes);
            part = part[SegmentIndexHeader.FrameBytes..];
        }
    }

    private static void WriteIds(UInt128 journal, Span<byte> filter, Span<byte> part, Span<UInt128> keys, Span<int> ordinals)
    {
        keys.Sort(ordinals);
        for (var i = 0; i < keys.Length; i++)
        {
            IdFilter.Add(filter, IdFilter.HashOf(keys[i], journal));
            BinaryPrimitives.WriteUInt128LittleEndian(part[(16 * i)..], keys[i]);
            BinaryPrimitives.WriteInt32LittleEndian(part[(16 * keys.Length + 4 * i)..], ordinals[i]);
        }
    }

    private void WriteAccounts(Span<byte> part, Span<byte> markPart)
    {
        var keys = new UInt128[accounts.Count];
        var last = new int[keys.Length];
        for (var i = 0; i < keys.Length; i++) (keys[i], last[i]) = (accounts[i + 1].Id, accounts[i + 1].Last);
        keys.AsSpan().Sort(last.AsSpan());
        marks.Sort();
        var mark = 0;
        for (var i = 0; i < keys.Length; i++)
        {
            for (; mark < marks.Count && marks[mark].Account == keys[i]; mark++) BinaryPrimitives.WriteInt32LittleEndian(markPart[(4 * mark)..], marks[mark].Ordinal);
            BinaryPrimitives.WriteUInt128LittleEndian(part[(16 * i)..], keys[i]);
            BinaryPrimitives.WriteInt32LittleEndian(part[(16 * keys.Length + 4 * i)..], last[i]);
            BinaryPrimitives.WriteInt32LittleEndian(part[(20 * keys.Length + 4 * i)..], mark);
        }
    }

    private struct Touches : IIdentified
    {
        public UInt128 Id { get; init; }

        public int Last;
        public int Count;
    }

    private readonly record struct Mark(UInt128 Account, int Ordinal) : IComparable<Mark>
    {
        public int CompareTo(Mark other) => Account != other.Account ? Account.CompareTo(other.Account) : Ordinal.CompareTo(other.Ordinal);
    }
}
