using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using Farthing.Cli.Fees;
using Farthing.Protocol;

namespace Farthing.Cli.Estimates;

/// <summary><c>farthing estimate access.log --prices prices.yaml</c>: what a site would have earned.</summary>
internal static class EstimateCommand
{
    private const string StandardInput = "-";
    private const int MaxListed = 100_000;

    public static Command Create()
    {
        var logs = new Argument<string[]>("logs") { Description = "Logs in the combined format, also compressed with gzip; - for the standard input.", Arity = ArgumentArity.OneOrMore };
        var prices = new Option<string>("--prices") { Description = "A file of prices by path.", Required = true };
        var bots = new Option<bool>("--bots") { Description = "Counts requests of what calls itself a program too." };
        var top = new Option<int>("--top") { Description = "How many paths and days are listed.", DefaultValueFactory = _ => 20 };
        var csv = new Option<bool>("--csv") { Description = "Writes every path and day as a line of CSV instead of tables." };
        var fees = new FeeOptions(hasCurrency: false);
        var command = new Command("estimate", "Says what a site would have earned by the requests of its log, per path and day, after fees, on each rail.") { logs, prices, bots, top, csv };
        fees.AddTo(command);
        command.SetAction(parsed =>
        {
            if (!TryReadPrices(parsed.GetValue(prices)!, out var file, out var fault)) return parsed.Fail(fault);
            if (!fees.TryRead(parsed, out var settings, out fault, file.Asset)) return parsed.Fail(fault);
            var (moneyIn, _) = settings.Ways[0];
            if (!FeeOptions.TryReadAmount("--top-up", settings.TopUp, moneyIn.Asset, out var topUp, out fault)) return parsed.Fail(fault);
            if (!FeeOptions.TryReadAmount("--payout", settings.Payout, moneyIn.Asset, out var payout, out fault)) return parsed.Fail(fault);
            if (parsed.GetValue(top) is < 1 or > MaxListed) return parsed.Fail($"--top is a whole number from 1 to {MaxListed}.");
            var estimate = new Estimate(file, parsed.GetValue(bots));
            var report = new EstimateReport(estimate, settings, topUp, payout, parsed.GetValue(top));
            return Run(parsed, parsed.GetValue(logs)!, estimate, parsed.GetValue(csv) ? report.WriteCsv : report.Write);
        });
        return command;
    }

    private static int Run(ParseResult parsed, string[] logs, Estimate estimate, Action<TextWriter> write)
    {
        var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        var progress = Progress.OnTerminal(error);
        foreach (var log in logs)
        {
            try
            {
                Read(log, estimate, progress);
            }
            catch (Exception exception) when (exception is IOException or InvalidDataException or UnauthorizedAccessException)
            {
                progress.Clear();
                return parsed.Fail($"{log} was not read to its end: {exception.Message}");
            }
        }

        progress.Clear();
        if (estimate.Malformed == estimate.Lines)
        {
            var first = estimate.Named.Count > 0 ? $" Line {estimate.Named[0].Number} of {estimate.Named[0].Log}: {estimate.Named[0].Fault}." : "";
            return parsed.Fail($"There is no line of the combined log format in {string.Join(", ", logs)}.{first}");
        }

        error.WriteLine($"{estimate.Lines:N0} lines in {progress.Elapsed.TotalMilliseconds:N0} ms: {progress.PerSecond(estimate.Lines):N0} a second.");
        write(output);
        return ExitCodes.Done;
    }

    private static void Read(string log, Estimate estimate, Progress progress)
    {
        if (log == StandardInput)
        {
            using var input = Console.OpenStandardInput();
            LogReader.ReadLines(input, (line, number, isCut) => estimate.Add("the standard input", line, number, isCut), _ => progress.Show(0, null, estimate.Lines));
            return;
        }

        using var file = new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1, FileOptions.SequentialScan);
        using var lines = LogReader.Decompress(file);
        var length = file.Length;
        LogReader.ReadLines(lines, (line, number, isCut) => estimate.Add(log, line, number, isCut), _ => progress.Show(file.Position, length, estimate.Lines));
    }

    private static bool TryReadPrices(string path, [NotNullWhen(true)] out PriceFile? prices, out string fault)
    {
        (prices, fault) = (null, "");
        try
        {
            if (new FileInfo(path).Length > PriceFile.MaxLength)
            {
                fault = $"{path} has more than {PriceFile.MaxLength} bytes.";
                return false;
            }

            prices = PriceFile.Parse(File.ReadAllText(path));
            return true;
        }
        catch (PriceFileException wrong)
        {
            fault = $"{path}, {wrong.Message}";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            fault = $"{path} cannot be read: {exception.Message}";
        }

        return false;
    }
}
