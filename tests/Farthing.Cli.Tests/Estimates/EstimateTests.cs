using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Unicode;
using Farthing.Cli.Estimates;

namespace Farthing.Cli.Tests.Estimates;

[Collection(typeof(Alone))]
public class EstimateTests(ITestOutputHelper output)
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("FARTHING_LONG") == "1";

    private static readonly PriceFile Prices = PriceFile.Parse("""
        currency: USD
        prices:
          - { path: /articles/free, price: free }
          - { path: /articles/*, price: 0.02 }
          - { path: /api/**, price: 0.002, per: request }
        """);

    [Theory]
    // Once for each reader and path.
    [InlineData(1, "GET /articles/a 200", "GET /articles/a 200", "GET /articles/a?x=1 200", "GET /articles/a 206")]
    [InlineData(2, "GET /articles/a 200", "GET /articles/b 200")]
    [InlineData(1, "GET /articles/a 206")]
    // A seek in a film, a page from the browser's own store, an error, another method, a path deeper down: nothing.
    [InlineData(0, "GET /articles/a 304", "GET /articles/a 404", "GET /articles/a 500", "HEAD /articles/a 200", "POST /articles/a 200", "GET /articles/a/b 200", "GET /articles/free 200", "GET / 200")]
    // Each request.
    [InlineData(4, "GET /api/x 200", "GET /api/x 200", "POST /api/x 201", "GET /api/x/y 204")]
    [InlineData(0, "GET /api/x 429", "DELETE /api/x 200", "OPTIONS /api/x 200", "GET /api 200")]
    public void What_would_have_been_paid_is_counted(int payments, params string[] requests)
    {
        var estimate = new Estimate(Prices, countsBots: false);
        foreach (var request in requests) Add(estimate, request);
        Assert.Equal(payments, estimate.Payments);
        Assert.Equal(payments, estimate.Paid.Sum(reads => reads.Count));
        Assert.Equal((long)requests.Length, estimate.Payments + estimate.Free + estimate.OtherMethods + estimate.OtherAnswers + estimate.ByBots + estimate.Again);
    }

    [Fact]
    public void A_reader_is_an_address_with_an_agent()
    {
        var estimate = new Estimate(Prices, countsBots: false);
        foreach (var host in new[] { "10.0.0.1", "10.0.0.2", "10.0.0.1" })
        {
            foreach (var agent in new[] { "Firefox", "Safari" }) Add(estimate, "GET /articles/a 200", host, agent);
        }

        Assert.Equal((4, 2), (estimate.Payments, estimate.Again));
    }

    [Fact]
    public void Programs_are_left_out_unless_asked_for()
    {
        foreach (var countsBots in new[] { false, true })
        {
            var estimate = new Estimate(Prices, countsBots);
            Add(estimate, "GET /articles/a 200", agent: "Googlebot/2.1");
            Add(estimate, "GET /articles/a 200");
            Assert.Equal(countsBots ? (2, 0) : (1, 1), (estimate.Payments, estimate.ByBots));
        }
    }

    [Fact]
    public void Paths_and_days_beyond_the_maximum_are_counted_together()
    {
        var estimate = new Estimate(Prices, countsBots: false, maxPaths: 3, maxCells: 4);
        for (var i = 0; i < 10; i++) Add(estimate, $"GET /articles/{i} 200");
        Add(estimate, $"GET /articles/{new string('x', 600)} 200");
        for (var day = 2; day < 5; day++) Add(estimate, "GET /articles/0 200", host: $"10.0.0.{day}", day: day);

        Assert.Equal(14, estimate.Payments);
        var paid = estimate.Paid.OrderBy(reads => reads.Path, StringComparer.Ordinal).ThenBy(reads => reads.Day).Select(reads => (reads.Path, reads.Day.Day, reads.Count));
        Assert.Equal(
            [("/articles/0", 1, 1), ("/articles/1", 1, 1), ("/articles/2", 1, 1), ("others like /articles/*", 1, 8), ("others like /articles/*", 2, 1), ("others like /articles/*", 3, 1), ("others like /articles/*", 4, 1)], paid);
    }

    [Fact]
    public void Who_has_read_is_hardly_ever_taken_for_someone_else_and_never_forgotten()
    {
        var seen = new SeenReads();
        var missed = 0;
        const int Reads = 500_000;
        for (var i = 0; i < Reads; i++)
        {
            if (!AddTo(i)) missed++;
        }

        Assert.True(missed < 5, $"{missed} of {Reads} first reads were taken for repeated ones.");
        for (var i = 0; i < Reads; i += 7) Assert.False(AddTo(i));
        Assert.Equal(Reads - missed, seen.Count);

        bool AddTo(int i)
        {
            Span<byte> host = stackalloc byte[10];
            i.TryFormat(host, out var length, default, CultureInfo.InvariantCulture);
            return seen.Add(host[..length], "agent"u8, "/a"u8);
        }
    }

    [Fact]
    public void A_million_lines_are_estimated_in_bounded_memory()
    {
        var lines = IsLong ? 20_000_000 : 1_000_000;
        // Every path, reader, answer and agent stands in a fixed proportion, so the answer is known.
        using var log = new MadeLog(lines);
        var estimate = new Estimate(Prices, countsBots: false);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var allocated = 0L;
        var began = Stopwatch.GetTimestamp();

        LogReader.ReadLines(log, (line, number, isCut) =>
        {
            // Without what making the log allocates.
            allocated -= GC.GetAllocatedBytesForCurrentThread();
            estimate.Add("made", line, number, isCut);
            allocated += GC.GetAllocatedBytesForCurrentThread();
        }, _ => { });

        var elapsed = Stopwatch.GetElapsedTime(began);
        output.WriteLine($"{lines:N0} lines in {elapsed.TotalMilliseconds:N0} ms: {lines / elapsed.TotalSeconds:N0} a second");
        var kept = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.Equal(lines, estimate.Lines);
        Assert.Equal(lines / 100, estimate.Malformed);
        Assert.Equal(Estimate.MaxNamed, estimate.Named.Count);
        Assert.Equal(log.Payments, estimate.Payments + estimate.Again);
        // Of twenty million first reads the filter takes one in seventeen hundred for a repeated one, of a million none.
        Assert.InRange(estimate.Again, log.Repeated, log.Repeated + (lines / 1_000));
        Assert.Equal(log.Programs, estimate.ByBots);
        // Paths and days are limited; what a line allocates is nothing.
        Assert.True(kept < 64 << 20, $"{kept:N0} bytes are kept.");
        Assert.True(allocated < 64 << 20, $"{allocated:N0} bytes were allocated for {lines:N0} lines.");
        GC.KeepAlive(estimate);
    }

    private static void Add(Estimate estimate, string request, string host = "10.0.0.1", string agent = "Firefox", int day = 1)
    {
        var end = request.LastIndexOf(' ');
        estimate.Add("log", Encoding.UTF8.GetBytes($"{host} - - [{day:00}/Nov/2026:09:30:00 +0000] \"{request[..end]} HTTP/1.1\" {request[(end + 1)..]} 1 \"-\" \"{agent}\""), 1, isCut: false);
    }

    /// <summary>A log that is made while it is read.</summary>
    private sealed class MadeLog(int lines) : Stream
    {
        private readonly byte[] line = new byte[512];
        private int made;
        private int length;
        private int given;

        public int Payments { get; private set; }

        public int Repeated { get; private set; }

        public int Programs { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var filled = 0;
            while (filled < count && (given < length || made < lines))
            {
                if (given == length) MakeLine();
                var some = Math.Min(count - filled, length - given);
                line.AsSpan(given, some).CopyTo(buffer.AsSpan(offset + filled));
                filled += some;
                given += some;
            }

            return filled;
        }

        private void MakeLine()
        {
            var i = made++;
            given = 0;
            var isWritten = (i % 100) switch
            {
                99 => Utf8.TryWrite(line, $"not a line of any log", out length),
                98 => Program(i),
                97 => Utf8.TryWrite(line, $"10.1.2.3 - - [{1 + (i % 28):00}/Oct/2026:13:55:36 +0000] \"GET /missing HTTP/1.1\" 404 153 \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\"", out length),
                96 => Again(i),
                _ => Article(i),
            };
            Assert.True(isWritten);
            line[length++] = (byte)'\n';
        }

        private bool Article(int i)
        {
            Payments++;
            // Another reader each time; some thousands of paths.
            return Utf8.TryWrite(line, $"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255} - - [{1 + (i % 28):00}/Oct/2026:13:55:36 +0000] \"GET /articles/{i % 7919}?from=front HTTP/1.1\" 200 23260 \"https://example.org/front\" \"Mozilla/5.0 (X11; Linux x86_64) {i >> 24}\"", out length);
        }

        private bool Again(int i)
        {
            Payments++;
            if (i > 96) Repeated++;
            return Utf8.TryWrite(line, $"10.255.255.255 - - [{1 + (i % 28):00}/Oct/2026:13:55:36 +0000] \"GET /articles/again HTTP/1.1\" 200 23260 \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\"", out length);
        }

        private bool Program(int i)
        {
            Programs++;
            return Utf8.TryWrite(line, $"10.1.2.3 - - [{1 + (i % 28):00}/Oct/2026:13:55:36 +0000] \"GET /articles/{i % 7919} HTTP/1.1\" 200 23260 \"-\" \"Mozilla/5.0 (compatible; Googlebot/2.1)\"", out length);
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
