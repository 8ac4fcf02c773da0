using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;

namespace Farthing.Ledger.Journal;

/// <summary>A file of fixed size, zeroed beforehand: a header block, then frames. <c>docs/spec/journal.md</c> gives each byte.</summary>
internal sealed class Segment : IDisposable
{
    /// <summary>The format that this program writes and reads. It is frozen: what a later one changes is another format, and this one is read for ever.</summary>
    public const int FormatVersion = 2;

    /// <summary>Room for a chain and a full round of expiries, whatever the memos.</summary>
    public const int MinBytes = 1 << 20;

    /// <summary>So that its index, at most 1.9 times as long, is one array and one map of memory.</summary>
    public const int MaxBytes = 1 << 30;

    private const int HeaderLength = 64;

    private Segment(DurableFile file, SegmentHeader header)
    {
        File = file;
        Header = header;
    }

    private static ReadOnlySpan<byte> Magic => "FARTHSEG"u8;

    public DurableFile File { get; }

    public SegmentHeader Header { get; }

    public int Blocks => (int)(Header.Bytes / Frame.BlockBytes);

    public int MaxFrameBytes => (int)Math.Min(Frame.MaxBytes, Header.Bytes - Frame.BlockBytes);

    public static string FileName(int number) => number.ToString("D8", CultureInfo.InvariantCulture) + ".segment";

    /// <summary>The numbers of the segments in a directory, ascending.</summary>
    public static List<int> List(string directory, Disk? disk = null)
    {
        var numbers = new List<int>();
        foreach (var path in (disk ?? Disk.Real).List(directory, "*.segment"))
        {
            if (!int.TryParse(Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture, out var number) || FileName(number) != Path.GetFileName(path))
                throw new LedgerDamagedException($"{path} is not the name of a segment. Move it out of the journal's directory.");
            numbers.Add(number);
        }
        numbers.Sort();
        return numbers;
    }

    /// <summary>Makes a zeroed segment, durable with its name. Slow; a half-made one is left behind only under another name.</summary>
    /// <exception cref="IOException">No room, or the disk failed.</exception>
    public static Segment Prepare(string directory, SegmentHeader header, Disk disk)
    {
        WriteZeroes(directory, header, disk);
        return GiveName(directory, header, disk);
    }

    /// <summary>The first half of <see cref="Prepare"/>: a zeroed file, durable under another name. May be repeated, unless a flush failed.</summary>
    /// <exception cref="FlushException">The disk failed.</exception>
    /// <exception cref="IOException">No room.</exception>
    public static void WriteZeroes(string directory, SegmentHeader header, Disk disk)
    {
        var temporary = TemporaryPath(directory, header.Number);
        using var file = DurableFile.Create(temporary, disk);
        try
        {
            file.WriteZeroes(header.Bytes);
            file.Write(WriteHeader(header), 0);
            file.Flush();
        }
        catch
        {
            disk.Delete(temporary);
            throw;
        }
    }

    /// <summary>The second half of <see cref="Prepare"/>: the file gets its name, and the name is durable. Never to be repeated.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public static Segment GiveName(string directory, SegmentHeader header, Disk disk)
    {
        var path = Path.Combine(directory, FileName(header.Number));
        if (disk.Exists(path)) throw new IOException($"{path} is there already.");
        disk.Move(TemporaryPath(directory, header.Number), path);
        disk.FlushDirectory(directory);
        return new(DurableFile.OpenForWriting(path, disk), header);
    }

    /// <exception cref="LedgerDamagedException">The header or the length is wrong, or a newer program wrote it.</exception>
    public static Segment Open(string directory, int number, bool forWriting, Disk? disk = null)
    {
        var path = Path.Combine(directory, FileName(number));
        var file = forWriting ? DurableFile.OpenForWriting(path, disk) : DurableFile.OpenForReading(path, disk);
        try
        {
            return new(file, ReadHeader(file, number));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void Dispose() => File.Dispose();

    internal static byte[] WriteHeader(SegmentHeader header)
    {
        var bytes = new byte[Frame.BlockBytes];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), FormatVersion);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), header.Number);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), header.Bytes);
        BinaryPrimitives.WriteUInt128LittleEndian(bytes.AsSpan(24), header.Journal);
        BinaryPrimitives.WriteUInt128LittleEndian(bytes.AsSpan(48), HashOf(bytes));
        return bytes;
    }

    private static SegmentHeader ReadHeader(DurableFile file, int number)
    {
        Span<byte> bytes = stackalloc byte[Frame.BlockBytes];
        if (file.Read(bytes, 0) < bytes.Length || !bytes[..8].SequenceEqual(Magic))
            throw new LedgerDamagedException($"{file.Path} does not begin as a segment does. Restore it from a backup.");

        // The version comes before the checksum: what else a newer program put there is its own affair.
        var version = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
        if (version > FormatVersion)
            throw new LedgerDamagedException($"{file.Path} has journal format {version}; this program reads {FormatVersion}. It was written by a newer version: start that one.");
        if (version is > 0 and < FormatVersion)
            throw new LedgerDamagedException($"{file.Path} has journal format {version}, from before the format was frozen; this program reads {FormatVersion}. Nothing in it is damaged. It holds play money: move the data directory away and start with a new one, or start the version that wrote it.");

        var header = new SegmentHeader(BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]), BinaryPrimitives.ReadUInt128LittleEndian(bytes[24..]));
        if (version < 1 || BinaryPrimitives.ReadUInt128LittleEndian(bytes[48..]) != HashOf(bytes) || bytes[HeaderLength..].ContainsAnyExcept((byte)0))
            throw new LedgerDamagedException($"{file.Path} has a damaged header at byte 0. Restore it from a backup.");
        if (header.Number != number)
            throw new LedgerDamagedException($"{file.Path} is segment {header.Number} under another's name. Give it back its name, or restore from a backup.");
        if (file.Length != header.Bytes)
            throw new LedgerDamagedException($"{file.Path} has {file.Length} bytes instead of {header.Bytes}. Restore it from a backup.");
        return header;
    }

    private static string TemporaryPath(string directory, int number) => Path.Combine(directory, FileName(number)) + ".new";

    private static UInt128 HashOf(ReadOnlySpan<byte> header) => XxHash128.HashToUInt128(header[..48]);
}

/// <summary>What is written at the head of a segment.</summary>
/// <param name="Number">Its place in the journal, from zero.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Journal">A random number shared by all segments of one journal, so that a stranger's is noticed.</param>
internal readonly record struct SegmentHeader(int Number, long Bytes, UInt128 Journal);
