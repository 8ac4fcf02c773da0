using System.CommandLine;
using System.Globalization;
using System.Text;
using Farthing.Protocol;
using DurableFiles = Farthing.Ledger.DurableFiles;

namespace Farthing.Cli.Audit;

/// <summary><c>farthing ledger audit URL</c>: reads a server's whole tree and holds it against what the server signed, now and before.</summary>
internal static class LedgerAuditCommand
{
    private const int DefaultTimeoutSeconds = 30;

    public static Command Create()
    {
        var url = new Argument<string>("url") { Description = "The payment server, such as http://127.0.0.1:5080." };
        var key = new Option<string?>("--key") { Description = "The operator's public key, such as farthing.example/ledger+1a2b3c4d+A…. Without it the server is asked for it, and trusted in that." };
        var since = new Option<string?>("--since") { Description = "A file with the checkpoint of the audit before, which the log must still contain; the newest one is stored there. May be missing the first time." };
        var timeout = new Option<int>("--timeout-seconds") { Description = "The most time for one answer.", DefaultValueFactory = _ => DefaultTimeoutSeconds };
        var command = new Command("audit", "Reads a server's whole Merkle tree, hashes it again, and checks it against the newest checkpoint and an earlier one.") { url, key, since, timeout };
        command.SetAction((parsed, cancellation) => RunAsync(parsed, parsed.GetValue(url)!, parsed.GetValue(key), parsed.GetValue(since), parsed.GetValue(timeout), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, string url, string? keyText, string? since, int timeoutSeconds, CancellationToken cancellation)
    {
        if (!Addresses.TryParse(url, out var server)) return parsed.Fail($"'{url}' is not a server's address. Write it like http://127.0.0.1:5080.");
        if (timeoutSeconds < 1) return parsed.Fail("An answer needs at least a second.");
        CheckpointKey? key = null;
        if (keyText is not null && !CheckpointKey.TryParse(keyText, out key)) return parsed.Fail(OperatorKey.Malformed);
        key ??= await OperatorKey.AskAsync(parsed, url, cancellation);
        if (key is null) return ExitCodes.NoAnswer;

        Checkpoint? earlier = null;
        try
        {
            if (since is not null && File.Exists(since) && !Checkpoint.TryVerify(await File.ReadAllTextAsync(since, cancellation), key, out earlier))
                return parsed.Fail($"{since} is not a checkpoint signed by {key.Name}. Give the file that an audit of this server stored.");
            using var log = new LogReader(server, TimeSpan.FromSeconds(timeoutSeconds));
            return await AuditAsync(parsed, log, key, earlier, since, cancellation);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return parsed.Fail($"{since} cannot be used: {exception.Message}");
        }
    }

    private static async Task<int> AuditAsync(ParseResult parsed, LogReader log, CheckpointKey key, Checkpoint? earlier, string? since, CancellationToken cancellation)
    {
        var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        var answer = await log.ReadCheckpointAsync(cancellation);
        if (answer.Problem is not null) return parsed.Fail(answer.Problem);
        var note = Encoding.UTF8.GetString(answer.Bytes);
        if (!Checkpoint.TryVerify(note, key, out var newest)) return Refuse(output, $"What the server gives as its checkpoint is not signed by {key.Name}.");
        if (earlier is not null && newest.Size < earlier.Size)
            return Refuse(output, $"The server shows a log of {Count(newest.Size)} records, though it signed {Count(earlier.Size)} before: records were taken away, or this is a copy that lags.");

        var audit = new TreeAudit(log.ReadTileAsync, leaves => error.WriteLine($"{Count(leaves)} of {Count(newest.Size)} records"));
        var finding = await audit.RunAsync(newest, earlier, cancellation);
        if (finding.Problem is not null) return finding.IsLie ? Refuse(output, finding.Problem) : parsed.Fail($"{finding.Problem} The audit has no result.");

        await output.WriteLineAsync($"checkpoint  {Count(newest.Size)} records, signed by {key.Name}");
        await output.WriteLineAsync($"root        {Convert.ToBase64String(newest.Root)}, hashed again from the leaves' hashes in {Count(finding.Tiles)} tiles");
        await output.WriteLineAsync(earlier is null
            ? "before      no earlier checkpoint was given: keep this one with --since FILE, and the next audit shows that nothing was changed meanwhile"
            : $"before      the {Count(earlier.Size)} records signed before are the first of these, unchanged");
        await output.WriteLineAsync("The log is sound: every record that was signed is in it, in its place. To know that others are shown the same log, compare the root with theirs. What a record says, its receipt shows.");
        // Whole or not at all, and there after a power failure: the next audit rests on it.
        if (since is not null) DurableFiles.Replace(since, answer.Bytes);
        return ExitCodes.Done;
    }

    private static int Refuse(TextWriter output, string problem)
    {
        output.WriteLine(problem);
        output.WriteLine("The log is NOT sound: keep the checkpoints, which are signed, and show them to others.");
        return ExitCodes.No;
    }

    private static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
