using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Farthing.Protocol;
using Farthing.Protocol.Fees;

namespace Farthing.Cli.Fees;

/// <summary>The options of commands that reckon with fees.</summary>
/// <param name="hasCurrency">Whether the currency is an option; else the command knows it.</param>
internal sealed class FeeOptions(bool hasCurrency = true)
{
    private readonly Option<string?> rail = new("--rail") { Description = "The rail that money comes in by, such as card-us; all of them if left out." };
    private readonly Option<string?> payoutRail = new("--payout-rail") { Description = "The rail that money goes out by; the same if it can, else bank-transfer." };
    private readonly Option<string> currency = new("--currency") { Description = "USD, EUR or GBP. A rail that does not move it is shown in the one that it does.", DefaultValueFactory = _ => "USD" };
    private readonly Option<string> topUp = new("--top-up") { Description = "What payers usually top up by.", DefaultValueFactory = _ => "10" };
    private readonly Option<string> payout = new("--payout") { Description = "What is usually paid out to the payee at once.", DefaultValueFactory = _ => "50" };
    private readonly Option<string> fee = new("--fee-basis-points")
    {
        Description = "What the operator takes of each payment, in hundredths of a percent: a server's default, unless FARTHING_FEE_BASIS_POINTS says otherwise there.",
        DefaultValueFactory = _ => OperatorFee.DefaultBasisPoints.ToString(CultureInfo.InvariantCulture),
    };

    private readonly Option<string?> day = new("--day") { Description = "What rails took on this day, such as 2022-06-30; today if left out." };
    private readonly Option<string?> schedules = new("--schedules") { Description = "A file of what your rails take, in place of what is published for those rails." };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { rail, payoutRail, topUp, payout, fee, day, schedules }) command.Add(option);
        if (hasCurrency) command.Add(currency);
    }

    /// <summary>Reads them.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="settings">What was asked, if the answer is true.</param>
    /// <param name="fault">A sentence that says what is wrong, if it is false.</param>
    /// <param name="only">The currency that everything must be in; null for that of the option, or of rails that do not move it.</param>
    public bool TryRead(ParseResult parsed, [NotNullWhen(true)] out FeeSettings? settings, out string fault, Asset? only = null)
    {
        settings = null;
        if (!TryReadSchedules(parsed.GetValue(schedules), out var all, out fault)) return false;
        var asset = only.GetValueOrDefault();
        if (only is null && !Asset.TryGetCurrency(parsed.GetValue(currency)!, out asset)) return Wrong("--currency is USD, EUR, GBP or BTC.", out fault);
        if (!uint.TryParse(parsed.GetValue(fee), NumberStyles.None, CultureInfo.InvariantCulture, out var basisPoints) || basisPoints > 10_000)
            return Wrong("--fee-basis-points is a whole number from 0 to 10000.", out fault);
        var on = DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime);
        if (parsed.GetValue(day) is { } text && !DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out on))
            return Wrong("--day is a day such as 2022-06-30.", out fault);

        IEnumerable<(FeeSchedule In, FeeSchedule Out)> ways = all.Ways(asset, on, isOnly: only is not null);
        if (parsed.GetValue(rail) is { } wanted)
        {
            if (!all.Rails.Contains(wanted)) return Wrong($"There is no rail {wanted}. Use one of: {string.Join(", ", all.Rails)}.", out fault);
            ways = ways.Where(way => way.In.Rail == wanted);
        }

        if (parsed.GetValue(payoutRail) is { } outRail)
        {
            if (!all.Rails.Contains(outRail)) return Wrong($"There is no rail {outRail}. Use one of: {string.Join(", ", all.Rails)}.", out fault);
            ways = ways.Select(way => (way.In, Out: all.FindOut(way.In, on, outRail)!)).Where(way => way.Out is not null);
        }

        var found = ways.ToList();
        if (found.Count == 0) return Wrong($"No such rail is known to take money in and another to pay it out in {(only is null ? "one currency" : asset.Code)} on {on:yyyy-MM-dd}.", out fault);
        settings = new FeeSettings(found, parsed.GetValue(rail) is not null, parsed.GetValue(topUp)!, parsed.GetValue(payout)!, basisPoints, on);
        return true;
    }

    /// <summary>Reads an amount of an option.</summary>
    public static bool TryReadAmount(string option, string text, Asset asset, out Amount amount, out string fault)
    {
        fault = Amount.TryParse(text, asset, out amount) switch
        {
            AmountError.None when amount.IsZero => $"{option} must be more than nothing.",
            AmountError.None => "",
            AmountError.TooManyDecimals => $"{option} has more decimals than {asset.Code}, which has {asset.Scale}.",
            AmountError.AmountTooLarge => $"{option} is too large.",
            _ => $"{option} must be a plain decimal such as 0.01, not '{text}'.",
        };
        return fault.Length == 0;
    }

    private static bool TryReadSchedules(string? file, out FeeSchedules schedules, out string fault)
    {
        (schedules, fault) = (FeeSchedules.Published, "");
        if (file is null) return true;
        try
        {
            if (!FeeSchedules.TryParse(File.ReadAllBytes(file), out var own, out fault)) return Wrong($"{file}: {fault}", out fault);
            schedules = schedules.With(own);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return Wrong($"{file} cannot be read: {exception.Message}", out fault);
        }
    }

    private static bool Wrong(string sentence, out string fault)
    {
        fault = sentence;
        return false;
    }
}

/// <summary>What was asked of fees.</summary>
/// <param name="Ways">Each rail in with its rail out; at least one.</param>
/// <param name="IsOneRail">Whether a rail was named.</param>
/// <param name="TopUp">The usual top-up, as text: each way has its own currency.</param>
/// <param name="Payout">The usual payout, as text.</param>
/// <param name="FeeBasisPoints">The operator's fee.</param>
/// <param name="Day">The day whose schedules these are.</param>
internal sealed record FeeSettings(IReadOnlyList<(FeeSchedule In, FeeSchedule Out)> Ways, bool IsOneRail, string TopUp, string Payout, uint FeeBasisPoints, DateOnly Day)
{
    /// <summary>Compares the two ways of paying a price.</summary>
    public bool TryCompare(FeeSchedule moneyIn, FeeSchedule moneyOut, Amount price, [NotNullWhen(true)] out FeeComparison? comparison, out string fault)
    {
        comparison = null;
        if (!FeeOptions.TryReadAmount("--top-up", TopUp, moneyIn.Asset, out var topUp, out fault)) return false;
        if (!FeeOptions.TryReadAmount("--payout", Payout, moneyIn.Asset, out var payout, out fault)) return false;
        comparison = FeeComparison.Of(moneyIn, moneyOut, price, topUp, payout, FeeBasisPoints);
        return true;
    }
}
