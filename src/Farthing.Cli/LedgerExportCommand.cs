using System.CommandLine;
using System.Globalization;
using System.Text;
using Farthing.Ledger;
using Command = System.CommandLine.Command;

namespace Farthing.Cli;

/// <summary><c>farthing ledger export DIR</c>: every record of a journal as a line of CSV. Changes nothing.</summary>
internal static class LedgerExportCommand
{
    private const int WriteAfterCharacters = 64 * 1024;
    private const long ReportEvery = 1_000_000;

    private static readonly string[] TimeForms = ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz"];

    public static Command Create()
    {
        var directory = new Argument<string>("directory") { Description = "The ledger's directory, or the data directory around it." };
        var from = new Option<long?>("--from") { Description = "The first position; the first record if left out." };
        var to = new Option<long?>("--to") { Description = "The position behind the last one." };
        var since = new Option<string?>("--since") { Description = "Only records of this time or later, such as 2026-11-01 (UTC) or 2026-11-01T09:30:00Z." };
        var until = new Option<string?>("--until") { Description = "Only records before this time." };
        var command = new Command("export", "Writes every record of a journal as a line of CSV to standard output.") { directory, from, to, since, until };
        command.SetAction(parsed =>
        {
            if (!TryReadTime(parsed.GetValue(since), DateTimeOffset.MinValue, out var first) || !TryReadTime(parsed.GetValue(until), DateTimeOffset.MaxValue, out var end))
                return parsed.Fail("A time looks like 2026-11-01 or 2026-11-01T09:30:00Z.");
            var range = new Range(parsed.GetValue(from) ?? 0, parsed.GetValue(to) ?? long.MaxValue, first, end);
            return range.From < 0 ? parsed.Fail("A position is 0 or more.") : Run(parsed, parsed.GetValue(directory)!, range);
        });
        return command;
    }

    private static bool TryReadTime(string? text, DateTimeOffset absent, out DateTimeOffset time)
    {
        time = absent;
        return text is null || DateTimeOffset.TryParseExact(text, TimeForms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);
    }

    private static int Run(ParseResult parsed, string directory, Range range)
    {
        var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        try
        {
            var count = Write(JournalFiles.ReadRecords(LedgerDirectory.Find(directory), range.From), range, output, error);
            error.WriteLine($"{Count(count)} records.");
            return ExitCodes.Done;
        }
        catch (LedgerDamagedException damage)
        {
            error.WriteLine($"{damage.Message} What was written before it is sound.");
            return ExitCodes.No;
        }
        catch (DirectoryNotFoundException)
        {
            return parsed.Fail(LedgerDirectory.Missing(directory));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return parsed.Fail($"The export did not reach its end: {exception.Message}");
        }
    }

    private static long Write(IEnumerable<JournalRecord> records, Range range, TextWriter output, TextWriter error)
    {
        var text = new StringBuilder(WriteAfterCharacters + 1024);
        RecordCsv.AppendHead(text);
        var count = 0L;
        try
        {
            foreach (var record in records)
            {
                var time = DateTimeOffset.FromUnixTimeMilliseconds(record.UnixMilliseconds);
                if (record.Position >= range.To || time >= range.Until) break;
                if (time < range.Since) continue;
                RecordCsv.Append(text, record);
                if (++count % ReportEvery == 0) error.WriteLine($"{Count(count)} records, {time:yyyy-MM-dd} …");
                if (text.Length < WriteAfterCharacters) continue;
                output.Write(text);
                text.Clear();
            }
        }
        finally
        {
            // Also what stands before a damage.
            output.Write(text);
            output.Flush();
        }

        return count;
    }

    private static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>Which records: from a position, before another, since a time and before another.</summary>
    private sealed record Range(long From, long To, DateTimeOffset Since, DateTimeOffset Until);
}
