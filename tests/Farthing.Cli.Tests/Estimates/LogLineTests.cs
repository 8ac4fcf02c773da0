using System.Text;
using Farthing.Cli.Estimates;

namespace Farthing.Cli.Tests.Estimates;

public class LogLineTests
{
    private const string Good = """203.0.113.7 - - [10/Oct/2026:13:55:36 -0700] "GET /articles/a.html?from=x HTTP/1.1" 200 2326 "https://example.org/" "Mozilla/5.0 (X11)" """;

    [Theory]
    [InlineData(Good, "203.0.113.7", "2026-10-10", "GET", "/articles/a.html", 200, "Mozilla/5.0 (X11)")]
    [InlineData("""2001:db8::1 - frank [29/Feb/2024:00:00:00 +0000] "POST / HTTP/2.0" 201 - "-" "-" """, "2001:db8::1", "2024-02-29", "POST", "/", 201, "-")]
    [InlineData("""host.example - a b c [01/Jan/1970:00:00:00 +0000] "GET /x" 304 0 "" "" """, "host.example", "1970-01-01", "GET", "/x", 304, "")]
    [InlineData("""h - - [31/Dec/2026:23:59:59 +0100] "GET http://example.org/a/b?c HTTP/1.1" 206 5 "-" "A \"quoted\" agent\\" extra "0.003" """, "h", "2026-12-31", "GET", "/a/b", 206, "A \\\"quoted\\\" agent\\\\")]
    [InlineData("""h - - [31/Dec/2026:23:59:59 +0100] "GET HTTPS://example.org HTTP/1.1" 200 5 "-" "x" """, "h", "2026-12-31", "GET", "/", 200, "x")]
    [InlineData("""h - - [31/Dec/2026:23:59:59 +0100] "GET /a b c HTTP/1.1" 404 5 "-" "x" """, "h", "2026-12-31", "GET", "/a b c", 404, "x")]
    // What servers log of requests that nobody can understand.
    [InlineData("""h - - [31/Dec/2026:23:59:59 +0100] "-" 408 0 "-" "-" """, "h", "2026-12-31", "", "", 408, "-")]
    [InlineData("""h - - [31/Dec/2026:23:59:59 +0100] "\x16\x03\x01" 400 0 "-" "-" """, "h", "2026-12-31", "", "", 400, "-")]
    [InlineData("""h - - [31/Dec/2026:23:59:59 +0100] "CONNECT example.org:443 HTTP/1.1" 405 0 "-" "-" """, "h", "2026-12-31", "", "", 405, "-")]
    [InlineData("""h - - [31/Dec/2026:23:59:59 +0100] "OPTIONS * HTTP/1.1" 200 0 "-" "-" """, "h", "2026-12-31", "", "", 200, "-")]
    public void Lines_of_the_combined_format_are_read(string line, string host, string day, string method, string path, int status, string agent)
    {
        Assert.Null(LogLine.Parse(Encoding.UTF8.GetBytes(line.TrimEnd()), out var parsed));
        Assert.Equal((host, day, method, path, status, agent), (Text(parsed.Host), $"{parsed.Day:yyyy-MM-dd}", Text(parsed.Method), Text(parsed.Path), parsed.Status, Text(parsed.Agent)));
    }

    [Theory]
    [InlineData("", "it has no address")]
    [InlineData("   ", "it has no address")]
    [InlineData("nonsense", "it has no address")]
    [InlineData("203.0.113.7 - - GET /", "it has no time in brackets")]
    [InlineData("203.0.113.7 - - [10/Oct/2026:13:55:36 -0700 GET /", "its time is not like [23/Nov/2026:09:30:00 +0000]")]
    [InlineData("203.0.113.7 - - [2026-10-10T13:55:36Z] \"GET / HTTP/1.1\" 200 1 \"-\" \"-\"", "its time is not like [23/Nov/2026:09:30:00 +0000]")]
    [InlineData("203.0.113.7 - - [31/Feb/2026:13:55:36 -0700] \"GET / HTTP/1.1\" 200 1 \"-\" \"-\"", "its time is not like [23/Nov/2026:09:30:00 +0000]")]
    [InlineData("203.0.113.7 - - [01/anF/2026:13:55:36 -0700] \"GET / HTTP/1.1\" 200 1 \"-\" \"-\"", "its time is not like [23/Nov/2026:09:30:00 +0000]")]
    [InlineData("203.0.113.7 - - [01/Jan/9999:13:55:36 -0700] \"GET / HTTP/1.1\" 200 1 \"-\" \"-\"", "its time is not like [23/Nov/2026:09:30:00 +0000]")]
    [InlineData("203.0.113.7 - - [10/Oct/2026:13:55:36 -0700] GET / 200 1", "it has no request in quotes")]
    [InlineData("203.0.113.7 - - [10/Oct/2026:13:55:36 -0700] \"GET / HTTP/1.1", "it has no request in quotes")]
    [InlineData("203.0.113.7 - - [10/Oct/2026:13:55:36 -0700] \"GET / HTTP/1.1\\", "it has no request in quotes")]
    [InlineData("203.0.113.7 - - [10/Oct/2026:13:55:36 -0700] \"GET / HTTP/1.1\\\"", "it has no request in quotes")]
    [InlineData("203.0.113.7 - - [10/Oct/2026:13:55:36 -0700] \"GET / HTTP/1.1\" OK 1 \"-\" \"-\"", "it has no status of three digits")]
    [InlineData("203.0.113.7 - - [10/Oct/2026:13:55:36 -0700] \"GET / HTTP/1.1\" 99 1 \"-\" \"-\"", "it has no status of three digits")]
    [InlineData("203.0.113.7 - - [10/Oct/2026:13:55:36 -0700] \"GET / HTTP/1.1\" 200", "it has no number of bytes")]
    [InlineData("203.0.113.7 - - [10/Oct/2026:13:55:36 -0700] \"GET / HTTP/1.1\" 200 1", "it has no referrer in quotes")]
    [InlineData("203.0.113.7 - - [10/Oct/2026:13:55:36 -0700] \"GET / HTTP/1.1\" 200 1 \"-\"", "it has no agent in quotes")]
    public void Other_lines_are_refused_with_what_is_wrong(string line, string fault) => Assert.Equal(fault, LogLine.Parse(Encoding.UTF8.GetBytes(line), out _));

    [Fact]
    public void No_bytes_make_the_parser_throw_or_read_beyond_the_line()
    {
        var random = new Random(20261123);
        var good = Encoding.UTF8.GetBytes(Good.TrimEnd());
        var pieces = new[] { "\"", "\\", "[", "]", " ", "GET /", "200", "?", "://", "10/Oct/2026:13:55:36 -0700", "\0", "\u00e9" }.Select(Encoding.UTF8.GetBytes).ToArray();
        var (read, refused) = (0, 0);
        for (var i = 0; i < 50_000; i++)
        {
            var line = good.AsSpan(0, random.Next(3) == 0 ? random.Next(good.Length + 1) : good.Length).ToArray();
            for (var changes = random.Next(4); changes > 0 && line.Length > 0; changes--)
            {
                if (random.Next(2) == 0)
                {
                    line[random.Next(line.Length)] = (byte)random.Next(256);
                }
                else
                {
                    var at = random.Next(line.Length);
                    line = [.. line[..at], .. pieces[random.Next(pieces.Length)], .. line[at..]];
                }
            }

            if (LogLine.Parse(line, out var parsed) is not null)
            {
                refused++;
                continue;
            }

            read++;
            Assert.True(parsed.Host.Length > 0 && parsed.Status is >= 100 and <= 999 && parsed.Method.IsEmpty == parsed.Path.IsEmpty);
            Assert.True(parsed.Path.IsEmpty || parsed.Path[0] == '/');
        }

        Assert.True(read > 5_000 && refused > 5_000, $"{read} read, {refused} refused");
    }

    [Theory]
    [InlineData("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36", false)]
    [InlineData("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile/15E148 Safari/604.1", false)]
    [InlineData("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", true)]
    [InlineData("GPTBot/1.2", true)]
    [InlineData("curl/8.5.0", true)]
    [InlineData("python-requests/2.31", true)]
    [InlineData("Mozilla/5.0 HeadlessChrome/120.0", true)]
    [InlineData("-", true)]
    [InlineData("", true)]
    public void Programs_are_known_by_what_they_call_themselves(string agent, bool isBot) => Assert.Equal(isBot, Bots.IsBot(Encoding.UTF8.GetBytes(agent)));

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);
}
