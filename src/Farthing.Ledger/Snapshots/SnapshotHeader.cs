using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;
using Farthing.Ledger.Journal;

namespace Farthing.Ledger.Snapshots;

/// <summary>What stands at the head of a snapshot; <c>docs/spec/snapshots.md</c> gives each byte.</summary>
internal readonly record struct SnapshotHeader
{
    public const int Length = 160;

    /// <summary>The format that this program writes and reads.</summary>
    public const int FormatVersion = 1;

    // No account, hold or refundable takes less.
    private const int LeastSavedBytes = 20;

    private static ReadOnlySpan<byte> Magic => "FARTHSNP"u8;

    /// <summary>The frame after which the state was so.</summary>
    public FramePlace Place { get; init; }

    /// <summary>The number of the journal that the frame is in.</summary>
    public UInt128 Journal { get; init; }

    /// <summary>The frame's sequence.</summary>
    public long Sequence { get; init; }

    /// <summary>The position behind the frame.</summary>
    public long NextPosition { get; init; }

    public long UnixMilliseconds { get; init; }

    /// <summary>The frame's hash.</summary>
    public UInt128 FrameHash { get; init; }

    public UInt128 StateDigest { get; init; }

    public long Accounts { get; init; }

    public long Holds { get; init; }

    public long Refundables { get; init; }

    /// <summary>How many things it has saved.</summary>
    public long Saved => Accounts + Holds + Refundables;

    /// <summary>The length of the file.</summary>
    public long Bytes { get; init; }

    /// <summary>The hash of the last block, which covers those before it; zero if there is none.</summary>
    public UInt128 LastBlockHash { get; init; }

    /// <summary>The header of a snapshot behind a frame, without what is known only when everything is written.</summary>
    public static SnapshotHeader Behind(UInt128 journal, in FrameHeader frame) => new()
    {
        Place = frame.Place,
        Journal = journal,
        Sequence = frame.Sequence,
        NextPosition = frame.EndPosition,
        UnixMilliseconds = frame.UnixMilliseconds,
        FrameHash = frame.Hash,
        StateDigest = frame.StateDigest,
    };

    /// <summary>True if it was made behind this frame.</summary>
    public bool StandsBehind(UInt128 journal, in FrameHeader frame) =>
        Behind(journal, frame) with { Accounts = Accounts, Holds = Holds, Refundables = Refundables, Bytes = Bytes, LastBlockHash = LastBlockHash } == this;

    public void Write(Span<byte> destination)
    {
        Magic.CopyTo(destination[16..]);
        BinaryPrimitives.WriteInt32LittleEndian(destination[24..], FormatVersion);
        BinaryPrimitives.WriteInt32LittleEndian(destination[28..], Place.Segment);
        BinaryPrimitives.WriteInt32LittleEndian(destination[32..], Place.Block);
        BinaryPrimitives.WriteInt32LittleEndian(destination[36..], 0);
        BinaryPrimitives.WriteUInt128LittleEndian(destination[40..], Journal);
        BinaryPrimitives.WriteInt64LittleEndian(destination[56..], Sequence);
        BinaryPrimitives.WriteInt64LittleEndian(destination[64..], NextPosition);
        BinaryPrimitives.WriteInt64LittleEndian(destination[72..], UnixMilliseconds);
        BinaryPrimitives.WriteUInt128LittleEndian(destination[80..], FrameHash);
        BinaryPrimitives.WriteUInt128LittleEndian(destination[96..], StateDigest);
        BinaryPrimitives.WriteInt64LittleEndian(destination[112..], Accounts);
        BinaryPrimitives.WriteInt64LittleEndian(destination[120..], Holds);
        BinaryPrimitives.WriteInt64LittleEndian(destination[128..], Refundables);
        BinaryPrimitives.WriteInt64LittleEndian(destination[136..], Bytes);
        BinaryPrimitives.WriteUInt128LittleEndian(destination[144..], LastBlockHash);
        BinaryPrimitives.WriteUInt128LittleEndian(destination, HashOf(destination));
    }

    /// <exception cref="SnapshotException">The bytes are not the header of a sound file of this length.</exception>
    public static SnapshotHeader Read(ReadOnlySpan<byte> bytes, long fileBytes)
    {
        if (bytes.Length < Length || !bytes[16..24].SequenceEqual(Magic)) throw new SnapshotException("does not begin as a snapshot does");
        // The version comes before the hash: what else a newer program put there is its own affair.
        var version = BinaryPrimitives.ReadInt32LittleEndian(bytes[24..]);
        if (version != FormatVersion) throw new SnapshotException(string.Create(CultureInfo.InvariantCulture, $"has format {version}; this program reads {FormatVersion}"));
        if (BinaryPrimitives.ReadUInt128LittleEndian(bytes) != HashOf(bytes) || BinaryPrimitives.ReadInt32LittleEndian(bytes[36..]) != 0)
            throw new SnapshotException("has a damaged header");
        var header = new SnapshotHeader
        {
            Place = new(BinaryPrimitives.ReadInt32LittleEndian(bytes[28..]), BinaryPrimitives.ReadInt32LittleEndian(bytes[32..])),
            Journal = BinaryPrimitives.ReadUInt128LittleEndian(bytes[40..]),
            Sequence = BinaryPrimitives.ReadInt64LittleEndian(bytes[56..]),
            NextPosition = BinaryPrimitives.ReadInt64LittleEndian(bytes[64..]),
            UnixMilliseconds = BinaryPrimitives.ReadInt64LittleEndian(bytes[72..]),
            FrameHash = BinaryPrimitives.ReadUInt128LittleEndian(bytes[80..]),
            StateDigest = BinaryPrimitives.ReadUInt128LittleEndian(bytes[96..]),
            Accounts = BinaryPrimitives.ReadInt64LittleEndian(bytes[112..]),
            Holds = BinaryPrimitives.ReadInt64LittleEndian(bytes[120..]),
            Refundables = BinaryPrimitives.ReadInt64LittleEndian(bytes[128..]),
            Bytes = BinaryPrimitives.ReadInt64LittleEndian(bytes[136..]),
            LastBlockHash = BinaryPrimitives.ReadUInt128LittleEndian(bytes[144..]),
        };
        if (header.Bytes != fileBytes) throw new SnapshotException(string.Create(CultureInfo.InvariantCulture, $"has {fileBytes} bytes instead of {header.Bytes}"));
        var most = fileBytes / LeastSavedBytes;
        if (header.NextPosition < 0) throw new SnapshotException("has a damaged header");
        if (!IsWithin(header.Accounts, most) || !IsWithin(header.Holds, most) || !IsWithin(header.Refundables, most)) throw new SnapshotException("counts more than it can hold");
        return header;
    }

    private static bool IsWithin(long count, long most) => count >= 0 && count <= most;

    private static UInt128 HashOf(ReadOnlySpan<byte> header) => XxHash128.HashToUInt128(header[16..Length]);
}

/// <summary>A snapshot that cannot be used; the message says what is wrong with it, and follows its name.</summary>
internal sealed class SnapshotException(string what) : Exception(what);
