using System.Globalization;
using Farthing.Cli.Fees;
using Farthing.Protocol;
using Farthing.Protocol.Fees;

namespace Farthing.Cli.Estimates;

/// <summary>An estimate in words and tables, or as CSV.</summary>
internal sealed class EstimateReport(Estimate estimate, FeeSettings settings, Amount topUp, Amount payout, int listed)
{
    private const int MaxPathWidth = 60;

    private readonly Asset asset = topUp.Asset;
    private readonly List<FeeSchedule> payoutRails = [.. settings.Ways.Select(way => way.Out).Distinct()];

    /// <summary>Writes what was counted, then by path, by day and by rail.</summary>
    public void Write(TextWriter output)
    {
        var paid = estimate.Paid.Select(reads => (reads.Path, reads.Day, Earnings: EarningsOf(reads))).ToList();
        var all = Sum(paid.Select(line => line.Earnings));
        var days = estimate.FirstDay == estimate.LastDay ? $"{estimate.FirstDay:yyyy-MM-dd}" : $"{estimate.FirstDay:yyyy-MM-dd} to {estimate.LastDay:yyyy-MM-dd}";
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{days}, {estimate.Lines:N0} lines: {all.Payments:N0} payments, {all.Prices.ToPriceString()} at your prices."));
        WriteNotCounted(output);
        if (all.Payments == 0) return;
        WriteTable(output, "by path", [.. paid.GroupBy(line => line.Path, StringComparer.Ordinal).Select(group => (Shown(group.Key), Sum(group.Select(line => line.Earnings))))
            .OrderByDescending(row => row.Item2.Prices.Units).ThenBy(row => row.Item1, StringComparer.Ordinal)], "other paths", isRestFirst: false);
        WriteTable(output, "by day", [.. paid.GroupBy(line => line.Day).OrderByDescending(group => group.Key)
            .Select(group => ($"{group.Key:yyyy-MM-dd}", Sum(group.Select(line => line.Earnings))))], "days before", isRestFirst: true);
        WriteRails(output, all);
    }

    /// <summary>Writes one line for each path and day.</summary>
    public void WriteCsv(TextWriter output)
    {
        output.WriteLine(string.Join(',', ["day", "path", "price", "payments", "paid", "operatorFees", .. payoutRails.Select(rail => $"afterPayoutsBy:{rail.Rail}")]));
        foreach (var reads in estimate.Paid.OrderBy(reads => reads.Day).ThenBy(reads => reads.Path, StringComparer.Ordinal))
        {
            var earnings = EarningsOf(reads);
            output.WriteLine(string.Join(',',
            [
                reads.Day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), $"\"{Printable(reads.Path).Replace("\"", "\"\"", StringComparison.Ordinal)}\"", reads.Price.Price.ToDecimalString(),
                reads.Count.ToString(CultureInfo.InvariantCulture), earnings.Prices.ToDecimalString(), earnings.Fees.ToDecimalString(),
                .. payoutRails.Select(rail => earnings.AfterPayouts(rail, payout).ToDecimalString()),
            ]));
        }
    }

    private void WriteNotCounted(TextWriter output)
    {
        (long Count, string What)[] kinds =
        [
            (estimate.Free, "free or without a price"),
            (estimate.OtherMethods, "not GET"),
            (estimate.OtherAnswers, "not answered with what is paid for"),
            (estimate.ByBots, "by programs, by their own word"),
            (estimate.Again, "read again by who had paid"),
            (estimate.Malformed, "not of the combined format"),
        ];
        var said = kinds.Where(kind => kind.Count > 0).Select(kind => string.Create(CultureInfo.InvariantCulture, $"{kind.Count:N0} {kind.What}")).ToList();
        if (said.Count > 0) output.WriteLine($"Not counted: {string.Join("; ", said)}.");
        foreach (var line in estimate.Named) output.WriteLine($"  {Printable(line.Log)}, line {line.Number}: {line.Fault}.");
        if (estimate.Malformed > estimate.Named.Count) output.WriteLine($"  and {(estimate.Malformed - estimate.Named.Count).ToString("N0", CultureInfo.InvariantCulture)} more.");
        if (estimate.IsCrowded) output.WriteLine("There were so many different readers and paths that some first reads were taken for repeated ones: the estimate is too low.");
    }

    private void WriteTable(TextWriter output, string head, List<(string Name, Earnings Earnings)> rows, string rest, bool isRestFirst)
    {
        var shown = rows.Take(listed).ToList();
        // The newest days, but in their own sequence.
        if (isRestFirst) shown.Reverse();
        if (rows.Count > listed)
        {
            var left = (string.Create(CultureInfo.InvariantCulture, $"{rows.Count - listed:N0} {rest}"), Sum(rows.Skip(listed).Select(row => row.Earnings)));
            shown.Insert(isRestFirst ? 0 : shown.Count, left);
        }

        output.WriteLine();
        TextTable.Write(output, [head, "payments", $"paid, {asset.Code}", .. payoutRails.Select(rail => $"reaches you by {rail.Rail}")], [.. shown.Select(row => (string[])
        [
            row.Name, row.Earnings.Payments.ToString("N0", CultureInfo.InvariantCulture), Figure(row.Earnings.Prices),
            .. payoutRails.Select(rail => Figure(row.Earnings.AfterPayouts(rail, payout))),
        ])], leftColumns: [0]);
    }

    private void WriteRails(TextWriter output, Earnings all)
    {
        output.WriteLine();
        TextTable.Write(output, ["by rail", $"payers pay in, {asset.Code}", "reaches you", "you keep", "paid directly", "paid out by"], [.. settings.Ways.Select(way =>
        {
            var reaches = all.AfterPayouts(way.Out, payout);
            var paidIn = all.PaidIn(way.In, topUp);
            return (string[])
            [
                way.In.Rail, paidIn is { } sum ? Figure(sum) : "impossible", paidIn is null ? "" : Figure(reaches),
                paidIn is { IsZero: false } whole ? new FeeShare(FeeShare.Whole - FeeShare.Of(whole - reaches, whole).Millionths).ToString() : "",
                Directly(way.In) is { IsZero: false } direct ? Figure(direct) : "nothing", way.Out.Rail,
            ];
        })], leftColumns: [0, 5]);
        output.WriteLine();
        output.WriteLine($"Top-ups of {topUp.ToPriceString()}, payouts of {payout.ToPriceString()}, operator's fee {new FeeShare((UInt128)settings.FeeBasisPoints * 100)}; rails' prices of {settings.Day:yyyy-MM-dd}: check before relying on them.");
        output.WriteLine("An estimate of the most: everybody who read would have paid. Nobody knows how many would.");
    }

    /// <summary>What would be left if each payment went over the rail by itself; what the rail does not move or takes whole would not be sold.</summary>
    private Amount Directly(FeeSchedule rail)
    {
        var left = new Amount(asset, 0);
        foreach (var price in estimate.Paid.GroupBy(reads => reads.Price.Price))
        {
            var cost = rail.CostOf(price.Key);
            if (price.Key.Units < rail.Minimum.Units || cost.Units >= price.Key.Units) continue;
            left += new Amount(asset, (price.Key - cost).Units * (UInt128)price.Sum(reads => reads.Count));
        }

        return left;
    }

    private Earnings EarningsOf(in PaidReads reads) => Earnings.Of(reads.Count, reads.Price.Price, settings.FeeBasisPoints);

    private Earnings Sum(IEnumerable<Earnings> earnings) => earnings.Aggregate(Earnings.None(asset), (sum, next) => sum + next);

    private static string Figure(Amount amount) => amount.ToPriceString()[..^(amount.Asset.Code.Length + 1)];

    private static string Shown(string path) => Printable(path.Length <= MaxPathWidth ? path : $"{path[..(MaxPathWidth - 1)]}…");

    // Whoever asked a site for a path chose its characters; a terminal must not obey them.
    private static string Printable(string text) => text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? '?' : c)) : text;
}
