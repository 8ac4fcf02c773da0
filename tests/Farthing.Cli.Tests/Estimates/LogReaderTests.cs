using System.Text;
using Farthing.Cli.Estimates;

namespace Farthing.Cli.Tests.Estimates;

public class LogReaderTests
{
    [Theory]
    [InlineData("", 0)]
    [InlineData("a", 1)]
    [InlineData("a\n", 1)]
    [InlineData("a\nb", 2)]
    [InlineData("a\r\nb\r\n", 2)]
    [InlineData("\n\na\n", 3)]
    public void Lines_end_with_a_line_feed_or_with_the_log(string log, int count)
    {
        var lines = Read(Encoding.UTF8.GetBytes(log), int.MaxValue);
        Assert.Equal(count, lines.Count);
        Assert.Equal(log.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n').Take(count), lines.Select(line => line.Text));
    }

    [Fact]
    public void However_the_bytes_arrive_the_lines_are_the_same()
    {
        var random = new Random(20261123);
        var log = new List<byte>();
        var expected = new List<(string Text, bool IsCut)>();
        for (var i = 0; i < 300; i++)
        {
            var length = random.Next(20) switch { 0 => LogReader.MaxLineLength + random.Next(-2, 3), 1 => random.Next(3_000_000), _ => random.Next(300) };
            var line = new string((char)('a' + (i % 26)), length);
            log.AddRange(Encoding.ASCII.GetBytes(line));
            log.Add((byte)'\n');
            expected.Add((line[..Math.Min(length, LogReader.MaxLineLength)], length > LogReader.MaxLineLength));
        }

        var bytes = log.ToArray();
        foreach (var most in new[] { 4_096, 65_536, 1_000_000, int.MaxValue })
        {
            var lines = Read(bytes, most);
            Assert.Equal(Enumerable.Range(1, 300).Select(i => (long)i), lines.Select(line => line.Number));
            Assert.Equal(expected, lines.Select(line => (line.Text, line.IsCut)));
        }

        Assert.Contains(expected, line => line.IsCut);
    }

    private static List<(string Text, long Number, bool IsCut)> Read(byte[] bytes, int most)
    {
        var lines = new List<(string, long, bool)>();
        using var log = new SlowStream(bytes, most);
        LogReader.ReadLines(log, (line, number, isCut) => lines.Add((Encoding.ASCII.GetString(line), number, isCut)), _ => { });
        return lines;
    }

    /// <summary>Gives no more than so many bytes at once.</summary>
    private sealed class SlowStream(byte[] bytes, int most) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, most));

        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, most)]);
    }
}
