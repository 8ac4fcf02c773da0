using System.CommandLine;
using Farthing.Ledger;
using Farthing.Protocol;
using Command = System.CommandLine.Command;

namespace Farthing.Cli;

/// <summary><c>farthing ledger backup DIR TARGET</c> and <c>farthing ledger restore BACKUP DIR</c>: copies a ledger, running or not, and makes a ledger of the copy.</summary>
internal static class LedgerBackupCommand
{
    public static Command Create()
    {
        var directory = new Argument<string>("directory") { Description = "The ledger's directory, or the data directory around it. The server may run." };
        var target = new Argument<string>("target") { Description = "An empty directory, or an earlier backup of the same ledger, which is brought up to date." };
        var key = KeyOption();
        var command = new Command("backup", "Copies a ledger's journal and checkpoint, and checks the copy from its first byte. Not the settings, and not the keys.") { directory, target, key };
        command.SetAction(parsed => Run(parsed, parsed.GetValue(key), key =>
        {
            var (from, to) = (LedgerDirectory.Find(parsed.GetValue(directory)!), parsed.GetValue(target)!);
            return (LedgerBackup.Run(from, to, key), $"{to} holds the ledger.", $"{to} is NOT a sound backup: check the ledger itself.");
        }));
        return command;
    }

    public static Command CreateRestore()
    {
        var backup = new Argument<string>("backup") { Description = "The target of a backup." };
        var directory = new Argument<string>("directory") { Description = "The ledger's directory to make, such as data/ledger. It must be absent or empty." };
        var key = KeyOption();
        var command = new Command("restore", "Makes a ledger's directory of a backup, and checks it from its first byte.") { backup, directory, key };
        command.SetAction(parsed => Run(parsed, parsed.GetValue(key), key =>
        {
            var (from, to) = (parsed.GetValue(backup)!, parsed.GetValue(directory)!);
            return (LedgerBackup.Restore(from, to, key), $"{to} is restored.", $"{to} was NOT made: the backup is not sound. Try an earlier one.");
        }));
        return command;
    }

    private static Option<string?> KeyOption() => new("--key") { Description = "The operator's public key; the checkpoint's signature is then checked too." };

    private static int Run(ParseResult parsed, string? keyText, Func<CheckpointKey?, (LedgerBackupReport Report, string IfSound, string IfNot)> copy)
    {
        CheckpointKey? key = null;
        if (keyText is not null && !CheckpointKey.TryParse(keyText, out key)) return parsed.Fail(OperatorKey.Malformed);
        try
        {
            var (report, ifSound, ifNot) = copy(key);
            var output = parsed.InvocationConfiguration.Output;
            output.WriteLine($"segments    {report.CopiedSegments} copied, {report.KeptSegments} there already");
            LedgerCheckCommand.WriteFindings(output, report.Check);
            output.WriteLine(report.Check.IsSound ? ifSound : ifNot);
            return report.Check.IsSound ? ExitCodes.Done : ExitCodes.No;
        }
        catch (LedgerDamagedException damage)
        {
            parsed.Fail(damage.Message);
            return ExitCodes.No;
        }
        catch (Exception exception) when (exception is LedgerBackupException or LedgerInUseException or IOException or UnauthorizedAccessException)
        {
            return parsed.Fail(exception.Message);
        }
    }
}
