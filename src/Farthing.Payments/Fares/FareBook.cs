using Farthing.Payments.Settings;
using Farthing.Protocol;
using NodaTime;

namespace Farthing.Payments.Fares;

/// <summary>Reads what is written of a card: its taps, from which it prices the card's days, and what was asked for those.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class FareBook(ISettingsStore settings)
{
    private const int RowsAtOnce = 200;

    // More than there are fare days in eight weeks: after that a missing one is no longer asked for.
    private const int DaysAtOnce = 60;

    /// <summary>What a card owes for a fare day.</summary>
    public async ValueTask<PricedFareDay> PriceAsync(FareTable table, UInt128 card, LocalDate date)
    {
        var day = FareDay.On(table.Zone, date);
        var week = FareDay.WeekOf(table.Zone, day.Monday);
        var reach = table.Singles.ReachMilliseconds;
        var taps = await ListTapsAsync(card, week[0].Window.StartUnixMilliseconds - reach, week[^1].Window.EndUnixMilliseconds + reach);
        return Array.Find(FareWeek.Price(table, day.Monday, taps), priced => priced.Day == day)!;
    }

    /// <summary>True if a card's fare day has as many taps as are taken.</summary>
    public async ValueTask<bool> IsFullAsync(UInt128 card, FareDay day)
    {
        var newest = await settings.ListAsync<FareTapRow>(card, FirstIdAt(day.Window.EndUnixMilliseconds), NewFareTap.MaxPerDay);
        return newest.Count == NewFareTap.MaxPerDay && IdBytes.TimeOf(newest[^1].Id) >= day.Window.StartUnixMilliseconds;
    }

    /// <summary>What was asked for a card's fare days, the newest of them first.</summary>
    public ValueTask<IReadOnlyList<FareDayRow>> ListDaysAsync(UInt128 card) => settings.ListAsync<FareDayRow>(card, null, DaysAtOnce);

    /// <summary>The rows of a card's fare days between two, both included; those that have none were never ridden on.</summary>
    public async ValueTask<List<FareDayRow>> ListDaysAsync(UInt128 card, FareDay first, FareDay last)
    {
        var count = Period.DaysBetween(first.Date, last.Date) + 1;
        var rows = await settings.ListAsync<FareDayRow>(card, FirstIdAt(last.Window.EndUnixMilliseconds), count);
        return [.. rows.TakeWhile(row => IdBytes.TimeOf(row.Id) >= first.Window.StartUnixMilliseconds)];
    }

    /// <summary>The oldest fare day of a card for which taps made at a time are refused, as it could not be paid; null if there is none.</summary>
    public async ValueTask<FareDayRow?> FindUnpaidAsync(UInt128 card, long unixMilliseconds) =>
        (await ListDaysAsync(card)).LastOrDefault(row => row.FailedUnixMilliseconds <= unixMilliseconds);

    /// <summary>Blanks where an erased card's taps were; what was blanked before a cut stays so.</summary>
    public async ValueTask BlankTapsAsync(UInt128 card)
    {
        UInt128? before = null;
        while (true)
        {
            var rows = await settings.ListAsync<FareTapRow>(card, before, RowsAtOnce);
            // Nobody else changes a tap, and no tap comes any more.
            if (!await settings.WriteAsync([.. rows.Where(row => row.State != RowState.Erased).Select(row => row.Blank())])) throw new InvalidOperationException($"The taps of the card {card:x32} were changed by somebody else.");
            if (rows.Count < RowsAtOnce) return;
            before = rows[^1].Id;
        }
    }

    /// <summary>A card's taps from a time up to and without another.</summary>
    private async ValueTask<List<FareTap>> ListTapsAsync(UInt128 card, long fromUnixMilliseconds, long toUnixMilliseconds)
    {
        var taps = new List<FareTap>();
        UInt128? before = FirstIdAt(toUnixMilliseconds);
        while (true)
        {
            var rows = await settings.ListAsync<FareTapRow>(card, before, RowsAtOnce);
            foreach (var row in rows)
            {
                if (IdBytes.TimeOf(row.Id) < fromUnixMilliseconds) return taps;
                taps.Add(row.ToTap());
            }

            if (rows.Count < RowsAtOnce) return taps;
            before = rows[^1].Id;
        }
    }

    private static UInt128 FirstIdAt(long unixMilliseconds) => (UInt128)(ulong)unixMilliseconds << 80;
}
