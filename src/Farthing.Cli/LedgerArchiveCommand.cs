using System.CommandLine;
using Farthing.Ledger;
using Command = System.CommandLine.Command;

namespace Farthing.Cli;

/// <summary><c>farthing ledger archive DIR TARGET</c>: moves old segments to another directory.</summary>
internal static class LedgerArchiveCommand
{
    public static Command Create()
    {
        var directory = new Argument<string>("directory") { Description = "The ledger's directory, or the data directory around it. The server must be stopped." };
        var target = new Argument<string>("target") { Description = "Where the segments go. It must be there whenever the server starts." };
        var command = new Command("archive", "Moves the segments that opening does not need to another directory, such as a larger disk. They are still read and proven.") { directory, target };
        command.SetAction(parsed => Run(parsed, LedgerDirectory.Find(parsed.GetValue(directory)!), parsed.GetValue(target)!));
        return command;
    }

    private static int Run(ParseResult parsed, string directory, string target)
    {
        try
        {
            var moved = LedgerArchive.Run(directory, target);
            parsed.InvocationConfiguration.Output.WriteLine(moved == 0
                ? "Nothing to move: there is no segment before the newest two snapshots."
                : $"{moved} segments were moved to {target}. The ledger needs that directory from now on.");
            return ExitCodes.Done;
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
