using System.IO.Compression;

namespace Farthing.Cli.Estimates;

/// <summary>Is given each line of a log.</summary>
/// <param name="line">Without its end; only valid during the call.</param>
/// <param name="number">From 1.</param>
/// <param name="isCut">True if the line was longer than <see cref="LogReader.MaxLineLength"/>: its beginning is given.</param>
internal delegate void LineReader(ReadOnlySpan<byte> line, long number, bool isCut);

/// <summary>Reads logs of any length through one buffer.</summary>
internal static class LogReader
{
    /// <summary>Of longer lines only the beginning is given.</summary>
    public const int MaxLineLength = 64 << 10;

    private const int BufferLength = 1 << 20;

    /// <summary>Reads a log to its end.</summary>
    /// <param name="log">The bytes.</param>
    /// <param name="read">Called for each line.</param>
    /// <param name="progressed">Called now and then with the number of lines so far.</param>
    public static void ReadLines(Stream log, LineReader read, Action<long> progressed)
    {
        var buffer = new byte[BufferLength];
        var (filled, number) = (0, 0L);
        var isInLongLine = false;
        while (true)
        {
            var count = log.Read(buffer, filled, buffer.Length - filled);
            filled += count;
            var rest = buffer.AsSpan(0, filled);
            while (rest.Length > 0)
            {
                var end = rest.IndexOf((byte)'\n');
                if (end < 0 && count > 0 && rest.Length <= MaxLineLength) break;
                // A last line may have no end.
                var line = end < 0 ? rest : rest[..end];
                if (isInLongLine) isInLongLine = end < 0;
                else Give(line, ++number, end < 0 && count > 0);
                isInLongLine |= end < 0 && count > 0;
                rest = end < 0 ? [] : rest[(end + 1)..];
            }

            if (count == 0) break;
            rest.CopyTo(buffer);
            filled = rest.Length;
            progressed(number);
        }

        void Give(ReadOnlySpan<byte> line, long lineNumber, bool isCut)
        {
            isCut |= line.Length > MaxLineLength;
            if (isCut) line = line[..MaxLineLength];
            else if (line is [.., (byte)'\r']) line = line[..^1];
            read(line, lineNumber, isCut);
        }
    }

    /// <summary>A log as its text, also if it is compressed with gzip.</summary>
    /// <param name="file">The log, which can seek and stands at its beginning.</param>
    public static Stream Decompress(FileStream file)
    {
        var isGzip = file.ReadByte() == 0x1f && file.ReadByte() == 0x8b;
        file.Position = 0;
        return isGzip ? new GZipStream(file, CompressionMode.Decompress) : file;
    }
}
