using Farthing.Client.Purchases;
using Farthing.Protocol;

namespace Farthing.Client;

/// <summary>What a program may spend on its own. There is no unlimited budget.</summary>
/// <remarks>
/// In memory it counts from the start of the process; <see cref="KeptIn"/> makes it outlive that. A cap that holds whatever a program does belongs on the wallet,
/// or on a mandate. Days are those of the payment server's clock, so a clock of ours that is wrong opens no second day.
/// Thread-safe: what several requests spend at once is counted together. Dispose of one that is kept in a file, so that another program can open it.
/// </remarks>
public sealed class Budget : IDisposable
{
    private Budget(Amount total, Amount perRequest, bool startsAnewEachDay, string? path)
    {
        if (perRequest.Asset != total.Asset) throw new ArgumentException("The budget for one request and the whole budget are in one currency.", nameof(perRequest));
        MostPerRequest = perRequest;
        MostInAll = total;
        StartsAnewEachDay = startsAnewEachDay;
        Purchases = new PurchaseBook(this, path);
    }

    /// <summary>The most that one request may cost. Of a request that starts a meter that is its ceiling, for all that is counted on it; for a unit there is no most.</summary>
    public Amount MostPerRequest { get; }

    /// <summary>The most that all requests together may cost: in all, or in one UTC day.</summary>
    public Amount MostInAll { get; }

    /// <summary>What was spent so far: in all, or on the day of the newest payment. A payment of which nothing was heard counts as spent.</summary>
    public Amount Spent => Purchases.Spent;

    internal bool StartsAnewEachDay { get; }

    internal PurchaseBook Purchases { get; }

    internal RunningMeters Meters { get; } = new();

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

    /// <summary>The same budget, kept in a file: what was spent, and what is being bought, outlives the process, even one that is killed.</summary>
    /// <param name="path">The file, which is made if it is not there; beside it lies a second one that ends in <c>.lock</c>. Only its owner may read it.</param>
    /// <returns>A budget of its own; what was spent of this one in memory is not in it.</returns>
    /// <remarks>The file belongs to one program at a time. Whoever deletes it forgets what was spent; raising the budget needs no new file.</remarks>
    /// <exception cref="IOException">Another program has the file, or it cannot be read or written.</exception>
    /// <exception cref="InvalidDataException">The file is damaged, of another currency, or no budget's.</exception>
    public Budget KeptIn(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new Budget(MostInAll, MostPerRequest, StartsAnewEachDay, Path.GetFullPath(path));
    }

    /// <summary>Closes the file, if there is one; nothing more is paid then.</summary>
    public void Dispose() => Purchases.Dispose();

    private static Budget Parse(string total, string? perRequest, bool startsAnewEachDay)
    {
        var all = Amount.Parse(total);
        return new Budget(all, perRequest is null ? all : Amount.Parse(perRequest), startsAnewEachDay, null);
    }
}
