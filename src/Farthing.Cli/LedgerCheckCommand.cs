using System.CommandLine;
using System.Globalization;
using Farthing.Ledger;
using Farthing.Protocol;
using Command = System.CommandLine.Command;

namespace Farthing.Cli;

/// <summary><c>farthing ledger check DIR</c>: reads a journal from its first byte and says what it found. Changes nothing.</summary>
internal static class LedgerCheckCommand
{
    public static Command Create()
    {
        var directory = new Argument<string>("directory") { Description = "The ledger's directory, or the data directory around it. Best while the server is stopped." };
        var key = new Option<string?>("--key") { Description = "The operator's public key; the stored checkpoint's signature is then checked too." };
        var command = new Command("check", "Reads a journal from its first byte and reports totals per asset, the tree's root and any damage.") { directory, key };
        command.SetAction(parsed => Run(parsed, parsed.GetValue(directory)!, parsed.GetValue(key)));
        return command;
    }

    private static int Run(ParseResult parsed, string directory, string? keyText)
    {
        CheckpointKey? key = null;
        if (keyText is not null && !CheckpointKey.TryParse(keyText, out key))
            return parsed.Fail(OperatorKey.Malformed);

        try
        {
            var report = LedgerCheck.Run(LedgerDirectory.Find(directory), key);
            var output = parsed.InvocationConfiguration.Output;
            WriteFindings(output, report);
            output.WriteLine(report.IsSound ? "The ledger is sound." : "The ledger is NOT sound: restore it from a backup, and keep these files for whoever looks into it.");
            return report.IsSound ? ExitCodes.Done : ExitCodes.No;
        }
        catch (DirectoryNotFoundException)
        {
            return parsed.Fail(LedgerDirectory.Missing(directory));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return parsed.Fail($"The ledger in {directory} cannot be read: {exception.Message}");
        }
    }

    /// <summary>Writes all that a check found, but not the verdict.</summary>
    public static void WriteFindings(TextWriter output, LedgerCheckReport report)
    {
        output.WriteLine($"records     {Count(report.Records)} in {Count(report.Batches)} batches");
        foreach (var (asset, total) in report.Totals.OrderBy(total => total.Key.Code, StringComparer.Ordinal))
        {
            var verdict = total.Debits == total.Credits ? "equal" : "NOT EQUAL";
            output.WriteLine($"total       {asset.Code}  debits {new Amount(asset, total.Debits).ToDecimalString()}  credits {new Amount(asset, total.Credits).ToDecimalString()}  {verdict}");
        }

        output.WriteLine($"root        {Convert.ToBase64String(report.Root)}");
        if (report.Checkpoint is { } checkpoint) output.WriteLine($"checkpoint  {Count(checkpoint.Size)} records. {checkpoint.Finding}");
        else output.WriteLine("checkpoint  none stored");
        if (report.TornBytes > 0) output.WriteLine($"torn end    {Count(report.TornBytes)} bytes of a batch whose write did not finish; nothing in it was acknowledged, and the next start cuts it");
        output.WriteLine($"damage      {report.Damage ?? "none"}");
    }

    private static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
