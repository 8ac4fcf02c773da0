using System.Buffers;
using System.Text;

namespace Farthing.Cli.Estimates;

/// <summary>Tells programs from people by what they call themselves. Who lies is taken for a person.</summary>
internal static class Bots
{
    private const int MaxAgentLength = 1024;

    private static readonly SearchValues<string> Words = SearchValues.Create(
        [
            "bot", "crawl", "spider", "slurp", "archiver", "scrap", "monitor", "uptime", "pingdom", "preview", "validator", "feed", "rss",
            "facebookexternalhit", "mediapartners", "headless", "lighthouse", "phantomjs", "curl/", "wget/", "python", "java/", "okhttp", "go-http-client",
            "libwww", "httpclient", "axios", "node-fetch", "scan", "nmap",
        ], StringComparison.OrdinalIgnoreCase);

    /// <summary>True for what says that it is a program, and for what says nothing.</summary>
    public static bool IsBot(ReadOnlySpan<byte> agent)
    {
        if (agent.Length == 0 || agent is [(byte)'-']) return true;
        Span<char> text = stackalloc char[MaxAgentLength];
        var length = Encoding.Latin1.GetChars(agent[..Math.Min(agent.Length, MaxAgentLength)], text);
        return text[..length].ContainsAny(Words);
    }
}
