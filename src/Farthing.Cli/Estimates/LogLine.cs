using System.Text;

namespace Farthing.Cli.Estimates;

/// <summary>One line of a web server's log in the combined format, as bytes of that line.</summary>
/// <remarks>
/// <c>host ident name [day/Mon/year:time zone] "method target protocol" status bytes "referrer" "agent"</c>; more after that is passed over.
/// A quotation mark within quotes is escaped with a backslash, as Apache does; nginx writes <c>\x22</c>.
/// </remarks>
internal readonly ref struct LogLine
{
    private LogLine(ReadOnlySpan<byte> host, DateOnly day, ReadOnlySpan<byte> method, ReadOnlySpan<byte> path, int status, ReadOnlySpan<byte> agent)
    {
        Host = host;
        Day = day;
        Method = method;
        Path = path;
        Status = status;
        Agent = agent;
    }

    /// <summary>The address of whoever asked.</summary>
    public ReadOnlySpan<byte> Host { get; }

    /// <summary>The day in the server's own time zone, as it wrote it.</summary>
    public DateOnly Day { get; }

    /// <summary>Such as <c>GET</c>; empty if the request cannot be understood, which servers log too.</summary>
    public ReadOnlySpan<byte> Method { get; }

    /// <summary>The target without scheme, host and query; empty if the request cannot be understood.</summary>
    public ReadOnlySpan<byte> Path { get; }

    /// <summary>What the server answered.</summary>
    public int Status { get; }

    /// <summary>The browser or program, as it calls itself.</summary>
    public ReadOnlySpan<byte> Agent { get; }

    /// <summary>Reads a line without its end.</summary>
    /// <param name="line">The bytes; they need not be valid text.</param>
    /// <param name="parsed">The line, whose spans are parts of <paramref name="line"/>.</param>
    /// <returns>What is wrong with it, or null. Never throws.</returns>
    public static string? Parse(ReadOnlySpan<byte> line, out LogLine parsed)
    {
        parsed = default;
        var blank = line.IndexOf((byte)' ');
        if (blank <= 0) return "it has no address";
        var host = line[..blank];
        // A name may have blanks in it, so the time is looked for by its bracket.
        var open = line.IndexOf(" ["u8);
        if (open < 0) return "it has no time in brackets";
        var rest = line[(open + 2)..];
        var close = rest.IndexOf((byte)']');
        if (close < 0 || !TryReadDay(rest[..close], out var day)) return "its time is not like [23/Nov/2026:09:30:00 +0000]";
        rest = rest[(close + 1)..];
        if (!TryTakeQuoted(ref rest, out var request)) return "it has no request in quotes";
        if (!TryTakeWord(ref rest, out var status) || !TryReadStatus(status, out var code)) return "it has no status of three digits";
        if (!TryTakeWord(ref rest, out _)) return "it has no number of bytes";
        if (!TryTakeQuoted(ref rest, out _)) return "it has no referrer in quotes";
        if (!TryTakeQuoted(ref rest, out var agent)) return "it has no agent in quotes";
        ReadRequest(request, out var method, out var path);
        parsed = new LogLine(host, day, method, path, code, agent);
        return null;
    }

    /// <summary>Reads <c>23/Nov/2026:09:30:00 +0000</c>, of which only the day is asked for.</summary>
    private static bool TryReadDay(ReadOnlySpan<byte> text, out DateOnly day)
    {
        day = default;
        if (text.Length < 20 || text[2] != '/' || text[6] != '/' || text[11] != ':') return false;
        var month = "JanFebMarAprMayJunJulAugSepOctNovDec"u8.IndexOf(text[3..6]);
        if (month < 0 || month % 3 != 0 || !TryReadNumber(text[..2], out var number) || !TryReadNumber(text[7..11], out var year)) return false;
        month = (month / 3) + 1;
        if (year is < 1970 or > 2199 || number < 1 || number > DateTime.DaysInMonth(year, month)) return false;
        day = new DateOnly(year, month, number);
        return true;
    }

    private static bool TryReadStatus(ReadOnlySpan<byte> word, out int status)
    {
        status = 0;
        return word.Length == 3 && TryReadNumber(word, out status) && status >= 100;
    }

    private static bool TryReadNumber(ReadOnlySpan<byte> digits, out int number)
    {
        number = 0;
        foreach (var digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'9') return false;
            number = (number * 10) + (digit - '0');
        }

        return true;
    }

    private static bool TryTakeWord(scoped ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> word)
    {
        rest = rest.TrimStart((byte)' ');
        var end = rest.IndexOf((byte)' ');
        word = end < 0 ? rest : rest[..end];
        rest = rest[word.Length..];
        return word.Length > 0 && word[0] != '"';
    }

    private static bool TryTakeQuoted(scoped ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> quoted)
    {
        quoted = default;
        rest = rest.TrimStart((byte)' ');
        if (rest.Length == 0 || rest[0] != '"') return false;
        var end = 1;
        while (true)
        {
            if (end >= rest.Length) return false;
            var next = rest[end..].IndexOfAny((byte)'"', (byte)'\\');
            if (next < 0) return false;
            end += next;
            if (rest[end] == '"') break;
            // What is escaped ends nothing.
            end += 2;
        }

        quoted = rest[1..end];
        rest = rest[(end + 1)..];
        return true;
    }

    private static void ReadRequest(ReadOnlySpan<byte> request, out ReadOnlySpan<byte> method, out ReadOnlySpan<byte> path)
    {
        method = path = default;
        var first = request.IndexOf((byte)' ');
        if (first <= 0) return;
        var target = request[(first + 1)..];
        // The oldest clients name no protocol.
        var last = target.LastIndexOf((byte)' ');
        if (last >= 0) target = target[..last];
        if (target.Length > 0 && target[0] != '/') target = AfterHost(target);
        var end = target.IndexOfAny((byte)'?', (byte)'#');
        if (end >= 0) target = target[..end];
        if (target.Length == 0) return;
        method = request[..first];
        path = target;
    }

    private static ReadOnlySpan<byte> AfterHost(ReadOnlySpan<byte> target)
    {
        var slashes = target.IndexOf("://"u8);
        if (slashes < 0 || !(Ascii.EqualsIgnoreCase(target[..slashes], "http"u8) || Ascii.EqualsIgnoreCase(target[..slashes], "https"u8))) return default;
        var rest = target[(slashes + 3)..];
        var slash = rest.IndexOf((byte)'/');
        return slash < 0 ? "/"u8 : rest[slash..];
    }
}
