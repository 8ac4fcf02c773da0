using Farthing.Protocol;

namespace Farthing.Client;

/// <summary>What a program may spend on its own. There is no unlimited budget.</summary>
/// <remarks>
/// Kept in memory, so it counts from the start of the process; a cap that must outlive the process belongs on the wallet: put in only what may be spent.
/// Thread-safe: what several requests spend at once is counted together.
/// </remarks>
public sealed class Budget
{
    private readonly Lock gate = new();
    private readonly bool startsAnewEachDay;

    // Guarded by the gate.
    private Amount spent;
    private long day;

    private Budget(Amount total, Amount perRequest, bool startsAnewEachDay)
    {
        if (perRequest.Asset != total.Asset) throw new ArgumentException("The budget for one request and the whole budget are in one currency.", nameof(perRequest));
        MostPerRequest = perRequest;
        MostInAll = total;
        this.startsAnewEachDay = startsAnewEachDay;
        spent = new Amount(total.Asset, 0);
    }

    /// <summary>The most that one request may cost.</summary>
    public Amount MostPerRequest { get; }

    /// <summary>The most that all requests together may cost: in all, or in one UTC day.</summary>
    public Amount MostInAll { get; }

    /// <summary>What was spent so far: in all, or on the day of the newest payment.</summary>
    public Amount Spent
    {
        get
        {
            lock (gate) return spent;
        }
    }

    /// <summary>A budget that is spent once.</summary>
    /// <param name="total">Such as <c>"1.00 USD"</c>.</param>
    /// <param name="perRequest">The most that one request may cost; by default the total.</param>
    /// <exception cref="FormatException">A text is not a price.</exception>
    public static Budget InAll(string total, string? perRequest = null) => Parse(total, perRequest, startsAnewEachDay: false);

    /// <summary>A budget that is there again at midnight UTC.</summary>
    /// <param name="total">Such as <c>"1.00 USD"</c>.</param>
    /// <param name="perRequest">The most that one request may cost; by default the total.</param>
    /// <exception cref="FormatException">A text is not a price.</exception>
    public static Budget PerDay(string total, string? perRequest = null) => Parse(total, perRequest, startsAnewEachDay: true);

    /// <summary>Counts a price as spent, if it fits.</summary>
    /// <returns>Null if it fits, else why not, in words.</returns>
    internal string? TryTake(Amount price, DateTimeOffset now)
    {
        if (price.Asset != MostInAll.Asset) return $"it asks {price}, and the budget is in {MostInAll.Asset}";
        if (price.Units > MostPerRequest.Units) return $"it asks {price}, and one request may cost {MostPerRequest}";
        lock (gate)
        {
            var today = DayOf(now);
            if (startsAnewEachDay && today > day)
            {
                day = today;
                spent = new Amount(spent.Asset, 0);
            }

            if (price.Units > MostInAll.Units - spent.Units) return $"it asks {price}, and {MostInAll - spent} is left of the budget of {MostInAll}";
            spent += price;
            return null;
        }
    }

    /// <summary>Takes back a price that was certainly not paid.</summary>
    /// <param name="price">The price.</param>
    /// <param name="taken">When it was taken; on another day it counts no more.</param>
    internal void GiveBack(Amount price, DateTimeOffset taken)
    {
        lock (gate)
        {
            if (!startsAnewEachDay || DayOf(taken) == day) spent -= price;
        }
    }

    private static long DayOf(DateTimeOffset time) => time.ToUnixTimeSeconds() / 86_400;

    private static Budget Parse(string total, string? perRequest, bool startsAnewEachDay)
    {
        var all = Amount.Parse(total);
        return new Budget(all, perRequest is null ? all : Amount.Parse(perRequest), startsAnewEachDay);
    }
}
