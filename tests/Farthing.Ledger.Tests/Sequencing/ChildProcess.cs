using System.Diagnostics;
using Farthing.Ledger.Journal;
using Farthing.Ledger.Journal.Sealing;
using Farthing.Protocol;

namespace Farthing.Ledger.Tests.Sequencing;

/// <summary>This test program, started a second time as a process that holds a lock, is killed, or ends itself.</summary>
internal static class ChildProcess
{
    public const string Argument = "child";
    public const string Hold = "hold";
    public const string Write = "write";
    public const string FailFlush = "fail-flush";
    public const string BackUp = "back-up";
    public const string LoseIndex = "lose-index";

    private const int Writers = 32;

    private static readonly TimeSpan RetryEvery = TimeSpan.FromMilliseconds(50);

    /// <summary>Of the n-th chain that a writing child submits: two commands, whose ids are twice n and the next.</summary>
    public static Command[] Chain(ulong n) =>
    [
        Command.Transfer(1000 + 2 * n, 7, TestLedger.Clearing, TestLedger.Alice, TestLedger.Usd(3), TransferCode.TopUp) with { Linked = true },
        Command.Transfer(1001 + 2 * n, 7, TestLedger.Alice, TestLedger.Shop, TestLedger.Usd(2), TransferCode.Payment),
    ];

    /// <param name="role">What it does.</param>
    /// <param name="directory">The ledger's directory.</param>
    /// <param name="tracer">A command that starts another one as the same process; none if empty.</param>
    public static Process Start(string role, string directory, params string[] tracer)
    {
        List<string> command = [.. tracer, Environment.ProcessPath!];
        // Under `dotnet test` the process is the dotnet host, otherwise this program itself.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") command.Add(typeof(ChildProcess).Assembly.Location);
        var start = new ProcessStartInfo(command[0], [.. command.Skip(1), Argument, role, directory]) { RedirectStandardOutput = true, RedirectStandardError = true };
        // No core file of a megabyte-sized runtime for a test that ends on purpose.
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        return Process.Start(start) ?? throw new InvalidOperationException("The child did not start.");
    }

    /// <summary>Starts one that ends by itself, and waits for that.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> StartAndWaitAsync(string role, string directory)
    {
        using var child = Start(role, directory);
        var output = child.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = child.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await child.WaitForExitAsync(TestContext.Current.CancellationToken).InTimeAsync();
        return (child.ExitCode, await output, await errors);
    }

    /// <summary>Cuts a file off behind its first block, whoever has it open.</summary>
    public static void Shorten(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        RandomAccess.SetLength(file, Frame.BlockBytes);
    }

    public static Task<int> RunAsync(string role, string directory) => role switch
    {
        Hold => HoldAsync(directory),
        Write => WriteAsync(directory),
        FailFlush => FailFlushAsync(directory),
        BackUp => Task.FromResult(BackUpIn(directory)),
        LoseIndex => LoseIndexAsync(directory),
        _ => throw new ArgumentOutOfRangeException(nameof(role), role, "No such role."),
    };

    private static async Task<int> HoldAsync(string directory)
    {
        await using var ledger = Ledger.Open(TestLedger.Options(directory), TimeProvider.System);
        Console.WriteLine("open");
        return await Forever();
    }

    // Says the number of each chain once it is acknowledged, as fast as it can, until it is killed; why, if one is refused, and what the operator is told.
    private static async Task<int> WriteAsync(string directory)
    {
        var ledger = Ledger.Open(TestLedger.Options(directory) with { ReportFault = (fault, error) => Console.WriteLine($"fault {fault}: {error.Message}") }, TimeProvider.System);
        foreach (var note in ledger.RecoveryNotes) Console.WriteLine($"note {note}");
        await TestLedger.FundAsync(ledger);
        // Four records of the opening, then two for each chain; where the last process got to is in the journal.
        var next = (ulong)(ledger.DurableSize - 4) / 2;
        var numbering = new Lock();
        Console.WriteLine("open");
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => Task.Run(async () =>
        {
            while (true)
            {
                ulong n;
                ValueTask<CommandResult[]> answer;
                try
                {
                    // Numbered in the order of submission: otherwise a kill may leave a gap, and the count of records would not tell the next number.
                    lock (numbering)
                    {
                        answer = ledger.SubmitAsync(Chain(next));
                        n = next++;
                    }
                }
                catch (LedgerUnreadyException refusal)
                {
                    Console.WriteLine($"refused {refusal.Message}");
                    await Task.Delay(RetryEvery);
                    continue;
                }
                var results = await FinishAsync(n, answer);
                if (results is [{ Outcome: Outcome.Done, IsDuplicate: false }, { Outcome: Outcome.Done, IsDuplicate: false }]) Console.WriteLine($"done {n}");
                else Console.WriteLine($"wrong {n} {results[0]} {results[1]}");
                if (n % 100 == 0) await ledger.GetCheckpointAsync(results[1].Position);
            }
        })));
        return 0;

        // What was let in may be refused later all the same.
        async Task<CommandResult[]> FinishAsync(ulong n, ValueTask<CommandResult[]> answer)
        {
            while (true)
            {
                try
                {
                    return await answer;
                }
                catch (LedgerUnreadyException refusal)
                {
                    Console.WriteLine($"refused {refusal.Message}");
                    await Task.Delay(RetryEvery);
                }
                answer = SubmitAgainAsync(n);
            }
        }

        async ValueTask<CommandResult[]> SubmitAgainAsync(ulong n) => await ledger.SubmitAsync(Chain(n));
    }

    private static async Task<int> FailFlushAsync(string directory)
    {
        HeldUpJournal journal = null!;
        var ledger = Ledger.Open(TestLedger.Options(directory), TimeProvider.System,
            path => journal = new(FileJournal.Open(path, TestLedger.SegmentBytes)), Ledger.EndProcess);
        await TestLedger.FundAsync(ledger);
        Console.WriteLine("open");
        journal.FailWith(new IOException("fdatasync of a test failed."));
        await ledger.SubmitAsync([TestLedger.Transfer(100, 5)]);
        Console.WriteLine("answered");
        return 0;
    }

    // An index that was read well can be read no more, as when its disk fails: it is cut short under the map of memory that it is read through.
    private static async Task<int> LoseIndexAsync(string directory)
    {
        await using var ledger = Ledger.Open(TestLedger.Options(directory), TimeProvider.System);
        await TestLedger.FundAsync(ledger);
        // Ids are left to their index once what was written while it was made is sealed too.
        for (ulong n = 0; !File.Exists(IndexOf(3)); n++) await ledger.SubmitAsync(Chain(n));
        Console.WriteLine($"sealed {ledger.DurableSize}");
        Shorten(IndexOf(0));
        Console.WriteLine($"found {await ledger.FindAsync(1000)}");
        return 0;

        string IndexOf(int segment) => Path.Combine(FileJournal.DirectoryIn(directory), IndexFiles.FileName(segment));
    }

    private static int BackUpIn(string directory) =>
        LedgerBackup.Run(Path.Combine(directory, "ledger"), Path.Combine(directory, "backup")).Check.IsSound ? 0 : 1;

    private static async Task<int> Forever()
    {
        await Task.Delay(Timeout.Infinite);
        return 0;
    }
}
