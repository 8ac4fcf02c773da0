using System.CommandLine;
using Farthing.Protocol;
using Farthing.Protocol.Fees;

namespace Farthing.Cli.Fees;

/// <summary><c>farthing fees --price 0.01</c>: what reaches the payee of a price, paid directly over a rail and through Farthing.</summary>
internal static class FeesCommand
{
    public static Command Create()
    {
        var price = new Option<string>("--price") { Description = "The price of one thing, such as 0.01.", Required = true };
        var options = new FeeOptions();
        var command = new Command("fees", "Says what reaches the payee of a price: paid directly over a rail, and through Farthing. Without --rail, for all rails side by side.") { price };
        options.AddTo(command);
        command.SetAction(parsed => Run(parsed, parsed.GetValue(price)!, options));
        return command;
    }

    private static int Run(ParseResult parsed, string price, FeeOptions options)
    {
        if (!options.TryRead(parsed, out var settings, out var fault)) return parsed.Fail(fault);
        var comparisons = new List<FeeComparison>();
        foreach (var (moneyIn, moneyOut) in settings.Ways)
        {
            if (!FeeOptions.TryReadAmount("--price", price, moneyIn.Asset, out var amount, out fault)) return parsed.Fail(fault);
            if (!settings.TryCompare(moneyIn, moneyOut, amount, out var comparison, out fault)) return parsed.Fail(fault);
            comparisons.Add(comparison);
        }

        var output = parsed.InvocationConfiguration.Output;
        if (settings.IsOneRail) WriteOne(output, comparisons[0]);
        else WriteAll(output, comparisons);
        return ExitCodes.Done;
    }

    private static void WriteOne(TextWriter output, FeeComparison comparison)
    {
        var (price, rail) = (comparison.Price.ToPriceString(), comparison.In.Rail);
        output.WriteLine($"{price} paid directly by {rail}");
        output.WriteLine($"  the rail takes {comparison.DirectCost.ToPriceString()}: {comparison.DirectShare}");
        output.WriteLine(comparison.DirectCost.Units < comparison.Price.Units
            ? $"  {(comparison.Price - comparison.DirectCost).ToPriceString()} reaches the payee"
            : $"  nothing reaches the payee, who is {(comparison.DirectCost - comparison.Price).ToPriceString()} short");
        if (!comparison.IsMovedDirectly) output.WriteLine($"  in fact the rail moves nothing below {comparison.In.Minimum.ToPriceString()}");
        output.WriteLine();
        output.WriteLine($"{price} through Farthing: topped up by {rail}, paid out by {comparison.Out.Rail}");
        var lines = new List<(string What, string Share)>
        {
            ($"a top-up of {comparison.TopUp.ToPriceString()} costs {comparison.TopUpCost.ToPriceString()}", comparison.TopUpShare.ToString()),
            ($"the operator takes {Percent(comparison.FeeBasisPoints)} of each payment", comparison.OperatorShare.ToString()),
            ($"a payout of {comparison.Payout.ToPriceString()} costs {comparison.PayoutCost.ToPriceString()}", comparison.PayoutShare.ToString()),
            ("all fees, of what the payer pays in", comparison.Cost.ToString()),
            ($"{comparison.KeptOfPrice.ToPriceString()} reaches the payee", comparison.Kept.ToString()),
        };
        var (what, share) = (lines.Max(line => line.What.Length), lines.Max(line => line.Share.Length));
        foreach (var line in lines) output.WriteLine($"  {line.What.PadRight(what)}  {line.Share.PadLeft(share)}");
        WarnOfMinimum(output, comparison);
        output.WriteLine();
        foreach (var schedule in new[] { comparison.In, comparison.Out }.Distinct())
        {
            output.WriteLine($"{schedule.Version}, read on {schedule.ReadOn:yyyy-MM-dd}: {schedule.Source}");
            if (schedule.Note.Length > 0) output.WriteLine($"  {schedule.Note}");
        }
    }

    private static void WriteAll(TextWriter output, List<FeeComparison> comparisons)
    {
        var first = comparisons[0];
        output.WriteLine($"A price of {first.Price.ToDecimalString()}, top-ups of {first.TopUp.ToDecimalString()} and payouts of {first.Payout.ToDecimalString()}; the operator takes {Percent(first.FeeBasisPoints)} of each payment.");
        output.WriteLine();
        TextTable.Write(output, ["rail", "", "fees directly", "fees through Farthing", "reaches the payee", "paid out by"], [.. comparisons.Select(comparison => new[]
        {
            comparison.In.Rail,
            comparison.In.Asset.Code,
            comparison.DirectShare.ToString(),
            comparison.Cost.ToString(),
            comparison.Kept.ToString(),
            comparison.Out.Rail,
        })], leftColumns: [0, 1, 5]);
        foreach (var comparison in comparisons) WarnOfMinimum(output, comparison);
        output.WriteLine();
        output.WriteLine("What rails take is what they publish, or an assumption: --rail NAME says which. Check before relying on it.");
    }

    private static void WarnOfMinimum(TextWriter output, FeeComparison comparison)
    {
        if (comparison.TopUp.Units < comparison.In.Minimum.Units)
            output.WriteLine($"  {comparison.In.Rail} moves nothing below {comparison.In.Minimum.ToPriceString()}: such a top-up is not possible.");
        if (comparison.Payout.Units < comparison.Out.Minimum.Units)
            output.WriteLine($"  {comparison.Out.Rail} moves nothing below {comparison.Out.Minimum.ToPriceString()}: such a payout is not possible.");
    }

    private static string Percent(uint basisPoints) => new FeeShare((UInt128)basisPoints * 100).ToString();
}
