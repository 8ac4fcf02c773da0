using System.CommandLine;
using Farthing.Cli.Audit;
using Farthing.Cli.Estimates;
using Farthing.Cli.Fees;

namespace Farthing.Cli;

/// <summary>The program: one file per command.</summary>
internal static class CommandLine
{
    public static async Task<int> RunAsync(string[] arguments, TextWriter output, TextWriter error, CancellationToken cancellation = default)
    {
        var root = new RootCommand($"Farthing: micropayments. Exit codes: {ExitCodes.Done} done, {ExitCodes.No} the answer is no, {ExitCodes.NoAnswer} no answer.")
        {
            VerifyCommand.Create(),
            new Command("ledger", "Looks at a ledger, at its files or from outside; copies and moves it.")
            {
                LedgerCheckCommand.Create(),
                LedgerAuditCommand.Create(),
                LedgerExportCommand.Create(),
                LedgerBackupCommand.Create(),
                LedgerBackupCommand.CreateRestore(),
                LedgerArchiveCommand.Create(),
            },
            PayCommand.Create(),
            FeesCommand.Create(),
            EstimateCommand.Create(),
        };
        var parsed = root.Parse(arguments);
        var exitCode = await parsed.InvokeAsync(new InvocationConfiguration { Output = output, Error = error }, cancellation);
        return parsed.Errors.Count > 0 ? ExitCodes.NoAnswer : exitCode;
    }

    /// <summary>Says why there is no answer, and what to do.</summary>
    public static int Fail(this ParseResult parsed, string sentence)
    {
        parsed.InvocationConfiguration.Error.WriteLine(sentence);
        return ExitCodes.NoAnswer;
    }
}
