namespace Farthing.Protocol.Fees;

/// <summary>The fee schedules of all rails and days.</summary>
/// <remarks>Immutable; safe to share between threads.</remarks>
public sealed class FeeSchedules
{
    /// <summary>The rail that pays out where the rail that money came in by cannot.</summary>
    public const string BankTransfer = "bank-transfer";

    private static readonly Lazy<FeeSchedules> Embedded = new(ReadEmbedded);

    internal FeeSchedules(IReadOnlyList<FeeSchedule> all) => All = all;

    /// <summary>What comes with this version: what rails publish, and stated assumptions. Check before relying on it.</summary>
    public static FeeSchedules Published => Embedded.Value;

    /// <summary>Every schedule, in the file's own sequence.</summary>
    public IReadOnlyList<FeeSchedule> All { get; }

    /// <summary>The rails that have schedules, each once, in the file's own sequence.</summary>
    public IEnumerable<string> Rails => All.Select(schedule => schedule.Rail).Distinct(StringComparer.Ordinal);

    /// <summary>Reads a file of schedules, whose form is that of <c>src/Farthing.Protocol/Fees/rails.json</c>.</summary>
    /// <param name="json">UTF-8.</param>
    /// <param name="schedules">The schedules, if the answer is true; else none.</param>
    /// <param name="fault">A sentence that says which line or schedule is wrong and why, if the answer is false.</param>
    /// <returns>False if the file is not of that form. Never throws.</returns>
    public static bool TryParse(ReadOnlyMemory<byte> json, out FeeSchedules schedules, out string fault)
    {
        (schedules, fault) = FeeScheduleFile.Read(json);
        return fault.Length == 0;
    }

    /// <summary>The schedule of a rail that held on a day.</summary>
    /// <param name="rail">Such as <c>card-us</c>.</param>
    /// <param name="asset">The currency moved.</param>
    /// <param name="day">The day, in UTC, of the top-up or payout; not today, if that was long ago.</param>
    /// <returns>Null if the rail does not move that currency, or nothing is known of that day.</returns>
    public FeeSchedule? Find(string rail, Asset asset, DateOnly day)
    {
        FeeSchedule? found = null;
        foreach (var schedule in All)
        {
            if (schedule.Rail == rail && schedule.Asset == asset && schedule.From <= day && (found is null || schedule.From > found.From)) found = schedule;
        }

        return found;
    }

    /// <summary>Every rail that money comes in by on a day, with the rail that it usually goes out by: itself if it can, else a bank transfer.</summary>
    /// <param name="asset">The currency. A rail that does not move it is there in the first that it does move.</param>
    /// <param name="day">The day, in UTC.</param>
    /// <param name="isOnly">Whether rails that do not move the currency are left out instead.</param>
    public IEnumerable<(FeeSchedule In, FeeSchedule Out)> Ways(Asset asset, DateOnly day, bool isOnly = false)
    {
        foreach (var rail in Rails)
        {
            var moneyIn = Find(rail, asset, day);
            if (moneyIn is null && !isOnly && All.FirstOrDefault(schedule => schedule.Rail == rail) is { } first) moneyIn = Find(rail, first.Asset, day);
            if (moneyIn is { MovesIn: true } && FindOut(moneyIn, day) is { } moneyOut) yield return (moneyIn, moneyOut);
        }
    }

    /// <summary>The rail that pays out what came in by another, in the same currency.</summary>
    /// <param name="moneyIn">The rail that the money came in by.</param>
    /// <param name="day">The day of the payout, in UTC.</param>
    /// <param name="rail">The rail that pays out; if left out, the same if it can, else a bank transfer.</param>
    /// <returns>Null if that rail pays nothing out in that currency on that day.</returns>
    public FeeSchedule? FindOut(FeeSchedule moneyIn, DateOnly day, string? rail = null)
    {
        ArgumentNullException.ThrowIfNull(moneyIn);
        var found = Find(rail ?? (moneyIn.MovesOut ? moneyIn.Rail : BankTransfer), moneyIn.Asset, day);
        return found is { MovesOut: true } ? found : null;
    }

    /// <summary>These, but with an operator's own where it has some: a rail and currency that <paramref name="own"/> names has only what <paramref name="own"/> says.</summary>
    public FeeSchedules With(FeeSchedules own)
    {
        ArgumentNullException.ThrowIfNull(own);
        var named = own.All.Select(schedule => (schedule.Rail, schedule.Asset)).ToHashSet();
        return new([.. All.Where(schedule => !named.Contains((schedule.Rail, schedule.Asset))), .. own.All]);
    }

    private static FeeSchedules ReadEmbedded()
    {
        using var stream = typeof(FeeSchedules).Assembly.GetManifestResourceStream("rails.json")
            ?? throw new InvalidOperationException("This build has no fee schedules.");
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return TryParse(bytes.ToArray(), out var schedules, out var fault) ? schedules : throw new InvalidOperationException(fault);
    }
}
