using System.Buffers.Binary;

namespace Farthing.Bench.Ledger;

/// <summary>How many bytes the ledger writes for one batch.</summary>
/// <param name="RecordBytes">Of one transfer, with its place in the frame's list of offsets; on the average.</param>
internal readonly record struct FrameShape(int RecordBytes)
{
    private const int HeaderBytes = 128;

    public int FrameBytes(int records) => BareFile.Align(HeaderBytes + records * RecordBytes);
}

/// <summary>What lies in a ledger's directory, read as docs/spec/journal.md describes it.</summary>
internal static class JournalFiles
{
    private const int HeaderBytes = 128;
    private const int MagicOffset = 16;
    private const int CountOffset = 56;
    private const int BytesOffset = 60;

    /// <summary>The bytes of all frames, and their records.</summary>
    public static (long FrameBytes, long Records, long RecordBytes) Measure(string directory)
    {
        long frameBytes = 0, records = 0, recordBytes = 0;
        var header = new byte[HeaderBytes];
        foreach (var path in Segments(directory))
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            for (long at = BareFile.BlockBytes; RandomAccess.Read(file, header, at) == HeaderBytes && header.AsSpan(MagicOffset).StartsWith("FARTHBAT"u8);)
            {
                var count = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(CountOffset));
                var bytes = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(BytesOffset));
                var length = BareFile.Align(HeaderBytes + bytes + sizeof(int) * count);
                at += length;
                frameBytes += length;
                records += count;
                recordBytes += bytes + sizeof(int) * count;
            }
        }
        return (frameBytes, records, recordBytes);
    }

    /// <summary>What everything but the unwritten rest of the newest segment takes.</summary>
    public static long BytesInUse(string directory)
    {
        var last = Segments(directory).LastOrDefault();
        var others = Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories).Where(path => !path.EndsWith(".segment", StringComparison.Ordinal));
        return others.Sum(path => new FileInfo(path).Length) + (last is null ? 0 : Measure(directory).FrameBytes);
    }

    /// <summary>Removes what the ledger makes anew from its segments.</summary>
    public static void DeleteDerived(string directory)
    {
        foreach (var path in Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories))
        {
            if (!path.EndsWith(".segment", StringComparison.Ordinal) && Path.GetFileName(path) != "checkpoint") File.Delete(path);
        }
    }

    private static IEnumerable<string> Segments(string directory) => Directory.EnumerateFiles(Path.Combine(directory, "journal"), "*.segment").Order();
}
