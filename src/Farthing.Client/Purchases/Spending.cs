using Farthing.Protocol;

namespace Farthing.Client.Purchases;

/// <summary>What was spent of a budget: today, and in all. Not thread-safe.</summary>
internal sealed class Spending(Budget budget)
{
    public long Day { get; private set; }

    public UInt128 OfDay { get; private set; }

    public UInt128 InAll { get; private set; }

    public Amount Counted => new(budget.MostInAll.Asset, budget.StartsAnewEachDay ? OfDay : InAll);

    public static long DayOf(DateTimeOffset time) => time.ToUnixTimeSeconds() / 86_400;

    /// <summary>Why a price does not fit, in words; null if it does.</summary>
    public string? FindFault(Amount price, long day)
    {
        if (price.Asset != budget.MostInAll.Asset) return $"it asks {price}, and the budget is in {budget.MostInAll.Asset}";
        if (price.Units > budget.MostPerRequest.Units) return $"it asks {price}, and one request may cost {budget.MostPerRequest}";
        // A budget that was lowered can be overspent.
        var counted = budget.StartsAnewEachDay && day > Day ? UInt128.Zero : Counted.Units;
        var left = counted < budget.MostInAll.Units ? budget.MostInAll.Units - counted : UInt128.Zero;
        return price.Units > left ? $"it asks {price}, and {new Amount(price.Asset, left)} is left of the budget of {budget.MostInAll}" : null;
    }

    /// <summary>Counts a price as spent, whether it fits or not.</summary>
    /// <remarks>A clock that is set back opens no second day: what is spent then counts on the newest day that was seen.</remarks>
    public void Take(Amount price, long day)
    {
        if (day > Day) (Day, OfDay) = (day, UInt128.Zero);
        OfDay += price.Units;
        InAll += price.Units;
    }

    /// <summary>Takes back a price that was certainly not paid. Where it was counted on another day, it counts no more anyway.</summary>
    public void GiveBack(Amount price, long day)
    {
        if (day == Day) OfDay -= price.Units;
        InAll -= price.Units;
    }

    public void Restore(long day, UInt128 ofDay, UInt128 inAll) => (Day, OfDay, InAll) = (day, ofDay, inAll);
}
