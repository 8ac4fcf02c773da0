using Farthing.Protocol;
using Farthing.Protocol.Fees;

namespace Farthing.Payments.Fees;

/// <summary>What a price costs on its way to the payee, by every rail, with the fee of this operator.</summary>
/// <param name="Day">The day whose schedules were used, in UTC.</param>
/// <param name="FeeBasisPoints">The operator's fee, in hundredths of a percent.</param>
/// <param name="Lines">One for each rail that money comes in by.</param>
public sealed record FeeTable(DateOnly Day, uint FeeBasisPoints, IReadOnlyList<FeeComparison> Lines);

/// <summary>Says what reaches the payee of a price. Moves nothing. Safe to share between threads.</summary>
public sealed class FeeDesk
{
    private readonly PaymentOptions options;
    private readonly TimeProvider time;

    internal FeeDesk(PaymentOptions options, TimeProvider time)
    {
        this.options = options;
        this.time = time;
    }

    /// <summary>The usual top-up and payout of a comparison that names none, in whole units of the currency.</summary>
    public const string DefaultTopUp = "10", DefaultPayout = "50";

    /// <summary>Compares direct payment with payment through this server, for every rail.</summary>
    /// <param name="currency">The currency's code. A rail that does not move it is compared in one that it does, with the same figures.</param>
    /// <param name="price">The price of one thing, as a decimal.</param>
    /// <param name="topUp">What payers usually top up by.</param>
    /// <param name="payout">What is usually paid out to the payee at once.</param>
    /// <param name="day">The day whose schedules hold; today if null.</param>
    public Answer<FeeTable> Compare(string currency, string price, string topUp, string payout, DateOnly? day = null)
    {
        if (WireAmounts.ReadCurrency(currency, out var asset) is { } unknown) return unknown;
        var on = day ?? DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        var lines = new List<FeeComparison>();
        foreach (var (moneyIn, moneyOut) in options.FeeSchedules.Ways(asset, on))
        {
            var code = moneyIn.Asset.Code;
            if (WireAmounts.Read(new AmountJson(price, code), "price", out var ofPrice) is { } badPrice) return badPrice;
            if (WireAmounts.Read(new AmountJson(topUp, code), "topUp", out var ofTopUp) is { } badTopUp) return badTopUp;
            if (WireAmounts.Read(new AmountJson(payout, code), "payout", out var ofPayout) is { } badPayout) return badPayout;
            lines.Add(FeeComparison.Of(moneyIn, moneyOut, ofPrice, ofTopUp, ofPayout, options.FeeBasisPoints));
        }

        return new FeeTable(on, options.FeeBasisPoints, lines);
    }
}
